// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/search_page.h"

#include "app/models/run_table_model.h"
#include "app/session/dataset_service.h"
#include "widgets/pages/compare_table.h"
#include "widgets/pages/search_results.h"
#include "widgets/pages/search_setup.h"
#include "widgets/style/theme.h"

#include <QAction>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <utility>

namespace recoscope {

namespace {

QString kindText(const StudyView& view) {
    if (view.kind == StudyKind::Seeds) return SearchPage::tr("Seeds");
    if (view.kind == StudyKind::Folds) return SearchPage::tr("Folds");
    if (!view.plan) return SearchPage::tr("Search");
    switch (view.plan->method) {
    case SearchMethod::Grid:
        return SearchPage::tr("Grid search");
    case SearchMethod::Random:
        return SearchPage::tr("Random search");
    case SearchMethod::Tpe:
        return SearchPage::tr("Model-based search");
    case SearchMethod::Halving:
        return SearchPage::tr("Successive halving");
    }
    return {};
}

QString stateText(const StudyView& view) {
    if (!view.live) return view.completed ? SearchPage::tr("Finished") : SearchPage::tr("Not finished");
    switch (*view.live) {
    case SearchState::Paused:
        return SearchPage::tr("Paused");
    case SearchState::Stopped:
        return SearchPage::tr("Stopped");
    case SearchState::Finished:
        return SearchPage::tr("Finished");
    case SearchState::Failed:
        return SearchPage::tr("Failed");
    case SearchState::Testing:
        return SearchPage::tr("Testing");
    default:
        return SearchPage::tr("Running");
    }
}

QString bestText(const StudyView& view) {
    if (view.kind == StudyKind::Search)
        return view.best && view.rows[*view.best].value
                   ? QStringLiteral("%1 %2").arg(metricLabel(view.metric),
                                                 metricText(*view.rows[*view.best].value))
                   : QString();
    for (const StudyValue& each : view.summary()) {
        if (each.key != view.metric.toStdString()) continue;
        const QString mean = QStringLiteral("%1 %2").arg(metricLabel(view.metric), metricText(each.mean));
        return std::isnan(each.halfWidth) ? mean
                                          : QStringLiteral("%1 ± %2").arg(mean, metricText(each.halfWidth));
    }
    return {};
}

} // namespace

SearchPage::SearchPage(TrainingService* training, DatasetService* datasets, RunLibrary* library,
                       QWidget* parent)
    : QWidget(parent)
    , m_training(training)
    , m_library(library)
    , m_datasets(datasets)
    , m_service(new SearchService(*training, library->folder(), this)) {
    m_setup = new SearchSetup(datasets, this);
    Theme::keepWidth(m_setup, 350);
    m_list = new CompareTable(this);
    m_list->setObjectName(QStringLiteral("studies"));
    m_results = new SearchResults(this);
    auto* empty = new QLabel(
        tr("No search yet.\n\nChoose an algorithm and what to vary, and press Start search.\nFor the mean "
           "of a result and its 95 % interval choose Several seeds or All folds as the method.\n"
           "Searches, seeds and folds of this workspace are listed above."),
        this);
    empty->setAlignment(Qt::AlignCenter);
    empty->setProperty("role", "muted");
    empty->setWordWrap(true);
    Theme::keepFont(empty, 1.15);
    m_stack = new QStackedWidget(this);
    m_stack->addWidget(empty);
    m_stack->addWidget(m_results);

    m_message = new QLabel(this);
    m_message->setObjectName(QStringLiteral("studyMessage"));
    m_message->setProperty("role", "bad");
    m_message->setWordWrap(true);
    m_message->hide();

    auto* right = new QSplitter(Qt::Vertical, this);
    right->setObjectName(QStringLiteral("searchListSplitter"));
    right->setChildrenCollapsible(false);
    right->setHandleWidth(space::small);
    auto* upper = new QWidget(this);
    auto* upperColumn = new QVBoxLayout(upper);
    upperColumn->setContentsMargins(0, 0, 0, 0);
    upperColumn->setSpacing(space::tiny);
    upperColumn->addWidget(m_message);
    upperColumn->addWidget(m_list, 1);
    right->addWidget(upper);
    right->addWidget(m_stack);
    right->setStretchFactor(0, 0);
    right->setStretchFactor(1, 1);
    right->setSizes({130, 600});
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setObjectName(QStringLiteral("searchSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->setHandleWidth(space::medium);
    splitter->addWidget(m_setup);
    splitter->addWidget(right);
    splitter->setStretchFactor(0, 0);
    splitter->setStretchFactor(1, 1);
    const int side = Theme::current().scaled(370);
    splitter->setSizes({side, 3 * side});
    auto* row = new QVBoxLayout(this);
    row->setContentsMargins(space::medium, space::medium, space::medium, space::medium);
    row->addWidget(splitter);

    connect(m_setup, &SearchSetup::startRequested, this, &SearchPage::start);
    connect(m_setup, &SearchSetup::dataRequested, this, &SearchPage::dataRequested);
    connect(m_list, &CompareTable::rowChanged, this, [this](int at) {
        if (m_filling || at < 0 || at >= static_cast<int>(m_ids.size())) return;
        m_shown = m_ids[static_cast<std::size_t>(at)];
        showShown();
    });
    connect(m_results, &SearchResults::pauseRequested, this, [this] { m_service->pause(m_shown); });
    connect(m_results, &SearchResults::resumeRequested, this, &SearchPage::goOnShown);
    connect(m_results, &SearchResults::stopRequested, this, [this] { m_service->stop(m_shown); });
    connect(m_results, &SearchResults::useRequested, this, &SearchPage::useRequested);
    connect(m_results, &SearchResults::inspectRequested, this, &SearchPage::inspectRequested);
    connect(m_results, &SearchResults::openRequested, this, &SearchPage::openRequested);
    connect(m_results, &SearchResults::repeatRequested, this, [this](const TrainingPlan& plan) {
        m_setup->setPlan(plan);
        m_setup->setRepeats(StudyKind::Seeds, 5);
    });
    connect(m_results, &SearchResults::renameRequested, this, &SearchPage::askName);
    connect(m_results, &SearchResults::deleteRequested, this, &SearchPage::askDelete);
    connect(m_setup, &SearchSetup::trainPlanRequested, this, &SearchPage::trainPlanRequested);
    const auto key = [this](QKeySequence::StandardKey keys, auto slot) {
        auto* action = new QAction(m_list);
        action->setShortcuts(keys);
        action->setShortcutContext(Qt::WidgetShortcut);
        connect(action, &QAction::triggered, this, slot);
        m_list->addAction(action);
    };
    key(QKeySequence::Delete, &SearchPage::askDelete);
    connect(m_library, &RunLibrary::failed, this, [this](const QString& id, const Error& error) {
        if (id == m_asked) say(QString::fromStdString(error.text()));
    });
    // The list that follows no longer has it; what is left of this session's own work on it goes, too.
    connect(m_library, &RunLibrary::studyRemoved, this, [this](const QString& study) {
        if (m_shown == study) m_shown.clear();
        for (const QString& id : m_service->searches()) {
            if (m_service->search(id)->study != study) continue;
            if (m_shown == id) m_shown.clear();
            m_service->forget(id);
        }
        std::erase_if(m_stored, [&](const StudyView& view) { return view.study == study; });
        if (m_asked == study) m_asked.clear();
        refresh();
    });
    // Epochs and time of the run under way move on; twice a second is enough to see it.
    m_soon = new QTimer(this);
    m_soon->setSingleShot(true);
    m_soon->setInterval(500);
    connect(m_soon, &QTimer::timeout, this, [this] {
        if (isVisible() && m_service->search(m_shown)) showShown();
    });
    connect(m_training, &TrainingService::runChanged, this, [this] {
        if (isVisible() && !m_soon->isActive()) m_soon->start();
    });
    connect(m_service, &SearchService::searchChanged, this, &SearchPage::refresh);
    connect(m_service, &SearchService::searchEnded, m_library, &RunLibrary::refresh);
    connect(m_library, &RunLibrary::listed, this, [this] {
        m_listed = true;
        refresh();
    });
}

SearchPage::~SearchPage() {
    // The service emits while it stops; nobody is there to listen any more.
    disconnect(m_service, nullptr, this, nullptr);
}

QString SearchPage::start() {
    const auto started =
        m_service->start(m_setup->experiment(), m_datasets->currentSplit(), m_datasets->dataset());
    if (!started) {
        m_setup->say(QString::fromStdString(started.error().message));
        return {};
    }
    m_setup->say({});
    showStudy(*started);
    return *started;
}

void SearchPage::suggest(const TrainingPlan& plan) {
    if (!m_setup->touched() && m_service->searches().empty()) m_setup->setPlan(plan);
}

void SearchPage::takePlan(const TrainingPlan& plan) { m_setup->setPlan(plan); }

const RunRecord* SearchPage::findRun(const QString& run) const {
    const RunRecord* stored = m_library->find(run);
    const LiveRun* live = m_training->run(run);
    // What is stored knows more once the run is over: the model is there, or has gone.
    return live && (!stored || stored->status == RunStatus::Queued || stored->status == RunStatus::Running)
               ? &live->record
               : stored;
}

std::optional<StudyView> SearchPage::viewOfId(const QString& id) const {
    if (const LiveSearch* live = m_service->search(id)) {
        StudyView view = viewOf(*live, [this](const QString& run) { return findRun(run); });
        for (const StudyView& stored : m_stored)
            if (!view.study.isEmpty() && stored.study == view.study) view.title = stored.title; // a person's
        return view;
    }
    for (const StudyView& view : m_stored)
        if (view.study == id) return view;
    return std::nullopt;
}

void SearchPage::refresh() {
    if (!isVisible()) {
        m_stale = true;
        return;
    }
    m_stale = false;
    if (std::exchange(m_listed, false)) {
        m_stored.clear();
        for (const StudyRecord& study : m_library->studies())
            m_stored.push_back(viewOf(study, m_library->runs()));
    }
    fillList();
    showShown();
}

void SearchPage::fillList() {
    std::vector<QString> live = m_service->searches();
    std::reverse(live.begin(), live.end());
    std::vector<QString> known;
    m_ids = live;
    for (const QString& id : live)
        known.push_back(m_service->search(id)->study);
    for (const StudyView& view : m_stored)
        if (std::find(known.begin(), known.end(), view.study) == known.end()) m_ids.push_back(view.study);
    // A search of this session takes the place of what was stored of it.
    if (!m_shown.isEmpty() && std::find(m_ids.begin(), m_ids.end(), m_shown) == m_ids.end())
        for (std::size_t n = 0; n < live.size(); ++n)
            if (known[n] == m_shown) m_shown = live[n];
    if (m_shown.isEmpty() && !m_ids.empty()) m_shown = m_ids.front();
    QVector<QVector<CompareCell>> rows;
    for (const QString& id : m_ids) {
        const auto view = viewOfId(id);
        const StudyView each = view ? *view : StudyView{};
        rows << QVector<CompareCell>{{each.title, each.study, id == m_shown},
                                     {kindText(each)},
                                     {tr("%1 of %2").arg(each.done()).arg(each.planned)},
                                     {bestText(each)},
                                     {stateText(each)}};
    }
    m_filling = true;
    m_list->setEmptyText(tr("Searches, seeds and folds of this workspace are listed here."));
    m_list->setTable(
        {{tr("Searches and studies"), {}, true},
         {tr("Kind"), {}, true},
         {tr("Runs"), tr("Runs or trials that are over, of those that are planned")},
         {tr("Best, or mean ± 95 %"),
          tr("Of searches on the validation part; of seeds and folds on the test part where they have one")},
         {tr("State"), {}, true}},
        rows);
    const auto at = std::find(m_ids.begin(), m_ids.end(), m_shown);
    m_list->setCurrentRow(at == m_ids.end() ? -1 : static_cast<int>(at - m_ids.begin()));
    m_filling = false;
}

void SearchPage::showStudy(const QString& id) {
    m_shown = id;
    refresh();
}

void SearchPage::showShown() {
    const auto view = viewOfId(m_shown);
    m_stack->setCurrentIndex(view ? 1 : 0);
    if (view) {
        m_results->setView(*view);
        m_results->setIdle(idle(*view));
    } else {
        m_results->clear();
    }
}

/// Whether no run of it is being made, here or in another program.
bool SearchPage::idle(const StudyView& view) const {
    if (view.study.isEmpty() || m_service->worksOn(view.study)) return false;
    return std::none_of(m_library->runs().begin(), m_library->runs().end(), [&](const RunRecord& run) {
        return run.study == view.study &&
               (run.status == RunStatus::Queued || run.status == RunStatus::Running);
    });
}

void SearchPage::rename(const QString& study, const QString& name) {
    m_asked = study;
    say({});
    for (const QString& id : m_service->searches())
        if (m_service->search(id)->study == study) m_service->rename(id, name);
    m_library->renameStudy(study, name);
}

void SearchPage::remove(const QString& study, StudyRuns runs) {
    m_asked = study;
    if (m_service->worksOn(study))
        return say(tr("This study is being worked on; stop it before deleting it."));
    say({});
    m_library->removeStudy(study, runs);
}

void SearchPage::askName() {
    const auto view = viewOfId(m_shown);
    if (!view || view->study.isEmpty()) return;
    bool ok = false;
    const QString name = QInputDialog::getText(this, tr("Rename"), tr("Name of %1").arg(view->study),
                                               QLineEdit::Normal, view->title, &ok);
    if (ok && !name.trimmed().isEmpty()) rename(view->study, name.trimmed());
}

void SearchPage::askDelete() {
    const auto view = viewOfId(m_shown);
    if (!view || !idle(*view)) return;
    const int runs =
        static_cast<int>(std::count_if(m_library->runs().begin(), m_library->runs().end(),
                                       [&](const RunRecord& run) { return run.study == view->study; }));
    QMessageBox question(QMessageBox::Warning, tr("Delete study"),
                         tr("Delete \u201c%1\u201d?").arg(view->title), QMessageBox::Cancel, this);
    question.setObjectName(QStringLiteral("deleteStudyQuestion"));
    question.setInformativeText(
        runs == 0
            ? tr("It has no runs. This cannot be undone.")
            : tr("Its %1 runs may stay on the Runs page as single runs, or go with their curves, metrics and "
                 "models. This cannot be undone.")
                  .arg(runs));
    QPushButton* keep = question.addButton(runs == 0 ? tr("Delete") : tr("Delete study, keep its runs"),
                                           QMessageBox::DestructiveRole);
    keep->setObjectName(QStringLiteral("keepRuns"));
    QPushButton* all = nullptr;
    if (runs > 0) {
        all = question.addButton(tr("Delete study and %1 runs").arg(runs), QMessageBox::DestructiveRole);
        all->setObjectName(QStringLiteral("removeRuns"));
    }
    question.setDefaultButton(QMessageBox::Cancel);
    question.exec();
    if (question.clickedButton() == keep) remove(view->study, StudyRuns::Keep);
    if (all && question.clickedButton() == all) remove(view->study, StudyRuns::Remove);
}

void SearchPage::say(const QString& problem) {
    m_message->setText(problem);
    m_message->setVisible(!problem.isEmpty());
}

void SearchPage::goOnShown() {
    if (m_service->search(m_shown)) return m_service->resume(m_shown);
    const StudyView& view = m_results->view();
    if (!view.rows.empty()) emit splitRequested(m_shown, view.rows.front().run);
}

void SearchPage::goOn(const QString& study, const SplitPtr& split) {
    const auto view = viewOfId(study);
    if (!view || !view->experiment) return;
    m_setup->setExperiment(*view->experiment);
    const auto started = m_service->start(*view->experiment, split, m_datasets->dataset());
    if (!started) return m_setup->say(QString::fromStdString(started.error().message));
    showStudy(*started);
}

void SearchPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (m_stale) refresh();
}

} // namespace recoscope
