// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/widgets/screens/screen_session.h"

#include "app/session/search_service.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/inspect_page.h"
#include "widgets/pages/latent_page.h"
#include "widgets/pages/runs_page.h"
#include "widgets/pages/search_page.h"
#include "widgets/pages/train_page.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QHash>
#include <QLabel>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QTest>

#include <algorithm>

namespace recoscope {

namespace {

constexpr int patience = 120'000; // ms; a sanitizer build on a busy machine

/// What is trained, in a second or two. iALS comes last: it is what the pages show.
struct NamedPlan {
    const char* name;
    TrainingPlan plan;
};
std::vector<NamedPlan> plans() {
    const auto plan = [](const char* algorithm, ParamMap params) {
        TrainingPlan made;
        made.algorithm = algorithm;
        made.params = std::move(params);
        made.earlyStopping.enabled = false;
        return made;
    };
    return {{"Popularity", plan("popularity", {})},
            {"ItemKNN", plan("item_knn", {})},
            {"Biased MF", plan("biased_mf", {{"epochs", std::int64_t{12}}})},
            {"iALS 16", plan("ials", {{"embedding_size", std::int64_t{16}}, {"epochs", std::int64_t{12}}})}};
}

/// Random trials: what is tried does not hang on the values of the trials before.
StudySpec searchSpec() {
    SearchPlan search;
    search.method = SearchMethod::Random;
    search.trials = 12;
    search.metric = "ndcg@10";
    search.space = "k=5..300:log, shrink=0.1..100:log";
    StudySpec study;
    study.search = search;
    return study;
}

bool over(const TrainingService& training, const QString& id) {
    const LiveRun* run = training.run(id);
    return run && run->record.status != RunStatus::Queued && run->record.status != RunStatus::Running;
}

/// Starts all plans; false when one cannot start or does not end.
bool trainAll(TrainingService& training, const DatasetService& datasets) {
    QStringList runs;
    for (const NamedPlan& each : plans()) {
        Experiment experiment;
        experiment.name = each.name;
        experiment.split = datasets.currentSplit()->spec();
        experiment.plan = each.plan;
        const auto run = training.start(experiment, datasets.currentSplit());
        if (!run) return false;
        runs << *run;
    }
    return QTest::qWaitFor(
        [&] {
            return std::all_of(runs.begin(), runs.end(),
                               [&](const QString& run) { return over(training, run); });
        },
        patience);
}

/// All trials are stored, and of the models only the winner's is left: that comes a moment after the search
/// is over.
bool searchIsTidy(const QString& workspace) {
    const auto store = RunStore::open(workspace, RunStore::Access::ReadOnly);
    if (!store) return false;
    const auto runs = (*store)->list();
    if (!runs) return false;
    std::size_t trials = 0, models = 0;
    for (const RunRecord& run : *runs) {
        if (run.study.isEmpty()) continue;
        if (run.status != RunStatus::Completed) return false;
        ++trials;
        models += run.hasModel;
    }
    return trials == 12 && models == 1;
}

/// Runs and a search in a workspace, without a window.
bool trainInto(const QString& workspace) {
    DatasetService datasets;
    datasets.import(QStringLiteral("builtin:sample"));
    if (!QTest::qWaitFor([&] { return datasets.currentSplit() != nullptr; }, patience)) return false;
    TrainingService training(workspace);
    SearchService searches(training, workspace);
    if (!trainAll(training, datasets)) return false;
    Experiment experiment;
    experiment.split = datasets.currentSplit()->spec();
    experiment.plan.algorithm = "item_knn";
    experiment.study = searchSpec();
    const auto search = searches.start(experiment, datasets.currentSplit());
    return search && QTest::qWaitFor(
                         [&] {
                             const LiveSearch* live = searches.search(*search);
                             return live && live->state == SearchState::Finished && searchIsTidy(workspace);
                         },
                         patience);
}

/// Runs one minute apart from New Year 2026 on, at three quarters of a second each; trials are called
/// "item_knn-0005" by their number.
bool fixWorkspace(const QString& workspace) {
    const auto name = QStringLiteral("screens");
    bool done = true;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), name);
        database.setDatabaseName(workspace + QStringLiteral("/workspace.db"));
        done = database.open();
        const auto run = [&](const QString& statement) {
            done = done && QSqlQuery(database).exec(statement);
        };
        run(QStringLiteral(
            "UPDATE run SET created = 1767225600000 + 60000 * number, seconds = 0.75, train_seconds = 0.5"));
        run(QStringLiteral("UPDATE study SET created = 1767225600000"));
        const QDir models(workspace + QStringLiteral("/models"));
        QSqlQuery trials(QStringLiteral("SELECT id, number FROM run WHERE role <> ''"), database);
        while (trials.next()) {
            const QString old = trials.value(0).toString();
            const QString fixed =
                QStringLiteral("item_knn-%1").arg(trials.value(1).toInt(), 4, 10, QLatin1Char('0'));
            run(QStringLiteral("UPDATE run SET id = '%1' WHERE id = '%2'").arg(fixed, old));
            run(QStringLiteral("UPDATE study SET winner = '%1' WHERE winner = '%2'").arg(fixed, old));
            const QString file = QStringLiteral("%1.safetensors");
            done = done && (!models.exists(file.arg(old)) ||
                            QFile::rename(models.filePath(file.arg(old)), models.filePath(file.arg(fixed))));
        }
    }
    QSqlDatabase::removeDatabase(name);
    return done;
}

