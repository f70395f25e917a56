// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/linalg/top_k.h"

#include <algorithm>
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

constexpr std::size_t blockSize = 64;

/// Whether any of a block's scores is above the bar. No early exit: this is a handful of vector compares.
bool anyAbove(const float* scores, float bar) {
    int any = 0;
    for (std::size_t n = 0; n < blockSize; ++n)
        any |= static_cast<int>(scores[n] > bar);
    return any != 0;
}

} // namespace

int topK(std::span<const float> scores, std::span<std::int32_t> out) {
    const std::size_t k = out.size();
    if (k == 0) return 0;
    // Collect what beats the k-th best seen so far; when the buffer is full, cut it to k and raise the bar.
    // Nearly all blocks of a long list fail the one test with the bar.
    thread_local std::vector<Candidate> kept;
    const std::size_t room = std::max<std::size_t>(4 * k, 64);
    kept.clear();
    kept.reserve(room);
    float bar = -std::numeric_limits<float>::infinity();
    const auto take = [&](std::size_t n) {
        if (!(scores[n] > bar)) return; // an equal score at a higher index never enters
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
