// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/runs_page.h"

#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"
#include "app/storage/experiment.h"
#include "widgets/charts/axis_ticks.h"
#include "widgets/charts/run_charts.h"
#include "widgets/pages/run_list_view.h"
#include "widgets/pages/run_parameter_view.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTabWidget>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

QString noRuns() {
    return RunsPage::tr("This workspace has no runs yet. Train one on the Train page: it is kept here with its "
                        "curves, metrics, parameters and model.");
}

bool going(RunStatus status) { return status == RunStatus::Queued || status == RunStatus::Running; }

} // namespace

RunsPage::RunsPage(RunLibrary* library, QWidget* parent)
    : QWidget(parent)
    , m_library(library) {
    auto* split = new QSplitter(Qt::Vertical, this);
    split->setObjectName(QStringLiteral("runsSplitter"));
    split->addWidget(buildList());
    split->addWidget(buildDetails());
    split->setStretchFactor(0, 2);
    split->setStretchFactor(1, 3);
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::medium);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::medium, space::medium, space::medium, space::medium);
    column->addWidget(split);

    m_notesTimer = new QTimer(this);
    m_notesTimer->setSingleShot(true);
    m_notesTimer->setInterval(800);
    connect(m_notesTimer, &QTimer::timeout, this, &RunsPage::saveNotes);
    m_followTimer = new QTimer(this);
    m_followTimer->setSingleShot(true);
    m_followTimer->setInterval(200);
    connect(m_followTimer, &QTimer::timeout, this, &RunsPage::fill);
    connect(m_library, &RunLibrary::listed, this, &RunsPage::fill);
    connect(m_library, &RunLibrary::detailsLoaded, this, [this](const RunDetails& details) {
        if (!selectedRuns().contains(details.record.id) || m_going.contains(details.record.id)) return;
        m_details[details.record.id] = details;
        if (details.record.id == m_logOf) clearLog();
        showDetails();
    });
    connect(m_library, &RunLibrary::tested, this, [this](const QString& id) {
        say(tr("%1 was tested; the numbers are kept with the run.").arg(id), false);
        if (selectedRuns().contains(id)) m_library->loadDetails(id);
        updateButtons();
    });
    connect(m_library, &RunLibrary::testMoved, this, [this](const QString& id, double share) {
        say(tr("Testing %1: %2 %").arg(id).arg(static_cast<int>(100.0 * share)), false);
    });
    connect(m_library, &RunLibrary::exported, this,
            [this](const QString& path) { say(tr("Written to %1").arg(path), false); });
    connect(m_library, &RunLibrary::listed, this, [this] { m_list->setEmptyText(noRuns()); });
    connect(m_library, &RunLibrary::removed, this, [this](const QString& id) {
        m_details.remove(id);
        say(tr("%1 was deleted.").arg(id), false);
    });
    connect(m_library, &RunLibrary::failed, this, [this](const QString& id, const Error& error) {
        const QString words = QString::fromStdString(error.text());
        if (id.isEmpty()) m_list->setEmptyText(tr("The runs of this workspace cannot be read."));
        updateButtons();
        say(id.isEmpty() ? words : QStringLiteral("%1: %2").arg(id, words), true);
    });
    fill();
    selectionMoved();
}

RunsPage::~RunsPage() {
    if (m_notesTimer->isActive()) saveNotes();
}

