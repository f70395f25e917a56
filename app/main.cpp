// SPDX-License-Identifier: GPL-3.0-or-later
// The window: makes the services and gives them to the widgets.
#include "app/session/dataset_service.h"
#include "app/session/run_library.h"
#include "app/session/training_service.h"
#include "app/storage/settings.h"
#include "widgets/main_window.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/runs_page.h"
#include "widgets/pages/train_page.h"
#include "widgets/style/theme.h"
#include "widgets/tour.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTemporaryDir>
#include <QTextStream>

#include <algorithm>

using namespace recoscope;

namespace {

constexpr int kTrainingLimit = 600'000; // milliseconds

struct Session {
    DatasetService& datasets;
    TrainingService& training;
    RunLibrary& library;
    MainWindow& window;
};

/// The workspace of last time; the default one where that is gone, and where the environment says which.
QString lastWorkspace(const Settings& settings) {
    const QString last = settings.workspace();
    return qEnvironmentVariableIsEmpty("RECOSCOPE_WORKSPACE") && QDir(last).exists() ? last
                                                                                     : defaultWorkspaceFolder();
}

void say(const QString& words) { QTextStream(stderr) << words << Qt::endl; }

bool savePicture(const QDir& folder, const QString& name, const QImage& image) {
    if (image.save(folder.filePath(name + QStringLiteral(".png")))) return true;
    say(QStringLiteral("recoscope: cannot write %1").arg(folder.filePath(name + QStringLiteral(".png"))));
    return false;
}

/// Pictures of every page in two sizes and two themes, after really loading, training and inspecting.
int takeShots(Session session, const QString& path, const QString& target) {
    const QDir folder(target);
    if (!folder.mkpath(QStringLiteral(".")))
        return say(QStringLiteral("recoscope: cannot make %1").arg(target)), 1;
    Theme::apply(ThemeChoice::Light);
    Tour tour(session.window, session.datasets, session.training, session.library);
    if (const QString problem = tour.open(path); !problem.isEmpty())
        return say(QStringLiteral("recoscope: ") + problem), 1;
    QStringList runs;
    for (const char* algorithm : {"ials", "biased_mf"}) {
        const QString run = tour.start(algorithm);
        if (run.isEmpty())
            return say(QStringLiteral("recoscope: %1 did not start").arg(QLatin1String(algorithm))), 1;
        runs << run;
    }
    QStringList compared{runs.front()};
    for (const char* algorithm : {"item_knn", "popularity"})
        compared << tour.start(algorithm);
    bool saved = true;
    const QSize sizes[]{{1280, 800}, {1920, 1080}};
    for (const QString& run : runs + compared)
        if (!tour.waitForEnd(run, kTrainingLimit))
            return say(QStringLiteral("recoscope: %1 did not end").arg(run)), 1;
    // A run in full swing: long, and not stopped early.
    TrainingPlan endless;
    endless.algorithm = "ials";
    endless.params["epochs"] = std::int64_t{400};
    endless.params["embedding_size"] = std::int64_t{16};
    endless.earlyStopping.enabled = false;
    session.window.trainPage()->setUp(endless);
    const QString live = session.window.trainPage()->start();
    const auto epoch = [&] {
        return session.training.run(live) ? session.training.run(live)->lastEpoch.epoch : 0;
    };
    session.window.resize(sizes[0]);
    if (tour.wait([&] { return epoch() >= 12; }, kTrainingLimit)) {
        tour.settle(400);
        saved &=
            savePicture(folder, QStringLiteral("training-1280x800-light"), session.window.grab().toImage());
    }
    session.training.cancel(live);
    tour.waitForEnd(live, kTrainingLimit);
    session.window.trainPage()->selectAlgorithm("ials");
    session.window.trainPage()->showRun(runs.front());
    tour.wait(
        [&] {
            const QStringList all = runs + compared;
            return std::all_of(all.begin(), all.end(), [&](const QString& run) {
                return session.library.find(run) && session.library.find(run)->hasModel;
            });
        },
        20'000);
    if (!tour.search()) return say(QStringLiteral("recoscope: the search did not end")), 1;
    session.window.runsPage()->selectRuns(runs);
    session.window.comparePage()->setRuns(compared);
    tour.inspect(runs.front());
    tour.map(runs.front(), LatentMethod::Tsne);
    const auto inBothThemes = [&](const auto& take) {
        for (const auto theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
            Theme::apply(theme);
            for (const QSize& size : sizes)
                take(size, [&](const QString& page, const QImage& image) {
                    saved &= savePicture(folder,
                                         QStringLiteral("%1-%2x%3-%4")
                                             .arg(page)
                                             .arg(size.width())
                                             .arg(size.height())
                                             .arg(theme == ThemeChoice::Dark ? QStringLiteral("dark")
                                                                             : QStringLiteral("light")),
                                         image);
                });
        }
    };
    inBothThemes([&](const QSize& size, const auto& save) { tour.takePictures(size, save); });
    inBothThemes([&](const QSize& size, const auto& save) { tour.takeComparePictures(size, compared, save); });
    for (const auto theme : {ThemeChoice::Light, ThemeChoice::Dark}) {
        Theme::apply(theme);
        session.window.resize(sizes[0]);
        tour.takeMapPictures(runs.front(), [&](const QString& name, const QImage& image) {
            saved &= savePicture(folder,
                                 name + (theme == ThemeChoice::Dark ? QStringLiteral("-1280x800-dark")
                                                                    : QStringLiteral("-1280x800-light")),
                                 image);
        });
    }
    Theme::apply(ThemeChoice::Light);
    session.window.resize(sizes[0]);
    if (!tour.lookIn()) return say(QStringLiteral("recoscope: the autoencoders did not train")), 1;
    inBothThemes([&](const QSize& size, const auto& save) { tour.takeInsidePictures(size, save); });
    return saved ? 0 : 1;
}

/// What a person would do first, without a display: the sample, one run watched from its first point,
/// pictures, a report.
int runDemo(Session session, const QString& path, const QString& target, qint64 windowMs) {
    const QDir folder(target);
    if (!folder.mkpath(QStringLiteral(".")))
        return say(QStringLiteral("recoscope: cannot make %1").arg(target)), 1;
    Theme::apply(ThemeChoice::Light);
    QElapsedTimer clock;
    clock.start();
    Tour tour(session.window, session.datasets, session.training, session.library);
    if (const QString problem = tour.open(path); !problem.isEmpty())
        return say(QStringLiteral("recoscope: ") + problem), 1;
    const qint64 readyMs = clock.elapsed();
    const QString run = tour.start("ials");
    if (run.isEmpty() || !tour.waitForCurve(run, 60'000))
        return say(QStringLiteral("recoscope: no curve within 60 seconds")), 1;
    const qint64 curveMs = clock.elapsed();
    say(QStringLiteral("First live curve %1 s after the window was shown")
            .arg((windowMs + curveMs) / 1000.0, 0, 'f', 2));
    session.window.resize(1280, 800);
    tour.settle(300);
    bool saved = savePicture(folder, QStringLiteral("first-curve"), session.window.grab().toImage());
    if (!tour.waitForEnd(run, kTrainingLimit))
        return say(QStringLiteral("recoscope: the run did not end")), 1;
    tour.wait([&] { return session.library.find(run) && session.library.find(run)->hasModel; }, 20'000);
    session.window.runsPage()->selectRuns({run});
    session.window.comparePage()->setRuns({run});
    tour.inspect(run);
    tour.map(run, LatentMethod::Tsne);
    tour.takePictures({1280, 800}, [&](const QString& page, const QImage& image) {
        saved &= savePicture(folder, page, image);
    });

    const LiveRun* live = session.training.run(run);
    const DatasetPtr dataset = session.datasets.dataset();
    QFile file(folder.filePath(QStringLiteral("report.md")));
    if (!file.open(QIODevice::WriteOnly | QIODevice::Text))
        return say(QStringLiteral("recoscope: cannot write %1").arg(file.fileName())), 1;
    QTextStream out(&file);
    out << "# Recoscope without a display\n\n"
        << "There was no display, so the window was driven off screen: the same pages, services and training "
           "as in the open window.\n\n"
        << "| What | Figure |\n|---|---|\n"
        << "| Dataset | " << QString::fromStdString(dataset->provenance().title)
        << (dataset->provenance().synthetic ? ": invented films, users and ratings" : "") << " |\n"
        << "| Users, items, interactions | " << dataset->userCount() << ", " << dataset->itemCount() << ", "
        << dataset->interactionCount() << " |\n"
        << QStringLiteral("| Data read and split after | %1 s |\n")
               .arg((windowMs + readyMs) / 1000.0, 0, 'f', 2)
        << QStringLiteral("| First live curve after | %1 s |\n").arg((windowMs + curveMs) / 1000.0, 0, 'f', 2)
        << "| Run | " << run << ", " << live->record.epochs << " epochs, "
        << QString::number(live->record.seconds, 'f', 2) << " s |\n"
        << "| Ended | " << live->record.reason << " |\n";
    if (live->test)
        for (const MetricValue& metric : live->test->metrics)
            out << "| " << QString::fromStdString(metric.label) << " (test) | "
                << QString::number(metric.value, 'f', 4) << " |\n";
    out << "\nPictures: ";
    for (const char* name : {"first-curve", "data", "train", "search", "inspect", "map", "compare", "runs"})
        out << "[" << name << "](" << name << ".png) ";
    out << "\n";
    out.flush();
    say(QStringLiteral("Pictures and report.md are in %1").arg(folder.absolutePath()));
    return saved && out.status() == QTextStream::Ok ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    QElapsedTimer sinceStart;
    sinceStart.start();
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("recoscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Recoscope"));
    QApplication::setApplicationVersion(QStringLiteral(RECOSCOPE_VERSION));
    QApplication::setOrganizationName(QStringLiteral("recoscope"));

    QCommandLineParser parser;
    parser.setApplicationDescription(QApplication::translate(
        "main", "A workbench for recommender systems. Opens with the built-in sample, or with PATH."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption workspaceOption(
        QStringLiteral("workspace"), QApplication::translate("main", "Folder that keeps runs and models."),
        QStringLiteral("DIR"));
    const QCommandLineOption shotsOption(
        QStringLiteral("shots"),
        QApplication::translate("main", "Save pictures of every page, made by really using it, and exit."),
        QStringLiteral("DIR"));
    const QCommandLineOption demoOption(
        QStringLiteral("demo"),
        QApplication::translate("main",
                                "Train on the sample off screen, save pictures and a report, and exit."),
        QStringLiteral("DIR"));
    parser.addOptions({workspaceOption, shotsOption, demoOption});
    parser.addPositionalArgument(QStringLiteral("PATH"),
                                 QApplication::translate("main", "File, folder, .zip or .gz to open."),
                                 QStringLiteral("[PATH]"));
    parser.process(app);

    const bool driven = parser.isSet(shotsOption) || parser.isSet(demoOption);
    // Pictures must not show or change what is in a person's own workspace.
    QTemporaryDir scratch;
    QString workspace = parser.value(workspaceOption);
    Settings settings;
    if (!driven && !workspace.isEmpty()) settings.setWorkspace(QDir(workspace).absolutePath());
    if (workspace.isEmpty()) workspace = driven ? scratch.path() : lastWorkspace(settings);
    const QString path = parser.positionalArguments().value(0, QStringLiteral("builtin:sample"));

    Theme::apply(driven ? ThemeChoice::Light : themeChoice(settings.theme()),
                 driven ? 1.0 : settings.zoom());
    DatasetService datasets;
    TrainingService training(workspace);
    RunLibrary library(workspace);
    MainWindow window(&datasets, &training, &library, driven ? nullptr : &settings);
    window.setConfirmClose(!driven);
    window.restore();
    window.show();
    library.refresh();
    if (parser.isSet(shotsOption))
        return takeShots({datasets, training, library, window}, path, parser.value(shotsOption));
    if (parser.isSet(demoOption))
        return runDemo({datasets, training, library, window}, path, parser.value(demoOption),
                       sinceStart.elapsed());
    path == QLatin1String("builtin:sample") ? window.openSample() : window.openPath(path);
    return QApplication::exec();
}
