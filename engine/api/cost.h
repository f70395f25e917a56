// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace recoscope {

/// The size of training data, as far as the cost of fitting depends on it.
struct DataShape {
    double users = 0.0;
    double items = 0.0;
    double interactions = 0.0; // training
    /// Σ over users of the squared length of the history: what counting pairs of items costs.
    double squaredHistories = 0.0;
    /// Σ over items of the squared number of users: what counting pairs of users costs.
    double squaredAudiences = 0.0;
    /// Users of each item, descending; empty when not known.
    std::vector<float> audiences;
    /// Items that more than so many people have; all where the audiences are not known.
    double itemsAbove(double people) const;
    double userFeatures = 0.0; // sparse columns
    double itemFeatures = 0.0;
};

inline double DataShape::itemsAbove(double people) const {
    if (audiences.empty()) return items;
    const auto end = std::partition_point(audiences.begin(), audiences.end(),
                                          [people](float each) { return static_cast<double>(each) > people; });
    return static_cast<double>(end - audiences.begin());
}

/// By how much longer a step takes that moves rows of a table of `bytes` than the same numbers in a product: it
/// waits for the rows before it, and the further they stand apart, the longer for each. Fitted to BPR-MF,
/// FunkSVD and FISM with 1 to 20 million interactions.
inline double stepsIn(double bytes) {
    constexpr double cache = 2.5e6; // bytes
    return 2.0 * std::pow(std::max(1.0, bytes / cache), 0.35);
}

/// What fitting a model takes, counted from the algorithm, not timed: a machine's rates make seconds of it.
/// One multiply-add counts as one; all numbers are for the whole run.
struct FitCost {
    double bytes = 0.0;         // at the peak, held by trainer and model, beyond the data itself
    double dense = 0.0;         // multiply-adds in large dense products
    double factorisation = 0.0; // multiply-adds in dense factorisations and inverses
    double vectors =
        0.0; // multiply-adds in short dense rows that stand far apart: embeddings, rows of factors
    double scattered = 0.0; // single numbers read or added at random places: co-occurrence counts
    /// What the memory is made of, in words: "items² x 4 bytes, twice".
    std::string memory;
};

} // namespace recoscope
