// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/curve_chart.h"
#include "widgets/charts/curve_grid.h"
#include "widgets/charts/run_charts.h"

#include <QCheckBox>
#include <QMenu>
#include <QPushButton>
#include <QTest>

#include <map>

using namespace recoscope;

namespace {

std::vector<Curve> curves(double scale) {
    Curve loss{QStringLiteral("loss"), {}};
    Curve validation{QStringLiteral("validation_loss"), {}};
    Curve part{QStringLiteral("regularisation"), {}};
    Curve ndcg{QStringLiteral("ndcg@10"), {}};
    Curve recall{QStringLiteral("recall@20"), {}};
    for (int epoch = 1; epoch <= 10; ++epoch) {
        const double elapsed = 0.5 * epoch;
        loss.points.push_back({epoch, elapsed, scale / epoch});
        validation.points.push_back({epoch, elapsed, scale / epoch + 0.1});
        part.points.push_back({epoch, elapsed, 0.01});
        ndcg.points.push_back({epoch, elapsed, 0.1 * scale});
        recall.points.push_back({epoch, elapsed, 0.2 * scale});
    }
    return {loss, validation, part, ndcg, recall};
}

QStringList names(const CurveChart* chart) {
    QStringList out;
    for (const ChartSeries& series : chart->series())
        out << series.name;
    return out;
}

} // namespace

class TestRunCharts final : public QObject {
    Q_OBJECT
    std::map<QString, std::vector<Curve>> m_runs{{"a-1", curves(1.0)}, {"b-2", curves(2.0)}};

