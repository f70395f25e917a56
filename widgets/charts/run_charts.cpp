// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/run_charts.h"

#include "app/models/run_table_model.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/charts/curve_grid.h"
#include "widgets/charts/curve_names.h"
#include "widgets/charts/decimate.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSlider>
#include <QStackedWidget>
#include <QStyleOptionTab>
#include <QTabBar>
#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

bool isMetric(const QString& key) { return curveKind(key) == CurveKind::Metric; }

/// One curve is always far smaller than another.
bool scalesDiffer(const QVector<ChartSeries>& all) {
    double least = std::numeric_limits<double>::infinity();
    double most = 0.0;
    for (const ChartSeries& series : all) {
        double height = 0.0;
        for (const QPointF& point : series.points)
            height = std::max(height, std::abs(point.y()));
        if (height <= 0.0) continue;
        least = std::min(least, height);
        most = std::max(most, height);
    }
    return most > 30.0 * least;
}

constexpr std::array kStyles{Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};

/// Drawn as the tabs of a QTabWidget: a bar without one takes the window's colour, and in the dark theme the
/// chosen tab would look like the others.
class ViewTabs final : public QTabBar {
public:
    using QTabBar::QTabBar;

protected:
    void initStyleOption(QStyleOptionTab* option, int tab) const override {
        QTabBar::initStyleOption(option, tab);
        option->features |= QStyleOptionTab::HasFrame;
    }
};

} // namespace

ChartedRun chartedRun(const RunRecord& record, int colorIndex) {
    ChartedRun run{record.id, runTitle(record), colorIndex, {}, 0};
    const EarlyStopping& stopping = record.experiment.plan.earlyStopping;
    if (stopping.enabled) {
        run.watched = QString::fromStdString(stopping.metric);
        run.bestEpoch = record.bestEpoch;
    }
    return run;
}

RunCharts::RunCharts(QWidget* parent)
    : QWidget(parent) {
    m_loss = new CurveChart(this);
    m_loss->setObjectName(QStringLiteral("lossChart"));
    m_loss->setTitle(tr("Loss"));
    m_metric = new CurveChart(this);
    m_metric->setObjectName(QStringLiteral("metricChart"));
    m_metric->setTitle(tr("Validation metrics"));
    m_part = new CurveChart(this);
    m_part->setObjectName(QStringLiteral("partChart"));
    m_part->setEmptyText(tr("Choose a part above."));
    m_partGrid = new CurveGrid(this);
    m_signals = new CurveGrid(this);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    buildBar();
    buildViews();
    column->addWidget(m_views, 1);

    connect(m_against, &QComboBox::currentIndexChanged, this, &RunCharts::refresh);
    connect(m_log, &QCheckBox::toggled, this, &RunCharts::refresh);
    connect(m_ownScales, &QCheckBox::clicked, this, [this](bool own) { setOwnScales(own); });
    connect(m_smoothing, &QSlider::valueChanged, this, [this] {
        m_smoothingText->setText(QString::number(smoothing(), 'f', 2));
        refresh();
    });
    connect(m_tabs, &QTabBar::currentChanged, this, [this](int view) {
        m_views->setCurrentIndex(view);
        showViewControls();
        refresh();
        emit viewChanged(view);
    });
    m_smoothingText->setText(QStringLiteral("0.00"));
    Theme::keepWidth(m_smoothingText, 32);
    nameMetrics();
    showViewControls();
    refresh();
}

