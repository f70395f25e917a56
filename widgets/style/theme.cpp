// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/style/theme.h"

#include <QApplication>
#include <QChart>
#include <QFile>
#include <QGraphicsLayout>
#include <QPainter>
#include <QPalette>
#include <QPointer>
#include <QStyle>
#include <QStyleFactory>
#include <QSvgRenderer>
#include <QWidget>

#include <array>
#include <cmath>
#include <utility>
#include <vector>

// A macro of Qt's that must stand outside a namespace; the icons live in a static library.
static void initIconResources() { Q_INIT_RESOURCE(icons); }

namespace recoscope {

namespace {

// Properties of widgets that follow the zoom.
constexpr const char* kFontScale = "zoomFontScale";
constexpr const char* kFontBold = "zoomFontBold";
constexpr const char* kFontFixed = "zoomFontFixed";
constexpr const char* kLeastWidth = "zoomLeastWidth";
constexpr const char* kGreatestWidth = "zoomGreatestWidth";

ThemeColors lightColors() {
    return {.window = "#f3f4f6",
            .surface = "#ffffff",
            .raised = "#e8eaee",
            .border = "#c3c8d0",
            .grid = "#e3e6ea",
            .text = "#14181f",
            .muted = "#4d5663",
            .accent = "#0b5cad",
            .accentText = "#ffffff",
            .selection = "#d3e5f8",
            .good = "#0a6b3d",
            .warning = "#8a4b00",
            .bad = "#b3161b"};
}

ThemeColors darkColors() {
    return {.window = "#16191f",
            .surface = "#1e222a",
            .raised = "#111419",
            .border = "#4a5260",
            .grid = "#2f3540",
            .text = "#f2f4f7",
            .muted = "#b3bbc7",
            .accent = "#5aaefb",
            .accentText = "#06101c",
            .selection = "#24456b",
            .good = "#58d391",
            .warning = "#f2b04c",
            .bad = "#ff8080"};
}

bool systemIsDark() {
    const QPalette palette = QApplication::style() ? QApplication::style()->standardPalette() : QPalette();
    return palette.color(QPalette::Window).lightness() < 128;
}

} // namespace

Theme& Theme::instance() {
    static Theme theme = [] {
        Theme made;
        made.m_colors = lightColors();
        return made;
    }();
    return theme;
}

const Theme& Theme::current() { return instance(); }

void Theme::apply(ThemeChoice choice, double zoom) {
    Theme& theme = instance();
    // Fonts that were given by hand, without keepFont(): they are scaled unless their owner does it.
    std::vector<std::pair<QPointer<QWidget>, double>> byHand;
    for (QWidget* widget : QApplication::allWidgets())
        if (widget->testAttribute(Qt::WA_SetFont) && !widget->property(kFontScale).isValid())
            byHand.emplace_back(widget, widget->font().pointSizeF());
    const double zoomBefore = theme.m_zoom;
    theme.m_choice = choice;
    theme.m_dark = choice == ThemeChoice::Dark || (choice == ThemeChoice::System && systemIsDark());
    theme.m_zoom = qBound(0.75, zoom, 2.5);
    theme.m_colors = theme.m_dark ? darkColors() : lightColors();
    if (QApplication::style()->name() != QLatin1String("fusion"))
        QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    QApplication::setFont(theme.font());
    QApplication::setPalette(theme.palette());
    initIconResources();
    qApp->setStyleSheet(theme.styleSheet());
    for (QWidget* widget : QApplication::allWidgets())
        theme.restyle(widget);
    for (const auto& [widget, size] : byHand) {
        if (!widget || size <= 0.0 || std::abs(widget->font().pointSizeF() - size) > 1e-6) continue;
        QFont scaledFont = widget->font();
        scaledFont.setPointSizeF(size * theme.m_zoom / zoomBefore);
        widget->setFont(scaledFont);
    }
}

void Theme::keepFont(QWidget* widget, double scale, bool bold) {
    widget->setProperty(kFontScale, scale);
    widget->setProperty(kFontBold, bold);
    current().restyle(widget);
}

void Theme::keepFixedFont(QWidget* widget, double scale) {
    widget->setProperty(kFontScale, scale);
    widget->setProperty(kFontFixed, true);
    current().restyle(widget);
}

void Theme::keepWidth(QWidget* widget, int least, int greatest) {
    widget->setProperty(kLeastWidth, least);
    widget->setProperty(kGreatestWidth, greatest);
    current().restyle(widget);
}

void Theme::restyle(QWidget* widget) const {
    if (const QVariant scale = widget->property(kFontScale); scale.isValid())
        widget->setFont(widget->property(kFontFixed).toBool()
                            ? fixedFont(scale.toDouble())
                            : font(scale.toDouble(), widget->property(kFontBold).toBool()));
    if (const int least = widget->property(kLeastWidth).toInt(); least > 0)
        widget->setMinimumWidth(scaled(least));
    if (const int greatest = widget->property(kGreatestWidth).toInt(); greatest > 0)
        widget->setMaximumWidth(scaled(greatest));
}

QColor Theme::series(int index) const {
    // Hues after Okabe & Ito, "Color Universal Design" (2008); lightness moved for contrast on our two
    // surfaces.
    static constexpr std::array<const char*, 8> onLight{"#0072b2", "#d55e00", "#008560", "#b5478f",
                                                        "#a86f00", "#2f8fd0", "#5b4bb5", "#555b66"};
    static constexpr std::array<const char*, 8> onDark{"#56b4e9", "#f28b46", "#2fc79b", "#e39bc6",
                                                       "#f0c64a", "#8fa8ff", "#c3a6f5", "#c0c6d0"};
    const auto at = static_cast<std::size_t>(index < 0 ? 0 : index) % onLight.size();
    return QColor(m_dark ? onDark[at] : onLight[at]);
}

QFont Theme::font(double scale, bool bold) const {
    QFont font;
    font.setFamilies(
        {QStringLiteral("DejaVu Sans"), QStringLiteral("Noto Sans"), QStringLiteral("sans-serif")});
    font.setPointSizeF(10.0 * m_zoom * scale);
    font.setBold(bold);
    return font;
}

QFont Theme::fixedFont(double scale) const {
    QFont font;
    font.setFamilies(
        {QStringLiteral("DejaVu Sans Mono"), QStringLiteral("Noto Sans Mono"), QStringLiteral("monospace")});
    font.setStyleHint(QFont::Monospace);
    font.setPointSizeF(10.0 * m_zoom * scale);
    return font;
}

QPalette Theme::palette() const {
    const ThemeColors& c = m_colors;
    QPalette palette;
    palette.setColor(QPalette::Window, c.window);
    palette.setColor(QPalette::WindowText, c.text);
    palette.setColor(QPalette::Base, c.surface);
    palette.setColor(QPalette::AlternateBase, m_dark ? c.surface.lighter(112) : QColor("#f7f8fa"));
    palette.setColor(QPalette::Text, c.text);
    palette.setColor(QPalette::PlaceholderText, c.muted);
    palette.setColor(QPalette::Button, m_dark ? QColor("#2b313c") : QColor("#eef0f3"));
    palette.setColor(QPalette::ButtonText, c.text);
    palette.setColor(QPalette::BrightText, c.bad);
    palette.setColor(QPalette::Highlight, c.accent);
    palette.setColor(QPalette::HighlightedText, c.accentText);
    palette.setColor(QPalette::ToolTipBase, m_dark ? QColor("#323a47") : QColor("#ffffff"));
    palette.setColor(QPalette::ToolTipText, c.text);
    palette.setColor(QPalette::Link, c.accent);
    palette.setColor(QPalette::LinkVisited, c.accent);
    palette.setColor(QPalette::Light, m_dark ? QColor("#3a4250") : QColor("#ffffff"));
    palette.setColor(QPalette::Midlight, m_dark ? QColor("#323945") : QColor("#f4f5f7"));
    palette.setColor(QPalette::Mid, c.border);
    palette.setColor(QPalette::Dark, m_dark ? QColor("#0c0e12") : QColor("#9aa2ae"));
    palette.setColor(QPalette::Shadow, m_dark ? QColor("#000000") : QColor("#6d7683"));
    const QColor disabled = m_dark ? QColor("#7f8896") : QColor("#858d99");
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, disabled);
    palette.setColor(QPalette::Disabled, QPalette::Highlight, c.border);
    return palette;
}

