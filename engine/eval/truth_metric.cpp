// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/truth_metric.h"

#include "engine/core/check.h"

#include <algorithm>
#include <functional>

namespace recoscope {

double closenessToTruth(std::span<const float> truth, const std::vector<bool>& candidates,
                        std::span<const ItemIndex> list, int k) {
    RECOSCOPE_CHECK(truth.size() == candidates.size(), "one truth for every item");
    std::vector<double> possible;
    double sum = 0.0;
    for (std::size_t item = 0; item < truth.size(); ++item) {
        if (!candidates[item]) continue;
        possible.push_back(static_cast<double>(truth[item]));
        sum += possible.back();
    }
    double listed = 0.0;
    std::size_t length = 0;
    for (std::size_t rank = 0; rank < std::min(list.size(), static_cast<std::size_t>(k)); ++rank) {
        if (toInt(list[rank]) < 0) break;
        listed += static_cast<double>(truth[static_cast<std::size_t>(list[rank])]);
        ++length;
    }
    if (length == 0 || possible.empty()) return 0.0;
    const double chance = sum / static_cast<double>(possible.size());
    std::partial_sort(possible.begin(), possible.begin() + static_cast<std::ptrdiff_t>(length),
                      possible.end(), std::greater<>());
    double best = 0.0;
    for (std::size_t n = 0; n < length; ++n)
        best += possible[n];
    const double count = static_cast<double>(length);
    const double room = best / count - chance;
    return room > 0.0 ? (listed / count - chance) / room : 1.0;
}

} // namespace recoscope