void RunCharts::buildBar() {
    m_tabs = new ViewTabs(this);
    m_tabs->setObjectName(QStringLiteral("chartViews"));
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->setUsesScrollButtons(false);
    m_tabs->addTab(tr("Results"));
    m_tabs->setTabToolTip(Results, tr("Loss and validation metrics"));
    m_tabs->addTab(tr("Loss parts"));
    m_tabs->setTabToolTip(Parts,
                          tr("The terms that the loss is made of, and the losses of a second network"));
    m_tabs->addTab(tr("Signals"));
    m_tabs->setTabToolTip(Signals,
                          tr("What steers and tells of the training: annealing weight, learning rate, "
                             "gradient norm, dead units"));
    m_tabs->setTabVisible(Parts, false);
    m_tabs->setTabVisible(Signals, false);
    m_tabs->hide();
    m_against = new QComboBox(this);
    m_against->setObjectName(QStringLiteral("against"));
    m_against->addItems({tr("Epoch"), tr("Time")});
    m_against->setToolTip(tr("Time is training and evaluation, without pauses"));
    m_smoothing = new QSlider(Qt::Horizontal, this);
    m_smoothing->setObjectName(QStringLiteral("smoothing"));
    m_smoothing->setRange(0, 98);
    Theme::keepWidth(m_smoothing, 90, 90);
    m_smoothing->setToolTip(tr("Exponential moving average; 0 shows the raw curve. The raw curve stays "
                               "visible behind the smoothed one."));
    m_smoothingText = new QLabel(this);
    m_log = new QCheckBox(tr("Log loss"), this);
    m_log->setObjectName(QStringLiteral("logLoss"));
    m_log->setToolTip(tr("Logarithmic axis for the loss"));
    m_menu = new QMenu(this);
    m_choose = new QPushButton(this);
    m_choose->setObjectName(QStringLiteral("metricChoice"));
    m_choose->setMenu(m_menu);
    m_choose->setToolTip(tr("Which validation metrics are drawn"));
    const auto together = [this](std::initializer_list<QWidget*> widgets) {
        auto* group = new QWidget(this);
        auto* row = new QHBoxLayout(group);
        row->setContentsMargins(0, 0, 0, 0);
        row->setSpacing(space::small);
        for (QWidget* widget : widgets)
            row->addWidget(widget);
        return group;
    };
    m_againstBox = together({new QLabel(tr("Against"), this), m_against});
    m_smoothingBox = together({new QLabel(tr("Smoothing"), this), m_smoothing, m_smoothingText});
    auto* bar = new FlowLayout;
    bar->setSpacing(space::small);
    for (QWidget* widget :
         {static_cast<QWidget*>(m_tabs), m_againstBox, m_smoothingBox, static_cast<QWidget*>(m_log)})
        bar->addWidget(widget);
    bar->addRightEnd();
    bar->addWidget(m_choose);
    static_cast<QVBoxLayout*>(layout())->addLayout(bar);
}

void RunCharts::buildViews() {
    m_views = new QStackedWidget(this);
    auto* results = new QWidget;
    auto* charts = new QHBoxLayout(results);
    charts->setContentsMargins(0, 0, 0, 0);
    charts->setSpacing(space::large);
    charts->addWidget(m_loss, 1);
    charts->addWidget(m_metric, 1);
    m_views->addWidget(results);

    m_partBar = new QWidget;
    m_partButtons = new FlowLayout(m_partBar);
    m_partButtons->setSpacing(space::small);
    m_ownScales = new QCheckBox(tr("Own scales"), m_partBar);
    m_ownScales->setObjectName(QStringLiteral("ownScales"));
    m_ownScales->setToolTip(tr("A chart a part, so that a small one is seen beside a large one"));
    m_partViews = new QStackedWidget;
    m_partViews->addWidget(m_part);
    m_partViews->addWidget(m_partGrid);
    auto* parts = new QWidget;
    auto* column = new QVBoxLayout(parts);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::tiny);
    column->addWidget(m_partBar);
    column->addWidget(m_partViews, 1);
    m_views->addWidget(parts);
    m_views->addWidget(m_signals);
}

int RunCharts::addView(QWidget* content, const QString& title, const QString& toolTip) {
    const int view = m_tabs->addTab(title);
    m_tabs->setTabToolTip(view, toolTip);
    m_tabs->setTabVisible(view, false);
    m_views->addWidget(content);
    return view;
}