bool openSample(ScreenSession& session) {
    session.window.openSample();
    return QTest::qWaitFor([&] { return session.datasets.currentSplit() != nullptr; }, patience);
}

} // namespace

ScreenSession::ScreenSession(const QString& workspace)
    : training(workspace)
    , library(workspace)
    , window(&datasets, &training, &library) {
    window.setConfirmClose(false);
    window.show();
    library.refresh();
}

QString ScreenSession::run(const QString& name) const {
    for (const RunRecord& record : library.runs())
        if (record.name == name) return record.id;
    return {};
}

std::unique_ptr<ScreenSession> trainedSession(const QString& workspace) {
    auto session = std::make_unique<ScreenSession>(workspace);
    if (!openSample(*session) || !trainAll(session->training, session->datasets)) return nullptr;
    TrainPage* page = session->window.trainPage();
    page->setUp(plans().back().plan);
    page->showRun(session->training.runs().back());
    return session;
}

bool fillWorkspace(const QString& workspace) { return trainInto(workspace) && fixWorkspace(workspace); }

std::unique_ptr<ScreenSession> storedSession(const QString& workspace) {
    auto session = std::make_unique<ScreenSession>(workspace);
    MainWindow& window = session->window;
    if (!openSample(*session)) return nullptr;
    if (!QTest::qWaitFor([&] { return !session->run(QStringLiteral("iALS 16")).isEmpty(); }, patience))
        return nullptr;
    const auto id = [&](const char* name) { return session->run(QLatin1String(name)); };
    emit window.runsPage()->inspectRequested(id("iALS 16"));
    if (!QTest::qWaitFor([&] { return window.page() == MainWindow::Inspect; }, patience)) return nullptr;
    window.inspectPage()->showUser(UserIndex{6});
    window.latentPage()->setMethod(LatentMethod::Pca);
    window.comparePage()->setRuns({id("iALS 16"), id("ItemKNN"), id("Popularity")});
    window.runsPage()->selectRuns({id("iALS 16"), id("Biased MF")});
    return session;
}

void fixChangingTexts(MainWindow& window) {
    // By object name, or by the caption that a screen reader hears.
    static const QHash<QString, QString> texts{
        {QStringLiteral("forecast"), QStringLiteral("Takes some time, some memory of what is free")},
        {QStringLiteral("searchNote"), QStringLiteral("All trials together take some time.")},
        {QStringLiteral("memoryUse"), QStringLiteral("Memory 000 MB")},
        {QStringLiteral("workspaceFolder"), QStringLiteral("Workspace folder")},
        {QStringLiteral("Elapsed"), QStringLiteral("0.00 s")},
        {QStringLiteral("Epoch time"), QStringLiteral("0.0 ms")},
        {QStringLiteral("Examples/s"), QStringLiteral("0,000,000")},
        {QStringLiteral("Memory"), QStringLiteral("000 MB")},
    };
    for (QLabel* label : window.findChildren<QLabel*>()) {
        const QString name = label->objectName().isEmpty() ? label->accessibleName() : label->objectName();
        if (const auto fixed = texts.constFind(name); fixed != texts.constEnd()) label->setText(*fixed);
    }
    QCoreApplication::sendPostedEvents(nullptr, QEvent::LayoutRequest);
}

} // namespace recoscope
