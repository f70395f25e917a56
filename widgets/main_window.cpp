// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window.h"

#include "engine/core/memory_usage.h"

#include "app/models/run_table_model.h"
#include "app/session/run_test.h"
#include "widgets/charts/axis_ticks.h"
#include "widgets/forms/parameter_form.h"
#include "widgets/navigation_rail.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/data_page.h"
#include "widgets/pages/inspect_page.h"
#include "widgets/pages/latent_page.h"
#include "widgets/pages/run_monitor.h"
#include "widgets/pages/runs_page.h"
#include "widgets/pages/search_page.h"
#include "widgets/pages/train_page.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QDropEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

QString firstLocalFile(const QMimeData* mime) {
    for (const QUrl& url : mime->urls())
        if (url.isLocalFile()) return url.toLocalFile();
    return {};
}

/// The splitters that a person's sizes are kept of: those with a name.
QList<QSplitter*> namedSplitters(const QWidget& window) {
    QList<QSplitter*> splitters = window.findChildren<QSplitter*>();
    splitters.removeIf([](const QSplitter* splitter) { return splitter->objectName().isEmpty(); });
    return splitters;
}

} // namespace

ThemeChoice themeChoice(ThemePreference preference) {
    return preference == ThemePreference::Light  ? ThemeChoice::Light
           : preference == ThemePreference::Dark ? ThemeChoice::Dark
                                                 : ThemeChoice::System;
}

MainWindow::MainWindow(DatasetService* datasets, TrainingService* training, RunLibrary* library,
                       Settings* settings)
    : m_datasets(datasets)
    , m_training(training)
    , m_library(library)
    , m_settings(settings) {
    setWindowIcon(themedIcon(QStringLiteral("recoscope"), Theme::current().colors().accent));
    setAcceptDrops(true);
    qApp->installEventFilter(this);
    m_data = new DataPage(datasets);
    m_data->setSettings(settings);
    m_train = new TrainPage(training, datasets);
    m_search = new SearchPage(training, datasets, library);
    m_inspect = new InspectPage(training, datasets);
    m_latent = new LatentPage(training);
    m_compare = new ComparePage(library, datasets);
    m_runs = new RunsPage(library);
    m_runs->setTraining(training);
    m_pages = new QStackedWidget;
    for (QWidget* page : {static_cast<QWidget*>(m_data), static_cast<QWidget*>(m_train),
                          static_cast<QWidget*>(m_search), static_cast<QWidget*>(m_inspect),
                          static_cast<QWidget*>(m_latent), static_cast<QWidget*>(m_compare),
                          static_cast<QWidget*>(m_runs)})
        m_pages->addWidget(page);
    auto* central = new QWidget;
    auto* row = new QHBoxLayout(central);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    m_rail = new NavigationRail;
    connect(m_rail, &NavigationRail::chosen, this, [this](int page) { showPage(static_cast<Page>(page)); });
    row->addWidget(m_rail);
    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(buildNotice());
    column->addWidget(m_pages, 1);
    row->addLayout(column, 1);
    setCentralWidget(central);
    buildMenus();
    buildStatusBar();
    connectPages();
    resize(1280, 800);
    showPage(Data);
    updateTitle();
}

MainWindow::~MainWindow() = default;

QWidget* MainWindow::buildNotice() {
    m_notice = new QWidget;
    m_notice->setObjectName(QStringLiteral("notice"));
    m_notice->setProperty("notice", true);
    m_notice->setAttribute(Qt::WA_StyledBackground);
    m_noticeText = new QLabel;
    m_noticeText->setWordWrap(true);
    m_back = new QPushButton;
    m_back->setObjectName(QStringLiteral("goBack"));
    connect(m_back, &QPushButton::clicked, this, &MainWindow::goBack);
    auto* keep = new QPushButton(tr("Keep it open"));
    connect(keep, &QPushButton::clicked, this, [this] {
        m_before.reset();
        m_notice->hide();
    });
    auto* row = new QHBoxLayout(m_notice);
    row->setContentsMargins(space::large, space::tiny, space::large, space::tiny);
    row->addWidget(m_noticeText, 1);
    row->addWidget(m_back);
    row->addWidget(keep);
    m_notice->hide();
    return m_notice;
}