void RunCharts::offerView(int view, bool offered) {
    if (offered == m_tabs->isTabVisible(view)) return;
    if (!offered && m_tabs->currentIndex() == view) m_tabs->setCurrentIndex(Results);
    m_tabs->setTabVisible(view, offered);
    bool several = false;
    for (int n = 1; n < m_tabs->count(); ++n)
        several = several || m_tabs->isTabVisible(n);
    m_tabs->setVisible(several);
}

void RunCharts::setView(int view) {
    if (offered(view)) m_tabs->setCurrentIndex(view);
}
int RunCharts::view() const { return m_tabs->currentIndex(); }
bool RunCharts::offered(int view) const { return m_tabs->isTabVisible(view); }

/// Only what means something for the view that is seen.
void RunCharts::showViewControls() {
    const int now = view();
    m_againstBox->setVisible(now < FirstOwn);
    m_smoothingBox->setVisible(now < FirstOwn);
    m_log->setVisible(now == Results || now == Parts);
    m_choose->setVisible(now == Results);
}

void RunCharts::setSource(std::function<const std::vector<Curve>*(const QString&)> source) {
    m_source = std::move(source);
}

void RunCharts::setRuns(std::vector<ChartedRun> runs) {
    if (runs == m_runs) return;
    m_runs = std::move(runs);
    refresh();
}

void RunCharts::setEmptyTexts(const QString& loss, const QString& metrics) {
    m_loss->setEmptyText(loss);
    m_metric->setEmptyText(metrics);
}

void RunCharts::setMetrics(const QStringList& keys) {
    m_chosen = true;
    m_metrics = keys;
    showChecks();
    nameMetrics();
    refresh();
}

void RunCharts::setAgainstTime(bool time) { m_against->setCurrentIndex(time ? 1 : 0); }
void RunCharts::setSmoothing(double weight) { m_smoothing->setValue(static_cast<int>(weight * 100.0 + 0.5)); }
double RunCharts::smoothing() const { return m_smoothing->value() / 100.0; }

QVector<QPointF> RunCharts::points(const Curve& curve) const {
    const bool time = m_against->currentIndex() == 1;
    QVector<QPointF> out;
    out.reserve(static_cast<qsizetype>(curve.points.size()));
    for (const CurvePoint& point : curve.points)
        out.append({time ? point.elapsed : point.epoch, point.value});
    return out;
}

void RunCharts::refresh() {
    offerMetrics();
    offerTabs();
    if (view() == Results) {
        drawLoss();
        drawMetrics();
    } else if (view() == Parts) {
        drawParts();
    } else if (view() == Signals) {
        drawSignals();
    }
}

ChartAxis RunCharts::xAxis() const {
    const bool time = m_against->currentIndex() == 1;
    return {time ? tr("Time") : tr("Epoch"),
            AxisScale::Linear,
            time ? AxisUnit::Seconds : AxisUnit::Integer,
            {},
            {}};
}

/// Of the shown runs, in the order in which they come.
QStringList RunCharts::keysOf(int kind) const {
    QStringList keys;
    for (const ChartedRun& run : m_runs) {
        const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
        if (!curves) continue;
        for (const Curve& curve : *curves)
            if (static_cast<int>(curveKind(curve.key)) == kind && !curve.points.empty() &&
                !keys.contains(curve.key))
                keys << curve.key;
    }
    return keys;
}

void RunCharts::offerTabs() {
    QStringList parts = keysOf(static_cast<int>(CurveKind::Part));
    if (!parts.isEmpty()) parts.prepend(QStringLiteral("loss"));
    m_offeredSignals = keysOf(static_cast<int>(CurveKind::Signal));
    if (parts != m_offeredParts) {
        m_offeredParts = parts;
        offerParts();
    }
    offerView(Parts, !parts.isEmpty());
    offerView(Signals, !m_offeredSignals.isEmpty());
}

