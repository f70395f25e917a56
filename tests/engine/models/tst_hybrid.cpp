// SPDX-License-Identifier: GPL-3.0-or-later
//
// Hybrids of two models: scales and the switch by hand, both parts in one explanation and one file, and parts
// that make no sense refused in words.
#include "engine/models/registry.h"

#include "tests/conformance/conformance.h"
#include "tests/support/small_data.h"

#include <QtTest>

#include <algorithm>
#include <cmath>

using namespace recoscope;
using namespace recoscope::test;

namespace {

std::shared_ptr<const Recommender> fitted(const char* id, const SplitPtr& split, const ParamMap& params) {
    return run(*findAlgorithm(id), split, {.params = params}).model;
}

ParamMap parts(const char* first, const char* firstParams, const char* second, const char* secondParams) {
    return {{"first", std::string(first)},
            {"first_params", std::string(firstParams)},
            {"second", std::string(second)},
            {"second_params", std::string(secondParams)}};
}

Error refusal(const char* id, const ParamMap& params) {
    const auto made = findAlgorithm(id)->makeTrainer({plantedSplit(*findAlgorithm(id)), params, 42});
    return made ? Error{ErrorCode::Io, "not refused", ""} : made.error();
}

} // namespace

class TestHybrid : public QObject {
    Q_OBJECT

private slots:
    void scoresAreTheBlendOfBothPartsOnOneScale_data() {
        QTest::addColumn<QString>("scale");
        for (const char* scale : {"min_max", "z_score", "rank", "none"})
            QTest::newRow(scale) << scale;
    }
    void scoresAreTheBlendOfBothPartsOnOneScale() {
        QFETCH(QString, scale);
        const SplitPtr split = plantedSplit(*findAlgorithm("item_knn"));
        ParamMap params = parts("item_knn", "k=20 shrink=5", "pure_svd", "embedding_size=6");
        params["weight"] = 0.3;
        params["normalisation"] = scale.toStdString();
        const auto hybrid = fitted("weighted_hybrid", split, params);
        const auto first = fitted("item_knn", split, {{"k", std::int64_t{20}}, {"shrink", 5.0}});
        const auto second = fitted("pure_svd", split, {{"embedding_size", std::int64_t{6}}});
        const auto scaled = [&](std::vector<float> s) {
            const auto n = static_cast<double>(s.size());
            std::vector<double> out;
            if (scale == "min_max") {
                const auto [low, high] = std::minmax_element(s.begin(), s.end());
                for (const float x : s)
                    out.push_back((x - *low) / (*high - *low));
            } else if (scale == "z_score") {
                double mean = 0.0;
                double squares = 0.0;
                for (const float x : s)
                    mean += x / n;
                for (const float x : s)
                    squares += (x - mean) * (x - mean) / n;
                for (const float x : s)
                    out.push_back((x - mean) / std::sqrt(squares));
            } else if (scale == "rank") {
                for (const float x : s) {
                    const auto below = std::count_if(s.begin(), s.end(), [x](float y) { return y < x; });
                    const auto same = std::count(s.begin(), s.end(), x);
                    out.push_back((static_cast<double>(below) + 0.5 * static_cast<double>(same)) / n);
                }
            } else {
                out.assign(s.begin(), s.end());
            }
            return out;
        };
        const Query query = knownUser(*split, UserIndex{3});
        const auto scores = scoresOf(*hybrid, query);
        const auto a = scaled(scoresOf(*first, query));
        const auto b = scaled(scoresOf(*second, query));
        for (std::size_t i = 0; i < scores.size(); ++i)
            QVERIFY(std::abs(scores[i] - (0.3 * a[i] + 0.7 * b[i])) < 1e-5);
        const auto why = hybrid->explain(query, ItemIndex{5});
        QVERIFY(why.ok());
        QCOMPARE(why->parts.size(), std::size_t{2});
        const bool svdFirst = why->parts[0].label == "PureSVD";
        QCOMPARE(why->parts[svdFirst ? 1 : 0].label, std::string("ItemKNN"));
        QVERIFY(std::abs(why->parts[svdFirst ? 0 : 1].contribution - 0.7 * b[5]) < 1e-5);
    }

    void aModelThatSaysNothingCountsNothing() {
        const SplitPtr split = plantedSplit(*findAlgorithm("item_knn"));
        for (const char* scale : {"min_max", "z_score"}) {
            ParamMap params = parts("item_knn", "", "popularity", "");
            params["normalisation"] = std::string(scale);
            // Without a history ItemKNN scores every item 0.
            const auto scores = scoresOf(*fitted("weighted_hybrid", split, params), Query{});
            const auto popular = scoresOf(*fitted("popularity", split, {}), Query{});
            const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
            QCOMPARE(popular[static_cast<std::size_t>(best)],
                     *std::max_element(popular.begin(), popular.end()));
        }
    }

