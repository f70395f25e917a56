// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/run_store.h"

#include <QWidget>

#include <functional>
#include <vector>

class QCheckBox;
class QComboBox;
class QLabel;
class QMenu;
class QPushButton;
class QSlider;
class QStackedWidget;
class QTabBar;

namespace recoscope {

class CurveChart;
class CurveGrid;
class FlowLayout;
struct ChartAxis;
struct ChartMark;
struct ChartSeries;

/// One run whose curves are drawn.
struct ChartedRun {
    QString id;
    QString name;
    int colorIndex = 0;
    QString watched;   // the metric of early stopping: "rmse"; "" where nothing is watched
    int bestEpoch = 0; // by that metric; 0: not known
    bool operator==(const ChartedRun&) const = default;
};

ChartedRun chartedRun(const RunRecord& record, int colorIndex);

/// Losses and validation metrics of several runs, one above or beside the other: against epoch or time, raw
/// and smoothed, logarithmic, with read-out and zoom. Curves are pulled from the source at each refresh, not
/// copied. Until a person chooses metrics it is the watched ones that are drawn, with the best epoch marked.
/// Runs whose loss has parts, or which tell signals of their training (annealing weight, gradient norm),
/// bring further views behind tabs: parts in one chart or each at its own scale, signals always so. GUI
/// thread.
class RunCharts final : public QWidget {
    Q_OBJECT
public:
    explicit RunCharts(QWidget* parent = nullptr);

    /// Where the curves of a run are; null when it has none. Valid during the call only.
    void setSource(std::function<const std::vector<Curve>*(const QString& run)> source);
    void setRuns(std::vector<ChartedRun> runs);
    /// Said instead of an empty chart.
    void setEmptyTexts(const QString& loss, const QString& metrics);
    /// Curves have moved: draws anew if visible.
    void refresh();

    CurveChart* lossChart() const { return m_loss; }
    CurveChart* metricChart() const { return m_metric; }
    /// Keys of metrics that are drawn; unknown ones are kept until a run has them.
    void setMetrics(const QStringList& keys);
    QStringList metrics() const { return m_metrics; }
    void setAgainstTime(bool time);
    void setSmoothing(double weight);

    /// Results: loss and metrics. The others are there when a shown run has something for them.
    enum View { Results, Parts, Signals, FirstOwn };
    void setView(int view);
    int view() const;
    bool offered(int view) const;
    /// A view of the owner's behind a tab of its own; its number. Not offered at first.
    int addView(QWidget* content, const QString& title, const QString& toolTip);
    void offerView(int view, bool offered);
    CurveChart* partChart() const { return m_part; }
    CurveGrid* partGrid() const { return m_partGrid; }
    CurveGrid* signalGrid() const { return m_signals; }
    /// Keys of the parts that are drawn, of those that runs have.
    QStringList parts() const;
    void setPartShown(const QString& key, bool shown);
    /// A chart a part; until it is said so, where several runs are shown.
    void setOwnScales(bool own);

signals:
    void viewChanged(int view);

private:
    void buildBar();
    void buildViews();
    void drawParts();
    void drawSignals();
    void offerParts();
    void offerTabs();
    void showViewControls();
    QStringList keysOf(int kind) const;
    ChartAxis xAxis() const;
    void drawLoss();
    void drawMetrics();
    void offerMetrics();
    QStringList watchedMetrics() const;
    /// Adds a curve, with the raw one behind where it is smoothed.
    void append(QVector<ChartSeries>& series, ChartSeries line) const;
    /// The ring at the best epoch, if the curve is of what the run watches.
    void appendMark(QVector<ChartMark>& marks, const ChartedRun& run, const Curve& curve,
                    const QColor& color) const;
    void showChecks();
    void nameMetrics();
    QVector<QPointF> points(const Curve& curve) const;
    double smoothing() const;

    std::function<const std::vector<Curve>*(const QString&)> m_source;
    std::vector<ChartedRun> m_runs;
    QStringList m_metrics{QStringLiteral("ndcg@10")};
    QStringList m_offered;
    bool m_chosen = false; // the metrics are a person's choice
    bool m_scalesChosen = false;
    CurveChart* m_loss = nullptr;
    CurveChart* m_metric = nullptr;
    QComboBox* m_against = nullptr;
    QSlider* m_smoothing = nullptr;
    QLabel* m_smoothingText = nullptr;
    QCheckBox* m_log = nullptr;
    QStringList m_hiddenParts; // switched off by a person
    QStringList m_offeredParts;
    QStringList m_offeredSignals;
    QTabBar* m_tabs = nullptr;
    QStackedWidget* m_views = nullptr;
    QWidget* m_partBar = nullptr;
    FlowLayout* m_partButtons = nullptr;
    QCheckBox* m_ownScales = nullptr;
    QStackedWidget* m_partViews = nullptr;
    CurveChart* m_part = nullptr;
    CurveGrid* m_partGrid = nullptr;
    CurveGrid* m_signals = nullptr;
    QWidget* m_smoothingBox = nullptr;
    QWidget* m_againstBox = nullptr;
    QPushButton* m_choose = nullptr;
    QMenu* m_menu = nullptr;
};

} // namespace recoscope
