// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/style/flow_layout.h"

#include <algorithm>

namespace recoscope {

FlowLayout::FlowLayout(QWidget* parent)
    : QLayout(parent) {
    setContentsMargins(0, 0, 0, 0);
}

FlowLayout::~FlowLayout() {
    for (QLayoutItem* item : m_items)
        delete item;
}

void FlowLayout::addItem(QLayoutItem* item) { m_items.push_back(item); }

QLayoutItem* FlowLayout::itemAt(int index) const {
    return index >= 0 && index < count() ? m_items[static_cast<std::size_t>(index)] : nullptr;
}

QLayoutItem* FlowLayout::takeAt(int index) {
    QLayoutItem* item = itemAt(index);
    if (item) m_items.erase(m_items.begin() + index);
    return item;
}

QSize FlowLayout::sizeHint() const {
    QSize size;
    for (const QLayoutItem* item : m_items) {
        if (item->isEmpty()) continue;
        size.rwidth() += item->sizeHint().width() + std::max(0, spacing());
        size.rheight() = std::max(size.height(), item->sizeHint().height());
    }
    return size;
}

QSize FlowLayout::minimumSize() const {
    QSize size;
    for (const QLayoutItem* item : m_items)
        if (!item->isEmpty()) size = size.expandedTo(item->minimumSize());
    return size;
}

void FlowLayout::setGeometry(const QRect& rect) {
    QLayout::setGeometry(rect);
    arrange(rect, true);
}

int FlowLayout::arrange(const QRect& rect, bool place) const {
    const int gap = std::max(0, spacing());
    struct Placed {
        QLayoutItem* item;
        int index;
        int width;
    };
    std::vector<std::vector<Placed>> lines(1);
    int used = 0;
    for (int i = 0; i < count(); ++i) {
        QLayoutItem* item = m_items[static_cast<std::size_t>(i)];
        if (item->isEmpty()) continue;
        const int width =
            std::min(item->sizeHint().width(), std::max(rect.width(), item->minimumSize().width()));
        if (!lines.back().empty() && used + gap + width > rect.width()) {
            lines.emplace_back();
            used = 0;
        }
        used += (lines.back().empty() ? 0 : gap) + width;
        lines.back().push_back({item, i, width});
    }
    int y = rect.y();
    for (auto& line : lines) {
        if (line.empty()) continue;
        int height = 0;
        int width = -gap;
        for (const Placed& placed : line) {
            height = std::max(height, placed.item->sizeHint().height());
            width += placed.width + gap;
        }
        const int left = std::max(0, rect.width() - width);
        if (m_spread && lines.size() == 1)
            for (Placed& placed : line)
                placed.width += left / static_cast<int>(line.size());
        int x = rect.x();
        bool pushed = m_rightFrom < 0 || m_spread;
        for (const Placed& placed : line) {
            if (!pushed && placed.index >= m_rightFrom) {
                x += left;
                pushed = true;
            }
            const int own = placed.item->sizeHint().height();
            if (place) placed.item->setGeometry(QRect(x, y + (height - own) / 2, placed.width, own));
            x += placed.width + gap;
        }
        y += height + std::max(gap / 2, 2);
    }
    return std::max(0, y - rect.y() - std::max(gap / 2, 2));
}

} // namespace recoscope
