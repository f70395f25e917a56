// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

namespace recoscope {

/// Draws the numbers of a role (QVector<double>) into a cell: a small curve from 0 up, or a small histogram.
class SparkDelegate final : public QStyledItemDelegate {
    Q_OBJECT
public:
    enum class Shape { Curve, Histogram };
    SparkDelegate(Shape shape, int valuesRole, QObject* parent = nullptr);
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    Shape m_shape;
    int m_valuesRole;
};

/// A row's name with a mark before it where its role is not 0: something is wrong with it.
class AlarmDelegate final : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit AlarmDelegate(int alarmRole, QObject* parent = nullptr);

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override;

private:
    int m_alarmRole;
};

} // namespace recoscope