void RunCharts::offerParts() {
    while (QLayoutItem* item = m_partButtons->takeAt(0)) {
        if (item->widget() != m_ownScales) delete item->widget();
        delete item;
    }
    for (const QString& key : std::as_const(m_offeredParts)) {
        auto* box = new QCheckBox(curveLabel(key), m_partBar);
        box->setObjectName(QStringLiteral("part/") + key);
        box->setToolTip(curveHelp(key));
        box->setChecked(!m_hiddenParts.contains(key));
        connect(box, &QCheckBox::toggled, this, [this, key](bool on) {
            on ? void(m_hiddenParts.removeAll(key)) : m_hiddenParts.append(key);
            refresh();
        });
        m_partButtons->addWidget(box);
        box->show();
    }
    m_partButtons->addRightEnd();
    m_partButtons->addWidget(m_ownScales);
}

QStringList RunCharts::parts() const {
    QStringList shown;
    for (const QString& key : m_offeredParts)
        if (!m_hiddenParts.contains(key)) shown << key;
    return shown;
}

void RunCharts::setPartShown(const QString& key, bool shown) {
    if (auto* box = m_partBar->findChild<QCheckBox*>(QStringLiteral("part/") + key)) box->setChecked(shown);
}

void RunCharts::setOwnScales(bool own) {
    m_scalesChosen = true;
    m_ownScales->setChecked(own);
    refresh();
}

void RunCharts::drawParts() {
    const bool one = m_runs.size() == 1;
    const ChartAxis y{
        QString(), m_log->isChecked() ? AxisScale::Log : AxisScale::Linear, AxisUnit::Number, {}, {}};
    QVector<ChartSeries> all;
    QVector<CurveGrid::Cell> cells;
    const QStringList shown = parts();
    for (const QString& key : shown) {
        const auto part = static_cast<int>(m_offeredParts.indexOf(key));
        CurveGrid::Cell cell{key, curveLabel(key), curveHelp(key), xAxis(), y, {}};
        for (const ChartedRun& run : m_runs) {
            const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
            if (!curves) continue;
            const auto curve =
                std::find_if(curves->begin(), curves->end(), [&](const Curve& c) { return c.key == key; });
            if (curve == curves->end() || curve->points.empty()) continue;
            ChartSeries line;
            line.key = run.id + QLatin1Char('/') + key;
            line.points = points(*curve);
            // One run: a colour a part. Several runs: a colour a run, a dash a part.
            line.color = Theme::current().series(one ? part : run.colorIndex);
            line.name = one ? curveLabel(key) : QStringLiteral("%1 · %2").arg(run.name, curveLabel(key));
            ChartSeries alone = line;
            alone.name = run.name;
            append(cell.series, std::move(alone));
            if (!one) line.group = run.name;
            if (!one) line.style = kStyles[static_cast<std::size_t>(part) % kStyles.size()];
            append(all, std::move(line));
        }
        if (!cell.series.isEmpty()) cells << cell;
    }
    // Where runs have the colours, parts would only have dashes; and a small part beside a large one is a
    // line at the floor: charts beside each other are easier to read then.
    if (!m_scalesChosen) m_ownScales->setChecked(!one || scalesDiffer(all));
    m_partViews->setCurrentIndex(m_ownScales->isChecked() ? 1 : 0);
    if (m_ownScales->isChecked()) {
        m_partGrid->setCells(std::move(cells));
        return;
    }
    QStringList dashes;
    const QStringList words{tr("solid"), tr("dashed"), tr("dotted"), tr("dash-dotted")};
    for (const QString& key : shown)
        dashes << tr("%1 %2").arg(curveLabel(key), words[m_offeredParts.indexOf(key) % words.size()]);
    m_part->setTitle(one ? tr("Parts of the loss") : tr("Parts of the loss, by line"));
    m_part->setToolTip(one ? QString() : dashes.join(QStringLiteral(", ")));
    m_part->setAxes(xAxis(), y);
    m_part->setSeries(std::move(all));
}

