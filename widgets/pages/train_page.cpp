// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/train_page.h"

#include "engine/models/registry.h"

#include "app/session/dataset_service.h"
#include "widgets/forms/algorithm_picker.h"
#include "widgets/forms/forecast_panel.h"
#include "widgets/forms/parameter_form.h"
#include "widgets/forms/run_options_form.h"
#include "widgets/pages/run_monitor.h"
#include "widgets/style/theme.h"

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTabBar>
#include <QTabWidget>
#include <QTreeView>
#include <QVBoxLayout>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

QScrollArea* scrolling(QWidget* content) {
    auto* page = new QWidget;
    page->setProperty("clear", true);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(space::small, space::small, space::small, space::small);
    column->addWidget(content);
    column->addStretch(1);
    auto* area = new QScrollArea;
    area->setWidgetResizable(true);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(page);
    area->viewport()->setAutoFillBackground(false);
    return area;
}

} // namespace

TrainPage::TrainPage(TrainingService* training, DatasetService* datasets, QWidget* parent)
    : QWidget(parent)
    , m_training(training)
    , m_datasets(datasets) {
    m_monitor = new RunMonitor(training);
    makeActions();
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setObjectName(QStringLiteral("trainSplitter"));
    splitter->addWidget(buildSetUp());
    splitter->addWidget(m_monitor);
    splitter->setStretchFactor(0, 0);
    splitter->setStretchFactor(1, 1);
    splitter->setChildrenCollapsible(false);
    splitter->setHandleWidth(space::medium);
    const int side = Theme::current().scaled(370);
    splitter->setSizes({side, 3 * side});
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(space::medium, space::medium, space::medium, space::medium);
    row->addWidget(splitter);

    connect(m_picker, &AlgorithmPicker::currentChanged, this,
            [this](const AlgorithmInfo* info) { setAlgorithm(*info); });
    // The search may hide the chosen algorithm: nothing is started that is not seen.
    connect(m_picker->search(), &QLineEdit::textChanged, this, &TrainPage::updateActions);
    connect(m_options, &RunOptionsForm::changed, this, &TrainPage::updateActions);
    connect(m_parameters, &ParameterForm::changed, this, &TrainPage::updateForecast);
    connect(m_forecast, &ForecastPanel::algorithmChosen, this,
            [this](const QString& id) { selectAlgorithm(id.toStdString()); });
    connect(m_datasets, &DatasetService::splitReady, this, &TrainPage::updateActions);
    connect(m_datasets, &DatasetService::splitReady, this, &TrainPage::updateForecast);
    // What is free has changed.
    connect(m_training, &TrainingService::runEnded, this, &TrainPage::updateForecast);
    connect(m_datasets, &DatasetService::imported, this, &TrainPage::updateActions);
    connect(m_datasets, &DatasetService::busyChanged, this, &TrainPage::updateActions);
    connect(m_training, &TrainingService::runEnded, this, &TrainPage::updateActions);
    connect(m_training, &TrainingService::runStarted, this, &TrainPage::updateActions);
    connect(m_training, &TrainingService::storageFailed, this, [this](const Error& error) {
        const QString words = QString::fromStdString(error.text());
        say(m_training->activeRun().isEmpty()
                ? tr("The workspace cannot be used, so runs will not be stored: %1").arg(words)
                : tr("The run goes on, but could not be stored: %1").arg(words));
    });
    connect(m_monitor, &RunMonitor::shownRunMoved, this, &TrainPage::updateActions);
    connect(m_monitor, &RunMonitor::inspectRequested, this, &TrainPage::inspectRequested);
    connect(m_monitor, &RunMonitor::setUpRequested, this, &TrainPage::setUp);
    setFocusProxy(m_startButton);
    if (!selectAlgorithm("ials") && !algorithms().empty()) selectAlgorithm(algorithms().front().id);
    updateActions();
}

TrainPage::~TrainPage() = default;

