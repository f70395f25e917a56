// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/delegates/bar_delegate.h"

#include "widgets/style/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace recoscope {

BarDelegate::BarDelegate(int shareRole, QObject* parent) : QStyledItemDelegate(parent), m_shareRole(shareRole) {}

void BarDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    const double share = std::clamp(index.data(m_shareRole).toDouble(), -1.0, 1.0);
    if (share != 0.0) {
        QColor color = share > 0.0 ? Theme::current().colors().good : Theme::current().colors().bad;
        color.setAlphaF(0.30f);
        QRect bar = option.rect.adjusted(2, 3, -2, -3);
        bar.setWidth(std::max(1, static_cast<int>(std::lround(bar.width() * std::abs(share)))));
        painter->fillRect(bar, color);
    }
    QStyledItemDelegate::paint(painter, option, index);
}

HitDelegate::HitDelegate(int hitRole, QObject* parent) : QStyledItemDelegate(parent), m_hitRole(hitRole) {}

void HitDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
    if (index.data(m_hitRole).toBool() && !(option.state & QStyle::State_Selected)) {
        QColor color = Theme::current().colors().good;
        color.setAlphaF(0.18f);
        painter->fillRect(option.rect, color);
        if (index.column() == 0)
            painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()),
                              Theme::current().colors().good);
    }
    QStyledItemDelegate::paint(painter, option, index);
}

} // namespace recoscope
