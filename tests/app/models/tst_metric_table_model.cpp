// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/metric_table_model.h"

#include <QAbstractItemModelTester>
#include <QtTest>

#include <array>
#include <limits>

using namespace recoscope;

namespace {

MetricTableModel::Column column(const char* title, double ndcg, double gini,
                                const char* definition = "ndcg;k=10") {
    MetricTableModel::Column made{QString::fromLatin1(title), {}};
    made.metrics.push_back({"ndcg@10", "NDCG@10", definition, ndcg, 600, true, {}});
    made.metrics.push_back({"gini@10", "Gini@10", "gini;k=10", gini, 600, false, {}});
    return made;
}

} // namespace

class TestMetricTableModel final : public QObject {
    Q_OBJECT
private slots:
    void bestAndSecondAreMarkedByWhatIsBetter() {
        MetricTableModel model;
        QAbstractItemModelTester tester(&model);
        model.setColumns({column("a", 0.3, 0.9), column("b", 0.5, 0.8), column("c", 0.4, 0.7)});
        const auto at = [&](int row, int col, int role) { return model.index(row, col).data(role).toBool(); };
        const std::array best{2, 3};   // columns: NDCG 0.5, Gini 0.7 (less is better)
        const std::array second{3, 2}; // NDCG 0.4, Gini 0.8
        for (int row = 0; row < 2; ++row)
            for (int col = 1; col <= 3; ++col) {
                QCOMPARE(at(row, col, MetricTableModel::BestRole),
                         col == best[static_cast<std::size_t>(row)]);
                QCOMPARE(at(row, col, MetricTableModel::SecondRole),
                         col == second[static_cast<std::size_t>(row)]);
            }
    }

    void ofTwoThereIsABestButNoSecond() {
        MetricTableModel model;
        model.setColumns({column("a", 0.3, 0.9), column("b", 0.5, 0.8)});
        QVERIFY(model.index(0, 2).data(MetricTableModel::BestRole).toBool());
        QVERIFY(!model.index(0, 1).data(MetricTableModel::SecondRole).toBool());
    }

    void numbersOfDifferentDefinitionsHaveNoBest() {
        MetricTableModel model;
        model.setColumns({column("a", 0.3, 0.9), column("b", 0.5, 0.8, "ndcg;k=10;gain=rating")});
        for (int col = 1; col <= 2; ++col)
            QVERIFY(!model.index(0, col).data(MetricTableModel::BestRole).toBool());
        QVERIFY(model.index(1, 2).data(MetricTableModel::BestRole).toBool()); // Gini is defined alike
        QVERIFY(
            model.index(0, 1).data(MetricTableModel::DetailsRole).toString().contains("defined differently"));
        QVERIFY(!model.index(1, 1)
                     .data(MetricTableModel::DetailsRole)
                     .toString()
                     .contains("defined differently"));
    }

    void marksStandWhereTheTestSaysSoAndGoWithTheColumns() {
        MetricTableModel model;
        QAbstractItemModelTester tester(&model);
        model.setColumns({column("a", 0.3, 0.9), column("b", 0.5, 0.8), column("c", 0.49, 0.7)});
        QVERIFY(!model.index(0, 1).data(MetricTableModel::MarkedRole).toBool());
        MetricTableModel::Marks marks;
        marks.reference = 1;
        marks.p["ndcg@10"] = {0.0004, std::numeric_limits<double>::quiet_NaN(), 0.21};
        model.setMarks(marks);
        QCOMPARE(model.index(0, 1).data(MetricTableModel::MarkRole).toString(), QStringLiteral("†"));
        QCOMPARE(model.index(0, 2).data(MetricTableModel::MarkRole).toString(), QString()); // the reference
        QCOMPARE(model.index(0, 3).data(MetricTableModel::MarkRole).toString(), QString()); // p = 0.21
        QCOMPARE(model.index(1, 1).data(MetricTableModel::MarkRole).toString(), QString()); // no test
        const QString details = model.index(0, 1).data(MetricTableModel::DetailsRole).toString();
        QVERIFY2(details.contains("differs from b") && details.contains("p &lt; 0.001"), qPrintable(details));
        QVERIFY(model.index(0, 3).data(Qt::ToolTipRole).toString().contains("p = 0.210"));
        model.setColumns({column("a", 0.3, 0.9)});
        QVERIFY(!model.index(0, 1).data(MetricTableModel::MarkedRole).toBool());
    }
};

QTEST_GUILESS_MAIN(TestMetricTableModel)
#include "tst_metric_table_model.moc"
