// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/autoencoder_model.h"

#include "engine/linalg/gemm.h"
#include "engine/linalg/top_k.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

constexpr std::int32_t kBlock = 128; // queries of one pass

/// A training history with its user.
Query queryOf(const UserItemCsr& histories, std::int32_t row) {
    const UserIndex user{row};
    return {.items = histories.cols(user), .values = histories.values(user), .times = {}, .user = user};
}

void normaliseRows(MatrixF& matrix) {
    for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
        const float norm = matrix.row(row).norm();
        if (norm > 0.0f) matrix.row(row) /= norm;
    }
}

} // namespace

void appendHistory(nn::SparseBatch<float>& batch, std::span<const ItemIndex> items,
                   std::span<const float> values, HistoryValues counted, float offset) {
    batch.appendRow(
        items.size(), [&](std::size_t n) { return static_cast<std::int32_t>(items[n]); },
        [&](std::size_t n) { return counted == HistoryValues::Ones ? 1.0f : values[n] - offset; });
}

AutoencoderModel::AutoencoderModel(DesignPtr design, std::shared_ptr<const CodeNetwork> network,
                                   nn::ParameterSet<float> parameters,
                                   std::shared_ptr<const UserItemCsr> histories, SidePtr side)
    : m_design(std::move(design))
    , m_network(std::move(network))
    , m_parameters(std::move(parameters))
    , m_histories(std::move(histories))
    , m_side(std::move(side)) {
    const auto& graph = *m_network->graph;
    m_encodePlan = graph.planForward(std::span(&m_network->code, 1));
    m_scorePlan = graph.planForward(std::span(&m_network->output, 1));
    m_decodePlan = graph.planForward(std::span(&m_network->output, 1), std::span(&m_network->latent, 1));
}

void AutoencoderModel::bind(std::span<const Query> queries, nn::Workspace<float>& workspace) const {
    workspace.setBatch(static_cast<std::int32_t>(queries.size()));
    auto& history = workspace.sparse(m_network->history);
    history.clear();
    for (const Query& query : queries)
        appendHistory(history, query.items, query.values, m_design->params().values, m_design->offset());
    if (m_network->user)
        for (std::size_t n = 0; n < queries.size(); ++n)
            workspace.indices(*m_network->user)[n] =
                queries[n].user && toInt(*queries[n].user) < userCount() ? toInt(*queries[n].user) : -1;
    if (!m_side) return;
    clearSide(*m_network, workspace);
    SideInformation::Scratch scratch = m_side->makeScratch();
    for (const Query& query : queries)
        m_side->append(*m_network, query, workspace, scratch);
}

template <class Take>
void AutoencoderModel::forEachBlock(std::span<const Query> queries, const nn::Plan& plan,
                                    const Take& take) const {
    const std::size_t block = std::min<std::size_t>(kBlock, queries.size());
    if (block == 0) return;
    nn::Workspace<float> workspace(m_network->graph, static_cast<std::int32_t>(block), nn::Keep::Values);
    for (std::size_t first = 0; first < queries.size(); first += block) {
        const std::size_t rows = std::min(block, queries.size() - first);
        bind(queries.subspan(first, rows), workspace);
        nn::Step<float> step(plan, m_parameters, workspace, {});
        step.forward();
        take(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(rows), workspace);
    }
}

void AutoencoderModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    if (m_design->params().recommendBy != RecommendBy::Rebuild) {
        MatrixF userCodes(static_cast<Eigen::Index>(queries.size()), size());
        encode(queries, userCodes);
        scoreByCodes(userCodes, out);
        return;
    }
    forEachBlock(
        queries, m_scorePlan, [&](Eigen::Index first, Eigen::Index rows, nn::Workspace<float>& workspace) {
            out.middleRows(first, rows) = workspace.value(m_network->output).array() + m_design->offset();
        });
}