void MainWindow::tellOfOtherData(const QString& run, bool otherData) {
    if (!m_before) return;
    const QString title = QString::fromStdString(m_datasets->dataset()->provenance().title);
    m_noticeText->setText(otherData ? tr("Opened %1 for the run %2.").arg(title, run)
                                    : tr("%1 is now filtered and split as in the run %2.").arg(title, run));
    m_back->setText(otherData ? tr("Back to %1").arg(m_before->title) : tr("Back to the split before"));
    m_notice->show();
}

void MainWindow::goBack() {
    if (!m_before) return;
    const Before before = *std::exchange(m_before, std::nullopt);
    m_notice->hide();
    if (before.path != m_datasets->path() || before.options != m_datasets->importOptions())
        m_datasets->import(before.path, before.options);
    m_datasets->split(before.split); // waits for the import
}

void MainWindow::testRun(const QString& id) {
    const LiveRun* live = m_training->run(id);
    m_train->monitor()->setTesting(id, true);
    m_library->test(id, live ? live->split : m_datasets->currentSplit(), live ? live->model : nullptr);
}

void MainWindow::buildMenus() {
    QMenu* file = menuBar()->addMenu(tr("&File"));
    file->addAction(tr("&Open file…"), QKeySequence::Open, this, [this] {
        showPage(Data);
        m_data->chooseFile();
    });
    file->addAction(tr("Open &folder…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O), this, [this] {
        showPage(Data);
        m_data->chooseFolder();
    });
    m_recentMenu = file->addMenu(tr("Open &recent"));
    file->addAction(tr("Open the built-in &sample"), this, [this] {
        showPage(Data);
        m_data->openSample();
    });
    m_getAction = file->addAction(themedIcon(QStringLiteral("download")), tr("&Get a dataset…"),
                                  QKeySequence(Qt::CTRL | Qt::Key_G), this, [this] {
                                      showPage(Data);
                                      m_data->getDataset();
                                  });
    file->addSeparator();
    file->addAction(tr("&Quit"), QKeySequence::Quit, this, &QWidget::close);

    QMenu* run = menuBar()->addMenu(tr("&Run"));
    run->addActions(m_train->runActions());

    QMenu* view = menuBar()->addMenu(tr("&View"));
    for (int i = 0; i < NavigationRail::count(); ++i) {
        // The shortcut belongs to the rail's button; the menu only shows it.
        view->addAction(QStringLiteral("%1\tCtrl+%2").arg(NavigationRail::title(i)).arg(i + 1), this,
                        [this, i] { showPage(static_cast<Page>(i)); });
    }
    view->addSeparator();
    QMenu* theme = view->addMenu(tr("&Theme"));
    auto* group = new QActionGroup(this);
    const QStringList names{tr("As the &system"), tr("&Light"), tr("&Dark")};
    for (int i = 0; i < names.size(); ++i) {
        QAction* action = theme->addAction(names[i], this, [this, i] { setTheme(i); });
        action->setCheckable(true);
        action->setChecked(i == static_cast<int>(Theme::current().choice()));
        action->setObjectName(QStringLiteral("theme%1").arg(i));
        group->addAction(action);
    }
    view->addAction(tr("Text &larger"), QKeySequence::ZoomIn, this,
                    [this] { setZoom(Theme::current().zoom() + 0.1); });
    view->addAction(tr("Text &smaller"), QKeySequence::ZoomOut, this,
                    [this] { setZoom(Theme::current().zoom() - 0.1); });
    view->addAction(tr("Text &normal"), QKeySequence(Qt::CTRL | Qt::Key_0), this, [this] { setZoom(1.0); });
    view->addAction(tr("Text for a &classroom"), QKeySequence(Qt::CTRL | Qt::Key_9), this,
                    [this] { setZoom(1.5); });

    QMenu* help = menuBar()->addMenu(tr("&Help"));
    help->addAction(tr("&Keyboard shortcuts"), QKeySequence(Qt::Key_F1), this, &MainWindow::showShortcuts);
    help->addAction(tr("&About Recoscope"), this, &MainWindow::showAbout);
    connect(m_recentMenu, &QMenu::aboutToShow, this, &MainWindow::fillRecent);
}

