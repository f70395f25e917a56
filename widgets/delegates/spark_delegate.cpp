// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/delegates/spark_delegate.h"

#include "widgets/style/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace recoscope {

SparkDelegate::SparkDelegate(Shape shape, int valuesRole, QObject* parent)
    : QStyledItemDelegate(parent)
    , m_shape(shape)
    , m_valuesRole(valuesRole) {}

void SparkDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    QStyledItemDelegate::paint(painter, option, index); // the background
    QVector<double> values = index.data(m_valuesRole).value<QVector<double>>();
    values.removeIf([](double value) { return !std::isfinite(value); });
    if (values.isEmpty()) return;
    const double most = *std::max_element(values.begin(), values.end());
    const QRectF area = QRectF(option.rect).adjusted(space::tiny, 3, -space::tiny, -3);
    const QColor color = Theme::current().series(0);
    painter->save();
    if (m_shape == Shape::Histogram) {
        const double width = area.width() / static_cast<double>(values.size());
        for (qsizetype n = 0; n < values.size(); ++n) {
            // Roots, so that thin tails are seen beside a high peak.
            const double height = most > 0.0 ? area.height() * std::sqrt(values[n] / most) : 0.0;
            painter->fillRect(QRectF(area.left() + static_cast<double>(n) * width, area.bottom() - height,
                                     std::max(1.0, width - 0.5), height),
                              color);
        }
    } else {
        painter->setRenderHint(QPainter::Antialiasing);
        QPolygonF line;
        const double step = values.size() > 1 ? area.width() / static_cast<double>(values.size() - 1) : 0.0;
        for (qsizetype n = 0; n < values.size(); ++n)
            line << QPointF(area.left() + static_cast<double>(n) * step,
                            area.bottom() - (most > 0.0 ? area.height() * values[n] / most : 0.0));
        painter->setPen(QPen(color, 1.5));
        painter->drawPolyline(line);
        painter->setPen(Qt::NoPen);
        painter->setBrush(color);
        painter->drawEllipse(line.back(), 2.0, 2.0);
    }
    painter->restore();
}

QSize SparkDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    return QStyledItemDelegate::sizeHint(option, index).expandedTo({Theme::current().scaled(64), 0});
}

AlarmDelegate::AlarmDelegate(int alarmRole, QObject* parent)
    : QStyledItemDelegate(parent)
    , m_alarmRole(alarmRole) {}

void AlarmDelegate::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
    QStyledItemDelegate::initStyleOption(option, index);
    if (index.data(m_alarmRole).toInt() == 0) return;
    option->text = QStringLiteral("⚠ ") + option->text;
    option->palette.setColor(QPalette::Text, Theme::current().colors().bad);
    option->palette.setColor(QPalette::HighlightedText, Theme::current().colors().bad);
}

} // namespace recoscope