void AutoencoderModel::scoreByCodes(const MatrixF& userCodes, Eigen::Ref<MatrixF> out) const {
    const AutoencoderParams& params = m_design->params();
    const Codes& all = codes();
    MatrixF users = userCodes;
    switch (params.recommendBy) {
    case RecommendBy::Rebuild:
        return;
    case RecommendBy::Dot:
        out.noalias() = users * all.items.transpose();
        return;
    case RecommendBy::Cosine: {
        MatrixF items = all.items;
        normaliseRows(users);
        normaliseRows(items);
        out.noalias() = users * items.transpose();
        return;
    }
    case RecommendBy::Euclidean: {
        // −|u − v|, from |u|² − 2 u·v + |v|².
        out.noalias() = users * all.items.transpose();
        const VectorF lengths = all.items.rowwise().squaredNorm();
        for (Eigen::Index row = 0; row < out.rows(); ++row)
            out.row(row) =
                -(lengths.transpose().array() - 2.0f * out.row(row).array() + users.row(row).squaredNorm())
                     .max(0.0f)
                     .sqrt();
        return;
    }
    case RecommendBy::Knn: {
        MatrixF known = all.users;
        normaliseRows(users);
        normaliseRows(known);
        const MatrixF similar = users * known.transpose();
        out.setZero();
        std::vector<std::int32_t> order(static_cast<std::size_t>(known.rows()));
        const auto count = std::min<std::size_t>(static_cast<std::size_t>(params.neighbours), order.size());
        for (Eigen::Index row = 0; row < out.rows(); ++row) {
            std::iota(order.begin(), order.end(), 0);
            const auto nearer = [&](std::int32_t a, std::int32_t b) {
                return similar(row, a) > similar(row, b) || (similar(row, a) == similar(row, b) && a < b);
            };
            std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                              nearer);
            for (std::size_t n = 0; n < count; ++n)
                for (const ItemIndex item : m_histories->cols(UserIndex{order[n]}))
                    out(row, toInt(item)) += similar(row, order[n]);
        }
        return;
    }
    }
}

Result<Explanation> AutoencoderModel::explain(const Query& query, ItemIndex item) const {
    const std::size_t count = query.items.size();
    // Row n lacks item n; then perhaps one without attributes; the last row is whole.
    std::vector<std::vector<ItemIndex>> items(count,
                                              std::vector<ItemIndex>(query.items.begin(), query.items.end()));
    std::vector<std::vector<float>> values(count,
                                           std::vector<float>(query.values.begin(), query.values.end()));
    std::vector<Query> queries;
    for (std::size_t n = 0; n < count; ++n) {
        items[n].erase(items[n].begin() + static_cast<std::ptrdiff_t>(n));
        values[n].erase(values[n].begin() + static_cast<std::ptrdiff_t>(n));
        Query without = query; // who is asking stays
        without.items = items[n];
        without.values = values[n];
        without.times = {};
        queries.push_back(without);
    }
    const bool described = m_side && m_side->describes(query);
    if (described) {
        Query nobody = query;
        nobody.user.reset();
        nobody.features = nullptr;
        queries.push_back(nobody);
    }
    queries.push_back(query);
    Explanation explanation;
    std::vector<double> scores(queries.size());
    MatrixF out(kBlock, itemCount());
    for (std::size_t first = 0; first < queries.size(); first += kBlock) {
        const std::size_t rows = std::min<std::size_t>(kBlock, queries.size() - first);
        score(std::span(queries).subspan(first, rows), out.topRows(static_cast<Eigen::Index>(rows)));
        for (std::size_t n = 0; n < rows; ++n)
            scores[first + n] = static_cast<double>(out(static_cast<Eigen::Index>(n), toInt(item)));
    }
    explanation.score = scores.back();
    explanation.summary =
        "How much the score falls when one film, book or product is taken out of the history; the "
        "network bends, so these do not add up";
    const auto without = [](double score) {
        return "score without it " + toText(ParamValue(std::round(score * 1000.0) / 1000.0));
    };
    for (std::size_t n = 0; n < count; ++n)
        explanation.parts.push_back({"", query.items[n], explanation.score - scores[n], without(scores[n])});
    if (described)
        explanation.parts.push_back(
            {"what is known of the user", {}, explanation.score - scores[count], without(scores[count])});
    std::stable_sort(explanation.parts.begin(), explanation.parts.end(), [](const auto& a, const auto& b) {
        return std::abs(a.contribution) > std::abs(b.contribution);
    });
    return explanation;
}

