// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/run_monitor.h"

#include "engine/models/registry.h"

#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"
#include "app/session/live_run.h"
#include "widgets/charts/axis_ticks.h"
#include "widgets/charts/figure_row.h"
#include "widgets/charts/run_charts.h"
#include "widgets/pages/network_view.h"
#include "widgets/pages/run_list_view.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QTabWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

/// Trained by batches through a network, so that there is something to look into.
bool hasNetwork(const LiveRun* run) {
    const AlgorithmInfo* info = run ? findAlgorithm(run->record.experiment.plan.algorithm) : nullptr;
    return info && info->schema().find("train_batch_size");
}

bool ended(RunStatus status) { return status != RunStatus::Queued && status != RunStatus::Running; }

QFrame* card() {
    auto* frame = new QFrame;
    frame->setProperty("card", true);
    return frame;
}

} // namespace

RunMonitor::RunMonitor(TrainingService* training, QWidget* parent)
    : QWidget(parent)
    , m_training(training) {
    m_runModel = new RunTableModel(this);
    m_runModel->setCheckable(true);
    m_metricModel = new MetricTableModel(this);
    auto* middle = card();
    m_charts = new RunCharts;
    m_charts->setSource([this](const QString& run) -> const std::vector<Curve>* {
        const LiveRun* live = m_training->run(run);
        return live ? &live->curves : nullptr;
    });
    m_network = new NetworkView(m_training);
    m_networkView =
        m_charts->addView(m_network, tr("Network"),
                          tr("Weights, activations and gradients of the run that is looked at, epoch by epoch"));
    auto* middleColumn = new QVBoxLayout(middle);
    middleColumn->setContentsMargins(space::medium, space::small, space::medium, space::small);
    middleColumn->addWidget(m_charts);
    auto* split = new QSplitter(Qt::Vertical);
    split->setObjectName(QStringLiteral("monitorSplitter"));
    QWidget* top = buildTop();
    split->addWidget(middle);
    split->addWidget(buildBottom());
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    split->setHandleWidth(space::small);
    split->setSizes({360, 270});
    split->setChildrenCollapsible(false);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(top);
    column->addWidget(split, 1);

    connect(m_training, &TrainingService::runQueued, this, [this](const QString& run) {
        if (!isTrial(run)) m_runModel->setChecked(run, true);
        updateRuns();
        if (m_shown.isEmpty()) showRun(run);
    });
    connect(m_training, &TrainingService::runStarted, this, [this](const QString& run) {
        if (m_shown.isEmpty() || !isTrial(run)) showRun(run);
    });
    connect(m_training, &TrainingService::runChanged, this, &RunMonitor::follow);
    connect(m_training, &TrainingService::runEnded, this, &RunMonitor::follow);
    connect(m_runModel, &RunTableModel::checkedChanged, this, &RunMonitor::updateCharts);
    connect(m_runs->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& now) {
                const QString run = now.data(RunTableModel::IdRole).toString();
                if (!run.isEmpty() && run != m_shown) showRun(run);
            });
    updateRuns();
    updateShown();
}

bool RunMonitor::isTrial(const QString& run) const {
    const LiveRun* live = m_training->run(run);
    return live && !live->record.study.isEmpty();
}

