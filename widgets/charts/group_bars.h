// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QString>
#include <QVector>
#include <QWidget>

namespace recoscope {

/// Bars side by side for every group, one a run, with whiskers of one standard error and the value at the
/// end. It is as high as its groups need: put it into a scroll area. GUI thread.
class GroupBars final : public QWidget {
    Q_OBJECT
public:
    struct Bar {
        double value = 0.0;
        double error = 0.0; // half the whisker
        QString toolTip;
        bool present = true;
    };
    struct Group {
        QString label;
        QString note;       // below the label: "120 users"
        bool faint = false; // too small to count
        QVector<Bar> bars;  // a run each
    };
    explicit GroupBars(QWidget* parent = nullptr);
    void setGroups(const QString& axisTitle, const QVector<QColor>& colors, const QVector<Group>& groups);
    const QVector<Group>& groups() const { return m_groups; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool event(QEvent* event) override;

private:
    struct Place {
        int left = 0; // where bars begin
        int room = 0; // pixels for values
        double low = 0.0;
        double high = 1.0;
        int barHeight = 0;
        int groupHeight = 0;
        int top = 0;
        double x(double value) const { return left + room * (value - low) / (high - low); }
    };
    Place place() const;
    QString m_axisTitle;
    QVector<QColor> m_colors;
    QVector<Group> m_groups;
};

} // namespace recoscope