void RunCharts::drawSignals() {
    QVector<CurveGrid::Cell> cells;
    for (const QString& key : std::as_const(m_offeredSignals)) {
        ChartAxis y;
        y.unit = curveUnit(key);
        CurveGrid::Cell cell{key, curveLabel(key), curveHelp(key), xAxis(), y, {}};
        bool nothing = true;
        for (const ChartedRun& run : m_runs) {
            const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
            if (!curves) continue;
            for (const Curve& curve : *curves) {
                if (curve.key != key) continue;
                ChartSeries line;
                line.key = run.id + QLatin1Char('/') + key;
                line.name = run.name;
                line.color = Theme::current().series(run.colorIndex);
                line.points = points(curve);
                nothing = nothing && std::all_of(line.points.begin(), line.points.end(),
                                                 [](const QPointF& point) { return point.y() == 0.0; });
                append(cell.series, std::move(line));
            }
        }
        // A share of nothing is a line at the floor of a scale that means something.
        if (curveUnit(key) == AxisUnit::Percent) cell.y.min = 0.0;
        if (curveUnit(key) == AxisUnit::Percent && nothing) cell.y.max = 1.0;
        cells << cell;
    }
    m_signals->setCells(std::move(cells));
}

void RunCharts::append(QVector<ChartSeries>& series, ChartSeries line) const {
    if (smoothing() > 0.0 && line.points.size() > 2) {
        ChartSeries raw = line;
        raw.key += QStringLiteral("/raw");
        raw.name.clear();
        raw.faint = true;
        series.append(raw);
        line.points = smoothed(line.points, smoothing());
    }
    series.append(std::move(line));
}

void RunCharts::appendMark(QVector<ChartMark>& marks, const ChartedRun& run, const Curve& curve,
                           const QColor& color) const {
    if (run.bestEpoch <= 0 || curve.key != run.watched) return;
    const bool time = m_against->currentIndex() == 1;
    const QString name =
        curve.key == QLatin1String("validation_loss") ? tr("validation loss") : metricLabel(curve.key);
    for (const CurvePoint& point : curve.points)
        if (point.epoch == run.bestEpoch)
            marks.append(
                {{time ? point.elapsed : point.epoch, point.value},
                 color,
                 m_runs.size() == 1 ? tr("best %1 in epoch %2").arg(name).arg(run.bestEpoch) : QString()});
}

void RunCharts::drawLoss() {
    QVector<ChartSeries> series;
    QVector<ChartMark> marks;
    for (const ChartedRun& run : m_runs) {
        const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
        if (!curves) continue;
        for (const Curve& curve : *curves) {
            if (curveKind(curve.key) != CurveKind::Loss || curve.points.empty()) continue;
            const bool validation = curve.key == QLatin1String("validation_loss");
            ChartSeries line;
            line.key = run.id + QLatin1Char('/') + curve.key;
            line.name =
                QStringLiteral("%1 · %2").arg(run.name, validation ? tr("validation") : tr("training"));
            if (m_runs.size() > 1) line.group = run.name;
            line.color = Theme::current().series(run.colorIndex);
            line.style = validation ? Qt::DashLine : Qt::SolidLine;
            line.points = points(curve);
            if (validation) appendMark(marks, run, curve, line.color);
            append(series, std::move(line));
        }
    }
    m_loss->setAxes(
        xAxis(),
        {QString(), m_log->isChecked() ? AxisScale::Log : AxisScale::Linear, AxisUnit::Number, {}, {}});
    m_loss->setTitle(m_runs.size() > 1 ? tr("Loss (solid: training, dashed: validation)") : tr("Loss"));
    m_loss->setSeries(series);
    m_loss->setMarks(marks);
}