QWidget* RunMonitor::buildTop() {
    auto* top = card();
    m_runTitle = new QLabel;
    Theme::keepFont(m_runTitle, 1.15, true);
    m_runState = new QLabel;
    m_runState->setProperty("role", "muted");
    m_runState->setWordWrap(true);
    m_progress = new QProgressBar;
    m_progress->setRange(0, 1000);
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(8);
    m_inspect = new QPushButton(themedIcon(QStringLiteral("inspect")), tr("Inspect"));
    m_inspect->setToolTip(tr("Looks at single users' recommendations of this run, also while it trains"));
    connect(m_inspect, &QPushButton::clicked, this, [this] { emit inspectRequested(m_shown); });
    m_test = new QPushButton(themedIcon(QStringLiteral("chart")), tr("Test this model"));
    m_test->setObjectName(QStringLiteral("testModel"));
    m_test->setToolTip(tr("Scores the test part with the model that was kept, and stores the numbers with the run"));
    m_test->hide();
    connect(m_test, &QPushButton::clicked, this, [this] { emit testRequested(m_shown); });
    m_figures = new FigureRow;
    auto* heading = new QHBoxLayout;
    heading->addWidget(m_runTitle);
    heading->addSpacing(space::small);
    heading->addWidget(m_runState, 1);
    heading->addWidget(m_test);
    heading->addWidget(m_inspect);
    auto* column = new QVBoxLayout(top);
    column->setContentsMargins(space::medium, space::small, space::medium, space::small);
    column->setSpacing(space::tiny + 2);
    column->addLayout(heading);
    column->addWidget(m_progress);
    column->addWidget(m_figures);
    return top;
}

QWidget* RunMonitor::buildBottom() {
    m_runs = new RunListView;
    m_runs->setObjectName(QStringLiteral("runList"));
    m_runs->setModel(m_runModel);
    m_runs->setSelectionMode(QAbstractItemView::SingleSelection);
    for (const int column : {RunTableModel::Algorithm, RunTableModel::Dataset, RunTableModel::Epochs,
                             RunTableModel::Seconds, RunTableModel::Created})
        m_runs->hideColumn(column);
    m_runs->setEmptyText(tr("Runs of this session appear here. Press Start."));
    m_runs->setContextMenuPolicy(Qt::CustomContextMenu);
    m_runs->fitColumns();
    connect(m_runs, &QWidget::customContextMenuRequested, this, &RunMonitor::runContextMenu);
    m_metrics = new MetricTableView;
    m_metrics->setObjectName(QStringLiteral("metricTable"));
    m_metrics->setModel(m_metricModel);
    m_metricTitle = new QLabel;
    m_metricTitle->setProperty("role", "muted");
    m_metricTitle->setContentsMargins(space::tiny, space::tiny, space::tiny, 0);
    auto* metricPage = new QWidget;
    auto* metricColumn = new QVBoxLayout(metricPage);
    metricColumn->setContentsMargins(0, 0, 0, 0);
    metricColumn->setSpacing(space::tiny);
    metricColumn->addWidget(m_metricTitle);
    metricColumn->addWidget(m_metrics, 1);
    m_log = new QPlainTextEdit;
    m_log->setObjectName(QStringLiteral("log"));
    m_log->setReadOnly(true);
    m_log->setMaximumBlockCount(5000);
    m_log->setFrameShape(QFrame::NoFrame);
    Theme::keepFixedFont(m_log, 0.92);
    m_log->setPlaceholderText(tr("What the run has to say appears here."));
    m_results = new QTabWidget;
    m_results->setDocumentMode(true);
    m_results->addTab(metricPage, tr("Test metrics"));
    m_results->addTab(m_log, tr("Log"));
    auto* bottom = new QSplitter(Qt::Horizontal);
    bottom->setObjectName(QStringLiteral("monitorTablesSplitter"));
    bottom->addWidget(m_runs);
    bottom->addWidget(m_results);
    bottom->setStretchFactor(0, 1);
    bottom->setStretchFactor(1, 1);
    bottom->setSizes({395, 385});
    bottom->setHandleWidth(space::small);
    bottom->setChildrenCollapsible(false);
    return bottom;
}

void RunMonitor::follow(const QString& run) {
    if (!isVisible()) {
        m_stale = true;
        return;
    }
    updateRuns();
    if (run == m_shown) {
        updateShown();
        emit shownRunMoved();
    }
    if (m_runModel->checkedRuns().contains(run)) m_charts->refresh();
}

