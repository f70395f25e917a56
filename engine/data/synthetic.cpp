// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/synthetic.h"

#include "engine/core/rng.h"
#include "engine/data/synthetic_catalogue.h"
#include "engine/data/synthetic_math.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

using synthetic::exactExp;
using synthetic::exactLog;
using synthetic::exactNormal;

// What makes the curves look like MovieLens. The figures that they reach are in
// tests/engine/data/tst_synthetic.cpp.
constexpr double activitySpread = 1.2;    // of the log of a user's interactions above the least
constexpr double popularitySpread = 1.65; // of the log of an item's appeal, for a catalogue of thousands …
constexpr double popularityGrowth = 0.6;  // … more per factor e above this many items: a longer tail
constexpr double popularityFrom = 3700.0;
constexpr double popularityLimit = 2.8;
constexpr std::int64_t leastActivity = 20; // MovieLens keeps users with 20 ratings and more
constexpr double mostOfCatalogue = 0.75;   // a user's share of all items, at most
constexpr double exposureStrength = 2.2;   // log of exposure per unit of taste at exposureBias 1
constexpr double exposureCap = 2.2;        // taste beyond this brings no more exposure
constexpr double meanRating = 2.75;        // over all pairs; what people choose to watch is rated higher
constexpr double userSpread = 0.45;
constexpr double itemSpread = 0.6;
constexpr double tasteSpread = 0.75;
constexpr double qualityOfPopular = 0.4; // correlation of an item's quality and the log of its appeal
constexpr double halfStarUsers = 0.6;    // the others give whole stars only
constexpr std::int64_t truthLimit = 25'000'000;
constexpr std::int64_t firstDay = 1'451'606'400; // 2016-01-01
constexpr std::int64_t openDays = 2900;

struct World {
    std::int32_t d = 0;
    std::vector<double> userTastes; // users x d
    std::vector<double> itemTastes; // items x d, unit length
    std::vector<double> userBias;
    std::vector<double> itemBias;
    std::vector<double> appeal; // items; how often the item is met, before taste

    /// About standard normal over pairs.
    double taste(std::int32_t user, std::int32_t item) const {
        const double* p = userTastes.data() + static_cast<std::ptrdiff_t>(user) * d;
        const double* q = itemTastes.data() + static_cast<std::ptrdiff_t>(item) * d;
        double sum = 0.0;
        for (std::int32_t k = 0; k < d; ++k)
            sum += p[k] * q[k];
        return sum;
    }
    /// The true rating, strictly inside 0.5..5: linear in the middle, bent at the ends so that order is never
    /// lost.
    double preference(std::int32_t user, std::int32_t item) const {
        const double raw = meanRating + userBias[static_cast<std::size_t>(user)] +
                           itemBias[static_cast<std::size_t>(item)] + tasteSpread * taste(user, item);
        const double z = (raw - 2.75) / 2.25;
        const double z4 = z * z * z * z;
        return 2.75 + 2.25 * z / std::sqrt(std::sqrt(1.0 + z4));
    }
};

std::vector<double> direction(Rng rng, std::int32_t d, double length) {
    std::vector<double> v(static_cast<std::size_t>(d));
    double square = 0.0;
    for (double& x : v) {
        x = exactNormal(rng);
        square += x * x;
    }
    const double scale = square > 0.0 ? length / std::sqrt(square) : 0.0;
    for (double& x : v)
        x *= scale;
    return v;
}