QWidget* RunsPage::buildList() {
    auto* panel = new QWidget;
    m_model = new RunTableModel(this);
    m_sorted = new QSortFilterProxyModel(this);
    m_sorted->setSourceModel(m_model);
    m_sorted->setSortRole(RunTableModel::SortRole);
    m_sorted->setFilterKeyColumn(-1);
    m_sorted->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_list = new RunListView;
    m_list->setObjectName(QStringLiteral("storedRuns"));
    m_list->setModel(m_sorted);
    m_list->setSortingEnabled(true);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setEmptyText(noRuns());
    m_list->sortByColumn(RunTableModel::Created, Qt::DescendingOrder);
    m_search = new QLineEdit;
    m_search->setPlaceholderText(tr("Search runs"));
    m_search->setClearButtonEnabled(true);
    Theme::keepWidth(m_search, 150, 240);
    m_search->installEventFilter(this);
    connect(m_search, &QLineEdit::textChanged, m_sorted, &QSortFilterProxyModel::setFilterFixedString);
    const auto button = [](const QString& words, const char* iconName, const QString& tip) {
        auto* made = new QPushButton(themedIcon(QLatin1String(iconName)), words);
        made->setProperty("iconName", QLatin1String(iconName));
        made->setToolTip(tip);
        return made;
    };
    m_inspect = button(tr("Inspect"), "inspect", tr("Opens the stored model on the Inspect page"));
    m_test = button(tr("Test"), "chart",
                    tr("Scores the test part with the stored model, and keeps the numbers with the run"));
    m_compare = button(tr("Compare"), "compare", {});
    m_compare->setObjectName(QStringLiteral("compareRunsButton"));
    m_rerun = button(tr("Run again"), "play", tr("Trains with the same data, split, parameters and seed"));
    m_setUp = button(tr("Use settings"), "edit",
                     tr("Puts algorithm, parameters and options on the Train page, to change them"));
    m_rename = button(tr("Rename…"), "edit", tr("Gives the run a name of your own"));
    m_export = button(tr("Export…"), "export", {});
    m_delete = button(tr("Delete…"), "trash", tr("Deletes the selected runs with their models"));
    connect(m_inspect, &QPushButton::clicked, this,
            [this] { emit inspectRequested(selectedRuns().value(0)); });
    connect(m_test, &QPushButton::clicked, this, [this] {
        emit testRequested(selectedRuns().value(0));
        updateButtons();
    });
    connect(m_compare, &QPushButton::clicked, this, [this] { emit compareRequested(selectedRuns()); });
    connect(m_rerun, &QPushButton::clicked, this, [this] { emit rerunRequested(selectedRuns().value(0)); });
    connect(m_setUp, &QPushButton::clicked, this, [this] { emit setUpRequested(selectedRuns().value(0)); });
    connect(m_rename, &QPushButton::clicked, this, &RunsPage::renameSelected);
    connect(m_export, &QPushButton::clicked, this, &RunsPage::exportSelected);
    connect(m_delete, &QPushButton::clicked, this, &RunsPage::deleteSelected);
    connect(m_list->selectionModel(), &QItemSelectionModel::selectionChanged, this,
            &RunsPage::selectionMoved);
    m_message = new QLabel;
    m_message->setWordWrap(true);
    m_message->hide();
    auto* bar = new FlowLayout;
    bar->setSpacing(space::small);
    bar->addWidget(m_search);
    bar->addRightEnd();
    for (QPushButton* made : {m_inspect, m_test, m_compare, m_rerun, m_setUp, m_rename, m_export, m_delete})
        bar->addWidget(made);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(bar);
    column->addWidget(m_message);
    column->addWidget(m_list, 1);
    return panel;
}

