// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/synthetic_catalogue.h"

#include "engine/core/rng.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

namespace recoscope::synthetic {

namespace {

constexpr std::array<std::string_view, 60> adjectives{
    "Amber",   "Backward", "Bitter",   "Borrowed", "Brittle",   "Candid",   "Careful",  "Cobalt",   "Crooked",
    "Distant", "Drowsy",   "Eleventh", "Faded",    "Feral",     "Final",    "Frozen",   "Gentle",   "Gilded",
    "Hollow",  "Honest",   "Humble",   "Idle",     "Ivory",     "Jagged",   "Late",     "Lonesome", "Loud",
    "Lucky",   "Marble",   "Mild",     "Minor",    "Muddy",     "Nameless", "Narrow",   "Northern", "Obscure",
    "Orderly", "Pale",     "Paper",    "Patient",  "Polite",    "Quiet",    "Reckless", "Restless", "Rusty",
    "Salted",  "Scarlet",  "Second",   "Silver",   "Sleepless", "Slow",     "Southern", "Stubborn", "Sudden",
    "Tender",  "Twisted",  "Unsent",   "Velvet",   "Wandering", "Winter"};
constexpr std::array<std::string_view, 80> nouns{
    "Accordion",  "Almanac",      "Anchor",  "Apiary",     "Archive",   "Arrow",     "Atlas",     "Avalanche",
    "Balcony",    "Ballad",       "Bargain", "Beacon",     "Bell",      "Bicycle",   "Bridge",    "Candle",
    "Caravan",    "Cartographer", "Cellar",  "Chandelier", "Clock",     "Comet",     "Compass",   "Corridor",
    "Courier",    "Crossing",     "Curtain", "Diver",      "Echo",      "Elevator",  "Embassy",   "Engine",
    "Envelope",   "Feather",      "Ferry",   "Fiddler",    "Furnace",   "Garden",    "Glacier",   "Harbour",
    "Harvest",    "Horizon",      "Inkwell", "Island",     "Kettle",    "Kingdom",   "Lantern",   "Ledger",
    "Lighthouse", "Locksmith",    "Machine", "Mapmaker",   "Meadow",    "Messenger", "Mirror",    "Monsoon",
    "Notebook",   "Orchard",      "Orchid",  "Parade",     "Passenger", "Pendulum",  "Piano",     "Pilgrim",
    "Postcard",   "Quarry",       "Quarter", "Raven",      "Reservoir", "Saddle",    "Satellite", "Secret",
    "Sparrow",    "Station",      "Summit",  "Telegram",   "Tower",     "Umbrella",  "Voyage",    "Window"};
constexpr std::array<std::string_view, 36> places{
    "Alderbrook",    "Ashmere",   "Bellhaven",    "Birchport",      "Calloway",   "Carrowfell",
    "Corvale",       "Dunmarrow", "Eastmere Bay", "Elmstead",       "Fallowdale", "Fernhollow",
    "Gravesby",      "Greywater", "Halloway",     "Harrowend Pier", "Ironvale",   "Juniper Ridge",
    "Kestrel Point", "Larkspur",  "Lowmoor",      "Maplecross",     "Marrowby",   "Nettlefield",
    "Oakhaven",      "Pinebluff", "Quillport",    "Ravensholt",     "Saltmarsh",  "Silverlake",
    "Stonebury",     "Thornwick", "Umberley",     "Vesper Hill",    "Westmarsh",  "Yarrow Bend"};
constexpr std::array<std::string_view, 36> names{
    "Abigail", "Ansel",    "Beatrix", "Cassius", "Clementine", "Desmond", "Edda",    "Elias",      "Esme",
    "Fabian",  "Greta",    "Hector",  "Ines",    "Ivo",        "Jonah",   "Junia",   "Kasimir",    "Leonora",
    "Lionel",  "Mabel",    "Magnus",  "Mirela",  "Nadia",      "Orson",   "Ottilie", "Percival",   "Petra",
    "Quentin", "Rosalind", "Silas",   "Tamsin",  "Tobias",     "Ulla",    "Viggo",   "Wilhelmina", "Zora"};
constexpr std::array<std::string_view, 18> verbs{
    "Burying",    "Chasing",   "Counting", "Crossing",  "Finding",  "Forgetting",
    "Forgiving",  "Following", "Hiding",   "Inventing", "Leaving",  "Mending",
    "Outrunning", "Painting",  "Raising",  "Stealing",  "Teaching", "Waking"};
constexpr std::array<std::string_view, 14> times{"Autumn",  "Dawn",     "December", "Dusk",      "Friday",
                                                 "June",    "Midnight", "Monday",   "Nightfall", "Noon",
                                                 "October", "Sunday",   "Tomorrow", "Yesterday"};

struct Share {
    std::string_view name;
    int weight;
};
constexpr std::array<Share, 18> genreShares{{{"Action", 11},
                                             {"Adventure", 8},
                                             {"Animation", 4},
                                             {"Children", 4},
                                             {"Comedy", 22},
                                             {"Crime", 8},
                                             {"Documentary", 5},
                                             {"Drama", 26},
                                             {"Fantasy", 5},
                                             {"Film-Noir", 2},
                                             {"Horror", 7},
                                             {"Musical", 3},
                                             {"Mystery", 5},
                                             {"Romance", 12},
                                             {"Sci-Fi", 7},
                                             {"Thriller", 13},
                                             {"War", 3},
                                             {"Western", 2}}};
constexpr std::array<Share, 2> genders{{{"M", 65}, {"F", 35}}};
constexpr std::array<Share, 7> ages{
    {{"Under 18", 4}, {"18-24", 18}, {"25-34", 35}, {"35-44", 20}, {"45-49", 9}, {"50-55", 8}, {"56+", 6}}};
constexpr std::array<Share, 16> occupations{{{"academic", 9},
                                             {"artist", 5},
                                             {"clerical", 3},
                                             {"craftsman", 3},
                                             {"customer service", 3},
                                             {"engineer", 9},
                                             {"executive", 11},
                                             {"farmer", 1},
                                             {"homemaker", 2},
                                             {"lawyer", 2},
                                             {"programmer", 7},
                                             {"retired", 3},
                                             {"sales", 5},
                                             {"student", 16},
                                             {"tradesman", 4},
                                             {"writer", 5}}};

template <std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& words, Rng& rng) {
    return words[rng.below(N)];
}

template <std::size_t N>
std::int32_t draw(const std::array<Share, N>& shares, Rng& rng) {
    int total = 0;
    for (const Share& share : shares)
        total += share.weight;
    auto left = static_cast<int>(rng.below(static_cast<std::uint64_t>(total)));
    for (std::size_t n = 0; n < N; ++n) {
        left -= shares[n].weight;
        if (left < 0) return static_cast<std::int32_t>(n);
    }
    return static_cast<std::int32_t>(N) - 1;
}

std::string joined(std::initializer_list<std::string_view> words) {
    std::string text;
    for (const auto word : words) {
        if (!text.empty()) text += ' ';
        text += word;
    }
    return text;
}

std::string inventTitle(Rng& rng) {
    switch (rng.below(12)) {
    case 0:
    case 1:
        return joined({"The", pick(adjectives, rng), pick(nouns, rng)});
    case 2:
        return joined({pick(adjectives, rng), pick(nouns, rng)});
    case 3:
        return joined({"The", pick(nouns, rng), "of", pick(places, rng)});
    case 4:
        return joined({pick(verbs, rng), pick(names, rng)});
    case 5:
        return joined({"The", pick(nouns, rng), "and the", pick(nouns, rng)});
    case 6:
        return joined({pick(names, rng), "and the", pick(adjectives, rng), pick(nouns, rng)});
    case 7: {
        const std::string_view noun = pick(nouns, rng);
        const bool vowel = std::string_view("AEIOU").find(noun.front()) != std::string_view::npos;
        return joined({vowel ? "An" : "A", noun, "for", pick(names, rng)});
    }
    case 8:
        return joined({pick(verbs, rng), "the", pick(nouns, rng)});
    case 9:
        return joined({pick(adjectives, rng), pick(times, rng), "in", pick(places, rng)});
    case 10:
        return joined({"Last", pick(nouns, rng), "before", pick(times, rng)});
    default:
        return joined({pick(names, rng), "of", pick(places, rng)});
    }
}

std::string roman(int number) {
    constexpr std::array<std::pair<int, std::string_view>, 9> digits{
        {{100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}}};
    if (number >= 400) return std::to_string(number);
    std::string text;
    for (const auto& [value, digit] : digits)
        for (; number >= value; number -= value)
            text += digit;
    return text;
}

template <std::size_t N>
FeatureColumn tokenColumn(std::string name, const std::array<Share, N>& shares,
                          const std::vector<std::int32_t>& values) {
    FeatureColumn column;
    column.name = std::move(name);
    column.kind = FeatureKind::Token;
    for (const Share& share : shares)
        column.vocabulary.emplace_back(share.name);
    column.tokens = values;
    return column;
}

} // namespace

