// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/pure_svd.h"

#include "engine/models/classic_cost.h"
#include "engine/models/factorization/pure_svd_model.h"
#include "engine/models/factorization/pure_svd_trainer.h"

namespace recoscope {

AlgorithmInfo pureSvdInfo() {
    return {
        .id = "pure_svd",
        .title = "PureSVD",
        .family = "Factorisation",
        .summary =
            "Rebuilds each history from the few directions that explain the whole matrix best, missing "
            "cells counting as 0. Solved at once, no learning rate, strong for its simplicity.",
        .equation = "ŝ(u, ·) = x_u V Vᵀ\n"
                    "V: the d leading right singular vectors of X = U Σ Vᵀ",
        .reference = "Cremonesi, Koren & Turrin: Performance of Recommender Algorithms on Top-N "
                     "Recommendation Tasks, RecSys 2010; Halko, Martinsson & Tropp: Finding Structure with "
                     "Randomness, SIAM Review 53(2), 2011",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true},
        .schema = &svdSchema,
        .makeTrainer = [](const TrainerInput& input) { return makeSvdTrainer(input, Centring::None); },
        .load = [](const TensorFile& file) { return SvdModel::load(file, Centring::None); },
        .cost = [](const DataShape& shape, const ParamMap& params) {
            return classic_cost::truncatedSvd(svdSchema(), shape, params);
        },
    };
}

} // namespace recoscope