QString Theme::styleSheet() const {
    // Properties that widgets set: card=true (a panel), primary=true (the main button),
    // role=title|muted|figure.
    const ThemeColors& c = m_colors;
    QString sheet = QStringLiteral(R"(
        QFrame[card="true"] { background: %surface; border: 1px solid %border; border-radius: 6px; }
        QLabel[role="muted"] { color: %muted; }
        QLabel[role="warning"] { color: %warning; }
        QLabel[role="bad"] { color: %bad; }
        QToolButton[popupMode="2"], QToolButton[popupMode="InstantPopup"] { padding-right: 20px; }
        QToolButton::menu-indicator { subcontrol-origin: padding; subcontrol-position: right center; right: 4px; }
        QLineEdit { background: %surface; border: 1px solid %border; border-radius: 3px; padding: 3px 4px; }
        QLineEdit:focus { border-color: %accent; }
        QLineEdit:disabled { color: %border; }
        QAbstractSpinBox QLineEdit, QComboBox QLineEdit { background: transparent; border: 0; padding: 0; }
        QCheckBox::indicator, QAbstractItemView::indicator, QGroupBox::indicator { width: 14px; height: 14px; background: %surface;
            border: 1px solid %muted; border-radius: 3px; }
        QCheckBox::indicator:checked, QAbstractItemView::indicator:checked, QGroupBox::indicator:checked { background: %accent;
            border-color: %accent; image: url(:/icons/%check.svg); }
        QCheckBox::indicator:disabled { border-color: %border; background: transparent; }
        QCheckBox::indicator:focus { border: 2px solid %accent; }
        QToolTip { color: %text; background: %surface; border: 1px solid %border; padding: 4px; }
        QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; }
        QPushButton { padding: 5px 12px; }
        QPushButton[primary="true"] { background: %accent; color: %accentText; border: 1px solid %accent;
            border-radius: 4px; font-weight: bold; padding: 6px 16px; }
        QPushButton[primary="true"]:hover { background: %accentHover; }
        QPushButton[primary="true"]:focus { border: 2px solid %text; padding: 5px 15px; }
        QPushButton[primary="true"]:disabled { background: %border; color: %window; border-color: %border; }
        QHeaderView { background: %raised; }
        QHeaderView::section { background: %raised; color: %text; border: 0; border-right: 1px solid %border;
            border-bottom: 1px solid %border; padding: 5px 5px; font-weight: bold; }
        QTableView, QTreeView, QListView { background: %surface; border: 1px solid %border; gridline-color: %grid;
            selection-background-color: %selection; selection-color: %text; }
        QTableView:focus, QTreeView:focus, QListView:focus { border-color: %accent; }
        QTreeView::item, QListView::item { padding: 3px 4px; }
        QStatusBar { background: %raised; border-top: 1px solid %border; }
        QStatusBar::item { border: 0; }
        QMenuBar { background: %raised; }
        QSplitter::handle { background: transparent; }
        QSplitter::handle:hover { background: %border; }
        QScrollArea { border: 0; background: transparent; }
        QWidget[notice="true"] { background: %selection; border-bottom: 1px solid %border; }
        QWidget[clear="true"] { background: transparent; }
        QToolButton[rail="true"] { border: 0; border-left: 4px solid transparent; color: %muted; padding: 10px 6px; }
        QToolButton[rail="true"]:hover { background: %selection; color: %text; }
        QToolButton[rail="true"]:checked { background: %surface; color: %text; border-left: 4px solid %accent;
            font-weight: bold; }
        QWidget[railbar="true"] { background: %raised; border-right: 1px solid %border; }
    )");
    const std::initializer_list<std::pair<const char*, QColor>> names{
        {"%accentHover", m_dark ? c.accent.lighter(112) : c.accent.darker(118)},
        {"%accentText", c.accentText},
        {"%accent", c.accent},
        {"%surface", c.surface},
        {"%selection", c.selection},
        {"%raised", c.raised},
        {"%window", c.window},
        {"%warning", c.warning},
        {"%border", c.border},
        {"%muted", c.muted},
        {"%grid", c.grid},
        {"%text", c.text},
        {"%bad", c.bad}};
    sheet.replace(QLatin1String("%check"),
                  m_dark ? QLatin1String("check-dark") : QLatin1String("check-light"));
    for (const auto& [name, color] : names)
        sheet.replace(QLatin1String(name), color.name());
    return sheet;
}

