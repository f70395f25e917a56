// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

namespace recoscope {

/// How alike two rows of ratings are by the columns that both have.
enum class CoratedKind {
    PearsonBaseline, // correlation of what ratings deviate from their biases by, shrunk where little is
                     // shared
    Msd,             // 1 / (mean squared difference + 1)
};

struct CoratedOptions {
    CoratedKind kind = CoratedKind::PearsonBaseline;
    double shrinkage = 100.0; // Pearson only
    std::int32_t minSupport = 1;
};

/// What is summed for one pair of rows over the columns that both have. e: rating less bias.
struct CoratedSums {
    float count = 0.0f;
    float product = 0.0f; // Pearson: of e; MSD: of squared differences of ratings
    float own = 0.0f;     // squares of e
    float other = 0.0f;

    void add(CoratedKind kind, float rating, float e, float otherRating, float otherE) {
        count += 1.0f;
        if (kind == CoratedKind::Msd) {
            product += (rating - otherRating) * (rating - otherRating);
            return;
        }
        product += e * otherE;
        own += e * e;
        other += otherE * otherE;
    }

    /// 0 where too little is shared, or nothing to compare.
    float similarity(const CoratedOptions& options) const {
        if (count < static_cast<float>(options.minSupport) || count == 0.0f) return 0.0f;
        if (options.kind == CoratedKind::Msd) return 1.0f / (product / count + 1.0f);
        const float size = std::sqrt(own * other);
        if (!(size > 0.0f)) return 0.0f;
        const float shared = count - 1.0f;
        const float weight = shared + static_cast<float>(options.shrinkage);
        return weight > 0.0f ? shared / weight * product / size : 0.0f;
    }
};

} // namespace recoscope
