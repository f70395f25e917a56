// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "app/storage/exports.h"
#include "tests/support/small_data.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <map>

using namespace recoscope;

namespace {

QStringList linesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()).split('\n', Qt::SkipEmptyParts)
                                          : QStringList();
}

MetricRow row(const std::string& name, double ndcg, double rmse) {
    MetricRow row{name, {}, Target::Test};
    row.evaluation.metrics = {{"ndcg@10", "NDCG@10", "ndcg;k=10", ndcg, 5, true, {}},
                              {"rmse", "RMSE", "rmse;clip=1,2", rmse, 9, false, {}}};
    return row;
}

struct Trained {
    SplitPtr split;
    std::shared_ptr<const Recommender> model;
};

Trained popularity() {
    SplitSpec spec;
    spec.validationFraction = 0.1;
    const SplitPtr split = *makeSplit(test::plantedDataset(40, 30, 2), spec);
    ThreadPool pool({.threads = 1});
    RunControl control;
    EpochContext context{pool, control, 1, {}};
    auto trainer = *findAlgorithm("popularity")->makeTrainer({split, {}, 1});
    if (!trainer->runEpoch(context)) qFatal("popularity cannot be trained");
    return {split, trainer->snapshot()};
}

} // namespace

class TestExports : public QObject {
    Q_OBJECT
private slots:
    void recommendationsHoldNothingTheUserKnows() {
        QTemporaryDir folder;
        const auto [split, model] = popularity();
        RunControl control;
        const QString path = folder.filePath("r.csv");
        QVERIFY(writeRecommendationsCsv(path.toStdString(), *model, *split, 7, control).ok());
        const QStringList lines = linesOf(path);
        QCOMPARE(lines.first(), "user_id,item_id,rank,score");
        std::map<QString, int> ranks;
        for (const QString& line : lines.mid(1)) {
            const QStringList fields = line.split(',');
            QCOMPARE(fields.size(), 4);
            QCOMPARE(fields[2].toInt(), ++ranks[fields[0]]);
            const UserIndex user{*split->dataset()->users().find(fields[0].toStdString())};
            const ItemIndex item{*split->dataset()->items().find(fields[1].toStdString())};
            QVERIFY(!split->train().contains(user, item));
            QVERIFY(!split->validation().contains(user, item));
        }
        QCOMPARE(ranks.size(), static_cast<std::size_t>(split->dataset()->userCount()));
    }

    void trecScoresFallStrictlySoThatTiesKeepTheirOrder() {
        QTemporaryDir folder;
        const auto [split, model] = popularity();
        RunControl control;
        const QString path = folder.filePath("run.trec");
        QVERIFY(writeTrecRun(path.toStdString(), *model, *split, 10, "my tag", control).ok());
        QString user;
        double last = 0.0;
        for (const QString& line : linesOf(path)) {
            const QStringList fields = line.split(' ');
            QCOMPARE(fields.size(), 6);
            QCOMPARE(fields[1], "Q0");
            QCOMPARE(fields[5], "my_tag");
            if (fields[0] == user) QVERIFY(fields[4].toDouble() < last);
            user = fields[0];
            last = fields[4].toDouble();
        }
        const QString qrels = folder.filePath("q.trec");
        QVERIFY(writeTrecQrels(qrels.toStdString(), *split, 0.0).ok());
        QCOMPARE(linesOf(qrels).size(), split->test().size());
        QVERIFY(writeTrecQrels(qrels.toStdString(), *split, 5.0).ok());
        QVERIFY(linesOf(qrels).size() < split->test().size());
    }

    void tablesMarkTheBestAndTheSecondByTheDirectionOfTheMetric() {
        const std::vector<MetricRow> rows{row("A", 0.1, 0.9), row("B_1 & more", 0.3, 1.0),
                                          row("C|D", 0.2, 0.8)};
        const QString latex = QString::fromStdString(metricTable(rows, TableFormat::Latex));
        QVERIFY(latex.contains("B\\_1 \\& more & \\textbf{0.3000} & 1.0000 \\\\"));
        QVERIFY(latex.contains("C|D & \\underline{0.2000} & \\textbf{0.8000} \\\\"));
        QVERIFY(latex.contains("A & 0.1000 & \\underline{0.9000} \\\\"));
        QVERIFY(latex.contains("\\midrule"));
        const QString markdown = QString::fromStdString(metricTable(rows, TableFormat::Markdown));
        QVERIFY(markdown.startsWith("| run | NDCG@10 | RMSE |\n"));
        QVERIFY(markdown.contains("| C\\|D | 0.2000 | **0.8000** |"));
        const QString csv = QString::fromStdString(metricTable(rows, TableFormat::Csv));
        QVERIFY(csv.contains("A,test,rmse,0.9,9,\"rmse;clip=1,2\"\n"));
    }

