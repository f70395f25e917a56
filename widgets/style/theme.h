// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QString>

class QChart;
class QPalette;
class QWidget;

namespace recoscope {

enum class ThemeChoice { System, Light, Dark };

/// Colours by role. Text on `window` and on `surface` has a contrast of at least 7:1, muted text at
/// least 4.5:1.
struct ThemeColors {
    QColor window;  // behind everything
    QColor surface; // cards, tables, charts, inputs
    QColor raised;  // navigation rail, headers
    QColor border;
    QColor grid; // chart grid lines
    QColor text;
    QColor muted;      // secondary text, axis labels
    QColor accent;     // the one action colour, links, selection
    QColor accentText; // on accent
    QColor selection;  // background of selected rows
    QColor good;
    QColor warning;
    QColor bad;
};

/// Distances in device independent pixels; use these and no others.
namespace space {
inline constexpr int tiny = 4;
inline constexpr int small = 8;
inline constexpr int medium = 12;
inline constexpr int large = 16;
inline constexpr int huge = 24;
} // namespace space

/// The look of the window: Fusion, our palette, DejaVu Sans, one zoom factor for classrooms. GUI thread.
/// Widgets that hold colours of their own refresh them in changeEvent(QEvent::PaletteChange / FontChange).
class Theme final {
public:
    static const Theme& current();
    /// Sets style, palette, font and style sheet of the application. Every widget gets PaletteChange and
    /// FontChange.
    static void apply(ThemeChoice choice, double zoom = 1.0);

    /// Gives a widget a font of its own, and keeps it in step with the zoom from then on: apply() sets it
    /// again. The only way in which widgets get fonts.
    static void keepFont(QWidget* widget, double scale, bool bold = false);
    static void keepFixedFont(QWidget* widget, double scale = 1.0);
    /// The same for a least and a greatest width in unscaled pixels; 0: none.
    static void keepWidth(QWidget* widget, int least, int greatest = 0);

    ThemeChoice choice() const { return m_choice; }
    bool dark() const { return m_dark; }
    double zoom() const { return m_zoom; }
    const ThemeColors& colors() const { return m_colors; }

    /// Categorical colour of the n-th series, told apart also by colour-blind readers; repeats after 8.
    QColor series(int index) const;
    /// The application's font scaled: 1.0 is body text.
    QFont font(double scale = 1.0, bool bold = false) const;
    QFont fixedFont(double scale = 1.0) const;
    /// A length that grows with the text zoom.
    int scaled(int pixels) const { return static_cast<int>(pixels * m_zoom + 0.5); }

private:
    Theme() = default;
    static Theme& instance();
    QPalette palette() const;
    void restyle(QWidget* widget) const;
    QString styleSheet() const;

    ThemeChoice m_choice = ThemeChoice::System;
    bool m_dark = false;
    double m_zoom = 1.0;
    ThemeColors m_colors;
};

/// Background, title and margins of a chart by the current theme; axes and series are styled by their owner.
void styleChart(QChart* chart);

/// One of resources/icons/NAME.svg in the text colour of the theme (or in `color`), sharp at any size.
QIcon themedIcon(const QString& name, const QColor& color = {});

} // namespace recoscope
