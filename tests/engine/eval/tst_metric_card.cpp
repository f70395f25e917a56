// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/data/readers/reader.h"
#include "engine/eval/dialects.h"
#include "engine/eval/evaluation_choices.h"
#include "engine/eval/metric_card.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <bit>
#include <cmath>
#include <limits>

using namespace recoscope;
using test::FixedScores;

namespace {

MatrixF tiedScores(int users, int items, std::uint64_t seed) {
    Rng rng(seed);
    MatrixF scores(users, items);
    for (Eigen::Index n = 0; n < scores.size(); ++n) {
        scores.data()[n] =
            rng.below(3) == 0 ? static_cast<float>(rng.normal()) : static_cast<float>(rng.below(4));
        if (rng.below(60) == 0) scores.data()[n] = -std::numeric_limits<float>::infinity();
    }
    return scores;
}

/// Generated data: ratings, genres and known true preferences.
SplitPtr generated() {
    const auto imported = importPath("generated:users=70,items=90,interactions=2500,seed=3", {}, {});
    return imported ? std::move(makeSplit(imported->dataset, {.seed = 5})).value() : nullptr;
}

Evaluation evaluated(const Recommender& model, const Split& split, const EvaluationOptions& options) {
    ThreadPool pool({.threads = 2});
    RunControl control;
    return std::move(evaluate(model, split, Target::Test, options, pool, control)).value();
}

Result<MetricCard> card(const Recommender& model, const Split& split, const EvaluationOptions& options,
                        int user, const std::string& key) {
    ThreadPool pool({.threads = 1});
    RunControl control;
    return explainMetric(model, split, Target::Test, options, UserIndex{user}, key, pool, control);
}

/// The first card that is not the evaluator's number to the last bit.
QString differing(const Recommender& model, const Split& split, const EvaluationOptions& options,
                  std::size_t everyUser, int& cards) {
    const Evaluation found = evaluated(model, split, options);
    for (const MetricValue& metric : found.metrics) {
        if (metric.perUser.empty()) continue;
        for (std::size_t row = 0; row < found.users.size(); row += everyUser) {
            const auto one = card(model, split, options, toInt(found.users[row]), metric.key);
            const QString what = QString::fromStdString(metric.definition) + " of user " +
                                 QString::number(toInt(found.users[row]));
            if (std::isnan(metric.perUser[row])) {
                if (one) return what + ": there is none";
                continue;
            }
            if (!one) return what + ": " + QString::fromStdString(one.error().message);
            if (std::bit_cast<std::uint64_t>(one->value) != std::bit_cast<std::uint64_t>(metric.perUser[row]))
                return what + QString(": %1, not %2")
                                  .arg(one->value, 0, 'g', 17)
                                  .arg(metric.perUser[row], 0, 'g', 17);
            if (one->definition != metric.definition || one->label != metric.label || one->equation.empty())
                return what + ": another definition";
            ++cards;
        }
    }
    return {};
}

const CardTerm* term(const MetricCard& card, const std::string& symbol) {
    for (const CardTerm& each : card.terms)
        if (each.symbol == symbol) return &each;
    return nullptr;
}

} // namespace

class TestMetricCard final : public QObject {
    Q_OBJECT