void TrainPage::makeActions() {
    const auto make = [this](const QString& words, const char* iconName, const QKeySequence& keys,
                             const QString& tip, auto slot) {
        auto* action = new QAction(themedIcon(QLatin1String(iconName)), words, this);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WindowShortcut);
        action->setToolTip(
            QStringLiteral("<p>%1 <b>(%2)</b></p>").arg(tip, keys.toString(QKeySequence::NativeText)));
        connect(action, &QAction::triggered, this, slot);
        addAction(action);
        return action;
    };
    m_startAction = make(tr("Start"), "play", QKeySequence(Qt::Key_F5),
                         tr("Trains the chosen algorithm with these settings. While another run is going on, "
                            "it waits in the queue."),
                         [this] { start(); });
    m_pauseAction = make(tr("Pause"), "pause", QKeySequence(Qt::Key_F6),
                         tr("Halts the training where it is, and goes on with the same numbers."),
                         [this] { togglePause(); });
    m_stepAction =
        make(tr("Step"), "step", QKeySequence(Qt::Key_F7),
             tr("Trains one epoch, then pauses. Without a run it starts one in steps."), [this] { step(); });
    m_batchAction =
        make(tr("Step batch"), "step-batch", QKeySequence(Qt::SHIFT | Qt::Key_F7),
             tr("Trains one batch, then pauses: the model moves once, and Inspect shows how. Without a run it "
                "starts one in steps. An algorithm without batches trains one epoch."),
             [this] { stepBatch(); });
    m_stopAction =
        make(tr("Stop"), "stop", QKeySequence(Qt::Key_F8),
             tr("Ends the run and keeps the model it has. A waiting run is taken out of the queue."),
             [this] { stop(); });
}

QList<QAction*> TrainPage::runActions() const {
    return {m_startAction, m_pauseAction, m_stepAction, m_batchAction, m_stopAction};
}

QWidget* TrainPage::buildSetUp() {
    auto* panel = new QWidget;
    Theme::keepWidth(panel, 350);
    m_picker = new AlgorithmPicker(panel);
    m_summary = new QLabel(panel);
    m_summary->setWordWrap(true);
    m_parameters = new ParameterForm;
    m_options = new RunOptionsForm;
    m_about = new QLabel;
    m_about->setWordWrap(true);
    m_about->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_tabs = new QTabWidget(panel);
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(scrolling(m_parameters), tr("Parameters"));
    m_tabs->addTab(scrolling(m_options), tr("Run options"));
    m_tabs->addTab(scrolling(m_about), tr("About"));
    m_data = new QLabel(panel);
    m_data->setWordWrap(true);
    m_data->setProperty("role", "muted");
    m_problem = new QLabel(panel);
    m_problem->setWordWrap(true);
    m_problem->setProperty("role", "bad");
    m_problem->hide();
    connect(m_data, &QLabel::linkActivated, this, &TrainPage::dataRequested);
    m_forecast = new ForecastPanel(panel);

    auto* upper = new QWidget;
    auto* upperColumn = new QVBoxLayout(upper);
    upperColumn->setContentsMargins(0, 0, 0, 0);
    upperColumn->setSpacing(space::small);
    upperColumn->addWidget(m_picker, 1);
    upperColumn->addWidget(m_summary);
    auto* split = new QSplitter(Qt::Vertical, panel);
    split->setObjectName(QStringLiteral("setUpSplitter"));
    split->addWidget(upper);
    split->addWidget(m_tabs);
    split->setStretchFactor(0, 2);
    split->setStretchFactor(1, 3);
    split->setSizes({340, 380});
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::small);

    m_startButton = new QPushButton(panel);
    m_startButton->setObjectName(QStringLiteral("startButton"));
    m_startButton->setProperty("primary", true);
    m_startButton->setToolTip(m_startAction->toolTip());
    connect(m_startButton, &QPushButton::clicked, m_startAction, &QAction::trigger);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(space::small);
    buttons->addWidget(m_startButton, 1);
    auto* steps = new QHBoxLayout;
    steps->setSpacing(space::small);
    for (QAction* action : {m_pauseAction, m_stopAction, m_stepAction, m_batchAction}) {
        auto* button = new QPushButton(action->icon(), action->text(), panel);
        button->setObjectName(action == m_pauseAction  ? QStringLiteral("pauseButton")
                              : action == m_stepAction ? QStringLiteral("stepButton")
                              : action == m_batchAction ? QStringLiteral("batchButton")
                                                       : QStringLiteral("stopButton"));
        connect(button, &QPushButton::clicked, action, &QAction::trigger);
        const auto follow = [button, action] {
            button->setEnabled(action->isEnabled());
            button->setText(action->text());
            button->setIcon(action->icon());
            button->setToolTip(action->toolTip());
        };
        connect(action, &QAction::changed, button, follow);
        follow();
        const bool stepping = action == m_stepAction || action == m_batchAction;
        (stepping ? steps : buttons)->addWidget(button, stepping ? 1 : 0);
    }
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(split, 1);
    column->addWidget(m_data);
    column->addWidget(m_forecast);
    column->addWidget(m_problem);
    column->addLayout(buttons);
    column->addLayout(steps);
    return panel;
}

