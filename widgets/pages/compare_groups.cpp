// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_groups.h"

#include "app/models/run_table_model.h"
#include "widgets/charts/chart_legend.h"
#include "widgets/charts/group_bars.h"
#include "widgets/pages/compare_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QLocale>
#include <QScrollArea>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace recoscope {

namespace {

QString count(std::int64_t number) {
    return QLocale(QLocale::English, QLocale::UnitedStates).toString(static_cast<qlonglong>(number));
}

QString byTitle(const std::string& name) {
    if (name == "activity") return CompareGroups::tr("Activity of the user");
    if (name == "items") return CompareGroups::tr("Popularity of the item");
    QString title = QString::fromStdString(name);
    if (!title.isEmpty()) title[0] = title[0].toUpper();
    return title;
}

QString groupTitle(const std::string& by, const std::string& label) {
    if (by == "items")
        return label == "head" ? CompareGroups::tr("Head: popular items")
                               : CompareGroups::tr("Tail: the others");
    return QString::fromStdString(label);
}

const GroupedMetric* metricOf(const GroupReport& report, const std::string& key) {
    for (const GroupedMetric& metric : report.metrics)
        if (metric.key == key) return &metric;
    return nullptr;
}

const GroupValue* groupOf(const GroupedMetric* metric, const std::string& label) {
    if (!metric) return nullptr;
    for (const GroupValue& group : metric->groups)
        if (group.label == label) return &group;
    return nullptr;
}

} // namespace

CompareGroups::CompareGroups(CompareService* service, QWidget* parent)
    : ComparePart(service, parent) {
    m_by = compareBox("groupBy", tr("Groups"));
    m_by->addItem(byTitle("activity"), QStringLiteral("activity"));
    m_by->addItem(byTitle("items"), QStringLiteral("items"));
    m_metric = compareBox("groupMetric", tr("Metric"));
    m_summary = new QLabel;
    m_summary->setWordWrap(true);
    m_legend = new QLabel;
    m_legend->setTextFormat(Qt::RichText);
    m_legend->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_note = new QLabel;
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    m_bars = new GroupBars;
    m_bars->setAccessibleName(tr("Metric by group; the numbers are in the table below"));
    m_scroll = new QScrollArea;
    m_scroll->setWidget(m_bars);
    m_scroll->setWidgetResizable(true);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_bars->setAutoFillBackground(false); // the card shows through
    m_scroll->viewport()->setAutoFillBackground(false);
    m_table = new CompareTable;
    m_table->setObjectName(QStringLiteral("groupTable"));
    m_table->setAccessibleName(tr("Metric by group"));

    auto* chart = new QFrame;
    chart->setProperty("card", true);
    auto* chartColumn = new QVBoxLayout(chart);
    chartColumn->setContentsMargins(space::small, space::small, space::small, space::tiny);
    chartColumn->setSpacing(space::tiny);
    chartColumn->addWidget(m_legend);
    chartColumn->addWidget(m_scroll, 1);
    auto* below = new QWidget;
    auto* belowColumn = new QVBoxLayout(below);
    belowColumn->setContentsMargins(0, 0, 0, 0);
    belowColumn->setSpacing(space::tiny);
    belowColumn->addWidget(m_table, 1);
    belowColumn->addWidget(m_note);
    auto* split = new QSplitter(Qt::Vertical);
    split->setObjectName(QStringLiteral("compareGroupsSplitter"));
    split->addWidget(chart);
    split->addWidget(below);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    split->setSizes({330, 240});
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::small);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(compareBar({{tr("&Groups by"), m_by}, {tr("&Metric"), m_metric}}));
    column->addWidget(m_summary);
    column->addWidget(split, 1);

    connect(m_by, &QComboBox::activated, this, [this] { askAgain(); });
    connect(m_metric, &QComboBox::activated, this, [this] {
        m_wanted = metric();
        fill();
    });
    connect(service, &CompareService::grouped, this, [this](const std::shared_ptr<const GroupTable>& table) {
        if (fits(table->of)) take(table);
    });
}

QString CompareGroups::by() const { return m_by->currentData().toString(); }
QString CompareGroups::metric() const { return m_metric->currentData().toString(); }

void CompareGroups::ask() {
    say(tr("Sorting users into groups…"));
    m_service->group(measurement(), by().toStdString());
}

void CompareGroups::clear() {
    m_groups.reset();
    m_table->clear();
    m_bars->setGroups({}, {}, {});
    m_summary->clear();
    m_legend->clear();
    m_note->clear();
}

void CompareGroups::take(const std::shared_ptr<const GroupTable>& table) {
    m_groups = table;
    {
        const QSignalBlocker quiet(m_by);
        const QString before = by();
        m_by->clear();
        for (const std::string& name : table->names)
            m_by->addItem(byTitle(name), QString::fromStdString(name));
        m_by->setCurrentIndex(std::max(0, m_by->findData(before)));
    }
    {
        const QSignalBlocker quiet(m_metric);
        m_metric->clear();
        for (const GroupedMetric& one : table->reports.front().metrics)
            m_metric->addItem(QString::fromStdString(one.label), QString::fromStdString(one.key));
        int at = m_metric->findData(m_wanted);
        if (at < 0) at = m_metric->findData(QStringLiteral("recall@10"));
        m_metric->setCurrentIndex(std::max(0, at));
    }
    fill();
}

