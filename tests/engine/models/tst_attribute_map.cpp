// SPDX-License-Identifier: GPL-3.0-or-later
//
// Attribute-to-latent maps on planted data: who and what training never saw is placed by attributes, everyone
// else is served by the base model alone.
#include "engine/core/rng.h"
#include "engine/eval/evaluator.h"
#include "engine/models/content/attribute_map_model.h"
#include "engine/models/registry.h"

#include "tests/conformance/conformance.h"
#include "tests/support/small_data.h"

#include <QtTest>

#include <cmath>
#include <numeric>

using namespace recoscope;
using namespace recoscope::test;

namespace {

const AlgorithmInfo& info() { return *findAlgorithm("attribute_map"); }

double ndcg(const Recommender& model, const SplitPtr& split, CandidateKind candidates) {
    ThreadPool pool({1, 0});
    RunControl control;
    EvaluationOptions options;
    options.cutoffs = {10};
    options.metrics = {"ndcg"};
    options.candidates.kind = candidates;
    const auto found = evaluate(model, *split, Target::Test, options, pool, control);
    return found && found->find("ndcg@10") ? found->find("ndcg@10")->value : -1.0;
}

} // namespace

class TestAttributeMap : public QObject {
    Q_OBJECT

private slots:
    void newUsersAndNewItemsAreFoundByTheirAttributes_data() {
        QTest::addColumn<QString>("base");
        QTest::addColumn<QString>("params");
        QTest::addColumn<QString>("map");
        for (const char* map : {"ridge", "mlp"}) {
            QTest::addRow("ials, %s", map) << "ials"
                                           << "embedding_size=8" << map;
            QTest::addRow("pure_svd, %s", map) << "pure_svd"
                                               << "embedding_size=4" << map;
        }
        QTest::newRow("bpr_mf, ridge") << "bpr_mf"
                                       << "embedding_size=8 epochs=60"
                                       << "ridge";
        QTest::newRow("nmf, ridge") << "nmf"
                                    << "embedding_size=4"
                                    << "ridge";
        QTest::newRow("biased_mf, ridge") << "biased_mf"
                                          << "embedding_size=8 epochs=60"
                                          << "ridge";
    }
    void newUsersAndNewItemsAreFoundByTheirAttributes() {
        QFETCH(QString, base);
        QFETCH(QString, params);
        QFETCH(QString, map);
        const ParamMap given{{"base", base.toStdString()},
                             {"base_params", params.toStdString()},
                             {"map", map.toStdString()},
                             {"map_epochs", std::int64_t{150}}};
        for (const SplitKind kind : {SplitKind::ColdUsers, SplitKind::ColdItems}) {
            const SplitPtr split = plantedSplit(info(), kind);
            const CandidateKind candidates =
                kind == SplitKind::ColdItems ? CandidateKind::Cold : CandidateKind::All;
            const RunEnded end = run(info(), split, {.params = given});
            QVERIFY2(end.outcome == RunOutcome::Completed, end.reason.c_str());
            const double mine = ndcg(*end.model, split, candidates);
            const double popular = ndcg(*run(*findAlgorithm("popularity"), split).model, split, candidates);
            // Groups of four: what is liked is liked ten times as often as the rest.
            QVERIFY2(mine > 1.4 * popular, qPrintable(QString("%1, popularity %2").arg(mine).arg(popular)));
        }
    }

    void attributesOfUsersAloneAreEnough() {
        SplitSpec spec;
        spec.kind = SplitKind::ColdUsers;
        const auto split = std::move(makeSplit(plantedWithFeatures(false), spec)).value();
        const RunEnded end = run(info(), split);
        QVERIFY2(end.outcome == RunOutcome::Completed, end.reason.c_str());
        const double mine = ndcg(*end.model, split, CandidateKind::All);
        const double popular =
            ndcg(*run(*findAlgorithm("popularity"), split).model, split, CandidateKind::All);
        QVERIFY2(mine > 1.4 * popular, qPrintable(QString("%1, popularity %2").arg(mine).arg(popular)));
        const auto plain = std::move(makeSplit(plantedDataset(), spec)).value();
        const RunEnded refused = run(info(), plain);
        QCOMPARE(refused.outcome, RunOutcome::Failed);
        QVERIFY2(refused.reason.find("item or user features") != std::string::npos, refused.reason.c_str());
    }

    void everyoneElseGetsTheBaseModelsScores() {
        const SplitPtr split = plantedSplit(info());
        const ParamMap params{{"base", std::string("pure_svd")},
                              {"base_params", std::string("embedding_size=5")}};
        const auto model = run(info(), split, {.params = params}).model;
        const auto base =
            run(*findAlgorithm("pure_svd"), split, {.params = {{"embedding_size", std::int64_t{5}}}}).model;
        for (const int u : {0, 7, 100}) {
            const auto mine = scoresOf(*model, knownUser(*split, UserIndex{u}));
            const auto theirs = scoresOf(*base, knownUser(*split, UserIndex{u}));
            for (std::int32_t i = 0; i < model->itemCount(); ++i)
                if (split->trainByItem().rowSize(ItemIndex{i}) > 0)
                    QCOMPARE(mine[static_cast<std::size_t>(i)], theirs[static_cast<std::size_t>(i)]);
        }
    }

