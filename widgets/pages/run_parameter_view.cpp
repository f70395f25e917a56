// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/run_parameter_view.h"

#include "app/models/run_parameters.h"
#include "app/models/run_table_model.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QHeaderView>
#include <QStandardItemModel>

#include <algorithm>

namespace recoscope {

RunParameterView::RunParameterView(QWidget* parent)
    : QTableView(parent) {
    m_model = new QStandardItemModel(this);
    setModel(m_model);
    setUpRowTable(this);
    setTextElideMode(Qt::ElideRight);
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
}

void RunParameterView::setRuns(const std::vector<const RunDetails*>& runs) {
    QStringList heads{tr("Setting")};
    QStringList of;
    for (const RunDetails* run : runs) {
        heads << runTitle(run->record);
        of << run->record.id << heads.back();
    }
    if (of == m_of && !of.isEmpty()) return; // what a run was set to does not move
    m_of = of;
    m_model->clear();
    m_model->setHorizontalHeaderLabels(heads);
    const auto rows = runParameters(runs);
    for (const auto& [key, values] : rows) {
        const bool differs = values.size() < static_cast<qsizetype>(runs.size()) ||
                             values.count(values.front()) < values.size();
        QList<QStandardItem*> items{new QStandardItem(key)};
        for (const QString& value : values) {
            auto* item = new QStandardItem(value);
            item->setToolTip(value);
            items << item;
        }
        if (differs) {
            QFont bold = font();
            bold.setBold(true);
            for (QStandardItem* item : items)
                item->setFont(bold);
        }
        m_model->appendRow(items);
    }
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    // As wide as the texts, within reason: what does not fit scrolls, and a path is cut at its end.
    resizeColumnsToContents();
    const int widest = Theme::current().scaled(runs.size() > 1 ? 190 : 420);
    for (int column = 0; column < m_model->columnCount(); ++column)
        setColumnWidth(column, std::clamp(columnWidth(column), Theme::current().scaled(90), widest));
    horizontalHeader()->setStretchLastSection(true);
}

} // namespace recoscope