    void shortHistoriesGetTheSecondModel() {
        const SplitPtr split = plantedSplit(*findAlgorithm("item_knn"));
        ParamMap params = parts("item_knn", "", "popularity", "");
        params["threshold"] = std::int64_t{3};
        const auto hybrid = fitted("switching_hybrid", split, params);
        const auto first = fitted("item_knn", split, {});
        const auto second = fitted("popularity", split, {});
        const std::vector<ItemIndex> items{ItemIndex{1}, ItemIndex{5}, ItemIndex{9}};
        const std::vector<float> values{4.0f, 5.0f, 4.0f};
        std::vector<Query> queries;
        for (const std::size_t length : {std::size_t{0}, std::size_t{3}, std::size_t{2}, std::size_t{3}}) {
            Query query;
            query.items = std::span(items).first(length);
            query.values = std::span(values).first(length);
            queries.push_back(query);
        }
        MatrixF out(4, hybrid->itemCount());
        hybrid->score(queries, out);
        for (Eigen::Index q = 0; q < 4; ++q) {
            const auto expected =
                scoresOf(q == 1 || q == 3 ? *first : *second, queries[static_cast<std::size_t>(q)]);
            for (Eigen::Index i = 0; i < out.cols(); ++i)
                QCOMPARE(out(q, i), expected[static_cast<std::size_t>(i)]);
        }
        QVERIFY(hybrid->explain(queries[0], ItemIndex{2})->summary.find("By Popularity") == 0);
        QVERIFY(hybrid->explain(queries[1], ItemIndex{2})->summary.find("By ItemKNN") == 0);
    }

    void bothModelsAreInOneFile() {
        const SplitPtr split = plantedSplit(*findAlgorithm("item_knn"));
        const auto hybrid = fitted("weighted_hybrid", split, parts("item_knn", "", "item_knn", "k=3"));
        TensorFile file = saved(*hybrid);
        QVERIFY(file.tensors().count("first.neighbours.columns") == 1);
        QCOMPARE(*file.meta("second"), std::string("item_knn"));
        QCOMPARE(*file.meta("second.param.k"), std::string("3"));
        file.setMeta("second", "weighted_hybrid");
        QVERIFY(!findAlgorithm("weighted_hybrid")->load(file).ok());
        file.setMeta("second", "popularity");
        const auto wrong = findAlgorithm("weighted_hybrid")->load(file);
        QVERIFY(!wrong.ok());
        QVERIFY2(wrong.error().where.find("second.") == 0, wrong.error().text().c_str());
    }

    void partsThatMakeNoSenseAreRefusedInWords() {
        const auto has = [](const Error& error, const char* where, const char* word) {
            return error.where == where && error.message.find(word) != std::string::npos;
        };
        for (const char* id : {"weighted_hybrid", "switching_hybrid"}) {
            QVERIFY(has(refusal(id, parts("no_such", "", "item_knn", "")), "first", "no_such"));
            QVERIFY(
                has(refusal(id, parts("item_knn", "", "weighted_hybrid", "")), "second", "plain algorithm"));
            QVERIFY(has(refusal(id, parts("switching_hybrid", "", "item_knn", "")), "first",
                        "made of other models"));
            QVERIFY(has(refusal(id, parts("item_knn", "k=0", "item_knn", "")), "first_params", "ItemKNN"));
            QVERIFY(has(refusal(id, parts("item_knn", "neighbours=3", "item_knn", "")), "first_params",
                        "neighbours"));
            QVERIFY(has(refusal(id, parts("item_knn", "k 20", "item_knn", "")), "first_params", "key=value"));
            QVERIFY(has(refusal(id, parts("item_knn", "k=2; k=3", "item_knn", "")), "first_params", "twice"));
            QVERIFY(has(refusal(id, parts("item_knn", "", "content_knn", "")), "second", "item features"));
        }
        QVERIFY(has(refusal("attribute_map", {{"base", std::string("item_knn")}}), "base", "no vectors"));
        QVERIFY(has(refusal("attribute_map", {{"base", std::string("weighted_hybrid")}}), "base",
                    "plain algorithm"));
        QVERIFY(
            has(refusal("attribute_map", {{"base_params", std::string("reg=-1")}}), "base_params", "iALS"));
    }

    void partsGoOnWithTheirOwnDefaultsAndCosts() {
        const SplitPtr split = plantedSplit(*findAlgorithm("item_knn"));
        const auto a = fitted("weighted_hybrid", split, parts("item_knn", "", "pure_svd", ""));
        const auto b = fitted("weighted_hybrid", split, {});
        QCOMPARE(difference(saved(*a), saved(*b)), std::string());
    }
};

QTEST_GUILESS_MAIN(TestHybrid)
#include "tst_hybrid.moc"
