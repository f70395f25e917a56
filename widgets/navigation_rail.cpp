// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/navigation_rail.h"

#include "widgets/style/theme.h"

#include <QAbstractButton>
#include <QButtonGroup>
#include <QEvent>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <iterator>

namespace recoscope {

namespace {

constexpr int kWidth = 92;

struct Entry {
    const char* words;
    const char* icon;
    const char* tip;
};
constexpr Entry kEntries[]{
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Data"), "data",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Open, look at, filter and split a dataset")},
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Train"), "train",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Choose an algorithm, train it and watch")},
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Search"), "search",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail",
                       "Try many parameters and keep what does best on validation")},
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Inspect"), "inspect",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Look at one user's recommendations")},
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Map"), "map",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail",
                       "See what a model has learned as a map of items and users")},
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Compare"), "compare",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail",
                       "Set stored runs side by side: metrics, dialects, significance, groups")},
    {QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Runs"), "runs",
     QT_TRANSLATE_NOOP("recoscope::NavigationRail", "Earlier runs of this workspace")},
};

} // namespace

int NavigationRail::count() { return static_cast<int>(std::size(kEntries)); }

QString NavigationRail::title(int page) { return tr(kEntries[page].words); }

NavigationRail::NavigationRail(QWidget* parent)
    : QWidget(parent) {
    setProperty("railbar", true);
    setAttribute(Qt::WA_StyledBackground);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, space::small);
    column->setSpacing(space::tiny);
    m_buttons = new QButtonGroup(this);
    m_buttons->setExclusive(true);
    for (int i = 0; i < count(); ++i) {
        auto* button = new QToolButton;
        button->setProperty("rail", true);
        button->setText(title(i));
        button->setIconSize({28, 28});
        button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
        button->setCheckable(true);
        button->setFocusPolicy(Qt::TabFocus);
        button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        button->setMinimumWidth(kWidth);
        const QKeySequence keys(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_1 + i));
        button->setShortcut(keys);
        button->setToolTip(
            QStringLiteral("%1 (%2)").arg(tr(kEntries[i].tip), keys.toString(QKeySequence::NativeText)));
        m_buttons->addButton(button, i);
        column->addWidget(button);
    }
    column->addStretch(1);
    restyle();
    connect(m_buttons, &QButtonGroup::idClicked, this, &NavigationRail::chosen);
}

void NavigationRail::setPage(int page) { m_buttons->button(page)->setChecked(true); }

/// Icons in the theme's colour; with large text the words shrink until the longest fits, bold as it is when
/// chosen: the width belongs to the pages.
void NavigationRail::restyle() {
    const QFontMetrics bold(Theme::current().font(1.0, true));
    int widest = 1;
    for (int i = 0; i < count(); ++i)
        widest = std::max(widest, bold.horizontalAdvance(title(i)));
    const double scale = std::min(1.0, static_cast<double>(kWidth - 2 * space::small) / widest);
    for (int i = 0; i < count(); ++i) {
        auto* button = m_buttons->button(i);
        button->setIcon(themedIcon(QLatin1String(kEntries[i].icon)));
        Theme::keepFont(button, scale);
    }
}

void NavigationRail::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (m_buttons && (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange))
        restyle();
}

} // namespace recoscope
