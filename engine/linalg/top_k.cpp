// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/top_k.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace recoscope {

namespace {

struct Candidate {
    float score;
    std::int32_t index;
};

bool better(const Candidate& a, const Candidate& b) {
    return a.score > b.score || (a.score == b.score && a.index < b.index);
}

constexpr std::size_t lanes = 16;
constexpr std::size_t blockSize = 4 * lanes;
constexpr float lowest = -std::numeric_limits<float>::infinity();

/// Whether any of a block's scores is above the bar. No early exit: this is a handful of vector compares.
bool anyAbove(const float* scores, float bar) {
    int any = 0;
    for (std::size_t n = 0; n < blockSize; ++n)
        any |= static_cast<int>(scores[n] > bar);
    return any != 0;
}

/// A bar that at least k scores reach and few others do: the scores are dealt into groups, and the k-th
/// largest of the groups' maxima is reached by k scores of different groups. -infinity where the list is too
/// short for that.
float barReachedBy(std::size_t k, std::span<const float> scores, std::vector<float>& maxima) {
    // Some twelve groups for each of the k: then about 4 % more scores than k reach the bar.
    const std::size_t segments = (12 * k + lanes - 1) / lanes;
    const std::size_t length = scores.size() / segments / lanes * lanes;
    if (length < 2 * lanes) return lowest;
    maxima.resize(segments * lanes);
    for (std::size_t segment = 0; segment < segments; ++segment) {
        const float* from = scores.data() + segment * length;
        float* most = maxima.data() + segment * lanes;
        std::fill(most, most + lanes, lowest); // NaN never wins against it
        for (std::size_t n = 0; n < length; n += lanes) {
            const float* here = from + n;
            for (std::size_t lane = 0; lane < lanes; ++lane)
                most[lane] = here[lane] > most[lane] ? here[lane] : most[lane];
        }
    }
    std::nth_element(maxima.begin(), maxima.begin() + static_cast<std::ptrdiff_t>(k - 1), maxima.end(),
                     std::greater<>());
    return maxima[k - 1];
}

} // namespace

int topK(std::span<const float> scores, std::span<std::int32_t> out) {
    const std::size_t k = out.size();
    if (k == 0) return 0;
    // Collect what reaches the bar; should the buffer fill all the same (many equal scores), cut it to k and
    // raise the bar to the k-th best seen so far. Nearly all blocks of a long list fail the one test with the
    // bar.
    thread_local std::vector<Candidate> kept;
    thread_local std::vector<float> maxima;
    const std::size_t room = std::max<std::size_t>(4 * k, 64);
    kept.clear();
    kept.reserve(room);
    // From here on only what is above the bar enters; one step below lets in what equals the first bar.
    float bar = std::nextafter(barReachedBy(k, scores, maxima), lowest);
    const auto take = [&](std::size_t n) {
        if (!(scores[n] > bar)) return; // after the first raise an equal score at a higher index never enters
        kept.push_back({scores[n], static_cast<std::int32_t>(n)});
        if (kept.size() < room) return;
        std::nth_element(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(k - 1), kept.end(), better);
        kept.resize(k);
        bar = kept[k - 1].score;
    };
    std::size_t n = 0;
    for (; n + blockSize <= scores.size(); n += blockSize) {
        if (!anyAbove(scores.data() + n, bar)) continue;
        for (std::size_t m = n; m < n + blockSize; ++m)
            take(m);
    }
    for (; n < scores.size(); ++n)
        take(n);

    const std::size_t found = std::min(k, kept.size());
    std::partial_sort(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(found), kept.end(), better);
    for (std::size_t m = 0; m < found; ++m)
        out[m] = kept[m].index;
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(found), out.end(), -1);
    return static_cast<int>(found);
}

} // namespace recoscope
