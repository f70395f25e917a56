// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/search/search.h"

#include "engine/train/search/parzen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

constexpr std::array<std::pair<SearchMethod, std::string_view>, 4> keys{{{SearchMethod::Grid, "grid"},
                                                                         {SearchMethod::Random, "random"},
                                                                         {SearchMethod::Tpe, "tpe"},
                                                                         {SearchMethod::Halving, "halving"}}};

constexpr int randomBegin = 8;    // of tpe
constexpr double goodShare = 0.2; // of tpe
constexpr int mostGood = 25;      // of tpe
constexpr int candidates = 24;    // of tpe, by dimension
constexpr double astray = 0.15;   // of tpe: how often a dimension is left to chance
constexpr int attempts = 64;      // at a point that has not been tried
constexpr int eta = 3;            // of halving

std::int64_t epochsOf(const ParamSchema& schema, const ParamMap& base) {
    if (!schema.find("epochs")) return 0;
    const auto complete = schema.complete(base);
    if (!complete) return 0;
    return static_cast<std::int64_t>(numberIn(*complete, "epochs").value_or(0.0));
}

} // namespace

std::string_view searchMethodKey(SearchMethod method) {
    for (const auto& [each, key] : keys)
        if (each == method) return key;
    return "random";
}

Result<SearchMethod> searchMethodFromKey(std::string_view key) {
    for (const auto& [method, name] : keys)
        if (name == key) return method;
    return Error{ErrorCode::Invalid,
                 "There is no search method '" + std::string(key) + "'; known are grid, random, tpe, halving",
                 "search.method"};
}

Result<Search> Search::make(const AlgorithmInfo& algorithm, const SearchPlan& plan, const ParamMap& base,
                            bool higherIsBetter) {
    Search search;
    search.m_plan = plan;
    search.m_schema = &algorithm.schema();
    search.m_base = base;
    search.m_higherIsBetter = higherIsBetter;
    if (plan.trials < 1 || plan.trials > 100000)
        return Error{ErrorCode::Invalid, "A search has 1 to 100,000 trials", "search.trials"};
    if (const auto checked = search.m_schema->complete(base); !checked) return checked.error();
    auto space = SearchSpace::parse(*search.m_schema, plan.space);
    if (!space) return space.error();
    search.m_space = std::move(*space);

    if (plan.method == SearchMethod::Grid) {
        search.chooseGridPoints();
        if (search.gridCount() > plan.trials)
            return Error{ErrorCode::Invalid,
                         "The grid has more points than the " + std::to_string(plan.trials) +
                             " trials that are allowed; allow more, or name fewer parameters or points",
                         "search.trials"};
        search.m_planned = static_cast<int>(search.gridCount());
    } else if (plan.method == SearchMethod::Halving) {
        const bool iterative = algorithm.capabilities.iterative;
        search.m_epochs = iterative ? static_cast<int>(epochsOf(*search.m_schema, base)) : 0;
        for (const SearchDimension& each : search.m_space.dimensions())
            if (search.m_epochs > 0 && each.key == "epochs")
                return Error{ErrorCode::Invalid,
                             "Halving sets the epochs itself; take them out of the search", "search.space"};
        int rounds = 1;
        double shortest = search.m_epochs;
        for (int left = plan.trials / eta; left >= 1 && shortest / eta >= 1.0; left /= eta) {
            shortest /= eta;
            ++rounds;
        }
        int size = plan.trials;
        for (int round = 0; round < rounds; ++round) {
            const double epochs = search.m_epochs / std::pow(eta, rounds - 1 - round);
            search.m_rounds.push_back({size, static_cast<int>(std::round(epochs))});
            search.m_planned += size;
            size = std::max(1, size / eta);
        }
    } else {
        search.m_planned = plan.trials;
    }
    search.propose();
    return search;
}

void Search::chooseGridPoints() {
    const auto& dimensions = m_space.dimensions();
    m_points.assign(dimensions.size(), 1);
    const auto most = [&](std::size_t d) {
        const double different = dimensions[d].count();
        return different > 0.0 ? static_cast<int>(std::min(different, 1e6)) : 1000000;
    };
    for (std::size_t d = 0; d < dimensions.size(); ++d)
        m_points[d] = dimensions[d].listed() ? most(d) : std::min(std::max(1, dimensions[d].points), most(d));
    // Ranges without a number of points share what the trials leave, one more for each in turn.
    for (bool grew = true; grew;) {
        grew = false;
        for (std::size_t d = 0; d < dimensions.size(); ++d) {
            if (dimensions[d].listed() || dimensions[d].points > 0 || m_points[d] >= most(d)) continue;
            ++m_points[d];
            if (gridCount() > m_plan.trials)
                --m_points[d];
            else
                grew = true;
        }
    }
}

double Search::gridCount() const {
    return std::accumulate(m_points.begin(), m_points.end(), 1.0,
                           [](double product, int points) { return product * points; });
}

bool Search::better(const TrialValue& a, const TrialValue& b) const {
    if (!a || !b) return a.has_value() && !b.has_value();
    return m_higherIsBetter ? *a > *b : *a < *b;
}

std::vector<std::size_t> Search::ranked(std::size_t first, std::size_t last) const {
    std::vector<std::size_t> order(last - first);
    std::iota(order.begin(), order.end(), first);
    std::stable_sort(order.begin(), order.end(),
                     [this](std::size_t a, std::size_t b) { return better(m_values[a], m_values[b]); });
    return order;
}

std::optional<std::size_t> Search::best() const {
    std::optional<std::size_t> found;
    for (std::size_t n = 0; n < m_values.size(); ++n) {
        if (!m_values[n]) continue;
        if (!found || m_trials[n].round > m_trials[*found].round || better(m_values[n], m_values[*found]))
            found = n;
    }
    return found;
}

