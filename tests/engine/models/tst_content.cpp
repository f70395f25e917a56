// SPDX-License-Identifier: GPL-3.0-or-later
//
// Content-based models: what counts as content, similarities and profiles by hand, and items that nobody
// took.
#include "engine/io/tensor_file.h"
#include "engine/models/content/content_matrix.h"
#include "engine/models/registry.h"

#include "tests/conformance/conformance.h"
#include "tests/support/small_data.h"

#include <QtTest>

#include <cmath>

using namespace recoscope;
using namespace recoscope::test;

namespace {

FeatureColumn lists(const char* name, std::vector<std::string> vocabulary,
                    const std::vector<std::vector<std::int32_t>>& rows) {
    FeatureColumn column{.name = name, .kind = FeatureKind::Tokens};
    column.vocabulary = std::move(vocabulary);
    column.tokenOffsets.push_back(0);
    for (const auto& row : rows) {
        column.tokens.insert(column.tokens.end(), row.begin(), row.end());
        column.tokenOffsets.push_back(static_cast<std::int64_t>(column.tokens.size()));
    }
    return column;
}

/// Films 0 and 1 are comedies, 1 and 2 war films, 3 and 4 have both; nobody took film 4.
DatasetPtr films() {
    DatasetParts parts;
    for (int u = 0; u < 3; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < 5; ++i)
        parts.items.insert("i" + std::to_string(i));
    const auto add = [&](int user, int item, float value, int day) {
        parts.rows.users.push_back(UserIndex{user});
        parts.rows.items.push_back(ItemIndex{item});
        parts.rows.values.push_back(value);
        parts.rows.times.push_back(1'000'000'000 + 86400LL * day);
    };
    add(0, 0, 5.0f, 10);
    add(0, 2, 1.0f, 0);
    add(1, 1, 4.0f, 3);
    add(1, 3, 5.0f, 4);
    add(2, 0, 3.0f, 1);
    parts.timeUnit = TimeUnit::Seconds;
    FeatureColumn title{.name = "title", .kind = FeatureKind::Text};
    title.texts = {"Star Harbour (1991)", "The Star of the Sea", "Sea and Harbour", "Harbour, harbour!",
                   "Quiet"};
    FeatureColumn year{.name = "year", .kind = FeatureKind::Number};
    year.numbers = {1991.0f, 1992.0f, NAN, 2001.0f, 2002.0f};
    parts.itemFeatures =
        FeatureTable({lists("genres", {"Comedy", "War", "Odd"}, {{0}, {0, 1}, {1, 2}, {0, 1}, {1, 0}}),
                      std::move(title), std::move(year)});
    return std::move(Dataset::make(std::move(parts))).value();
}

std::vector<std::string> featuresOf(const ContentMatrix& content, int item) {
    std::vector<std::string> names;
    for (const FeatureIndex feature : content.items().cols(ItemIndex{item}))
        names.push_back(content.title(feature));
    return names;
}

const ParamMap genresOnly{
    {"title_words", false}, {"number_bands", false}, {"weighting", std::string("none")}};

std::shared_ptr<const Recommender> fitted(const char* id, const SplitPtr& split, const ParamMap& params) {
    return run(*findAlgorithm(id), split, {.params = params}).model;
}

} // namespace

class TestContent : public QObject {
    Q_OBJECT

private slots:
    void wordsAreLowerCaseWithoutNumbersAndCommonOnes() {
        QCOMPARE(contentWords("The Star-Wars Trilogy (1977): A New Hope 2"),
                 (std::vector<std::string>{"star", "wars", "trilogy", "new", "hope"}));
        QCOMPARE(contentWords("Baker's X Café 3rd"), (std::vector<std::string>{"bakers", "café", "3rd"}));
        QVERIFY(contentWords(" of the (1999) ").empty());
    }

