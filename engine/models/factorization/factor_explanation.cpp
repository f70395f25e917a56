// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/factor_explanation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recoscope {

void addFactorParts(const VectorF& user, Eigen::Ref<const Eigen::RowVectorXf> item, Explanation& why) {
    for (Eigen::Index f = 0; f < item.size(); ++f) {
        char detail[64];
        std::snprintf(detail, sizeof detail, "user %.4f x item %.4f", static_cast<double>(user[f]),
                      static_cast<double>(item[f]));
        why.parts.push_back({"factor " + std::to_string(f + 1), std::nullopt,
                             static_cast<double>(user[f]) * static_cast<double>(item[f]), detail});
    }
}

void finishParts(Explanation& why) {
    why.additive = true;
    why.score = why.baseline;
    for (const ExplanationPart& part : why.parts)
        why.score += part.contribution;
    std::stable_sort(why.parts.begin(), why.parts.end(),
                     [](const ExplanationPart& a, const ExplanationPart& b) {
                         return std::abs(a.contribution) > std::abs(b.contribution);
                     });
}

} // namespace recoscope
