// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/core/rng.h"
#include "engine/train/search/search_space.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

enum class SearchMethod {
    Grid,    // every combination, in order
    Random,  // independent draws
    Tpe,     // learns from the trials so far where good values lie
    Halving, // many short trials, the best third of them again with three times the epochs, and so on
};
/// Key used in files and commands ("random"), and back.
std::string_view searchMethodKey(SearchMethod method);
Result<SearchMethod> searchMethodFromKey(std::string_view key);

/// What a person asks of a search. Plain data.
struct SearchPlan {
    SearchMethod method = SearchMethod::Random;
    int trials = 30;    // grid: at most; halving: that begin
    std::string metric; // on validation: "ndcg@10", "rmse"; empty: what early stopping watches
    std::string space;  // see SearchSpace::parse
    std::uint64_t seed = 42;
    bool operator==(const SearchPlan&) const = default;
};

/// One point to try.
struct Trial {
    int number = 0;  // from 1
    ParamMap params; // what the search sets; the rest stays as the plan has it
    int epochs = 0;  // a halving round's; 0: what the parameters say
    int round = 0;   // of halving, from 0
    bool operator==(const Trial&) const = default;
};

/// What became of a trial; empty: it failed, which counts as worst.
using TrialValue = std::optional<double>;

/// Says what to try next. Proposals depend on the plan, the seed and the values told so far and on nothing
/// else, so a search goes on where it was cut off by telling the stored values again. One thread.
///
/// Random: Bergstra & Bengio, "Random Search for Hyper-Parameter Optimization", JMLR 2012. Tpe: Bergstra,
/// Bardenet, Bengio & Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011, section 4: the best
/// fifth and the rest each give a density by dimension, and of draws from the first the one with the largest
/// quotient is tried; the first eight trials are random, and later, unlike there,
/// every seventh number or so. Halving: Jamieson & Talwalkar, "Non-stochastic Best
/// Arm Identification and Hyperparameter Optimization", AISTATS 2016, with η = 3; a trial that goes on is
/// trained anew with more epochs. Where an algorithm has no epochs all trials of halving are full ones.
class Search final {
public:
    /// @param base  the plan's other parameters: the epochs that halving ends with, and what says which
    /// parameters make a difference
    static Result<Search> make(const AlgorithmInfo& algorithm, const SearchPlan& plan, const ParamMap& base,
                               bool higherIsBetter);

    const SearchSpace& space() const { return m_space; }
    /// The trial to run now; nothing when the search is over. The same until tell().
    const std::optional<Trial>& next() const { return m_next; }
    /// The value of next(), and on to the one after it.
    void tell(TrialValue value);

    const std::vector<Trial>& trials() const { return m_trials; } // told ones
    const std::vector<TrialValue>& values() const { return m_values; }
    /// Into trials(): the best value so far, of those with the most epochs; nothing before one succeeded.
    std::optional<std::size_t> best() const;
    /// How many trials there will be, at most.
    int plannedTrials() const { return m_planned; }

private:
    using Place = std::vector<double>; // from 0 to 1, by dimension

    Search() = default;
    void propose();
    std::optional<Place> place(int number) const;
    Place randomPlace(Rng& rng) const;
    Place tpePlace(Rng& rng) const;
    void proposeRound();
    bool better(const TrialValue& a, const TrialValue& b) const;
    ParamMap paramsAt(const Place& place) const;
    bool tried(const ParamMap& params) const;
    std::vector<std::size_t> ranked(std::size_t first, std::size_t last) const; // trials, best first
    double gridCount() const;
    void chooseGridPoints();

    SearchPlan m_plan;
    SearchSpace m_space;
    std::vector<int> m_points; // grid: by dimension
    const ParamSchema* m_schema = nullptr;
    ParamMap m_base;
    bool m_higherIsBetter = true;
    int m_epochs = 0; // halving's last round; 0: the algorithm has no epochs
    int m_planned = 0;
    std::vector<Trial> m_trials;
    std::vector<TrialValue> m_values;
    std::vector<Place> m_places;
    std::optional<Trial> m_next;
    Place m_nextPlace;

    struct Round {
        int size = 0;
        int epochs = 0;
    };
    std::vector<Round> m_rounds;
};

} // namespace recoscope
