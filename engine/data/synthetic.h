// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"
#include "engine/core/run_control.h"
#include "engine/data/dataset.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace recoscope {

/// Recipe of a generated film dataset: a catalogue with invented titles and genres, users with planted
/// tastes, long-tailed popularity and activity like MovieLens, and exposure that depends on taste (missing
/// not at random).
struct SyntheticRecipe {
    std::int32_t users = 600;
    std::int32_t items = 900;
    std::int64_t interactions = 50'000; // reached within 1 %
    std::int32_t tastes = 8;            // dimension of the planted taste vectors
    double noise = 0.5;        // standard deviation added to the true rating before rounding to half stars
    double exposureBias = 0.8; // 0: exposure ignores taste; 1: strongly follows it
    std::uint64_t seed = 1;
    bool keepTruth = true; // keep users x items true preferences, as far as these are 25 million or fewer
    bool operator==(const SyntheticRecipe&) const = default;
};

/// The recipe of the built-in sample, equal to datasets/sample-recipe.json.
SyntheticRecipe sampleRecipe();

/// Same recipe, same data, on every machine. O(interactions); memory about 40 bytes an interaction.
Result<DatasetPtr> generateDataset(const SyntheticRecipe& recipe, RunControl* control = nullptr);

/// Path form of a recipe, "builtin:sample" or "generated:users=…,items=…,interactions=…,seed=…"; importPath
/// accepts it.
std::string recipePath(const SyntheticRecipe& recipe);
Result<SyntheticRecipe> recipeFromPath(std::string_view path);

} // namespace recoscope