World makeWorld(const SyntheticRecipe& recipe, const synthetic::Catalogue& catalogue,
                const synthetic::Audience& audience) {
    const std::int32_t d = recipe.tastes;
    const auto size = static_cast<std::size_t>(d);
    World world;
    world.d = d;
    const auto stream = [&recipe](std::string_view purpose, std::int32_t block) {
        return Rng::stream(recipe.seed, purpose, 0, static_cast<std::uint64_t>(block));
    };

    std::vector<std::vector<double>> genreTastes;
    for (std::size_t g = 0; g < synthetic::genreNames().size(); ++g)
        genreTastes.push_back(direction(stream("synthetic.genre", static_cast<std::int32_t>(g)), d, 1.0));
    const double spread = std::min(
        popularityLimit,
        popularitySpread + popularityGrowth * std::max(0.0, exactLog(recipe.items / popularityFrom)));
    for (std::int32_t i = 0; i < recipe.items; ++i) {
        // Two parts genre, one part the film's own.
        const auto& genres = catalogue.genres[static_cast<std::size_t>(i)];
        std::vector<double> taste = direction(stream("synthetic.item_taste", i), d, 0.5);
        for (std::size_t g = 0; g < genres.size(); ++g)
            for (std::size_t k = 0; k < size; ++k)
                taste[k] += (g == 0 ? 1.0 : 0.5) * genreTastes[static_cast<std::size_t>(genres[g])][k];
        const double length = std::sqrt(std::inner_product(taste.begin(), taste.end(), taste.begin(), 0.0));
        for (const double x : taste)
            world.itemTastes.push_back(length > 0.0 ? x / length : 0.0);

        Rng rng = stream("synthetic.item", i);
        const double z = exactNormal(rng);
        world.appeal.push_back(exactExp(spread * z));
        world.itemBias.push_back(
            itemSpread *
            (qualityOfPopular * z + std::sqrt(1.0 - qualityOfPopular * qualityOfPopular) * exactNormal(rng)));
    }
    for (std::int32_t u = 0; u < recipe.users; ++u) {
        // Who one is moves one's tastes a little, so that user attributes predict something.
        Rng rng = stream("synthetic.user", u);
        const auto at = static_cast<std::size_t>(u);
        const auto gender = direction(stream("synthetic.gender", audience.gender[at]), d, 0.8);
        const auto age = direction(stream("synthetic.age", audience.age[at]), d, 1.0);
        const auto occupation = direction(stream("synthetic.occupation", audience.occupation[at]), d, 0.5);
        for (std::size_t k = 0; k < size; ++k)
            world.userTastes.push_back(0.9 * exactNormal(rng) + gender[k] + age[k] + occupation[k]);
        world.userBias.push_back(userSpread * exactNormal(rng));
    }
    // Genres crowd the tastes' space unevenly; scaled so that taste is about standard normal over pairs.
    Rng rng = stream("synthetic.scale", 0);
    double square = 0.0;
    constexpr int pairs = 20'000;
    for (int n = 0; n < pairs; ++n) {
        const auto u = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(recipe.users)));
        const auto i = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(recipe.items)));
        const double taste = world.taste(u, i);
        square += taste * taste;
    }
    const double scale = square > 0.0 ? 1.0 / std::sqrt(square / pairs) : 1.0;
    for (double& x : world.userTastes)
        x *= scale;
    return world;
}

/// How many interactions each user has: least + scale * lognormal, cut at the catalogue; the scale is found
/// by bisection so that the sum is exactly recipe.interactions.
std::vector<std::int32_t> activities(const SyntheticRecipe& recipe) {
    const auto users = static_cast<std::size_t>(recipe.users);
    const std::int64_t most = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(mostOfCatalogue * static_cast<double>(recipe.items)));
    const std::int64_t least =
        std::clamp<std::int64_t>(recipe.interactions / recipe.users / 2, 1, leastActivity);
    std::vector<double> shape(users);
    for (std::size_t u = 0; u < users; ++u) {
        Rng rng = Rng::stream(recipe.seed, "synthetic.activity", 0, u);
        shape[u] = exactExp(activitySpread * exactNormal(rng));
    }
    const auto count = [&](double scale, std::size_t u) {
        const double wanted = static_cast<double>(least) + scale * shape[u];
        return wanted >= static_cast<double>(most) ? most : static_cast<std::int64_t>(wanted);
    };
    const auto total = [&](double scale) {
        std::int64_t sum = 0;
        for (std::size_t u = 0; u < users; ++u)
            sum += count(scale, u);
        return sum;
    };
    double low = 0.0;
    double high = 1.0;
    while (total(high) < recipe.interactions && high < 1e12)
        high *= 2.0;
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (total(middle) <= recipe.interactions ? low : high) = middle;
    }
    std::vector<std::int32_t> result(users);
    std::int64_t left = recipe.interactions;
    for (std::size_t u = 0; u < users; ++u) {
        result[u] = static_cast<std::int32_t>(count(low, u));
        left -= result[u];
    }
    while (left > 0) { // what rounding down left over, one a user
        for (std::size_t u = 0; u < users && left > 0; ++u)
            if (result[u] < most) {
                ++result[u];
                --left;
            }
    }
    return result;
}

