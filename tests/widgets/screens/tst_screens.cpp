// SPDX-License-Identifier: GPL-3.0-or-later
// Every page as a picture, against pictures that were looked at: tests/data/screens/README.md says how a new
// one is accepted.
#include "tests/widgets/screens/picture_difference.h"
#include "tests/widgets/screens/screen_session.h"
#include "widgets/pages/compare_page.h"
#include "widgets/pages/inspect_page.h"
#include "widgets/style/theme.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QFontDatabase>
#include <QTemporaryDir>
#include <QTest>
#include <QVersionNumber>

using namespace recoscope;

namespace {

constexpr const char* kGoldens = RECOSCOPE_SOURCE_DIR "/tests/data/screens";
constexpr const char* kUpdate = "RECOSCOPE_UPDATE_SCREENS";

QString withoutPatch(const QString& version) {
    const QVersionNumber number = QVersionNumber::fromString(version);
    return QStringLiteral("%1.%2").arg(number.majorVersion()).arg(number.minorVersion());
}

QImage picture(MainWindow& window) {
    fixChangingTexts(window);
    return window.grab().toImage().convertToFormat(QImage::Format_RGB32);
}

/// Grabs the window until `done`, or until nothing has moved for so long that nothing will.
template <class Done>
QImage pictureWhen(MainWindow& window, int stillMs, Done done) {
    QImage shown;
    QElapsedTimer still;
    const bool became = QTest::qWaitFor(
        [&] {
            QImage now = picture(window);
            if (now != shown) still.start();
            shown = std::move(now);
            return done(shown) || still.hasExpired(stillMs);
        },
        120'000);
    return became ? shown : QImage();
}

} // namespace

class TestScreens final : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::unique_ptr<ScreenSession> m_session; // one at a time: only one window is the active one
    bool m_trained = false;                   // which one it is

    MainWindow* windowFor(const QString& page) {
        const bool trained = page == QLatin1String("train");
        if (!m_session || m_trained != trained) {
            m_session.reset();
            m_trained = trained;
            m_session = trained ? trainedSession(m_folder.filePath("trained"))
                                : storedSession(m_folder.filePath("stored"));
        }
        return m_session ? &m_session->window : nullptr;
    }

    void showPage(MainWindow& window, const QString& page) {
        const bool metric = page == QLatin1String("metric"), pairs = page == QLatin1String("compare-pairs");
        static const QStringList names{"data", "train", "search", "inspect", "map", "compare", "runs"};
        window.showPage(metric  ? MainWindow::Inspect
                        : pairs ? MainWindow::Compare
                                : static_cast<MainWindow::Page>(names.indexOf(page)));
        if (page == QLatin1String("inspect")) window.inspectPage()->showCode(false);
        if (metric) window.inspectPage()->showMetric();
        window.comparePage()->showTab(pairs ? ComparePage::Significance : ComparePage::Metrics);
    }

private slots:
    void initTestCase() {
        if (!QFontDatabase::families().contains("DejaVu Sans"))
            QSKIP("The font of the pictures is not in /usr/share/fonts/truetype/dejavu (Debian: "
                  "fonts-dejavu-core)");
        Theme::apply(ThemeChoice::Light);
        QCOMPARE(QFontInfo(Theme::current().font()).family(), "DejaVu Sans");
    }

    void thePageLooksAsItDid_data() {
        QTest::addColumn<QString>("page");
        QTest::addColumn<bool>("dark");
        QTest::addColumn<QSize>("size");
        const auto row = [](const char* page, bool dark, QSize size) {
            QTest::addRow("%s-%dx%d-%s", page, size.width(), size.height(), dark ? "dark" : "light")
                << page << dark << size;
        };
        const QSize usual(1280, 800), large(1920, 1080);
        // The Train page first: it has a session of its own.
        for (const char* page : {"train", "data", "search", "inspect", "map", "compare", "runs"})
            for (const bool dark : {false, true})
                row(page, dark, usual);
        row("metric", false, usual);
        row("compare-pairs", true, usual);
        row("runs", false, large);
    }

    void thePageLooksAsItDid() {
        QFETCH(QString, page);
        QFETCH(bool, dark);
        QFETCH(QSize, size);
        const QString name = QString::fromLatin1(QTest::currentDataTag()) + QStringLiteral(".png");
        const QImage expected(QDir(kGoldens).filePath(name));
        const QString update = qEnvironmentVariable(kUpdate);
        const QString madeWith = withoutPatch(expected.text("Qt")), here = withoutPatch(qVersion());
        if (update.isEmpty() && !expected.isNull() && madeWith != here)
            QSKIP(qPrintable(
                QStringLiteral("The pictures were made with Qt %1, which draws a little differently "
                               "from Qt %2")
                    .arg(madeWith, here)));
        MainWindow* window = windowFor(page);
        QVERIFY2(window, "the runs were not trained in time");
        if (Theme::current().dark() != dark) Theme::apply(dark ? ThemeChoice::Dark : ThemeChoice::Light);
        window->resize(size);
        showPage(*window, page);
        window->activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(window));
        if (!update.isEmpty()) {
            QImage made = compact(pictureWhen(*window, 1'500, [](const QImage&) { return false; }));
            made.setText("Qt", qVersion());
            QVERIFY2(made.save(QDir(update).filePath(name), "PNG", 0), qPrintable(update));
            return;
        }
        PictureDifference found;
        const QImage actual = pictureWhen(*window, 4'000, [&](const QImage& now) {
            found = difference(now, expected);
            return found.negligible();
        });
        if (found.negligible()) return;
        const QDir folder(QCoreApplication::applicationDirPath() + QStringLiteral("/screens"));
        QVERIFY(folder.mkpath("."));
        actual.save(folder.filePath("actual-" + name));
        expected.save(folder.filePath("expected-" + name));
        marked(actual, found).save(folder.filePath("difference-" + name));
        QFAIL(qPrintable(
            QStringLiteral(
                "%1 has changed%2. See actual-, expected- and difference-%1 in %3. When it is meant so: "
                "look at the new picture, then accept it with %4=%5 %6 thePageLooksAsItDid:%7")
                .arg(name,
                     expected.isNull() ? QStringLiteral(": there is no picture of it yet")
                     : found.otherSize ? QStringLiteral(": another size")
                                       : QStringLiteral(" in %1 squares").arg(found.blocks.size()),
                     folder.path(), kUpdate, QString::fromLatin1(kGoldens),
                     QCoreApplication::applicationFilePath(), QString::fromLatin1(QTest::currentDataTag()))));
    }
};

int main(int argc, char** argv) {
    // What the pictures would otherwise take from the system: platform, font files and their hinting, scale,
    // time zone and language.
    qputenv("QT_QPA_PLATFORM", "offscreen");
    qputenv("FONTCONFIG_FILE", (QByteArray(kGoldens) + "/fonts.conf"));
    qputenv("TZ", "UTC");
    qputenv("LC_ALL", "C.UTF-8");
    for (const char* name : {"QT_SCALE_FACTOR", "QT_SCREEN_SCALE_FACTORS", "QT_FONT_DPI", "QT_STYLE_OVERRIDE",
                             "QT_QPA_PLATFORMTHEME"})
        qunsetenv(name);
    QApplication app(argc, argv);
    app.setAttribute(Qt::AA_Use96Dpi, true);
    QTEST_SET_MAIN_SOURCE_PATH
    TestScreens test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_screens.moc"