void MainWindow::buildStatusBar() {
    m_dataState = new QLabel;
    m_runState = new QLabel;
    m_memory = new QLabel;
    m_memory->setObjectName(QStringLiteral("memoryUse"));
    m_workspace = new QLabel;
    m_workspace->setObjectName(QStringLiteral("workspaceFolder"));
    for (QLabel* label : {m_dataState, m_runState, m_memory, m_workspace}) {
        label->setContentsMargins(space::small, 2, space::small, 2);
        // In all of them or in none: what can be selected stands a pixel higher.
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    // A long text gives way; the whole of it is in the tool tip.
    for (QLabel* label : {m_dataState, m_runState})
        label->setMinimumWidth(60);
    statusBar()->addWidget(m_dataState);
    statusBar()->addWidget(m_runState, 1);
    statusBar()->addPermanentWidget(m_memory);
    statusBar()->addPermanentWidget(m_workspace);
    statusBar()->setSizeGripEnabled(false);
    m_workspace->setToolTip(tr("The workspace keeps runs, curves and models: %1").arg(m_library->folder()));
    m_workspace->setMinimumWidth(60);
    m_workspace->setText(
        tr("Workspace %1").arg(fontMetrics().elidedText(m_library->folder(), Qt::ElideLeft, 220)));
    m_memoryTimer = new QTimer(this);
    m_memoryTimer->setInterval(2000);
    connect(m_memoryTimer, &QTimer::timeout, this, &MainWindow::updateMemory);
    m_memoryTimer->start();
    updateMemory();
    updateRunState();
}

void MainWindow::connectPages() {
    connect(m_datasets, &DatasetService::imported, this, [this] {
        updateTitle();
        if (!m_pending || !m_pending->importing) return;
        m_pending->importing = false;
        m_datasets->split(m_pending->experiment.split);
    });
    connect(m_datasets, &DatasetService::splitReady, this, [this](const SplitPtr& split) {
        updateTitle();
        if (!m_pending || m_pending->importing || !split || split->spec() != m_pending->experiment.split)
            return;
        const Pending pending = *std::exchange(m_pending, std::nullopt);
        if (m_before) tellOfOtherData(pending.run, m_before->path != m_datasets->path());
        if (QString::fromStdString(split->fingerprint()) != pending.fingerprint)
            complain(tr("The data has changed"),
                     tr("The data at %1 is not what the run was made with. What you see now is made with the "
                        "data as it is.")
                         .arg(QString::fromStdString(pending.experiment.dataPath)));
        pending.then(split);
    });
    connect(m_datasets, &DatasetService::failed, this, [this](const QString&, const Error& error) {
        if (!m_pending) return;
        m_pending.reset();
        m_before.reset(); // nothing was replaced
        if (error.code == ErrorCode::Cancelled) return;
        complain(tr("The run's data cannot be opened"), QString::fromStdString(error.text()));
    });
    const auto showUser = [this](UserIndex user) {
        showPage(Inspect);
        m_inspect->showUser(user);
    };
    const auto showItem = [this](ItemIndex item) {
        showPage(Inspect);
        m_inspect->showItem(item);
    };
    connect(m_data, &DataPage::userActivated, this, showUser);
    connect(m_data, &DataPage::itemActivated, this, showItem);
    connect(m_latent, &LatentPage::openingPoint, m_inspect, &InspectPage::setRun);
    connect(m_latent, &LatentPage::userActivated, this, showUser);
    connect(m_latent, &LatentPage::itemActivated, this, showItem);
    connect(m_train, &TrainPage::dataRequested, this, [this] { showPage(Data); });
    connect(m_train, &TrainPage::inspectRequested, this, [this](const QString& run) {
        m_inspect->setRun(run);
        showPage(Inspect);
    });
    for (auto signal : {&TrainingService::runQueued, &TrainingService::runStarted, &TrainingService::runEnded,
                        &TrainingService::runStored})
        connect(m_training, signal, m_library, &RunLibrary::refresh);
    for (auto signal :
         {&TrainingService::runStarted, &TrainingService::runChanged, &TrainingService::runEnded})
        connect(m_training, signal, this, &MainWindow::updateRunState);
    connect(m_search, &SearchPage::dataRequested, this, [this] { showPage(Data); });
    connect(m_search, &SearchPage::trainPlanRequested, this,
            [this] { m_search->takePlan(m_train->experiment().plan); });
    connect(m_search, &SearchPage::inspectRequested, this, &MainWindow::inspectStored);
    connect(m_search, &SearchPage::useRequested, this, [this](const TrainingPlan& plan) {
        m_train->setUp(plan);
        showPage(Train);
    });
    connect(m_search, &SearchPage::openRequested, this, [this](const QString& run) {
        m_runs->selectRuns({run});
        showPage(Runs);
    });
    connect(m_search, &SearchPage::splitRequested, this, [this](const QString& study, const QString& run) {
        const RunRecord* record = m_library->find(run);
        if (!record) return;
        withSplitOf(*record, [this, study](const SplitPtr& split) { m_search->goOn(study, split); });
    });
    connect(m_runs, &RunsPage::inspectRequested, this, &MainWindow::inspectStored);
    connect(m_runs, &RunsPage::rerunRequested, this, &MainWindow::rerun);
    connect(m_runs, &RunsPage::testRequested, this, &MainWindow::testRun);
    connect(m_runs, &RunsPage::compareRequested, this, [this](const QStringList& ids) {
        m_compare->setRuns(ids);
        showPage(Compare);
    });
    connect(m_train->monitor(), &RunMonitor::testRequested, this, &MainWindow::testRun);
    connect(m_library, &RunLibrary::tested, this,
            [this](const QString& id, const std::shared_ptr<const Evaluation>& test) {
                m_train->monitor()->setTesting(id, false);
                m_training->takeTest(id, test);
            });
    connect(m_library, &RunLibrary::failed, this, [this](const QString& id, const Error& error) {
        if (!m_train->monitor()->testing(id)) return;
        m_train->monitor()->setTesting(id, false);
        complain(tr("The model cannot be tested"), QString::fromStdString(error.text()));
    });
    connect(m_runs, &RunsPage::setUpRequested, this, [this](const QString& id) {
        if (const auto experiment = m_library->experimentOf(id)) m_train->setUp(experiment->plan);
        showPage(Train);
    });
    connect(m_library, &RunLibrary::modelLoaded, this,
            [this](const QString& id, const std::shared_ptr<const Recommender>& model) {
                const RunRecord* record = m_library->find(id);
                if (!record) return;
                const QString label = runTitle(*record);
                const int epoch = record->bestEpoch > 0 ? record->bestEpoch : record->epochs;
                withSplitOf(*record, [this, model, label, epoch, run = *record](const SplitPtr& split) {
                    if (model->itemCount() != split->dataset()->itemCount())
                        return complain(tr("The model does not fit"),
                                        tr("The model knows %1 items, the data has %2.")
                                            .arg(model->itemCount())
                                            .arg(split->dataset()->itemCount()));
                    m_inspect->setModel(model, split, label, epoch, testOptions(run, *model, *split));
                    m_latent->setModel(model, split, label, epoch);
                    showPage(Inspect);
                });
            });
}

void MainWindow::openSample() {
    m_data->openSample();
    showPage(Train);
}

void MainWindow::openPath(const QString& path) {
    showPage(Data);
    m_data->openPath(path, DataPage::Ask::WhenUncertain);
}

void MainWindow::showPage(Page page) {
    if (page == Search) m_search->suggest(m_train->experiment().plan);
    m_pages->setCurrentIndex(page);
    m_rail->setPage(page);
    m_pages->currentWidget()->setFocus(); // keys go to the page, not to the rail
}

MainWindow::Page MainWindow::page() const { return static_cast<Page>(m_pages->currentIndex()); }

void MainWindow::restore() {
    if (!m_settings) return;
    restoreGeometry(m_settings->windowState(QStringLiteral("geometry")));
    for (QSplitter* splitter : namedSplitters(*this))
        splitter->restoreState(m_settings->windowState(splitter->objectName()));
}

void MainWindow::remember() {
    if (!m_settings) return;
    m_settings->setWindowState(QStringLiteral("geometry"), saveGeometry());
    for (const QSplitter* splitter : namedSplitters(*this))
        m_settings->setWindowState(splitter->objectName(), splitter->saveState());
}

void MainWindow::fillRecent() {
    m_recentMenu->clear();
    const QStringList recent = m_settings ? m_settings->recentFiles() : QStringList();
    for (const QString& path : recent)
        m_recentMenu->addAction(path, this, [this, path] { openPath(path); });
    if (recent.isEmpty()) m_recentMenu->addAction(tr("Nothing was opened yet"))->setEnabled(false);
}

void MainWindow::updateTitle() {
    const DatasetPtr dataset = m_datasets->dataset();
    if (!dataset) {
        setWindowTitle(tr("Recoscope"));
        m_dataState->setText(tr("No dataset"));
        return;
    }
    const QLocale numbers(QLocale::English, QLocale::UnitedStates);
    const QString title = QString::fromStdString(dataset->provenance().title);
    setWindowTitle(tr("%1 – Recoscope").arg(title));
    QString state =
        tr("%1: %2 users, %3 items, %4 interactions")
            .arg(title, numbers.toString(dataset->userCount()), numbers.toString(dataset->itemCount()),
                 numbers.toString(static_cast<qlonglong>(dataset->interactionCount())));
    const SplitPtr split = m_datasets->currentSplit();
    if (split && split->spec().filter.any())
        state += tr(" (filtered: %1 of them)")
                     .arg(numbers.toString(static_cast<qlonglong>(split->dataset()->interactionCount())));
    if (dataset->provenance().synthetic && !title.contains(tr("synthetic"), Qt::CaseInsensitive))
        state = tr("Synthetic data · %1").arg(state);
    m_dataState->setText(state);
    m_dataState->setToolTip(dataset->provenance().synthetic
                                ? tr("Invented films, users and ratings: no real person is in it")
                                : m_datasets->path());
}

void MainWindow::updateRunState() {
    const LiveRun* run = m_training->run(m_training->activeRun());
    if (!run) {
        m_runState->setText(tr("No run is going on"));
        return;
    }
    QString state = tr("%1: epoch %2 of %3")
                        .arg(runTitle(run->record))
                        .arg(std::max(run->progress.epoch, run->lastEpoch.epoch))
                        .arg(run->plannedEpochs);
    if (run->paused)
        state += tr(", paused");
    else if (run->etaSeconds >= 0.0)
        state += tr(", %1 left").arg(durationText(run->etaSeconds));
    m_runState->setText(state);
}

void MainWindow::updateMemory() {
    const std::int64_t bytes = residentBytes();
    m_memory->setVisible(bytes > 0);
    m_memory->setText(tr("Memory %1").arg(bytesText(bytes)));
}

void MainWindow::setTheme(int choice) {
    const auto preference = static_cast<ThemePreference>(choice);
    Theme::apply(themeChoice(preference), Theme::current().zoom());
    if (m_settings) m_settings->setTheme(preference);
}

void MainWindow::setZoom(double zoom) {
    Theme::apply(Theme::current().choice(), zoom);
    if (m_settings) m_settings->setZoom(Theme::current().zoom());
}

void MainWindow::withSplitOf(const RunRecord& record, std::function<void(const SplitPtr&)> then) {
    const SplitPtr current = m_datasets->currentSplit();
    if (current && QString::fromStdString(current->fingerprint()) == record.splitFingerprint) return then(current);
    const bool loaded = m_datasets->dataset() &&
                        m_datasets->path().toStdString() == record.experiment.dataPath &&
                        m_datasets->importOptions() == record.experiment.import;
    // A notice offers the way back to what a person had opened, also over several runs' data.
    if (current && !m_before)
        m_before = Before{QString::fromStdString(m_datasets->dataset()->provenance().title), m_datasets->path(),
                          m_datasets->importOptions(), current->spec()};
    m_pending =
        Pending{record.experiment, record.splitFingerprint, !loaded, runTitle(record), std::move(then)};
    if (loaded)
        m_datasets->split(record.experiment.split);
    else
        m_datasets->import(QString::fromStdString(record.experiment.dataPath), record.experiment.import);
}

void MainWindow::inspectStored(const QString& id) {
    const LiveRun* live = m_training->run(id);
    if (live && live->model) {
        m_inspect->setRun(id);
        return showPage(Inspect);
    }
    m_library->loadModel(id);
}

void MainWindow::rerun(const QString& id) {
    const RunRecord* record = m_library->find(id);
    const auto experiment = m_library->experimentOf(id);
    if (!record || !experiment) return;
    withSplitOf(*record, [this, experiment](const SplitPtr& split) {
        showPage(Train);
        m_train->setUp(experiment->plan);
        const auto run = m_training->start(*experiment, split);
        if (!run) complain(tr("The run cannot be started"), QString::fromStdString(run.error().text()));
    });
}

void MainWindow::complain(const QString& title, const QString& words) {
    auto* box = new QMessageBox(QMessageBox::Warning, title, title, QMessageBox::Ok, this);
    box->setInformativeText(words);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

void MainWindow::showShortcuts() {
    QStringList pages;
    for (int page = 0; page < NavigationRail::count(); ++page)
        pages << NavigationRail::title(page);
    const std::initializer_list<std::pair<QString, QString>> rows{
        {QStringLiteral("Ctrl+1 … Ctrl+%1").arg(NavigationRail::count()), pages.join(QStringLiteral(", "))},
        {QStringLiteral("F5"), tr("Start a run, or add it to the queue")},
        {QStringLiteral("F6"), tr("Pause or resume")},
        {QStringLiteral("F7"), tr("Train one epoch, then pause")},
        {QStringLiteral("Shift+F7"), tr("Train one batch, then pause")},
        {QStringLiteral("F8"), tr("Stop, keep the model")},
        {QStringLiteral("Ctrl+O, Ctrl+Shift+O"), tr("Open a file, a folder")},
        {QStringLiteral("Ctrl+G"), tr("Get a public dataset")},
        {QStringLiteral("Ctrl++, Ctrl+−, Ctrl+0"), tr("Text larger, smaller, normal")},
        {QStringLiteral("Ctrl+9"), tr("Text for a classroom")},
        {QStringLiteral("Ctrl+C"), tr("Copy the metric table")},
        {tr("Drag in a chart"), tr("Zoom in; double click or Esc shows everything again")},
    };
    QString table = QStringLiteral("<table cellpadding=\"4\">");
    for (const auto& [keys, words] : rows)
        table += QStringLiteral("<tr><td><b>%1</b></td><td>%2</td></tr>")
                     .arg(keys.toHtmlEscaped(), words.toHtmlEscaped());
    QMessageBox box(QMessageBox::NoIcon, tr("Keyboard shortcuts"), table + QStringLiteral("</table>"),
                    QMessageBox::Close, this);
    box.setTextFormat(Qt::RichText);
    box.exec();
}

void MainWindow::showAbout() {
    QMessageBox::about(this, tr("About Recoscope"),
                       tr("<h2>Recoscope %1</h2><p>A workbench for recommender systems: open a dataset, "
                          "train a model, watch it learn, look inside.</p>"
                          "<p>Free software under the GNU General Public License, version 3 or later. Made "
                          "with Qt %2 and Eigen.</p>")
                           .arg(QApplication::applicationVersion(), QLatin1String(qVersion())));
}

void MainWindow::closeEvent(QCloseEvent* event) {
    const QString active = m_training->activeRun();
    if (m_confirmClose && !active.isEmpty()) {
        QMessageBox question(QMessageBox::Question, tr("A run is going on"), tr("Stop the run and close?"),
                             QMessageBox::Cancel, this);
        question.setInformativeText(tr("What it has learned so far is kept."));
        QPushButton* close = question.addButton(tr("Stop and close"), QMessageBox::AcceptRole);
        question.exec();
        if (question.clickedButton() != close) return event->ignore();
    }
    for (const QString& id : m_training->runs()) {
        const LiveRun* run = m_training->run(id);
        if (run && (run->record.status == RunStatus::Queued || run->record.status == RunStatus::Running))
            m_training->cancel(id);
    }
    m_datasets->cancel();
    remember();
    QMainWindow::closeEvent(event);
}

bool MainWindow::eventFilter(QObject* watched, QEvent* event) {
    const QEvent::Type type = event->type();
    if (type != QEvent::DragEnter && type != QEvent::DragMove && type != QEvent::Drop) return false;
    const auto* widget = qobject_cast<const QWidget*>(watched);
    if (!widget || widget->window() != this) return false;
    auto* drop = static_cast<QDropEvent*>(event); // what all three are
    const QString path = firstLocalFile(drop->mimeData());
    if (path.isEmpty()) return false;
    drop->acceptProposedAction();
    if (type == QEvent::Drop) {
        showPage(Data);
        m_data->openPath(path);
    }
    return true;
}

void MainWindow::changeEvent(QEvent* event) {
    QMainWindow::changeEvent(event);
    if (event->type() != QEvent::PaletteChange) return;
    setWindowIcon(themedIcon(QStringLiteral("recoscope"), Theme::current().colors().accent));
    if (m_getAction) m_getAction->setIcon(themedIcon(QStringLiteral("download")));
}

} // namespace recoscope
