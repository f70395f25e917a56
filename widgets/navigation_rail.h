// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QButtonGroup;

namespace recoscope {

/// The column of buttons at the window's left edge: one a page, with Ctrl+1, Ctrl+2, …. GUI thread.
class NavigationRail final : public QWidget {
    Q_OBJECT
public:
    explicit NavigationRail(QWidget* parent = nullptr);

    static int count();
    /// The page's name as the button shows it.
    static QString title(int page);
    /// Marks the button of the page that is shown.
    void setPage(int page);

signals:
    void chosen(int page);

protected:
    void changeEvent(QEvent* event) override;

private:
    void restyle();
    QButtonGroup* m_buttons = nullptr;
};

} // namespace recoscope
