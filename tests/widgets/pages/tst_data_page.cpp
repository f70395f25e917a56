// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/dataset_table_model.h"
#include "app/storage/settings.h"
#include "tests/support/real_data.h"
#include "widgets/dialogs/import_dialog.h"
#include "widgets/pages/browse_table.h"
#include "widgets/pages/data_page.h"
#include "widgets/pages/split_panel.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>
#include <QTest>

using namespace recoscope;

namespace {

constexpr int patience = 60'000; // ms; a sanitizer build on a busy machine

ImportDialog* waitForDialog(QWidget& page) {
    ImportDialog* dialog = nullptr;
    const bool shown = QTest::qWaitFor(
        [&] {
            dialog = page.findChild<ImportDialog*>();
            return dialog && dialog->isVisible();
        },
        patience);
    return shown ? dialog : nullptr;
}

BrowseTable* itemTable(QWidget& page) {
    for (auto* table : page.findChildren<BrowseTable*>())
        if (table->model()->kind() == BrowseKind::Items) return table;
    return nullptr;
}

QPushButton* acceptButton(QDialog& dialog) {
    auto* box = dialog.findChild<QDialogButtonBox*>();
    for (QAbstractButton* button : box->buttons())
        if (box->buttonRole(button) == QDialogButtonBox::AcceptRole) return qobject_cast<QPushButton*>(button);
    return nullptr;
}

/// Purchases under a header that says nothing: product, customer (seven of them), rating.
bool writePurchases(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return false;
    file.write("alpha,beta,gamma\n");
    for (int n = 0; n < 60; ++n)
        file.write(QStringLiteral("p%1,c%2,%3\n").arg(n % 12).arg(n % 7).arg(1 + n % 5).toUtf8());
    return file.flush();
}

/// The choices of user, item, rating and time.
std::vector<QComboBox*> columnChoices(const QDialog& dialog) {
    std::vector<QComboBox*> choices;
    for (QComboBox* box : dialog.findChildren<QComboBox*>())
        if (box->findText(QStringLiteral("gamma")) >= 0) choices.push_back(box);
    return choices;
}

} // namespace

