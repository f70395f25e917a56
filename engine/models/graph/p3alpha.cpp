// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/graph/p3alpha.h"

#include "engine/models/graph/random_walk.h"
#include "engine/models/linear/item_weights.h"

namespace recoscope {

namespace {

const TypedSchema<WalkParams>& typedSchema() {
    static const auto schema = [] {
        TypedSchema<WalkParams>::Builder builder;
        addWalkParams<WalkParams>(builder, false);
        return builder.build();
    }();
    return schema;
}

} // namespace

AlgorithmInfo p3alphaInfo() {
    return {
        .id = "p3alpha",
        .title = "P3alpha",
        .family = "Graph",
        .summary = "Recommends where a short random walk over users and items ends: from an item of the "
                   "history to one of "
                   "its users, to an item of theirs. As simple as neighbourhoods and often better.",
        .equation = "ŝ(u, ·) = x_u W\n"
                    "W = (D_i⁻¹Xᵀ)^α (D_u⁻¹X)^α, diag(W) = 0; the k largest of each row, then of each column",
        .reference = "Cooper, Lee, Radinsky & Fekete: Random Walks in Recommender Systems: Exact Computation "
                     "and Simulations, "
                     "WWW 2014",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return makeWalkTrainer(input.split, *params);
        },
        .load = &SparseItemModel::load,
        .cost = &walkCost,
    };
}

} // namespace recoscope
