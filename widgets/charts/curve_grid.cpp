// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/curve_grid.h"

#include "widgets/style/theme.h"

#include <QGridLayout>
#include <QResizeEvent>

#include <algorithm>

namespace recoscope {

CurveGrid::CurveGrid(QWidget* parent)
    : QWidget(parent)
    , m_grid(new QGridLayout(this)) {
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(space::large);
    m_grid->setVerticalSpacing(space::small);
}

void CurveGrid::setCells(QVector<Cell> cells) {
    QStringList keys;
    for (const Cell& cell : cells)
        keys << cell.key;
    if (keys != m_keys) {
        QVector<CurveChart*> charts;
        for (const Cell& cell : std::as_const(cells)) {
            CurveChart* chart = this->chart(cell.key);
            if (!chart) {
                chart = new CurveChart(this);
                chart->setObjectName(cell.key);
                chart->setLegendVisible(false);
                chart->setMinimumSize(120, 90);
            }
            charts << chart;
        }
        for (CurveChart* old : std::as_const(m_charts))
            if (!charts.contains(old)) delete old;
        m_keys = keys;
        m_charts = charts;
        m_columns = 0;
        arrange();
    }
    for (qsizetype n = 0; n < cells.size(); ++n) {
        Cell& cell = cells[n];
        CurveChart* chart = m_charts[n];
        chart->setTitle(cell.title);
        chart->setToolTip(cell.help);
        chart->setAxes(cell.x, cell.y);
        chart->setSeries(std::move(cell.series));
    }
}

CurveChart* CurveGrid::chart(const QString& key) const { return m_charts.value(m_keys.indexOf(key)); }

void CurveGrid::arrange() {
    const int count = static_cast<int>(m_charts.size());
    if (count == 0) return;
    const int fit = std::max(1, width() / std::max(1, Theme::current().scaled(250)));
    // As few rows as the width allows, and rows of the same length: four charts are 4, 2 + 2 or 1 each.
    const int rows = (count + fit - 1) / fit;
    const int columns = (count + rows - 1) / rows;
    if (columns == m_columns) return;
    m_columns = columns;
    while (QLayoutItem* item = m_grid->takeAt(0))
        delete item;
    for (int n = 0; n < count; ++n)
        m_grid->addWidget(m_charts[n], n / columns, n % columns);
    for (int n = 0; n < std::max(count, m_grid->columnCount()); ++n)
        m_grid->setColumnStretch(n, n < columns ? 1 : 0);
    for (int n = 0; n < std::max(count, m_grid->rowCount()); ++n)
        m_grid->setRowStretch(n, n < rows ? 1 : 0);
}

void CurveGrid::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    arrange();
}

} // namespace recoscope
