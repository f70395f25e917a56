// SPDX-License-Identifier: GPL-3.0-or-later
// Several runs that belong together, on the command line; and the forecast.
#include "app/storage/run_store.h"
#include "tests/app/cli/cli_process.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace recoscope;
using test::CliResult;
using test::runCli;

namespace {

const QStringList data{"--data", "generated:users=150,items=80,interactions=4000,seed=2", "--quiet",
                       "--json"};

QStringList searching(const QStringList& more) {
    return QStringList{"search",
                       "--algorithm",
                       "ials",
                       "--set",
                       "epochs=3",
                       "--search",
                       "embedding_size=2..32:log,reg=0.001..10:log"} +
           data + more;
}

/// Points and values of a search's trials.
nlohmann::json tried(const nlohmann::json& json) {
    nlohmann::json out = nlohmann::json::array();
    for (const auto& run : json["runs"])
        out.push_back({run["parameters"], run["value"]});
    return out;
}

} // namespace

class TestStudies : public QObject {
    Q_OBJECT
private slots:
    void seedsGiveMeanAndInterval() {
        QTemporaryDir folder;
        const CliResult result = runCli(
            folder.path(),
            QStringList{"train", "--algorithm", "ials", "--set", "epochs=2", "--seeds", "1,2,3"} + data);
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QCOMPARE(json["kind"].get<std::string>(), std::string("seeds"));
        QCOMPARE(json["runs"].size(), std::size_t{3});
        QCOMPARE(json["runs"][2]["role"].get<std::string>(), std::string("seed 3"));
        double mean = 0.0;
        double squares = 0.0;
        for (const auto& run : json["runs"])
            mean += run["metrics"]["ndcg@10"].get<double>() / 3.0;
        for (const auto& run : json["runs"])
            squares += std::pow(run["metrics"]["ndcg@10"].get<double>() - mean, 2.0);
        const auto& summary = json["summary"]["ndcg@10"];
        QVERIFY(std::abs(summary["mean"].get<double>() - mean) < 1e-12);
        // t(.975, 2) = 4.302653
        QVERIFY(std::abs(summary["half_width"].get<double>() - 4.302653 * std::sqrt(squares / 2.0 / 3.0)) <
                1e-7);
        QVERIFY(squares > 0.0);
        const auto list = runCli(folder.path(), {"studies", "--json"}).json();
        QCOMPARE(list["studies"][0]["runs"].get<int>(), 3);
        const auto shown = runCli(folder.path(), {"studies", "show", "latest", "--json"}).json();
        QCOMPARE(shown["summary"], json["summary"]);
    }

    void studiesAreRenamedAndRemovedWithOrWithoutTheirRuns() {
        QTemporaryDir folder;
        const auto train = [&](const char* seeds) {
            return runCli(folder.path(),
                          QStringList{"train", "--algorithm", "popularity", "--seeds", seeds} + data)
                .json();
        };
        const QString first = QString::fromStdString(train("1,2")["study"].get<std::string>());
        const QString second = QString::fromStdString(train("3,4")["study"].get<std::string>());
        const CliResult renamed = runCli(folder.path(), {"studies", "rename", first, "two popular ones"});
        QVERIFY2(renamed.exitCode == 0, renamed.err.constData());
        QVERIFY(runCli(folder.path(), {"studies"}).out.contains("two popular ones"));
        QVERIFY(runCli(folder.path(), {"studies", "rename", first}).exitCode != 0);
        const auto kept = runCli(folder.path(), {"studies", "remove", first, "--json"}).json();
        QCOMPARE(kept["runs"].get<std::string>(), std::string("kept"));
        QCOMPARE(kept["count"].get<int>(), 2);
        const auto runs = [&] { return runCli(folder.path(), {"runs", "--json"}).json()["runs"].size(); };
        QCOMPARE(runs(), std::size_t{4});
        const CliResult gone = runCli(folder.path(), {"studies", "remove", second, "--with-runs"});
        QVERIFY2(gone.exitCode == 0, gone.err.constData());
        QVERIFY2(gone.out.contains("2 runs and their models"), gone.out.constData());
        QCOMPARE(runs(), std::size_t{2});
        QVERIFY(runCli(folder.path(), {"studies", "--json"}).json()["studies"].empty());
    }

    void allFoldsAreTested() {
        QTemporaryDir folder;
        const CliResult result =
            runCli(folder.path(), QStringList{"train", "--algorithm", "popularity", "--folds", "all"} + data);
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QCOMPARE(json["runs"].size(), std::size_t{5});
        QCOMPARE(json["runs"][4]["role"].get<std::string>(), std::string("fold 5"));
        QCOMPARE(json["summary"]["ndcg@10"]["runs"].get<int>(), 5);
        QVERIFY(json["summary"]["ndcg@10"]["deviation"].get<double>() > 0.0);
        const CliResult wrong =
            runCli(folder.path(), QStringList{"train", "--algorithm", "popularity", "--seeds", "1,1"} + data);
        QCOMPARE(wrong.exitCode, 2);
    }

