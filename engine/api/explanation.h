// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/index.h"

#include <optional>
#include <string>
#include <vector>

namespace recoscope {

/// One reason for a score: a history item, another user, a feature, a bias, a factor.
struct ExplanationPart {
    std::string label;              // "user bias", "factor 3"; empty when `item` says it
    std::optional<ItemIndex> item;  // the history item this part comes from
    double contribution = 0.0;      // in units of the score
    std::string detail;             // "similarity 0.41 x rating 4.0"
    std::optional<UserIndex> user = {}; // the other user this part comes from (user neighbourhoods)
    bool operator==(const ExplanationPart&) const = default;
};

/// Why an item has its score. When `additive`, baseline + sum of parts == score (to float rounding).
struct Explanation {
    double score = 0.0;
    double baseline = 0.0;
    bool additive = false;
    std::string summary; // one sentence in words; may be empty
    std::vector<ExplanationPart> parts; // largest magnitude first
};

} // namespace recoscope