void RunCharts::drawMetrics() {
    QVector<ChartSeries> series;
    QVector<ChartMark> marks;
    for (const ChartedRun& run : m_runs) {
        const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
        if (!curves) continue;
        for (qsizetype m = 0; m < m_metrics.size(); ++m) {
            const auto curve = std::find_if(curves->begin(), curves->end(),
                                            [&](const Curve& c) { return c.key == m_metrics[m]; });
            if (curve == curves->end() || curve->points.empty()) continue;
            ChartSeries line;
            line.key = run.id + QLatin1Char('/') + curve->key;
            line.name = QStringLiteral("%1 · %2").arg(run.name, metricLabel(curve->key));
            // One run: a colour a metric. Several runs: a colour a run and a dash a metric.
            const bool one = m_runs.size() == 1;
            line.color =
                Theme::current().series(one && m_metrics.size() > 1 ? static_cast<int>(m) : run.colorIndex);
            if (!one) line.group = run.name;
            line.style = one ? Qt::SolidLine : kStyles[static_cast<std::size_t>(m) % kStyles.size()];
            line.points = points(*curve);
            appendMark(marks, run, *curve, line.color);
            append(series, std::move(line));
        }
    }
    m_metric->setAxes(xAxis(), {QString(), AxisScale::Linear, AxisUnit::Number, {}, {}});
    m_metric->setSeries(series);
    m_metric->setMarks(marks);
}

void RunCharts::offerMetrics() {
    QStringList known;
    for (const ChartedRun& run : m_runs) {
        const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
        if (!curves) continue;
        for (const Curve& curve : *curves)
            if (isMetric(curve.key) && !known.contains(curve.key)) known << curve.key;
    }
    const bool news = known != m_offered;
    m_offered = known;
    if (news) {
        m_menu->clear();
        for (const QString& key : known) {
            QAction* action = m_menu->addAction(metricLabel(key));
            action->setData(key);
            action->setCheckable(true);
            action->setChecked(m_metrics.contains(key));
            connect(action, &QAction::toggled, this, [this, key](bool on) {
                m_chosen = true;
                on ? m_metrics.append(key) : void(m_metrics.removeAll(key));
                nameMetrics();
                refresh();
            });
        }
    }
    const auto has = [&](const QString& key) { return known.contains(key); };
    QStringList wanted = m_metrics;
    if (!m_chosen)
        if (const QStringList watched = watchedMetrics(); !watched.isEmpty()) wanted = watched;
    // What is drawn must be something that these runs have.
    if (!known.isEmpty() && std::none_of(wanted.begin(), wanted.end(), has)) {
        const auto ndcg = std::find_if(known.begin(), known.end(), [](const QString& key) {
            return key.startsWith(QLatin1String("ndcg"));
        });
        wanted = {ndcg != known.end() ? *ndcg : known.front()};
    }
    if (wanted == m_metrics && !news) return;
    m_metrics = wanted;
    showChecks();
    nameMetrics();
}

/// What all runs watch; where they watch different metrics the first of them that all have, as two scales do
/// not go into one chart.
QStringList RunCharts::watchedMetrics() const {
    QStringList watched;
    for (const ChartedRun& run : m_runs)
        if (isMetric(run.watched) && m_offered.contains(run.watched) && !watched.contains(run.watched))
            watched << run.watched;
    if (watched.size() < 2) return watched;
    for (const QString& key : std::as_const(watched))
        if (std::all_of(m_runs.begin(), m_runs.end(), [&](const ChartedRun& run) {
                const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
                return !curves || std::any_of(curves->begin(), curves->end(),
                                              [&](const Curve& curve) { return curve.key == key; });
            }))
            return {key};
    return watched;
}

void RunCharts::showChecks() {
    for (QAction* action : m_menu->actions()) {
        const QSignalBlocker quiet(action);
        action->setChecked(m_metrics.contains(action->data().toString()));
    }
}

void RunCharts::nameMetrics() {
    QStringList labels;
    for (const QString& key : std::as_const(m_metrics))
        if (m_offered.isEmpty() || m_offered.contains(key)) labels << metricLabel(key);
    QString words = labels.isEmpty() ? tr("none") : labels.mid(0, 2).join(QStringLiteral(", "));
    if (labels.size() > 2) words += tr(" and %1 more").arg(labels.size() - 2);
    m_choose->setText(tr("Metrics: %1").arg(words));
    m_choose->setEnabled(!m_offered.isEmpty());
}

} // namespace recoscope