    void aSearchIsJudgedOnValidationAndItsWinnerTestedOnce() {
        QTemporaryDir folder;
        const CliResult result = runCli(folder.path(), searching({"--method", "tpe", "--trials", "12"}));
        QVERIFY2(result.exitCode == 0, result.err.constData());
        const auto json = result.json();
        QCOMPARE(json["runs"].size(), std::size_t{12});
        QCOMPARE(json["status"].get<std::string>(), std::string("completed"));
        double best = -1.0;
        std::string winner;
        for (const auto& run : json["runs"]) {
            QCOMPARE(run["metrics"].empty(), run["run"] != json["winner"]);
            QCOMPARE(run["value"], run["validation_metrics"]["ndcg@10"]);
            if (run["value"].get<double>() > best) winner = run["run"].get<std::string>();
            best = std::max(best, run["value"].get<double>());
        }
        QCOMPARE(json["winner"].get<std::string>(), winner);
        // Only the winner's model takes room.
        QCOMPARE(QDir(folder.path() + "/models").entryList({"*.safetensors"}).size(), 1);

        // The same command again: nothing is trained.
        const auto again = runCli(folder.path(), searching({"--method", "tpe", "--trials", "12"})).json();
        QCOMPARE(again["study"], json["study"]);
        QCOMPARE(again["runs"], json["runs"]);
        // More trials go on from there.
        const auto more = runCli(folder.path(), searching({"--method", "tpe", "--trials", "14"})).json();
        QCOMPARE(more["study"], json["study"]);
        QCOMPARE(more["runs"].size(), std::size_t{14});
        QCOMPARE(more["runs"][11]["run"], json["runs"][11]["run"]);
        const auto anew =
            runCli(folder.path(), searching({"--method", "tpe", "--trials", "12", "--new"})).json();
        QVERIFY(anew["study"] != json["study"]);
        QCOMPARE(tried(anew), tried(json));
    }

    void aSearchThatWasKilledGoesOnWithTheSameTrials() {
        const QStringList command = searching({"--method", "tpe", "--trials", "14", "--set", "epochs=40"});
        QTemporaryDir through;
        const auto whole = runCli(through.path(), command).json();
        QCOMPARE(whole["runs"].size(), std::size_t{14});

        QTemporaryDir cut;
        QProcess process;
        process.start(RECOSCOPE_CLI, command + QStringList{"--workspace", cut.path()});
        QVERIFY(process.waitForStarted());
        QVERIFY(RunStore::open(cut.path()).ok());
        const auto over = [&] {
            const auto store = RunStore::open(cut.path());
            int count = 0;
            if (store)
                if (const auto runs = (*store)->list())
                    for (const RunRecord& run : *runs)
                        count += run.status == RunStatus::Completed || run.status == RunStatus::StoppedEarly
                                     ? 1
                                     : 0;
            return count;
        };
        QVERIFY(QTest::qWaitFor([&] { return over() >= 4; }, 60'000));
        process.kill(); // as kill -9 does
        QVERIFY(process.waitForFinished());
        const int kept = over();
        if (kept == 14) QSKIP("the search was faster than the test");
        QStringList before;
        const auto left = RunStore::open(cut.path());
        QVERIFY(left.ok());
        const auto runs = (*left)->list();
        QVERIFY(runs.ok());
        for (const RunRecord& run : *runs)
            before << run.id;
        const auto resumed = runCli(cut.path(), command).json();
        QCOMPARE(tried(resumed), tried(whole));
        int reused = 0;
        for (const auto& run : resumed["runs"])
            reused += before.contains(QString::fromStdString(run["run"].get<std::string>())) ? 1 : 0;
        QCOMPARE_GE(reused, kept);
    }

    void aSearchWithoutValidationIsRefused() {
        QTemporaryDir folder;
        const CliResult result = runCli(folder.path(), searching({"--validation-fraction", "0"}));
        QCOMPARE(result.exitCode, 1);
        QVERIFY(result.json()["error"]["message"].get<std::string>().find("validation part") !=
                std::string::npos);
        QCOMPARE(runCli(folder.path(), searching({"--method", "magic"})).exitCode, 2);
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok() && (*store)->studies()->empty());
    }

    void aForecastIsGivenForOneOrAll() {
        QTemporaryDir folder;
        const auto all = runCli(folder.path(), QStringList{"forecast", "--algorithm", "all"} + data).json();
        QVERIFY(all["forecasts"].size() > 10);
        QCOMPARE(all["items"].get<int>(), 80);
        const CliResult one = runCli(
            folder.path(), QStringList{"forecast", "--algorithm", "mult_vae", "--set", "epochs=7"} + data);
        QVERIFY2(one.exitCode == 0, one.err.constData());
        const auto found = one.json()["forecasts"][0];
        QCOMPARE(found["verdict"].get<std::string>(), std::string("fits"));
        QVERIFY(found["bytes"].get<double>() > 1e5);
        QVERIFY(found["seconds"].get<double>() > 0.0);
        const CliResult refused =
            runCli(folder.path(), QStringList{"train", "--algorithm", "mult_vae", "--set",
                                              "mlp_hidden_size=60000,60000,60000"} +
                                      data);
        QCOMPARE(refused.exitCode, 1);
        QVERIFY(refused.json()["error"]["message"].get<std::string>().find("What fits") != std::string::npos);
        const auto store = RunStore::open(folder.path());
        QVERIFY(store.ok() && (*store)->list()->empty());
    }
};

QTEST_GUILESS_MAIN(TestStudies)
#include "tst_studies.moc"