    // User 0's test items are 2 (rated 5) and 3 (rated 2); the list is 4 2 3.
    static SplitPtr small() {
        return std::move(makeSplit(test::dataset(2, 5,
                                                 {{0, 0, 4, 0, Part::Train},
                                                  {0, 1, 3, 0, Part::Train},
                                                  {0, 2, 5, 0, Part::Test},
                                                  {0, 3, 2, 0, Part::Test},
                                                  {1, 4, 1, 0, Part::Train}},
                                                 false, true),
                                   {.kind = SplitKind::Premade}))
            .value();
    }
    static FixedScores smallModel() {
        MatrixF scores(2, 5);
        scores << 5, 4, 3, 2, 6, 1, 2, 3, 4, 5;
        return FixedScores(2, scores);
    }

private slots:
    void ndcgByHand() {
        const auto made = card(smallModel(), *small(), {}, 0, "ndcg@3");
        QVERIFY(made.ok());
        const double l3 = 1.0 / std::log2(3.0);
        QCOMPARE(made->list, (std::vector<ItemIndex>{ItemIndex{4}, ItemIndex{2}, ItemIndex{3}}));
        QCOMPARE(made->relevant, (std::vector<ItemIndex>{ItemIndex{2}, ItemIndex{3}}));
        QCOMPARE(made->candidates, 3);
        QCOMPARE(made->terms.size(), std::size_t{7}); // three ranks, DCG, two of the ideal list, IDCG
        QVERIFY(!made->terms[0].hit && made->terms[1].hit && made->terms[2].hit);
        QCOMPARE(made->terms[1].value, l3);
        QCOMPARE(made->terms[1].rank, 2);
        QCOMPARE(*made->terms[1].item, ItemIndex{2});
        QVERIFY(made->terms[1].text.find("1 / log2(2 + 1)") != std::string::npos);
        QCOMPARE(term(*made, "DCG")->value, l3 + 0.5);
        QCOMPARE(term(*made, "IDCG")->value, 1.0 + l3);
        QCOMPARE(made->value, (l3 + 0.5) / (1.0 + l3));
        QCOMPARE(made->equation, std::string("NDCG@3 = DCG / IDCG = 1.13093 / 1.63093 = 0.693426"));
    }

    void dialectsShowInTheNumbers() {
        EvaluationOptions elliot = inDialect({}, *findDialect("elliot"), *small());
        const auto graded = card(smallModel(), *small(), elliot, 0, "ndcg@3");
        QVERIFY(graded.ok());
        QVERIFY(graded->terms[1].text.find("a hit worth 63") != std::string::npos); // 2^(5 − 0 + 1) − 1
        const auto mean = card(smallModel(), *small(), elliot, 0, "map@2");
        QCOMPARE(mean->value, (0.0 + 1.0 / 2.0) / 2.0);
        const auto capped =
            card(smallModel(), *small(), inDialect({}, *findDialect("lenskit"), *small()), 0, "recall@1");
        QCOMPARE(term(*capped, "min(k, R)")->value, 1.0);
        const auto pooled =
            card(smallModel(), *small(), inDialect({}, *findDialect("implicit"), *small()), 0, "precision@2");
        QVERIFY(!pooled->note.empty());
        QCOMPARE(pooled->value, 0.5);
    }

    void otherMetricsByHand() {
        const auto value = [&](const char* key) { return card(smallModel(), *small(), {}, 0, key)->value; };
        QCOMPARE(value("recall@2"), 0.5);
        QCOMPARE(value("precision@2"), 0.5);
        QCOMPARE(value("f1@3"), 2.0 * (2.0 / 3.0) / (5.0 / 3.0));
        QCOMPARE(value("map@3"), (1.0 / 2.0 + 2.0 / 3.0) / 2.0);
        QCOMPARE(value("mrr@3"), 0.5);
        QCOMPARE(value("hr@1"), 0.0);
        QCOMPARE(value("auc"), 0.0);
        const auto auc = card(smallModel(), *small(), {}, 0, "auc");
        QCOMPARE(term(*auc, "pairs")->value, 2.0);
        QCOMPARE(term(*auc, "Σ")->value, 2.0);
        const auto rmse = card(smallModel(), *small(), {.predictsRatings = true}, 0, "rmse");
        QCOMPARE(rmse->value, std::sqrt((4.0 + 0.0) / 2.0)); // 3 for 5, 2 for 2
        QVERIFY(!rmse->note.empty());
    }

