// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/code_query.h"

#include <QWidget>

#include <vector>

namespace recoscope {

/// Shares of genres as bars, greatest first, with a tick at what is usual. As many as there is room for. GUI
/// thread.
class GenreBars final : public QWidget {
    Q_OBJECT
public:
    explicit GenreBars(QWidget* parent = nullptr);
    void setShares(std::vector<GenreShare> shares);
    const std::vector<GenreShare>& shares() const { return m_shares; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<GenreShare> m_shares;
};

} // namespace recoscope
