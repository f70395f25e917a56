// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

namespace recoscope {

/// Draws a number's cell with a bar behind it: a share in [-1, 1] read from a role, positive and negative in their own
/// colours, from the cell's left edge.
class BarDelegate final : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit BarDelegate(int shareRole, QObject* parent = nullptr);
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    int m_shareRole;
};

/// Marks rows whose boolean role is true with a band of the theme's good colour: held-out hits.
class HitDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit HitDelegate(int hitRole, QObject* parent = nullptr);
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    int m_hitRole;
};

} // namespace recoscope
