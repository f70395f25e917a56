// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/similarity.h"

#include "engine/linalg/top_k.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>

namespace recoscope {

namespace {

constexpr double denominatorFloor = 1e-6;

double norm(std::span<const float> values) {
    double sum = 0.0;
    for (const float value : values)
        sum += static_cast<double>(value) * value;
    return std::sqrt(sum);
}

float mean(std::span<const float> values) {
    if (values.empty()) return 0.0f;
    double sum = 0.0;
    for (const float value : values)
        sum += value;
    return static_cast<float>(sum / static_cast<double>(values.size()));
}

/// The mean of each stretch of values.
std::vector<float> means(std::span<const std::int64_t> offsets, const std::vector<float>& values) {
    std::vector<float> result;
    for (std::size_t n = 0; n + 1 < offsets.size(); ++n)
        result.push_back(
            mean({values.data() + offsets[n], static_cast<std::size_t>(offsets[n + 1] - offsets[n])}));
    return result;
}

} // namespace

TermWeights::TermWeights(std::vector<float> rowLengths, const WeightingOptions& options)
    : m_options(options)
    , m_rowLengths(std::move(rowLengths)) {
    double sum = 0.0;
    for (const float rowLength : m_rowLengths)
        sum += rowLength;
    if (sum > 0.0) m_meanLength = sum / static_cast<double>(m_rowLengths.size());
}

float TermWeights::idf(std::int64_t degree) const {
    if (m_options.kind == Weighting::None || m_rowLengths.empty()) return 1.0f;
    return static_cast<float>(
        std::log(static_cast<double>(m_rowLengths.size()) / (1.0 + static_cast<double>(degree))));
}

float TermWeights::of(float value, float rowLength, float idf) const {
    switch (m_options.kind) {
    case Weighting::None:
        break;
    case Weighting::TfIdf:
        return std::copysign(std::sqrt(std::abs(value)), value) * idf;
    case Weighting::Bm25: {
        const double relative = rowLength / m_meanLength;
        const double size = m_options.k1 * (1.0 - m_options.b + m_options.b * relative) + std::abs(value);
        return size > 0.0 ? static_cast<float>(value * (m_options.k1 + 1.0) / size * idf) : 0.0f;
    }
    }
    return value;
}

template <class Row, class Col>
Similarity<Row, Col>::Similarity(Rows rows, Columns columns, const SimilarityOptions& options)
    : m_options(options)
    , m_rows(std::move(rows))
    , m_columns(std::move(columns))
    , m_weights(recoscope::rowLengths(*m_rows, options.values), options.weighting) {
    RECOSCOPE_CHECK(m_rows->rowCount() == m_columns->colCount() &&
                        m_rows->colCount() == m_columns->rowCount() && m_rows->size() == m_columns->size(),
                    "the columns must be the rows, turned");
    // Jaccard asks only who is there.
    if (options.kind == SimilarityKind::Jaccard) m_weights = TermWeights(m_weights.rowLengths(), {});
    for (std::int32_t c = 0; c < m_columns->rowCount(); ++c)
        m_idf.push_back(m_weights.idf(m_columns->rowSize(Col{c})));
    const auto values = m_rows->values();
    const bool ones = options.values == EntryValues::Ones ||
                      std::all_of(values.begin(), values.end(), [](float value) { return value == 1.0f; });
    m_factored = options.kind == SimilarityKind::Jaccard || (options.kind == SimilarityKind::Cosine && ones);
    if (m_factored)
        factor();
    else
        prepare();
    m_floatNorms.assign(m_norms.begin(), m_norms.end());
}

template <class Row, class Col>
void Similarity<Row, Col>::factor() {
    for (std::int32_t r = 0; r < rowCount(); ++r) {
        const float rowLength = m_weights.rowLengths()[static_cast<std::size_t>(r)];
        const float factor = m_weights.of(1.0f, rowLength, 1.0f);
        double sum = 0.0;
        for (const Col col : m_rows->cols(Row{r})) {
            const double g = m_idf[static_cast<std::size_t>(col)];
            sum += g * g;
        }
        m_rowFactors.push_back(factor);
        m_norms.push_back(m_options.kind == SimilarityKind::Jaccard ? m_rows->rowSize(Row{r})
                                                                    : factor * std::sqrt(sum));
    }
}

template <class Row, class Col>
float Similarity<Row, Col>::prepared(float value, std::int32_t row, std::int32_t col) const {
    const auto r = static_cast<std::size_t>(row);
    const auto c = static_cast<std::size_t>(col);
    const float raw = m_options.values == EntryValues::Ones ? 1.0f : value;
    const float weighted = m_weights.of(raw, m_weights.rowLengths()[r], m_idf[c]);
    if (!m_rowMeans.empty()) return weighted - m_rowMeans[r];
    if (!m_columnMeans.empty()) return weighted - m_columnMeans[c];
    return weighted;
}

template <class Row, class Col>
void Similarity<Row, Col>::prepare() {
    const auto byRow = [this] {
        std::vector<float> values;
        values.reserve(static_cast<std::size_t>(m_rows->size()));
        for (std::int32_t r = 0; r < m_rows->rowCount(); ++r) {
            const auto cols = m_rows->cols(Row{r});
            const auto given = m_rows->values(Row{r});
            for (std::size_t n = 0; n < cols.size(); ++n)
                values.push_back(prepared(given[n], r, static_cast<std::int32_t>(cols[n])));
        }
        return values;
    };
    const auto byColumn = [this] {
        std::vector<float> values;
        values.reserve(static_cast<std::size_t>(m_columns->size()));
        for (std::int32_t c = 0; c < m_columns->rowCount(); ++c) {
            const auto rows = m_columns->cols(Col{c});
            const auto given = m_columns->values(Col{c});
            for (std::size_t n = 0; n < rows.size(); ++n)
                values.push_back(prepared(given[n], static_cast<std::int32_t>(rows[n]), c));
        }
        return values;
    };
    // Means are of the weighted entries, so they are taken first and the entries made again with them.
    if (m_options.kind == SimilarityKind::Pearson) m_rowMeans = means(m_rows->offsets(), byRow());
    if (m_options.kind == SimilarityKind::AdjustedCosine)
        m_columnMeans = means(m_columns->offsets(), byColumn());
    m_rowValues = byRow();
    m_columnValues = byColumn();
    for (std::int32_t r = 0; r < rowCount(); ++r)
        m_norms.push_back(norm({m_rowValues.data() + m_rows->rowBegin(Row{r}),
                                static_cast<std::size_t>(m_rows->rowSize(Row{r}))}));
}

template <class Row, class Col>
double Similarity<Row, Col>::exact(double dot, double size, double factor, std::size_t other) const {
    const double extra = m_options.shrink + denominatorFloor;
    if (m_options.kind == SimilarityKind::Jaccard) return dot / (size + m_norms[other] - dot + extra);
    if (factored()) dot *= factor * m_rowFactors[other];
    return dot / (size * m_norms[other] + extra);
}

template <class Row, class Col>
void Similarity<Row, Col>::toSimilarities(std::span<const float> dots, float size, float factor,
                                          std::span<float> out) const {
    constexpr float largest = std::numeric_limits<float>::max();
    const float extra = static_cast<float>(m_options.shrink + denominatorFloor);
    const float* const norms = m_floatNorms.data();
    const float* const factors = m_rowFactors.data();
    const float* const from = dots.data();
    float* const to = out.data();
    const std::size_t total = out.size();
    if (m_options.kind == SimilarityKind::Jaccard) {
        for (std::size_t n = 0; n < total; ++n)
            to[n] = from[n] / (size + norms[n] - from[n] + extra);
    } else if (factored()) {
        for (std::size_t n = 0; n < total; ++n)
            to[n] = from[n] * (factor * factors[n]) / (size * norms[n] + extra);
    } else {
        // Absurdly large ratings overflow; such a pair is not alike rather than poisonous.
        for (std::size_t n = 0; n < total; ++n) {
            const float similarity = from[n] / (size * norms[n] + extra);
            to[n] = std::abs(similarity) <= largest ? similarity : 0.0f;
        }
    }
}

/// The k largest of one row, exactly: floats find the candidates, doubles decide among those that floats
/// cannot tell apart (with 1e-6 in the denominator, 1/3 and 2/6 differ only there).
template <class Row, class Col>
void Similarity<Row, Col>::select(Scratch& own, double size, double factor, std::vector<Kept>& result) const {
    const int count = topK(own.similarities, own.best);
    if (count == 0) return;
    own.kept.clear();
    const auto keep = [&](std::int32_t other) {
        const auto n = static_cast<std::size_t>(other);
        // Zeros are dropped last, since they take places that negative similarities would else have.
        own.kept.push_back({other, own.similarities[n] == 0.0f ? 0.0 : exact(own.dots[n], size, factor, n)});
    };
    const float last =
        own.similarities[static_cast<std::size_t>(own.best[static_cast<std::size_t>(count - 1)])];
    if (last == 0.0f || static_cast<std::size_t>(count) == own.similarities.size()) {
        for (int n = 0; n < count; ++n)
            keep(own.best[static_cast<std::size_t>(n)]);
    } else {
        constexpr float doubt = 4e-6f;
        const float bar = last - std::abs(last) * doubt;
        for (std::size_t n = 0; n < own.similarities.size(); ++n)
            if (own.similarities[n] >= bar) keep(static_cast<std::int32_t>(n));
        if (own.kept.size() > static_cast<std::size_t>(count)) {
            const auto better = [](const Kept& a, const Kept& b) {
                return a.similarity > b.similarity || (a.similarity == b.similarity && a.row < b.row);
            };
            std::nth_element(own.kept.begin(), own.kept.begin() + count - 1, own.kept.end(), better);
            own.kept.resize(static_cast<std::size_t>(count));
        }
    }
    for (const Kept& one : own.kept)
        if (one.similarity != 0.0) result.push_back(one);
    std::sort(result.begin(), result.end(), [](const Kept& a, const Kept& b) { return a.row < b.row; });
}

template <class Row, class Col>
void Similarity<Row, Col>::accumulate(Row row, std::span<float> dots, RunControl& control) const {
    float* const sums = dots.data();
    const auto cols = m_rows->cols(row);
    if (factored()) {
        for (const Col col : cols) {
            if (!control.keepGoing()) return;
            const float g = idf(col);
            const float weight = g * g;
            for (const Row other : m_columns->cols(col))
                sums[static_cast<std::size_t>(other)] += weight;
        }
        return;
    }
    const float* const values = m_rowValues.data() + m_rows->rowBegin(row);
    for (std::size_t n = 0; n < cols.size(); ++n) {
        if (!control.keepGoing()) return;
        const float value = values[n];
        const auto others = m_columns->cols(cols[n]);
        const float* const theirs = m_columnValues.data() + m_columns->rowBegin(cols[n]);
        for (std::size_t m = 0; m < others.size(); ++m)
            sums[static_cast<std::size_t>(others[m])] += value * theirs[m];
    }
}

template <class Row, class Col>
Nearest<Row> Similarity<Row, Col>::nearest(int k, ThreadPool& pool, RunControl& control,
                                           const std::function<void(double)>& progress) const {
    const std::int32_t total = rowCount();
    const int kept = std::clamp(k, 0, total);
    std::vector<Scratch> scratch(static_cast<std::size_t>(pool.threadCount()));
    std::vector<std::vector<Kept>> found(static_cast<std::size_t>(total));
    double work = 0.0; // in steps of the inner loop
    for (std::int32_t c = 0; c < m_columns->rowCount(); ++c)
        work += std::pow(m_columns->rowSize(Col{c}), 2);
    std::atomic<double> done{0.0};
    std::atomic<bool> completed{true};

    constexpr std::int64_t rowsPerChunk = 4;
    pool.forChunks(total, rowsPerChunk, [&](const Chunk& chunk) {
        Scratch& own = scratch[static_cast<std::size_t>(chunk.thread)];
        for (std::int64_t r = chunk.begin; r < chunk.end; ++r) {
            const Row row{static_cast<std::int32_t>(r)};
            own.dots.assign(static_cast<std::size_t>(total), 0.0f);
            own.similarities.resize(static_cast<std::size_t>(total));
            own.best.resize(static_cast<std::size_t>(kept));
            accumulate(row, own.dots, control);
            if (!control.keepGoing()) {
                completed.store(false, std::memory_order_relaxed);
                return;
            }
            const auto index = static_cast<std::size_t>(r);
            const double factor = factored() ? m_rowFactors[index] : 1.0;
            toSimilarities(own.dots, static_cast<float>(m_norms[index]), static_cast<float>(factor),
                           own.similarities);
            own.similarities[index] = 0.0f;
            select(own, m_norms[index], factor, found[index]);
            double steps = 0.0;
            for (const Col col : m_rows->cols(row))
                steps += m_columns->rowSize(col);
            done.fetch_add(steps, std::memory_order_relaxed);
        }
        if (progress && chunk.thread == 0 && work > 0.0)
            progress(std::min(1.0, done.load(std::memory_order_relaxed) / work));
    });

    std::vector<std::int64_t> offsets{0};
    for (const auto& one : found)
        offsets.push_back(offsets.back() + static_cast<std::int64_t>(one.size()));
    std::vector<Row> rows;
    std::vector<float> similarities;
    rows.reserve(static_cast<std::size_t>(offsets.back()));
    similarities.reserve(static_cast<std::size_t>(offsets.back()));
    for (auto& one : found) {
        for (const Kept& other : one) {
            rows.push_back(Row{other.row});
            similarities.push_back(static_cast<float>(other.similarity));
        }
        std::vector<Kept>().swap(one);
    }
    auto neighbours =
        Csr<Row, Row>::fromArrays(total, std::move(offsets), std::move(rows), std::move(similarities));
    return {std::move(neighbours).value(), completed.load()};
}

template <class Row, class Col>
void Similarity<Row, Col>::toAll(std::span<const Col> cols, std::span<const float> values,
                                 std::span<float> out) const {
    RECOSCOPE_CHECK(out.size() == m_norms.size() && cols.size() == values.size(), "sizes must fit");
    std::fill(out.begin(), out.end(), 0.0f);
    std::vector<float> own(values.begin(), values.end());
    if (m_options.values == EntryValues::Ones || m_options.kind == SimilarityKind::Jaccard)
        std::fill(own.begin(), own.end(), 1.0f);
    float rowLength = 0.0f;
    for (const float value : own)
        rowLength += std::abs(value);
    for (std::size_t n = 0; n < own.size(); ++n)
        own[n] = m_weights.of(own[n], rowLength, idf(cols[n]));
    const float center = m_options.kind == SimilarityKind::Pearson ? mean(own) : 0.0f;
    for (std::size_t n = 0; n < own.size(); ++n)
        own[n] -= m_columnMeans.empty() ? center : m_columnMeans[static_cast<std::size_t>(cols[n])];
    const float size = static_cast<float>(
        m_options.kind == SimilarityKind::Jaccard ? static_cast<double>(own.size()) : norm(own));
    for (std::size_t n = 0; n < cols.size(); ++n) {
        const auto others = m_columns->cols(cols[n]);
        if (factored()) {
            const float weight = own[n] * idf(cols[n]);
            for (const Row other : others)
                out[static_cast<std::size_t>(other)] += weight;
        } else {
            const float* const theirs = m_columnValues.data() + m_columns->rowBegin(cols[n]);
            for (std::size_t m = 0; m < others.size(); ++m)
                out[static_cast<std::size_t>(others[m])] += own[n] * theirs[m];
        }
    }
    toSimilarities(out, size, 1.0f, out);
}

template class Similarity<ItemIndex, UserIndex>;
template class Similarity<UserIndex, ItemIndex>;

} // namespace recoscope