/// Draws in proportion to fixed weights in O(1) (Vose, IEEE TSE 1991, alias method).
class AliasTable final {
public:
    explicit AliasTable(const std::vector<double>& weights)
        : m_own(weights.size())
        , m_alias(weights.size()) {
        const double mean =
            std::accumulate(weights.begin(), weights.end(), 0.0) / static_cast<double>(weights.size());
        std::vector<std::int32_t> small;
        std::vector<std::int32_t> large;
        for (std::size_t n = 0; n < weights.size(); ++n) {
            m_own[n] = weights[n] / mean;
            m_alias[n] = static_cast<std::int32_t>(n);
            (m_own[n] < 1.0 ? small : large).push_back(static_cast<std::int32_t>(n));
        }
        while (!small.empty() && !large.empty()) {
            const auto s = static_cast<std::size_t>(small.back());
            const auto l = static_cast<std::size_t>(large.back());
            small.pop_back();
            m_alias[s] = static_cast<std::int32_t>(l);
            m_own[l] -= 1.0 - m_own[s];
            if (m_own[l] < 1.0) {
                large.pop_back();
                small.push_back(static_cast<std::int32_t>(l));
            }
        }
        for (const std::int32_t n : small)
            m_own[static_cast<std::size_t>(n)] = 1.0;
        for (const std::int32_t n : large)
            m_own[static_cast<std::size_t>(n)] = 1.0;
    }
    std::int32_t draw(Rng& rng) const {
        const std::uint64_t n = rng.below(m_own.size());
        return rng.uniform() < m_own[n] ? static_cast<std::int32_t>(n) : m_alias[n];
    }

private:
    std::vector<double> m_own;
    std::vector<std::int32_t> m_alias;
};

/// Which items a user meets: one after another in proportion to appeal * e^(strength * taste), none twice.
class Exposure final {
public:
    Exposure(const World& world, double bias)
        : m_world(world)
        , m_strength(exposureStrength * bias)
        , m_byAppeal(world.appeal)
        , m_met(world.appeal.size(), -1) {}

    void choose(std::int32_t user, std::int32_t wanted, Rng& rng, std::vector<std::int32_t>& items) {
        items.clear();
        const std::int32_t itemCount = static_cast<std::int32_t>(m_met.size());
        // By rejection while that is cheaper than looking at every item. Both ways have the same
        // distribution, so they can follow each other.
        for (std::int32_t attempt = 0; attempt < itemCount && std::ssize(items) < wanted; ++attempt) {
            const std::int32_t item = m_byAppeal.draw(rng);
            const double accept = attraction(user, item) - m_strength * exposureCap;
            if (rng.uniform() >= exactExp(accept) || m_met[static_cast<std::size_t>(item)] == user) continue;
            m_met[static_cast<std::size_t>(item)] = user;
            items.push_back(item);
        }
        const auto missing = static_cast<std::size_t>(wanted) - items.size();
        if (missing == 0) return;
        // Efraimidis & Spirakis, IPL 2006: the smallest of exponential variates with the weights as rates.
        m_keys.clear();
        for (std::int32_t item = 0; item < itemCount; ++item) {
            if (m_met[static_cast<std::size_t>(item)] == user) continue;
            const double weight =
                m_world.appeal[static_cast<std::size_t>(item)] * exactExp(attraction(user, item));
            m_keys.emplace_back(-exactLog(1.0 - rng.uniform()) / weight, item);
        }
        const auto end = m_keys.begin() + static_cast<std::ptrdiff_t>(missing);
        std::nth_element(m_keys.begin(), end - 1, m_keys.end());
        std::sort(m_keys.begin(), end);
        for (auto key = m_keys.begin(); key != end; ++key)
            items.push_back(key->second);
    }

private:
    double attraction(std::int32_t user, std::int32_t item) const {
        return m_strength * std::min(exposureCap, m_world.taste(user, item));
    }
    const World& m_world;
    double m_strength;
    AliasTable m_byAppeal;
    std::vector<std::int32_t> m_met; // the last user who met the item
    std::vector<std::pair<double, std::int32_t>> m_keys;
};

