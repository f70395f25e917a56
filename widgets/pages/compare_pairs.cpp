// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_pairs.h"

#include "app/models/run_table_model.h"
#include "widgets/charts/difference_bars.h"
#include "widgets/pages/compare_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QSplitter>
#include <QVBoxLayout>

#include <cmath>

namespace recoscope {

namespace {

QString number(double value) { return QString::number(value, 'f', std::abs(value) < 10.0 ? 4 : 2); }
QString signedNumber(double value) {
    return value < 0.0 ? QStringLiteral("−") + number(-value) : QStringLiteral("+") + number(value);
}
QString plainNumber(double value) {
    return value < 0.0 ? QStringLiteral("−") + number(-value) : number(value);
}
QString probability(double p) {
    return std::isnan(p) ? QStringLiteral("–")
           : p < 0.001   ? QStringLiteral("< 0.001")
                         : QString::number(p, 'f', 3);
}

} // namespace

ComparePairs::ComparePairs(CompareService* service, QWidget* parent)
    : ComparePart(service, parent) {
    m_metric = compareBox("pairMetric", tr("Metric"));
    m_claim = new QLabel;
    m_claim->setObjectName(QStringLiteral("pairClaim"));
    m_claim->setWordWrap(true);
    m_claim->setTextInteractionFlags(Qt::TextSelectableByMouse);
    Theme::keepFont(m_claim, 1.05, true);
    m_note = new QLabel;
    m_note->setProperty("role", "muted");
    m_note->setWordWrap(true);
    m_table = new CompareTable;
    m_table->setObjectName(QStringLiteral("pairTable"));
    m_table->setAccessibleName(tr("Every pair of runs, user by user"));
    m_bars = new DifferenceBars;
    m_bars->setAccessibleName(tr("Differences of the chosen pair, user by user"));
    auto* chart = new QFrame;
    chart->setProperty("card", true);
    auto* chartColumn = new QVBoxLayout(chart);
    chartColumn->setContentsMargins(space::small, space::small, space::small, space::tiny);
    chartColumn->addWidget(m_bars);
    auto* split = new QSplitter(Qt::Vertical);
    split->setObjectName(QStringLiteral("comparePairsSplitter"));
    split->addWidget(m_table);
    split->addWidget(chart);
    split->setStretchFactor(0, 2);
    split->setStretchFactor(1, 3);
    split->setSizes({170, 330});
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::small);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(compareBar({{tr("&Metric"), m_metric}}));
    column->addWidget(m_claim);
    column->addWidget(split, 1);
    column->addWidget(m_note);
    connect(m_metric, &QComboBox::activated, this, [this] { askAgain(); });
    connect(m_table, &CompareTable::rowChanged, this, &ComparePairs::showPair);
    connect(service, &CompareService::pairsCompared, this,
            [this](const std::shared_ptr<const PairTable>& table) {
                if (!fits(table->of) || table->metric != m_metric->currentData().toString().toStdString())
                    return;
                m_pairs = table;
                fill();
            });
}

void ComparePairs::ask() {
    if (measurement()->runs.size() < 2) return say(tr("Tick a second run: significance is about two."));
    if (m_metric->count() == 0)
        return say(tr("These runs have no metric with a value for every user in common."));
    say(tr("Comparing the runs user by user…"));
    m_service->comparePairs(measurement(), m_metric->currentData().toString().toStdString());
}

void ComparePairs::clear() {
    m_pairs.reset();
    m_table->clear();
    m_bars->clear();
    m_claim->clear();
    m_note->clear();
    if (measurement()) fillMetrics(m_metric, *measurement(), true);
}

