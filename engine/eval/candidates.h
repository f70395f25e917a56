// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/split.h"
#include "engine/eval/evaluation_options.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// What is ranked on such a split where nobody says otherwise: held-out items among themselves, as the
/// literature on new items does, because a model that ranks them among known ones is judged by those; on any
/// other split all items.
CandidateKind usualCandidates(SplitKind split);
/// Another split: what was usual for the former one becomes what is usual for the new one; what was chosen
/// stays.
void followSplit(CandidateSpec& candidates, SplitKind before, SplitKind after);

/// Which held-out items count as relevant for whom: rated at or above the threshold; with candidates Given
/// only for users who have negatives, with Cold only items without training interactions. Immutable; any
/// thread. The split and the options must stay alive.
class Relevance final {
public:
    Relevance(const EvaluationOptions& options, const Split& split);
    bool operator()(UserIndex user, ItemIndex item, float rating) const;

private:
    const EvaluationOptions& m_options;
    const Split& m_split;
};

/// What the user's history and, at test time, the validation part take out of the candidates.
class Exclusions final {
public:
    Exclusions(const EvaluationOptions& options, const Split& split, Target target);
    /// Calls body(item) once for each excluded item.
    template <class Body>
    void forEach(UserIndex user, Body&& body) const {
        if (m_history)
            for (const ItemIndex item : m_history->cols(user))
                body(item);
        if (!m_validation) return;
        // The parts of a split are disjoint, but a history of its own need not be.
        for (const ItemIndex item : m_validation->cols(user))
            if (!m_history || !m_history->contains(user, item)) body(item);
    }

private:
    const UserItemCsr* m_history = nullptr;
    const UserItemCsr* m_validation = nullptr;
};

/// Draws a user's negatives. What is drawn depends on seed, user and split alone: the first n of a longer
/// draw are the draw of n, for any model. Immutable; any thread. The split must stay alive.
class NegativeDraw final {
public:
    /// @param spec  Uniform or Popular.
    NegativeDraw(const CandidateSpec& spec, const Split& split);

    /// Up to spec.negatives different items that are not taken, in the order drawn; fewer where there are not
    /// so many (Popular: with training interactions). Uniform: all alike. Popular: each next one in
    /// proportion to its training interactions.
    /// @param taken      by item, not 0 for what cannot be drawn; changed and changed back.
    /// @param takenOnes  the items for which it is not 0, each once.
    /// O(drawn + taken), or O(items) where the draw takes much of what is there.
    void draw(UserIndex user, std::vector<std::uint8_t>& taken, std::span<const ItemIndex> takenOnes,
              std::vector<ItemIndex>& out) const;

private:
    void drawUniform(UserIndex user, std::vector<std::uint8_t>& taken, std::size_t available,
                     std::vector<ItemIndex>& out) const;
    void drawPopular(UserIndex user, std::vector<std::uint8_t>& taken, std::int64_t mass,
                     std::vector<ItemIndex>& out) const;

    CandidateSpec m_spec;
    std::size_t m_items = 0;
    std::vector<std::int64_t> m_ends; // Popular: sums of training interactions up to and with each item
};

} // namespace recoscope