void CompareGroups::fill() {
    if (!m_groups) return;
    const std::string key = metric().toStdString();
    const GroupedMetric* first = metricOf(m_groups->reports.front(), key);
    if (!first || first->groups.empty()) {
        clear();
        return say(tr("No metric of these runs has a value for every user, so there is nothing to group."));
    }
    const std::string& by = m_groups->reports.front().by;
    const auto& runs = measurement()->runs;
    QVector<QColor> colors;
    QVector<LegendEntry> legend;
    QVector<CompareTable::Header> headers{
        {byTitle(by), {}, true}, {tr("Users"), tr("Users of the group that have this number"), false}};
    for (std::size_t n = 0; n < runs.size(); ++n) {
        colors.append(Theme::current().series(static_cast<int>(n)));
        legend.append({runs[n].title, colors.back(), QStringLiteral("■")});
        headers.append({runs[n].title, tr("Mean of the group ± its standard error"), false});
    }
    QVector<GroupBars::Group> groups;
    QVector<QVector<CompareCell>> rows;
    for (const GroupValue& group : first->groups) {
        GroupBars::Group drawn{
            groupTitle(by, group.label), tr("%1 users").arg(count(group.users)), !group.counts, {}};
        QVector<CompareCell> row{{drawn.label, {}, false, false, !group.counts},
                                 {count(group.users), {}, false, false, !group.counts}};
        const GroupValue* best = nullptr;
        for (const GroupReport& report : m_groups->reports) {
            const GroupValue* one = groupOf(metricOf(report, key), group.label);
            if (one &&
                (!best || (first->higherIsBetter ? one->value > best->value : one->value < best->value)))
                best = one;
        }
        for (std::size_t n = 0; n < runs.size(); ++n) {
            const GroupValue* one = groupOf(metricOf(m_groups->reports[n], key), group.label);
            if (!one || one->users == 0) {
                drawn.bars.append({0.0, 0.0, {}, false});
                row.append({QStringLiteral("–"), {}, false, false, true});
                continue;
            }
            const QString tip = tr("%1, %2: %3 ± %4 over %5 users")
                                    .arg(runs[n].title, drawn.label, metricText(one->value),
                                         metricText(one->standardError), count(one->users));
            drawn.bars.append({one->value, one->standardError, tip, true});
            row.append({QStringLiteral("%1 ± %2").arg(metricText(one->value), metricText(one->standardError)),
                        tip, one == best && runs.size() > 1, false, !group.counts});
        }
        groups.append(drawn);
        rows.append(row);
    }
    QVector<CompareCell> all{{tr("All"), {}, false, false, false}, {}};
    QVector<CompareCell> gap{{tr("Gap"),
                              tr("Largest less smallest value among the groups that are large enough"), true,
                              false, false},
                             {}};
    QVector<CompareCell> ratio{
        {tr("Smallest / largest"), tr("1: all groups are served alike"), false, false, false}, {}};
    int fairest = -1;
    for (std::size_t n = 0; n < runs.size(); ++n) {
        const GroupedMetric* one = metricOf(m_groups->reports[n], key);
        all.append({one ? metricText(one->overall) : QStringLiteral("–")});
        gap.append({one ? metricText(one->gap) : QStringLiteral("–"), {}, true});
        ratio.append({one ? QString::number(one->ratio, 'f', 3) : QStringLiteral("–")});
        if (one && (fairest < 0 ||
                    one->ratio > metricOf(m_groups->reports[static_cast<std::size_t>(fairest)], key)->ratio))
            fairest = static_cast<int>(n);
    }
    rows << all << gap << ratio;
    m_bars->setGroups(QString::fromStdString(first->label), colors, groups);
    m_table->setTable(headers, rows);
    m_legend->setText(legendText(legend, std::max(200, width() - 60), m_legend->fontMetrics()).html);
    const auto counted = std::count_if(first->groups.begin(), first->groups.end(),
                                       [](const GroupValue& group) { return group.counts; });
    if (counted < 2)
        m_summary->setText(tr("Only one group is large enough, so there is no gap to speak of."));
    else if (runs.size() > 1 && fairest >= 0)
        m_summary->setText(
            tr("%1 serves the groups most alike (smallest / largest %2).")
                .arg(
                    runs[static_cast<std::size_t>(fairest)].title,
                    QString::number(
                        metricOf(m_groups->reports[static_cast<std::size_t>(fairest)], key)->ratio, 'f', 3)));
    else
        m_summary->clear();
    QString note = tr("Definition: %1.")
                       .arg(QString::fromStdString(m_groups->reports.front().definition)
                                .replace(QLatin1Char(';'), QLatin1String("; ")));
    if (std::any_of(first->groups.begin(), first->groups.end(),
                    [](const GroupValue& group) { return !group.counts; }))
        note += QLatin1Char(' ') + tr("Faint groups have fewer than %1 users and do not count for the gap.")
                                       .arg(GroupOptions{}.minUsers);
    m_note->setText(note);
}

void CompareGroups::say(const QString& words) { m_table->setEmptyText(words); }

std::optional<TextTable> CompareGroups::table() const {
    if (!m_groups || m_table->rowCount() == 0) return std::nullopt;
    TextTable table = m_table->text();
    table.title = tr("%1 by %2").arg(m_metric->currentText(), m_by->currentText());
    table.notes << m_note->text();
    for (const MeasuredRun& run : measurement()->runs)
        if (const MetricValue* value = run.evaluation->find(metric().toStdString()))
            table.notes << QStringLiteral("%1: %2").arg(run.title, QString::fromStdString(value->definition));
    return table;
}

void CompareGroups::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (m_table && (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)) fill();
}

} // namespace recoscope