/// Every item of the catalogue is met by someone, as in data made of what was rated: items that nobody met
/// take the place of a random interaction whose item has others. As far as there are interactions enough.
void placeUnmet(const SyntheticRecipe& recipe, const std::vector<std::int32_t>& activity,
                std::vector<ItemIndex>& items) {
    std::vector<std::int32_t> counts(static_cast<std::size_t>(recipe.items), 0);
    for (const ItemIndex item : items)
        ++counts[static_cast<std::size_t>(item)];
    if (recipe.interactions < 2 * static_cast<std::int64_t>(recipe.items)) return;
    std::vector<std::int64_t> starts(1, 0);
    for (const std::int32_t n : activity)
        starts.push_back(starts.back() + n);
    Rng rng = Rng::stream(recipe.seed, "synthetic.unmet");
    for (std::int32_t i = 0; i < recipe.items; ++i) {
        while (counts[static_cast<std::size_t>(i)] == 0) {
            ItemIndex& there = items[rng.below(items.size())];
            if (counts[static_cast<std::size_t>(there)] < 2) continue;
            --counts[static_cast<std::size_t>(there)];
            there = ItemIndex{i};
            ++counts[static_cast<std::size_t>(i)];
        }
    }
}

/// A user's times: a few sittings, days apart, with seconds between ratings. Similar films come near each
/// other.
void visitTimes(const World& world, std::span<ItemIndex> items, std::span<std::int64_t> times, Rng& rng) {
    const auto drift = direction(rng, world.d, 1.0);
    std::vector<std::pair<double, ItemIndex>> order;
    for (const ItemIndex item : items) {
        double along = 0.7 * exactNormal(rng);
        for (std::int32_t k = 0; k < world.d; ++k)
            along +=
                drift[static_cast<std::size_t>(k)] *
                world.itemTastes[static_cast<std::size_t>(toInt(item)) * static_cast<std::size_t>(world.d) +
                                 static_cast<std::size_t>(k)];
        order.emplace_back(along, item);
    }
    std::sort(order.begin(), order.end());
    std::int64_t now = firstDay + static_cast<std::int64_t>(rng.uniform() * openDays * 86'400.0);
    const double stay = 1.0 - 1.0 / (25.0 + 0.15 * static_cast<double>(items.size()));
    for (std::size_t n = 0; n < items.size(); ++n) {
        items[n] = order[n].second;
        times[n] = now;
        if (rng.uniform() < stay)
            now += 3 + static_cast<std::int64_t>(rng.below(40));
        else
            now += static_cast<std::int64_t>(86'400.0 * exactExp(1.5 + 1.2 * exactNormal(rng)));
    }
}

float starsFor(double truth, bool halfStars, double noise, Rng& rng) {
    const double felt = truth + noise * exactNormal(rng);
    const double step = halfStars ? 0.5 : 1.0;
    return static_cast<float>(std::clamp(std::floor(felt / step + 0.5) * step, step, 5.0));
}

Status checkRecipe(const SyntheticRecipe& recipe) {
    const auto invalid = [](std::string message, std::string field) {
        return Status(Error{ErrorCode::Invalid, std::move(message), std::move(field)});
    };
    if (recipe.users < 1) return invalid("There must be at least one user", "users");
    if (recipe.items < 1) return invalid("There must be at least one item", "items");
    if (recipe.tastes < 1 || recipe.tastes > 1000) return invalid("Tastes must be from 1 to 1000", "tastes");
    if (!(recipe.noise >= 0.0 && recipe.noise <= 100.0))
        return invalid("Noise must be from 0 to 100", "noise");
    if (!(recipe.exposureBias >= 0.0 && recipe.exposureBias <= 1.0))
        return invalid("The exposure bias must be from 0 to 1", "exposure_bias");
    if (recipe.interactions < recipe.users)
        return invalid("There must be at least one interaction for each user", "interactions");
    const std::int64_t most = std::max<std::int64_t>(
        1, static_cast<std::int64_t>(mostOfCatalogue * static_cast<double>(recipe.items)));
    if (recipe.interactions > most * recipe.users)
        return invalid("With these users and items there can be " + std::to_string(most * recipe.users) +
                           " interactions at most (three quarters of all pairs)",
                       "interactions");
    if (recipe.interactions > 2'000'000'000)
        return Error{ErrorCode::Limit, "More than 2,000,000,000 interactions cannot be made", "interactions"};
    return {};
}

IdMap numberedIds(std::int32_t count) {
    IdMap ids;
    for (std::int32_t n = 1; n <= count; ++n)
        ids.insert(std::to_string(n));
    return ids;
}

} // namespace

SyntheticRecipe sampleRecipe() { return SyntheticRecipe{}; }

Result<DatasetPtr> generateDataset(const SyntheticRecipe& recipe, RunControl* control) {
    if (const Status status = checkRecipe(recipe); !status) return status.error();
    const auto stopped = [control] { return control && !control->keepGoing(); };
    const Error cancelled{ErrorCode::Cancelled, "Generating the data was cancelled", recipePath(recipe)};

    synthetic::Catalogue catalogue = synthetic::makeCatalogue(recipe.items, recipe.seed);
    if (stopped()) return cancelled;
    synthetic::Audience audience = synthetic::makeAudience(recipe.users, recipe.seed);
    if (stopped()) return cancelled;
    const World world = makeWorld(recipe, catalogue, audience);
    if (stopped()) return cancelled;
    const std::vector<std::int32_t> activity = activities(recipe);

    DatasetParts parts;
    InteractionColumns& rows = parts.rows;
    const auto count = static_cast<std::size_t>(recipe.interactions);
    rows.items.reserve(count);
    Exposure exposure(world, recipe.exposureBias);
    std::vector<std::int32_t> met;
    for (std::int32_t u = 0; u < recipe.users; ++u) {
        if (stopped()) return cancelled;
        Rng rng = Rng::stream(recipe.seed, "synthetic.exposure", 0, static_cast<std::uint64_t>(u));
        exposure.choose(u, activity[static_cast<std::size_t>(u)], rng, met);
        for (const std::int32_t item : met)
            rows.items.push_back(ItemIndex{item});
    }
    placeUnmet(recipe, activity, rows.items);

    rows.users.reserve(count);
    rows.values.reserve(count);
    rows.times.resize(count);
    std::size_t begin = 0;
    for (std::int32_t u = 0; u < recipe.users; ++u) {
        if (stopped()) return cancelled;
        const auto n = static_cast<std::size_t>(activity[static_cast<std::size_t>(u)]);
        Rng rng = Rng::stream(recipe.seed, "synthetic.rating", 0, static_cast<std::uint64_t>(u));
        const bool halfStars = rng.uniform() < halfStarUsers;
        const auto items = std::span(rows.items).subspan(begin, n);
        visitTimes(world, items, std::span(rows.times).subspan(begin, n), rng);
        for (const ItemIndex item : items) {
            rows.users.push_back(UserIndex{u});
            rows.values.push_back(starsFor(world.preference(u, toInt(item)), halfStars, recipe.noise, rng));
        }
        begin += n;
    }

    if (recipe.keepTruth && static_cast<std::int64_t>(recipe.users) * recipe.items <= truthLimit) {
        auto truth = std::make_shared<GroundTruth>();
        truth->preference.resize(recipe.users, recipe.items);
        for (std::int32_t u = 0; u < recipe.users; ++u) {
            if (stopped()) return cancelled;
            for (std::int32_t i = 0; i < recipe.items; ++i)
                truth->preference(u, i) = static_cast<float>(world.preference(u, i));
        }
        parts.truth = std::move(truth);
    }
    parts.users = numberedIds(recipe.users);
    parts.items = numberedIds(recipe.items);
    parts.userFeatures = std::move(audience.features);
    parts.itemFeatures = std::move(catalogue.features);
    parts.timeUnit = TimeUnit::Seconds;
    parts.provenance.path = recipePath(recipe);
    parts.provenance.format = "generated";
    parts.provenance.title =
        recipe == sampleRecipe() ? "Built-in sample (synthetic)" : "Generated data (synthetic)";
    parts.provenance.synthetic = true;
    return Dataset::make(std::move(parts));
}

} // namespace recoscope
