// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/latent_panel.h"

#include "widgets/charts/scatter_raster.h"
#include "widgets/style/theme.h"

#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPainter>
#include <QPixmap>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

constexpr int kTokenRole = Qt::UserRole + 1;
constexpr int kPointRole = Qt::UserRole + 2;
constexpr int kMostRows = 300;

QIcon swatch(const QColor& color) {
    const int size = 14;
    QPixmap pixmap(size, size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    painter.drawEllipse(1, 1, size - 2, size - 2);
    return QIcon(pixmap);
}

QLabel* heading(QWidget* parent) {
    auto* label = new QLabel(parent);
    Theme::keepFont(label, 1.05, true);
    label->setWordWrap(true);
    return label;
}

} // namespace

RampLegend::RampLegend(QWidget* parent)
    : QWidget(parent) {}

void RampLegend::setColoring(const Coloring& coloring) {
    m_low = coloring.low;
    m_middle = coloring.middle;
    m_high = coloring.high;
    m_missing = coloring.missing;
    setAccessibleName(tr("Colours from %1 to %2").arg(m_low, m_high));
    updateGeometry();
    update();
}

QSize RampLegend::sizeHint() const {
    return {Theme::current().scaled(160),
            Theme::current().scaled(16) + 3 * fontMetrics().height() + space::medium};
}

void RampLegend::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::current();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const int bar = theme.scaled(16);
    QLinearGradient gradient(0, 0, width(), 0);
    for (int n = 0; n <= 10; ++n)
        gradient.setColorAt(n / 10.0, rampColor(n / 10.0, theme.dark()));
    painter.setPen(Qt::NoPen);
    painter.setBrush(gradient);
    painter.drawRoundedRect(QRect(0, 2, width(), bar), 3, 3);
    painter.setPen(theme.colors().text);
    const QRect line(0, bar + space::tiny, width(), fontMetrics().height());
    painter.drawText(line, Qt::AlignLeft, m_low);
    painter.drawText(line, Qt::AlignHCenter, m_middle);
    painter.drawText(line, Qt::AlignRight, m_high);
    if (m_missing == 0) return;
    painter.setPen(Qt::NoPen);
    painter.setBrush(missingColor(theme.dark()));
    const int top = line.bottom() + space::small;
    painter.drawEllipse(QRect(1, top + 2, 11, 11));
    painter.setPen(theme.colors().muted);
    painter.drawText(QRect(20, top - 1, width() - 20, fontMetrics().height()),
                     Qt::AlignLeft | Qt::AlignVCenter,
                     tr("not known: %1").arg(QLocale(QLocale::English).toString(m_missing)));
}

ShareBars::ShareBars(QWidget* parent)
    : QWidget(parent) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ShareBars::setShares(std::vector<CategoryShare> shares) {
    m_shares = std::move(shares);
    QStringList words;
    for (const CategoryShare& share : m_shares)
        words << tr("%1: %2 (%3 %, of all points %4 %)")
                     .arg(share.name)
                     .arg(share.chosen)
                     .arg(100.0 * share.share, 0, 'f', 0)
                     .arg(100.0 * share.allShare, 0, 'f', 0);
    setAccessibleName(tr("Categories of the selected points"));
    setAccessibleDescription(words.join(QStringLiteral("; ")));
    setToolTip(words.join(QLatin1Char('\n')));
    setVisible(!m_shares.empty());
    updateGeometry();
    update();
}

QSize ShareBars::sizeHint() const {
    return {Theme::current().scaled(160), static_cast<int>(m_shares.size()) * (fontMetrics().height() + 6)};
}

void ShareBars::paintEvent(QPaintEvent*) {
    const ThemeColors& theme = Theme::current().colors();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const int row = fontMetrics().height() + 6;
    int names = 0;
    for (const CategoryShare& share : m_shares)
        names = std::max(names, fontMetrics().horizontalAdvance(share.name));
    names = std::min(names + 2, width() * 2 / 5);
    const QString widest = QStringLiteral("100 %");
    const int numbers = fontMetrics().horizontalAdvance(widest);
    const QRect track(names + space::small, 0, width() - names - numbers - 2 * space::small, row);
    for (std::size_t n = 0; n < m_shares.size(); ++n) {
        const CategoryShare& share = m_shares[n];
        const int top = static_cast<int>(n) * row;
        painter.setPen(theme.text);
        painter.drawText(QRect(0, top, names, row), Qt::AlignLeft | Qt::AlignVCenter,
                         fontMetrics().elidedText(share.name, Qt::ElideRight, names));
        painter.drawText(QRect(width() - numbers, top, numbers, row), Qt::AlignRight | Qt::AlignVCenter,
                         tr("%1 %").arg(100.0 * share.share, 0, 'f', 0));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.grid);
        painter.drawRoundedRect(QRectF(track.left(), top + 4, track.width(), row - 8), 2, 2);
        painter.setBrush(share.color);
        painter.drawRoundedRect(QRectF(track.left(), top + 4, track.width() * share.share, row - 8), 2, 2);
        painter.setPen(QPen(theme.text, 2));
        const double mark = track.left() + track.width() * share.allShare;
        painter.drawLine(QPointF(mark, top + 2), QPointF(mark, top + row - 2));
    }
}

