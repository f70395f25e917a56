// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/candidates.h"

#include "engine/core/rng.h"
#include "engine/eval/metric_definition.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace recoscope {

bool isRelevant(float rating, const EvaluationOptions& options) {
    return options.relevanceThreshold == 0.0 || static_cast<double>(rating) >= options.relevanceThreshold;
}

CandidateKind usualCandidates(SplitKind split) {
    return split == SplitKind::ColdItems ? CandidateKind::Cold : CandidateKind::All;
}

void followSplit(CandidateSpec& candidates, SplitKind before, SplitKind after) {
    if (candidates.kind == usualCandidates(before)) candidates.kind = usualCandidates(after);
}

Relevance::Relevance(const EvaluationOptions& options, const Split& split)
    : m_options(options)
    , m_split(split) {}

bool Relevance::operator()(UserIndex user, ItemIndex item, float rating) const {
    if (!isRelevant(rating, m_options)) return false;
    if (m_options.candidates.kind == CandidateKind::Given) {
        const UserItemCsr& negatives = m_split.dataset()->negatives();
        return !negatives.empty() && negatives.rowSize(user) > 0;
    }
    return m_options.candidates.kind != CandidateKind::Cold || m_split.trainByItem().rowSize(item) == 0;
}

Exclusions::Exclusions(const EvaluationOptions& options, const Split& split, Target target) {
    if (options.excludeTrain) m_history = &historyOf(split, target);
    if (target == Target::Test && options.excludeValidationAtTest && !split.validation().empty())
        m_validation = &split.validation();
}

NegativeDraw::NegativeDraw(const CandidateSpec& spec, const Split& split)
    : m_spec(spec)
    , m_items(static_cast<std::size_t>(split.dataset()->itemCount())) {
    if (spec.kind != CandidateKind::Popular) return;
    m_ends.resize(m_items);
    std::int64_t sum = 0;
    for (std::size_t item = 0; item < m_items; ++item) {
        sum += split.trainByItem().rowSize(ItemIndex{static_cast<std::int32_t>(item)});
        m_ends[item] = sum;
    }
}

void NegativeDraw::draw(UserIndex user, std::vector<std::uint8_t>& taken,
                        std::span<const ItemIndex> takenOnes, std::vector<ItemIndex>& out) const {
    out.clear();
    if (m_spec.kind == CandidateKind::Popular) {
        std::int64_t mass = m_ends.empty() ? 0 : m_ends.back();
        for (const ItemIndex item : takenOnes) {
            const auto n = static_cast<std::size_t>(item);
            mass -= m_ends[n] - (n > 0 ? m_ends[n - 1] : 0);
        }
        drawPopular(user, taken, mass, out);
    } else {
        drawUniform(user, taken, m_items - takenOnes.size(), out);
    }
    for (const ItemIndex item : out)
        taken[static_cast<std::size_t>(item)] = 0;
}

// Both draw anew what is taken already, as long as that is seldom; then they put the rest in a random order.
// When they change over depends on what was drawn so far, not on how many are wanted, so that a shorter draw
// is a longer one's beginning.

void NegativeDraw::drawUniform(UserIndex user, std::vector<std::uint8_t>& taken, std::size_t available,
                               std::vector<ItemIndex>& out) const {
    const auto wanted = static_cast<std::size_t>(m_spec.negatives);
    Rng rng = Rng::stream(m_spec.seed, "uniform-negatives", 0, static_cast<std::uint64_t>(user));
    while (out.size() < wanted && available * 4 >= m_items && available > 0) {
        const auto item = static_cast<std::size_t>(rng.below(m_items));
        if (taken[item]) continue;
        taken[item] = 1;
        out.push_back(ItemIndex{static_cast<std::int32_t>(item)});
        --available;
    }
    if (out.size() >= wanted || available == 0) return;
    std::vector<ItemIndex> rest;
    rest.reserve(available);
    for (std::size_t item = 0; item < m_items; ++item)
        if (!taken[item]) rest.push_back(ItemIndex{static_cast<std::int32_t>(item)});
    const std::size_t missing = std::min(wanted - out.size(), rest.size());
    rng.drawToFront(std::span(rest), missing);
    out.insert(out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(missing));
}

void NegativeDraw::drawPopular(UserIndex user, std::vector<std::uint8_t>& taken, std::int64_t mass,
                               std::vector<ItemIndex>& out) const {
    const auto wanted = static_cast<std::size_t>(m_spec.negatives);
    const auto count = [this](std::size_t item) { return m_ends[item] - (item > 0 ? m_ends[item - 1] : 0); };
    Rng rng = Rng::stream(m_spec.seed, "popular-negatives", 0, static_cast<std::uint64_t>(user));
    while (out.size() < wanted && mass > 0 && mass * 4 >= m_ends.back()) {
        const auto at = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(m_ends.back())));
        const auto item =
            static_cast<std::size_t>(std::upper_bound(m_ends.begin(), m_ends.end(), at) - m_ends.begin());
        if (taken[item]) continue;
        taken[item] = 1;
        out.push_back(ItemIndex{static_cast<std::int32_t>(item)});
        mass -= count(item);
    }
    if (out.size() >= wanted || mass <= 0) return;
    // The order of successive draws by weight is that of −ln(u) / weight (Efraimidis & Spirakis, Information
    // Processing Letters 2006).
    std::vector<std::pair<double, std::int32_t>> rest;
    for (std::size_t item = 0; item < m_items; ++item)
        if (!taken[item] && count(item) > 0)
            rest.emplace_back(-std::log(1.0 - rng.uniform()) / static_cast<double>(count(item)),
                              static_cast<std::int32_t>(item));
    const std::size_t more = std::min(wanted - out.size(), rest.size());
    std::partial_sort(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(more), rest.end());
    for (std::size_t n = 0; n < more; ++n)
        out.push_back(ItemIndex{rest[n].second});
}

} // namespace recoscope
