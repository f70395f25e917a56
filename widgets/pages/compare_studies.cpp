// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_studies.h"

#include "engine/eval/evaluator.h"

#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"
#include "widgets/charts/interval_plot.h"
#include "widgets/pages/compare_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QFrame>
#include <QHeaderView>
#include <QLabel>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

QString number(double value) { return std::isnan(value) ? QStringLiteral("–") : metricText(value); }

} // namespace

CompareStudies::CompareStudies(CompareService* service, RunLibrary* library, QWidget* parent)
    : ComparePart(service, parent)
    , m_library(library) {
    m_metric = compareBox("studyMetric", tr("Metric"));
    m_table = new CompareTable;
    m_table->setObjectName(QStringLiteral("studyTable"));
    m_table->setAccessibleName(tr("Studies and single runs, each with its mean"));
    m_plot = new IntervalPlot;
    m_plot->setAccessibleName(tr("Means with their intervals"));
    auto* chart = new QFrame;
    chart->setProperty("card", true);
    auto* chartColumn = new QVBoxLayout(chart);
    chartColumn->setContentsMargins(space::small, space::small, space::small, space::tiny);
    chartColumn->addWidget(m_plot);
    chartColumn->setSizeConstraint(QLayout::SetMinAndMaxSize); // no higher than the picture
    m_chart = chart;
    m_chart->hide();
    m_note = new QLabel;
    m_note->setObjectName(QStringLiteral("studyNote"));
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(compareBar({{tr("&Metric"), m_metric}}));
    column->addWidget(m_table, 1);
    column->addWidget(m_chart, 1);
    column->addWidget(m_note);
    column->addStretch(0);
    connect(m_metric, &QComboBox::activated, this, &CompareStudies::fill);
    connect(m_library, &RunLibrary::listed, this, [this] { askAgain(); });
}

void CompareStudies::ask() {
    QStringList ids;
    for (const MeasuredRun& run : measurement()->runs)
        ids << run.record.id;
    auto fresh = compareStudies(ids, m_library->runs(), m_library->studies());
    if (fresh == m_entries) return; // the list is read anew whenever any run moves
    m_entries = std::move(fresh);
    // Metrics that any of them has, in the order of the first.
    const QSignalBlocker quiet(m_metric);
    const QString before = m_metric->currentData().toString();
    m_metric->clear();
    for (const ComparedStudy& entry : m_entries)
        for (const StudyValue& value : entry.values)
            if (const QString key = QString::fromStdString(value.key); m_metric->findData(key) < 0)
                m_metric->addItem(metricLabel(key), key);
    int at = m_metric->findData(before);
    if (at < 0) at = m_metric->findData(QStringLiteral("ndcg@10"));
    m_metric->setCurrentIndex(std::max(0, at));
    fill();
}

void CompareStudies::clear() {
    m_entries.clear();
    m_table->clear();
    m_table->setMaximumHeight(QWIDGETSIZE_MAX);
    m_plot->setEntries({}, {});
    m_chart->hide();
    m_note->clear();
}

QString CompareStudies::titleOf(const ComparedStudy& entry) const {
    if (entry.kind != StudyKind::None) return entry.title;
    for (const MeasuredRun& run : measurement()->runs)
        if (run.record.id == entry.id) return run.title;
    return entry.id;
}

/// As it travels with the stored number.
QString CompareStudies::definition(const std::string& key) const {
    for (const MeasuredRun& run : measurement()->runs)
        if (const MetricValue* value = run.stored ? run.evaluation->find(key) : nullptr)
            return QString::fromStdString(value->definition);
    return {};
}

