// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/browse_table.h"

#include "app/models/dataset_table_model.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {
constexpr int sortArrow = 18; // pixels
}

BrowseTable::BrowseTable(BrowseKind kind, BrowseService* browse, QWidget* parent)
    : QWidget(parent)
    , m_kind(kind)
    , m_browse(browse) {
    m_search = new QLineEdit(this);
    m_search->setPlaceholderText(kind == BrowseKind::Items ? tr("Search items by title, id or genre")
                                                           : tr("Search users"));
    m_search->setClearButtonEnabled(true);
    m_count = new QLabel(this);
    m_count->setProperty("role", "muted");

    m_model = new DatasetTableModel(kind, this);
    m_table = new QTableView(this);
    m_table->setModel(m_model);
    setUpRowTable(m_table);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    // Room for the arrow beside the text: drawn over a padding, it never covers the title.
    m_table->horizontalHeader()->setStyleSheet(
        QStringLiteral("QHeaderView::section { padding-right: %1px; } "
                       "QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-origin: padding; "
                       "subcontrol-position: center right; right: 4px; width: 10px; }")
            .arg(sortArrow));
    m_table->horizontalHeader()->setSectionsClickable(true);
    m_table->horizontalHeader()->setSortIndicatorShown(true);
    m_table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);

    auto* line = new QHBoxLayout;
    line->addWidget(m_search, 1);
    line->addWidget(m_count);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::small);
    layout->addLayout(line);
    layout->addWidget(m_table, 1);

    m_search->installEventFilter(this);
    connect(m_search, &QLineEdit::textChanged, this, &BrowseTable::ask);
    connect(m_table->horizontalHeader(), &QHeaderView::sortIndicatorChanged, this,
            [this](int column, Qt::SortOrder order) {
                if (column == m_sortColumn && order == m_order) return;
                // Of counts and means the largest are looked for first.
                if (column >= 0 && column != m_sortColumn && isNumeric(column) && order == Qt::AscendingOrder) {
                    m_table->horizontalHeader()->setSortIndicator(column, Qt::DescendingOrder);
                    return;
                }
                m_sortColumn = column;
                m_order = order;
                ask();
            });
    connect(m_browse, &BrowseService::browsed, this, &BrowseTable::take);
    connect(m_table, &QTableView::activated, this,
            [this](const QModelIndex& index) { emit activated(m_model->indexAt(index.row())); });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) {
                if (!index.isValid()) return;
                m_wanted = m_model->indexAt(index.row());
                emit currentChanged(m_wanted);
            });
}

bool BrowseTable::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_search && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
        if (!m_table->currentIndex().isValid()) m_table->selectRow(0);
        m_table->setFocus(Qt::TabFocusReason);
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void BrowseTable::setDataset(const DatasetPtr& dataset) {
    if (dataset == m_dataset) return;
    m_dataset = dataset;
    m_columnsSized = false;
    {
        const QSignalBlocker quiet(m_search);
        m_search->clear();
    }
    {
        const QSignalBlocker quiet(m_table->horizontalHeader());
        m_model->setDataset(dataset);
        // Items open with the most popular one, users as in the data.
        m_sortColumn = m_kind == BrowseKind::Items ? m_model->columnOf(BrowseColumn::Role::Interactions) : -1;
        m_order = m_sortColumn < 0 ? Qt::AscendingOrder : Qt::DescendingOrder;
        m_table->horizontalHeader()->setSortIndicator(m_sortColumn, m_order);
    }
    ask();
}

bool BrowseTable::isNumeric(int column) const {
    const auto alignment = m_model->headerData(column, Qt::Horizontal, Qt::TextAlignmentRole).value<Qt::Alignment>();
    return alignment.testFlag(Qt::AlignRight);
}

void BrowseTable::ask() {
    if (!m_dataset) {
        m_count->clear();
        return;
    }
    m_ticket = m_browse->browse(m_dataset, m_kind, m_search->text().trimmed(), m_sortColumn, m_order);
}

void BrowseTable::take(const BrowseAnswer& answer) {
    if (answer.ticket != m_ticket || answer.kind != m_kind) return;
    const std::int32_t all = m_kind == BrowseKind::Items ? m_dataset->itemCount() : m_dataset->userCount();
    m_model->setRows(answer.rows);
    const QLocale locale;
    const auto found = static_cast<qlonglong>(answer.rows.size());
    m_count->setText(found == all ? tr("%1 in all").arg(locale.toString(found))
                                  : tr("%1 of %2").arg(locale.toString(found), locale.toString(all)));
    m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 8);
    if (!m_columnsSized && !answer.rows.empty()) {
        m_columnsSized = true;
        m_table->resizeColumnsToContents();
        for (int column = 0; column < m_model->columnCount(); ++column)
            m_table->setColumnWidth(column, std::clamp(m_table->columnWidth(column) + sortArrow, 60, 380));
        // Ids are mostly narrower than their title with its arrow: give the room to the next column.
        const QFontMetrics metrics = m_table->horizontalHeader()->fontMetrics();
        const int ids = static_cast<QAbstractItemView*>(m_table)->sizeHintForColumn(0) + 16;
        const int title = metrics.horizontalAdvance(tr("User id")) + 48;
        m_table->setColumnWidth(0, std::clamp(ids, title, 380));
    }
    if (answer.exact && !answer.rows.empty()) {
        m_wanted = -1;
        m_table->selectRow(0);
    } else if (m_wanted >= 0) {
        select(m_wanted);
    }
}

void BrowseTable::select(std::int32_t index) {
    m_wanted = index;
    for (int row = 0; row < m_model->rowCount(); ++row) {
        if (m_model->indexAt(row) != index) continue;
        const QSignalBlocker quiet(this);
        m_table->setCurrentIndex(m_model->index(row, 0));
        m_table->scrollTo(m_model->index(row, 0), QAbstractItemView::PositionAtCenter);
        return;
    }
}

} // namespace recoscope
