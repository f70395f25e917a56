// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/sampling_study.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>

using namespace recoscope;
using test::FixedScores;

namespace {

/// Each of 400 users has one held-out item among 200 that nobody else knows of.
/// @param negatives  how many of the other items come with the data as negatives, for each user.
SplitPtr leaveOneOut(int negatives = 0) {
    DatasetParts parts;
    for (int u = 0; u < 400; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < 201; ++i)
        parts.items.insert("i" + std::to_string(i));
    for (int u = 0; u < 400; ++u)
        for (const Part part : {Part::Train, Part::Test}) {
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{part == Part::Train ? 200 : u % 200});
            parts.rows.values.push_back(1.0f);
            parts.rows.parts.push_back(part);
        }
    for (int u = 0; u < 400; ++u)
        for (int n = 1; n <= negatives; ++n) {
            parts.negatives.users.push_back(UserIndex{u});
            parts.negatives.items.push_back(ItemIndex{(u + n) % 200});
        }
    parts.provenance.path = "test";
    return std::move(
               makeSplit(std::move(Dataset::make(std::move(parts))).value(), {.kind = SplitKind::Premade}))
        .value();
}

/// The held-out item stands at rank[u % size] of the full ranking, from 1.
FixedScores ranked(const std::vector<int>& ranks) {
    MatrixF scores(400, 201);
    for (int u = 0; u < 400; ++u) {
        const int rank = ranks[static_cast<std::size_t>(u) % ranks.size()];
        for (int i = 0; i < 201; ++i)
            scores(u, i) = static_cast<float>(-i);
        // Below rank − 1 of the others: those with the lowest indices but for itself.
        const int own = u % 200;
        const int above = rank - 1 <= own ? rank - 1 : rank;
        scores(u, own) = static_cast<float>(-above) + 0.5f;
    }
    return FixedScores(400, scores);
}

} // namespace

class TestSamplingStudy final : public QObject {
    Q_OBJECT
private slots:
    void sizesGrowAndStayBelowTheItems() {
        QCOMPARE(samplingSizes(150), (std::vector<int>{1, 5, 10, 20, 50, 99, 100}));
        QCOMPARE(samplingSizes(2500), (std::vector<int>{1, 5, 10, 20, 50, 99, 100, 200, 500, 1000, 2000}));
        QVERIFY(samplingSizes(1).empty());
    }

    void aModelThatIsBetterAtTheTopLosesInSmallSamples() {
        // Sharp: rank 1 for one user in five, else 150. Even: rank 30 for all. By the full HR@10 sharp wins
        // 0.2 to 0; with 20 negatives even has about 3 above it and is nearly always among 10, sharp is not.
        const FixedScores sharp = ranked({1, 150, 150, 150, 150});
        const FixedScores even = ranked({30});
        const SplitPtr split = leaveOneOut();
        ThreadPool pool({.threads = 2});
        RunControl control;
        const std::vector<StudiedModel> models = {{"sharp", &sharp}, {"even", &even}};
        const auto study =
            studySampling(models, *split, Target::Test, {}, {.metric = "hr@10"}, pool, control);
        QVERIFY(study.ok());
        QCOMPARE(study->label, std::string("HR@10"));
        QCOMPARE(study->users, 400);
        QCOMPARE(study->pairs, 1);
        QCOMPARE(study->curves[0].full, 0.2);
        QCOMPARE(study->curves[1].full, 0.0);
        QCOMPARE(study->sizes, (std::vector<int>{1, 5, 10, 20, 50, 99, 100, 200}));
        QCOMPARE(study->flips.size(), std::size_t{1});
        const OrderFlip& flip = study->flips.front();
        QCOMPARE(flip.better, std::size_t{0});
        QCOMPARE(flip.worse, std::size_t{1});
        QCOMPARE(flip.difference, 0.2);
        // Up to 9 negatives everything is among 10: no order, no flip. With 10, only sharp's 150 can be eleventh. Even
        // has 29 · n/199 above it on average: 7.3 of 50, 14 of 99; sharp's others have 37 and 74.
        QCOMPARE(flip.sizes, (std::vector<int>{10, 20, 50}));
        QVERIFY(flip.agreesFrom == 99);
        QCOMPARE(study->curves[0].values[0], 1.0);
        // Hypergeometric by hand: all 200 negatives that there are (199): the full ranking.
        QCOMPARE(study->curves[1].values.back(), 0.0);
        QCOMPARE(study->curves[0].values.back(), 0.2);
    }

