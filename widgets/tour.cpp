// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/tour.h"

#include "app/models/run_table_model.h"
#include "widgets/charts/run_charts.h"
#include "widgets/charts/scatter_view.h"
#include "widgets/forms/parameter_form.h"
#include "widgets/forms/search_space_form.h"
#include "widgets/pages/code_view.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/data_page.h"
#include "widgets/pages/inspect_page.h"
#include "widgets/pages/latent_page.h"
#include "widgets/pages/metric_card_view.h"
#include "widgets/pages/run_monitor.h"
#include "widgets/pages/runs_page.h"
#include "widgets/pages/search_page.h"
#include "widgets/pages/search_results.h"
#include "widgets/pages/search_setup.h"
#include "widgets/pages/train_page.h"

#include <QElapsedTimer>
#include <QEventLoop>
#include <QLineEdit>
#include <QListWidget>
#include <QPixmap>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace recoscope {

Tour::Tour(MainWindow& window, DatasetService& datasets, TrainingService& training, RunLibrary& library)
    : m_window(window)
    , m_datasets(datasets)
    , m_training(training)
    , m_library(library) {}

bool Tour::wait(const std::function<bool()>& condition, int milliseconds) {
    QElapsedTimer clock;
    clock.start();
    while (!condition()) {
        if (clock.elapsed() > milliseconds) return false;
        settle(20);
    }
    return true;
}

void Tour::settle(int milliseconds) {
    QEventLoop loop;
    QTimer::singleShot(milliseconds, &loop, &QEventLoop::quit);
    loop.exec();
}

