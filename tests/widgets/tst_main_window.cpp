// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/number_field.h"
#include "widgets/forms/parameter_form.h"
#include "widgets/main_window.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/data_page.h"
#include "widgets/pages/inspect_page.h"
#include "widgets/pages/runs_page.h"
#include "widgets/pages/search_page.h"
#include "widgets/pages/search_setup.h"
#include "widgets/pages/train_page.h"
#include "widgets/style/theme.h"

#include <QAction>
#include <QApplication>
#include <QDragEnterEvent>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QFile>
#include <QGraphicsView>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSplitter>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>

#include <cmath>

using namespace recoscope;

namespace {

constexpr int patience = 120'000; // ms; a sanitizer build on a busy machine

struct Session {
    explicit Session(const QString& workspace, Settings* settings = nullptr)
        : training(workspace)
        , library(workspace)
        , window(&datasets, &training, &library, settings) {
        window.setConfirmClose(false);
        window.restore();
        window.show();
    }
    DatasetService datasets;
    TrainingService training;
    RunLibrary library;
    MainWindow window;
};

} // namespace

class TestMainWindow final : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
private slots:
    void theSampleIsReadyToTrainWithoutAQuestion() {
        Session session(m_folder.filePath("sample"));
        session.window.openSample();
        QCOMPARE(session.window.page(), MainWindow::Train);
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        QTRY_VERIFY(session.window.trainPage()->runActions().front()->isEnabled());
        QVERIFY(session.window.windowTitle().endsWith("Recoscope"));
        QStringList said;
        for (const QLabel* label : session.window.findChildren<QLabel*>())
            said << label->text();
        said = said.filter("(synthetic): ");
        QVERIFY2(said.size() == 1 && said.front().contains(": 600 users"), qPrintable(said.join(" | ")));
    }

    void aDroppedFileIsOpenedOnTheDataPage() {
        const QString path = m_folder.filePath("ratings.csv");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("userId,movieId,rating,timestamp\n");
        for (int user = 1; user <= 20; ++user)
            for (int item = 1; item <= 10; ++item)
                file.write(QStringLiteral("%1,%2,%3,%4\n")
                               .arg(user)
                               .arg((user * 3 + item * 7) % 40)
                               .arg(1 + item % 5)
                               .arg(1000 + item)
                               .toUtf8());
        file.close();
        Session session(m_folder.filePath("drop"));
        session.window.showPage(MainWindow::Runs);
        QMimeData mime;
        mime.setUrls({QUrl::fromLocalFile(path)});
        QSignalSpy previewed(&session.datasets, &DatasetService::previewReady);
        // A chart takes drops, but has nothing to do with a file; a field would take its name.
        auto* chart = session.window.runsPage()->findChild<QGraphicsView*>();
        auto* field = session.window.runsPage()->findChild<QLineEdit*>();
        QVERIFY(chart && chart->viewport()->acceptDrops() && field && field->acceptDrops());
        for (QWidget* under :
             {static_cast<QWidget*>(&session.window), chart->viewport(), static_cast<QWidget*>(field)}) {
            QDragEnterEvent enter({1, 1}, Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(under, &enter);
            QVERIFY(enter.isAccepted());
            QDragMoveEvent move({2, 2}, Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
            QApplication::sendEvent(under, &move);
            QVERIFY(move.isAccepted());
        }
        QMimeData text; // no file: the field's own business
        text.setText("ials");
        QDragEnterEvent words({1, 1}, Qt::CopyAction, &text, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(chart->viewport(), &words);
        QCOMPARE(session.window.page(), MainWindow::Runs);
        QDropEvent drop({3, 3}, Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(chart->viewport(), &drop);
        QVERIFY(drop.isAccepted());
        QCOMPARE(session.window.page(), MainWindow::Data);
        QTRY_VERIFY_WITH_TIMEOUT(previewed.count() > 0,
                                 patience); // it is looked at before anything is imported
    }

    void closingWhileTrainingDoesNotHangAndKeepsTheRun() {
        const QString workspace = m_folder.filePath("close");
        QString run;
        QElapsedTimer clock;
        {
            Session session(workspace);
            session.window.openSample();
            QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
            QVERIFY(session.window.trainPage()->selectAlgorithm("biased_mf"));
            qobject_cast<NumberField*>(session.window.trainPage()->parameters()->editor("epochs"))
                ->setValue(1000);
            run = session.window.trainPage()->start();
            QTRY_VERIFY_WITH_TIMEOUT(
                session.training.run(run) && session.training.run(run)->lastEpoch.epoch >= 1, patience);
            clock.start();
            QVERIFY(session.window.close());
        }
        QVERIFY2(clock.elapsed() < 10'000,
                 qPrintable(QString::number(clock.elapsed()))); // typically below 0.3 s
        const auto store = RunStore::open(workspace, RunStore::Access::ReadOnly);
        QVERIFY(store.ok());
        const auto stored = (*store)->find(run);
        QVERIFY(stored.ok());
        QVERIFY(stored->epochs >= 1);
    }

    void aFinishedRunIsOnTheRunsPageAndRunsAgain() {
        Session session(m_folder.filePath("again"));
        session.window.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        QVERIFY(session.window.trainPage()->selectAlgorithm("popularity"));
        const QString run = session.window.trainPage()->start();
        QTRY_VERIFY_WITH_TIMEOUT(
            session.library.find(run) && session.library.find(run)->status == RunStatus::Completed, patience);
        // Another split is current now: the run brings its own back first.
        SplitSpec other;
        other.seed = 7;
        const std::string before = session.datasets.currentSplit()->fingerprint();
        session.datasets.split(other);
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit()->fingerprint() != before, patience);
        emit session.window.runsPage()->rerunRequested(run);
        QTRY_COMPARE_WITH_TIMEOUT(session.training.runs().size(), std::size_t{2}, patience);
        QTRY_VERIFY_WITH_TIMEOUT(session.training.run(session.training.runs()[1])->record.status ==
                                     RunStatus::Completed,
                                 patience);
        const LiveRun* first = session.training.run(session.training.runs()[0]);
        const LiveRun* second = session.training.run(session.training.runs()[1]);
        QCOMPARE(second->test->find("ndcg@10")->value,
                 first->test->find("ndcg@10")->value); // the same to the last bit
    }

    void aPersonsThemeSizesAndRecentFilesAreThereNextTime() {
        const QString ini = m_folder.filePath("settings.ini");
        const QString path = m_folder.filePath("kept.csv");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("userId,movieId,rating\n1,1,3\n1,2,4\n2,1,5\n2,2,1\n3,2,2\n");
        file.close();
        {
            Settings settings(ini);
            Session session(m_folder.filePath("kept"), &settings);
            session.window.findChild<QAction*>("theme2")->trigger();
            QVERIFY(Theme::current().dark());
            session.window.resize(1400, 900);
            session.window.showPage(MainWindow::Train);
            auto* splitter = session.window.findChild<QSplitter*>("trainSplitter");
            splitter->setSizes({600, 700});
            QSignalSpy imported(&session.datasets, &DatasetService::imported);
            session.window.openPath(path);
            QTRY_COMPARE_WITH_TIMEOUT(imported.count(), 1, patience);
            QTRY_VERIFY(splitter->sizes().front() > 500); // 370 of 1280 at first
            QVERIFY(session.window.close());
        }
        Theme::apply(ThemeChoice::Light);
        Settings settings(ini);
        {
            Session unused(m_folder.filePath("kept"), &settings);
            QVERIFY(unused.window.close()); // the page with the splitter was never looked at
        }
        QVERIFY(themeChoice(settings.theme()) == ThemeChoice::Dark);
        QCOMPARE(settings.recentFiles(), QStringList{path});
        Session session(m_folder.filePath("kept"), &settings);
        QCOMPARE(session.window.size(), QSize(1400, 900));
        session.window.showPage(MainWindow::Train);
        // Not to the pixel: what was dragged in a narrower window is scaled.
        QTRY_VERIFY(session.window.findChild<QSplitter*>("trainSplitter")->sizes().front() > 500);
    }

    void everyPageFitsTheSmallestSizeInEveryTheme() {
        Session session(m_folder.filePath("theme"));
        for (const auto choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
            Theme::apply(choice);
            session.window.resize(1280, 800);
            for (const auto page :
                 {MainWindow::Data, MainWindow::Train, MainWindow::Inspect, MainWindow::Map, MainWindow::Compare, MainWindow::Runs}) {
                session.window.showPage(page);
                QTest::qWait(30);
                QVERIFY2(session.window.width() <= 1280 && session.window.height() <= 800,
                         qPrintable(QStringLiteral("page %1 wants %2 x %3")
                                        .arg(page)
                                        .arg(session.window.minimumSizeHint().width())
                                        .arg(session.window.minimumSizeHint().height())));
            }
        }
        // A classroom's large text on a projector.
        Theme::apply(ThemeChoice::Light, 1.5);
        session.window.resize(1920, 1080);
        for (const auto page :
             {MainWindow::Data, MainWindow::Train, MainWindow::Inspect, MainWindow::Map, MainWindow::Compare, MainWindow::Runs}) {
            session.window.showPage(page);
            QTest::qWait(30);
            QVERIFY2(session.window.width() <= 1920 && session.window.height() <= 1080,
                     qPrintable(QString::number(page)));
        }
        Theme::apply(ThemeChoice::Light);
    }

    void largeTextNeverNeedsAWiderWindowAndGoesBack() {
        Theme::apply(ThemeChoice::Light); // as the program does, before anything is made
        Session session(m_folder.filePath("zoom"));
        session.window.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        session.window.resize(1280, 800);
        // The forecast comes a moment after the split.
        session.window.showPage(MainWindow::Train);
        QTRY_VERIFY_WITH_TIMEOUT(session.window.findChild<QLabel*>("forecast")->isVisible(), patience);
        const std::initializer_list<MainWindow::Page> pages{MainWindow::Data, MainWindow::Train,
                                                            MainWindow::Inspect, MainWindow::Compare, MainWindow::Runs};
        // What a person sees of text, page by page, with its size.
        const auto sizes = [&] {
            std::vector<std::pair<QWidget*, double>> seen;
            for (const auto page : pages) {
                session.window.showPage(page);
                QTest::qWait(50);
                for (QWidget* widget : session.window.findChildren<QWidget*>())
                    if (widget->isVisible() &&
                        (qobject_cast<QLabel*>(widget) || qobject_cast<QPlainTextEdit*>(widget)))
                        seen.emplace_back(widget, widget->font().pointSizeF());
            }
            return seen;
        };
        const auto before = sizes();
        QVERIFY2(before.size() > 60, qPrintable(QString::number(before.size())));
        for (const double zoom : {1.3, 1.6}) {
            Theme::apply(ThemeChoice::Light, zoom);
            for (const auto page : pages) {
                session.window.showPage(page);
                QTest::qWait(50);
                QVERIFY2(session.window.width() <= 1280 && session.window.minimumSizeHint().width() <= 1280,
                         qPrintable(QStringLiteral("page %1 at %2: %3")
                                        .arg(page)
                                        .arg(zoom)
                                        .arg(session.window.minimumSizeHint().width())));
            }
            const auto large = sizes();
            QCOMPARE(large.size(), before.size());
            for (std::size_t i = 0; i < large.size(); ++i)
                QVERIFY2(large[i].first == before[i].first &&
                             std::abs(large[i].second - zoom * before[i].second) < 0.2,
                         qPrintable(QStringLiteral("%1 %2: %3 pt, was %4")
                                        .arg(large[i].first->metaObject()->className())
                                        .arg(qobject_cast<QLabel*>(large[i].first)
                                                 ? static_cast<QLabel*>(large[i].first)->text().left(40)
                                                 : QString())
                                        .arg(large[i].second)
                                        .arg(before[i].second)));
        }
        Theme::apply(ThemeChoice::Light);
        QTest::qWait(50);
        QCOMPARE(session.window.size(), QSize(1280, 800));
        QVERIFY(sizes() == before);
    }

    void aRunOfOtherDataSaysWhatItOpenedAndOffersTheWayBack() {
        const QString path = m_folder.filePath("mine.csv");
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("userId,movieId,rating\n");
        for (int user = 1; user <= 20; ++user)
            for (int item = 1; item <= 12; ++item)
                file.write(QStringLiteral("%1,%2,%3\n").arg(user).arg((user + item * 3) % 30).arg(1 + item % 5).toUtf8());
        file.close();
        Session session(m_folder.filePath("other"));
        session.window.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        QVERIFY(session.window.trainPage()->selectAlgorithm("popularity"));
        const QString run = session.window.trainPage()->start();
        QTRY_VERIFY_WITH_TIMEOUT(
            session.library.find(run) && session.library.find(run)->status == RunStatus::Completed, patience);
        session.datasets.import(path, {});
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.path() == path && session.datasets.currentSplit(), patience);
        auto* notice = session.window.findChild<QWidget*>("notice");
        QVERIFY(!notice->isVisible());
        emit session.window.runsPage()->rerunRequested(run);
        QTRY_VERIFY_WITH_TIMEOUT(notice->isVisible(), patience);
        QCOMPARE(session.datasets.path(), QStringLiteral("builtin:sample"));
        session.window.findChild<QPushButton*>("goBack")->click();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.path() == path && session.datasets.currentSplit(), patience);
        QVERIFY(!notice->isVisible());
    }

    void trainAndSearchHandTheirParametersToEachOther() {
        Session session(m_folder.filePath("search"));
        session.window.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        TrainingPlan best;
        best.algorithm = "biased_mf";
        best.params["learning_rate"] = 0.02;
        session.window.showPage(MainWindow::Search);
        emit session.window.searchPage()->useRequested(best);
        QCOMPARE(session.window.page(), MainWindow::Train);
        const TrainingPlan shown = session.window.trainPage()->experiment().plan;
        QCOMPARE(shown.algorithm, std::string("biased_mf"));
        QCOMPARE(std::get<double>(shown.params.at("learning_rate")), 0.02);
        // The other way round: what is set up on the Train page is what a search begins with.
        QVERIFY(session.window.trainPage()->selectAlgorithm("item_knn"));
        session.window.showPage(MainWindow::Search);
        QCOMPARE(session.window.searchPage()->setup()->algorithm(), QStringLiteral("item_knn"));
    }

    void theSelectedRunsAreComparedByAButton() {
        Session session(m_folder.filePath("compare"));
        session.window.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        QStringList runs;
        for (const char* algorithm : {"popularity", "item_knn"}) {
            QVERIFY(session.window.trainPage()->selectAlgorithm(algorithm));
            runs << session.window.trainPage()->start();
            QTRY_VERIFY_WITH_TIMEOUT(session.library.find(runs.back()) &&
                                         session.library.find(runs.back())->status == RunStatus::Completed,
                                     patience);
        }
        session.window.showPage(MainWindow::Runs);
        auto* button = session.window.runsPage()->findChild<QPushButton*>("compareRunsButton");
        session.window.runsPage()->selectRuns({runs.front()});
        QVERIFY(!button->isEnabled());
        session.window.runsPage()->selectRuns(runs);
        QTRY_VERIFY_WITH_TIMEOUT(button->isEnabled(), patience);
        QTest::mouseClick(button, Qt::LeftButton);
        QCOMPARE(session.window.page(), MainWindow::Compare);
        QStringList compared = session.window.comparePage()->runs();
        compared.sort();
        runs.sort();
        QCOMPARE(compared, runs);
        QTRY_VERIFY_WITH_TIMEOUT(session.window.comparePage()->measurement(), patience);
    }

    void aStoppedRunIsTestedByAButton() {
        Session session(m_folder.filePath("test"));
        session.window.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(session.datasets.currentSplit(), patience);
        QVERIFY(session.window.trainPage()->selectAlgorithm("biased_mf"));
        qobject_cast<NumberField*>(session.window.trainPage()->parameters()->editor("epochs"))->setValue(1000);
        const QString run = session.window.trainPage()->start();
        QTRY_VERIFY_WITH_TIMEOUT(session.training.run(run)->lastEpoch.epoch >= 2, patience);
        auto* button = session.window.findChild<QPushButton*>("testModel");
        QVERIFY(!button->isVisible()); // it goes on
        session.training.cancel(run);
        QTRY_VERIFY_WITH_TIMEOUT(session.library.find(run) && session.library.find(run)->hasModel, patience);
        QTRY_VERIFY(button->isVisible());
        QVERIFY(!session.training.run(run)->test);
        button->click();
        QTRY_VERIFY_WITH_TIMEOUT(session.training.run(run)->test, patience);
        QTRY_VERIFY(!button->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(!session.library.find(run)->testMetrics.empty(), patience);
        QVERIFY(!session.library.find(run)->reason.contains("not tested"));
    }

    void textContrastIsHighInBothThemes() {
        const auto luminance = [](const QColor& color) {
            const auto linear = [](double c) {
                return c <= 0.03928 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
            };
            return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) +
                   0.0722 * linear(color.blueF());
        };
        const auto contrast = [&](const QColor& a, const QColor& b) { // WCAG 2.1, relative luminance
            const double x = luminance(a);
            const double y = luminance(b);
            return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
        };
        for (const auto choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
            Theme::apply(choice);
            const ThemeColors& c = Theme::current().colors();
            for (const QColor& ground : {c.window, c.surface, c.raised, c.selection}) {
                QVERIFY(contrast(c.text, ground) >= 7.0);
                QVERIFY(contrast(c.muted, ground) >= 4.5);
            }
            QVERIFY(contrast(c.accentText, c.accent) >= 4.5);
            for (const QColor& word : {c.good, c.warning, c.bad, c.accent})
                QVERIFY(contrast(word, c.surface) >= 4.5);
            for (int i = 0; i < 8; ++i)
                QVERIFY2(contrast(Theme::current().series(i), c.surface) >= 3.0,
                         qPrintable(QString::number(i)));
        }
        Theme::apply(ThemeChoice::Light);
    }
};

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
