// SPDX-License-Identifier: GPL-3.0-or-later
// Stored runs read in dialects, explained and studied under sampling, from outside.
#include "tests/app/cli/cli_process.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace recoscope;
using test::CliResult;

#define VERIFY_EXIT(result, code)                                                                            \
    QVERIFY2((result).exitCode == (code), ((result).err + (result).out).constData())

class TestCliEvaluate : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString m_run;
    QString m_other;
    CliResult cli(const QStringList& arguments) {
        return test::runCli(m_folder.filePath("workspace"), arguments);
    }
    QString trained(const QString& algorithm) {
        const auto json = cli({"train", "--data", "generated:users=120,items=150,interactions=6000,seed=4",
                               "--algorithm", algorithm, "--json"})
                              .json();
        return json.is_object() && json.contains("run") ? QString::fromStdString(json["run"]) : QString();
    }

private slots:
    void initTestCase() {
        m_run = trained("popularity");
        m_other = trained("item_knn");
        QVERIFY(!m_run.isEmpty() && !m_other.isEmpty());
    }

    void allDialectsOfARun() {
        const auto found = cli({"evaluate", m_run, "--dialect", "all", "--cutoffs", "10", "--json"});
        VERIFY_EXIT(found, 0);
        const auto json = found.json();
        QVERIFY(json["dialects"].size() >= 8);
        const auto own = cli({"evaluate", m_run, "--cutoffs", "10", "--json"}).json();
        QCOMPARE(json["dialects"][0]["dialect"].get<std::string>(), std::string("recoscope"));
        QVERIFY(json["dialects"][0]["metrics"] == own["metrics"]);
        for (const auto& dialect : json["dialects"]) {
            QVERIFY(!dialect["differs"].get<std::string>().empty());
            const std::string id = dialect["dialect"];
            const double recall = dialect["metrics"]["recall@10"];
            if (id == "mult_vae") QVERIFY(recall >= own["metrics"]["recall@10"].get<double>());
            if (id == "ncf_99") {
                QVERIFY(recall > own["metrics"]["recall@10"].get<double>());
                QVERIFY(dialect["labels"]["hr@10"] == "HR@10 [99 uniform]");
            }
            if (id == "tois")
                QVERIFY(dialect["metrics"]["ndcg@10"].get<double>() <=
                        own["metrics"]["ndcg@10"].get<double>());
        }
        const auto table = cli({"evaluate", m_run, "--dialect", "recbole,lenskit", "--cutoffs", "10"});
        VERIFY_EXIT(table, 0);
        QVERIFY2(table.out.contains("RecBole") && table.out.contains("LensKit: NDCG divides by"),
                 table.out.constData());
    }

    void oneUsersNumberStepByStep() {
        const auto listed = cli({"evaluate", m_run, "--user", "1", "--explain", "ndcg@10", "--json"});
        VERIFY_EXIT(listed, 0);
        const auto card = listed.json();
        double dcg = 0.0;
        double ideal = 0.0;
        for (const auto& term : card["terms"]) {
            const std::string symbol = term["symbol"];
            if (symbol.rfind("i = ", 0) == 0) dcg += term["value"].get<double>();
            if (symbol.rfind("best", 0) == 0) ideal += term["value"].get<double>();
        }
        QVERIFY(ideal > 0.0);
        QVERIFY(std::abs(card["value"].get<double>() - dcg / ideal) < 1e-12);
        QCOMPARE(card["list"].size(), std::size_t{10});
        const auto text =
            cli({"evaluate", m_run, "--user", "1", "--explain", "map@5", "--dialect", "elliot"});
        VERIFY_EXIT(text, 0);
        QVERIFY2(text.out.contains("precision@5 = ") && text.out.contains("mean P@n"), text.out.constData());
        VERIFY_EXIT(cli({"evaluate", m_run, "--user", "1"}), 2);
        VERIFY_EXIT(cli({"evaluate", m_run, "--user", "nobody", "--explain", "auc"}), 1);
        VERIFY_EXIT(cli({"evaluate", m_run, "--user", "1", "--explain", "coverage@10"}), 1);
        VERIFY_EXIT(cli({"evaluate", m_run, "--dialect", "surprise"}), 2);
    }

    void sampledCandidatesAreInTheLabel() {
        const auto json = cli({"evaluate", m_run, "--candidates", "popular", "--negatives", "20", "--metrics",
                               "hr", "--json"})
                              .json();
        QVERIFY2(json["labels"]["hr@10"] == "HR@10 [20 popular]", json.dump().c_str());
    }

    void newItemsAreRankedAmongThemselvesWhereTheSplitHoldsOutWholeItems() {
        const auto train = [&](const QStringList& more) {
            return cli(QStringList{"train", "--data",
                                   "generated:users=120,items=150,interactions=6000,seed=4", "--algorithm",
                                   "popularity", "--split", "cold_items", "--json"} +
                       more);
        };
        const auto defined = [&](const CliResult& result) {
            const QString run = QString::fromStdString(result.json()["run"].get<std::string>());
            return cli({"show", run}).out.contains("items-without-training-interactions");
        };
        const CliResult usual = train({});
        VERIFY_EXIT(usual, 0);
        QVERIFY2(usual.err.contains("ranked among themselves (--candidates all"), usual.err.constData());
        const CliResult all = train({"--candidates", "all"});
        VERIFY_EXIT(all, 0);
        QVERIFY2(all.err.contains("warning: whole items are held out"), all.err.constData());
        QVERIFY(usual.json()["metrics"]["ndcg@10"] != all.json()["metrics"]["ndcg@10"]);
        QVERIFY(defined(usual));
        QVERIFY(!defined(all));
        const CliResult other =
            cli({"train", "--data", "builtin:sample", "--algorithm", "popularity", "--json"});
        QVERIFY(!other.err.contains("whole items"));
    }

    void samplingOfTwoRuns() {
        const auto found =
            cli({"sampling", m_run, m_other, "--metric", "ndcg@5", "--sizes", "2,20,150", "--json"});
        VERIFY_EXIT(found, 0);
        const auto json = found.json();
        QCOMPARE(json["models"].size(), std::size_t{2});
        QCOMPARE(json["sizes"].size(), std::size_t{3});
        QCOMPARE(json["pairs"].get<int>(), 1);
        // 150 negatives are all there are.
        QCOMPARE(json["models"][0]["values"][2].get<double>(), json["models"][0]["full"].get<double>());
        QVERIFY(json["models"][0]["values"][0].get<double>() > json["models"][0]["full"].get<double>());
        const auto text = cli({"sampling", m_run, m_other});
        VERIFY_EXIT(text, 0);
        QVERIFY2(text.out.contains("99 uniform"), text.out.constData());
        VERIFY_EXIT(cli({"sampling"}), 2);
        VERIFY_EXIT(cli({"sampling", m_run, "--sizes", "x"}), 2);
        VERIFY_EXIT(cli({"sampling", m_run, "--metric", "coverage@5"}), 1);
    }
};

QTEST_GUILESS_MAIN(TestCliEvaluate)
#include "tst_cli_evaluate.moc"
