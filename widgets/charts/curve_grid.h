// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/charts/curve_chart.h"

#include <QWidget>

class QGridLayout;

namespace recoscope {

/// Small charts beside each other, each with its own scale and unit, as many columns as the width has room
/// for. GUI thread.
class CurveGrid final : public QWidget {
    Q_OBJECT
public:
    struct Cell {
        QString key; // identity across updates, so that a zoom stays
        QString title;
        QString help;
        ChartAxis x;
        ChartAxis y;
        QVector<ChartSeries> series;
    };
    explicit CurveGrid(QWidget* parent = nullptr);

    void setCells(QVector<Cell> cells);
    CurveChart* chart(const QString& key) const;
    QStringList keys() const { return m_keys; }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void arrange();
    QStringList m_keys;
    QVector<CurveChart*> m_charts; // by key
    QGridLayout* m_grid = nullptr;
    int m_columns = 0;
};

} // namespace recoscope
