// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/graph/rp3beta.h"

#include "engine/models/graph/random_walk.h"
#include "engine/models/linear/item_weights.h"

namespace recoscope {

namespace {

/// WalkParams with another default.
struct Params {
    std::int32_t k = 100;
    double alpha = 1.0;
    double beta = 0.4;
    bool normalise = true;
    EntryValues values = EntryValues::Ones;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<Params>::Builder builder;
        addWalkParams<Params>(builder, true);
        return builder.build();
    }();
    return schema;
}

} // namespace

AlgorithmInfo rp3betaInfo() {
    return {
        .id = "rp3beta",
        .title = "RP3beta",
        .family = "Graph",
        .summary = "A short random walk over users and items, as P3alpha, whose end counts less the more "
                   "popular it is. "
                   "Among the strongest simple methods when tuned.",
        .equation =
            "ŝ(u, ·) = x_u W\n"
            "W_ij = ((D_i⁻¹Xᵀ)^α (D_u⁻¹X)^α)_ij / |U_j|^β, diag(W) = 0; the k largest of each row, then of "
            "each column",
        .reference = "Paudel, Christoffel, Newell & Bernstein: Updatable, Accurate, Diverse, and Scalable "
                     "Recommendations for "
                     "Interactive Applications, ACM TiiS 7(1), 2017",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return makeWalkTrainer(
                input.split, {params->k, params->alpha, params->beta, params->normalise, params->values});
        },
        .load = &SparseItemModel::load,
        .cost = &walkCost,
    };
}

} // namespace recoscope
