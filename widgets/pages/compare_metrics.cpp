// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_metrics.h"

#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"
#include "widgets/pages/run_list_view.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QItemSelectionModel>
#include <QLabel>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace recoscope {

namespace {

/// The run that a person would call the best: by NDCG@10, else by the first metric that all have.
int bestRun(const Measurement& measurement) {
    std::string key;
    for (const MetricValue& metric : measurement.runs.front().evaluation->metrics)
        if (key.empty() || metric.key == "ndcg@10") key = metric.key;
    int best = 0;
    const MetricValue* value = nullptr;
    for (std::size_t n = 0; n < measurement.runs.size(); ++n) {
        const MetricValue* one = measurement.runs[n].evaluation->find(key);
        if (!one) continue;
        const bool better =
            !value || (one->higherIsBetter ? one->value > value->value : one->value < value->value);
        if (!better) continue;
        value = one;
        best = static_cast<int>(n);
    }
    return best;
}

} // namespace

CompareMetrics::CompareMetrics(CompareService* service, QWidget* parent)
    : ComparePart(service, parent) {
    m_model = new MetricTableModel(this);
    m_view = new MetricTableView;
    m_view->setObjectName(QStringLiteral("compareMetrics"));
    m_view->setAccessibleName(tr("Metrics of the compared runs"));
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setModel(m_model);
    m_reference = compareBox("compareReference", tr("Run that the others are tested against"));
    m_reference->setToolTip(tr("† stands at numbers that differ from this run's by more than chance"));
    m_legend = new QLabel;
    m_legend->setProperty("role", "muted");
    m_legend->setWordWrap(true);
    m_details = new QLabel;
    m_details->setObjectName(QStringLiteral("compareMetricDetails"));
    m_details->setTextFormat(Qt::RichText);
    m_details->setWordWrap(true);
    m_details->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_details->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(compareBar({{tr("Test a&gainst"), m_reference}}));
    column->addWidget(m_legend);
    column->addWidget(m_view, 1);
    column->addWidget(m_details);
    connect(m_reference, &QComboBox::activated, this, [this] { askAgain(); });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &CompareMetrics::showDetails);
    connect(m_model, &QAbstractItemModel::dataChanged, this, &CompareMetrics::showDetails);
    connect(service, &CompareService::marked, this, [this](const std::shared_ptr<const MetricMarks>& marks) {
        if (fits(marks->of)) takeMarks(*marks);
    });
}

int CompareMetrics::reference() const { return m_reference->currentIndex(); }

void CompareMetrics::clear() {
    const QModelIndex current = m_view->currentIndex();
    const QString key = current.isValid() ? current.data(MetricTableModel::KeyRole).toString() : QString();
    std::vector<MetricTableModel::Column> columns;
    const QSignalBlocker quiet(m_reference);
    m_reference->clear();
    if (measurement()) {
        for (const MeasuredRun& run : measurement()->runs) {
            columns.push_back({run.title, {}});
            for (const MetricValue& metric :
                 run.evaluation->metrics) // without the values a user: they may be many
                columns.back().metrics.push_back({metric.key,
                                                  metric.label,
                                                  metric.definition,
                                                  metric.value,
                                                  metric.count,
                                                  metric.higherIsBetter,
                                                  {}});
            m_reference->addItem(run.title);
        }
        m_reference->setCurrentIndex(bestRun(*measurement()));
    }
    const bool several = columns.size() > 1;
    m_model->setColumns(std::move(columns));
    m_view->fitColumns();
    m_reference->setEnabled(several);
    m_legend->setText(several ? tr("Bold: best. Underlined: second. †: differs from the run tested against "
                                   "(paired t-test over users, p < 0.05 after Holm).")
                              : tr("Tick a second run to test differences."));
    m_legend->setVisible(measurement() != nullptr);
    for (int row = 0; row < m_model->rowCount(); ++row)
        if (const QModelIndex at = m_model->index(row, current.isValid() ? current.column() : 1);
            key.isEmpty() || at.data(MetricTableModel::KeyRole).toString() == key) {
            m_view->setCurrentIndex(at);
            break;
        }
    showDetails();
}

void CompareMetrics::ask() {
    if (measurement()->runs.size() < 2) return;
    m_service->mark(measurement(), static_cast<std::size_t>(reference()));
}

void CompareMetrics::takeMarks(const MetricMarks& marks) {
    MetricTableModel::Marks shown;
    shown.reference = static_cast<int>(marks.reference);
    for (const auto& [key, p] : marks.p)
        shown.p.insert(QString::fromStdString(key), p);
    m_model->setMarks(std::move(shown));
    m_view->fitColumns();
}

void CompareMetrics::showDetails() {
    const QModelIndex current = m_view->currentIndex();
    m_details->setText(current.isValid() ? current.data(MetricTableModel::DetailsRole).toString()
                                         : QString());
    m_details->setVisible(current.isValid());
}

void CompareMetrics::say(const QString& words) { m_view->setEmptyText(words); }

std::optional<TextTable> CompareMetrics::table() const {
    return std::nullopt;
} // written with its definitions

} // namespace recoscope
