// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_warnings.h"

#include "widgets/pages/compare_table.h"
#include "widgets/style/theme.h"

#include <QLabel>
#include <QLocale>
#include <QStyle>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

CompareWarnings::CompareWarnings(CompareService* service, QWidget* parent)
    : ComparePart(service, parent) {
    m_summary = new QLabel;
    m_summary->setObjectName(QStringLiteral("leakSummary"));
    m_summary->setWordWrap(true);
    Theme::keepFont(m_summary, 1.05, true);
    m_table = new CompareTable;
    m_table->setObjectName(QStringLiteral("leakTable"));
    m_table->setAccessibleName(tr("Warnings of the split and the runs"));
    m_details = new QLabel;
    m_details->setWordWrap(true);
    m_details->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(m_summary);
    column->addWidget(m_table, 1);
    column->addWidget(m_details);
    connect(m_table, &CompareTable::rowChanged, this, &CompareWarnings::showExamples);
    connect(service, &CompareService::leaksFound, this,
            [this](const std::shared_ptr<const LeakTable>& table) {
                if (fits(table->of)) fill(*table);
            });
}

void CompareWarnings::ask() {
    say(tr("Looking for leaks…"));
    m_service->findLeaks(measurement());
}

void CompareWarnings::clear() {
    m_leaks.clear();
    m_table->clear();
    m_summary->clear();
    m_details->clear();
}

void CompareWarnings::fill(const LeakTable& table) {
    m_leaks.clear();
    QVector<QVector<CompareCell>> rows;
    const auto add = [&](const QString& where, const Leak& leak) {
        const QString message = QString::fromStdString(leak.message);
        rows.append(
            {{leak.hint ? tr("Look at it") : tr("Leak"),
              leak.hint ? tr("May have an innocent reason") : QString(), !leak.hint},
             {where},
             {QLocale(QLocale::English, QLocale::UnitedStates).toString(static_cast<qlonglong>(leak.count))},
             {message, message}});
        m_leaks.push_back(leak);
    };
    for (const Leak& leak : table.split)
        add(tr("Data and split"), leak);
    for (std::size_t n = 0; n < table.runs.size(); ++n)
        for (const Leak& leak : table.runs[n])
            add(table.of->runs[n].title, leak);
    const auto sure =
        std::count_if(m_leaks.begin(), m_leaks.end(), [](const Leak& leak) { return !leak.hint; });
    const auto hints = static_cast<int>(m_leaks.size()) - static_cast<int>(sure);
    m_summary->setProperty("role", sure > 0 ? "bad" : hints > 0 ? "warning" : "");
    m_summary->style()->unpolish(m_summary);
    m_summary->style()->polish(m_summary);
    m_summary->setText(sure > 1     ? tr("%1 leaks: the numbers of these runs are affected.").arg(sure)
                       : sure == 1  ? tr("A leak: the numbers of these runs are affected.")
                       : hints > 1  ? tr("%1 things to look at; they may have an innocent reason.").arg(hints)
                       : hints == 1 ? tr("One thing to look at; it may have an innocent reason.")
                                    : tr("No warnings."));
    say(tr("Looked for: pairs in two parts of the files, one thing under two ids, held-out items among the "
           "negatives, "
           "future interactions in training, held-out users or items seen in training, history among the "
           "recommendations, numbers too good to be true, and parameters chosen on the test part.\nNothing "
           "was found."));
    m_table->setTable(
        {{tr("Kind"), {}, true}, {tr("Where"), {}, true}, {tr("Count"), {}, false}, {tr("What"), {}, true}},
        rows);
    showExamples(m_table->currentRow());
}

void CompareWarnings::showExamples(int row) {
    if (row < 0 || row >= static_cast<int>(m_leaks.size())) return m_details->clear();
    m_details->setText(QString::fromStdString(leakText(m_leaks[static_cast<std::size_t>(row)])));
}

void CompareWarnings::say(const QString& words) { m_table->setEmptyText(words); }

std::optional<TextTable> CompareWarnings::table() const {
    if (!measurement() || m_summary->text().isEmpty()) return std::nullopt;
    TextTable table = m_table->text();
    table.title = m_summary->text();
    for (const Leak& leak : m_leaks)
        table.notes << QString::fromStdString(leakText(leak));
    if (m_leaks.empty()) table.notes << m_table->emptyText();
    return table;
}

} // namespace recoscope