bool TrainPage::selectAlgorithm(std::string_view id) { return m_picker->select(id); }

void TrainPage::setAlgorithm(const AlgorithmInfo& info) {
    m_parameters->setSchema(info.schema());
    m_options->suggestMetric(info.capabilities.predictsRatings ? QStringLiteral("rmse")
                                                               : QStringLiteral("ndcg"));
    describe(info);
    orderTabs();
    updateActions();
    updateForecast();
}

/// Search, list, tabs, the form in them, buttons: the form's fields are made anew with every algorithm.
void TrainPage::orderTabs() {
    QList<QWidget*> order{m_picker->search(), m_picker->view(), m_tabs->tabBar()};
    for (QWidget* form : {static_cast<QWidget*>(m_parameters), static_cast<QWidget*>(m_options)})
        for (QWidget* field : form->findChildren<QWidget*>())
            if ((field->focusPolicy() & Qt::TabFocus) && !field->focusProxy() && field->window() == window())
                order << field; // not what is inside a pop-up
    order << m_startButton;
    for (const char* name : {"pauseButton", "stopButton", "stepButton", "batchButton"})
        order << findChild<QPushButton*>(QLatin1String(name));
    for (qsizetype i = 1; i < order.size(); ++i)
        if (order[i]) setTabOrder(order[i - 1], order[i]);
}

void TrainPage::describe(const AlgorithmInfo& info) {
    m_summary->setText(text(info.summary));
    QStringList needs;
    for (const std::string& need : namesOf(info.needs))
        needs << text(need);
    const ThemeColors& colors = Theme::current().colors();
    QString about =
        QStringLiteral(
            "<h3>%1</h3><p>%2</p><p style=\"font-family:'DejaVu Sans Mono'; background:%4\">%3</p>")
            .arg(text(info.title).toHtmlEscaped(), text(info.summary).toHtmlEscaped(),
                 text(info.equation).toHtmlEscaped().replace(QLatin1Char('\n'), QStringLiteral("<br>")),
                 colors.raised.name());
    about +=
        QStringLiteral("<p><b>%1</b><br>%2</p>").arg(tr("Reference"), text(info.reference).toHtmlEscaped());
    about +=
        QStringLiteral("<p><b>%1</b><br>%2</p>")
            .arg(tr("Needs"), needs.isEmpty() ? tr("interactions only") : needs.join(QStringLiteral(", ")));
    about += QStringLiteral("<p><b>%1</b><br>%2</p>").arg(tr("In files and commands"), text(info.id));
    m_about->setText(about);
    m_summary->setToolTip(
        QStringLiteral("<p>%1</p><p>%2</p>")
            .arg(text(info.equation).toHtmlEscaped().replace(QLatin1Char('\n'), QStringLiteral("<br>")),
                 text(info.reference).toHtmlEscaped()));
}

void TrainPage::setUp(const TrainingPlan& plan) {
    if (!selectAlgorithm(plan.algorithm))
        return say(
            tr("This version does not know the algorithm %1").arg(QString::fromStdString(plan.algorithm)));
    m_parameters->resetAll();
    const int refused = m_parameters->setValues(plan.params);
    m_options->setPlan(plan);
    say(refused == 0 ? QString()
                     : tr("%n parameter(s) of that run are not known here and were left at their defaults",
                          nullptr, refused));
}

Experiment TrainPage::experiment() const {
    Experiment experiment;
    experiment.dataPath = m_datasets->path().toStdString();
    experiment.import = m_datasets->importOptions();
    if (const SplitPtr split = m_datasets->currentSplit()) experiment.split = split->spec();
    if (const AlgorithmInfo* info = m_picker->current()) experiment.plan.algorithm = std::string(info->id);
    experiment.plan.params = m_parameters->modified();
    m_options->apply(experiment.plan);
    return experiment;
}

QString TrainPage::start() {
    const SplitPtr split = m_datasets->currentSplit();
    if (!split || !m_picker->current() || !m_options->valid()) return {};
    const auto run = m_training->start(experiment(), split);
    if (!run) {
        say(QString::fromStdString(run.error().text()));
        return {};
    }
    say({});
    return *run;
}

