// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/latent_coloring.h"

#include <QWidget>

#include <optional>

class QLabel;
class QListWidget;
class QStackedWidget;

namespace recoscope {

/// A colour ramp with its ends named.
class RampLegend final : public QWidget {
    Q_OBJECT
public:
    explicit RampLegend(QWidget* parent = nullptr);
    void setColoring(const Coloring& coloring);
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_low;
    QString m_middle;
    QString m_high;
    int m_missing = 0;
};

/// Categories of some points as bars, with a mark where all points stand.
class ShareBars final : public QWidget {
    Q_OBJECT
public:
    explicit ShareBars(QWidget* parent = nullptr);
    void setShares(std::vector<CategoryShare> shares);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<CategoryShare> m_shares;
};

/// Beside the map: what the colours mean, and what is selected or found. GUI thread.
class LatentPanel final : public QWidget {
    Q_OBJECT
public:
    explicit LatentPanel(QWidget* parent = nullptr);

    void setLegend(const QString& title, const Coloring& coloring);
    /// The category that a person picked to stand out; nothing: none.
    std::optional<int> category() const;
    /// @param heading  "12 selected", "3 found"; empty: the list is hidden and `hint` is shown
    void setPoints(const QString& heading, const std::vector<int>& points, const LatentPicture* picture,
                   std::vector<CategoryShare> shares, const QString& hint);

signals:
    void categoryChanged();
    void pointHighlighted(int point);
    void pointActivated(int point);

private:
    QLabel* m_legendTitle = nullptr;
    QStackedWidget* m_legendStack = nullptr;
    QListWidget* m_entries = nullptr;
    RampLegend* m_ramp = nullptr;
    QLabel* m_heading = nullptr;
    ShareBars* m_shares = nullptr;
    QListWidget* m_points = nullptr;
    QLabel* m_hint = nullptr;
};

} // namespace recoscope