    void attributesBecomeCountedFeatures() {
        ContentSources sources;
        sources.bandCount = 2;
        const auto fit = ContentMatrix::fit(*films(), sources);
        QVERIFY2(fit.ok(), fit.ok() ? "" : fit.error().text().c_str());
        const ContentMatrix& content = **fit;
        // "Odd" is one film's alone, as are "quiet" and the like. Bands: 1991 and 1992, 2001 and 2002.
        QCOMPARE(featuresOf(content, 0), (std::vector<std::string>{"genres Comedy", "title star",
                                                                   "title harbour", "year 1991 to 1992"}));
        QCOMPARE(featuresOf(content, 2),
                 (std::vector<std::string>{"genres War", "title harbour", "title sea"}));
        QCOMPARE(featuresOf(content, 4),
                 (std::vector<std::string>{"genres Comedy", "genres War", "year 2001 to 2002"}));
        // The word that stands twice in a title counts 2.
        QCOMPARE(featuresOf(content, 3)[2], std::string("title harbour"));
        QCOMPARE(content.items().values(ItemIndex{3})[2], 2.0f);
        QCOMPARE(content.shared(ItemIndex{0}, ItemIndex{1}, 2), std::string("title star, year 1991 to 1992"));

        // Three genres are known; what counts is how many of them a film has: 1 2 2 2 2.
        sources.titleWords = sources.bands = false;
        sources.listReading = ListReading::FlagValues;
        const ContentPtr flags = *ContentMatrix::fit(*films(), sources);
        QCOMPARE(featuresOf(*flags, 0),
                 (std::vector<std::string>{"genres flags set", "genres flags not set"}));
        for (int film = 0; film < 5; ++film) {
            const auto values = flags->items().values(ItemIndex{film});
            QCOMPARE(values.size(), std::size_t(2));
            QCOMPARE(values[0], film == 0 ? 1.0f : 2.0f);
            QCOMPARE(values[1], film == 0 ? 2.0f : 1.0f);
        }
        sources.listReading = ListReading::Names;

        QCOMPARE((*ContentMatrix::fit(*films(), sources))->featureCount(), 2);
        sources.minItems = 1;
        QCOMPARE((*ContentMatrix::fit(*films(), sources))->featureCount(), 3);
        sources.lists = sources.single = false;
        const auto nothing = ContentMatrix::fit(*films(), sources);
        QVERIFY(!nothing.ok());
        QCOMPARE(nothing.error().code, ErrorCode::Unsupported);
    }

    void dataWithoutAttributesIsRefusedByName() {
        for (const char* id : {"content_knn", "hybrid_knn", "content_profile"}) {
            const auto made = findAlgorithm(id)->makeTrainer({wholeSplit(plantedDataset()), {}, 42});
            QVERIFY(!made.ok());
            QCOMPARE(made.error().where, std::string("item features"));
        }
    }

    /// Cosine of genre flags: films 0 and 1 share 1 of (1, 2): 1/√2; 3 and 4 are the same.
    void contentNeighboursAreThoseByHand() {
        const SplitPtr split = wholeSplit(films());
        const auto model = fitted("content_knn", split, genresOnly);
        const auto near = model->neighbours(ItemIndex{3}, 5);
        QCOMPARE(near.size(), std::size_t{4});
        QCOMPARE(toInt(near[0].item), 1); // as is 4, of the higher index
        QVERIFY(std::abs(near[0].score - 1.0f) < 1e-5f);
        QCOMPARE(toInt(near[1].item), 4);
        QVERIFY(std::abs(near[2].score - std::sqrt(0.5f)) < 1e-5f);
        // User 0 took films 0 and 2; film 4, which nobody took, is as near to each as its genres say.
        const auto scores = scoresOf(*model, knownUser(*split, UserIndex{0}));
        QVERIFY(std::abs(scores[4] - 2.0f * std::sqrt(0.5f)) < 1e-5f);
        const auto why = model->explain(knownUser(*split, UserIndex{0}), ItemIndex{4});
        QVERIFY(why.ok());
        QCOMPARE(why->parts.size(), std::size_t{2});
        QVERIFY(why->parts[0].detail.find("both: genres Comedy") != std::string::npos);
    }

