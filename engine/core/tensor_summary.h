// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace recoscope {

enum class TensorKind { Weight, Gradient, Activation };

/// What is shown of one tensor of a network while it trains.
struct TensorSummary {
    std::string name; // "encoder.0.weight"
    TensorKind kind = TensorKind::Weight;
    std::int64_t count = 0; // numbers
    double norm = 0.0;      // Euclidean
    double mean = 0.0;
    double deviation = 0.0; // standard
    double min = 0.0;
    double max = 0.0;
    double deadShare = 0.0; // activations: units that were the same for every example; else 0
    /// Counts of equal bins from min to max; empty for an empty tensor.
    std::vector<std::int64_t> histogram;
    bool operator==(const TensorSummary&) const = default;
};

} // namespace recoscope
