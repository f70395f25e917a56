// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/evaluator.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace recoscope {

/// What sampled candidates do to the order of models (Krichene & Rendle, "On Sampled Metrics for Item
/// Recommendation", KDD 2020): one metric of several models on one split as the number of negatives grows,
/// beside the full ranking.

struct StudiedModel {
    std::string name;
    const Recommender* model = nullptr;
};

struct SamplingStudyOptions {
    std::string metric = "ndcg@10";              // of kind Ranking
    CandidateKind kind = CandidateKind::Uniform; // Popular, or Given: some and then all of those
    std::vector<int> sizes = {};                 // empty: samplingSizes()
    std::uint64_t seed = 42;
    int draws = 1; // values are means over so many draws, with seeds from `seed` on
    bool operator==(const SamplingStudyOptions&) const = default;
};

struct SamplingCurve {
    std::string model;
    std::vector<double> values; // by size
    double full = 0.0;          // all negatives
};

/// Two models that change places.
struct OrderFlip {
    std::size_t better = 0; // of the curves, by the full ranking
    std::size_t worse = 0;
    double difference = 0.0; // by the full ranking, positive
    std::vector<int> sizes;  // where the sample says the opposite, strictly
    int agreesFrom =
        0; // the least size from which all larger ones have the order of the full ranking; 0: none has
};

struct SamplingStudy {
    std::string metric;     // key
    std::string label;      // of the full ranking: "NDCG@10"
    std::string definition; // of the full ranking
    CandidateKind kind = CandidateKind::Uniform;
    std::int64_t users = 0;
    std::vector<int> sizes;            // ascending
    std::vector<SamplingCurve> curves; // in the order of the models
    std::vector<OrderFlip>
        flips;              // pairs with at least one size that says the opposite; largest difference first
    std::int64_t pairs = 0; // of models that the full ranking tells apart
};

/// 1, 5, 10, 20, 50, 99, 100, 200, 500, 1000, 2000, 5000, … below the number of items.
std::vector<int> samplingSizes(std::int32_t items);

/// Each model is scored once for all sizes and draws. The same negatives for every model, and those of a
/// smaller size are among those of a larger one. The other options (threshold, exclusions, dialect) are those
/// of `options`.
Result<SamplingStudy> studySampling(std::span<const StudiedModel> models, const Split& split, Target target,
                                    const EvaluationOptions& options, const SamplingStudyOptions& study,
                                    ThreadPool& pool, RunControl& control,
                                    const std::function<void(double fraction)>& progress = {});

} // namespace recoscope
