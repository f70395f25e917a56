// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/genre_bars.h"

#include "widgets/style/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace recoscope {

GenreBars::GenreBars(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void GenreBars::setShares(std::vector<GenreShare> shares) {
    m_shares = std::move(shares);
    update();
}

QSize GenreBars::sizeHint() const { return {Theme::current().scaled(230), Theme::current().scaled(220)}; }
QSize GenreBars::minimumSizeHint() const {
    return {Theme::current().scaled(150), Theme::current().scaled(60)};
}

void GenreBars::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = Theme::current();
    painter.setFont(theme.font(0.92));
    const int line = painter.fontMetrics().height();
    const int rowHeight = line + space::tiny;
    const int legend = m_shares.empty() ? 0 : rowHeight;
    const auto rows = std::min<std::size_t>(
        m_shares.size(), static_cast<std::size_t>(std::max(0, (height() - legend) / rowHeight)));
    double most = 0.01;
    int names = 0;
    for (std::size_t n = 0; n < rows; ++n) {
        most = std::max({most, m_shares[n].share, m_shares[n].usual});
        names = std::max(names, painter.fontMetrics().horizontalAdvance(m_shares[n].name));
    }
    names = std::min(names, width() * 2 / 5);
    const int numbers = painter.fontMetrics().horizontalAdvance(QStringLiteral("100 %")) + space::tiny;
    const double room = std::max(10, width() - names - numbers - 2 * space::small);
    const int left = names + space::small;
    for (std::size_t n = 0; n < rows; ++n) {
        const GenreShare& one = m_shares[n];
        const int top = static_cast<int>(n) * rowHeight;
        painter.setPen(theme.colors().text);
        painter.drawText(QRect(0, top, names, rowHeight), Qt::AlignRight | Qt::AlignVCenter,
                         painter.fontMetrics().elidedText(one.name, Qt::ElideRight, names));
        painter.fillRect(QRectF(left, top + 3, room * one.share / most, rowHeight - 6), theme.series(0));
        const double usual = left + room * one.usual / most;
        painter.fillRect(QRectF(usual - 1, top + 1, 2, rowHeight - 2), theme.colors().text);
        painter.drawText(QRect(width() - numbers, top, numbers, rowHeight), Qt::AlignRight | Qt::AlignVCenter,
                         tr("%1 %").arg(std::lround(100.0 * one.share)));
    }
    if (legend > 0) {
        painter.setPen(theme.colors().muted);
        painter.drawText(QRect(0, static_cast<int>(rows) * rowHeight, width(), rowHeight),
                         Qt::AlignRight | Qt::AlignVCenter, tr("tick: usual in the training data"));
    }
}

} // namespace recoscope