void TrainPage::togglePause() {
    const QString active = m_training->activeRun();
    const LiveRun* run = m_training->run(active);
    if (!run) return;
    run->paused ? m_training->resume(active) : m_training->pause(active);
    updateActions();
}

void TrainPage::step() {
    QString run = m_training->activeRun();
    if (run.isEmpty()) run = start();
    if (!run.isEmpty()) m_training->step(run);
    updateActions();
}

void TrainPage::stepBatch() {
    QString run = m_training->activeRun();
    if (run.isEmpty()) run = start();
    if (!run.isEmpty()) m_training->stepBatch(run);
    updateActions();
}

void TrainPage::stop() {
    const LiveRun* shown = m_training->run(shownRun());
    // A waiting run that is looked at is meant before the active one.
    const QString run =
        shown && shown->record.status == RunStatus::Queued ? shownRun() : m_training->activeRun();
    if (!run.isEmpty()) m_training->cancel(run);
    updateActions();
}

void TrainPage::updateActions() {
    const SplitPtr split = m_datasets->currentSplit();
    const QString active = m_training->activeRun();
    const LiveRun* run = m_training->run(active);
    const LiveRun* shown = m_training->run(shownRun());
    const bool ready = split && m_picker->current() && m_options->valid() && !m_datasets->busy();
    m_startAction->setEnabled(ready);
    const QString words = active.isEmpty() ? tr("Start") : tr("Queue");
    m_startAction->setText(words);
    m_startButton->setText(words);
    m_startButton->setEnabled(ready);
    m_startButton->setIcon(themedIcon(QStringLiteral("play"), ready ? Theme::current().colors().accentText
                                                                    : Theme::current().colors().window));
    const bool paused = run && run->paused;
    m_pauseAction->setEnabled(run != nullptr);
    m_pauseAction->setText(paused ? tr("Resume") : tr("Pause"));
    m_pauseAction->setIcon(themedIcon(paused ? QStringLiteral("play") : QStringLiteral("pause")));
    m_stepAction->setEnabled(run != nullptr || ready);
    // What is stepped: the run that goes on, else the one that would be started.
    const AlgorithmInfo* stepped =
        run ? findAlgorithm(run->record.experiment.plan.algorithm) : m_picker->current();
    m_batchAction->setEnabled(m_stepAction->isEnabled() && stepped && stepped->capabilities.iterative);
    m_stopAction->setEnabled(run != nullptr || (shown && shown->record.status == RunStatus::Queued));
    if (!split) {
        m_data->setText(m_datasets->busy()
                            ? tr("The data is being read …")
                            : tr("There is no data to train on. <a href=\"data\">Open a dataset</a>"));
        return;
    }
    m_options->setSplitKind(split->spec().kind);
    const QLocale numbers(QLocale::English, QLocale::UnitedStates);
    const auto& dataset = split->dataset();
    QString line = tr("Trains on %1 of %2 interactions of %3")
                       .arg(numbers.toString(static_cast<qlonglong>(split->train().size())),
                            numbers.toString(static_cast<qlonglong>(dataset->interactionCount())),
                            QString::fromStdString(dataset->provenance().title));
    if (dataset->provenance().synthetic && !line.contains(tr("synthetic"))) line += tr(" (synthetic)");
    if (split->spec().kind == SplitKind::ColdItems)
        line += m_options->candidates() == CandidateKind::Cold
                    ? tr(". Scores rank the held-out items among themselves (Run options, What is ranked).")
                    : tr(". Whole items are held out, but Run options do not rank them among themselves: "
                         "known items "
                         "decide the scores.");
    m_data->setText(line);
}

void TrainPage::updateForecast() {
    const AlgorithmInfo* info = m_picker->current();
    m_forecast->setPlan(info ? text(info->id) : QString(), m_parameters->values(), m_datasets->currentSplit());
}

void TrainPage::say(const QString& problem) {
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
}

QString TrainPage::shownRun() const { return m_monitor->shownRun(); }
void TrainPage::showRun(const QString& run) { m_monitor->showRun(run); }
RunCharts* TrainPage::charts() const { return m_monitor->charts(); }

void TrainPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_picker) return;
    // Icons and rich text hold colours of the old theme.
    m_stepAction->setIcon(themedIcon(QStringLiteral("step")));
    m_batchAction->setIcon(themedIcon(QStringLiteral("step-batch")));
    m_stopAction->setIcon(themedIcon(QStringLiteral("stop")));
    if (const AlgorithmInfo* info = m_picker->current()) describe(*info);
    updateActions();
}

} // namespace recoscope