void RunMonitor::updateShown() {
    const LiveRun* run = m_training->run(m_shown);
    m_inspect->setEnabled(run != nullptr);
    m_progress->setVisible(run != nullptr);
    updateFigures(run);
    m_charts->offerView(m_networkView, hasNetwork(run));
    m_network->setRun(m_shown);
    m_network->refresh();
    // What has no numbers yet can have them: a stopped run, or one that was not to be tested.
    m_test->setVisible(run && ended(run->record.status) && run->model && !run->test && run->split &&
                       run->split->test().size() > 0);
    m_test->setEnabled(!m_testing.contains(m_shown));
    m_test->setText(m_test->isEnabled() ? tr("Test this model") : tr("Testing …"));
    if (!run) {
        m_runTitle->setText(tr("No run yet"));
        m_runState->setText(tr("Choose an algorithm on the left and press Start (F5)"));
        m_metrics->setEmptyText(tr("The metrics on the test part appear here when the run has ended."));
        m_metricTitle->hide();
        return;
    }
    const RunRecord& record = run->record;
    m_runTitle->setText(runTitle(record));
    const bool live = record.status == RunStatus::Running;
    QString state = live && run->paused ? tr("Paused") : runStatusText(record.status);
    if (live && !run->paused && !run->progress.phase.empty())
        state +=
            QStringLiteral(" · ") + (run->progress.phase == "evaluating" ? tr("evaluating") : tr("training"));
    if (live && run->paused)
        if (const auto place = batchPlace(*run))
            state += QStringLiteral(" · ") + tr("epoch %1, batch %2 of %3")
                                                 .arg(run->progress.epoch)
                                                 .arg(place->batch)
                                                 .arg(place->batches);
    if (ended(record.status) && !record.reason.isEmpty()) state += QStringLiteral(" · ") + record.reason;
    m_runState->setText(state);
    double share = 0.0;
    if (run->plannedEpochs > 0 && ended(record.status))
        share = static_cast<double>(record.epochs) / run->plannedEpochs; // a stopped run keeps its share
    else if (run->plannedEpochs > 0)
        share = (std::max(0, run->progress.epoch - 1) +
                 (run->progress.phase == "evaluating" ? 1.0 : run->progress.fraction)) /
                run->plannedEpochs;
    const bool whole = record.status == RunStatus::Completed || record.status == RunStatus::StoppedEarly;
    m_progress->setValue(whole ? 1000 : static_cast<int>(1000 * std::clamp(share, 0.0, 1.0)));
    updateLog(*run);
    updateMetrics(*run);
}

void RunMonitor::updateFigures(const LiveRun* run) {
    const QString none = QStringLiteral("–");
    QString epoch = none, left = none, epochTime = none, speed = none, elapsed = none, memory = none;
    const QLocale numbers(QLocale::English, QLocale::UnitedStates);
    if (run && run->record.status != RunStatus::Queued) {
        const int done = std::max(run->record.epochs, run->lastEpoch.epoch);
        epoch =
            run->plannedEpochs > 0 ? tr("%1 of %2").arg(done).arg(run->plannedEpochs) : QString::number(done);
        elapsed = durationText(std::max(run->record.seconds, run->progress.elapsed));
        if (run->record.status == RunStatus::Running && run->etaSeconds >= 0.0)
            left = durationText(run->etaSeconds);
    }
    if (run && run->lastEpoch.epoch > 0) {
        epochTime = durationText(usualEpochSeconds(*run));
        if (usualSpeed(*run) > 0) speed = numbers.toString(static_cast<qlonglong>(usualSpeed(*run)));
        if (run->lastEpoch.memoryBytes > 0) memory = bytesText(run->lastEpoch.memoryBytes);
    }
    m_figures->setFigures({
        {tr("Epoch"), epoch, tr("Finished epochs, of those the parameters ask for"),
         QStringLiteral("000 of 000")},
        {tr("Time left"), left,
         tr("At the present speed, evaluation included, at most: early stopping may end it before"),
         QStringLiteral("00 min 00 s")},
        {tr("Elapsed"), elapsed, tr("Since the start, without pauses"), QStringLiteral("00 min 00 s")},
        {tr("Epoch time"), epochTime, tr("Training only, without evaluation; the median of the newest epochs"), QStringLiteral("00.00 s")},
        {tr("Examples/s"), speed, tr("Interactions processed a second, the median of the newest epochs"),
         QStringLiteral("00,000,000")},
        {tr("Memory"), memory, tr("Of the whole program, after the last epoch"), QStringLiteral("000 MB")},
    });
}