void CompareStudies::fill() {
    if (!measurement()) return;
    const std::string key = m_metric->currentData().toString().toStdString();
    const QString label = m_metric->currentText();
    const MetricInfo* info = findMetric(key);
    const bool higher = !info || info->higherIsBetter;
    QString tip = metricExplanation(QString::fromStdString(key));
    if (const QString exact = definition(key); !exact.isEmpty())
        tip += QStringLiteral("<p>%1</p>").arg(exact.toHtmlEscaped());

    const bool anyStudy = std::any_of(m_entries.begin(), m_entries.end(), [](const ComparedStudy& entry) {
        return entry.kind != StudyKind::None;
    });
    QStringList notes;
    if (!anyStudy) {
        m_table->clear();
        m_table->setMaximumHeight(QWIDGETSIZE_MAX);
        m_chart->hide();
        m_note->clear();
        return m_table->setEmptyText(
            tr("The ticked runs stand alone: none belongs to seeds or folds.\n\nOne run says nothing of how "
               "much "
               "chance is in its numbers. Start Several seeds or All folds on the Search page; tick one run "
               "of each "
               "study here, and their means stand side by side with 95 % intervals."));
    }
    // The best mean among what can be compared is bold.
    const ComparedStudy* best = nullptr;
    for (const ComparedStudy& entry : m_entries) {
        const StudyValue* value = entry.find(key);
        if (!value || entry.kind == StudyKind::None || !entry.sameSplits || !entry.sameReading) continue;
        const StudyValue* former = best ? best->find(key) : nullptr;
        if (!former || (higher ? value->mean > former->mean : value->mean < former->mean)) best = &entry;
    }
    QVector<QVector<CompareCell>> rows;
    QVector<IntervalPlot::Entry> drawn;
    bool otherSplits = false;
    bool otherReading = false;
    bool folds = false;
    bool alone = false;
    for (std::size_t n = 0; n < m_entries.size(); ++n) {
        const ComparedStudy& entry = m_entries[n];
        const bool study = entry.kind != StudyKind::None;
        const QString over = entry.kind == StudyKind::Folds   ? tr("%1 folds").arg(entry.runs)
                             : entry.kind == StudyKind::Seeds ? tr("%1 seeds").arg(entry.runs)
                                                              : tr("one run");
        QString marks;
        if (study && !entry.sameSplits) marks += QStringLiteral("*");
        if (!entry.sameReading) marks += QStringLiteral("‡");
        otherSplits = otherSplits || (study && !entry.sameSplits);
        otherReading = otherReading || !entry.sameReading;
        folds = folds || entry.kind == StudyKind::Folds;
        alone = alone || !study;
        const StudyValue* value = entry.find(key);
        const QString title = titleOf(entry);
        const bool bold = &entry == best;
        const bool interval = value && !std::isnan(value->halfWidth);
        rows.append(
            {{marks.isEmpty() ? title : title + QLatin1Char(' ') + marks, entry.id, bold, false, !study},
             {study && entry.runs < entry.planned ? tr("%1 of %2").arg(over).arg(entry.planned) : over},
             {value ? number(value->mean) : QStringLiteral("–"), tip, bold},
             {interval ? QStringLiteral("± ") + number(value->halfWidth) : QStringLiteral("–"),
              interval
                  ? tr("From %1 to %2")
                        .arg(number(value->mean - value->halfWidth), number(value->mean + value->halfWidth))
                  : tr("One run has no interval")},
             {value ? number(value->deviation) : QStringLiteral("–")},
             {value ? number(value->min) : QStringLiteral("–")},
             {value ? number(value->max) : QStringLiteral("–")}});
        IntervalPlot::Entry line;
        line.name = title;
        line.note = over;
        line.color = Theme::current().series(static_cast<int>(n));
        line.present = value != nullptr;
        if (value) {
            line.mean = value->mean;
            line.halfWidth = value->halfWidth;
            if (const auto points = entry.points.find(key); points != entry.points.end())
                line.points = QVector<double>(points->second.begin(), points->second.end());
        }
        drawn.append(line);
    }
    m_table->setTable(
        {{tr("Study or run"), {}, true},
         {tr("Over"), tr("Runs that have this number")},
         {tr("Mean %1").arg(label), tip},
         {tr("95 % interval"),
          tr("Mean ± this is the 95 % interval of the mean by Student's t with n − 1 degrees of "
             "freedom, n: runs")},
         {tr("Deviation"), tr("Standard deviation of the runs, n − 1 below")},
         {tr("Lowest")},
         {tr("Highest")}},
        rows);
    m_plot->setEntries(
        tr("%1 on the test part: dots are runs, whiskers the 95 % interval of their mean").arg(label), drawn);
    m_chart->show();
    // No higher than what it holds: the rest of the room is the picture's.
    m_table->setMaximumHeight(m_table->horizontalHeader()->sizeHint().height() +
                              m_table->verticalHeader()->length() + 2 * m_table->frameWidth() + space::tiny);
    notes << tr(
        "As tested, from the stored numbers. Where two intervals do not overlap, the means differ by more "
        "than the seeds or folds explain; where they do, they may differ all the same.");
    if (folds)
        notes << tr("Folds share training data, so the truth lies outside an interval more often than 5 %.");
    if (alone) notes << tr("A single run has no interval: it may be lucky.");
    if (otherSplits)
        notes << tr(
            "*: over other splits than the first study, so its numbers are not of the same test parts.");
    if (otherReading) notes << tr("‡: its metrics are defined otherwise; hold the pointer over a number.");
    m_note->setText(notes.join(QLatin1Char(' ')));
}

void CompareStudies::say(const QString& words) { m_table->setEmptyText(words); }

std::optional<TextTable> CompareStudies::table() const {
    if (m_table->rowCount() == 0) return std::nullopt;
    TextTable table = m_table->text();
    table.title = tr("%1 over seeds and folds").arg(m_metric->currentText());
    table.notes << m_note->text();
    if (const QString exact = definition(m_metric->currentData().toString().toStdString()); !exact.isEmpty())
        table.notes << tr("Definition: %1").arg(exact);
    return table;
}

void CompareStudies::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (m_table && event->type() == QEvent::PaletteChange && !m_entries.empty()) fill();
}

} // namespace recoscope