    void everySizeIsTheEvaluationWithThatManyNegatives() {
        const SplitPtr split = std::move(makeSplit(test::randomDataset(80, 60, 0.2, 3), {.seed = 3})).value();
        const FixedScores a(80, MatrixF::Random(80, 60));
        const FixedScores b(80, MatrixF::Random(80, 60));
        ThreadPool pool({.threads = 2});
        RunControl control;
        const std::vector<StudiedModel> models = {{"a", &a}, {"b", &b}};
        const auto study = studySampling(
            models, *split, Target::Test, {.relevanceThreshold = 3.0},
            {.metric = "ndcg@5", .kind = CandidateKind::Popular, .sizes = {20, 3, 20}, .seed = 9, .draws = 2},
            pool, control);
        QVERIFY(study.ok());
        QCOMPARE(study->sizes, (std::vector<int>{3, 20}));
        for (std::size_t n = 0; n < 2; ++n) {
            double sum = 0.0;
            for (const std::uint64_t seed : {9, 10}) {
                EvaluationOptions options{.cutoffs = {5}, .metrics = {"ndcg"}, .relevanceThreshold = 3.0};
                options.candidates = {
                    .kind = CandidateKind::Popular, .negatives = study->sizes[n], .seed = seed};
                sum += evaluate(b, *split, Target::Test, options, pool, control)->metrics.front().value;
            }
            QCOMPARE(study->curves[1].values[n], sum / 2.0);
        }
    }

    void givenNegativesAreStudiedUpToAllOfThem() {
        const SplitPtr split = leaveOneOut(150);
        const FixedScores sharp = ranked({1, 150, 150, 150, 150});
        const FixedScores even = ranked({30});
        ThreadPool pool({.threads = 2});
        RunControl control;
        const std::vector<StudiedModel> models = {{"sharp", &sharp}, {"even", &even}};
        const auto study = studySampling(models, *split, Target::Test, {},
                                         {.metric = "hr@10", .kind = CandidateKind::Given}, pool, control);
        QVERIFY2(study.ok(), study ? "" : study.error().text().c_str());
        QCOMPARE(study->sizes, (std::vector<int>{1, 5, 10, 20, 50, 99, 100, 150}));
        QVERIFY(!study->flips.empty());
        const auto hits = [&](const Recommender& model, int ofGiven) {
            EvaluationOptions options{.cutoffs = {10}, .metrics = {"hr"}};
            options.candidates = {.kind = CandidateKind::Given, .ofGiven = ofGiven};
            return std::move(evaluate(model, *split, Target::Test, options, pool, control)->metrics.front());
        };
        for (std::size_t n = 0; n < study->sizes.size(); ++n) {
            QCOMPARE(study->curves[0].values[n], hits(sharp, study->sizes[n]).value);
            // The negatives of a smaller draw are among those of a larger one.
            if (n > 0) QVERIFY(study->curves[1].values[n] <= study->curves[1].values[n - 1]);
        }
        const MetricValue all = hits(even, 0);
        QCOMPARE(study->curves[1].values.back(), all.value);
        QCOMPARE(QString::fromStdString(all.label), QStringLiteral("HR@10 [given negatives]"));
        const MetricValue some = hits(even, 20);
        QCOMPARE(QString::fromStdString(some.label), QStringLiteral("HR@10 [20 given negatives]"));
        QVERIFY(some.definition.find("relevant+20-given-negatives(seed 42)") != std::string::npos);
        QVERIFY(some.value > all.value);
    }

    void whatCannotBeStudiedIsRefused() {
        const SplitPtr split = leaveOneOut();
        const FixedScores model = ranked({1});
        ThreadPool pool({.threads = 1});
        RunControl control;
        const std::vector<StudiedModel> models = {{"a", &model}};
        const auto refused = [&](SamplingStudyOptions options, const char* where) {
            const auto study = studySampling(models, *split, Target::Test, {}, options, pool, control);
            return !study && study.error().where == where;
        };
        QVERIFY(refused({.metric = "coverage@10"}, "metric"));
        QVERIFY(refused({.metric = "ndcg"}, "metric"));
        QVERIFY(refused({.metric = "nonsense@10"}, "metric"));
        QVERIFY(refused({.kind = CandidateKind::Given}, "candidates"));
        QVERIFY(refused({.draws = 0}, "draws"));
        QVERIFY(refused({.sizes = {0}}, "candidate_negatives"));
        control.cancel();
        const auto study = studySampling(models, *split, Target::Test, {}, {}, pool, control);
        QVERIFY(!study && study.error().code == ErrorCode::Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestSamplingStudy)
#include "tst_sampling_study.moc"
