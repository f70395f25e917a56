// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/network_view.h"

#include "app/models/tensor_table_model.h"
#include "widgets/charts/histogram_history.h"
#include "widgets/delegates/spark_delegate.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

NetworkView::NetworkView(TrainingService* training, QWidget* parent)
    : QWidget(parent)
    , m_training(training) {
    m_model = new TensorTableModel(this);
    m_state = new QLabel(this);
    m_state->setObjectName(QStringLiteral("networkState"));
    m_state->setProperty("role", "muted");
    m_state->setWordWrap(true);
    m_table = new QTableView(this);
    m_table->setObjectName(QStringLiteral("tensorTable"));
    m_table->setModel(m_model);
    setUpRowTable(m_table);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTextElideMode(Qt::ElideMiddle);
    m_table->horizontalHeader()->setMinimumSectionSize(30);
    m_table->setItemDelegateForColumn(TensorTableModel::Name,
                                      new AlarmDelegate(TensorTableModel::AlarmRole, m_table));
    m_table->setItemDelegateForColumn(
        TensorTableModel::Trend,
        new SparkDelegate(SparkDelegate::Shape::Curve, TensorTableModel::ValuesRole, m_table));
    m_table->setItemDelegateForColumn(
        TensorTableModel::Histogram,
        new SparkDelegate(SparkDelegate::Shape::Histogram, TensorTableModel::ValuesRole, m_table));
    m_history = new HistogramHistory(this);
    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setObjectName(QStringLiteral("networkSplitter"));
    split->addWidget(m_table);
    split->addWidget(m_history);
    split->setStretchFactor(0, 5);
    split->setStretchFactor(1, 2);
    split->setSizes({580, 210});
    split->setHandleWidth(space::small);
    split->setChildrenCollapsible(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::tiny);
    column->addWidget(m_state);
    column->addWidget(split, 1);
    connect(m_model, &QAbstractItemModel::modelReset, this, [this] {
        fit();
        if (m_model->rowCount() > 0) m_table->selectRow(0);
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            &NetworkView::drawHistory);
    fit();
    refresh();
}

NetworkView::~NetworkView() { m_training->observe(false, this); }

void NetworkView::fit() {
    QHeaderView* header = m_table->horizontalHeader();
    m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 8);
    for (int column = 0; column < TensorTableModel::ColumnCount; ++column)
        header->setSectionResizeMode(column, column == TensorTableModel::Histogram ? QHeaderView::Stretch
                                             : column == TensorTableModel::Name
                                                 ? QHeaderView::Interactive
                                                 : QHeaderView::ResizeToContents);
    // Names are long where layers are many: the rest must not go out of sight for them.
    const int least = Theme::current().scaled(116);
    const int wanted =
        std::max(least, static_cast<QAbstractItemView*>(m_table)->sizeHintForColumn(TensorTableModel::Name));
    header->resizeSection(
        TensorTableModel::Name,
        std::clamp(m_table->viewport()->width() - Theme::current().scaled(430), least, wanted));
}

void NetworkView::setRun(const QString& run) {
    if (run == m_run) return;
    m_run = run;
    m_epoch = -1;
    refresh();
}

void NetworkView::refresh() {
    const LiveRun* run = m_training->run(m_run);
    const int newest = run && !run->observed.empty() ? run->observed.back().epoch : 0;
    const bool going = run && m_training->activeRun() == m_run;
    if (newest == 0) {
        m_state->setText(
            going ? tr("The trainer tells of weights, activations and gradients at the end of the next "
                       "epoch.")
                  : tr("Weights, activations and gradients are summed up only while this tab is open and "
                       "the run trains. Open it, then start or step a run."));
    } else {
        const auto count = static_cast<int>(run->observed.size());
        QString words = count == 1 ? tr("After epoch %1").arg(newest)
                                   : tr("After epoch %1; %2 epochs were looked at").arg(newest).arg(count);
        if (going && run->lastEpoch.epoch > newest) words += tr(". The next comes with the next epoch");
        if (const int alarms = m_model->alarms(); m_epoch == newest && alarms > 0)
            words += tr(" · <b>%n tensor(s) need a look (⚠)</b>", nullptr, alarms);
        m_state->setText(words);
    }
    if (newest == m_epoch) return;
    m_epoch = newest;
    m_model->setObserved(run ? run->observed : std::vector<ObservedEpoch>{});
    drawHistory();
    if (newest > 0) refresh(); // the alarms are known now
}

void NetworkView::drawHistory() {
    const TensorRow* row = m_model->rowAt(m_table->currentIndex().row());
    if (!row)
        return m_history->clear(m_model->rowCount() == 0 ? QString()
                                                         : tr("Click a tensor to see how its numbers move."));
    m_history->setHistory(
        QStringLiteral("%1 (%2)").arg(
            QString::fromStdString(row->now.name),
            m_model->index(m_table->currentIndex().row(), TensorTableModel::Kind).data().toString()),
        row->epochs, row->past);
}

void NetworkView::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    m_training->observe(true, this);
    refresh();
}

void NetworkView::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    m_training->observe(false, this);
}

void NetworkView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fit();
}

void NetworkView::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange && m_table) fit();
}

} // namespace recoscope
