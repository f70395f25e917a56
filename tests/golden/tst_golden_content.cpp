// SPDX-License-Identifier: GPL-3.0-or-later
//
// Content-based models, NMF and the cold start against published and independently computed figures on real
// data; skipped where that is not there.
#include "engine/data/readers/reader.h"
#include "engine/eval/evaluator.h"

#include "app/storage/experiment.h"
#include "tests/support/real_data.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace recoscope;

namespace {

class NoEvents final : public EventSink {
public:
    void post(const TrainingEvent&) override {}
};

Result<Experiment> experimentOf(const char* name, const std::string& data) {
    qputenv("RECOSCOPE_DATA", QByteArray::fromStdString(data));
    return readExperimentFile(std::string(RECOSCOPE_SOURCE_DIR) + "/datasets/experiments/" + name + ".yaml");
}

DatasetPtr imported(const std::string& path, const ImportOptions& options = {}) {
    ThreadPool pool;
    ImportContext context;
    context.pool = &pool;
    auto result = importPath(path, options, context);
    return result ? result->dataset : nullptr;
}

RunEnded trained(const TrainingPlan& plan, const SplitPtr& split) {
    ThreadPool pool;
    RunControl control;
    NoEvents events;
    return train(plan, split, pool, control, events);
}

/// The same data with items in another order, and perhaps other attributes of them.
DatasetPtr reordered(const Dataset& data, const std::vector<std::int32_t>& order, FeatureTable itemFeatures) {
    DatasetParts parts;
    parts.users = data.users();
    std::vector<std::int32_t> place(order.size());
    for (const std::int32_t item : order)
        place[static_cast<std::size_t>(item)] = parts.items.insert(data.items().id(item));
    const UserItemCsr& rows = data.byUser();
    for (std::int32_t u = 0; u < rows.rowCount(); ++u)
        for (std::size_t n = 0; n < rows.cols(UserIndex{u}).size(); ++n) {
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(
                ItemIndex{place[static_cast<std::size_t>(rows.cols(UserIndex{u})[n])]});
            parts.rows.values.push_back(rows.values(UserIndex{u})[n]);
        }
    parts.rows.parts.assign(data.parts().begin(), data.parts().end());
    parts.userFeatures = data.userFeatures();
    parts.itemFeatures = std::move(itemFeatures);
    return std::move(Dataset::make(std::move(parts))).value();
}

/// Items by their numbers, as the independent runs had them.
std::vector<std::int32_t> byNumber(const IdMap& ids) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(ids.size()));
    std::iota(order.begin(), order.end(), 0);
    const auto number = [&](std::int32_t n) { return std::stoi(std::string(ids.id(n))); };
    std::sort(order.begin(), order.end(),
              [&](std::int32_t a, std::int32_t b) { return number(a) < number(b); });
    return order;
}

FeatureTable genres(const FeatureTable& table, std::span<const std::int32_t> order) {
    return FeatureTable({table.find("genres")->selected(order)});
}

double metric(const RunEnded& end, std::string_view key) {
    const MetricValue* found = end.test ? end.test->find(key) : nullptr;
    return found ? found->value : -1.0;
}

double fourDigits(double value) { return std::round(value * 1e4) / 1e4; }

constexpr const char* kKeys[] = {"precision@10", "recall@10", "ndcg@10"};

} // namespace

class TestGoldenContent : public QObject {
    Q_OBJECT

private slots:
    /// Ferrari Dacrema et al., TOIS 2021, tables 46 to 52. Popularity is at .1907 / .1180 / .1361.
    void experimentsReachTableA_data() {
        QTest::addColumn<QString>("experiment");
        QTest::addColumn<double>("within");
        QTest::addColumn<QList<double>>("published");
        QTest::newRow("ItemKNN on ratings + content")
            << "ml-100k-hybrid-knn" << 1e-4 << QList<double>{.3398, .2239, .2646};
        QTest::newRow("content ItemKNN")
            << "ml-100k-content-knn" << .003 << QList<double>{.0455, .0185, .0254};
        QTest::newRow("NMF") << "ml-100k-nmf" << .01 << QList<double>{.3350, .2139, .2585};
    }
    void experimentsReachTableA() {
        QFETCH(QString, experiment);
        QFETCH(double, within);
        QFETCH(QList<double>, published);
        RECOSCOPE_REAL_DATA(folder, "splits/ml-100k-mcrec");
        RECOSCOPE_REAL_DATA(films, "ml-100k/u.item");
        const auto read =
            experimentOf(experiment.toLatin1().constData(), films.substr(0, films.rfind("/ml-100k")));
        QVERIFY2(read.ok(), read ? "" : read.error().text().c_str());
        const DatasetPtr dataset = imported(read->dataPath, read->import);
        QVERIFY(dataset);
        const RunEnded end = trained(read->plan, makeSplit(dataset, read->split).value());
        qInfo("%.4f %.4f %.4f", metric(end, kKeys[0]), metric(end, kKeys[1]), metric(end, kKeys[2]));
        for (int n = 0; n < 3; ++n)
            QVERIFY(std::abs(metric(end, kKeys[n]) - published[n]) <= within);
    }

