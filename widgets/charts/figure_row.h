// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPair>
#include <QVector>
#include <QWidget>

class QLabel;

namespace recoscope {

/// A row of named numbers, readable from the back of a classroom: caption above, value below. GUI thread.
class FigureRow final : public QWidget {
    Q_OBJECT
public:
    struct Figure {
        QString caption;
        QString value;
        QString toolTip;
        QString widest; // room is kept for this text, so that the row does not jump while values move
    };
    explicit FigureRow(QWidget* parent = nullptr);
    void setFigures(const QVector<Figure>& figures);

protected:
    void changeEvent(QEvent* event) override;

private:
    void restyle();
    QVector<Figure> m_figures;
    QVector<QPair<QLabel*, QLabel*>> m_labels;
};

} // namespace recoscope