void ComparePairs::fill() {
    const QVector<CompareTable::Header> headers{
        {tr("Pair"), {}, true},
        {tr("Difference"), tr("Mean over the users of both: the first run less the second"), false},
        {tr("95 % interval"), tr("Bootstrap over users, percentiles of 2,000 resamples"), false},
        {tr("p, t-test"),
         tr("Paired t-test, two-sided, after Holm's correction over the pairs of this table: the one to "
            "quote"),
         false},
        {tr("p, Wilcoxon"), tr("Wilcoxon's signed-rank test, two-sided, after Holm's correction"), false},
        {tr("Effect"),
         tr("Cohen's d for paired values: the mean difference over its standard deviation. 0.2 is small, 0.5 "
            "medium, 0.8 large"),
         false},
        {tr("Win/tie/loss"), tr("Users for whom the first run is better, equal, worse"), false},
    };
    QVector<QVector<CompareCell>> rows;
    for (const ComparedPair& pair : m_pairs->pairs) {
        const Comparison& c = pair.comparison;
        const QString claim = QString::fromStdString(c.claim);
        const QString names = QString::fromStdString(c.nameA + " − " + c.nameB);
        rows.append(
            {{names, claim, c.significant},
             {signedNumber(c.difference), claim, c.significant},
             {tr("%1 to %2").arg(plainNumber(c.interval.low), plainNumber(c.interval.high)), claim},
             {probability(c.adjustedT),
              tr("t = %1, %2 degrees of freedom; unadjusted p %3")
                  .arg(c.t.t, 0, 'f', 2)
                  .arg(c.t.degrees, 0, 'f', 0)
                  .arg(probability(c.t.p)),
              c.significant},
             {probability(c.adjustedWilcoxon), tr("W = %1 over %2 users with a difference; unadjusted p %3")
                                                   .arg(c.signedRank.statistic, 0, 'f', 1)
                                                   .arg(c.signedRank.pairs)
                                                   .arg(probability(c.signedRank.p))},
             {signedNumber(c.effect), claim},
             {QStringLiteral("%1/%2/%3").arg(c.wins).arg(c.ties).arg(c.losses),
              tr("Better for %1 % of %2 users").arg(100.0 * c.shareBetter, 0, 'f', 1).arg(c.users)}});
    }
    m_table->setTable(headers, rows);
    const auto pairs = m_pairs->pairs.size();
    m_note->setText(
        pairs == 1
            ? tr("Bold: a difference that may be claimed, p < %1.").arg(m_pairs->level)
            : tr("p after Holm's correction over %1 pairs. Bold: a difference that may be claimed, p < %2.")
                  .arg(pairs)
                  .arg(m_pairs->level));
    showPair(m_table->currentRow());
}

void ComparePairs::showPair(int row) {
    if (!m_pairs || row < 0 || row >= static_cast<int>(m_pairs->pairs.size())) return;
    const ComparedPair& pair = m_pairs->pairs[static_cast<std::size_t>(row)];
    const Comparison& c = pair.comparison;
    m_claim->setText(QString::fromStdString(c.claim));
    DifferenceBars::Picture picture;
    picture.metric = QString::fromStdString(c.label);
    picture.nameA = QString::fromStdString(c.nameA);
    picture.nameB = QString::fromStdString(c.nameB);
    picture.colorA = Theme::current().series(static_cast<int>(pair.a));
    picture.colorB = Theme::current().series(static_cast<int>(pair.b));
    picture.reach = pair.reach;
    for (const std::int64_t bar : pair.bars)
        picture.bars.append(bar);
    picture.equal = c.ties;
    picture.mean = c.difference;
    picture.low = c.interval.low;
    picture.high = c.interval.high;
    picture.higherIsBetter = c.higherIsBetter;
    m_bars->setPicture(picture);
}

void ComparePairs::say(const QString& words) { m_table->setEmptyText(words); }

std::optional<TextTable> ComparePairs::table() const {
    if (!m_pairs || m_table->rowCount() == 0) return std::nullopt;
    TextTable table = m_table->text();
    table.title = tr("Significance in %1").arg(m_metric->currentText());
    for (const ComparedPair& pair : m_pairs->pairs)
        table.notes << QString::fromStdString(pair.comparison.claim);
    if (const MetricValue* value = measurement()->runs.front().evaluation->find(m_pairs->metric))
        table.notes << tr("Definition: %1").arg(QString::fromStdString(value->definition));
    return table;
}

void ComparePairs::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (m_table && event->type() == QEvent::PaletteChange) showPair(m_table->currentRow());
}

} // namespace recoscope
