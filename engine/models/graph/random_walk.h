// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/cost.h"
#include "engine/api/trainer.h"
#include "engine/models/linear/item_weights.h"

namespace recoscope {

/// Three steps of a walk on the graph of users and items: from an item of the history to one of its users, to
/// an item of theirs. P3alpha and RP3beta share it.
struct WalkParams {
    std::int32_t k = 100;
    double alpha = 1.0;
    double beta = 0.0;
    bool normalise = true;
    EntryValues values = EntryValues::Ones;
    bool operator==(const WalkParams&) const = default;
};

/// W = (D_i⁻¹ Xᵀ)^alpha (D_u⁻¹ X)^alpha, powers entry by entry, column j times degree(j)^−beta, diagonal 0;
/// the k largest of each row are kept, with `normalise` each row is divided by its sum, then the k largest of
/// each column are kept. The model is a SparseItemModel.
std::unique_ptr<Trainer> makeWalkTrainer(SplitPtr split, const WalkParams& params);

/// What makeWalkTrainer's trainer costs with a parameter "k".
FitCost walkCost(const DataShape& shape, const ParamMap& params);

/// The parameters that both models have; P: WalkParams or a struct with the same members.
template <class P>
void addWalkParams(typename TypedSchema<P>::Builder& builder, bool withBeta) {
    builder
        .integer("k", &P::k,
                 {.label = "Neighbours (k)",
                  .help = "How many items each item keeps. Ties go to the lower index.",
                  .min = 1,
                  .max = 1'000'000,
                  .logScale = true})
        .real(
            "alpha", &P::alpha,
            {.label = "Alpha",
             .help =
                 "The power of each step's probability: below 1, rare steps count more than they are likely.",
             .min = 0.0,
             .max = 4.0});
    if (withBeta)
        builder.real("beta", &P::beta,
                     {.label = "Beta",
                      .help =
                          "How much popular items are held down: scores are divided by popularity to this "
                          "power. 0 is P3alpha.",
                      .min = 0.0,
                      .max = 4.0});
    builder
        .flag("normalise", &P::normalise,
              {.label = "Normalise rows",
               .help =
                   "Divides what an item says by its sum, so that every item of a history has the same say.",
               .advanced = true})
        .choice("values", &P::values, entryValueChoices(),
                {.label = "An interaction counts",
                 .help = "What an interaction counts in the steps' probabilities and in the history.",
                 .advanced = true});
}

} // namespace recoscope
