// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPixmap>
#include <QPointF>
#include <QPolygonF>
#include <QWidget>

#include <functional>
#include <optional>
#include <vector>

namespace recoscope {

/// Many points on a plane: zoom with the wheel, move by dragging, select with a lasso, read by hovering.
/// Drawn by hand into a picture that is kept until something changes, so that 10,000 points stay smooth.
/// Everything can be done with the keyboard, too (see keyHelp()). GUI thread.
class ScatterView final : public QWidget {
    Q_OBJECT
public:
    enum class Tool { Move, Lasso };

    explicit ScatterView(QWidget* parent = nullptr);

    /// New positions in coordinates of the data. What is selected, marked and coloured stays where the number
    /// of points does; the part that is seen stays once a person has zoomed or moved.
    void setPositions(std::vector<QPointF> positions);
    /// One colour a point; missing ones are drawn neutral.
    void setColors(std::vector<QRgb> colors);
    /// Points that stand out while the others step back; empty: all alike.
    void setEmphasis(std::vector<bool> emphasis);
    /// Points with a ring: what a search found.
    void setMarked(std::vector<int> points);
    void setSelection(std::vector<int> points);
    /// Texts for hovering and labels. `weight` decides who is labelled where there is room; may be empty.
    void setTexts(std::function<QString(int)> title, std::function<QString(int)> hint,
                  std::vector<float> weight);
    void setLabelsShown(bool shown);
    void setTool(Tool tool);
    void setEmptyText(const QString& text);

    int pointCount() const { return static_cast<int>(m_positions.size()); }
    const std::vector<int>& selection() const { return m_selection; }
    const std::vector<int>& marked() const { return m_marked; }
    Tool tool() const { return m_tool; }
    /// The point under the mouse or the keyboard's point; -1: none.
    int current() const { return m_current; }
    void setCurrent(int point);
    double zoom() const; // against the whole picture
    void zoomBy(double factor, std::optional<QPointF> around = {});
    /// All points, or the selected ones.
    void fit();
    void fitTo(const std::vector<int>& points);
    QPointF toScreen(int point) const;
    /// The nearest point within a few pixels, -1: none.
    int pointAt(const QPointF& screen) const;
    /// Selects what is inside; adds to the selection when asked.
    void selectInside(const QPolygonF& screen, bool add);
    static QString keyHelp();

    QSize sizeHint() const override { return {640, 480}; }
    QSize minimumSizeHint() const override { return {240, 200}; }

signals:
    void currentChanged(int point);
    void selectionChanged();
    /// Clicked, or Enter.
    void activated(int point);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void changeEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    QPointF screenOf(const QPointF& position) const;
    QPointF positionOf(const QPointF& screen) const;
    void look(const QRectF& part);
    void redraw();
    void drawPicture();
    void drawLabels(QPainter& painter);
    void drawHint(QPainter& painter);
    void moveCurrent(const QPointF& direction);
    float radius() const;
    QString titleOf(int point) const { return m_title ? m_title(point) : QString(); }

    std::vector<QPointF> m_positions;
    std::vector<QRgb> m_colors;
    std::vector<bool> m_emphasis;
    std::vector<int> m_selection; // ascending
    std::vector<int> m_marked;
    std::vector<int> m_byWeight; // heaviest first
    std::function<QString(int)> m_title;
    std::function<QString(int)> m_hint;
    QString m_emptyText;
    bool m_labels = true;
    Tool m_tool = Tool::Move;

    QPointF m_centre;
    double m_scale = 1.0;    // pixels a unit
    double m_fitScale = 1.0; // of all points
    bool m_follows = true;   // the part seen is all there is, until a person changes it

    int m_current = -1;
    bool m_pressed = false;
    bool m_dragged = false;
    QPointF m_pressedAt;
    QPointF m_lastAt;
    QPolygonF m_lasso;
    bool m_lassoAdds = false;
    QPixmap m_picture;
    bool m_stale = true;
};

} // namespace recoscope
