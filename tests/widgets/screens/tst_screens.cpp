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
#include <QFontDatabase>
#include <QRegularExpression>
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
    bool m_filled = false;

    /// A window of its own for every page, so that no picture hangs on what was looked at before.
    std::unique_ptr<ScreenSession> sessionFor(const QString& page) {
        Theme::apply(ThemeChoice::Light);
        if (page == QLatin1String("train")) return trainedSession(m_folder.filePath("trained"));
        const QString stored = m_folder.filePath("stored");
        if (!m_filled) m_filled = fillWorkspace(stored);
        return m_filled ? storedSession(stored) : nullptr;
    }

    static void showPage(MainWindow& window, const QString& page) {
        const bool metric = page == QLatin1String("metric"), pairs = page == QLatin1String("compare-pairs");
        static const QStringList names{"data", "train", "search", "inspect", "map", "compare", "runs"};
        window.showPage(metric  ? MainWindow::Inspect
                        : pairs ? MainWindow::Compare
                                : static_cast<MainWindow::Page>(names.indexOf(page)));
        if (metric) window.inspectPage()->showMetric();
        if (pairs) window.comparePage()->showTab(ComparePage::Significance);
    }

    /// What is wrong with a picture of the window as it is now; empty: nothing. Or makes it the expected one.
    static QString check(MainWindow& window, const QString& name) {
        if (const QString update = qEnvironmentVariable(kUpdate); !update.isEmpty()) {
            QImage made = compact(pictureWhen(window, 1'500, [](const QImage&) { return false; }));
            made.setText("Qt", qVersion());
            return made.save(QDir(update).filePath(name), "PNG", 0) ? QString() : "cannot write to " + update;
        }
        const QImage expected(QDir(kGoldens).filePath(name));
        PictureDifference found;
        const QImage actual = pictureWhen(window, 4'000, [&](const QImage& now) {
            found = difference(now, expected);
            return found.negligible();
        });
        if (found.negligible()) return {};
        const QDir folder(QCoreApplication::applicationDirPath() + QStringLiteral("/screens"));
        folder.mkpath(".");
        actual.save(folder.filePath("actual-" + name));
        expected.save(folder.filePath("expected-" + name));
        marked(actual, found).save(folder.filePath("difference-" + name));
        return QStringLiteral("%1 has changed%2: see actual-, expected- and difference-%1 in %3. ")
            .arg(name,
                 expected.isNull() ? QStringLiteral(" (there is no picture of it yet)")
                 : found.otherSize ? QStringLiteral(" in size")
                                   : QStringLiteral(" in %1 squares").arg(found.blocks.size()),
                 folder.path());
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
        QTest::addColumn<QStringList>("pictures");
        const auto row = [](const QString& page, QStringList more = {}) {
            QTest::newRow(qPrintable(page))
                << (QStringList{page + "-1280x800-light", page + "-1280x800-dark"} + more);
        };
        row("train");
        row("data");
        row("search");
        row("inspect", {"metric-1280x800-dark"});
        row("map");
        row("compare", {"compare-pairs-1280x800-dark"});
        row("runs", {"runs-1920x1080-dark"});
    }

    void thePageLooksAsItDid() {
        QFETCH(QStringList, pictures);
        const QImage first(QDir(kGoldens).filePath(pictures.front() + ".png"));
        const QString madeWith = withoutPatch(first.text("Qt")), here = withoutPatch(qVersion());
        if (qEnvironmentVariableIsEmpty(kUpdate) && !first.isNull() && madeWith != here)
            QSKIP(qPrintable(
                QStringLiteral(
                    "The pictures were made with Qt %1, which draws a little differently from Qt %2")
                    .arg(madeWith, here)));
        const auto session = sessionFor(QTest::currentDataTag());
        QVERIFY2(session, "the runs were not trained in time");
        MainWindow& window = session->window;
        window.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        QString problems;
        // Light, then dark in the same window: what keeps a colour of the old theme is seen.
        for (const QString& picture : pictures) {
            const bool dark = picture.endsWith(QLatin1String("dark"));
            if (Theme::current().dark() != dark) Theme::apply(dark ? ThemeChoice::Dark : ThemeChoice::Light);
            window.resize(picture.contains(QLatin1String("1920x1080")) ? QSize(1920, 1080)
                                                                       : QSize(1280, 800));
            showPage(window, picture.left(picture.indexOf(QRegularExpression("-\\d"))));
            problems += check(window, picture + ".png");
        }
        QVERIFY2(problems.isEmpty(),
                 qPrintable(
                     problems +
                     QStringLiteral("When it is meant so: look at the new pictures, then accept them with "
                                    "%1=%2 %3 thePageLooksAsItDid:%4")
                         .arg(kUpdate, QString::fromLatin1(kGoldens), QCoreApplication::applicationFilePath(),
                              QString::fromLatin1(QTest::currentDataTag()))));
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
