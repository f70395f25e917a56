// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_table.h"

#include "widgets/delegates/padded_delegate.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QStandardItemModel>

#include <algorithm>

namespace recoscope {

namespace {

enum Role { BoldRole = Qt::UserRole + 1, UnderlinedRole, MutedRole };

class CellDelegate final : public PaddedDelegate {
public:
    explicit CellDelegate(QObject* parent)
        : PaddedDelegate(parent, space::small) {}

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        PaddedDelegate::initStyleOption(option, index);
        option->font.setBold(index.data(BoldRole).toBool());
        option->font.setUnderline(index.data(UnderlinedRole).toBool());
        if (index.data(MutedRole).toBool())
            for (const auto role : {QPalette::Text, QPalette::HighlightedText})
                option->palette.setColor(role, Theme::current().colors().muted);
    }
};

} // namespace

CompareTable::CompareTable(QWidget* parent)
    : QTableView(parent) {
    m_model = new QStandardItemModel(this);
    setModel(m_model);
    setUpRowTable(this);
    setItemDelegate(new CellDelegate(this));
    setSelectionMode(QAbstractItemView::SingleSelection);
    connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) { emit rowChanged(current.isValid() ? current.row() : -1); });
}

void CompareTable::setTable(const QVector<Header>& headers, const QVector<QVector<CompareCell>>& rows) {
    const int before = currentRow();
    const QSignalBlocker quiet(selectionModel());
    m_headers = headers;
    m_model->clear();
    m_model->setColumnCount(static_cast<int>(headers.size()));
    for (int column = 0; column < headers.size(); ++column) {
        auto* item = new QStandardItem(headers[column].text);
        item->setToolTip(headers[column].toolTip);
        item->setTextAlignment((headers[column].left ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
        m_model->setHorizontalHeaderItem(column, item);
    }
    for (const QVector<CompareCell>& row : rows) {
        QList<QStandardItem*> items;
        for (int column = 0; column < row.size(); ++column) {
            auto* item = new QStandardItem(row[column].text);
            item->setToolTip(row[column].toolTip);
            item->setData(row[column].bold, BoldRole);
            item->setData(row[column].underlined, UnderlinedRole);
            item->setData(row[column].muted, MutedRole);
            item->setTextAlignment((headers.value(column).left ? Qt::AlignLeft : Qt::AlignRight) |
                                   Qt::AlignVCenter);
            items << item;
        }
        m_model->appendRow(items);
    }
    if (!rows.isEmpty()) setCurrentRow(std::clamp(before, 0, static_cast<int>(rows.size()) - 1));
    fit();
    viewport()->update();
}

void CompareTable::setEmptyText(const QString& text) {
    m_emptyText = text;
    viewport()->update();
}

TextTable CompareTable::text() const {
    TextTable table;
    for (const Header& header : m_headers)
        table.headers << header.text;
    for (int row = 0; row < m_model->rowCount(); ++row) {
        QStringList cells;
        for (int column = 0; column < m_model->columnCount(); ++column)
            cells << cell(row, column);
        table.rows << cells;
    }
    return table;
}

int CompareTable::rowCount() const { return m_model->rowCount(); }

QString CompareTable::cell(int row, int column) const {
    return m_model->index(row, column).data().toString();
}

int CompareTable::currentRow() const { return currentIndex().isValid() ? currentIndex().row() : -1; }

void CompareTable::setCurrentRow(int row) {
    const QModelIndex at = m_model->index(row, 0);
    selectionModel()->setCurrentIndex(at, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

/// As wide as the contents; what is left goes to the first column.
void CompareTable::fit() {
    if (m_model->columnCount() == 0) return;
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    int used = 0;
    for (int column = 0; column < m_model->columnCount(); ++column) {
        resizeColumnToContents(column);
        used += columnWidth(column);
    }
    if (const int left = viewport()->width() - used; left > 0) {
        const int share = left / m_model->columnCount();
        for (int column = 1; column < m_model->columnCount(); ++column)
            setColumnWidth(column, columnWidth(column) + share);
        setColumnWidth(0, columnWidth(0) + left - share * (m_model->columnCount() - 1));
    }
}

void CompareTable::keyPressEvent(QKeyEvent* event) {
    if (event != QKeySequence::Copy) return QTableView::keyPressEvent(event);
    const TextTable table = text();
    QString lines = table.headers.join(QLatin1Char('\t')) + QLatin1Char('\n');
    for (const QStringList& row : table.rows)
        lines += row.join(QLatin1Char('\t')) + QLatin1Char('\n');
    QApplication::clipboard()->setText(lines);
}

void CompareTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fit();
}

void CompareTable::changeEvent(QEvent* event) {
    QTableView::changeEvent(event);
    if (event->type() == QEvent::FontChange && m_model) fit();
}

void CompareTable::paintEvent(QPaintEvent* event) {
    QTableView::paintEvent(event);
    if (m_emptyText.isEmpty() || m_model->rowCount() > 0) return;
    QPainter painter(viewport());
    painter.setPen(Theme::current().colors().muted);
    painter.drawText(viewport()->rect().adjusted(space::large, space::small, -space::large, -space::small),
                     Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
}

} // namespace recoscope
