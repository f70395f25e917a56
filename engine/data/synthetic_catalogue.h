// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/feature_table.h"

#include <cstdint>
#include <string>
#include <vector>

namespace recoscope::synthetic {

/// Invented films: no title, person or place is taken from a real catalogue.
struct Catalogue {
    std::vector<std::vector<std::int32_t>> genres; // 1 to 3 of genreNames() an item, the main one first
    FeatureTable features;                         // title (with year, all different), year, genres
};
Catalogue makeCatalogue(std::int32_t items, std::uint64_t seed);
const std::vector<std::string>& genreNames();

/// Invented users with the attributes that MovieLens 1M has.
struct Audience {
    std::vector<std::int32_t> gender; // index into the feature's vocabulary
    std::vector<std::int32_t> age;
    std::vector<std::int32_t> occupation;
    FeatureTable features; // gender, age (band), occupation
};
Audience makeAudience(std::int32_t users, std::uint64_t seed);

} // namespace recoscope::synthetic
