// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/pooled_auc.h"

#include "engine/core/check.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace recoscope {

namespace {

constexpr float lowest = -std::numeric_limits<float>::infinity();
constexpr std::size_t bucketCount = std::size_t{1} << 16;

/// The upper 16 of bits that are ordered as the scores are; −0 and 0 in one.
std::size_t bucketOf(float score) {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);
    return (bits & 0x80000000U ? ~bits : bits | 0x80000000U) >> 16;
}

} // namespace

void PooledAuc::reset(std::span<const std::int32_t> relevant) {
    m_starts.assign(relevant.size() + 1, 0);
    for (std::size_t row = 0; row < relevant.size(); ++row)
        m_starts[row + 1] = m_starts[row] + relevant[row];
    m_relevant.assign(static_cast<std::size_t>(m_starts.back()), lowest);
    m_lostHalves.assign(relevant.size(), 0);
    m_others.assign(relevant.size(), 0);
}

void PooledAuc::takeRelevant(std::size_t row, const UserRanking& ranking) {
    auto to = static_cast<std::size_t>(m_starts[row]);
    for (const ItemIndex place : ranking.places)
        m_relevant[to++] = ranking.scores[static_cast<std::size_t>(place)];
    RECOSCOPE_CHECK(to == static_cast<std::size_t>(m_starts[row + 1]), "as many relevant as announced");
}

void PooledAuc::sortRelevant() {
    m_lost = static_cast<std::int64_t>(std::erase_if(m_relevant, [](float s) { return !(s > lowest); }));
    std::sort(m_relevant.begin(), m_relevant.end());
    m_buckets.assign(bucketCount + 1, 0);
    for (const float score : m_relevant)
        ++m_buckets[bucketOf(score) + 1];
    for (std::size_t b = 0; b < bucketCount; ++b)
        m_buckets[b + 1] += m_buckets[b];
}

void PooledAuc::countOthers(std::size_t row, const UserRanking& ranking) {
    std::int64_t halves = 0;
    std::size_t next = 0; // relevant places come in order
    for (std::size_t place = 0; place < ranking.scores.size(); ++place) {
        if (next < ranking.places.size() && static_cast<std::size_t>(ranking.places[next]) == place) {
            ++next;
            continue;
        }
        const float score = ranking.scores[place];
        if (!(score > lowest)) continue;
        const std::size_t bucket = bucketOf(score);
        const float* begin = m_relevant.data() + m_buckets[bucket];
        const float* end = m_relevant.data() + m_buckets[bucket + 1];
        const float* notBelow = std::lower_bound(begin, end, score);
        const float* above = std::upper_bound(notBelow, end, score);
        halves += (notBelow - m_relevant.data()) + (above - m_relevant.data());
    }
    m_lostHalves[row] = halves;
    m_others[row] = ranking.candidates - static_cast<std::int64_t>(ranking.relevant.size());
}

double PooledAuc::value() const {
    double halves = 0.0;
    std::int64_t others = 0;
    for (std::size_t row = 0; row < m_others.size(); ++row) {
        halves += static_cast<double>(m_lostHalves[row]);
        others += m_others[row];
    }
    const auto relevant = static_cast<double>(static_cast<std::int64_t>(m_relevant.size()) + m_lost);
    const double pairs = relevant * static_cast<double>(others);
    if (pairs <= 0.0) return 0.5;
    halves += 2.0 * static_cast<double>(m_lost) * static_cast<double>(others);
    return 1.0 - halves / (2.0 * pairs);
}

} // namespace recoscope