    void numbersOfDifferentDefinitionsAreNotHeldAgainstEachOther() {
        std::vector<MetricRow> rows{row("A", 0.1, 0.9), row("B", 0.3, 1.0)};
        rows[1].evaluation.metrics[0].definition = "ndcg;k=10;ideal=R";
        const QString markdown = QString::fromStdString(metricTable(rows, TableFormat::Markdown));
        QVERIFY(markdown.contains("| A | 0.1000 | **0.9000** |"));
        QVERIFY(markdown.contains("| B | 0.3000 | 1.0000 |"));
    }

    void tablesSayThePartAndTheDefinitions() {
        std::vector<MetricRow> rows{row("A", 0.1, 0.9), row("B", 0.3, 1.0)};
        rows[1].part = Target::Validation;
        const QString markdown = QString::fromStdString(metricTable(rows, TableFormat::Markdown));
        QVERIFY(markdown.contains("| B (validation) | 0.3000 | 1.0000 |"));
        QVERIFY(!markdown.contains("**")); // numbers of different parts are not compared
        QVERIFY(markdown.contains("- Part: test\n- Part: validation\n- NDCG@10: ndcg;k=10\n"));
        const QString latex = QString::fromStdString(metricTable(rows, TableFormat::Latex));
        QVERIFY(latex.contains("B (validation) & 0.3000"));
        QVERIFY(latex.contains("RMSE: rmse;clip=1,2\\\\"));
        QVERIFY(QString::fromStdString(metricTable(rows, TableFormat::Csv)).contains("B,validation,rmse,1,9,"));
    }

    void theBestIsMarkedWhereItBeatsAllOthers() {
        // Values of 40 users: B is above A by .1 for each, C above B by .001 on average, with noise.
        const auto with = [](const std::string& name, double shift, double noise) {
            MetricRow made = row(name, 0.0, 1.0);
            MetricValue& ndcg = made.evaluation.metrics[0];
            for (int u = 0; u < 40; ++u) {
                made.evaluation.users.push_back(UserIndex{u});
                ndcg.perUser.push_back(0.4 + shift + 0.01 * (u % 7) + noise * (u % 5 - 2));
                ndcg.value += ndcg.perUser.back() / 40.0;
            }
            made.splitFingerprint = "same";
            return made;
        };
        const MetricRow a = with("A", 0.0, 0.0);
        const MetricRow b = with("B", 0.1, 0.002);
        const MetricRow c = with("C", 0.101, 0.05);
        const auto markdown = [](const std::vector<MetricRow>& rows) {
            return QString::fromStdString(metricTable(rows, TableFormat::Markdown));
        };
        const QString two = markdown({a, b});
        QVERIFY2(two.contains("| B | **0.52"), two.toUtf8().constData());
        QVERIFY(two.contains("** † |"));
        QVERIFY(two.contains("- †: differs from every other row"));
        const QString three = markdown({a, b, c}); // C is best, and not surely better than B
        QVERIFY(three.contains("| C | **0.52"));
        QVERIFY(!three.contains("** †"));
        QVERIFY(three.contains("does not show that it is better"));
        const QString latex = QString::fromStdString(metricTable({a, b}, TableFormat::Latex));
        QVERIFY(latex.contains("}$^{\\dagger}$ &"));
        QVERIFY(latex.contains("\n$^{\\dagger}$: differs"));
        MetricRow elsewhere = b;
        elsewhere.splitFingerprint = "other";
        QVERIFY(!markdown({a, elsewhere}).contains("†")); // users of another split are others
        elsewhere.splitFingerprint.clear();
        QVERIFY(!markdown({a, elsewhere}).contains("†"));
    }

    void aFolderThatIsNotThereIsAClearError() {
        const auto [split, model] = popularity();
        RunControl control;
        const Status status = writeRecommendationsCsv("/no/such/folder/r.csv", *model, *split, 7, control);
        QCOMPARE(status.error().code, ErrorCode::Io);
        QCOMPARE(status.error().where, "/no/such/folder/r.csv");
        QCOMPARE(csvField("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
};

QTEST_GUILESS_MAIN(TestExports)
#include "tst_exports.moc"
