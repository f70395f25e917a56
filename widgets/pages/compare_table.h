// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/text_table.h"

#include <QTableView>
#include <QVector>

class QStandardItemModel;

namespace recoscope {

/// A cell as it is shown.
struct CompareCell {
    QString text = {};
    QString toolTip = {};
    bool bold = false;
    bool underlined = false;
    bool muted = false;
};

/// A small table of texts: first column at the left, numbers at the right, columns as wide as what they hold.
/// Ctrl+C copies the whole of it. GUI thread.
class CompareTable final : public QTableView {
    Q_OBJECT
public:
    explicit CompareTable(QWidget* parent = nullptr);

    struct Header {
        QString text = {};
        QString toolTip = {};
        bool left = false; // texts, not numbers
    };
    /// Keeps the current row where there is one.
    void setTable(const QVector<Header>& headers, const QVector<QVector<CompareCell>>& rows);
    void clear() { setTable({}, {}); }
    /// Shown while there are no rows.
    void setEmptyText(const QString& text);
    QString emptyText() const { return m_emptyText; }
    /// What is shown, without title and notes.
    TextTable text() const;
    int currentRow() const;
    void setCurrentRow(int row);
    QString cell(int row, int column) const;
    int rowCount() const;

signals:
    void rowChanged(int row); // -1: none

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void fit();
    QStandardItemModel* m_model = nullptr;
    QVector<Header> m_headers;
    QString m_emptyText;
};

} // namespace recoscope
