// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableView>

class QTimer;

namespace recoscope {

/// A table of runs (RunTableModel or a proxy of it): colour of the curve before the name, state in words and
/// colour, whole rows selected, columns wide enough for what they hold. GUI thread.
class RunListView final : public QTableView {
    Q_OBJECT
public:
    explicit RunListView(QWidget* parent = nullptr);
    /// Fits the columns to their contents; the name column takes what is left.
    void fitColumns();
    QStringList selectedRuns() const;
    QString emptyText() const { return m_emptyText; }
    void setEmptyText(const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void dataChanged(const QModelIndex& from, const QModelIndex& to, const QList<int>& roles) override;

private:
    QString m_emptyText;
    QTimer* m_fitSoon = nullptr;
};

/// A table of a MetricTableModel: the best value of a row is bold; Ctrl+C copies the whole table. GUI thread.
class MetricTableView final : public QTableView {
    Q_OBJECT
public:
    explicit MetricTableView(QWidget* parent = nullptr);
    void fitColumns();
    void setEmptyText(const QString& text);

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_emptyText;
};

} // namespace recoscope