    void aHistorysVectorIsFoundFromTheScoresAlone() {
        MatrixF items(6, 2);
        items << 1, 0, 0, 1, 1, 1, 2, -1, 0.5f, 0.25f, 9, 9;
        const LatentView view(items, {1, 2, 3, 4, 5, 6}, {1, 1, 1, 1, 1, 0});
        const float p[] = {0.7f, -1.3f};
        float scores[6];
        for (int i = 0; i < 6; ++i)
            scores[i] = p[0] * items(i, 0) + p[1] * items(i, 1) + static_cast<float>(i + 1) + 0.4f;
        scores[5] = 1000.0f; // of an unknown item the base model knows nothing
        const VectorF user = view.userOf(scores);
        QVERIFY(std::abs(user[0] - p[0]) < 1e-3f);
        QVERIFY(std::abs(user[1] - p[1]) < 1e-3f);
        QVERIFY(std::abs(user[2] - 0.4f) < 1e-3f);
        QVERIFY(std::abs(view.score(user, ItemIndex{5}) - (0.7f * 9 - 1.3f * 9 + 6.4f)) < 2e-2f);
    }

    /// Ridge with an intercept that is not penalised, by the normal equations solved by hand for one column:
    /// x: 0, 1, 2 and y: 1, 2, 6 with λ = 2: slope Sxy / (Sxx + λ) = 5 / 4 around the means 1 and 3.
    void ridgeSolvesTheNormalEquations() {
        const auto rows =
            AttributeCsr::fromArrays(1, {0, 0, 1, 2}, {FeatureIndex{0}, FeatureIndex{0}}, {1.0f, 2.0f});
        MatrixF y(3, 1);
        y << 1, 2, 6;
        const std::vector<std::int32_t> chosen{0, 1, 2};
        const std::vector<float> weights{1, 1, 1};
        RegressionOptions options;
        options.reg = 2.0;
        ThreadPool pool({1, 0});
        RunControl control;
        const auto map = AttributeRegression::fit(*rows, y, chosen, weights, options, pool, control);
        QVERIFY(map.has_value());
        QVERIFY(std::abs(map->weights()(0, 0) - 1.25f) < 1e-5f);
        QVERIFY(std::abs(map->intercept()[0] - 1.75f) < 1e-5f);
    }

    void theNetworkLearnsWhatALineCannot() {
        // Exclusive or of two flags.
        const auto rows = AttributeCsr::fromArrays(
            2, {0, 0, 1, 2, 4}, {FeatureIndex{0}, FeatureIndex{1}, FeatureIndex{0}, FeatureIndex{1}},
            {1, 1, 1, 1});
        MatrixF y(4, 1);
        y << 0, 1, 1, 0;
        const std::vector<std::int32_t> chosen{0, 1, 2, 3};
        const std::vector<float> weights{1, 1, 1, 1};
        RegressionOptions options;
        options.kind = RegressionKind::Mlp;
        options.hidden = 16;
        options.epochs = 800;
        options.dropout = 0.0;
        options.learningRate = 0.02;
        options.weightDecay = 0.0;
        ThreadPool pool({1, 0});
        RunControl control;
        const auto map = AttributeRegression::fit(*rows, y, chosen, weights, options, pool, control);
        QVERIFY(map.has_value());
        for (int n = 0; n < 4; ++n) {
            float said = -1.0f;
            map->predict(rows->cols(AttributeRow{n}), rows->values(AttributeRow{n}), &said);
            QVERIFY2(std::abs(said - y(n, 0)) < 0.1f, qPrintable(QString::number(said)));
        }
    }

    void aNewItemIsExplainedByItsAttributes() {
        const SplitPtr split = plantedSplit(info(), SplitKind::ColdItems);
        const auto model = run(info(), split).model;
        for (std::int32_t i = 0; i < model->itemCount(); ++i) {
            if (split->trainByItem().rowSize(ItemIndex{i}) > 0) continue;
            const Query query = knownUser(*split, UserIndex{1});
            const auto why = model->explain(query, ItemIndex{i});
            QVERIFY(why.ok() && why->additive);
            QVERIFY(std::abs(why->score - scoresOf(*model, query)[static_cast<std::size_t>(i)]) <
                    1e-3 * (1.0 + std::abs(why->score)));
            for (const ExplanationPart& part : why->parts)
                QVERIFY(part.label.find("genres") == 0 || part.label == "year");
            return;
        }
        QFAIL("the split has no new item");
    }
};

QTEST_GUILESS_MAIN(TestAttributeMap)
#include "tst_attribute_map.moc"
