// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/models/factorization/ials.h"
#include "engine/models/factorization/ials_model.h"

#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <thread>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr plantedSplit(double validationFraction = 0.1, SplitKind kind = SplitKind::RandomPerUser) {
    SplitSpec spec;
    spec.kind = kind;
    spec.validationFraction = validationFraction;
    return std::move(makeSplit(plantedDataset(60, 40), spec)).value();
}

IalsObjective objectiveOf(bool missingPairs, IalsConfidence confidence) {
    IalsObjective objective;
    objective.reg = 0.05;
    objective.regExponent = 0.7;
    objective.unobservedWeight = 0.4;
    objective.unobserved = missingPairs ? IalsUnobserved::MissingPairs : IalsUnobserved::AllPairs;
    objective.confidence = confidence;
    objective.alpha = 0.5;
    objective.epsilon = 2.0;
    return objective;
}

ParamMap paramsOf(const IalsObjective& objective) {
    static const char* const confidences[] = {"none", "linear", "log"};
    return {
        {"embedding_size", std::int64_t{9}},
        {"reg", objective.reg},
        {"reg_exponent", objective.regExponent},
        {"unobserved_weight", objective.unobservedWeight},
        {"unobserved_term",
         std::string(objective.unobserved == IalsUnobserved::MissingPairs ? "missing_pairs" : "all_pairs")},
        {"confidence", std::string(confidences[static_cast<int>(objective.confidence)])},
        {"alpha", objective.alpha},
        {"epsilon", objective.epsilon}};
}

/// The fit of the header, pair by pair, of `observed` against everything.
double naiveFit(const MatrixF& users, const MatrixF& items, const UserItemCsr& observed,
                const IalsObjective& objective) {
    double fit = 0.0;
    for (std::int32_t u = 0; u < users.rows(); ++u) {
        for (std::int32_t i = 0; i < items.rows(); ++i) {
            const double score = users.row(u).cast<double>().dot(items.row(i).cast<double>());
            const bool seen = observed.contains(UserIndex{u}, ItemIndex{i});
            if (!seen || objective.unobserved == IalsUnobserved::AllPairs)
                fit += objective.unobservedWeight * score * score;
        }
        for (std::size_t n = 0; n < observed.cols(UserIndex{u}).size(); ++n) {
            const double score = users.row(u).cast<double>().dot(
                items.row(toInt(observed.cols(UserIndex{u})[n])).cast<double>());
            fit += static_cast<double>(objective.confidenceOf(observed.values(UserIndex{u})[n])) *
                   (1.0 - score) * (1.0 - score);
        }
    }
    return fit;
}

double naivePenalty(const MatrixF& users, const MatrixF& items, const Split& split,
                    const IalsObjective& objective) {
    double sum = 0.0;
    for (std::int32_t u = 0; u < users.rows(); ++u)
        sum += static_cast<double>(
                   objective.regularisationOf(split.train().rowSize(UserIndex{u}), items.rows())) *
               static_cast<double>(users.row(u).squaredNorm());
    for (std::int32_t i = 0; i < items.rows(); ++i)
        sum += static_cast<double>(
                   objective.regularisationOf(split.trainByItem().rowSize(ItemIndex{i}), users.rows())) *
               static_cast<double>(items.row(i).squaredNorm());
    return sum;
}

struct Run {
    std::unique_ptr<Trainer> trainer;
    ThreadPool pool{{2, 0}};
    RunControl control;
    EpochContext context{pool, control, 1, {}};

    Run(const SplitPtr& split, const ParamMap& params)
        : trainer(std::move(ialsInfo().makeTrainer({split, params, 42})).value()) {}
    Result<EpochResult> epoch(int number) {
        context.epoch = number;
        return trainer->runEpoch(context);
    }
};

void objectives() {
    QTest::addColumn<bool>("missingPairs");
    QTest::addColumn<int>("confidence");
    QTest::addColumn<QString>("solver");
    for (const char* solver : {"cg", "block", "cholesky"})
        for (const bool missing : {false, true})
            for (const int confidence : {0, 1, 2})
                QTest::addRow("%s, %s, confidence %d", solver, missing ? "missing pairs" : "all pairs",
                              confidence)
                    << missing << confidence << solver;
}

} // namespace

