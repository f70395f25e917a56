// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/elastic_net.h"

#include "engine/core/check.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope {

ElasticNet::ElasticNet(const MatrixF& gram, const ElasticNetOptions& options)
    : m_gram(gram)
    , m_options(options)
    , m_n(gram.rows())
    , m_activeOf(static_cast<std::size_t>(m_n), -1)
    , m_slope(static_cast<std::size_t>(m_n * kColumns))
    , m_weights(m_slope.size())
    , m_done(m_slope.size())
    , m_largestStep(kColumns)
    , m_largestWeight(kColumns)
    , m_groupSlope(kCoordinates * kColumns)
    , m_minusStep(kCoordinates * kColumns)
    , m_groupRows(static_cast<std::size_t>(kCoordinates * m_n)) {
    m_group.reserve(kCoordinates);
}

bool ElasticNet::fit(std::int64_t begin, std::int64_t end, RunControl& control) {
    RECOSCOPE_CHECK(begin >= 0 && begin <= end && end <= m_n && end - begin <= kColumns,
                    "columns of the matrix");
    m_active = end - begin;
    m_target.clear();
    m_column.clear();
    std::fill(m_activeOf.begin(), m_activeOf.end(), -1);
    for (std::int64_t c = 0; c < m_active; ++c) {
        m_target.push_back(begin + c);
        m_column.push_back(c);
        m_activeOf[static_cast<std::size_t>(begin + c)] = c;
    }
    for (std::int64_t i = 0; i < m_n; ++i)
        std::copy_n(m_gram.row(i).data() + begin, m_active, m_slope.data() + i * kColumns);
    std::fill(m_weights.begin(), m_weights.end(), 0.0f);
    std::fill(m_done.begin(), m_done.end(), 0.0f);
    for (m_rounds = 0; m_rounds < m_options.rounds && m_active > 0; ++m_rounds) {
        if (!round(control)) return false;
        letGo();
    }
    // What is left takes what the last round reached.
    std::fill(m_largestStep.begin(), m_largestStep.end(), 0.0f);
    letGo();
    return true;
}

void ElasticNet::weights(std::int64_t column, std::vector<float>& out) const {
    out.assign(m_done.begin() + column * m_n, m_done.begin() + (column + 1) * m_n);
}

bool ElasticNet::round(RunControl& control) {
    std::fill(m_largestStep.begin(), m_largestStep.end(), 0.0f);
    std::fill(m_largestWeight.begin(), m_largestWeight.end(), 0.0f);
    m_group.clear();
    for (std::int64_t i = 0; i < m_n; ++i) {
        if (mayMove(i)) m_group.push_back(i);
        const auto count = static_cast<std::int64_t>(m_group.size());
        if (count == 0 || (count < kCoordinates && i + 1 < m_n)) continue;
        descend(count);
        if (!spread(count, control)) return false;
        m_group.clear();
    }
    return control.keepGoing();
}

bool ElasticNet::mayMove(std::int64_t coordinate) const {
    if (!(m_gram(coordinate, coordinate) > 0.0f)) return false;
    const float* const slope = m_slope.data() + coordinate * kColumns;
    const float* const weights = m_weights.data() + coordinate * kColumns;
    const float l1 = static_cast<float>(m_options.l1);
    const float lower = m_options.positive ? -std::numeric_limits<float>::infinity() : -l1;
    int any = 0;
    for (std::int64_t c = 0; c < m_active; ++c)
        any |= static_cast<int>(weights[c] != 0.0f) | static_cast<int>(slope[c] > l1) |
               static_cast<int>(slope[c] < lower);
    return any != 0;
}

