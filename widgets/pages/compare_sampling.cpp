// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_sampling.h"

#include "engine/eval/user_ranker.h"

#include "app/models/run_table_model.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/pages/compare_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

QString kindTitle(CandidateKind kind) {
    if (kind == CandidateKind::Given) return CompareSampling::tr("Given with the data");
    return kind == CandidateKind::Popular ? CompareSampling::tr("Drawn by popularity")
                                          : CompareSampling::tr("Drawn evenly");
}

/// "1, 5, 10 and 20"
QString sizesText(const std::vector<int>& sizes) {
    QStringList words;
    for (const int size : sizes)
        words << QString::number(size);
    if (words.size() < 2) return words.join(QString());
    const QString last = words.takeLast();
    return CompareSampling::tr("%1 and %2").arg(words.join(QStringLiteral(", ")), last);
}

} // namespace

CompareSampling::CompareSampling(CompareService* service, QWidget* parent)
    : ComparePart(service, parent) {
    m_metric = compareBox("samplingMetric", tr("Metric"));
    m_kind = compareBox("samplingKind", tr("Negatives"));
    for (const CandidateKind kind : {CandidateKind::Uniform, CandidateKind::Popular, CandidateKind::Given})
        m_kind->addItem(kindTitle(kind), static_cast<int>(kind));
    m_summary = new QLabel;
    m_summary->setObjectName(QStringLiteral("samplingSummary"));
    m_summary->setWordWrap(true);
    m_chart = new CurveChart;
    m_chart->setAccessibleName(tr("Metric against the number of negatives"));
    m_table = new CompareTable;
    m_table->setObjectName(QStringLiteral("samplingTable"));
    m_table->setAccessibleName(tr("Runs that change places"));
    auto* chart = new QFrame;
    chart->setProperty("card", true);
    auto* chartColumn = new QVBoxLayout(chart);
    chartColumn->setContentsMargins(space::small, space::small, space::small, space::tiny);
    chartColumn->addWidget(m_chart);
    auto* split = new QSplitter(Qt::Vertical);
    split->setObjectName(QStringLiteral("compareSamplingSplitter"));
    split->addWidget(chart);
    split->addWidget(m_table);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 1);
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::small);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(compareBar({{tr("&Metric"), m_metric}, {tr("&Negatives"), m_kind}}));
    column->addWidget(m_summary);
    column->addWidget(split, 1);
    for (QComboBox* made : {m_metric, m_kind})
        connect(made, &QComboBox::activated, this, [this] { askAgain(); });
    connect(service, &CompareService::studied, this, [this](const std::shared_ptr<const StudyTable>& table) {
        if (!measurement() || table->request.runs != measurement()->request.runs ||
            table->study.metric != m_metric->currentData().toString().toStdString())
            return;
        m_studied = table;
        fill();
    });
}

void CompareSampling::ask() {
    if (m_metric->count() == 0) return say(tr("These runs have no ranking metric in common."));
    say(tr("Ranking among more and more negatives…"));
    SamplingStudyOptions options;
    options.metric = m_metric->currentData().toString().toStdString();
    options.kind = static_cast<CandidateKind>(m_kind->currentData().toInt());
    m_service->study(measurement()->request, options);
}

void CompareSampling::clear() {
    m_studied.reset();
    m_chart->clear();
    m_table->clear();
    m_summary->clear();
    if (!measurement()) return;
    fillMetrics(m_metric, *measurement(), true);
    const QSignalBlocker quiet(m_metric);
    for (int n = m_metric->count() - 1; n >= 0; --n) {
        const QString name = m_metric->itemData(n).toString().section(QLatin1Char('@'), 0, 0);
        if (!rankMetricOf(name.toStdString())) m_metric->removeItem(n);
    }
}

