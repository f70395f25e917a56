// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/content_matrix.h"

#include "engine/io/feature_columns_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <unordered_map>

namespace recoscope {

namespace {

constexpr const char* kName = "content";

constexpr std::array<std::string_view, 32> kCommonWords{
    "an", "and", "are",  "as",  "at",   "be", "by",  "de",   "der", "die", "el",
    "en", "for", "from", "il",  "in",   "is", "it",  "la",   "le",  "les", "of",
    "on", "or",  "that", "the", "this", "to", "und", "with", "you", "your"};

bool isCommon(const std::string& word) {
    return std::binary_search(kCommonWords.begin(), kCommonWords.end(), std::string_view(word));
}

/// Fills a column of categories row by row.
class TokensBuilder final {
public:
    explicit TokensBuilder(std::string name) {
        m_column.name = std::move(name);
        m_column.kind = FeatureKind::Tokens;
        m_column.tokenOffsets.push_back(0);
    }
    void add(const std::string& token) {
        const auto [at, isNew] =
            m_numbers.try_emplace(token, static_cast<std::int32_t>(m_column.vocabulary.size()));
        if (isNew) m_column.vocabulary.push_back(token);
        m_column.tokens.push_back(at->second);
    }
    void endRow() { m_column.tokenOffsets.push_back(static_cast<std::int64_t>(m_column.tokens.size())); }
    FeatureColumn take() { return std::move(m_column); }

private:
    FeatureColumn m_column;
    std::unordered_map<std::string, std::int32_t> m_numbers;
};

FeatureColumn wordsOf(const FeatureColumn& column) {
    TokensBuilder builder(column.name);
    for (const std::string& text : column.texts) {
        for (const std::string& word : contentWords(text))
            builder.add(word);
        builder.endRow();
    }
    return builder.take();
}

/// One flag for each category that the data knows: how many of an item's are not set and how many are.
FeatureColumn flagValuesOf(const FeatureColumn& column) {
    TokensBuilder builder(column.name);
    for (std::int32_t row = 0; row < column.rowCount(); ++row) {
        const std::size_t set = column.tokensOf(row).size();
        for (std::size_t n = 0; n < column.vocabulary.size(); ++n)
            builder.add(n < set ? "flags set" : "flags not set");
        builder.endRow();
    }
    return builder.take();
}

std::string shortNumber(float value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", static_cast<double>(value));
    return text;
}

/// Bands between quantiles; equal numbers stay together, so there may be fewer bands than asked.
FeatureColumn bandsOf(const FeatureColumn& column, std::int32_t count) {
    std::vector<float> sorted;
    for (const float x : column.numbers)
        if (std::isfinite(x)) sorted.push_back(x);
    std::sort(sorted.begin(), sorted.end());
    std::vector<float> firsts; // the least number of each band
    for (std::int32_t n = 0; n < count && !sorted.empty(); ++n) {
        const auto at = static_cast<std::size_t>(static_cast<std::int64_t>(n) *
                                                 static_cast<std::int64_t>(sorted.size()) / count);
        if (firsts.empty() || sorted[at] > firsts.back()) firsts.push_back(sorted[at]);
    }
    const auto bandOf = [&](float x) {
        return static_cast<std::size_t>(std::upper_bound(firsts.begin(), firsts.end(), x) - firsts.begin()) -
               1;
    };
    std::vector<float> lasts(firsts.size());
    for (const float x : sorted)
        lasts[bandOf(x)] = x;
    TokensBuilder builder(column.name);
    for (const float x : column.numbers) {
        if (std::isfinite(x)) {
            const std::size_t band = bandOf(x);
            std::string name = shortNumber(firsts[band]);
            if (lasts[band] > firsts[band]) name += " to " + shortNumber(lasts[band]);
            builder.add(name);
        }
        builder.endRow();
    }
    return builder.take();
}

/// The table as categories only.
FeatureTable asCategories(const FeatureTable& table, const ContentSources& sources) {
    std::vector<FeatureColumn> columns;
    for (const FeatureColumn& column : table.columns()) {
        switch (column.kind) {
        case FeatureKind::Text:
            if (sources.titleWords) columns.push_back(wordsOf(column));
            break;
        case FeatureKind::Token:
            if (sources.single) columns.push_back(column);
            break;
        case FeatureKind::Tokens:
            if (sources.lists)
                columns.push_back(sources.listReading == ListReading::Names ? column : flagValuesOf(column));
            break;
        case FeatureKind::Number:
            if (sources.bands) columns.push_back(bandsOf(column, sources.bandCount));
            break;
        }
    }
    return FeatureTable(std::move(columns));
}

/// How often each item has each feature.
Csr<ItemIndex, FeatureIndex> counted(const FeatureColumns& columns, const FeatureTable& table,
                                     std::int32_t items) {
    std::vector<std::vector<std::int32_t>> numbers; // by feature and token of the table: the numeric column
    std::int32_t count = 0;
    for (const EncodedFeature& feature : columns.features()) {
        std::unordered_map<std::string_view, std::int32_t> known;
        for (const std::string& category : feature.vocabulary)
            known.emplace(category, count++);
        auto& own = numbers.emplace_back();
        for (const std::string& category : table.find(feature.name)->vocabulary) {
            const auto found = known.find(category);
            own.push_back(found == known.end() ? -1 : found->second);
        }
    }
    std::vector<std::int64_t> offsets{0};
    std::vector<FeatureIndex> features;
    std::vector<float> values;
    std::vector<std::int32_t> here;
    for (std::int32_t i = 0; i < items; ++i) {
        here.clear();
        for (std::size_t n = 0; n < numbers.size(); ++n) {
            const FeatureColumn& column = *table.find(columns.features()[n].name);
            for (const std::int32_t token : column.tokensOf(i))
                if (numbers[n][static_cast<std::size_t>(token)] >= 0)
                    here.push_back(numbers[n][static_cast<std::size_t>(token)]);
        }
        std::sort(here.begin(), here.end());
        for (std::size_t n = 0; n < here.size(); ++n) {
            if (n > 0 && here[n] == here[n - 1]) {
                values.back() += 1.0f;
                continue;
            }
            features.push_back(FeatureIndex{here[n]});
            values.push_back(1.0f);
        }
        offsets.push_back(static_cast<std::int64_t>(features.size()));
    }
    auto rows = Csr<ItemIndex, FeatureIndex>::fromArrays(columns.count(), std::move(offsets),
                                                         std::move(features), std::move(values));
    RECOSCOPE_CHECK(rows, "counted features are no matrix");
    return std::move(*rows);
}

} // namespace

std::vector<std::string> contentWords(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    bool letters = false;
    const auto end = [&] {
        if (letters && word.size() > 1 && !isCommon(word)) words.push_back(word);
        word.clear();
        letters = false;
    };
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 'A' && byte <= 'Z') {
            word += static_cast<char>(byte - 'A' + 'a');
            letters = true;
        } else if ((byte >= 'a' && byte <= 'z') || byte >= 0x80) {
            word += c;
            letters = true;
        } else if (byte >= '0' && byte <= '9') {
            word += c;
        } else if (byte != '\'') {
            end();
        }
    }
    end();
    return words;
}

