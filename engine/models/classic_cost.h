// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/cost.h"
#include "engine/core/param_schema.h"

#include <algorithm>
#include <string_view>

namespace recoscope {

/// What fitting the methods takes that everybody compares with. Counted from the algorithms' own
/// documentation; parameters that are missing or wrong have their defaults.
namespace classic_cost {

inline double number(const ParamSchema& schema, const ParamMap& given, std::string_view key) {
    const auto complete = schema.complete(given);
    return numberIn(complete ? *complete : schema.defaults(), std::string(key)).value_or(0.0);
}

inline bool chosen(const ParamSchema& schema, const ParamMap& given, std::string_view key,
                   std::string_view value) {
    const auto found = given.find(std::string(key));
    const ParamSpec* spec = schema.find(key);
    if (found != given.end()) return found->second == ParamValue(std::string(value));
    return spec && spec->defaultValue == ParamValue(std::string(value));
}

/// Means and counts.
inline FitCost counts(const DataShape& shape, const ParamMap&) {
    return {.bytes = 16.0 * (shape.users + shape.items),
            .scattered = shape.interactions,
            .memory = "a few numbers a user and an item"};
}

/// The `k` most similar rows of each of `rows`, found by counting `pairs` that share a column.
inline FitCost neighbours(double rows, double pairs, double k) {
    const double kept = std::min(k, rows);
    return {.bytes = rows * (kept * 8.0 * 2.0 + 16.0),
            .scattered = pairs,
            .memory = "neighbours x k x 8 bytes, twice"};
}

/// Alternating least squares over all cells.
inline FitCost ials(const ParamSchema& schema, const DataShape& shape, const ParamMap& given) {
    const double d = number(schema, given, "embedding_size");
    const double epochs = number(schema, given, "epochs");
    const double rows = shape.users + shape.items;
    FitCost cost;
    cost.dense = epochs * rows * d * d; // the two Gram matrices
    if (chosen(schema, given, "solver", "cg")) {
        const double steps = number(schema, given, "cg_steps") + 1.0;
        cost.vectors = epochs * steps * (2.0 * 2.0 * shape.interactions * d + rows * d * d);
    } else {
        const double block =
            chosen(schema, given, "solver", "block") ? std::min(d, number(schema, given, "block_size")) : d;
        cost.dense += epochs * 2.0 * shape.interactions * d * block;
        cost.vectors = epochs * (4.0 * shape.interactions * d + rows * d * d);
        cost.factorisation = epochs * rows * d * block * block / 6.0;
    }
    // The factors, the last model's and the best's.
    cost.bytes = 3.0 * 4.0 * d * rows + 8.0 * d * d;
    cost.memory = "(users + items) x factors x 4 bytes, three times";
    return cost;
}

/// Stochastic gradient steps on each rating.
inline FitCost biasedMf(const ParamSchema& schema, const DataShape& shape, const ParamMap& given) {
    const double d = number(schema, given, "embedding_size") + 1.0;
    return {.bytes = 3.0 * 4.0 * d * (shape.users + shape.items) + 16.0 * shape.interactions,
            .vectors = 2.0 * number(schema, given, "epochs") * shape.interactions * (3.0 * d + 20.0),
            .memory = "(users + items) x factors x 4 bytes, three times, and the ratings"};
}

/// Randomised truncated SVD.
inline FitCost truncatedSvd(const ParamSchema& schema, const DataShape& shape, const ParamMap& given) {
    const double l = number(schema, given, "embedding_size") + number(schema, given, "oversampling");
    const double passes = 2.0 * number(schema, given, "power_iterations") + 2.0;
    const double rows = shape.users + shape.items;
    constexpr double reflections = 8.0; // columns made orthogonal are no product of large blocks
    return {.bytes = 4.0 * l * rows * 3.0,
            .vectors = passes * l * (shape.interactions + reflections * rows * l),
            .memory = "(users + items) x factors x 4 bytes, three times"};
}

} // namespace classic_cost

} // namespace recoscope