    std::unique_ptr<RunCharts> make() {
        auto charts = std::make_unique<RunCharts>();
        charts->setSource(
            [this](const QString& run) { return m_runs.count(run) ? &m_runs.at(run) : nullptr; });
        return charts;
    }
private slots:
    void lossesAreLinesAndValidationIsDashed() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}});
        QCOMPARE(names(charts->lossChart()), QStringList({"first · training", "first · validation"}));
        QCOMPARE(charts->lossChart()->series()[1].style, Qt::DashLine);
        QCOMPARE(names(charts->metricChart()), QStringList({"first · NDCG@10"}));
    }
    void severalRunsAreOverlaidInTheirOwnColours() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}, {"b-2", "second", 1}});
        QCOMPARE(charts->lossChart()->series().size(), 4);
        QVERIFY(charts->lossChart()->series()[0].color != charts->lossChart()->series()[2].color);
        QCOMPARE(charts->metricChart()->series().size(), 2);
    }
    void timeReplacesTheEpochOnTheAxis() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}});
        QCOMPARE(charts->lossChart()->series()[0].points.back(), QPointF(10, 0.1));
        charts->setAgainstTime(true);
        QCOMPARE(charts->lossChart()->series()[0].points.back(), QPointF(5.0, 0.1));
        QCOMPARE(charts->lossChart()->xAxis().unit, AxisUnit::Seconds);
    }
    void smoothingKeepsTheRawCurveBehind() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}});
        charts->setSmoothing(0.6);
        const auto& series = charts->lossChart()->series();
        QCOMPARE(series.size(), 4);
        QVERIFY(series[0].faint && series[0].name.isEmpty());
        QVERIFY(series[1].points.back().y() > series[0].points.back().y()); // it lags behind a falling loss
    }
    void logAxisIsOnRequest() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}});
        QCOMPARE(charts->lossChart()->yAxis().scale, AxisScale::Linear);
        charts->findChild<QCheckBox*>("logLoss")->setChecked(true);
        QCOMPARE(charts->lossChart()->yAxis().scale, AxisScale::Log);
    }
    void partsHaveACurveEachAndAreSwitchedOff() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}});
        QVERIFY(charts->offered(RunCharts::Parts));
        QVERIFY(!charts->offered(RunCharts::Signals));
        charts->setView(RunCharts::Parts);
        // 1.0 beside 0.01: a line at the floor, unless each has its own scale.
        QCOMPARE(charts->partGrid()->keys(), QStringList({"loss", "regularisation"}));
        charts->setOwnScales(false);
        QCOMPARE(names(charts->partChart()), QStringList({"Total", "Regularisation"}));
        QVERIFY(charts->partChart()->series()[0].color != charts->partChart()->series()[1].color);
        charts->setPartShown("loss", false);
        QCOMPARE(names(charts->partChart()), QStringList({"Regularisation"}));
        charts->setPartShown("loss", true);
        charts->setOwnScales(true);
        QCOMPARE(charts->partGrid()->keys(), QStringList({"loss", "regularisation"}));
        QCOMPARE(charts->partGrid()->chart("regularisation")->series().size(), 1);
        // Two runs: a colour a run.
        charts->setOwnScales(false);
        charts->setRuns({{"a-1", "first", 0}, {"b-2", "second", 1}});
        QCOMPARE(charts->partChart()->series().size(), 4);
        QCOMPARE(names(charts->partChart())[3], QStringLiteral("second · Regularisation"));
        QVERIFY(charts->partChart()->series()[0].color != charts->partChart()->series()[1].color);
    }
    void signalsHaveTheirOwnChartsAndNeverMixWithLosses() {
        std::vector<Curve> vae = curves(1.0);
        vae.push_back({"signal:kl_weight", {{1, 0.5, 0.1}, {2, 1.0, 0.2}}});
        vae.push_back({"signal:dead_units", {{1, 0.5, 0.0}, {2, 1.0, 0.0}}});
        m_runs["vae-3"] = vae;
        auto charts = make();
        charts->setRuns({{"vae-3", "vae", 0}, {"b-2", "second", 1}});
        QVERIFY(charts->offered(RunCharts::Signals));
        charts->setView(RunCharts::Signals);
        QCOMPARE(charts->signalGrid()->keys(), QStringList({"signal:kl_weight", "signal:dead_units"}));
        const CurveChart* weight = charts->signalGrid()->chart("signal:kl_weight");
        QCOMPARE(weight->series().size(), 1); // the other run has none
        QCOMPARE(weight->series()[0].points.back(), QPointF(2, 0.2));
        QCOMPARE(charts->signalGrid()->chart("signal:dead_units")->yAxis().unit, AxisUnit::Percent);
        charts->setView(RunCharts::Parts);
        for (const QString& name : names(charts->partChart()))
            QVERIFY2(!name.contains("KL weight"), qPrintable(name));
        // A view that nobody has anything for goes, and the results come back.
        charts->setView(RunCharts::Signals);
        charts->setRuns({{"b-2", "second", 1}});
        QVERIFY(!charts->offered(RunCharts::Signals));
        QCOMPARE(charts->view(), static_cast<int>(RunCharts::Results));
        m_runs.erase("vae-3");
    }
    void metricsAreChosenFromWhatTheRunsHave() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0}});
        auto* choice = charts->findChild<QPushButton*>("metricChoice");
        QCOMPARE(choice->menu()->actions().size(), 2);
        QCOMPARE(choice->menu()->actions()[1]->text(), QStringLiteral("Recall@20"));
        choice->menu()->actions()[1]->trigger();
        QCOMPARE(names(charts->metricChart()), QStringList({"first · NDCG@10", "first · Recall@20"}));
        choice->menu()->actions()[0]->trigger();
        QCOMPARE(charts->metrics(), QStringList({"recall@20"}));
        // A person's choice stays, whatever a run watches.
        charts->setRuns({{"a-1", "first", 0, "ndcg@10", 4}});
        QCOMPARE(charts->metrics(), QStringList({"recall@20"}));
    }
    void theWatchedMetricIsDrawnWithItsBestEpoch() {
        auto charts = make();
        charts->setRuns({{"a-1", "first", 0, "recall@20", 4}});
        QCOMPARE(charts->metrics(), QStringList({"recall@20"}));
        QCOMPARE(charts->metricChart()->marks().size(), 1);
        QCOMPARE(charts->metricChart()->marks()[0].position, QPointF(4, 0.2));
        QCOMPARE(charts->metricChart()->marks()[0].text, QStringLiteral("best Recall@20 in epoch 4"));
        // Two that watch different metrics: one that both have, as two scales do not go into one chart.
        charts->setRuns({{"a-1", "first", 0, "recall@20", 4}, {"b-2", "second", 1, "ndcg@10", 2}});
        QCOMPARE(charts->metrics().size(), 1);
        QCOMPARE(charts->metricChart()->series().size(), 2);
        // Early stopping by the validation loss: the mark is on the loss.
        charts->setRuns({{"a-1", "first", 0, "validation_loss", 3}});
        QVERIFY(charts->metricChart()->marks().isEmpty());
        QCOMPARE(charts->lossChart()->marks().size(), 1);
        QCOMPARE(charts->lossChart()->marks()[0].position.x(), 3.0);
    }
};

QTEST_MAIN(TestRunCharts)
#include "tst_run_charts.moc"
