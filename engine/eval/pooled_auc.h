// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/user_ranker.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// P(a relevant candidate of any user scores above a non-relevant candidate of any user), ties count half:
/// RecBole's AUC. First every user's relevant scores are taken, then, in a second pass over the users, the
/// others are counted against them. Users may come in any order and from any thread, each user once a pass;
/// exact counts, so the number is the same.
class PooledAuc final {
public:
    /// @param relevant  how many items are relevant, by row.
    void reset(std::span<const std::int32_t> relevant);
    void takeRelevant(std::size_t row, const UserRanking& ranking);
    /// Between the passes.
    void sortRelevant();
    void countOthers(std::size_t row, const UserRanking& ranking);
    /// 0.5 without pairs.
    double value() const;

private:
    std::vector<std::int64_t> m_starts;     // of a row's scores
    std::vector<float> m_relevant;          // by row; later ascending, without unusable ones
    std::int64_t m_lost = 0;                // relevant items without a usable score: they lose every pair
    std::vector<std::int64_t> m_lostHalves; // by row: 2 for a relevant score below, 1 for an equal one
    std::vector<std::int64_t> m_others;     // by row
    std::vector<std::uint32_t> m_buckets; // by the upper half of a score's ordered bits: the first not below
};

} // namespace recoscope
