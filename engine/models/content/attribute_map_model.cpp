// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/attribute_map_model.h"

#include "engine/io/feature_columns_file.h"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

LatentView::LatentView(MatrixF items, std::vector<float> offsets, std::vector<std::uint8_t> known)
    : m_items(std::move(items))
    , m_offsets(std::move(offsets))
    , m_known(std::move(known)) {
    const Eigen::Index d = m_items.cols();
    MatrixD gram = MatrixD::Zero(d + 1, d + 1);
    VectorD q(d + 1);
    for (Eigen::Index i = 0; i < m_items.rows(); ++i) {
        if (!m_known[static_cast<std::size_t>(i)]) continue;
        q.head(d) = m_items.row(i).transpose().cast<double>();
        q[d] = 1.0;
        gram.noalias() += q * q.transpose();
    }
    // A hair on the diagonal, for vectors that do not span the space.
    const double hair = 1e-6 * gram.trace() / static_cast<double>(d + 1) + 1e-12;
    gram.diagonal().array() += hair;
    m_solver = gram.llt().solve(MatrixD::Identity(d + 1, d + 1));
}

VectorF LatentView::userOf(const float* scores) const {
    const Eigen::Index d = m_items.cols();
    VectorD right = VectorD::Zero(d + 1);
    for (Eigen::Index i = 0; i < m_items.rows(); ++i) {
        const auto n = static_cast<std::size_t>(i);
        if (!m_known[n]) continue;
        const double beyond = static_cast<double>(scores[i]) - static_cast<double>(m_offsets[n]);
        right.head(d) += beyond * m_items.row(i).transpose().cast<double>();
        right[d] += beyond;
    }
    const VectorD user = m_solver * right;
    return user.cast<float>();
}

float LatentView::score(const VectorF& user, ItemIndex item) const {
    const Eigen::Index d = m_items.cols();
    return m_items.row(toInt(item)).dot(user.head(d)) + m_offsets[static_cast<std::size_t>(item)] + user[d];
}

AttributeMapModel::AttributeMapModel(NestedModel base, std::shared_ptr<const LatentView> view,
                                     AttributeSidePtr users, AttributeSidePtr items)
    : m_base(std::move(base))
    , m_view(std::move(view))
    , m_users(std::move(users))
    , m_items(std::move(items)) {
    if (!m_view || !m_items) return;
    for (std::int32_t i = 0; i < m_view->itemCount(); ++i)
        if (!m_view->known(ItemIndex{i})) m_unknown.push_back(ItemIndex{i});
}

void AttributeMapModel::userAttributes(const Query& query, std::vector<FeatureIndex>& columns,
                                       std::vector<float>& values) const {
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < m_users->rows.rowCount()) {
        const AttributeRow row{toInt(*query.user)};
        columns.assign(m_users->rows.cols(row).begin(), m_users->rows.cols(row).end());
        values.assign(m_users->rows.values(row).begin(), m_users->rows.values(row).end());
    } else if (query.features) {
        m_users->columns.appendRow(*query.features, query.featureRow, columns, values);
    }
}

std::optional<VectorF> AttributeMapModel::mapped(const Query& query) const {
    if (!m_view || !m_users || !query.items.empty()) return std::nullopt;
    std::vector<FeatureIndex> columns;
    std::vector<float> values;
    userAttributes(query, columns, values);
    if (columns.empty()) return std::nullopt;
    VectorF user(m_view->size());
    m_users->map.predict(columns, values, user.data());
    return user;
}

void AttributeMapModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    m_base.model->score(queries, out);
    if (!m_view) return;
    for (std::size_t q = 0; q < queries.size(); ++q) {
        float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
        if (const auto user = mapped(queries[q])) {
            for (std::int32_t i = 0; i < itemCount(); ++i)
                scores[i] = m_view->score(*user, ItemIndex{i});
        } else if (!m_unknown.empty()) {
            const VectorF known = m_view->userOf(scores);
            for (const ItemIndex item : m_unknown)
                scores[toInt(item)] = m_view->score(known, item);
        }
    }
}

