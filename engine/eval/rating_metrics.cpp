// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/rating_metrics.h"

#include <cmath>

namespace recoscope {

void RatingErrors::add(double prediction, double rating) {
    const double error = prediction - rating;
    squared += error * error;
    absolute += std::abs(error);
    ++pairs;
}

void RatingErrors::add(const RatingErrors& other) {
    squared += other.squared;
    absolute += other.absolute;
    pairs += other.pairs;
}

double RatingErrors::rmse() const {
    return pairs > 0 ? std::sqrt(squared / static_cast<double>(pairs)) : 0.0;
}

double RatingErrors::mae() const { return pairs > 0 ? absolute / static_cast<double>(pairs) : 0.0; }

} // namespace recoscope
