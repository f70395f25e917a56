// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/models/registry.h"

#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr plantedSplit(SplitKind kind = SplitKind::RandomPerUser) {
    SplitSpec spec;
    spec.kind = kind;
    spec.validationFraction = 0.0;
    return std::move(makeSplit(plantedDataset(60, 40), spec)).value();
}

struct Fitted {
    double loss = -1.0;
    std::shared_ptr<const Recommender> model;
};

Fitted fit(const SplitPtr& split, const std::string& id, const ParamMap& params) {
    const auto trainer = findAlgorithm(id)->makeTrainer({split, params, 42});
    if (!trainer) return {};
    ThreadPool pool({2, 0});
    RunControl control;
    EpochContext context{pool, control, 1, {}};
    const auto result = (*trainer)->runEpoch(context);
    if (!result || !result->completed || result->losses.size() != 1) return {};
    return {result->losses.front().value, (*trainer)->snapshot()};
}

Query history(const Split& split, UserIndex user) {
    Query query;
    query.items = split.train().cols(user);
    query.values = split.train().values(user);
    return query;
}

MatrixF scores(const Recommender& model, const Query& query) {
    MatrixF out(1, model.itemCount());
    model.score(std::span(&query, 1), out);
    return out;
}

/// Cell by cell, over users with a history.
double naiveLoss(const Recommender& model, const Split& split, bool ones) {
    double sum = 0.0;
    double cells = 0.0;
    for (std::int32_t u = 0; u < split.train().rowCount(); ++u) {
        const Query query = history(split, UserIndex{u});
        if (query.items.empty()) continue;
        MatrixF x = MatrixF::Zero(1, model.itemCount());
        for (std::size_t n = 0; n < query.items.size(); ++n)
            x(0, toInt(query.items[n])) = ones ? 1.0f : query.values[n];
        sum += static_cast<double>((x - scores(model, query)).squaredNorm());
        cells += static_cast<double>(x.size());
    }
    return sum / cells;
}

} // namespace

class TestPureSvd : public QObject {
    Q_OBJECT

private slots:
    void theLossIsTheMeanSquaredErrorOfAllCells_data() {
        QTest::addColumn<QString>("id");
        QTest::addColumn<QString>("values");
        QTest::addColumn<bool>("fold");
        for (const char* id : {"pure_svd", "pca"})
            for (const char* values : {"ones", "ratings"})
                for (const bool fold : {false, true}) // fold: some users have no training history
                    QTest::addRow("%s, %s%s", id, values, fold ? ", held-out users" : "")
                        << id << values << fold;
    }
    void theLossIsTheMeanSquaredErrorOfAllCells() {
        QFETCH(QString, id);
        QFETCH(QString, values);
        QFETCH(bool, fold);
        const SplitPtr split = plantedSplit(fold ? SplitKind::UserFold : SplitKind::RandomPerUser);
        double before = std::numeric_limits<double>::infinity();
        for (const std::int64_t d : {1, 4, 12, 39}) {
            const Fitted fitted =
                fit(split, id.toStdString(), {{"embedding_size", d}, {"values", values.toStdString()}});
            QVERIFY(fitted.model);
            const double naive = naiveLoss(*fitted.model, *split, values == "ones");
            QVERIFY2(std::abs(fitted.loss - naive) < 1e-5 * (1.0 + naive),
                     qPrintable(QString("%1, cell by cell %2").arg(fitted.loss).arg(naive)));
            QVERIFY(fitted.loss < before); // another direction always helps
            before = fitted.loss;
        }
    }

    void allDirectionsRebuildTheHistoryItself() {
        const SplitPtr split = plantedSplit();
        for (const char* id : {"pure_svd", "pca"}) {
            const Fitted fitted = fit(split, id, {{"embedding_size", std::int64_t{40}}});
            QVERIFY(fitted.loss < 1e-8);
            const Query query = history(*split, UserIndex{7});
            const MatrixF rebuilt = scores(*fitted.model, query);
            for (std::int32_t i = 0; i < rebuilt.cols(); ++i)
                QVERIFY(std::abs(rebuilt(0, i) -
                                 (split->train().contains(UserIndex{7}, ItemIndex{i}) ? 1.0f : 0.0f)) <
                        1e-4f);
        }
    }

    void pcaIsNeverWorseThanPureSvdOfTheSameSize() {
        // Its space is the best of all affine ones, which the linear ones are among.
        const SplitPtr split = plantedSplit();
        for (const std::int64_t d : {1, 3, 8})
            QVERIFY(fit(split, "pca", {{"embedding_size", d}}).loss <
                    fit(split, "pure_svd", {{"embedding_size", d}}).loss);
    }

    void aKnownUserIsTheFoldedInHistory() {
        const SplitPtr split = plantedSplit();
        for (const char* id : {"pure_svd", "pca"}) {
            const Fitted fitted = fit(split, id, {{"embedding_size", std::int64_t{6}}});
            Query query = history(*split, UserIndex{11});
            const MatrixF folded = scores(*fitted.model, query);
            query.user = UserIndex{11};
            QVERIFY(scores(*fitted.model, query) == folded);
        }
    }

    void anEmptyHistoryIsAnsweredWithNothingOrTheMean() {
        const SplitPtr split = plantedSplit();
        QVERIFY(scores(*fit(split, "pure_svd", {}).model, Query{}).isZero(0.0f));
        const MatrixF mean = scores(*fit(split, "pca", {}).model, Query{});
        for (std::int32_t i = 0; i < mean.cols(); ++i) // all 60 users have a history
            QVERIFY(std::abs(mean(0, i) -
                             static_cast<float>(split->trainByItem().rowSize(ItemIndex{i})) / 60.0f) < 1e-6f);
    }

    void moreDimensionsThanUsersAreZero() {
        const SplitPtr split = plantedSplit();
        const Fitted fitted = fit(split, "pca", {{"embedding_size", std::int64_t{100}}});
        QCOMPARE(fitted.model->itemEmbeddings()->cols(), Eigen::Index{100});
        QVERIFY(fitted.model->itemEmbeddings()->rightCols(60).isZero(0.0f));
        QVERIFY(scores(*fitted.model, history(*split, UserIndex{0})).allFinite());
    }
};

QTEST_GUILESS_MAIN(TestPureSvd)
#include "tst_pure_svd.moc"