void styleChart(QChart* chart) {
    const Theme& theme = Theme::current();
    chart->setAnimationOptions(QChart::NoAnimation);
    chart->setBackgroundBrush(Qt::NoBrush);
    chart->setBackgroundPen(Qt::NoPen);
    chart->setBackgroundRoundness(0);
    chart->setPlotAreaBackgroundVisible(true);
    chart->setPlotAreaBackgroundBrush(theme.colors().surface);
    chart->setMargins(QMargins(0, 0, space::tiny, 0));
    chart->layout()->setContentsMargins(0, 0, 0, 0);
    chart->setTitleFont(theme.font(1.0, true));
    chart->setTitleBrush(theme.colors().text);
    chart->legend()->setLabelColor(theme.colors().text);
    chart->legend()->setFont(theme.font(0.95));
}

QIcon themedIcon(const QString& name, const QColor& color) {
    initIconResources();
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    if (!file.open(QIODevice::ReadOnly)) return {};
    const QByteArray source = file.readAll();
    const auto render = [&source](const QColor& tint, int size) {
        QByteArray tinted = source;
        tinted.replace("#000000", tint.name().toLatin1());
        QSvgRenderer renderer(tinted);
        QPixmap pixmap(size, size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        renderer.render(&painter);
        return pixmap;
    };
    const QColor normal = color.isValid() ? color : Theme::current().colors().text;
    const QColor disabled = qApp->palette().color(QPalette::Disabled, QPalette::ButtonText);
    QIcon icon;
    for (const int size : {16, 20, 24, 32, 48, 64}) {
        icon.addPixmap(render(normal, size), QIcon::Normal);
        icon.addPixmap(render(disabled, size), QIcon::Disabled);
    }
    return icon;
}

} // namespace recoscope
