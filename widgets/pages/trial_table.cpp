// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/trial_table.h"

#include "widgets/delegates/padded_delegate.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QPainter>
#include <QSortFilterProxyModel>
#include <QStyle>
#include <QStyleOption>

#include <algorithm>
#include <vector>

namespace recoscope {

namespace {

/// Says in words which column is sorted: the style's arrow covers right-aligned titles.
class SortedTrials final : public QSortFilterProxyModel {
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

    QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
        const QVariant text = QSortFilterProxyModel::headerData(section, orientation, role);
        if (role != Qt::DisplayRole || orientation != Qt::Horizontal || section != sortColumn()) return text;
        return text.toString() +
               (sortOrder() == Qt::DescendingOrder ? QStringLiteral(" ▾") : QStringLiteral(" ▴"));
    }
    void sort(int column, Qt::SortOrder order) override {
        QSortFilterProxyModel::sort(column, order);
        if (columnCount() > 0) emit headerDataChanged(Qt::Horizontal, 0, columnCount() - 1);
    }
};

/// The best trial is bold, failed ones are grey.
class TrialDelegate final : public PaddedDelegate {
public:
    explicit TrialDelegate(QObject* parent)
        : PaddedDelegate(parent, space::small) {}

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        PaddedDelegate::initStyleOption(option, index);
        const ThemeColors& colors = Theme::current().colors();
        const auto tint = [option](const QColor& color) {
            for (const auto role : {QPalette::Text, QPalette::HighlightedText})
                option->palette.setColor(role, color);
        };
        const auto state = static_cast<TrialState>(index.data(TrialTableModel::StateRole).toInt());
        if (index.data(TrialTableModel::BestRole).toBool()) {
            option->font.setBold(true);
            tint(colors.good);
        } else if (state == TrialState::Failed || state == TrialState::Stopped) {
            tint(colors.muted);
        } else if (state == TrialState::Running) {
            tint(colors.accent);
        } else {
            tint(colors.text);
        }
    }
};

/// Titles of two lines, each cut off at its own end where the column is narrow.
class TrialHeader final : public QHeaderView {
public:
    using QHeaderView::QHeaderView;

protected:
    void initStyleOptionForIndex(QStyleOptionHeader* option, int section) const override {
        QHeaderView::initStyleOptionForIndex(option, section);
        QFont bold = font();
        bold.setBold(true); // as the style sheet of headers
        const QFontMetrics metrics(bold);
        QStringList lines = option->text.split(QLatin1Char('\n'));
        int widest = 0;
        for (const QString& line : lines)
            widest = std::max(widest, metrics.horizontalAdvance(line));
        const int room =
            sectionSize(section) - std::max(0, sectionSizeFromContents(section).width() - widest);
        for (QString& line : lines)
            line = metrics.elidedText(line, Qt::ElideRight, room);
        option->text = lines.join(QLatin1Char('\n'));
    }
};

} // namespace

TrialTable::TrialTable(QWidget* parent)
    : QTableView(parent) {
    m_model = new TrialTableModel(this);
    m_sorted = new SortedTrials(this);
    m_sorted->setSourceModel(m_model);
    m_sorted->setSortRole(TrialTableModel::SortRole);
    setObjectName(QStringLiteral("trials"));
    auto* header = new TrialHeader(Qt::Horizontal, this);
    header->setSectionsClickable(true);
    setHorizontalHeader(header);
    setModel(m_sorted);
    setUpRowTable(this);
    setItemDelegate(new TrialDelegate(this));
    setSortingEnabled(true);
    horizontalHeader()->setSortIndicatorShown(false);
    setSelectionMode(QAbstractItemView::SingleSelection);
    horizontalHeader()->setMinimumSectionSize(Theme::current().scaled(36));
    connect(selectionModel(), &QItemSelectionModel::selectionChanged, this, &TrialTable::selectionMoved);
}

void TrialTable::setView(const StudyView& view) {
    const auto titles = [this] {
        QStringList all;
        for (int column = 0; column < m_model->columnCount(); ++column)
            all << m_model->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
        return all;
    };
    const QStringList before = titles();
    m_model->setView(view);
    if (titles() != before) {
        const bool search = view.kind == StudyKind::Search;
        sortByColumn(search ? m_model->valueColumn() : 0, search ? Qt::DescendingOrder : Qt::AscendingOrder);
    }
    // Widths that a person has given stay while the rows fill up.
    const bool filled = view.done() > 0;
    if (titles() != before || filled != m_filled) fit();
    m_filled = filled;
}

const TrialRow* TrialTable::selected() const {
    const QModelIndexList rows = selectionModel()->selectedRows();
    return rows.isEmpty() ? nullptr : m_model->rowAt(m_sorted->mapToSource(rows.front()).row());
}

void TrialTable::selectTrial(int number) {
    clearSelection();
    for (int row = 0; row < m_sorted->rowCount(); ++row)
        if (m_sorted->index(row, 0).data(TrialTableModel::NumberRole).toInt() == number) selectRow(row);
}

/// As wide as the contents. Where that is too much the widest parameters give way, all of them down to the
/// same width; where there is room left the columns share it.
void TrialTable::fit() {
    const int count = m_sorted->columnCount();
    if (count == 0) return;
    std::vector<int> widths;
    int used = 0;
    for (int column = 0; column < count; ++column) {
        resizeColumnToContents(column);
        widths.push_back(columnWidth(column));
        used += widths.back();
    }
    const int room = viewport()->width();
    const int least = Theme::current().scaled(48);
    for (int over = used - room; over > 0;) {
        // The widest of them all, down to the next one, or as far as is needed.
        int widest = 0;
        int next = least;
        int many = 0;
        for (int column = 0; column < count; ++column)
            if (m_model->isParameter(column))
                widest = std::max(widest, widths[static_cast<std::size_t>(column)]);
        if (widest <= least) break;
        for (int column = 0; column < count; ++column) {
            const int width = widths[static_cast<std::size_t>(column)];
            if (!m_model->isParameter(column)) continue;
            if (width == widest)
                ++many;
            else
                next = std::max(next, width);
        }
        const int to = std::max(next, widest - (over + many - 1) / many);
        for (int column = 0; column < count; ++column) {
            int& width = widths[static_cast<std::size_t>(column)];
            if (!m_model->isParameter(column) || width != widest) continue;
            over -= width - to;
            width = to;
        }
    }
    if (const int left = room - used; left > 0) {
        const int share = left / count;
        for (int& width : widths)
            width += share;
        widths.back() += left - share * count;
    }
    for (int column = 0; column < count; ++column)
        setColumnWidth(column, widths[static_cast<std::size_t>(column)]);
}

void TrialTable::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fit();
}

void TrialTable::changeEvent(QEvent* event) {
    QTableView::changeEvent(event);
    if (event->type() != QEvent::FontChange || !m_model) return;
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 8);
    fit();
}

} // namespace recoscope