QWidget* RunsPage::buildDetails() {
    auto* panel = new QFrame;
    panel->setProperty("card", true);
    m_title = new QLabel;
    m_title->setWordWrap(true);
    m_charts = new RunCharts;
    m_charts->setSource([this](const QString& id) -> const std::vector<Curve>* {
        const auto found = m_details.constFind(id);
        if (found == m_details.constEnd()) return nullptr;
        const LiveRun* live = m_training && found->curves.empty() ? m_training->run(id) : nullptr;
        return live ? &live->curves : &found->curves;
    });
    m_metricModel = new MetricTableModel(this);
    m_metrics = new MetricTableView;
    m_metrics->setModel(m_metricModel);
    m_parameters = new RunParameterView;
    m_log = new QPlainTextEdit;
    m_log->setReadOnly(true);
    m_log->setFrameShape(QFrame::NoFrame);
    m_log->setObjectName(QStringLiteral("storedLog"));
    m_log->setMaximumBlockCount(20'000);
    Theme::keepFixedFont(m_log, 0.92);
    m_notes = new QPlainTextEdit;
    m_notes->setPlaceholderText(tr("What you want to remember of this run. Saved by itself."));
    m_notes->setFrameShape(QFrame::NoFrame);
    connect(m_notes, &QPlainTextEdit::textChanged, this, [this] {
        if (!m_notesOf.isEmpty()) m_notesTimer->start();
    });
    m_tabs = new QTabWidget;
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_metrics, tr("Metrics"));
    m_tabs->addTab(m_parameters, tr("Parameters"));
    m_tabs->addTab(m_log, tr("Log"));
    m_tabs->addTab(m_notes, tr("Notes"));
    auto* split = new QSplitter(Qt::Horizontal);
    split->setObjectName(QStringLiteral("runsDetailsSplitter"));
    split->addWidget(m_charts);
    split->addWidget(m_tabs);
    split->setStretchFactor(0, 3);
    split->setStretchFactor(1, 2);
    split->setSizes({690, 440});
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::medium);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(space::medium, space::small, space::medium, space::small);
    column->setSpacing(space::small);
    column->addWidget(m_title);
    column->addWidget(split, 1);
    return panel;
}

void RunsPage::setTraining(const TrainingService* training) {
    m_training = training;
    for (auto signal : {&TrainingService::runQueued, &TrainingService::runStarted,
                        &TrainingService::runChanged, &TrainingService::runEnded})
        connect(training, signal, this, &RunsPage::follow);
    fill();
}

void RunsPage::follow() {
    // A list that nobody sees is brought up to date when it is shown; one that is seen, five times a second.
    if (isVisible() && !m_followTimer->isActive()) m_followTimer->start();
}

void RunsPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    fill();
    scrollToSelection();
}

/// What the service knows better than the store: a run that the store has not seen end.
const LiveRun* RunsPage::liveRun(const RunRecord& stored) const {
    return m_training && going(stored.status) ? m_training->run(stored.id) : nullptr;
}

void RunsPage::fill() {
    const QStringList before = selectedRuns();
    std::vector<RunRow> rows;
    for (const RunRecord& record : m_library->runs()) {
        RunRow row{record, 0, false, -1};
        if (const LiveRun* live = liveRun(record)) {
            row = rowOf(*live);
            row.record.name = record.name;
            row.record.notes = record.notes;
            row.record.hasModel = record.hasModel;
        }
        rows.push_back(std::move(row));
    }
    QStringList metrics;
    {
        std::vector<RunRecord> records;
        for (const RunRow& row : rows)
            records.push_back(row.record);
        metrics = headlineMetrics(records);
    }
    const bool first = m_model->rowCount() == 0 && !rows.empty();
    const bool longer = m_model->rowCount() != static_cast<int>(rows.size());
    m_model->setMetrics(metrics);
    m_model->setRuns(std::move(rows));
    if (longer) m_list->fitColumns();
    if (first && before.isEmpty()) {
        m_list->selectRow(0);
        scrollToSelection();
    } else if (selectedRuns() != before) {
        selectRuns(before);
    }
    bringDetails();
    updateButtons();
    showDetails();
}

void RunsPage::scrollToSelection() {
    const QModelIndexList rows = m_list->selectionModel()->selectedRows();
    if (!rows.isEmpty()) m_list->scrollTo(rows.front());
}

const RunRecord* RunsPage::shownRecord(const QString& id) const {
    const RunRow* row = m_model->rowAt(m_model->rowOf(id));
    return row ? &row->record : nullptr;
}