int RunMonitor::colorOf(const QString& run) const {
    const auto runs = m_training->runs();
    const auto at = std::find(runs.begin(), runs.end(), run);
    return at == runs.end() ? 0 : static_cast<int>(at - runs.begin());
}

void RunMonitor::updateRuns() {
    std::vector<RunRow> rows;
    QStringList metrics;
    for (const QString& id : m_training->runs()) {
        const LiveRun* run = m_training->run(id);
        if (!run) continue;
        RunRow row = rowOf(*run);
        row.colorIndex = colorOf(id);
        rows.push_back(std::move(row));
    }
    if (!rows.empty()) {
        const auto& cutoffs = rows.back().record.experiment.plan.evaluation.cutoffs;
        const int cutoff = cutoffs.empty()                                                  ? 10
                           : std::find(cutoffs.begin(), cutoffs.end(), 10) != cutoffs.end() ? 10
                                                                                            : cutoffs.front();
        metrics << QStringLiteral("ndcg@%1").arg(cutoff);
    }
    const bool first = m_runModel->rowCount() == 0 && !rows.empty();
    m_runModel->setMetrics(metrics);
    m_runModel->setRuns(std::move(rows));
    if (first) m_runs->fitColumns();
    updateCharts();
}

void RunMonitor::updateCharts() {
    std::vector<ChartedRun> runs;
    for (const QString& id : m_training->runs()) {
        const LiveRun* run = m_training->run(id);
        if (!run || !m_runModel->checkedRuns().contains(id)) continue;
        runs.push_back(chartedRun(run->record, colorOf(id)));
    }
    m_charts->setRuns(std::move(runs));
    const bool none = m_training->runs().empty();
    const LiveRun* shown = m_training->run(m_shown);
    const AlgorithmInfo* info = shown ? findAlgorithm(shown->record.experiment.plan.algorithm) : nullptr;
    QString loss = tr("Press Start: the training and validation loss will move here while the model learns.");
    QString metric =
        tr("Press Start: NDCG, Recall and the other metrics on the validation part will appear here.");
    if (!none && m_runModel->checkedRuns().isEmpty()) {
        loss = metric = tr("Tick a run in the list below to draw its curves.");
    } else if (shown && info) {
        loss = info->capabilities.iterative
                   ? tr("The loss appears after the first epoch.")
                   : tr("%1 has no loss to watch: it is fitted in one pass.").arg(text(info->title));
        metric = tr("Metrics appear after the first evaluation on the validation part.");
        if (shown->split && shown->split->validation().size() == 0)
            metric = tr("This split has no validation part. The test metrics come at the end.");
        else if (shown->record.experiment.plan.evaluateEvery == 0)
            metric = tr("Evaluation during the training is off in the run options. The test metrics come at "
                        "the end.");
        if (ended(shown->record.status) && info->capabilities.iterative)
            loss = tr("This run recorded no loss.");
        if (shown->record.status == RunStatus::Failed) loss = metric = shown->record.reason;
    }
    m_charts->setEmptyTexts(loss, metric);
}

void RunMonitor::showRun(const QString& run) {
    m_shown = run;
    updateRuns();
    const int row = m_runModel->rowOf(run);
    if (row >= 0 && m_runs->currentIndex().row() != row) m_runs->setCurrentIndex(m_runModel->index(row, 0));
    updateShown();
    emit shownRunMoved();
}

