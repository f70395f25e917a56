// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rating prediction against the figures of Surprise's README (random 5-fold, defaults), by the experiments
// that ship; skipped where the data is not there.
#include "engine/data/readers/reader.h"

#include "app/storage/experiment.h"
#include "tests/support/real_data.h"

#include <QTest>

using namespace recoscope;

namespace {

class NoEvents final : public EventSink {
public:
    void post(const TrainingEvent&) override {}
};

struct Errors {
    double rmse = 0.0;
    double mae = 0.0;
    double seconds = 0.0; // of training, all folds
    std::string problem;
};

/// Trains a file of datasets/experiments on the first `folds` of its five folds; the mean over them.
Errors errorsOf(const char* name, const std::string& data, int folds) {
    qputenv("RECOSCOPE_DATA", QByteArray::fromStdString(data));
    Errors errors;
    auto experiment =
        readExperimentFile(std::string(RECOSCOPE_SOURCE_DIR) + "/datasets/experiments/" + name + ".yaml");
    if (!experiment) return {0, 0, 0, experiment.error().text()};
    ThreadPool pool;
    ImportContext context;
    context.pool = &pool;
    const auto imported = importPath(experiment->dataPath, experiment->import, context);
    if (!imported) return {0, 0, 0, imported.error().text()};
    for (int fold = 0; fold < folds; ++fold) {
        experiment->split.fold = fold;
        const auto split = makeSplit(imported->dataset, experiment->split);
        if (!split) return {0, 0, 0, split.error().text()};
        RunControl control;
        NoEvents events;
        const RunEnded end = train(experiment->plan, *split, pool, control, events);
        if (!end.test) return {0, 0, 0, end.reason};
        errors.rmse += end.test->find("rmse")->value / folds;
        errors.mae += end.test->find("mae")->value / folds;
        errors.seconds += end.trainSeconds;
    }
    return errors;
}

} // namespace

class TestGoldenRatings : public QObject {
    Q_OBJECT

private slots:
    void asSurpriseOnRandomFolds_data() {
        QTest::addColumn<QString>("experiment");
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("folds");
        QTest::addColumn<double>("rmse");
        QTest::addColumn<double>("mae");
        // The mean of all ratings: RMSE 1.126 on ML-100K, 1.117 on ML-1M. Far below the bound would mean that
        // test ratings leak: a perfect guesser of half-star noise is at about .8.
        QTest::newRow("SVD, ML-100K") << "ml-100k-svd"
                                      << "ml-100k/u.data" << 5 << .934 << .737;
        QTest::newRow("SVD++, ML-100K") << "ml-100k-svdpp"
                                        << "ml-100k/u.data" << 5 << .919 << .721;
        QTest::newRow("NMF, ML-100K") << "ml-100k-rating-nmf"
                                      << "ml-100k/u.data" << 5 << .963 << .758;
        // One of the five folds: a fifth of the time, and folds of a million ratings differ by .001.
        QTest::newRow("SVD, ML-1M") << "ml-1m-svd"
                                    << "ml-1m/ratings.dat" << 1 << .873 << .686;
        QTest::newRow("SVD++, ML-1M") << "ml-1m-svdpp"
                                      << "ml-1m/ratings.dat" << 1 << .862 << .672;
    }
    void asSurpriseOnRandomFolds() {
        QFETCH(QString, experiment);
        QFETCH(QString, file);
        QFETCH(int, folds);
        QFETCH(double, rmse);
        QFETCH(double, mae);
        const std::string path = test::realData(file.toStdString());
        if (path.empty()) QSKIP("the real data is not there (set RECOSCOPE_DATA)");
        const std::string root = path.substr(0, path.size() - static_cast<std::size_t>(file.size()) - 1);
        const Errors found = errorsOf(experiment.toLatin1().constData(), root, folds);
        QVERIFY2(found.problem.empty(), found.problem.c_str());
        qInfo("RMSE %.4f (published %.3f), MAE %.4f (%.3f), %.1f s", found.rmse, rmse, found.mae, mae,
              found.seconds);
        QVERIFY(found.rmse > 0.8 && found.rmse <= rmse + 0.003);
        QVERIFY(found.mae <= mae + 0.003);
    }
};

QTEST_GUILESS_MAIN(TestGoldenRatings)
#include "tst_golden_ratings.moc"
