// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/dataset_service.h"

#include <QWidget>

#include <vector>

class QLabel;
class QLayout;

namespace recoscope {

class CurveChart;

/// A dataset at a glance: the figures in a row, and charts of ratings, popularity, activity and time. GUI thread.
class DataOverview final : public QWidget {
    Q_OBJECT
public:
    explicit DataOverview(QWidget* parent = nullptr);
    void setDataset(const DatasetPtr& dataset, std::shared_ptr<const DatasetSummary> summary);

private:
    struct Figure {
        QLabel* value = nullptr;
        QLabel* caption = nullptr;
    };
    Figure addFigure(QLayout* row, const QString& caption, const QString& help);

    std::vector<Figure> m_figures;
    CurveChart* m_ratings = nullptr;
    CurveChart* m_popularity = nullptr;
    CurveChart* m_activity = nullptr;
    QLabel* m_remarks = nullptr;
};

} // namespace recoscope