ParamMap Search::paramsAt(const Place& place) const {
    ParamMap params;
    const auto& dimensions = m_space.dimensions();
    for (std::size_t d = 0; d < dimensions.size(); ++d)
        params[dimensions[d].key] = dimensions[d].at(place[d]);
    // What another parameter switches off makes no difference and is not set.
    ParamMap all = m_base;
    for (const auto& [key, value] : params)
        all[key] = value;
    if (const auto complete = m_schema->complete(all))
        for (const SearchDimension& each : dimensions)
            if (!m_schema->enabled(*m_schema->find(each.key), *complete)) params.erase(each.key);
    return params;
}

bool Search::tried(const ParamMap& params) const {
    return std::any_of(m_trials.begin(), m_trials.end(),
                       [&](const Trial& trial) { return trial.params == params; });
}

Search::Place Search::randomPlace(Rng& rng) const {
    Place place(m_space.dimensions().size());
    for (double& each : place)
        each = rng.uniform();
    return place;
}

Search::Place Search::tpePlace(Rng& rng) const {
    const std::vector<std::size_t> order = ranked(0, m_trials.size());
    const auto good = static_cast<std::size_t>(std::clamp<double>(
        std::ceil(goodShare * static_cast<double>(order.size())), 1.0, static_cast<double>(mostGood)));
    Place place(m_space.dimensions().size());
    for (std::size_t d = 0; d < place.size(); ++d) {
        const SearchDimension& dimension = m_space.dimensions()[d];
        std::vector<double> above;
        std::vector<double> below;
        for (std::size_t n = 0; n < order.size(); ++n)
            (n < good ? above : below).push_back(m_places[order[n]][d]);
        const int values = dimension.listed() ? static_cast<int>(dimension.values.size()) : 0;
        // The quotient alone would stay with the first listed value that had luck for ever.
        place[d] = rng.uniform();
        if (rng.uniform() < astray) continue;
        const ParzenDensity fine(above, values);
        const ParzenDensity poor(below, values);
        double best = 0.0;
        for (int n = 0; n < candidates; ++n) {
            const double drawn = fine.draw(rng);
            const double quotient = fine.at(drawn) / poor.at(drawn);
            if (n > 0 && !(quotient > best)) continue;
            best = quotient;
            place[d] = drawn;
        }
    }
    return place;
}

std::optional<Search::Place> Search::place(int number) const {
    if (m_plan.method == SearchMethod::Grid) {
        auto rest = static_cast<std::int64_t>(number) - 1;
        Place place(m_points.size());
        for (std::size_t d = m_points.size(); d-- > 0;) { // the last dimension moves first
            const auto n = static_cast<double>(rest % m_points[d]);
            rest /= m_points[d];
            const SearchDimension& dimension = m_space.dimensions()[d];
            const double points = m_points[d];
            // The ends of a range are points; a listed value is met in the middle of its stretch.
            const bool stretch = dimension.listed() || points == 1.0;
            place[d] = stretch ? (n + 0.5) / points : n / (points - 1.0);
        }
        return place;
    }
    Rng rng = Rng::stream(m_plan.seed, "search", static_cast<std::uint64_t>(number));
    const bool learned = m_plan.method == SearchMethod::Tpe && number > randomBegin;
    for (int n = 0; n < attempts; ++n) {
        // A density that only proposes what has been tried gives way to chance.
        Place place = learned && n < attempts / 2 ? tpePlace(rng) : randomPlace(rng);
        if (!tried(paramsAt(place))) return place;
    }
    return std::nullopt;
}

void Search::propose() {
    m_next.reset();
    const int number = static_cast<int>(m_trials.size()) + 1;
    if (number > m_planned) return;
    if (m_plan.method == SearchMethod::Halving && number > m_rounds.front().size) {
        proposeRound();
        return;
    }
    auto found = place(number);
    if (!found && m_plan.method == SearchMethod::Halving) {
        // Fewer different points than trials: the rounds shrink with them.
        m_planned = 0;
        int size = number - 1;
        for (Round& round : m_rounds) {
            round.size = size;
            m_planned += size;
            size = std::max(1, size / eta);
        }
        if (number <= m_planned) proposeRound();
        return;
    }
    if (!found) {
        m_planned = number - 1; // the space has no more points
        return;
    }
    m_nextPlace = std::move(*found);
    Trial trial{.number = number, .params = paramsAt(m_nextPlace)};
    if (m_plan.method == SearchMethod::Halving) trial.epochs = m_rounds.front().epochs;
    m_next = std::move(trial);
}

void Search::proposeRound() {
    std::size_t first = 0; // of the round before
    std::size_t round = 1;
    while (m_trials.size() >=
           first + static_cast<std::size_t>(m_rounds[round - 1].size + m_rounds[round].size)) {
        first += static_cast<std::size_t>(m_rounds[round - 1].size);
        ++round;
    }
    const std::size_t begin = first + static_cast<std::size_t>(m_rounds[round - 1].size);
    const std::size_t from = ranked(first, begin)[m_trials.size() - begin];
    m_nextPlace = m_places[from];
    m_next = Trial{.number = static_cast<int>(m_trials.size()) + 1,
                   .params = m_trials[from].params,
                   .epochs = m_rounds[round].epochs,
                   .round = static_cast<int>(round)};
}

void Search::tell(TrialValue value) {
    if (!m_next) return;
    if (value && !std::isfinite(*value)) value.reset();
    m_trials.push_back(std::move(*m_next));
    m_places.push_back(std::move(m_nextPlace));
    m_values.push_back(value);
    propose();
}

} // namespace recoscope