class TestIals : public QObject {
    Q_OBJECT

private slots:
    void confidencesAreTheirFormulas() {
        IalsObjective objective = objectiveOf(false, IalsConfidence::None);
        QCOMPARE(objective.confidenceOf(4.0f), 1.0f);
        objective.confidence = IalsConfidence::Linear;
        QCOMPARE(objective.confidenceOf(4.0f), 3.0f);
        objective.confidence = IalsConfidence::Log;
        QCOMPARE(objective.confidenceOf(4.0f), static_cast<float>(1.0 + 0.5 * std::log(3.0)));
        QCOMPARE(objective.confidenceOf(-4.0f), 1.0f);
        // lambda (|history| + alpha0 others)^nu: 0.05 (10 + 0.4 x 15)^0.7
        QCOMPARE(objective.regularisationOf(10, 15), static_cast<float>(0.05 * std::pow(16.0, 0.7)));
    }

    void theLossIsTheObjective_data() { objectives(); }
    void theLossIsTheObjective() {
        QFETCH(bool, missingPairs);
        QFETCH(int, confidence);
        QFETCH(QString, solver);
        const SplitPtr split = plantedSplit();
        const IalsObjective objective = objectiveOf(missingPairs, static_cast<IalsConfidence>(confidence));
        ParamMap params = paramsOf(objective);
        params["solver"] = solver.toStdString();
        params["block_size"] = std::int64_t{4};
        Run run(split, params);
        double before = std::numeric_limits<double>::infinity();
        const auto pairs = static_cast<double>(split->train().size());
        for (int epoch = 1; epoch <= 4; ++epoch) {
            const auto result = run.epoch(epoch);
            QVERIFY(result.ok() && result->completed);
            const auto model = run.trainer->snapshot();
            const MatrixF& users = *model->userEmbeddings();
            const MatrixF& items = *model->itemEmbeddings();
            const double fit = naiveFit(users, items, split->train(), objective) / pairs;
            const double penalty = naivePenalty(users, items, *split, objective) / pairs;
            QVERIFY(std::abs(result->losses[1].value - fit) < 1e-4);
            QVERIFY(std::abs(result->losses[2].value - penalty) < 1e-4);
            QCOMPARE(result->losses[0].value, result->losses[1].value + result->losses[2].value);
            // Alternating least squares never goes up.
            QVERIFY(result->losses[0].value <= before + 1e-5);
            before = result->losses[0].value;
        }
    }

    void theValidationLossIsItsDefinition_data() {
        QTest::addColumn<bool>("missingPairs");
        QTest::newRow("all pairs") << false;
        QTest::newRow("missing pairs") << true;
    }
    void theValidationLossIsItsDefinition() {
        QFETCH(bool, missingPairs);
        const SplitPtr split = plantedSplit();
        const IalsObjective objective = objectiveOf(missingPairs, IalsConfidence::Linear);
        Run run(split, paramsOf(objective));
        QVERIFY(run.epoch(1).ok());
        const auto loss = run.trainer->validationLoss(run.context);
        QVERIFY(loss.has_value());
        const auto model = run.trainer->snapshot();
        const MatrixF& users = *model->userEmbeddings();
        const MatrixF& items = *model->itemEmbeddings();
        double observed = 0.0;
        double unobserved = 0.0;
        double histories = 0.0;
        for (std::int32_t u = 0; u < users.rows(); ++u) {
            const auto held = split->validation().cols(UserIndex{u});
            if (held.empty()) continue;
            histories += split->train().rowSize(UserIndex{u});
            for (std::size_t n = 0; n < held.size(); ++n) {
                const double miss = 1.0 - static_cast<double>(users.row(u).dot(items.row(toInt(held[n]))));
                observed +=
                    static_cast<double>(objective.confidenceOf(split->validation().values(UserIndex{u})[n])) *
                    miss * miss;
            }
            for (std::int32_t i = 0; i < items.rows(); ++i) {
                if (missingPairs && split->train().contains(UserIndex{u}, ItemIndex{i})) continue;
                const double score = users.row(u).dot(items.row(i));
                unobserved += objective.unobservedWeight * score * score;
            }
        }
        const double expected =
            observed / static_cast<double>(split->validation().size()) + unobserved / histories;
        QVERIFY2(std::abs(*loss - expected) < 1e-4 * expected, QByteArray::number(*loss - expected));
    }

