// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/pca.h"

#include "engine/models/classic_cost.h"
#include "engine/models/factorization/pure_svd_model.h"
#include "engine/models/factorization/pure_svd_trainer.h"

namespace recoscope {

AlgorithmInfo pcaInfo() {
    return {
        .id = "pca",
        .title = "PCA",
        .family = "Factorisation",
        .summary = "Squeezes what sets a history apart from the average into a few numbers and rebuilds it: "
                   "the best that an autoencoder without nonlinearity can do.",
        .equation = "ŝ(u, ·) = (x_u − m) V Vᵀ + m\n"
                    "m: mean history;  V: the d leading eigenvectors of Σ_u (x_u − m)ᵀ(x_u − m)",
        .reference =
            "Pearson: On Lines and Planes of Closest Fit to Systems of Points in Space, Philosophical "
            "Magazine 2(11), 1901; Baldi & Hornik: Neural Networks and Principal Component Analysis, "
            "Neural Networks 2(1), 1989",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true, .embeddings = true},
        .schema = &svdSchema,
        .makeTrainer = [](const TrainerInput& input) { return makeSvdTrainer(input, Centring::ColumnMeans); },
        .load = [](const TensorFile& file) { return SvdModel::load(file, Centring::ColumnMeans); },
        .cost = [](const DataShape& shape, const ParamMap& params) {
            return classic_cost::truncatedSvd(svdSchema(), shape, params);
        },
    };
}

} // namespace recoscope