void CompareSampling::fill() {
    const SamplingStudy& study = m_studied->study;
    ChartAxis x{tr("Negatives per user (right end: all items, the full ranking)"),
                AxisScale::Log,
                AxisUnit::Integer,
                {},
                {}};
    m_chart->setAxes(x, {QString::fromStdString(study.label), AxisScale::Linear, AxisUnit::Number, 0.0, {}});
    QVector<ChartSeries> series;
    QVector<ChartMark> marks;
    const double all = std::max<double>(m_studied->items, study.sizes.empty() ? 1 : study.sizes.back() + 1);
    for (std::size_t n = 0; n < study.curves.size(); ++n) {
        const SamplingCurve& curve = study.curves[n];
        ChartSeries line;
        line.key = QString::fromStdString(curve.model);
        line.name = line.key;
        line.color = Theme::current().series(static_cast<int>(n));
        for (std::size_t at = 0; at < curve.values.size(); ++at)
            line.points.append({static_cast<double>(study.sizes[at]), curve.values[at]});
        line.points.append({all, curve.full});
        series.append(line);
        marks.append({{all, curve.full}, line.color, {}});
    }
    m_chart->setSeries(series);
    m_chart->setMarks(marks);
    QVector<QVector<CompareCell>> rows;
    // As papers sample: with a hundred, or the most below that.
    int usual = study.sizes.empty() ? 0 : study.sizes.front();
    for (const int size : study.sizes)
        if (size <= 100) usual = size;
    int stillFlipped = 0;
    for (const OrderFlip& flip : study.flips) {
        const QString better = QString::fromStdString(study.curves[flip.better].model);
        const QString worse = QString::fromStdString(study.curves[flip.worse].model);
        stillFlipped += std::find(flip.sizes.begin(), flip.sizes.end(), usual) != flip.sizes.end();
        rows.append({{tr("%1 > %2").arg(better, worse), tr("By the full ranking %1 is better").arg(better)},
                     {metricText(flip.difference), tr("By the full ranking")},
                     {sizesText(flip.sizes),
                      tr("With so many negatives the sample says that %1 is better").arg(worse)},
                     {flip.agreesFrom > 0 ? QString::number(flip.agreesFrom) : tr("none"),
                      tr("From so many negatives on the sample agrees with the full ranking")}});
    }
    m_table->setTable({{tr("Full ranking"), {}, true},
                       {tr("Difference"), tr("In the full ranking"), false},
                       {tr("Opposite with so many negatives"), {}, true},
                       {tr("Right from"),
                        tr("From so many negatives on the sample has the order of the full ranking"), false}},
                      rows);
    if (study.flips.empty()) {
        say(study.pairs > 0
                ? tr("No pair of runs changes places: every sample has the order of the full ranking.")
                : tr("The full ranking does not tell these runs apart."));
        m_summary->setText(tr("Values of a sample are higher than those of the full ranking and cannot be "
                              "set beside them; the order is the same here."));
    } else {
        m_summary->setText(tr("%1 of %2 pairs change places on the way, %3 of them still with %4 negatives. "
                              "Quote the full ranking.")
                               .arg(study.flips.size())
                               .arg(study.pairs)
                               .arg(stillFlipped)
                               .arg(usual));
    }
}

void CompareSampling::say(const QString& words) {
    m_table->setEmptyText(words);
    m_chart->setEmptyText(words);
}

std::optional<TextTable> CompareSampling::table() const {
    if (!m_studied) return std::nullopt;
    const SamplingStudy& study = m_studied->study;
    TextTable table;
    table.title = tr("%1, full and sampled").arg(QString::fromStdString(study.label));
    table.headers << tr("Negatives");
    for (const SamplingCurve& curve : study.curves)
        table.headers << QString::fromStdString(curve.model);
    for (std::size_t n = 0; n < study.sizes.size(); ++n) {
        QStringList row{QString::number(study.sizes[n])};
        for (const SamplingCurve& curve : study.curves)
            row << metricText(curve.values[n]);
        table.rows << row;
    }
    QStringList full{tr("all")};
    for (const SamplingCurve& curve : study.curves)
        full << metricText(curve.full);
    table.rows << full;
    table.notes << tr("Full ranking: %1").arg(QString::fromStdString(study.definition))
                << tr("Negatives: %1, the same for every run").arg(kindTitle(study.kind))
                << m_summary->text();
    return table;
}

void CompareSampling::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (m_studied && event->type() == QEvent::PaletteChange) fill();
}

} // namespace recoscope
