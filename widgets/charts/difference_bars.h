// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QString>
#include <QVector>
#include <QWidget>

namespace recoscope {

/// How the differences of two runs spread over users: bars right of the middle are users for whom the first
/// run is better, left of it the second; the mean with its interval above. GUI thread.
class DifferenceBars final : public QWidget {
    Q_OBJECT
public:
    struct Picture {
        QString metric; // "NDCG@10"
        QString nameA;
        QString nameB;
        QColor colorA;
        QColor colorB;
        double reach = 0.0;   // bars cover −reach to reach
        QVector<qint64> bars; // from the left; an even number
        qint64 equal = 0;     // users without a difference: not in the bars
        double mean = 0.0;
        double low = 0.0; // of the mean's interval
        double high = 0.0;
        bool higherIsBetter = true;
    };
    explicit DifferenceBars(QWidget* parent = nullptr);
    void setPicture(const Picture& picture);
    void clear();
    const Picture& picture() const { return m_picture; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    QRect plot() const;
    Picture m_picture;
};

} // namespace recoscope
