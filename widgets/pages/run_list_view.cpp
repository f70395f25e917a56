// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/run_list_view.h"

#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"
#include "widgets/delegates/padded_delegate.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QKeyEvent>
#include <QPainter>
#include <QTimer>

#include <algorithm>

namespace recoscope {

namespace {

QColor statusColor(RunStatus status, const QColor& normal) {
    const ThemeColors& colors = Theme::current().colors();
    switch (status) {
    case RunStatus::Running:
        return colors.accent;
    case RunStatus::Completed:
    case RunStatus::StoppedEarly:
        return colors.good;
    case RunStatus::Failed:
        return colors.bad;
    case RunStatus::Interrupted:
        return colors.warning;
    default:
        return normal;
    }
}

class RunDelegate final : public PaddedDelegate {
public:
    using PaddedDelegate::PaddedDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        PaddedDelegate::initStyleOption(option, index);
        if (index.column() == RunTableModel::Status) {
            const auto status = static_cast<RunStatus>(index.data(RunTableModel::StatusRole).toInt());
            const QColor tint = statusColor(status, option->palette.color(QPalette::Text));
            option->palette.setColor(QPalette::Text, tint);
            option->palette.setColor(QPalette::HighlightedText, tint);
            option->font.setBold(status == RunStatus::Failed || status == RunStatus::Interrupted);
        }
        if (index.column() == RunTableModel::Name) {
            const int color = index.data(RunTableModel::ColorIndexRole).toInt();
            if (color < 0) return;
            QPixmap swatch(20, 12);
            swatch.fill(Qt::transparent);
            QPainter painter(&swatch);
            painter.fillRect(0, 3, 18, 6, Theme::current().series(color));
            option->icon = QIcon();
            for (const auto mode : {QIcon::Normal, QIcon::Selected})
                option->icon.addPixmap(swatch, mode); // never tinted
            option->decorationSize = swatch.size();
            option->features |= QStyleOptionViewItem::HasDecoration;
        }
    }
};

class MetricDelegate final : public PaddedDelegate {
public:
    using PaddedDelegate::PaddedDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const int room = markRoom(option, index);
        QStyleOptionViewItem inner = option;
        inner.rect.setRight(inner.rect.right() - room);
        PaddedDelegate::paint(painter, inner, index);
        if (room == 0) return;
        const QRect gutter(inner.rect.right() + 1, option.rect.top(), room, option.rect.height());
        if (option.state & QStyle::State_Selected)
            painter->fillRect(gutter, Theme::current().colors().selection);
        painter->setPen(Theme::current().colors().text);
        painter->drawText(gutter, Qt::AlignLeft | Qt::AlignVCenter,
                          index.data(MetricTableModel::MarkRole).toString());
    }
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        return PaddedDelegate::sizeHint(option, index) + QSize(markRoom(option, index), 0);
    }

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        PaddedDelegate::initStyleOption(option, index);
        if (index.data(MetricTableModel::BestRole).toBool()) option->font.setBold(true);
        if (index.data(MetricTableModel::SecondRole).toBool()) option->font.setUnderline(true);
    }

private:
    /// Marks have room of their own, so that digits stand below each other.
    static int markRoom(const QStyleOptionViewItem& option, const QModelIndex& index) {
        return index.data(MetricTableModel::MarkedRole).toBool()
                   ? option.fontMetrics.horizontalAdvance(QStringLiteral("† "))
                   : 0;
    }
};

void paintEmpty(QTableView* view, const QString& text) {
    if (text.isEmpty() || (view->model() && view->model()->rowCount() > 0)) return;
    QPainter painter(view->viewport());
    painter.setPen(Theme::current().colors().muted);
    painter.drawText(
        view->viewport()->rect().adjusted(space::large, space::small, -space::large, -space::small),
        Qt::AlignCenter | Qt::TextWordWrap, text);
}

enum class Spare { ToFirst, ToAll };

/// Every column as wide as its contents; what is left goes to the first column until long names have room in
/// it, then to the others, or to all alike.
void fit(QTableView* view, Spare spare) {
    const QAbstractItemModel* model = view->model();
    if (!model || model->columnCount() == 0) return;
    view->verticalHeader()->setDefaultSectionSize(view->fontMetrics().height() + 8);
    view->horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    int used = 0;
    int shown = 0;
    for (int column = 0; column < model->columnCount(); ++column) {
        if (view->isColumnHidden(column)) continue;
        view->resizeColumnToContents(column);
        used += view->columnWidth(column);
        ++shown;
    }
    const int left = view->viewport()->width() - used;
    if (left <= 0) return;
    const int longName = 36 * view->fontMetrics().averageCharWidth();
    const int toFirst =
        spare == Spare::ToAll ? left / shown : std::min(left, std::max(0, longName - view->columnWidth(0)));
    const int each = shown > 1 ? (left - toFirst) / (shown - 1) : 0;
    for (int column = 1; column < model->columnCount(); ++column)
        if (!view->isColumnHidden(column)) view->setColumnWidth(column, view->columnWidth(column) + each);
    view->setColumnWidth(0, view->columnWidth(0) + left - each * (shown - 1));
}

} // namespace

RunListView::RunListView(QWidget* parent)
    : QTableView(parent) {
    setUpRowTable(this);
    setItemDelegate(new RunDelegate(this));
    m_fitSoon = new QTimer(this);
    m_fitSoon->setSingleShot(true);
    m_fitSoon->setInterval(250);
    connect(m_fitSoon, &QTimer::timeout, this, &RunListView::fitColumns);
}

void RunListView::fitColumns() { fit(this, Spare::ToFirst); }

void RunListView::dataChanged(const QModelIndex& from, const QModelIndex& to, const QList<int>& roles) {
    QTableView::dataChanged(from, to, roles);
    if (!m_fitSoon->isActive())
        m_fitSoon->start(); // states and figures get longer; not at every one of 15 a second
}

void RunListView::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fit(this, Spare::ToFirst);
}

QStringList RunListView::selectedRuns() const {
    QStringList ids;
    if (!selectionModel()) return ids;
    for (const QModelIndex& index : selectionModel()->selectedRows())
        ids << index.data(RunTableModel::IdRole).toString();
    return ids;
}

void RunListView::setEmptyText(const QString& text) {
    m_emptyText = text;
    viewport()->update();
}

void RunListView::paintEvent(QPaintEvent* event) {
    QTableView::paintEvent(event);
    paintEmpty(this, m_emptyText);
}

MetricTableView::MetricTableView(QWidget* parent)
    : QTableView(parent) {
    setUpRowTable(this);
    setItemDelegate(new MetricDelegate(this));
    setSelectionMode(QAbstractItemView::ExtendedSelection);
}

void MetricTableView::fitColumns() { fit(this, Spare::ToAll); }

void MetricTableView::resizeEvent(QResizeEvent* event) {
    QTableView::resizeEvent(event);
    fit(this, Spare::ToAll);
}

void MetricTableView::setEmptyText(const QString& text) {
    m_emptyText = text;
    viewport()->update();
}

void MetricTableView::keyPressEvent(QKeyEvent* event) {
    if (event == QKeySequence::Copy) {
        if (const auto* metrics = qobject_cast<const MetricTableModel*>(model()))
            QApplication::clipboard()->setText(metrics->toText());
        return;
    }
    QTableView::keyPressEvent(event);
}

void MetricTableView::paintEvent(QPaintEvent* event) {
    QTableView::paintEvent(event);
    paintEmpty(this, m_emptyText);
}

} // namespace recoscope