    void withoutContentTheHybridIsItemKnn() {
        const SplitPtr split = plantedSplit(*findAlgorithm("content_knn"));
        const auto hybrid =
            fitted("hybrid_knn", split, {{"content_weight", 0.0}, {"weighting", std::string("bm25")}});
        const auto plain = fitted("item_knn", split, {{"weighting", std::string("bm25")}});
        const auto mixed =
            fitted("hybrid_knn", split, {{"content_weight", 1.0}, {"weighting", std::string("bm25")}});
        double difference = 0.0;
        for (int u = 0; u < 20; ++u) {
            const auto a = scoresOf(*hybrid, knownUser(*split, UserIndex{u}));
            const auto b = scoresOf(*plain, knownUser(*split, UserIndex{u}));
            const auto c = scoresOf(*mixed, knownUser(*split, UserIndex{u}));
            for (std::size_t i = 0; i < a.size(); ++i) {
                QVERIFY(std::abs(a[i] - b[i]) < 1e-4f * (1.0f + std::abs(b[i])));
                difference += std::abs(static_cast<double>(c[i] - b[i]));
            }
        }
        QVERIFY(difference > 1.0);
    }

    void anItemThatNobodyTookHasNeighboursInTheHybrid() {
        const SplitPtr split = wholeSplit(films());
        const auto model = fitted("hybrid_knn", split, genresOnly);
        QVERIFY(!model->neighbours(ItemIndex{4}, 3).empty());
        QVERIFY(scoresOf(*model, knownUser(*split, UserIndex{0}))[4] > 0.0f);
    }

    /// User 0 rated film 0 (comedy) 5 and, ten days before, film 2 (war) 1.
    void rocchioProfilesAreThoseByHand() {
        const SplitPtr split = wholeSplit(films());
        const Query user = knownUser(*split, UserIndex{0});
        ParamMap params = genresOnly;
        const auto all = scoresOf(*fitted("content_profile", split, params), user);
        QVERIFY(std::abs(all[0] - 0.5f) < 1e-6f); // the mean of (1, 0) and (0, 1), times (1, 0)
        QVERIFY(std::abs(all[4] - std::sqrt(0.5f)) < 1e-6f);
        params["liked"] = std::string("above_mean");
        params["disliked_weight"] = 0.25;
        const auto model = fitted("content_profile", split, params);
        const auto rated = scoresOf(*model, user);
        QVERIFY(std::abs(rated[0] - 1.0f) < 1e-6f);
        QVERIFY(std::abs(rated[2] + 0.25f) < 1e-6f);
        QVERIFY(std::abs(rated[4] - 0.75f * std::sqrt(0.5f)) < 1e-6f);
        const auto why = model->explain(user, ItemIndex{4});
        QCOMPARE(why->parts.size(), std::size_t{2});
        QCOMPARE(why->parts[0].label, std::string("genres Comedy"));
        QVERIFY(why->parts[1].contribution < 0.0);
        params["liked"] = std::string("threshold");
        params["threshold"] = 1.0;
        params["half_life"] = 5.0;
        const auto aged = scoresOf(*fitted("content_profile", split, params), user);
        QVERIFY(std::abs(aged[0] - 0.8f) < 1e-6f); // two half-lives: 1 to 1/4
        QVERIFY(std::abs(aged[2] - 0.2f) < 1e-6f);
    }

    void aParameterYoungerThanTheFileHasItsDefault() {
        const SplitPtr split = wholeSplit(films());
        const Query user = knownUser(*split, UserIndex{0});
        ParamMap params = genresOnly;
        params["liked"] = std::string("above_mean");
        params["disliked_weight"] = 0.5;
        const AlgorithmInfo& info = *findAlgorithm("content_profile");
        TensorFile whole;
        fitted("content_profile", split, params)->save(whole);
        TensorFile older;
        for (const auto& [name, tensor] : whole.tensors())
            older.tensors()[name] = tensor;
        for (const auto& [key, value] : whole.metadata())
            if (key != "param.disliked_weight") older.setMeta(key, value);
        QCOMPARE(older.metadata().size() + 1, whole.metadata().size());
        const auto loaded = info.load(older);
        QVERIFY2(loaded.ok(), loaded ? "" : loaded.error().text().c_str());
        params.erase("disliked_weight");
        QVERIFY(scoresOf(**loaded, user) == scoresOf(*fitted("content_profile", split, params), user));

        older.setMeta("param.disliked_weight", "much");
        QVERIFY(!info.load(older).ok());
    }
};

QTEST_GUILESS_MAIN(TestContent)
#include "tst_content.moc"