const std::vector<std::string>& genreNames() {
    static const std::vector<std::string> list = [] {
        std::vector<std::string> result;
        for (const Share& share : genreShares)
            result.emplace_back(share.name);
        return result;
    }();
    return list;
}

Catalogue makeCatalogue(std::int32_t items, std::uint64_t seed) {
    Catalogue catalogue;
    FeatureColumn title{.name = "title", .kind = FeatureKind::Text};
    FeatureColumn year{.name = "year", .kind = FeatureKind::Number};
    FeatureColumn genres{.name = "genres", .kind = FeatureKind::Tokens};
    genres.vocabulary = genreNames();
    genres.tokenOffsets.push_back(0);
    std::unordered_map<std::string, int> sequels;
    for (std::int32_t i = 0; i < items; ++i) {
        Rng rng = Rng::stream(seed, "synthetic.catalogue", 0, static_cast<std::uint64_t>(i));
        std::string text = inventTitle(rng);
        if (const int part = ++sequels[text]; part > 1) text.append(1, ' ').append(roman(part));
        // More films in later decades: the smaller of two draws counts back from the newest year.
        const auto age = static_cast<int>(std::min(rng.below(90), rng.below(90)));
        const int released = 2015 - age;
        text.append(" (").append(std::to_string(released)).append(1, ')');
        title.texts.push_back(std::move(text));
        year.numbers.push_back(static_cast<float>(released));

        std::vector<std::int32_t> chosen;
        const std::uint64_t wanted = 1 + (rng.below(100) < 60 ? 1 : 0) + (rng.below(100) < 25 ? 1 : 0);
        while (chosen.size() < wanted) {
            const std::int32_t genre = draw(genreShares, rng);
            if (std::find(chosen.begin(), chosen.end(), genre) == chosen.end()) chosen.push_back(genre);
        }
        genres.tokens.insert(genres.tokens.end(), chosen.begin(), chosen.end());
        genres.tokenOffsets.push_back(static_cast<std::int64_t>(genres.tokens.size()));
        catalogue.genres.push_back(std::move(chosen));
    }
    catalogue.features = FeatureTable({std::move(title), std::move(year), std::move(genres)});
    return catalogue;
}

Audience makeAudience(std::int32_t users, std::uint64_t seed) {
    Audience audience;
    for (std::int32_t u = 0; u < users; ++u) {
        Rng rng = Rng::stream(seed, "synthetic.audience", 0, static_cast<std::uint64_t>(u));
        audience.gender.push_back(draw(genders, rng));
        audience.age.push_back(draw(ages, rng));
        audience.occupation.push_back(draw(occupations, rng));
    }
    audience.features =
        FeatureTable({tokenColumn("gender", genders, audience.gender), tokenColumn("age", ages, audience.age),
                      tokenColumn("occupation", occupations, audience.occupation)});
    return audience;
}

} // namespace recoscope::synthetic