class TestDataPage final : public QObject {
    Q_OBJECT
private slots:
    void sampleOpensAndSaysThatItIsSynthetic() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.resize(1180, 740);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        bool said = false;
        for (const QLabel* label : page.findChildren<QLabel*>())
            said = said || (label->isVisible() && label->text() == QLatin1String("synthetic"));
        QVERIFY(said);
        BrowseTable* items = itemTable(page);
        QTRY_COMPARE_WITH_TIMEOUT(items->model()->rowCount(), datasets.dataset()->itemCount(), patience);
    }

    void filePreviewIsShownBeforeImportingAndASearchFindsAnItem() {
        RECOSCOPE_REAL_DATA(path, "ml-latest-small");
        DatasetService datasets;
        DataPage page(&datasets);
        page.show();
        QSignalSpy opened(&page, &DataPage::opened);
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openPath(QString::fromStdString(path));
        ImportDialog* dialog = waitForDialog(page);
        QVERIFY(dialog);
        QVERIFY(!datasets.dataset()); // only looked at so far
        QTest::mouseClick(acceptButton(*dialog), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        QCOMPARE(opened.count(), 1);
        QCOMPARE(datasets.dataset()->interactionCount(), std::int64_t{100'836});
        QCOMPARE(datasets.dataset()->itemCount(), 9'724);

        page.showTab(1);
        BrowseTable* items = itemTable(page);
        QTRY_COMPARE_WITH_TIMEOUT(items->model()->rowCount(), 9'724, patience);
        QTest::keyClicks(items->searchField(), QStringLiteral("toy story"));
        QTRY_COMPARE_WITH_TIMEOUT(items->model()->rowCount(), 3, patience); // Toy Story, 2 and 3
    }

    void unknownColumnsAreMappedByThePerson() {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("purchases.csv"));
        QVERIFY(writePurchases(path));
        DatasetService datasets;
        DataPage page(&datasets);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openPath(path, DataPage::Ask::WhenUncertain);
        ImportDialog* dialog = waitForDialog(page);
        QVERIFY(dialog); // nothing says which column is the user: asked although WhenUncertain
        // The customer is the second column, the product the first, the rating the third.
        const std::vector<QComboBox*> columns = columnChoices(*dialog);
        QCOMPARE(columns.size(), std::size_t{4}); // user, item, rating, time
        const auto* guess = dialog->findChild<QLabel*>(QStringLiteral("guess"));
        QVERIFY(guess && guess->isVisible()); // the choice to start from is a guess, and says so
        columns[0]->setCurrentText(QStringLiteral("beta"));
        auto* rows = dialog->findChild<QTableView*>();
        for (int column = 0; column < 3; ++column)
            QVERIFY(rows->columnWidth(column) >= rows->horizontalHeader()->sectionSizeHint(column));
        columns[1]->setCurrentText(QStringLiteral("beta"));
        QVERIFY(!acceptButton(*dialog)->isEnabled()); // one column for two roles
        columns[1]->setCurrentText(QStringLiteral("alpha"));
        columns[2]->setCurrentText(QStringLiteral("gamma"));
        columns[3]->setCurrentIndex(0);
        QVERIFY(acceptButton(*dialog)->isEnabled());
        QTest::mouseClick(acceptButton(*dialog), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        QCOMPARE(datasets.dataset()->userCount(), 7);
        QCOMPARE(datasets.dataset()->itemCount(), 12);
        QCOMPARE(datasets.dataset()->scale().max, 5.0f);
    }

    void aSecondFileWithTheSameHeaderStartsFromTheRememberedColumns() {
        QTemporaryDir folder;
        const QString first = folder.filePath(QStringLiteral("spring.csv"));
        const QString second = folder.filePath(QStringLiteral("summer.csv"));
        const QString third = folder.filePath(QStringLiteral("autumn.csv"));
        for (const QString& path : {first, second, third}) QVERIFY(writePurchases(path));
        const QString ini = folder.filePath(QStringLiteral("settings.ini"));
        {
            Settings settings(ini);
            DatasetService datasets;
            DataPage page(&datasets);
            page.setSettings(&settings);
            page.show();
            page.openPath(first, DataPage::Ask::WhenUncertain);
            ImportDialog* dialog = waitForDialog(page);
            QVERIFY(dialog);
            const std::vector<QComboBox*> columns = columnChoices(*dialog);
            QCOMPARE(columns.size(), std::size_t{4});
            columns[0]->setCurrentText(QStringLiteral("beta"));
            columns[1]->setCurrentText(QStringLiteral("alpha"));
            columns[2]->setCurrentText(QStringLiteral("gamma"));
            columns[3]->setCurrentIndex(0);
            QSignalSpy imported(&datasets, &DatasetService::imported);
            QTest::mouseClick(acceptButton(*dialog), Qt::LeftButton);
            QTRY_COMPARE_WITH_TIMEOUT(imported.count(), 1, patience);
            QCOMPARE(settings.recentFiles(), QStringList{first});
        }
        // Next time the program is started.
        Settings settings(ini);
        DatasetService datasets;
        DataPage page(&datasets);
        page.setSettings(&settings);
        page.show();
        QSignalSpy imported(&datasets, &DatasetService::imported);
        page.openPath(second, DataPage::Ask::WhenUncertain);
        QTRY_COMPARE_WITH_TIMEOUT(imported.count(), 1, patience);
        QVERIFY(!page.findChild<ImportDialog*>()); // nothing was asked
        QCOMPARE(datasets.dataset()->userCount(), 7);
        QCOMPARE(datasets.dataset()->itemCount(), 12);
        QCOMPARE(settings.recentFiles(), (QStringList{second, first}));

        page.openPath(third, DataPage::Ask::Always);
        ImportDialog* dialog = waitForDialog(page);
        QVERIFY(dialog);
        const std::vector<QComboBox*> columns = columnChoices(*dialog);
        QCOMPARE(columns.size(), std::size_t{4});
        QCOMPARE(columns[0]->currentText(), QStringLiteral("beta"));
        QCOMPARE(columns[1]->currentText(), QStringLiteral("alpha"));
        QCOMPARE(columns[2]->currentText(), QStringLiteral("gamma"));
        QCOMPARE(columns[3]->currentData().toInt(), -1); // not there
    }

    void aRememberedDelimiterCutsTheNextFileToo() {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("odd.csv"));
        QVERIFY(writePurchases(path));
        Settings settings(folder.filePath(QStringLiteral("settings.ini")));
        // Cut at the "m" of "gamma" nothing is as it was: what counts is that the lines are cut again.
        settings.rememberMapping(QStringLiteral("alpha,beta,gamma"),
                                 {.delimiter = 'm', .header = false, .user = 1, .item = 0});
        DatasetService datasets;
        DataPage page(&datasets);
        page.setSettings(&settings);
        page.show();
        page.openPath(path);
        ImportDialog* dialog = waitForDialog(page);
        QVERIFY(dialog);
        const ColumnMapping mapping = dialog->options().mapping.value_or(ColumnMapping{});
        QVERIFY(!mapping.header);
        QCOMPARE(mapping.user, 1);
        QCOMPARE(mapping.item, 0);
        QCOMPARE(dialog->findChild<QTableView*>()->model()->index(0, 0).data().toString(),
                 QStringLiteral("alpha,beta,ga"));
    }

    void filtersAndSplitSayWhatTheyLeave() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.resize(1180, 740);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        const auto before = datasets.currentSplit()->dataset()->interactionCount();
        auto* panel = page.findChild<SplitPanel*>();
        SplitSpec spec = panel->spec();
        spec.kind = SplitKind::LeaveLastOut;
        spec.filter.minRating = 3.5;
        split.clear();
        emit panel->splitWanted(spec);
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        QVERIFY(datasets.currentSplit()->dataset()->interactionCount() < before);
        QCOMPARE(panel->spec(), datasets.currentSplit()->spec());
        // One test and one validation interaction a user who has at least three.
        QVERIFY(datasets.currentSplit()->test().size() <= datasets.currentSplit()->dataset()->userCount());
    }

    void datesStartAtTheDatasEndsSoThatTickingThemDropsNothing() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        auto* panel = page.findChild<SplitPanel*>();
        for (auto* box : panel->findChildren<QCheckBox*>())
            if (box->text().endsWith(QLatin1String(" date"))) box->setChecked(true);
        const SplitSpec spec = panel->spec();
        QVERIFY(spec.filter.fromTime && spec.filter.toTime);
        const auto summary = datasets.summary();
        QVERIFY(*spec.filter.fromTime <= summary->firstTime);
        QVERIFY(summary->firstTime - *spec.filter.fromTime < 86'400);
        QVERIFY(*spec.filter.toTime >= summary->lastTime);
        QVERIFY(*spec.filter.toTime - summary->lastTime < 86'400);
        // The counts are of the split before, and say so.
        const auto said = [&page](const QString& text) {
            for (const QLabel* label : page.findChildren<QLabel*>())
                if (label->isVisible() && label->text().contains(text)) return true;
            return false;
        };
        QVERIFY(said(QStringLiteral("press Apply")));
        QVERIFY(!said(QStringLiteral("Filtered")));
        split.clear();
        emit panel->splitWanted(spec);
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        QCOMPARE(datasets.currentSplit()->dataset()->interactionCount(), datasets.dataset()->interactionCount());
        QVERIFY(!said(QStringLiteral("press Apply")));
        QVERIFY(said(QStringLiteral("Filtered")));
    }

    void oneDateForAllSaysWhichDay() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        auto* panel = page.findChild<SplitPanel*>();
        SplitSpec spec = panel->spec();
        spec.kind = SplitKind::TimeCut;
        split.clear();
        emit panel->splitWanted(spec);
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        std::int64_t newest = 0; // of training, which must be before the test
        for (const std::int64_t time : datasets.currentSplit()->trainTimes()) newest = std::max(newest, time);
        QString day;
        for (const QLabel* label : panel->findChildren<QLabel*>())
            if (const auto at = label->text().indexOf(QLatin1String("Test begins on ")); at >= 0)
                day = label->text().mid(at + 15, 10);
        const QDate begins = QDate::fromString(day, QStringLiteral("yyyy-MM-dd"));
        QVERIFY(begins.isValid());
        QVERIFY(begins.endOfDay(Qt::UTC).toSecsSinceEpoch() > newest);
    }

    void theFirstClickOnACountPutsTheLargestFirst() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.resize(1180, 740);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        page.showTab(1);
        BrowseTable* items = itemTable(page);
        QTRY_COMPARE_WITH_TIMEOUT(items->model()->rowCount(), datasets.dataset()->itemCount(), patience);
        auto* header = items->findChild<QTableView*>()->horizontalHeader();
        int counts = -1;
        for (int column = 0; column < items->model()->columnCount(); ++column)
            if (items->model()->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString() ==
                QLatin1String("Interactions"))
                counts = column;
        QVERIFY(counts >= 0);
        std::int64_t most = 0;
        std::int64_t least = datasets.dataset()->interactionCount();
        for (int item = 0; item < datasets.dataset()->itemCount(); ++item) {
            most = std::max(most, std::int64_t{datasets.dataset()->byItem().rowSize(ItemIndex{item})});
            least = std::min(least, std::int64_t{datasets.dataset()->byItem().rowSize(ItemIndex{item})});
        }
        const auto countOfFirst = [&] {
            return std::int64_t{datasets.dataset()->byItem().rowSize(ItemIndex{items->model()->indexAt(0)})};
        };
        const QPoint title(header->sectionViewportPosition(counts) + header->sectionSize(counts) / 2,
                           header->height() / 2);
        // The table opens with the most popular item.
        QCOMPARE(header->sortIndicatorSection(), counts);
        QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
        QCOMPARE(countOfFirst(), most);
        QTest::mouseClick(header->viewport(), Qt::LeftButton, {}, title);
        QTRY_COMPARE_WITH_TIMEOUT(countOfFirst(), least, patience);
        // By title first, then back: a count sorts with the largest first at the first click.
        const QPoint other(header->sectionViewportPosition(1) + header->sectionSize(1) / 2,
                           header->height() / 2);
        QTest::mouseClick(header->viewport(), Qt::LeftButton, {}, other);
        QCOMPARE(header->sortIndicatorOrder(), Qt::AscendingOrder);
        QTest::mouseClick(header->viewport(), Qt::LeftButton, {}, title);
        QCOMPARE(header->sortIndicatorOrder(), Qt::DescendingOrder);
        QTRY_COMPARE_WITH_TIMEOUT(countOfFirst(), most, patience);
    }

    void everySettingOfASplitIsBackAfterAKindWithoutIt() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.resize(1180, 740);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        auto* panel = page.findChild<SplitPanel*>();
        QDoubleSpinBox* validation = nullptr;
        for (auto* label : panel->findChildren<QLabel*>())
            if (label->text() == QLatin1String("Validation share"))
                validation = qobject_cast<QDoubleSpinBox*>(label->buddy());
        QVERIFY(validation);
        auto* kind = panel->findChild<QComboBox*>();
        const auto choose = [kind](SplitKind wanted) {
            kind->setCurrentIndex(kind->findData(static_cast<int>(wanted)));
            QTest::qWait(30); // the form is laid out
        };
        for (const SplitKind without : {SplitKind::Premade, SplitKind::LeaveLastOut})
            for (const SplitKind with : {SplitKind::RandomPerUser, SplitKind::RandomGlobal}) {
                choose(without);
                QVERIFY(!validation->isVisible());
                choose(with);
                QVERIFY(validation->isVisible());
                QVERIFY2(validation->height() >= validation->minimumSizeHint().height() &&
                             validation->width() > 40,
                         qPrintable(QStringLiteral("%1 x %2")
                                        .arg(validation->width())
                                        .arg(validation->height())));
                // Not under its neighbours either.
                for (auto* box : panel->findChildren<QDoubleSpinBox*>())
                    if (box != validation && box->isVisible() && box->parent() == validation->parent())
                        QVERIFY(!box->geometry().intersects(validation->geometry()));
            }
    }

    void missingFileIsAnErrorInWordsAndNothingIsLost() {
        DatasetService datasets;
        DataPage page(&datasets);
        page.show();
        QSignalSpy split(&datasets, &DatasetService::splitReady);
        page.openSample();
        QTRY_VERIFY_WITH_TIMEOUT(split.count() > 0, patience);
        const DatasetPtr before = datasets.dataset();
        QSignalSpy failed(&datasets, &DatasetService::failed);
        page.openPath(QStringLiteral("/no/such/file.csv"));
        QTRY_VERIFY_WITH_TIMEOUT(failed.count() > 0, patience);
        QCOMPARE(datasets.dataset(), before);
        bool shown = false;
        for (const QLabel* label : page.findChildren<QLabel*>())
            shown = shown || (label->isVisible() && label->text().contains(QLatin1String("/no/such/file.csv")));
        QVERIFY(shown);
    }
};

QTEST_MAIN(TestDataPage)
#include "tst_data_page.moc"
