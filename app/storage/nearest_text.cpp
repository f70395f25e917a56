// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/nearest_text.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace recoscope {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::size_t editDistance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (lower(a[i - 1]) != lower(b[j - 1]))});
            diagonal = above;
        }
    }
    return row[b.size()];
}

} // namespace

std::string nearestText(std::string_view word, std::span<const std::string> known) {
    if (word.size() > 200) return {}; // hostile input: not a slip of the keyboard
    std::string best;
    std::size_t bestDistance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const std::string& candidate : known) {
        const std::size_t distance = editDistance(word, candidate);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string didYouMean(std::string_view word, std::span<const std::string> known) {
    const std::string nearest = nearestText(word, known);
    return nearest.empty() ? std::string() : "; did you mean '" + nearest + "'?";
}

} // namespace recoscope