Result<Explanation> AttributeMapModel::explain(const Query& query, ItemIndex item) const {
    const auto user = mapped(query);
    const bool newItem = m_view && m_items && !m_view->known(item);
    if (!user && !newItem) return m_base.model->explain(query, item);
    const AttributeSide& side = newItem ? *m_items : *m_users;
    if (!side.map.linear())
        return Error{ErrorCode::Unsupported,
                     "A network of attributes cannot say what each of them adds; the ridge map can",
                     "explanation"};
    const Eigen::Index d = m_view->size() - 1;
    std::vector<FeatureIndex> columns;
    std::vector<float> values;
    VectorF other(d + 1); // what the attributes' vector meets: (p, 1) or (q, 1)
    Explanation why;
    why.additive = true;
    if (newItem) {
        VectorF known(d + 1);
        if (user) {
            known = *user;
        } else {
            MatrixF scores(1, itemCount());
            m_base.model->score(std::span(&query, 1), scores);
            known = m_view->userOf(scores.data());
        }
        const AttributeRow row{toInt(item)};
        columns.assign(side.rows.cols(row).begin(), side.rows.cols(row).end());
        values.assign(side.rows.values(row).begin(), side.rows.values(row).end());
        other.head(d) = known.head(d);
        why.baseline = static_cast<double>(known[d]);
        why.summary = "Nobody has this item yet; its attributes stand for it.";
    } else {
        userAttributes(query, columns, values);
        other.head(d) = m_view->items().row(toInt(item)).transpose();
        why.baseline = static_cast<double>(m_view->offsets()[static_cast<std::size_t>(item)]);
        why.summary = "There is no history yet; the person's attributes stand for it.";
    }
    other[d] = 1.0f;
    const auto& intercept = side.map.intercept();
    for (Eigen::Index k = 0; k <= d; ++k)
        why.baseline +=
            static_cast<double>(other[k]) * static_cast<double>(intercept[static_cast<std::size_t>(k)]);
    why.score = why.baseline;
    for (std::size_t n = 0; n < columns.size(); ++n) {
        const double worth =
            side.map.weights().row(toInt(columns[n])).transpose().cast<double>().dot(other.cast<double>());
        char detail[64];
        std::snprintf(detail, sizeof detail, "%.3g x %.4g", static_cast<double>(values[n]), worth);
        why.parts.push_back(
            {side.columns.title(columns[n]), std::nullopt, static_cast<double>(values[n]) * worth, detail});
        why.score += why.parts.back().contribution;
    }
    std::stable_sort(why.parts.begin(), why.parts.end(), [](const auto& a, const auto& b) {
        return std::abs(a.contribution) > std::abs(b.contribution);
    });
    return why;
}

namespace {

void saveSide(TensorFile& file, const std::string& name, const AttributeSide& side) {
    saveFeatureColumns(file, name, side.columns);
    file.set(name, side.rows);
    side.map.save(file, name + ".map");
}

Result<AttributeSidePtr> loadSide(const TensorFile& file, const std::string& name, std::int32_t count,
                                  std::int32_t outputs) {
    auto columns = loadFeatureColumns(file, name);
    if (!columns) return columns.error();
    auto rows = file.csr<AttributeRow, FeatureIndex>(name);
    if (!rows) return rows.error();
    auto map = AttributeRegression::load(file, name + ".map");
    if (!map) return map.error();
    if (rows->rowCount() != count || rows->colCount() != columns->count() ||
        map->inputs() != columns->count() || map->outputs() != outputs)
        return Error{ErrorCode::Parse, "Attributes, their rows and their map do not fit together", name};
    return std::make_shared<const AttributeSide>(
        AttributeSide{std::move(*columns), std::move(*rows), std::move(*map)});
}

constexpr const char* kUsers = "user_attributes";
constexpr const char* kItems = "item_attributes";

} // namespace

void AttributeMapModel::save(TensorFile& file) const {
    saveNested(file, "base", m_base);
    const std::int32_t has[] = {m_view ? 1 : 0, m_view && m_users ? 1 : 0, m_view && m_items ? 1 : 0};
    file.set("maps", std::span<const std::int32_t>(has));
    if (!m_view) return;
    file.set("item.vectors", m_view->items());
    file.set("item.offsets", std::span<const float>(m_view->offsets()));
    const std::vector<std::int32_t> known(m_view->known().begin(), m_view->known().end());
    file.set("item.known", std::span<const std::int32_t>(known));
    if (m_users) saveSide(file, kUsers, *m_users);
    if (m_items) saveSide(file, kItems, *m_items);
}

Result<std::shared_ptr<const Recommender>> AttributeMapModel::load(const TensorFile& file) {
    auto base = loadNested(file, "base");
    if (!base) return base.error();
    const auto has = file.ints("maps");
    if (!has) return has.error();
    if (has->size() != 3 ||
        std::any_of(has->begin(), has->end(), [](std::int32_t x) { return x != 0 && x != 1; }))
        return Error{ErrorCode::Parse, "Which maps there are is not said by three flags", "maps"};
    if ((*has)[0] == 0)
        return std::shared_ptr<const Recommender>(
            std::make_shared<AttributeMapModel>(std::move(*base), nullptr, nullptr, nullptr));
    auto items = file.matrix("item.vectors");
    if (!items) return items.error();
    auto offsets = file.floats("item.offsets");
    if (!offsets) return offsets.error();
    const auto known = file.ints("item.known");
    if (!known) return known.error();
    const std::int32_t count = base->model->itemCount();
    if (items->rows() != count || items->cols() < 1 || offsets->size() != static_cast<std::size_t>(count) ||
        known->size() != static_cast<std::size_t>(count) ||
        std::any_of(known->begin(), known->end(), [](std::int32_t x) { return x != 0 && x != 1; }))
        return Error{ErrorCode::Parse, "There is not one vector, offset and flag for each item",
                     "item.vectors"};
    auto view = std::make_shared<const LatentView>(std::move(*items), std::move(*offsets),
                                                   std::vector<std::uint8_t>(known->begin(), known->end()));
    AttributeSidePtr sides[2];
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}}) {
        if ((*has)[n + 1] == 0) continue;
        auto side =
            loadSide(file, n == 0 ? kUsers : kItems, n == 0 ? base->model->userCount() : count, view->size());
        if (!side) return side.error();
        sides[n] = std::move(*side);
    }
    return std::shared_ptr<const Recommender>(std::make_shared<AttributeMapModel>(
        std::move(*base), std::move(view), std::move(sides[0]), std::move(sides[1])));
}

} // namespace recoscope
