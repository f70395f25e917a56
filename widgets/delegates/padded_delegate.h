// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

namespace recoscope {

/// Cells with the same inner margin as the headers, so that texts stand under their titles.
class PaddedDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    /// @param room  pixels that a cell asks for beside its text and margins
    explicit PaddedDelegate(QObject* parent = nullptr, int room = 0);
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    int m_room;
};

} // namespace recoscope
