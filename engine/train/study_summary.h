// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"

#include <span>
#include <string>
#include <vector>

namespace recoscope {

/// One metric over the runs of a study.
struct StudyValue {
    std::string key;
    int runs = 0; // that have it
    double mean = 0.0;
    double deviation = 0.0; // standard deviation of the runs, n − 1 below; NaN for one run
    double halfWidth = 0.0; // mean ± this is the 95 % t-interval of the mean; NaN for one run
    double min = 0.0;
    double max = 0.0;
    bool operator==(const StudyValue&) const = default;
};

/// The metrics that any of the runs has, in the order of the first that has them. A run without a metric, or
/// with one that is not a number, is left out of that metric.
std::vector<StudyValue> summarise(std::span<const std::vector<NamedValue>> runs);

/// The value that a Student t variable of so many degrees of freedom (1 or more) stays below with probability
/// `p`, above 0 and below 1; to ten digits, by bisection of the distribution function.
double studentQuantile(double p, double degrees);

} // namespace recoscope