    void everyCardIsTheEvaluatorsNumberToTheLastBit() {
        Rng rng(11);
        int cards = 0;
        for (int n = 0; n < 24; ++n) {
            const auto seed = static_cast<std::uint64_t>(n);
            const int items = n % 4 == 0 ? 9 : 60; // short lists
            const SplitPtr split = std::move(makeSplit(test::randomDataset(40, items, 0.3, seed),
                                                       {.testFraction = 0.3, .seed = seed}))
                                       .value();
            const FixedScores model(40, tiedScores(40, items, seed));
            EvaluationOptions options{.cutoffs = {1, 4, 20}, .predictsRatings = true};
            for (const EvaluationChoice& choice : evaluationChoices())
                choice.set(options, static_cast<int>(rng.below(choice.values.size())));
            if (options.ideal == IdealList::AllK) options.gain = Gain::Binary;
            if (options.candidates.kind == CandidateKind::Given ||
                options.candidates.kind == CandidateKind::Cold)
                options.candidates.kind = CandidateKind::Uniform;
            options.candidates.negatives = 15;
            if (rng.below(2) == 0) options.relevanceThreshold = 3.0;
            const QString differs = differing(model, *split, options, 1, cards);
            QVERIFY2(differs.isEmpty(), qPrintable(differs));
        }
        QVERIFY(cards > 10000);
    }

    void everyDialectsCardIsTheEvaluatorsNumber() {
        const SplitPtr split = generated();
        QVERIFY(split);
        const FixedScores model(split->dataset()->userCount(),
                                tiedScores(split->dataset()->userCount(), split->dataset()->itemCount(), 1));
        int cards = 0;
        for (const Dialect& dialect : dialects()) {
            const EvaluationOptions options = inDialect(
                {.cutoffs = {2, 10}, .relevanceThreshold = 3.0, .predictsRatings = true}, dialect, *split);
            const QString differs = differing(model, *split, options, 7, cards);
            QVERIFY2(differs.isEmpty(), qPrintable(differs));
        }
        QVERIFY(cards > 1000); // novelty, diversity, calibration and truth among them
    }

    void linesOfListMetricsGiveTheirNumber() {
        const SplitPtr split = generated();
        QVERIFY(split);
        const FixedScores model(split->dataset()->userCount(),
                                tiedScores(split->dataset()->userCount(), split->dataset()->itemCount(), 2));
        for (const std::string key : {"novelty@10", "arp@10", "tail_share@10", "ild@10",
                                      "ild_cooccurrence@10", "calibration@10", "truth@10"}) {
            const auto made = card(model, *split, {}, 0, key);
            QVERIFY2(made.ok(), key.c_str());
            double sum = 0.0;
            int lines = 0;
            for (const CardTerm& line : made->terms)
                if (!line.result) {
                    sum += line.value;
                    ++lines;
                }
            QVERIFY(lines > 0);
            double expected = sum / lines;
            if (key.rfind("ild", 0) == 0) expected = 1.0 - sum / lines;
            if (key == "calibration@10") expected = sum;
            if (key == "truth@10")
                expected = (term(*made, "L")->value - term(*made, "C")->value) /
                           (term(*made, "B")->value - term(*made, "C")->value);
            QVERIFY2(std::abs(made->value - expected) < 1e-9, key.c_str());
        }
    }

    void whatHasNoCardSaysWhy() {
        const auto where = [&](int user, const char* key, const EvaluationOptions& options = {}) {
            const auto made = card(smallModel(), *small(), options, user, key);
            return made ? std::string("a card") : made.error().where;
        };
        QCOMPARE(where(1, "ndcg@10"), std::string("user")); // nothing held out
        QCOMPARE(where(7, "ndcg@10"), std::string("user"));
        for (const char* key : {"ndcg", "ndcg@", "ndcg@0", "ndcg@x", "auc@3", "nothing@3", "coverage@2",
                                "gini@2", "rmse", "truth@3", "ild@1", "ild@3"})
            QCOMPARE(where(0, key), std::string("metric"));
    }
};

QTEST_APPLESS_MAIN(TestMetricCard)
#include "tst_metric_card.moc"