const AutoencoderModel::Codes& AutoencoderModel::codes() const {
    std::call_once(m_codesMade, [this] {
        m_codes.users.resize(userCount(), size());
        std::vector<Query> queries;
        for (std::int32_t u = 0; u < userCount(); ++u)
            queries.push_back(queryOf(*m_histories, u));
        encode(queries, m_codes.users);

        m_codes.items.resize(itemCount(), size());
        std::vector<ItemIndex> items(static_cast<std::size_t>(itemCount()));
        for (std::size_t i = 0; i < items.size(); ++i)
            items[i] = ItemIndex{static_cast<std::int32_t>(i)};
        const float one = 1.0f;
        queries.clear();
        for (std::size_t i = 0; i < items.size(); ++i)
            queries.push_back({.items = std::span(items).subspan(i, 1), .values = std::span(&one, 1)});
        encode(queries, m_codes.items);
    });
    return m_codes;
}

const MatrixF* AutoencoderModel::itemEmbeddings() const { return &codes().items; }
const MatrixF* AutoencoderModel::userEmbeddings() const { return &codes().users; }

std::int32_t AutoencoderModel::size() const { return m_network->graph->cols(m_network->code); }

void AutoencoderModel::encode(std::span<const Query> queries, Eigen::Ref<MatrixF> codes) const {
    forEachBlock(queries, m_encodePlan,
                 [&](Eigen::Index first, Eigen::Index rows, nn::Workspace<float>& workspace) {
                     codes.middleRows(first, rows) = workspace.value(m_network->code);
                 });
}

void AutoencoderModel::decode(Eigen::Ref<const MatrixF> codes, Eigen::Ref<MatrixF> scores) const {
    if (codes.rows() == 0) return;
    nn::Workspace<float> workspace(m_network->graph, static_cast<std::int32_t>(codes.rows()),
                                   nn::Keep::Values);
    workspace.value(m_network->latent) = codes;
    clearSide(*m_network, workspace);
    appendNobody(*m_network, static_cast<std::int32_t>(codes.rows()), workspace);
    nn::Step<float> step(m_decodePlan, m_parameters, workspace, {});
    step.forward();
    scores = workspace.value(m_network->output).array() + m_design->offset();
}

void AutoencoderModel::samplePrior(Rng& rng, Eigen::Ref<MatrixF> codes) const {
    m_design->samplePrior(rng, codes);
}

void AutoencoderDesign::samplePrior(Rng& rng, Eigen::Ref<MatrixF> codes) const {
    for (Eigen::Index n = 0; n < codes.rows(); ++n)
        for (Eigen::Index d = 0; d < codes.cols(); ++d)
            codes(n, d) = static_cast<float>(rng.normal());
}

Reconstruction AutoencoderModel::reconstruct(const Query& query,
                                             std::optional<std::uint64_t> noiseSeed) const {
    nn::Workspace<float> workspace(m_network->graph, 1, nn::Keep::Values);
    Reconstruction result;
    const auto valuesOf = [](const nn::SparseBatch<float>& batch) {
        return std::vector<float>(batch.values(), batch.values() + batch.size());
    };
    const auto run = [&](bool training) {
        bind(std::span(&query, 1), workspace);
        nn::Step<float> step(m_scorePlan, m_parameters, workspace,
                             {.training = training, .seed = noiseSeed.value_or(0)});
        step.forward();
    };
    run(false);
    result.input = valuesOf(workspace.sparse(m_network->noisy));
    if (noiseSeed) run(true);
    result.noisyInput = valuesOf(workspace.sparse(m_network->noisy));
    result.code = workspace.value(m_network->latent).row(0).transpose();
    if (m_network->logVariance && noiseSeed)
        result.deviation = (workspace.value(*m_network->logVariance).row(0).array() * 0.5f).exp().transpose();
    result.output = workspace.value(m_network->output).row(0).transpose().array() + m_design->offset();
    const auto y = result.output.array();
    switch (m_network->scale) {
    case OutputScale::Softmax: {
        const VectorF shares = (y - y.maxCoeff()).exp();
        result.rebuilt = shares / shares.sum();
        break;
    }
    case OutputScale::Sigmoid:
        result.rebuilt = y.logistic();
        break;
    case OutputScale::Linear:
        result.rebuilt = result.output;
        break;
    }
    return result;
}

