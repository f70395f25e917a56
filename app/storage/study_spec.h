// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/search/search.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace recoscope {

enum class StudyKind { None, Seeds, Folds, Search };

/// What differs from seed to seed.
enum class SeedsVary { Training, Split, Both };

/// Several runs that belong together: what an experiment asks for beyond one run. Plain data; the default is
/// one run.
struct StudySpec {
    std::vector<std::uint64_t> seeds; // one run each
    SeedsVary vary = SeedsVary::Training;
    bool allFolds = false; // one run for each fold of a k-fold split
    std::optional<SearchPlan> search;

    StudyKind kind() const {
        if (search) return StudyKind::Search;
        if (allFolds) return StudyKind::Folds;
        return seeds.empty() ? StudyKind::None : StudyKind::Seeds;
    }
    bool operator==(const StudySpec&) const = default;
};

} // namespace recoscope