void RunMonitor::updateLog(const LiveRun& run) {
    if (m_logRun != run.id) {
        m_log->clear();
        m_logged = {};
        m_logRun = run.id;
    }
    const std::vector<StoredLogLine> lines = m_logged.more(run.record, run.curves, run.log);
    const ThemeColors& colors = Theme::current().colors();
    for (const StoredLogLine& line : lines) {
        const QColor tint = line.level == LogLevel::Error     ? colors.bad
                            : line.level == LogLevel::Warning ? colors.warning
                                                              : colors.text;
        const QString words = logText(line);
        m_log->appendHtml(
            QStringLiteral("<span style=\"color:%1\">%2</span>")
                .arg(tint.name(), words.toHtmlEscaped().replace(QLatin1Char(' '), QStringLiteral("&nbsp;"))));
    }
}

void RunMonitor::updateMetrics(const LiveRun& run) {
    const auto& shown = run.test ? run.test : run.validation;
    m_metrics->setEmptyText(!ended(run.record.status)
                                ? tr("The metrics on the test part appear here when the run has ended.")
                            : run.record.status == RunStatus::Failed
                                ? tr("The run failed before it could be evaluated: %1").arg(run.record.reason)
                            : run.record.status == RunStatus::Cancelled
                                ? run.record.reason
                                : tr("This run was not evaluated. Switch on “Score the test part at the end” "
                                     "in the run options."));
    m_metricTitle->setVisible(shown != nullptr);
    m_results->setTabText(0, run.test || !shown ? tr("Test metrics") : tr("Validation metrics"));
    if (m_metricsOf == shown && m_metricsRun == run.id) return;
    m_metricsOf = shown;
    m_metricsRun = run.id;
    if (!shown) return m_metricModel->clear();
    m_metricModel->setByCutoff(*shown);
    m_metrics->fitColumns();
    const int epoch = run.record.bestEpoch > 0 ? run.record.bestEpoch : run.modelEpoch;
    m_metricTitle->setText((run.test ? tr("Test part, model of epoch %1, %2 users")
                                     : tr("Validation part, model of epoch %1, %2 users"))
                               .arg(epoch)
                               .arg(shown->users.size()));
    m_metricTitle->setToolTip(tr("Hover over a number for its definition; Ctrl+C copies the table"));
}

void RunMonitor::runContextMenu(const QPoint& position) {
    const RunRow* row = m_runModel->rowAt(m_runs->indexAt(position).row());
    if (!row) return;
    const QString id = row->record.id;
    const RunStatus status = row->record.status;
    const TrainingPlan plan = row->record.experiment.plan;
    QMenu menu(this);
    menu.addAction(tr("Inspect this run's model"), this, [this, id] { emit inspectRequested(id); });
    menu.addAction(tr("Set up a run like this"), this, [this, plan] { emit setUpRequested(plan); });
    if (!ended(status))
        menu.addAction(status == RunStatus::Queued ? tr("Take out of the queue") : tr("Stop"), this,
                       [this, id] { m_training->cancel(id); });
    menu.exec(m_runs->viewport()->mapToGlobal(position));
}

void RunMonitor::setTesting(const QString& run, bool testing) {
    testing ? void(m_testing.insert(run)) : void(m_testing.remove(run));
    if (run == m_shown) updateShown();
}

void RunMonitor::showResultTab(int tab) { m_results->setCurrentIndex(tab); }

void RunMonitor::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (!m_stale) return;
    m_stale = false;
    updateRuns();
    updateShown();
    m_charts->refresh();
}

void RunMonitor::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if ((event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange) || !m_log) return;
    m_inspect->setIcon(themedIcon(QStringLiteral("inspect")));
    m_test->setIcon(themedIcon(QStringLiteral("chart")));
    m_logRun.clear(); // lines hold colours of the old theme
    m_runs->fitColumns();
    m_metrics->fitColumns();
    m_charts->refresh();
    updateShown();
}

} // namespace recoscope