Result<ContentPtr> ContentMatrix::fit(const Dataset& dataset, const ContentSources& sources) {
    if (dataset.itemFeatures().empty())
        return Error{
            ErrorCode::Unsupported,
            "This data has no attributes of items; give a catalogue beside it, or choose an algorithm "
            "that needs none",
            "item features"};
    const FeatureTable table = asCategories(dataset.itemFeatures(), sources);
    auto content = std::shared_ptr<ContentMatrix>(new ContentMatrix());
    content->m_columns = FeatureColumns::fit(table, {.minRows = sources.minItems});
    if (content->m_columns.empty())
        return Error{
            ErrorCode::Unsupported,
            "No two items of this data share any of the chosen attributes; choose more kinds of them",
            "item features"};
    content->m_items = counted(content->m_columns, table, dataset.itemCount());
    content->m_byFeature = content->m_items.transposed();
    return ContentPtr(std::move(content));
}

void ContentMatrix::save(TensorFile& file) const {
    saveFeatureColumns(file, kName, m_columns);
    file.set(kName, m_items);
}

Result<ContentPtr> ContentMatrix::load(const TensorFile& file) {
    auto columns = loadFeatureColumns(file, kName);
    if (!columns) return columns.error();
    auto items = file.csr<ItemIndex, FeatureIndex>(kName);
    if (!items) return items.error();
    if (items->colCount() != columns->count())
        return Error{ErrorCode::Parse, "Features and their items do not fit together", kName};
    auto content = std::shared_ptr<ContentMatrix>(new ContentMatrix());
    content->m_columns = std::move(*columns);
    content->m_items = std::move(*items);
    content->m_byFeature = content->m_items.transposed();
    return ContentPtr(std::move(content));
}

std::string ContentMatrix::shared(ItemIndex a, ItemIndex b, std::size_t most) const {
    std::vector<FeatureIndex> both;
    const auto first = m_items.cols(a);
    const auto second = m_items.cols(b);
    std::set_intersection(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(both));
    std::stable_sort(both.begin(), both.end(), [this](FeatureIndex x, FeatureIndex y) {
        return m_byFeature.rowSize(x) < m_byFeature.rowSize(y);
    });
    std::string text;
    for (std::size_t n = 0; n < std::min(most, both.size()); ++n)
        text += (text.empty() ? "" : ", ") + title(both[n]);
    return text;
}

Csr<ItemIndex, FeatureIndex> ContentMatrix::weighted(const WeightingOptions& weighting) const {
    const TermWeights weights(rowLengths(m_items, EntryValues::Given), weighting);
    std::vector<float> idf;
    for (std::int32_t f = 0; f < featureCount(); ++f)
        idf.push_back(weights.idf(m_byFeature.rowSize(FeatureIndex{f})));
    std::vector<float> values;
    for (std::int32_t i = 0; i < itemCount(); ++i) {
        const auto features = m_items.cols(ItemIndex{i});
        for (std::size_t n = 0; n < features.size(); ++n)
            values.push_back(weights.of(m_items.values(ItemIndex{i})[n],
                                        weights.rowLengths()[static_cast<std::size_t>(i)],
                                        idf[static_cast<std::size_t>(features[n])]));
    }
    auto rows = Csr<ItemIndex, FeatureIndex>::fromArrays(
        featureCount(), {m_items.offsets().begin(), m_items.offsets().end()},
        {m_items.columns().begin(), m_items.columns().end()}, std::move(values));
    RECOSCOPE_CHECK(rows, "weighted rows are no matrix");
    return std::move(*rows);
}

} // namespace recoscope
