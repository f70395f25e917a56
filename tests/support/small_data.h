// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/split.h"

#include <cstdint>
#include <initializer_list>

namespace recoscope::test {

struct Row {
    int user;
    int item;
    float value = 1.0f;
    std::int64_t time = 0;
    Part part = Part::Train;
};

/// A dataset with users "u0".. and items "i0".. as given; every user and item below the counts exists.
DatasetPtr dataset(int users, int items, std::initializer_list<Row> rows, bool withTimes = false, bool withParts = false);

/// A planted set that a personalised model must beat popularity on: users and items in `groups` groups; a user takes
/// items of the own group with high, of others with low probability. Ratings 1..5 follow the group. With times.
DatasetPtr plantedDataset(int users = 200, int items = 120, int groups = 4, std::uint64_t seed = 7);

/// A random dataset: every pair with the given probability, ratings 1..5.
DatasetPtr randomDataset(int users, int items, double density, std::uint64_t seed);

} // namespace recoscope::test