    /// What independent NumPy code computes on the same split, to the last of four digits; ties go to the
    /// lower number. With the number of flags that are 0 and that are 1 instead of the genres, the hybrid is
    /// the published one in every digit: that is what the published runs read from u.item. Their content row
    /// compares films by that count alone, which leaves hundreds of them equally alike: the lower number first
    /// gives what stands here; by lot, as the experiment has it, .0441 / .0211 / .0234 over draws; NumPy's
    /// partial sorting, which the published runs used, .0454 / .0186 / .0254.
    void modelsEqualIndependentRuns_data() {
        QTest::addColumn<QString>("experiment");
        QTest::addColumn<bool>("counts");
        QTest::addColumn<QString>("weighting");
        QTest::addColumn<QList<double>>("numpy");
        QTest::newRow("content, 19 genres")
            << "ml-100k-content-knn" << false << "none" << QList<double>{.0786, .0375, .0501};
        QTest::newRow("ratings + content, 19 genres")
            << "ml-100k-hybrid-knn" << false << "bm25" << QList<double>{.3411, .2244, .2651};
        QTest::newRow("content, counts of flags")
            << "ml-100k-content-knn" << true << "bm25" << QList<double>{.0512, .0264, .0304};
        QTest::newRow("ratings + content, counts of flags, as published")
            << "ml-100k-hybrid-knn" << true << "bm25" << QList<double>{.3398, .2239, .2646};
    }
    void modelsEqualIndependentRuns() {
        QFETCH(QString, experiment);
        QFETCH(bool, counts);
        QFETCH(QString, weighting);
        QFETCH(QList<double>, numpy);
        RECOSCOPE_REAL_DATA(folder, "splits/ml-100k-mcrec");
        RECOSCOPE_REAL_DATA(films, "ml-100k/u.item");
        auto read = experimentOf(experiment.toLatin1().constData(), films.substr(0, films.rfind("/ml-100k")));
        QVERIFY2(read.ok(), read ? "" : read.error().text().c_str());
        const DatasetPtr given = imported(read->dataPath, read->import);
        QVERIFY(given);
        QCOMPARE(given->itemCount(), 1682);
        read->plan.params["weighting"] = weighting.toStdString();
        read->plan.params["genres_as"] = std::string(counts ? "flag_values" : "names");
        read->plan.evaluation.ties = Ties::LowerIndex;
        const auto order = byNumber(given->items());
        const DatasetPtr data = reordered(*given, order, genres(given->itemFeatures(), order));
        const RunEnded end = trained(read->plan, makeSplit(data, read->split).value());
        for (int n = 0; n < 3; ++n) {
            qInfo("%s %.6f", kKeys[n], metric(end, kKeys[n]));
            QCOMPARE(fourDigits(metric(end, kKeys[n])), numpy[n]);
        }
    }

    /// Whole users or items held out: attributes against popularity, which cannot tell unknown items apart.
    void attributesBeatPopularityInAColdStart_data() {
        QTest::addColumn<QString>("data");
        QTest::addColumn<bool>("users");
        QTest::newRow("new users of MovieLens 100K") << "ml-100k" << true;
        QTest::newRow("new items of MovieLens 100K") << "ml-100k" << false;
        QTest::newRow("new users of MovieLens 1M") << "ml-1m" << true;
        QTest::newRow("new items of MovieLens 1M") << "ml-1m" << false;
    }
    void attributesBeatPopularityInAColdStart() {
        QFETCH(QString, data);
        QFETCH(bool, users);
        const std::string folder = test::realData(data.toStdString());
        if (folder.empty()) QSKIP("the real data is not there (set RECOSCOPE_DATA)");
        const DatasetPtr dataset = imported(folder);
        QVERIFY(dataset);
        SplitSpec spec;
        spec.kind = users ? SplitKind::ColdUsers : SplitKind::ColdItems;
        spec.validationFraction = 0.0;
        const SplitPtr split = makeSplit(dataset, spec).value();
        const auto ndcg = [&](const char* id, const ParamMap& params) {
            TrainingPlan plan;
            plan.algorithm = id;
            plan.params = params;
            plan.evaluateEvery = 0;
            plan.earlyStopping.enabled = false;
            plan.evaluation.cutoffs = {10};
            plan.evaluation.metrics = {"ndcg"};
            plan.evaluation.keepPerUser = false;
            if (!users) plan.evaluation.candidates.kind = CandidateKind::Cold;
            const RunEnded end = trained(plan, split);
            qInfo("%s: NDCG@10 %.4f, %.1f s %s", id, metric(end, "ndcg@10"), end.trainSeconds,
                  end.reason.c_str());
            return metric(end, "ndcg@10");
        };
        const double popular = ndcg("popularity", {});
        const double ridge = ndcg("attribute_map", {});
        const double network = ndcg("attribute_map", {{"map", std::string("mlp")}});
        QVERIFY(popular > 0.0);
        const double bar = users ? 1.03 : 2.0;
        QVERIFY(ridge > bar * popular);
        QVERIFY(network > bar * popular);
        if (!users) QVERIFY(ndcg("content_profile", {}) > bar * popular);
    }
};

QTEST_GUILESS_MAIN(TestGoldenContent)
#include "tst_golden_content.moc"