void ElasticNet::descend(std::int64_t count) {
    for (std::int64_t g = 0; g < count; ++g)
        std::copy_n(m_slope.data() + m_group[static_cast<std::size_t>(g)] * kColumns, m_active,
                    m_groupSlope.data() + g * kColumns);
    const float l1 = static_cast<float>(m_options.l1);
    const float lowest = m_options.positive ? 0.0f : -std::numeric_limits<float>::infinity();
    for (std::int64_t g = 0; g < count; ++g) {
        const std::int64_t i = m_group[static_cast<std::size_t>(g)];
        const float diagonal = m_gram(i, i);
        const float scale = 1.0f / (diagonal + static_cast<float>(m_options.l2));
        const float* const slope = m_groupSlope.data() + g * kColumns;
        float* const weights = m_weights.data() + i * kColumns;
        float* const minus = m_minusStep.data() + g * kColumns;
        for (std::int64_t c = 0; c < m_active; ++c) {
            const float wanted = slope[c] + diagonal * weights[c];
            // The soft threshold without branches: what is above l1, and what is below −l1.
            const float above = std::max(wanted - l1, 0.0f);
            const float below = std::min(wanted + l1, 0.0f);
            minus[c] = weights[c] - std::max((above + below) * scale, lowest);
        }
        const std::int64_t own = m_activeOf[static_cast<std::size_t>(i)];
        if (own >= 0) minus[own] = 0.0f;
        float* const largestStep = m_largestStep.data();
        float* const largestWeight = m_largestWeight.data();
        for (std::int64_t c = 0; c < m_active; ++c) {
            weights[c] -= minus[c];
            largestStep[c] = std::max(largestStep[c], std::abs(minus[c]));
            largestWeight[c] = std::max(largestWeight[c], std::abs(weights[c]));
        }
        for (std::int64_t later = g + 1; later < count; ++later) {
            const float both = m_gram(m_group[static_cast<std::size_t>(later)], i);
            float* const theirs = m_groupSlope.data() + later * kColumns;
            for (std::int64_t c = 0; c < m_active; ++c)
                theirs[c] += both * minus[c];
        }
    }
}

bool ElasticNet::spread(std::int64_t count, RunControl& control) {
    const float* rows = m_gram.row(m_group.front()).data();
    if (m_group.back() - m_group.front() + 1 != count) {
        for (std::int64_t g = 0; g < count; ++g)
            std::copy_n(m_gram.row(m_group[static_cast<std::size_t>(g)]).data(), m_n,
                        m_groupRows.data() + g * m_n);
        rows = m_groupRows.data();
    }
    constexpr std::int64_t rowsAtOnce = 4096; // about a millisecond
    for (std::int64_t row = 0; row < m_n; row += rowsAtOnce) {
        if (!control.keepGoing()) return false;
        gemm<float>({.m = std::min(rowsAtOnce, m_n - row),
                     .n = m_active,
                     .k = count,
                     .a = rows + row,
                     .lda = m_n,
                     .transposeA = Transpose::Yes,
                     .b = m_minusStep.data(),
                     .ldb = kColumns,
                     .c = m_slope.data() + row * kColumns,
                     .ldc = kColumns,
                     .accumulate = true},
                    m_scratch, nullptr);
    }
    return true;
}

/// Columns that are done leave when they are a quarter of those at work, so that closing the gaps pays.
void ElasticNet::letGo() {
    std::vector<std::int64_t> stay;
    for (std::int64_t c = 0; c < m_active; ++c)
        if (m_largestStep[static_cast<std::size_t>(c)] >
            static_cast<float>(m_options.tolerance) * m_largestWeight[static_cast<std::size_t>(c)])
            stay.push_back(c);
    if (!stay.empty() && static_cast<std::int64_t>(stay.size()) * 4 > m_active * 3) return;
    std::vector<char> stays(static_cast<std::size_t>(m_active), 0);
    for (const std::int64_t c : stay)
        stays[static_cast<std::size_t>(c)] = 1;
    for (std::int64_t c = 0; c < m_active; ++c) {
        if (stays[static_cast<std::size_t>(c)]) continue;
        float* const to = m_done.data() + m_column[static_cast<std::size_t>(c)] * m_n;
        for (std::int64_t i = 0; i < m_n; ++i)
            to[i] = m_weights[static_cast<std::size_t>(i * kColumns + c)];
        m_activeOf[static_cast<std::size_t>(m_target[static_cast<std::size_t>(c)])] = -1;
    }
    for (std::size_t to = 0; to < stay.size(); ++to) {
        const auto from = static_cast<std::size_t>(stay[to]);
        m_target[to] = m_target[from];
        m_column[to] = m_column[from];
        m_activeOf[static_cast<std::size_t>(m_target[to])] = static_cast<std::int64_t>(to);
    }
    for (std::int64_t i = 0; i < m_n; ++i) {
        float* const slope = m_slope.data() + i * kColumns;
        float* const weights = m_weights.data() + i * kColumns;
        for (std::size_t to = 0; to < stay.size(); ++to) {
            slope[to] = slope[stay[to]];
            weights[to] = weights[stay[to]];
        }
    }
    m_active = static_cast<std::int64_t>(stay.size());
}

} // namespace recoscope
