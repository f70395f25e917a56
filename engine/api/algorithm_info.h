// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_needs.h"
#include "engine/api/cost.h"
#include "engine/api/recommender.h"
#include "engine/api/trainer.h"
#include "engine/core/param_schema.h"
#include "engine/io/tensor_file.h"

#include <memory>
#include <string_view>

namespace recoscope {

struct AlgorithmCapabilities {
    bool foldIn = false;          // scores a history training never saw from the history itself
    bool coldItems = false;       // scores items without interactions from their features
    bool explains = false;        // explain() works and is additive
    bool predictsRatings = false; // scores are on the rating scale: RMSE and MAE make sense
    bool embeddings = false;      // item and user embeddings
    bool personalised = true;     // false: the same list for everyone, up to exclusions
    bool iterative = false;       // more than one epoch: a loss curve to watch
};

/// One row of the registry: all that Recoscope knows about an algorithm. Form, command line, docs, experiment
/// files, sweeps and conformance tests come from here.
struct AlgorithmInfo {
    std::string_view id;        // "item_knn"
    std::string_view title;     // "ItemKNN"
    std::string_view family;    // "Neighbourhood"
    std::string_view summary;   // one or two plain sentences
    std::string_view equation;  // the scoring equation and objective, as Unicode text, lines by \n
    std::string_view reference; // authors, title, venue, year
    AlgorithmNeeds needs;
    AlgorithmCapabilities capabilities;
    const ParamSchema& (*schema)();
    Result<std::unique_ptr<Trainer>> (*makeTrainer)(const TrainerInput& input);
    Result<std::shared_ptr<const Recommender>> (*load)(const TensorFile& file);
    /// What fitting takes on data of that shape; `params` may be incomplete. Null: not counted.
    FitCost (*cost)(const DataShape& shape, const ParamMap& params) = nullptr;
};

} // namespace recoscope
