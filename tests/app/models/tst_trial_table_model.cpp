// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/trial_table_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QtTest>

using namespace recoscope;

namespace {

TrialRow trial(int number, double reg, TrialValue value, TrialState state = TrialState::Done) {
    TrialRow row;
    row.number = number;
    row.role = trialRole(number);
    row.params = {{"reg", reg}};
    row.value = value;
    row.state = state;
    row.run = QStringLiteral("run-%1").arg(number);
    row.epochs = number;
    row.seconds = 10.0 - number;
    return row;
}

StudyView search(std::vector<TrialRow> rows, std::optional<std::size_t> best) {
    StudyView view;
    view.search = QStringLiteral("search 1");
    view.metric = QStringLiteral("ndcg@10");
    SearchDimension reg;
    reg.key = "reg";
    view.dimensions = {reg};
    Experiment e;
    e.plan.algorithm = "ials";
    view.experiment = e;
    view.rows = std::move(rows);
    view.best = best;
    return view;
}

} // namespace

class TestTrialTableModel : public QObject {
    Q_OBJECT
private slots:
    void columnsAreTheParametersThatAreVariedAndRowsGrowInPlace() {
        TrialTableModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
        QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
        model.setView(search({trial(1, 0.5, 0.2)}, 0));
        QCOMPARE(model.columnCount(), 6);
        QCOMPARE(model.headerData(1, Qt::Horizontal, Qt::DisplayRole).toString(), QStringLiteral("NDCG@10"));
        QVERIFY(!model.headerData(2, Qt::Horizontal, Qt::DisplayRole).toString().isEmpty());
        model.setView(
            search({trial(1, 0.5, 0.2), trial(2, 8.0, 0.3), trial(3, 2.0, {}, TrialState::Running)}, 1));
        QCOMPARE(model.rowCount(), 3);
        QCOMPARE(resets.size(), 1); // the second time in place
        QVERIFY(!model.index(0, 0).data(TrialTableModel::BestRole).toBool());
        QVERIFY(model.index(1, 0).data(TrialTableModel::BestRole).toBool());
        QCOMPARE(model.index(1, 1).data().toString(), QStringLiteral("0.3000"));
        QCOMPARE(model.index(2, 2).data().toString(), QStringLiteral("Running"));
        QCOMPARE(model.index(1, 3).data().toString(), QStringLiteral("8"));
        QVERIFY(model.isParameter(3) && !model.isParameter(2) && !model.isParameter(4));
        model.setView(search({}, {}));
        QCOMPARE(model.rowCount(), 0);
    }

    void sortingKnowsNumbersAndPutsTheBestFirstWhicheverWayIsBetter() {
        for (const bool higher : {true, false}) {
            StudyView view =
                search({trial(1, 0.5, 0.2), trial(2, 10.0, 0.3), trial(3, 2.0, {}, TrialState::Failed)}, 1);
            view.higherIsBetter = higher;
            TrialTableModel model;
            model.setView(view);
            QSortFilterProxyModel sorted;
            sorted.setSourceModel(&model);
            sorted.setSortRole(TrialTableModel::SortRole);
            const auto numbers = [&] {
                QList<int> order;
                for (int row = 0; row < 3; ++row)
                    order << sorted.index(row, 0).data(TrialTableModel::NumberRole).toInt();
                return order;
            };
            sorted.sort(model.valueColumn(), Qt::DescendingOrder);
            QCOMPARE(numbers(), higher ? (QList<int>{2, 1, 3}) : (QList<int>{1, 2, 3}));
            sorted.sort(3, Qt::AscendingOrder); // 0.5, 2, 10 and not "0.5", "10", "2"
            QCOMPARE(numbers(), (QList<int>{1, 3, 2}));
        }
    }

    void aParameterWithOneValueHasNoColumnOnceThatIsCertain() {
        StudyView view = search({trial(1, 0.51239999, 0.2), trial(2, 0.51239999, 0.3)}, 1);
        view.experiment->plan.params["epochs"] = std::int64_t{8};
        TrialTableModel model;
        model.setView(view);
        QCOMPARE(model.columnCount(), 6); // trials to come may have another value
        QCOMPARE(model.index(0, 3).data().toString(), QStringLiteral("0.5124"));
        QVERIFY(model.index(0, 3).data(Qt::ToolTipRole).toString().startsWith("0.51239999"));
        QCOMPARE(view.constants().size(), std::size_t{1}); // what was set for all
        view.completed = true;
        model.setView(view);
        QCOMPARE(model.columnCount(), 5);
        QCOMPARE(view.constants().size(), std::size_t{2});
        QVERIFY(view.constants()[0].first == "epochs" || view.constants()[1].first == "epochs");
        view.rows[1].params["reg"] = 0.6;
        model.setView(view);
        QCOMPARE(model.columnCount(), 6);
        // One listed value is one from the start.
        view.completed = false;
        view.dimensions[0].values = {ParamValue(0.6)};
        QVERIFY(view.constant(view.dimensions[0]));
    }

    void seedsHaveTheirRoleAndTheirOwnValue() {
        StudyView view;
        view.study = QStringLiteral("seeds-1");
        view.kind = StudyKind::Seeds;
        view.metric = QStringLiteral("rmse");
        view.rows = {trial(1, 1.0, 0.87)};
        view.rows.front().role = QStringLiteral("seed 7");
        TrialTableModel model;
        model.setView(view);
        QCOMPARE(model.index(0, 0).data().toString(), QStringLiteral("seed 7"));
        QCOMPARE(model.columnCount(), 5);
        QCOMPARE(model.headerData(1, Qt::Horizontal, Qt::DisplayRole).toString(), QStringLiteral("RMSE"));
        QCOMPARE(model.index(0, 1).data().toString(), QStringLiteral("0.8700"));
    }
};

QTEST_GUILESS_MAIN(TestTrialTableModel)
#include "tst_trial_table_model.moc"