/// Of the selected runs: those that go on from the service, the others from the library.
void RunsPage::bringDetails() {
    for (const QString& id : selectedRuns()) {
        const RunRecord* record = shownRecord(id);
        const RunRecord* stored = m_library->find(id);
        if (!record || !stored) continue;
        if (const LiveRun* live = liveRun(*stored)) {
            m_going.insert(id);
            m_details[id] = RunDetails{*record, {}, live->log, live->test, live->validation};
            continue;
        }
        const auto known = m_details.find(id);
        const bool moved = known != m_details.end() &&
                           (known->record.status != record->status || known->record.epochs != record->epochs);
        if (m_going.remove(id) || known == m_details.end() || moved) m_library->loadDetails(id);
        if (known != m_details.end()) known->record = *record;
    }
}

void RunsPage::selectRuns(const QStringList& ids) {
    QItemSelection selection;
    for (const QString& id : ids) {
        const int row = m_model->rowOf(id);
        if (row < 0) continue;
        const QModelIndex at = m_sorted->mapFromSource(m_model->index(row, 0));
        selection.select(at, at);
    }
    m_list->selectionModel()->select(selection,
                                     QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
}

QStringList RunsPage::selectedRuns() const { return m_list->selectedRuns(); }

void RunsPage::showTab(int tab) { m_tabs->setCurrentIndex(tab); }

void RunsPage::selectionMoved() {
    const QStringList ids = selectedRuns();
    if (m_notesTimer->isActive()) saveNotes();
    for (auto it = m_details.begin(); it != m_details.end();)
        it = ids.contains(it.key()) ? std::next(it) : m_details.erase(it);
    for (auto it = m_going.begin(); it != m_going.end();)
        it = ids.contains(*it) ? std::next(it) : m_going.erase(it);
    bringDetails();
    updateButtons();
    showDetails();
}

void RunsPage::updateButtons() {
    const QStringList ids = selectedRuns();
    const RunRecord* one = ids.size() == 1 ? shownRecord(ids.front()) : nullptr;
    const bool anyGoing = std::any_of(ids.begin(), ids.end(), [this](const QString& id) {
        const RunRecord* record = shownRecord(id);
        return record && going(record->status);
    });
    m_inspect->setEnabled(one && one->hasModel);
    // What has no test can have one: a stopped run, or one that was not to be tested.
    m_test->setEnabled(one && one->hasModel && !anyGoing && one->testMetrics.empty() &&
                       !m_library->testing(ids.front()));
    const bool alike = std::all_of(ids.begin(), ids.end(), [&](const QString& id) {
        const RunRecord* record = shownRecord(id);
        return record && record->splitFingerprint == shownRecord(ids.front())->splitFingerprint;
    });
    m_compare->setEnabled(ids.size() > 1 && alike && !anyGoing);
    m_compare->setToolTip(!alike ? tr("Only runs on the same data and split can be compared")
                                 : tr("Sets the selected runs side by side on the Compare page: select two or more"));
    m_rerun->setEnabled(one);
    m_setUp->setEnabled(one);
    m_rename->setEnabled(one);
    m_export->setEnabled(!ids.isEmpty());
    m_delete->setEnabled(!ids.isEmpty() && !anyGoing);
    m_delete->setToolTip(anyGoing ? tr("A run that is going on cannot be deleted: stop it first")
                                  : tr("Deletes the selected runs with their models"));
    m_export->setToolTip(one ? tr("Writes the experiment as YAML, for recoscope-cli train, or the metrics as a "
                                  "table: CSV, Markdown, LaTeX")
                             : tr("Writes one table of these runs' metrics: CSV, Markdown or LaTeX"));
}

std::vector<const RunDetails*> RunsPage::shownDetails() const {
    std::vector<const RunDetails*> shown;
    for (const QString& id : selectedRuns()) {
        const auto found = m_details.constFind(id);
        if (found != m_details.constEnd()) shown.push_back(&*found);
    }
    return shown;
}

void RunsPage::showDetails() {
    const std::vector<const RunDetails*> shown = shownDetails();
    std::vector<ChartedRun> charted;
    std::vector<MetricTableModel::Column> columns;
    for (const RunDetails* run : shown) {
        charted.push_back(chartedRun(run->record, static_cast<int>(charted.size())));
        const auto& evaluation = run->test ? run->test : run->validation;
        if (evaluation) columns.push_back({runTitle(run->record), evaluation->metrics});
    }
    QHash<QString, int> colors;
    for (const ChartedRun& run : charted)
        colors[run.id] = run.colorIndex;
    m_model->setColors(colors);
    m_charts->setRuns(charted);
    const bool waiting = shown.size() == 1 && going(shown[0]->record.status) && shown[0]->record.epochs == 0;
    m_charts->setEmptyTexts(
        shown.empty() ? tr("Select a run in the list above. With Ctrl or Shift several are overlaid.")
        : waiting
            ? tr("The loss appears after the first epoch.")
            : tr("No loss curve: the model is fitted in one pass, or the run ended before its first epoch."),
        shown.empty() ? tr("Select a run in the list above.")
        : waiting     ? tr("Metrics appear after the first evaluation on the validation part.")
                      : tr("No evaluation was made while this run trained."));
    m_charts->refresh();
    if (shown.size() == 1 && (shown[0]->test || shown[0]->validation))
        m_metricModel->setByCutoff(shown[0]->test ? *shown[0]->test : *shown[0]->validation);
    else
        m_metricModel->setColumns(std::move(columns));
    m_metrics->setEmptyText(shown.empty() ? tr("Select a run in the list above.")
                            : shown.size() == 1 && going(shown[0]->record.status)
                                ? tr("The metrics on the test part appear here when the run has ended.")
                                : tr("This run was not evaluated."));
    m_metrics->fitColumns();
    m_parameters->setRuns(shown);
    const bool one = shown.size() == 1;
    showLog(one ? shown[0] : nullptr);
    if (one) {
        const RunRecord& record = shown[0]->record;
        QString line = QStringLiteral("<b>%1</b> &nbsp; %2")
                           .arg(runTitle(record).toHtmlEscaped(), runStatusText(record.status));
        if (!record.reason.isEmpty()) line += QStringLiteral(" · %1").arg(record.reason.toHtmlEscaped());
        const bool live = going(record.status);
        if (record.status == RunStatus::Running) line += tr(" · epoch %1").arg(record.epochs);
        if (record.bestEpoch > 0)
            line +=
                (live ? tr(" · best so far in epoch %1") : tr(" · model of epoch %1")).arg(record.bestEpoch);
        if (record.status != RunStatus::Queued)
            line += tr(" · training %1").arg(durationText(record.trainSeconds));
        if (!record.hasModel && !live) line += tr(" · no model stored");
        m_title->setText(line);
    } else {
        m_title->setText(
            shown.empty()
                ? tr("Nothing selected")
                : tr("<b>%1 runs compared</b> &nbsp; the best value of each row is bold").arg(shown.size()));
    }
    const QString notesOf = one ? shown[0]->record.id : QString();
    if (notesOf != m_notesOf) {
        m_notesOf.clear(); // filling is not typing
        m_notes->setPlainText(one ? shown[0]->record.notes : QString());
        m_notesOf = notesOf;
    }
    m_notes->setEnabled(one);
    m_notes->setPlaceholderText(one ? tr("What you want to remember of this run. Saved by itself.")
                                    : tr("Select one run to write notes on it."));
}

void RunsPage::clearLog() {
    m_log->clear();
    m_logged = {};
    m_logOf.clear();
}

void RunsPage::showLog(const RunDetails* run) {
    m_log->setPlaceholderText(run ? tr("This run has not begun.") : tr("Select one run to read its log."));
    if (!run || m_logOf != run->record.id) clearLog();
    if (!run) return;
    m_logOf = run->record.id;
    const LiveRun* live = m_training && run->curves.empty() ? m_training->run(m_logOf) : nullptr;
    QStringList lines;
    for (const StoredLogLine& line : m_logged.more(run->record, live ? live->curves : run->curves, run->log))
        lines << logText(line);
    if (!lines.isEmpty()) m_log->appendPlainText(lines.join(QLatin1Char('\n')));
}

void RunsPage::renameSelected() {
    const RunRecord* record = m_library->find(selectedRuns().value(0));
    if (!record) return;
    const QString id = record->id;
    bool ok = false;
    const QString name = QInputDialog::getText(this, tr("Rename run"), tr("Name of %1").arg(id),
                                               QLineEdit::Normal, record->name, &ok);
    if (ok && !name.trimmed().isEmpty()) m_library->rename(id, name.trimmed());
}

void RunsPage::exportSelected() {
    const QStringList ids = selectedRuns();
    if (ids.isEmpty()) return;
    const QString tables = tr("Metrics, CSV (*.csv);;Metrics, Markdown (*.md);;Metrics, LaTeX (*.tex)");
    const QString path =
        ids.size() == 1
            ? QFileDialog::getSaveFileName(this, tr("Export run"), ids.front() + QStringLiteral(".yaml"),
                                           tr("Experiment (*.yaml *.yml)") + QStringLiteral(";;") + tables)
            : QFileDialog::getSaveFileName(this, tr("Export metrics"), QStringLiteral("metrics.csv"), tables);
    if (!path.isEmpty()) exportTo(path);
}

void RunsPage::exportTo(const QString& path) {
    const QStringList ids = selectedRuns();
    const bool table = path.endsWith(QLatin1String(".csv"), Qt::CaseInsensitive) ||
                       path.endsWith(QLatin1String(".md"), Qt::CaseInsensitive) ||
                       path.endsWith(QLatin1String(".tex"), Qt::CaseInsensitive);
    if (table) return m_library->exportMetrics(ids, path);
    const auto experiment = ids.size() == 1 ? m_library->experimentOf(ids.front()) : std::nullopt;
    if (!experiment)
        return say(tr("A table of several runs is a file that ends in .csv, .md or .tex"), true);
    const Status written = writeExperimentFile(path.toStdString(), *experiment);
    say(written ? tr("Written to %1. The same numbers headless: recoscope-cli train %1").arg(path)
                : QString::fromStdString(written.error().text()),
        !written);
}

void RunsPage::deleteSelected() {
    const QStringList ids = selectedRuns();
    if (ids.isEmpty()) return;
    if (m_confirmDelete) {
        QMessageBox question(QMessageBox::Warning, tr("Delete runs"),
                             ids.size() == 1 ? tr("Delete the run %1?").arg(ids.front())
                                             : tr("Delete %n runs?", nullptr, static_cast<int>(ids.size())),
                             QMessageBox::Cancel, this);
        question.setInformativeText(tr("Curves, metrics and the model file go too. This cannot be undone."));
        QPushButton* go = question.addButton(tr("Delete"), QMessageBox::DestructiveRole);
        question.setDefaultButton(QMessageBox::Cancel);
        question.exec();
        if (question.clickedButton() != go) return;
    }
    for (const QString& id : ids)
        m_library->remove(id);
}

void RunsPage::saveNotes() {
    m_notesTimer->stop();
    if (!m_notesOf.isEmpty()) m_library->annotate(m_notesOf, m_notes->toPlainText());
}

void RunsPage::say(const QString& words, bool problem) {
    m_message->setProperty("role", problem ? "bad" : "muted");
    m_message->setStyleSheet(QString()); // takes the role's colour
    m_message->style()->unpolish(m_message);
    m_message->style()->polish(m_message);
    m_message->setText(words);
    m_message->setVisible(!words.isEmpty());
}

bool RunsPage::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_search && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
        m_list->setFocus(Qt::TabFocusReason);
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void RunsPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if ((event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange) || !m_delete)
        return;
    for (QPushButton* button : {m_inspect, m_test, m_compare, m_rerun, m_setUp, m_rename, m_export, m_delete})
        button->setIcon(themedIcon(button->property("iconName").toString()));
    m_list->fitColumns();
    m_charts->refresh();
}

} // namespace recoscope