QString Tour::open(const QString& path) {
    QString problem;
    bool ready = false;
    QObject context;
    QObject::connect(&m_datasets, &DatasetService::failed, &context,
                     [&](const QString& what, const Error& error) {
                         problem = what + QStringLiteral(": ") + QString::fromStdString(error.text());
                     });
    QObject::connect(&m_datasets, &DatasetService::splitReady, &context, [&] { ready = true; });
    path == QLatin1String("builtin:sample") ? m_window.openSample() : m_window.openPath(path);
    if (!wait([&] { return ready || !problem.isEmpty(); }, 600'000))
        problem = QStringLiteral("the data was not read within ten minutes");
    return problem;
}

QString Tour::start(std::string_view algorithm) {
    m_window.showPage(MainWindow::Train);
    TrainPage* page = m_window.trainPage();
    if (!page->selectAlgorithm(algorithm)) return {};
    page->parameters()->resetAll();
    return page->start();
}

bool Tour::waitForCurve(const QString& run, int milliseconds) {
    return wait(
        [&] {
            const LiveRun* live = m_training.run(run);
            if (!live) return false;
            for (const Curve& curve : live->curves)
                if (!curve.points.empty()) return true;
            return false;
        },
        milliseconds);
}

bool Tour::waitForEnd(const QString& run, int milliseconds) {
    return wait(
        [&] {
            const LiveRun* live = m_training.run(run);
            return live && live->record.status != RunStatus::Queued &&
                   live->record.status != RunStatus::Running;
        },
        milliseconds);
}

void Tour::inspect(const QString& run) {
    const LiveRun* live = m_training.run(run);
    if (!live || !live->split) return;
    const UserItemCsr& test = live->split->test();
    UserIndex best{};
    for (std::int32_t u = 0; u < test.rowCount(); ++u)
        if (test.rowSize(UserIndex{u}) > test.rowSize(best)) best = UserIndex{u};
    const MetricValue* ndcg = live->test ? live->test->find("ndcg@10") : nullptr;
    double nearest = 1.0;
    for (std::size_t n = 0; ndcg && n < ndcg->perUser.size(); ++n) {
        const UserIndex user = live->test->users[n];
        if (test.rowSize(user) > 10 || std::abs(ndcg->perUser[n] - 0.5) >= nearest) continue;
        nearest = std::abs(ndcg->perUser[n] - 0.5);
        m_typical = user;
    }
    m_window.showPage(MainWindow::Inspect);
    m_window.inspectPage()->setRun(run);
    m_window.inspectPage()->showUser(best);
    settle(600);
}

bool Tour::map(const QString& run, LatentMethod method) {
    m_window.showPage(MainWindow::Map);
    LatentPage* page = m_window.latentPage();
    page->setRun(run);
    page->setMethod(method);
    return wait(
        [&] { return page->picture() && page->picture()->method == method && page->picture()->finished; },
        60'000);
}

void Tour::takeMapPictures(const QString& run,
                           const std::function<void(const QString&, const QImage&)>& save) {
    if (!map(run, LatentMethod::Tsne)) return;
    LatentPage* page = m_window.latentPage();
    ScatterView* view = page->view();
    const auto take = [&](const char* name) {
        settle(350);
        save(QLatin1String(name), m_window.grab().toImage());
    };
    // What lies around the first point of all.
    const QPointF centre = view->toScreen(0);
    QPolygonF lasso;
    for (int n = 0; n < 24; ++n)
        lasso << centre + QPointF(70 * std::cos(n * 0.2618), 55 * std::sin(n * 0.2618));
    view->selectInside(lasso, false);
    view->setCurrent(0);
    take("map-lasso");
    view->setSelection({});
    view->setCurrent(-1);
    auto* field = page->findChild<QLineEdit*>(QStringLiteral("latentSearch"));
    field->setText(QStringLiteral("star"));
    take("map-search");
    field->clear();
    auto* legend = page->findChild<QListWidget*>(QStringLiteral("latentLegend"));
    legend->setCurrentRow(std::min(10, legend->count() - 1));
    take("map-category");
    legend->clearSelection();
    page->setColorSource(QStringLiteral("Popularity"));
    take("map-popularity");
    page->setColorSource(QStringLiteral("Genres"));
    page->setSide(LatentSide::Users);
    if (map(run, LatentMethod::Pca)) take("map-users");
    page->setSide(LatentSide::Items);
}

bool Tour::lookIn() {
    constexpr int patience = 300'000;
    const auto begin = [&](const char* algorithm, std::int64_t epochs) {
        TrainingPlan plan;
        plan.algorithm = algorithm;
        plan.params["epochs"] = epochs;
        plan.earlyStopping.enabled = false;
        m_window.showPage(MainWindow::Train);
        m_window.trainPage()->setUp(plan);
        const QString run = m_window.trainPage()->start();
        m_window.trainPage()->showRun(run);
        m_window.trainPage()->charts()->setView(m_window.trainPage()->monitor()->networkView());
        return run;
    };
    m_adversarial = begin("aae", 12);
    if (!waitForEnd(m_adversarial, patience)) return false;
    m_variational = begin("mult_vae", 60);
    // Only these two, so that the parts of their losses are seen.
    auto* runs = m_window.trainPage()->findChild<RunTableModel*>();
    for (const QString& run : m_training.runs())
        runs->setChecked(run, run == m_adversarial || run == m_variational);
    const auto live = [&] { return m_training.run(m_variational); };
    if (!wait([&] { return live() && live()->lastEpoch.epoch >= 25; }, patience)) return false;
    m_training.pause(m_variational);
    inspect(m_variational);
    // Somebody with a history that can be overlooked.
    const UserItemCsr& histories = live()->split->testHistory();
    const auto far = [&](std::int32_t user) { return std::abs(histories.rowSize(UserIndex{user}) - 60); };
    std::int32_t usual = 0;
    for (std::int32_t user = 0; user < histories.rowCount(); ++user)
        if (far(user) < far(usual)) usual = user;
    m_window.inspectPage()->showUser(UserIndex{usual});
    m_window.inspectPage()->showCode(true);
    for (int batch = 0; batch < 3; ++batch) {
        const auto before = live()->model;
        m_training.stepBatch(m_variational);
        wait([&] { return live()->paused && live()->model != before; }, 20'000);
        settle(200);
    }
    return true;
}

void Tour::takeInsidePictures(const QSize& size,
                              const std::function<void(const QString&, const QImage&)>& save) {
    m_window.resize(size);
    InspectPage* inspect = m_window.inspectPage();
    CodeView* code = inspect->codeView();
    const auto take = [&](const char* name) {
        settle(350);
        if (code->isVisible()) wait([&] { return code->settled(); }, 20'000);
        settle(50);
        save(QLatin1String(name), m_window.grab().toImage());
    };
    TrainPage* train = m_window.trainPage();
    m_window.showPage(MainWindow::Train);
    train->showRun(m_variational);
    train->charts()->setView(RunCharts::Parts);
    take("parts");
    auto* runs = train->findChild<RunTableModel*>();
    runs->setChecked(m_variational, false);
    take("parts-of-one");
    runs->setChecked(m_variational, true);
    train->charts()->setView(RunCharts::Signals);
    take("signals");
    train->charts()->setView(train->monitor()->networkView());
    take("network");
    m_window.showPage(MainWindow::Inspect);
    inspect->showCode(true);
    code->setTool(0);
    code->setNoise(false);
    take("code");
    code->setNoise(true);
    take("code-noise");
    code->setNoise(false);
    code->setTool(1);
    take("code-between");
    code->setTool(2);
    take("code-made");
    code->setTool(0);
}

bool Tour::search() {
    m_window.showPage(MainWindow::Search);
    SearchPage* page = m_window.searchPage();
    SearchSetup* setup = page->setup();
    const auto begin = [&](SearchMethod method, int trials) {
        setup->selectAlgorithm(QStringLiteral("ials"));
        setup->space()->setFixed({{"epochs", std::int64_t{8}}});
        setup->setMethod(method);
        setup->setTrials(trials);
        return page->start();
    };
    const QString first = begin(SearchMethod::Tpe, 24);
    const auto state = [&](const QString& id) {
        const LiveSearch* live = page->service()->search(id);
        return live ? live->state : SearchState::Failed;
    };
    if (!wait([&] { return state(first) == SearchState::Finished || state(first) == SearchState::Failed; },
              300'000) ||
        state(first) == SearchState::Failed)
        return false;
    const QString second = begin(SearchMethod::Halving, 27);
    wait(
        [&] { return page->service()->search(second) && page->service()->search(second)->trials.size() > 9; },
        120'000);
    page->service()->stop(second);
    wait([&] { return m_training.activeRun().isEmpty(); }, 20'000);
    // The same over seeds: two studies whose means can be compared.
    const auto overSeeds = [&](const char* algorithm) {
        setup->selectAlgorithm(QLatin1String(algorithm));
        setup->space()->setFixed({{"epochs", std::int64_t{8}}});
        setup->setRepeats(StudyKind::Seeds, 5);
        const QString id = page->start();
        wait([&] { return state(id) == SearchState::Finished || state(id) == SearchState::Failed; }, 300'000);
        if (state(id) == SearchState::Finished)
            m_ofStudies << page->service()->search(id)->trials.front().run;
        return id;
    };
    overSeeds("bpr_mf");
    m_seeds = overSeeds("ials");
    setup->selectAlgorithm(QStringLiteral("ials"));
    setup->setMethod(SearchMethod::Tpe);
    page->showStudy(first);
    settle(400);
    return true;
}

void Tour::takeComparePictures(const QSize& size, const QStringList& runs,
                               const std::function<void(const QString&, const QImage&)>& save) {
    m_window.resize(size);
    ComparePage* page = m_window.comparePage();
    m_window.showPage(MainWindow::Compare);
    page->setRuns(runs);
    const std::initializer_list<std::pair<ComparePage::Tab, const char*>> tabs{
        {ComparePage::Metrics, "compare-metrics"},    {ComparePage::Studies, "compare-alone"},
        {ComparePage::Dialects, "compare-dialects"},
        {ComparePage::Significance, "compare-pairs"}, {ComparePage::Groups, "compare-groups"},
        {ComparePage::Sampling, "compare-sampling"},  {ComparePage::Warnings, "compare-warnings"}};
    for (const auto& [tab, name] : tabs) {
        page->showTab(tab);
        settle(100);
        wait([&] { return page->measurement() && !page->service()->busy(); }, 60'000);
        settle(350);
        save(QLatin1String(name), m_window.grab().toImage());
    }
    if (!m_ofStudies.isEmpty()) {
        page->setRuns(m_ofStudies + QStringList{runs.back()});
        wait([&] { return page->measurement() && !page->service()->busy(); }, 60'000);
        for (const auto& [tab, name] : {std::pair{ComparePage::Metrics, "compare-seeds"},
                                        std::pair{ComparePage::Studies, "compare-studies"}}) {
            page->showTab(tab);
            settle(350);
            save(QLatin1String(name), m_window.grab().toImage());
        }
        page->setRuns(runs);
    }
    page->showTab(ComparePage::Metrics);
}

void Tour::takePictures(const QSize& size, const std::function<void(const QString&, const QImage&)>& save) {
    m_window.resize(size);
    const std::initializer_list<std::pair<MainWindow::Page, const char*>> pages{
        {MainWindow::Data, "data"},       {MainWindow::Train, "train"}, {MainWindow::Search, "search"},
        {MainWindow::Inspect, "inspect"}, {MainWindow::Map, "map"},     {MainWindow::Compare, "compare"},
        {MainWindow::Runs, "runs"}};
    for (const auto& [page, name] : pages) {
        m_window.showPage(page);
        settle(350);
        save(QLatin1String(name), m_window.grab().toImage());
        if (page == MainWindow::Search && !m_seeds.isEmpty()) {
            SearchPage* search = m_window.searchPage();
            const QString shown = search->shown();
            search->showStudy(m_seeds);
            search->setup()->setRepeats(StudyKind::Seeds, 5);
            settle(350);
            save(QStringLiteral("seeds"), m_window.grab().toImage());
            search->setup()->setMethod(SearchMethod::Tpe);
            search->showStudy(shown);
        }
        if (page != MainWindow::Inspect) continue;
        MetricCardView* card = m_window.inspectPage()->metricCard();
        const auto before = m_window.inspectPage()->user();
        if (m_typical) m_window.inspectPage()->showUser(*m_typical);
        m_window.inspectPage()->showMetric();
        wait([&] { return card->settled(); }, 20'000);
        settle(150);
        save(QStringLiteral("metric"), m_window.grab().toImage());
        if (before) m_window.inspectPage()->showUser(*before);
        m_window.inspectPage()->showCode(false);
    }
}

} // namespace recoscope
