// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/run_charts.h"

#include "app/models/run_table_model.h"
#include "widgets/charts/curve_chart.h"
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

#include <algorithm>
#include <array>

namespace recoscope {

namespace {

bool isLoss(const QString& key) {
    return key == QLatin1String("loss") || key.contains(QLatin1String("loss"));
}

/// Anything that is not a metric is a part of the loss ("regularisation").
bool isMetric(const QString& key) { return !isLoss(key) && metricLabel(key) != key; }

constexpr std::array kStyles{Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};

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
    m_parts = new QCheckBox(tr("Loss parts"), this);
    m_parts->setToolTip(tr("Also the terms that the loss is made of, such as regularisation"));
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
    auto* bar = new FlowLayout;
    bar->setSpacing(space::small);
    bar->addWidget(together({new QLabel(tr("Against"), this), m_against}));
    bar->addWidget(together({new QLabel(tr("Smoothing"), this), m_smoothing, m_smoothingText}));
    bar->addWidget(m_log);
    bar->addWidget(m_parts);
    bar->addRightEnd();
    bar->addWidget(m_choose);
    auto* charts = new QHBoxLayout;
    charts->setSpacing(space::large);
    charts->addWidget(m_loss, 1);
    charts->addWidget(m_metric, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(bar);
    column->addLayout(charts, 1);

    connect(m_against, &QComboBox::currentIndexChanged, this, &RunCharts::refresh);
    connect(m_log, &QCheckBox::toggled, this, &RunCharts::refresh);
    connect(m_parts, &QCheckBox::toggled, this, &RunCharts::refresh);
    connect(m_smoothing, &QSlider::valueChanged, this, [this] {
        m_smoothingText->setText(QString::number(smoothing(), 'f', 2));
        refresh();
    });
    m_smoothingText->setText(QStringLiteral("0.00"));
    Theme::keepWidth(m_smoothingText, 32);
    nameMetrics();
    refresh();
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
    drawLoss();
    drawMetrics();
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
            marks.append({{time ? point.elapsed : point.epoch, point.value},
                          color,
                          m_runs.size() == 1 ? tr("best %1 in epoch %2").arg(name).arg(run.bestEpoch) : QString()});
}

void RunCharts::drawLoss() {
    QVector<ChartSeries> series;
    QVector<ChartMark> marks;
    for (const ChartedRun& run : m_runs) {
        const std::vector<Curve>* curves = m_source ? m_source(run.id) : nullptr;
        if (!curves) continue;
        int part = 0;
        for (const Curve& curve : *curves) {
            if (isMetric(curve.key) || curve.points.empty()) continue;
            const bool main = curve.key == QLatin1String("loss");
            const bool validation = curve.key == QLatin1String("validation_loss");
            if (!main && !validation && !m_parts->isChecked()) continue;
            ChartSeries line;
            line.key = run.id + QLatin1Char('/') + curve.key;
            line.name = QStringLiteral("%1 · %2").arg(run.name, main         ? tr("training")
                                                                : validation ? tr("validation")
                                                                             : curve.key);
            if (m_runs.size() > 1) line.group = run.name;
            line.color = Theme::current().series(run.colorIndex);
            line.style = main         ? Qt::SolidLine
                         : validation ? Qt::DashLine
                                      : (part++ % 2 == 0 ? Qt::DotLine : Qt::DashDotLine);
            line.points = points(curve);
            if (validation) appendMark(marks, run, curve, line.color);
            append(series, std::move(line));
        }
    }
    const bool time = m_against->currentIndex() == 1;
    m_loss->setAxes(
        {time ? tr("Time") : tr("Epoch"),
         AxisScale::Linear,
         time ? AxisUnit::Seconds : AxisUnit::Integer,
         {},
         {}},
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
    const bool time = m_against->currentIndex() == 1;
    m_metric->setAxes({time ? tr("Time") : tr("Epoch"),
                       AxisScale::Linear,
                       time ? AxisUnit::Seconds : AxisUnit::Integer,
                       {},
                       {}},
                      {QString(), AxisScale::Linear, AxisUnit::Number, {}, {}});
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