LatentPanel::LatentPanel(QWidget* parent)
    : QWidget(parent) {
    m_legendTitle = heading(this);
    m_entries = new QListWidget(this);
    m_entries->setObjectName(QStringLiteral("latentLegend"));
    m_entries->setAccessibleName(tr("Categories: pick one to make it stand out"));
    m_entries->setToolTip(tr("Pick a category to make it stand out; Escape or another click lets go"));
    m_entries->setUniformItemSizes(true);
    m_entries->setIconSize({14, 14});
    // With the padding of other lists Qt draws an item's icon twice, the second time beside the first.
    m_entries->setStyleSheet(QStringLiteral("QListView::item { padding: 0; }"));
    m_entries->setSpacing(1);
    m_ramp = new RampLegend(this);
    auto* ramp = new QWidget(this);
    auto* rampColumn = new QVBoxLayout(ramp);
    rampColumn->setContentsMargins(0, 0, 0, 0);
    rampColumn->addWidget(m_ramp);
    rampColumn->addStretch(1);
    m_legendStack = new QStackedWidget(this);
    m_legendStack->addWidget(m_entries);
    m_legendStack->addWidget(ramp);
    m_heading = heading(this);
    m_shares = new ShareBars(this);
    m_points = new QListWidget(this);
    m_points->setObjectName(QStringLiteral("latentPoints"));
    m_points->setUniformItemSizes(true);
    m_points->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_points->setTextElideMode(Qt::ElideRight);
    m_points->setToolTip(tr("Double-click or Enter opens it"));
    m_hint = new QLabel(this);
    m_hint->setWordWrap(true);
    m_hint->setProperty("role", "muted");
    m_hint->setAlignment(Qt::AlignTop | Qt::AlignLeft);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(m_legendTitle);
    column->addWidget(m_legendStack, 4);
    column->addSpacing(space::tiny);
    column->addWidget(m_heading);
    column->addWidget(m_shares);
    column->addWidget(m_points, 5);
    column->addWidget(m_hint, 3);

    connect(m_entries, &QListWidget::itemSelectionChanged, this, &LatentPanel::categoryChanged);
    connect(m_entries, &QListWidget::itemPressed, this, [this, last = -2](QListWidgetItem* item) mutable {
        const int row = m_entries->row(item); // a second click lets go
        if (row == last) {
            m_entries->clearSelection();
            m_entries->setCurrentRow(-1);
        }
        last = row == last ? -2 : row;
    });
    connect(m_points, &QListWidget::itemActivated, this,
            [this](QListWidgetItem* item) { emit pointActivated(item->data(kPointRole).toInt()); });
    connect(m_points, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* item) {
        if (item && item->data(kPointRole).isValid()) emit pointHighlighted(item->data(kPointRole).toInt());
    });
    setPoints({}, {}, nullptr, {}, {});
}

void LatentPanel::setLegend(const QString& title, const Coloring& coloring) {
    m_legendTitle->setText(title);
    const std::optional<int> before = category();
    {
        const QSignalBlocker quiet(m_entries);
        m_entries->clear();
        const QLocale numbers(QLocale::English, QLocale::UnitedStates);
        for (const LegendEntry& entry : coloring.entries) {
            auto* item = new QListWidgetItem(
                swatch(entry.color), QStringLiteral("%1  %2").arg(entry.name, numbers.toString(entry.points)),
                m_entries);
            item->setData(kTokenRole, entry.token);
            if (before && *before == entry.token) m_entries->setCurrentItem(item);
        }
    }
    m_ramp->setColoring(coloring);
    m_legendStack->setCurrentIndex(coloring.continuous ? 1 : 0);
    m_legendStack->setMaximumHeight(coloring.continuous ? m_ramp->sizeHint().height() : QWIDGETSIZE_MAX);
}

std::optional<int> LatentPanel::category() const {
    const auto chosen = m_entries->selectedItems();
    if (chosen.isEmpty()) return std::nullopt;
    return chosen.front()->data(kTokenRole).toInt();
}

void LatentPanel::setPoints(const QString& words, const std::vector<int>& points,
                            const LatentPicture* picture, std::vector<CategoryShare> shares,
                            const QString& hint) {
    m_heading->setText(words);
    m_heading->setVisible(!words.isEmpty());
    m_shares->setShares(std::move(shares));
    const QSignalBlocker quiet(m_points);
    m_points->clear();
    m_points->setAccessibleName(words);
    for (std::size_t n = 0; picture && n < points.size() && n < kMostRows; ++n) {
        auto* item = new QListWidgetItem(pointTitle(*picture, points[n]), m_points);
        item->setToolTip(item->text());
        item->setData(kPointRole, points[n]);
    }
    if (points.size() > kMostRows) {
        auto* more = new QListWidgetItem(
            tr("… and %1 more")
                .arg(QLocale(QLocale::English).toString(static_cast<int>(points.size()) - kMostRows)),
            m_points);
        more->setFlags(Qt::NoItemFlags);
    }
    m_points->setVisible(!points.empty());
    m_hint->setText(hint);
    m_hint->setVisible(points.empty());
}

} // namespace recoscope
