// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/side_information.h"

#include "engine/io/feature_columns_file.h"

#include <algorithm>

namespace recoscope {

namespace {

constexpr const char* kUser = "side.user";
constexpr const char* kItem = "side.item";
/// A category that one row alone has says nothing about any other.
constexpr FeatureColumnsOptions kFit{.minRows = 2};

Result<FeatureColumns> fitted(const FeatureTable& table, const char* whose, const char* parameter) {
    if (table.empty())
        return Error{ErrorCode::Unsupported,
                     "This data has no features of " + std::string(whose) + "; set it to none", parameter};
    FeatureColumns columns = FeatureColumns::fit(table, kFit);
    if (columns.empty())
        return Error{ErrorCode::Unsupported,
                     "This data's features of " + std::string(whose) +
                         " are free text or the same for all; set it to none",
                     parameter};
    return columns;
}

/// Reads columns and rows saved under `name`.
template <class Row>
Status loadRows(const TensorFile& file, const char* name, std::int32_t count, FeatureColumns& columns,
                Csr<Row, FeatureIndex>& rows) {
    auto named = loadFeatureColumns(file, name);
    if (!named) return named.error();
    auto matrix = file.csr<Row, FeatureIndex>(name);
    if (!matrix) return matrix.error();
    if (named->empty() || matrix->colCount() != named->count() || matrix->rowCount() != count)
        return Error{ErrorCode::Parse, "Features and their rows do not fit together", name};
    columns = std::move(*named);
    rows = std::move(*matrix);
    return {};
}

} // namespace

Result<SidePtr> SideInformation::fit(const AutoencoderParams& params, const Dataset& dataset) {
    if (params.userFeatures == UserFeatures::None && params.itemFeatures == ItemFeatures::None)
        return SidePtr();
    SideInformation side;
    side.m_userAtInput = params.userFeatures == UserFeatures::Input;
    if (params.userFeatures != UserFeatures::None) {
        auto columns = fitted(dataset.userFeatures(), "users", "user_features");
        if (!columns) return columns.error();
        side.m_users = columns->rows<UserIndex>(dataset.userFeatures(), dataset.userCount());
        side.m_userColumns = std::move(*columns);
    }
    if (params.itemFeatures != ItemFeatures::None) {
        auto columns = fitted(dataset.itemFeatures(), "items", "item_features");
        if (!columns) return columns.error();
        side.m_items = columns->rows<ItemIndex>(dataset.itemFeatures(), dataset.itemCount());
        side.m_itemColumns = std::move(*columns);
    }
    return std::make_shared<const SideInformation>(std::move(side));
}

Result<SidePtr> SideInformation::load(const AutoencoderParams& params, const TensorFile& file,
                                      const DataSize& size) {
    if (params.userFeatures == UserFeatures::None && params.itemFeatures == ItemFeatures::None)
        return SidePtr();
    SideInformation side;
    side.m_userAtInput = params.userFeatures == UserFeatures::Input;
    if (params.userFeatures != UserFeatures::None)
        if (const Status read = loadRows(file, kUser, size.users, side.m_userColumns, side.m_users); !read)
            return read.error();
    if (params.itemFeatures != ItemFeatures::None)
        if (const Status read = loadRows(file, kItem, size.items, side.m_itemColumns, side.m_items); !read)
            return read.error();
    return std::make_shared<const SideInformation>(std::move(side));
}

void SideInformation::save(TensorFile& file) const {
    if (!m_userColumns.empty()) {
        saveFeatureColumns(file, kUser, m_userColumns);
        file.set(kUser, m_users);
    }
    if (!m_itemColumns.empty()) {
        saveFeatureColumns(file, kItem, m_itemColumns);
        file.set(kItem, m_items);
    }
}

bool SideInformation::describes(const Query& query) const {
    Scratch scratch;
    takeUser(query, scratch);
    return !scratch.columns.empty();
}

SideInformation::Scratch SideInformation::makeScratch() const {
    Scratch scratch;
    const auto most = static_cast<std::size_t>(userColumns()) + static_cast<std::size_t>(itemColumns());
    scratch.columns.reserve(most);
    scratch.values.reserve(most);
    scratch.sums.assign(static_cast<std::size_t>(itemColumns()), 0.0f);
    scratch.marked.assign(static_cast<std::size_t>(itemColumns()), 0);
    scratch.touched.reserve(static_cast<std::size_t>(itemColumns()));
    return scratch;
}

void SideInformation::takeUser(const Query& query, Scratch& scratch) const {
    if (query.user && toInt(*query.user) < m_users.rowCount()) {
        const auto columns = m_users.cols(*query.user);
        const auto values = m_users.values(*query.user);
        scratch.columns.insert(scratch.columns.end(), columns.begin(), columns.end());
        scratch.values.insert(scratch.values.end(), values.begin(), values.end());
    } else if (query.features) {
        m_userColumns.appendRow(*query.features, query.featureRow, scratch.columns, scratch.values);
    }
}

void SideInformation::takeProfile(std::span<const ItemIndex> history, Scratch& scratch) const {
    if (history.empty()) return;
    auto& touched = scratch.touched;
    touched.clear();
    for (const ItemIndex item : history) {
        const auto columns = m_items.cols(item);
        const auto values = m_items.values(item);
        for (std::size_t n = 0; n < columns.size(); ++n) {
            const auto column = static_cast<std::size_t>(columns[n]);
            if (!scratch.marked[column]) touched.push_back(columns[n]);
            scratch.marked[column] = 1;
            scratch.sums[column] += values[n];
        }
    }
    std::sort(touched.begin(), touched.end());
    const float share = 1.0f / static_cast<float>(history.size());
    const std::int32_t first = m_userAtInput ? userColumns() : 0;
    for (const FeatureIndex column : touched) {
        float& sum = scratch.sums[static_cast<std::size_t>(column)];
        scratch.columns.push_back(FeatureIndex{first + toInt(column)});
        scratch.values.push_back(sum * share);
        sum = 0.0f;
        scratch.marked[static_cast<std::size_t>(column)] = 0;
    }
}

void SideInformation::append(const CodeNetwork& network, const Query& query, nn::Workspace<float>& workspace,
                             Scratch& scratch) const {
    const auto put = [&](nn::SparseId id) {
        workspace.sparse(id).appendRow(
            scratch.columns.size(), [&](std::size_t n) { return toInt(scratch.columns[n]); },
            [&](std::size_t n) { return scratch.values[n]; });
    };
    const auto begin = [&] {
        scratch.columns.clear();
        scratch.values.clear();
    };
    if (network.sideInput) {
        begin();
        if (m_userAtInput) takeUser(query, scratch);
        if (itemColumns() > 0) takeProfile(query.items, scratch);
        put(*network.sideInput);
    }
    if (network.sideCode) {
        begin();
        takeUser(query, scratch);
        put(*network.sideCode);
    }
}

std::int64_t SideInformation::mostEntries(UserIndex user, std::span<const ItemIndex> history) const {
    std::int64_t profile = 0;
    if (itemColumns() > 0)
        for (const ItemIndex item : history)
            profile += m_items.rowSize(item);
    const std::int64_t own = userColumns() > 0 ? m_users.rowSize(user) : 0;
    return own + std::min<std::int64_t>(profile, itemColumns());
}

void clearSide(const CodeNetwork& network, nn::Workspace<float>& workspace) {
    for (const auto& id : {network.sideInput, network.sideCode})
        if (id) workspace.sparse(*id).clear();
}

void appendNobody(const CodeNetwork& network, std::int32_t rows, nn::Workspace<float>& workspace) {
    for (const auto& id : {network.sideInput, network.sideCode})
        if (id)
            for (std::int32_t row = 0; row < rows; ++row)
                workspace.sparse(*id).appendRow({}, 1.0f);
}

} // namespace recoscope
