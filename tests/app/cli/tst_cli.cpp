// SPDX-License-Identifier: GPL-3.0-or-later
// The command line from outside: forms, exit codes, JSON shapes, errors.
#include "tests/app/cli/cli_process.h"
#include "tests/support/real_data.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace recoscope;
using test::CliResult;

#define VERIFY_EXIT(result, code)                                                                            \
    QVERIFY2((result).exitCode == (code), ((result).err + (result).out).constData())

class TestCli : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    CliResult cli(const QStringList& arguments) {
        return test::runCli(m_folder.filePath("workspace"), arguments);
    }
    QString file(const QString& name, const QByteArray& content) {
        QFile out(m_folder.filePath(name));
        if (!out.open(QIODevice::WriteOnly) || out.write(content) != content.size())
            qFatal("cannot write a test file");
        return out.fileName();
    }
    QByteArray read(const QString& name) {
        QFile in(m_folder.filePath(name));
        return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray();
    }

private slots:
    void aMistypedCommandWithJsonPrintsOneErrorObject() {
        for (const QStringList& words : {QStringList{"bogus", "--json"}, {"runs", "--bogus", "--json"}}) {
            const CliResult result = cli(words);
            VERIFY_EXIT(result, 2);
            QVERIFY2(result.json().is_object(), result.out.constData());
            QVERIFY2(result.json()["error"]["message"].is_string(), result.out.constData());
        }
    }

    void whatCannotStartIsRefusedAndLeavesNoRun() {
        const QString workspace = m_folder.filePath("nothing here");
        const QStringList data{"train", "--data", "builtin:sample", "--implicit-threshold", "4"};
        const CliResult ratings = test::runCli(workspace, data + QStringList{"--algorithm", "biased_mf"});
        VERIFY_EXIT(ratings, 1);
        QVERIFY2(ratings.err.contains("needs ratings"), ratings.err.constData());
        const CliResult threshold = test::runCli(
            workspace, data + QStringList{"--algorithm", "popularity", "--relevance-threshold", "4"});
        VERIFY_EXIT(threshold, 1);
        QVERIFY2(threshold.err.contains("leaves no item relevant"), threshold.err.constData());
        const CliResult runs = test::runCli(workspace, {"runs", "--json"});
        VERIFY_EXIT(runs, 0);
        QVERIFY2(runs.json()["runs"].empty(), runs.out.constData());
    }

    void wrongUseIsExitCodeTwoWithAHint_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("hint");
        QTest::newRow("nothing") << QStringList{} << "usage:";
        QTest::newRow("unknown command") << QStringList{"trian"} << "did you mean 'train'?";
        QTest::newRow("unknown option")
            << QStringList{"train", "--algoritm", "x"} << "did you mean '--algorithm'?";
        QTest::newRow("no value") << QStringList{"train", "--data"} << "--data needs a value";
        QTest::newRow("no data") << QStringList{"train", "--algorithm", "popularity"} << "train needs data";
        QTest::newRow("no algorithm")
            << QStringList{"train", "--data", "builtin:sample"} << "train needs --algorithm";
        QTest::newRow("bad set") << QStringList{"train", "--data", "builtin:sample", "--algorithm", "ials",
                                                "--set", "x"}
                                 << "key=value";
        QTest::newRow("unknown parameter") << QStringList{"train", "--data", "builtin:sample", "--algorithm",
                                                          "ials",  "--set",  "embeding_size=8"}
                                           << "embedding_size";
        QTest::newRow("bad split")
            << QStringList{"train", "--data", "builtin:sample", "--algorithm", "ials", "--split", "x"}
            << "--split";
        QTest::newRow("bad cutoff")
            << QStringList{"train", "--data", "builtin:sample", "--algorithm", "ials", "--cutoffs", "0"}
            << "outside the range";
        QTest::newRow("train without test")
            << QStringList{"train", "--train", "x", "--algorithm", "ials"} << "--train needs --test";
        QTest::newRow("no user") << QStringList{"recommend", "latest"} << "recommend needs --user";
        QTest::newRow("no path") << QStringList{"import"} << "import needs one path";
        QTest::newRow("export of nothing") << QStringList{"export", "latest"} << "export needs to know what";
        QTest::newRow("flag with value") << QStringList{"algorithms", "--json=yes"} << "takes no value";
    }
    void wrongUseIsExitCodeTwoWithAHint() {
        QFETCH(QStringList, arguments);
        QFETCH(QString, hint);
        const CliResult result = cli(arguments);
        VERIFY_EXIT(result, 2);
        QVERIFY2(QString::fromUtf8(result.err).contains(hint), result.err.constData());
        QVERIFY(result.out.isEmpty() || result.json().is_object());
    }

    void failuresAreExitCodeOneAndOneJsonObject_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("missing data") << QStringList{"import", "/no/such/file"};
        QTest::newRow("missing run") << QStringList{"show", "nothing-1234"};
        QTest::newRow("missing experiment") << QStringList{"train", "/no/such/file.yaml"};
        QTest::newRow("unknown algorithm") << QStringList{"describe", "nothing"};
        QTest::newRow("missing data to train on")
            << QStringList{"train", "--data", "/no/such", "--algorithm", "popularity"};
        QTest::newRow("workspace is a file") << QStringList{
            "train", "--data", "builtin:sample", "--algorithm", "popularity", "--workspace", "/dev/null"};
    }
    void failuresAreExitCodeOneAndOneJsonObject() {
        QFETCH(QStringList, arguments);
        const CliResult result = cli(arguments << "--json");
        VERIFY_EXIT(result, 1);
        QVERIFY2(result.json().is_object() && result.json().contains("error"), result.out.constData());
        QVERIFY(result.err.startsWith("recoscope-cli: "));
    }

    void helpNamesEveryCommandAndItsOptions() {
        const CliResult all = cli({"help"});
        VERIFY_EXIT(all, 0);
        for (const char* name : {"import", "algorithms", "describe", "train", "evaluate", "recommend", "runs",
                                 "show", "export", "generate", "docs"}) {
            QVERIFY2(all.out.contains(QByteArray("  ") + name + " "), name);
            const CliResult one = cli({"help", name});
            VERIFY_EXIT(one, 0);
            QVERIFY2(one.out.contains(QByteArray("usage: recoscope-cli ") + name), name);
        }
        QVERIFY(cli({"train", "--help"}).out.contains("--relevance-threshold"));
    }

    void algorithmsAreListedDescribedAndDocumented() {
        const auto list = cli({"algorithms", "--json"}).json();
        QVERIFY(list["algorithms"].size() >= 5);
        const auto ials = cli({"describe", "ials", "--json"}).json();
        QVERIFY(!ials["reference"].get<std::string>().empty());
        bool found = false;
        for (const auto& parameter : ials["parameters"])
            found |= parameter["key"] == "embedding_size" && parameter.contains("default") &&
                     !parameter["help"].get<std::string>().empty();
        QVERIFY(found);
        QVERIFY(cli({"describe", "ials"}).out.contains("embedding_size"));
        const CliResult docs = cli({"docs", m_folder.filePath("docs"), "--json"});
        VERIFY_EXIT(docs, 0);
        QCOMPARE(docs.json()["files"].size(), list["algorithms"].size() + 1);
        QVERIFY(read("docs/ials.md").contains("| `embedding_size` |"));
    }

    void importReportsCountsAndProblems() {
        const QString path = file(
            "small.csv", "user,item,rating,timestamp\na,x,4,10\na,y,5,11\nb,x,3,12\nb,x,2,13\nc,y,many,14\n");
        const CliResult result = cli({"import", path, "--json"});
        VERIFY_EXIT(result, 0);
        const auto json = result.json();
        QCOMPARE(json["interactions"].get<int>(), 3);
        QCOMPARE(json["users"].get<int>(), 2);
        QCOMPARE(json["items"].get<int>(), 2);
        QCOMPARE(json["rows_read"].get<int>(), 5);
        QCOMPARE(json["duplicates"].get<int>(), 1);
        QVERIFY(json["issues"].size() >= 1);
        QVERIFY(json["seconds"].get<double>() > 0.0);
        QVERIFY(cli({"import", path}).out.contains("interactions"));
        VERIFY_EXIT(cli({"import", path, "--preview", "--json"}), 0);
    }

    void generatedDataIsReadAsMovieLens() {
        const QString folder = m_folder.filePath("generated");
        const CliResult made =
            cli({"generate", folder, "--users", "80", "--items", "60", "--interactions", "2000", "--json"});
        VERIFY_EXIT(made, 0);
        const auto json = cli({"import", folder, "--json"}).json();
        QCOMPARE(json["format"].get<std::string>(), "ml-csv");
        QCOMPARE(json["interactions"].get<int>(), made.json()["interactions"].get<int>());
        QCOMPARE(json["issues"].size(), 0u);
        const QByteArray first = read("generated/ratings.csv");
        VERIFY_EXIT(cli({"generate", folder, "--users", "80", "--items", "60", "--interactions", "2000"}), 0);
        QVERIFY(read("generated/ratings.csv") == first);
    }

    void trainRecommendShowEvaluateAndExport() {
        const CliResult trained =
            cli({"train", "--data", "generated:users=120,items=80,interactions=4000,seed=3", "--algorithm",
                 "ials", "--set", "epochs=4", "--set", "embedding_size=8", "--seed", "5", "--cutoffs", "5,10",
                 "--json"});
        VERIFY_EXIT(trained, 0);
        const auto json = trained.json();
        QVERIFY2(json.is_object(), trained.out.constData());
        QCOMPARE(json["algorithm"].get<std::string>(), "ials");
        QCOMPARE(json["epochs"].get<int>(), 4);
        QVERIFY(json["seconds"].get<double>() > 0.0);
        QVERIFY(json["seconds_per_epoch"].get<double>() > 0.0);
        const double ndcg = json["metrics"]["ndcg@10"].get<double>();
        QVERIFY(ndcg > 0.02 && ndcg < 1.0);
        QVERIFY(trained.err.contains("epoch 4/4"));
        const QString run = QString::fromStdString(json["run"].get<std::string>());

        const auto recommended = cli({"recommend", run, "--user", "1", "-k", "7", "--json"}).json();
        QCOMPARE(recommended["items"].size(), 7u);
        int hits = 0;
        for (const auto& item : recommended["items"]) {
            QVERIFY(!item["title"].get<std::string>().empty());
            QVERIFY(item["score"].is_number());
            hits += item["held_out"].get<bool>();
        }
        QCOMPARE(recommended["hits"].get<int>(), hits);
        QCOMPARE(cli({"recommend", run, "--user", "no such user"}).exitCode, 1);

        const auto again = cli({"evaluate", run, "--json"}).json();
        QCOMPARE(again["metrics"]["ndcg@10"].get<double>(), ndcg);
        QVERIFY(QString::fromStdString(again["definitions"]["ndcg@10"].get<std::string>())
                    .startsWith("ndcg;k=10;"));
        const auto dialect =
            cli({"evaluate", run, "--ideal", "all_relevant", "--cutoffs", "3", "--json"}).json();
        QVERIFY(dialect["metrics"]["ndcg@3"].get<double>() < again["metrics"]["ndcg@5"].get<double>());

        const auto shown = cli({"show", run, "--json"}).json();
        QCOMPARE(shown["status"].get<std::string>(), "completed");
        QCOMPARE(shown["parameters"]["embedding_size"].get<int>(), 8);
        QCOMPARE(shown["curves"]["ndcg@10"].size(), 4u);
        const QByteArray text = cli({"show", run}).out;
        for (const char* part : {"embedding_size", "NDCG@10", "ndcg;k=10;", "curves"})
            QVERIFY2(text.contains(part), part);

        VERIFY_EXIT(cli({"export", run, "--all", m_folder.filePath("out"), "-k", "5"}), 0);
        QCOMPARE(read("out/recommendations.csv").count('\n'), 120 * 5 + 1);
        QVERIFY(read("out/recommendations.csv").startsWith("user_id,item_id,rank,score\n"));
        QVERIFY(read("out/run.trec").contains(" Q0 "));
        QVERIFY(read("out/qrels.trec").contains(" 0 "));
        QVERIFY(read("out/metrics.csv").contains("ndcg@10,"));
        QVERIFY(read("out/curves.csv").contains("ndcg@10,4,"));
        VERIFY_EXIT(cli({"export", run, "--metrics", m_folder.filePath("t.tex")}), 0);
        QVERIFY(read("t.tex").contains("\\toprule"));

        // The exported experiment makes the same numbers.
        const auto repeated =
            cli({"train", m_folder.filePath("out/experiment.yaml"), "--threads", "1", "--json"}).json();
        QVERIFY(repeated["metrics"] == json["metrics"]);
        QVERIFY(repeated["run"] != json["run"]);

        const auto runs = cli({"runs", "--json"}).json();
        QVERIFY(runs["runs"].size() >= 2);
        VERIFY_EXIT(cli({"runs", "rename", run, "A better name"}), 0);
        VERIFY_EXIT(cli({"runs", "annotate", run, "my note"}), 0);
        QVERIFY(cli({"runs"}).out.contains("A better name"));
        VERIFY_EXIT(cli({"runs", "remove", run}), 0);
        VERIFY_EXIT(cli({"show", run}), 1);
    }

    void preMadeFilesAreTrainedOnAsTheyAre() {
        const QString train =
            file("p_train.csv", "user,item,rating\na,x,4\na,y,5\nb,x,3\nb,z,4\nc,y,2\nc,x,5\n");
        const QString test = file("p_test.csv", "user,item,rating\na,z,4\nb,y,5\nc,z,1\n");
        const CliResult result = cli({"train", "--train", train, "--test", test, "--algorithm", "popularity",
                                      "--cutoffs", "1", "--json"});
        VERIFY_EXIT(result, 0);
        // Nothing of the training part is held back.
        QVERIFY(result.json()["validation_metrics"].empty());
        QVERIFY(result.err.contains("on 6 interactions"));
        // Each user has one candidate left, and it is the held-out one.
        QCOMPARE(result.json()["metrics"]["hr@1"].get<double>(), 1.0);
    }

    void pairsInBothPartsAreCountedAndTakenOutOfTraining() {
        const QString train = file("o_train.csv", "user,item,rating\na,x,4\na,y,5\nb,x,3\nb,z,4\nc,y,2\n");
        const QString test = file("o_test.csv", "user,item,rating\na,x,4\na,z,4\nb,z,5\nc,z,1\n");
        const QStringList words{"train", "--train", train, "--algorithm", "popularity", "--json", "--test"};
        const QString message =
            "2 pairs of user and item stand in both the training and the test part; they were taken out of "
            "the training part";
        const CliResult result = cli(words + QStringList{test});
        VERIFY_EXIT(result, 0);
        QVERIFY2(result.err.contains("warning: " + message.toUtf8() + "\n"), result.err.constData());
        QVERIFY(result.err.contains("on 3 interactions"));
        const auto issue = result.json()["issues"][0];
        QCOMPARE(issue["message"].get<std::string>(), message.toStdString());
        QCOMPARE(issue["count"].get<int>(), 2);
        // Which row of a repeated pair is kept is another matter: nothing of the test is trained on.
        QVERIFY(cli(words + QStringList{test, "--duplicates", "first"}).err.contains("on 3 interactions"));

        const CliResult same = cli(words + QStringList{train});
        VERIFY_EXIT(same, 1);
        QVERIFY2(same.err.contains("Nothing is left to train on: 5 pairs"), same.err.constData());
        QVERIFY2(same.err.contains("Is the same file given for both parts?"), same.err.constData());
    }

    void mistakesNameTheOptionOnceAndNotTheKeyBehindIt_data() {
        QTest::addColumn<QStringList>("option");
        QTest::addColumn<QString>("message");
        QTest::newRow("algorithm") << QStringList{"--algorithm", "x"} << "--algorithm: Unknown algorithm 'x'";
        QTest::newRow("split") << QStringList{"--split", "x"} << "--split: Unknown kind of split 'x'";
        QTest::newRow("seed") << QStringList{"--seed", "x"} << "--seed: expected a whole number, got 'x'";
        QTest::newRow("set") << QStringList{"--set", "reg=x"} << "--set reg: Expected a number, got x";
        QTest::newRow("columns") << QStringList{"--columns", "user=x"}
                                 << "--columns: user: expected a whole number, got 'x'";
        QTest::newRow("least") << QStringList{"--min-user", "x"} << "--min-user needs a number, got 'x'";
        QTest::newRow("nothing near") << QStringList{"--bogus"} << "Unknown option --bogus\n";
    }
    void mistakesNameTheOptionOnceAndNotTheKeyBehindIt() {
        QFETCH(QStringList, option);
        QFETCH(QString, message);
        QStringList words{"train", "--data", "builtin:sample"};
        if (option.first() != "--algorithm")
            words << "--algorithm"
                  << "ials";
        const CliResult result = cli(words + option);
        VERIFY_EXIT(result, 2);
        QVERIFY2(result.err.startsWith("recoscope-cli: " + message.toUtf8()), result.err.constData());
    }

    void thePublishedSplitIsUsedAsItCameAndGivesThePublishedNumbers() {
        RECOSCOPE_REAL_DATA(path, "splits/ml-100k-mcrec");
        const CliResult result = cli({"train", "--data", QString::fromStdString(path), "--algorithm",
                                      "popularity", "--ideal", "all_relevant", "--cutoffs", "10", "--json"});
        VERIFY_EXIT(result, 0);
        const auto metrics = result.json()["metrics"];
        // Ferrari Dacrema et al. (TOIS 2021), table A of published-results: .1907 .1180 .1361, ties differ.
        QVERIFY(std::abs(metrics["precision@10"].get<double>() - 0.1907) < 0.001);
        QVERIFY(std::abs(metrics["recall@10"].get<double>() - 0.1180) < 0.001);
        QVERIFY(std::abs(metrics["ndcg@10"].get<double>() - 0.1361) < 0.001);
    }

    void dataThatChangedIsRefused() {
        const QString path =
            file("changing.csv", "user,item,rating\na,x,4\na,y,5\nb,x,3\nb,z,4\nc,y,2\nc,x,5\na,z,3\n");
        const CliResult trained = cli({"train", "--data", path, "--algorithm", "popularity", "--json"});
        VERIFY_EXIT(trained, 0);
        file("changing.csv", "user,item,rating\na,x,4\na,y,5\nb,x,3\nb,z,4\nc,y,2\nc,q,5\na,z,3\n");
        const CliResult refused = cli({"recommend", "latest", "--user", "a"});
        VERIFY_EXIT(refused, 1);
        QVERIFY(refused.err.contains("no longer what the run"));
    }

    void movieLensLatestSmallHasItsCounts() {
        RECOSCOPE_REAL_DATA(path, "ml-latest-small");
        const CliResult result = cli({"import", QString::fromStdString(path), "--json"});
        VERIFY_EXIT(result, 0);
        QCOMPARE(result.json()["interactions"].get<int>(), 100'836);
        QCOMPARE(result.json()["users"].get<int>(), 610);
        QCOMPARE(result.json()["items"].get<int>(), 9'724);
    }

    void movieLens100kTrainsAndRecommendsByTitle() {
        RECOSCOPE_REAL_DATA(path, "ml-100k");
        const CliResult trained = cli({"train", "--data", QString::fromStdString(path), "--algorithm", "ials",
                                       "--set", "epochs=5", "--set", "embedding_size=16", "--json"});
        VERIFY_EXIT(trained, 0);
        QVERIFY(trained.json()["metrics"]["ndcg@10"].get<double>() > 0.2); // popularity: about 0.13
        const auto list = cli({"recommend", "latest", "--user", "196", "--json"}).json();
        QCOMPARE(list["items"].size(), 10u);
        QVERIFY(list["items"][0]["title"].get<std::string>() != list["items"][0]["item"].get<std::string>());
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
