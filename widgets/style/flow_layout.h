// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLayout>

#include <vector>

namespace recoscope {

/// Widgets in a line that goes on below where the width ends: a bar of buttons never makes the window wider.
/// Heights in a line are aligned at the middle. GUI thread.
class FlowLayout final : public QLayout {
    Q_OBJECT
public:
    explicit FlowLayout(QWidget* parent = nullptr);
    ~FlowLayout() override;

    /// Widgets added from now on stand at the right end of their line.
    void addRightEnd() { m_rightFrom = count(); }
    /// While one line is enough, its widgets share the whole width.
    void setSpread(bool spread) { m_spread = spread; }

    void addItem(QLayoutItem* item) override;
    int count() const override { return static_cast<int>(m_items.size()); }
    QLayoutItem* itemAt(int index) const override;
    QLayoutItem* takeAt(int index) override;
    Qt::Orientations expandingDirections() const override { return {}; }
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override { return arrange({0, 0, width, 0}, false); }
    QSize sizeHint() const override;
    QSize minimumSize() const override;
    void setGeometry(const QRect& rect) override;

private:
    /// Lays the widgets out, or only measures; the height that they need.
    int arrange(const QRect& rect, bool place) const;
    std::vector<QLayoutItem*> m_items; // owned
    int m_rightFrom = -1;
    bool m_spread = false;
};

} // namespace recoscope
