// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QString>
#include <QVector>
#include <QWidget>

namespace recoscope {

/// Means with their intervals, a line an entry: faint dots are the single values, the filled dot is their
/// mean, the whiskers its interval. An entry without one is a hollow dot. GUI thread.
class IntervalPlot final : public QWidget {
    Q_OBJECT
public:
    struct Entry {
        QString name;
        QString note; // small, below the name
        QColor color;
        double mean = 0.0;
        double halfWidth = 0.0; // NaN: no interval
        QVector<double> points;
        bool present = true; // false: there is no number
        bool operator==(const Entry&) const = default;
    };
    explicit IntervalPlot(QWidget* parent = nullptr);
    void setEntries(const QString& axisTitle, const QVector<Entry>& entries);
    const QVector<Entry>& entries() const { return m_entries; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;
    bool event(QEvent* event) override;

private:
    int leastRowHeight() const;
    int rowHeight() const;
    int below() const;
    QString m_axisTitle;
    QVector<Entry> m_entries;
};

} // namespace recoscope