    void unseenUsersHaveAValidationLossToo() {
        Run run(plantedSplit(0.2, SplitKind::UserFold), {});
        const double before = run.trainer->validationLoss(run.context).value();
        for (int epoch = 1; epoch <= 5; ++epoch)
            QVERIFY(run.epoch(epoch).ok());
        QVERIFY(run.trainer->validationLoss(run.context).value() < before);
    }

    void foldingInSolvesTheUsersEquations() {
        const SplitPtr split = plantedSplit();
        const IalsObjective objective = objectiveOf(true, IalsConfidence::Log);
        Run run(split, paramsOf(objective));
        for (int epoch = 1; epoch <= 3; ++epoch)
            QVERIFY(run.epoch(epoch).ok());
        const auto model = std::dynamic_pointer_cast<const IalsModel>(run.trainer->snapshot());
        QVERIFY(model);
        const MatrixD y = model->itemEmbeddings()->cast<double>();
        const auto items = split->train().cols(UserIndex{5});
        const auto values = split->train().values(UserIndex{5});
        MatrixD a = objective.unobservedWeight * y.transpose() * y;
        a.diagonal().array() += static_cast<double>(
            objective.regularisationOf(static_cast<std::int64_t>(items.size()), y.rows()));
        VectorD b = VectorD::Zero(y.cols());
        for (std::size_t n = 0; n < items.size(); ++n) {
            const VectorD row = y.row(toInt(items[n])).transpose();
            const double c = objective.confidenceOf(values[n]);
            a += (c - objective.unobservedWeight) * row * row.transpose();
            b += c * row;
        }
        const VectorD residual = a * model->foldIn(items, values).cast<double>() - b;
        QVERIFY(residual.norm() < 1e-4 * b.norm());
    }

    void moreEpochsBringLearnedAndFoldedInUsersTogether() {
        const SplitPtr split = plantedSplit();
        Run run(split, {{"embedding_size", std::int64_t{8}}, {"solver", std::string("cholesky")}});
        QVERIFY(run.epoch(1).ok());
        const auto model = std::dynamic_pointer_cast<const IalsModel>(run.trainer->snapshot());
        // Users are solved last and exactly, so already after one epoch they are their own fold-in.
        const VectorF folded =
            model->foldIn(split->train().cols(UserIndex{3}), split->train().values(UserIndex{3}));
        QVERIFY((folded.transpose() - model->userEmbeddings()->row(3)).norm() < 1e-4f);
    }

    void cancellingInTheMiddleOfASweepLeavesFiniteFactors() {
        const SplitPtr split = std::move(makeSplit(randomDataset(2000, 1500, 0.05, 3), {})).value();
        Run run(split, {{"embedding_size", std::int64_t{128}}});
        int calls = 0;
        run.context.progress = [&](double fraction, double examples) {
            QVERIFY(fraction >= 0.0 && fraction <= 1.0);
            QVERIFY(examples <= static_cast<double>(split->train().size()));
            if (++calls == 3) run.control.cancel();
        };
        const auto result = run.epoch(1);
        QVERIFY(result.ok());
        QVERIFY(!result->completed);
        const auto model = run.trainer->snapshot();
        QVERIFY(model->userEmbeddings()->allFinite());
        QVERIFY(model->itemEmbeddings()->allFinite());
        // Some items are solved, the others still as at the start: zero.
        QVERIFY(!model->itemEmbeddings()->isZero(0.0f));
        QVERIFY(model->itemEmbeddings()->rowwise().squaredNorm().minCoeff() == 0.0f);
    }
};

QTEST_GUILESS_MAIN(TestIals)
#include "tst_ials.moc"