void AutoencoderModel::save(TensorFile& file) const {
    for (const auto& [key, value] : m_design->paramMap())
        file.setMeta("param." + key, toText(value));
    for (const auto& parameter : m_parameters.all())
        file.set(parameter.name, parameter.value);
    file.set("histories", *m_histories);
    if (m_side) m_side->save(file);
    if (m_design->predictsRatings()) {
        const float offset = m_design->offset();
        file.set("offset", std::span<const float>(&offset, 1));
    }
}

Result<ParamMap> savedParams(const ParamSchema& schema, const TensorFile& file) {
    ParamMap params;
    for (const ParamSpec& spec : schema.specs()) {
        const auto text = file.meta("param." + spec.key);
        if (!text) return text.error();
        auto value = schema.parse(spec.key, *text);
        if (!value) return Error{ErrorCode::Parse, value.error().message, "param." + spec.key};
        params[spec.key] = std::move(*value);
    }
    return params;
}

TrainingRows AutoencoderDesign::rows(const SplitPtr& split) const {
    const auto of = [&](const UserItemCsr& part) { return std::shared_ptr<const UserItemCsr>(split, &part); };
    return {of(split->train()), of(split->validationHistory()), of(split->validation())};
}

std::shared_ptr<const Recommender> AutoencoderDesign::makeModel(std::shared_ptr<const AutoencoderDesign> self,
                                                                std::shared_ptr<const CodeNetwork> network,
                                                                nn::ParameterSet<float> parameters,
                                                                std::shared_ptr<const UserItemCsr> histories,
                                                                SidePtr side) const {
    return std::make_shared<AutoencoderModel>(std::move(self), std::move(network), std::move(parameters),
                                              std::move(histories), std::move(side));
}

std::vector<std::pair<std::string, std::vector<std::int64_t>>>
AutoencoderDesign::expectedLayers(const DataSize& size) const {
    const LayerSizes sizes = params().sizes(size);
    std::vector<std::int64_t> width{size.items};
    width.insert(width.end(), sizes.hidden.begin(), sizes.hidden.end());
    width.push_back(sizes.code);
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> layers;
    for (std::size_t n = 0; n + 1 < width.size(); ++n)
        layers.push_back({"encoder." + std::to_string(n) + ".weight", {width[n], width[n + 1]}});
    if (sizes.sideInput > 0) layers.push_back({"encoder.side.weight", {sizes.sideInput, width[1]}});
    if (sizes.sideCode > 0)
        layers.push_back({"decoder.side.weight", {sizes.sideCode, width[width.size() - 2]}});
    return layers;
}

Result<std::shared_ptr<const Recommender>> loadAutoencoder(const DesignPtr& design, const TensorFile& file) {
    auto histories = file.csr<UserIndex, ItemIndex>("histories");
    if (!histories) return histories.error();
    DataSize size{.users = histories->rowCount(), .items = histories->colCount()};
    auto side = SideInformation::load(design->params(), file, size);
    if (!side) return side.error();
    if (*side) {
        size.userColumns = (*side)->userColumns();
        size.itemColumns = (*side)->itemColumns();
    }
    for (const auto& [name, shape] : design->expectedLayers(size)) {
        const auto found = file.tensors().find(name);
        if (found == file.tensors().end()) return Error{ErrorCode::Parse, "The file lacks a layer", name};
        if (found->second.shape != shape)
            return Error{ErrorCode::Parse, "The layer's shape does not fit the parameters", name};
    }
    auto network = std::make_shared<const CodeNetwork>(design->build(size, 0));
    nn::ParameterSet<float> parameters = network->parameters;
    for (auto& parameter : parameters.all()) {
        auto matrix = file.matrix(parameter.name);
        if (!matrix) return matrix.error();
        if (matrix->rows() != parameter.value.rows() || matrix->cols() != parameter.value.cols())
            return Error{ErrorCode::Parse, "The layer's shape does not fit the parameters", parameter.name};
        parameter.value = std::move(*matrix);
    }
    return design->makeModel(design, std::move(network), std::move(parameters),
                             std::make_shared<const UserItemCsr>(std::move(*histories)), std::move(*side));
}

} // namespace recoscope
