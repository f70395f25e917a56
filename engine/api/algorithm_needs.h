// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace recoscope {

class Split;

/// What an algorithm must be given to make sense.
struct AlgorithmNeeds {
    bool ratings = false; // explicit ratings on a scale; implicit data is refused with a clear error
    bool itemFeatures = false;
    bool userFeatures = false;
    bool someFeatures = false; // of items or of users
    bool times = false;        // of interactions
};

/// As forms and the command line name them: "ratings", "item features", …
std::vector<std::string> namesOf(const AlgorithmNeeds& needs);

/// The first need that this data does not meet, by its name.
std::optional<std::string> missingNeed(const AlgorithmNeeds& needs, const Split& split);

/// Whether data that is enough for `asked` is enough for `other`, whatever the data is.
bool enoughFor(const AlgorithmNeeds& other, const AlgorithmNeeds& asked);

} // namespace recoscope
