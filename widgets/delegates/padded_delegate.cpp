// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/delegates/padded_delegate.h"

#include "widgets/style/theme.h"

#include <QPainter>

namespace recoscope {

namespace {
constexpr int kPadding = 2;
}

PaddedDelegate::PaddedDelegate(QObject* parent, int room)
    : QStyledItemDelegate(parent)
    , m_room(room) {}

void PaddedDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                           const QModelIndex& index) const {
    if (option.state & QStyle::State_Selected)
        painter->fillRect(option.rect, Theme::current().colors().selection);
    QStyleOptionViewItem inner = option;
    inner.rect.adjust(kPadding, 0, -kPadding, 0);
    QStyledItemDelegate::paint(painter, inner, index);
}

QSize PaddedDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    return QStyledItemDelegate::sizeHint(option, index) + QSize(2 * kPadding + m_room, 0);
}

} // namespace recoscope
