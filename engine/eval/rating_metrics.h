// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace recoscope {

/// Errors of predicted ratings, summed over pairs; parts of the data add up. Plain data.
struct RatingErrors {
    double squared = 0.0;
    double absolute = 0.0;
    std::int64_t pairs = 0;

    void add(double prediction, double rating);
    void add(const RatingErrors& other);
    double rmse() const; // 0 without pairs
    double mae() const;
    bool operator==(const RatingErrors&) const = default;
};

} // namespace recoscope
