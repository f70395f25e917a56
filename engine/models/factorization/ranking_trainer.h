// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/cost.h"
#include "engine/api/trainer.h"
#include "engine/models/factorization/ranking_sgd.h"

#include <memory>
#include <string_view>

namespace recoscope {

/// What the models that learn an order from sampled items have in common.
struct RankingOptions {
    int factors = 64;
    int epochs = 50;
    double initStd = 0.1;
    RankingStep step;
    NegativeOptions negatives;
    std::string_view signal; // what RankingSums::right is a share of terms as; empty: nothing worth a curve
};

/// Stochastic gradient descent over a PairGrid: an epoch takes a step for every training pair. The loss is
/// the mean over the pairs, each taken just before its step; that of validation pairs is against items which
/// training has not seen with the user. The same bits for any number of threads.
std::unique_ptr<Trainer> makeRankingTrainer(SplitPtr split, const RankingOptions& options,
                                            std::uint64_t seed);

/// Rows of factors that an epoch reads and writes.
/// @param itemsPerPair  items whose rows a pair visits, the chosen one too
FitCost rankingCost(const DataShape& shape, const RankingOptions& options, double itemsPerPair);

} // namespace recoscope
