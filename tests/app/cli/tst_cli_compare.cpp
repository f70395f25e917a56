// SPDX-License-Identifier: GPL-3.0-or-later
// compare, leaks and evaluate --groups from outside, on runs of the sample.
#include "tests/app/cli/cli_process.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace recoscope;
using test::CliResult;

#define VERIFY_EXIT(result, code)                                                                            \
    QVERIFY2((result).exitCode == (code), ((result).err + (result).out).constData())

class TestCliCompare : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QStringList m_runs;
    CliResult cli(const QStringList& arguments) {
        return test::runCli(m_folder.filePath("workspace"), arguments);
    }
    QString file(const QString& name, const QByteArray& content) {
        QFile out(m_folder.filePath(name));
        if (!out.open(QIODevice::WriteOnly) || out.write(content) != content.size())
            qFatal("cannot write a test file");
        return out.fileName();
    }
    QString trained(const QString& algorithm, const QStringList& more = {}) {
        const CliResult result = cli(
            QStringList{"train", "--data", "builtin:sample", "--algorithm", algorithm, "--json", "--quiet"} +
            more);
        if (result.exitCode != 0) qFatal("%s", result.err.constData());
        return QString::fromStdString(result.json()["run"].get<std::string>());
    }

private slots:
    void initTestCase() { m_runs = {trained("popularity"), trained("item_knn")}; }

    void twoRunsAreComparedUserByUser() {
        const CliResult result = cli(QStringList{"compare"} + m_runs + QStringList{"--json"});
        VERIFY_EXIT(result, 0);
        const auto json = result.json();
        QVERIFY2(json.is_object(), result.out.constData());
        QCOMPARE(json["pairs"].size(), std::size_t{1});
        const auto& pair = json["pairs"][0];
        QVERIFY(std::abs(pair["mean_a"].get<double>() - pair["mean_b"].get<double>() -
                         pair["difference"].get<double>()) < 1e-12);
        QVERIFY(std::abs(pair["mean_a"].get<double>() - json["runs"][0]["value"].get<double>()) < 1e-12);
        QCOMPARE(pair["wins"].get<int>() + pair["ties"].get<int>() + pair["losses"].get<int>(),
                 pair["users"].get<int>());
        // The sample has groups of taste, which a personal method finds and popularity cannot.
        QVERIFY(pair["significant"].get<bool>());
        QVERIFY(pair["claim"].get<std::string>().rfind(m_runs[1].toStdString() + " has a better mean NDCG@10",
                                                       0) == 0);
        const CliResult text = cli(QStringList{"compare"} + m_runs + QStringList{"--metric", "recall@20"});
        VERIFY_EXIT(text, 0);
        QVERIFY(text.out.contains("best") && text.out.contains("Wilcoxon: p"));
        QVERIFY(text.out.contains("has a better mean Recall@20"));
    }

    void whatCannotBeComparedIsSaid() {
        VERIFY_EXIT(cli({"compare", m_runs[0]}), 2);
        const CliResult itself = cli({"compare", m_runs[0], m_runs[0]});
        VERIFY_EXIT(itself, 1);
        QVERIFY(itself.err.contains("with itself"));
        const CliResult metric =
            cli(QStringList{"compare"} + m_runs + QStringList{"--metric", "coverage@10"});
        VERIFY_EXIT(metric, 1);
        QVERIFY(metric.err.contains("by user"));
        const QString elsewhere = trained("popularity", {"--split-seed", "7"});
        const CliResult split = cli({"compare", m_runs[0], elsewhere});
        VERIFY_EXIT(split, 1);
        QVERIFY(split.err.contains("different splits"));
    }

    void metricsByGroupOfUsers() {
        const CliResult result = cli({"evaluate", m_runs[1], "--groups", "gender,activity,items", "--cutoffs",
                                      "10", "--metrics", "ndcg,recall", "--json", "--quiet"});
        VERIFY_EXIT(result, 0);
        const auto groups = result.json()["groups"];
        QCOMPARE(groups.size(), std::size_t{3});
        QCOMPARE(groups[0]["by"].get<std::string>(), std::string("gender"));
        const auto& ndcg = groups[0]["metrics"][0];
        QCOMPARE(ndcg["key"].get<std::string>(), std::string("ndcg@10"));
        double sum = 0.0;
        int users = 0;
        for (const auto& group : ndcg["groups"]) {
            sum += group["value"].get<double>() * group["users"].get<int>();
            users += group["users"].get<int>();
        }
        QVERIFY(std::abs(sum / users - result.json()["metrics"]["ndcg@10"].get<double>()) < 1e-9);
        QCOMPARE(groups[2]["metrics"][0]["groups"][1]["group"].get<std::string>(), std::string("tail"));
        const CliResult wrong = cli({"evaluate", m_runs[1], "--groups", "sex", "--quiet"});
        VERIFY_EXIT(wrong, 1);
        QVERIFY(wrong.err.contains("gender"));
        const CliResult text = cli({"evaluate", m_runs[1], "--groups", "gender", "--quiet"});
        VERIFY_EXIT(text, 0);
        QVERIFY(text.out.contains("by gender") && text.out.contains("gap"));
    }

    void leaksAreFoundInFilesAndOtherwiseNot() {
        const CliResult clean = cli({"leaks", m_runs[1], "--json", "--quiet"});
        VERIFY_EXIT(clean, 0);
        QVERIFY2(clean.json()["leaks"].is_array() && clean.json()["leaks"].empty(), clean.out.constData());
        const CliResult sample = cli({"leaks", "--data", "builtin:sample", "--split", "time_cut", "--quiet"});
        VERIFY_EXIT(sample, 0);
        QCOMPARE(sample.out, QByteArray("No leaks found.\n"));

        QByteArray train = "user_id,item_id\n";
        QByteArray test = "user_id,item_id\n";
        for (int user = 0; user < 8; ++user)
            for (int item = 0; item < 6; ++item)
                (item == 5 ? test : train) +=
                    "u" + QByteArray::number(user) + ",i" + QByteArray::number(item) + "\n";
        train += "u3,i5\n"; // also in the test file
        const QStringList files{"--train", file("x.train.csv", train), "--test", file("x.test.csv", test)};
        const CliResult planted = cli(QStringList{"leaks", "--json", "--quiet"} + files);
        VERIFY_EXIT(planted, 0);
        const auto leaks = planted.json()["leaks"];
        QCOMPARE(leaks.size(), std::size_t{1});
        QCOMPARE(leaks[0]["kind"].get<std::string>(), std::string("pair-in-two-parts"));
        QCOMPARE(leaks[0]["count"].get<int>(), 1);
        QCOMPARE(leaks[0]["examples"][0].get<std::string>(), std::string("user u3, item i5"));

        // Training says it, too, and keeps it with the run's log.
        const CliResult training = cli(QStringList{"train", "--algorithm", "popularity"} + files);
        VERIFY_EXIT(training, 0);
        QVERIFY2(training.err.contains("A leak: 1 pair of user and item"), training.err.constData());
        const CliResult shown = cli({"show", "latest", "--json"});
        VERIFY_EXIT(shown, 0);
        QVERIFY(shown.out.contains("A leak: 1 pair of user and item"));
    }

    void leaksNeedsOneThingToLookAt() {
        VERIFY_EXIT(cli({"leaks"}), 2);
        VERIFY_EXIT(cli({"leaks", m_runs[0], "--data", "builtin:sample"}), 2);
    }
};

QTEST_GUILESS_MAIN(TestCliCompare)
#include "tst_cli_compare.moc"
