// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/number_field.h"
#include "widgets/forms/run_options_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QTest>

using namespace recoscope;

class TestRunOptionsForm final : public QObject {
    Q_OBJECT
private slots:
    void theFormStartsAtTheDefaultsOfThePlan() {
        RunOptionsForm form;
        TrainingPlan plan;
        form.apply(plan);
        QVERIFY(plan == TrainingPlan{});
    }

    void aPlanComesBackAsItWentIn() {
        TrainingPlan plan;
        plan.seed = 7;
        plan.evaluateEvery = 3;
        plan.evaluation.cutoffs = {1, 50};
        plan.evaluation.relevanceThreshold = 3.5;
        plan.evaluation.ideal = IdealList::AllRelevant; // not in the form: kept all the same
        plan.evaluateTest = false;
        plan.earlyStopping = {true, "recall@50", 4, 0.001};
        RunOptionsForm form;
        form.setPlan(plan);
        TrainingPlan back;
        form.apply(back);
        QVERIFY(back == plan);
    }

    void cutoffsAreReadAndWrongOnesRefused_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<std::vector<int>>("cutoffs");
        QTest::newRow("usual") << "5, 10, 20" << std::vector<int>{5, 10, 20};
        QTest::newRow("spaces, order, twice") << " 20 5;20 " << std::vector<int>{5, 20};
        QTest::newRow("zero") << "0, 5" << std::vector<int>{};
        QTest::newRow("word") << "five" << std::vector<int>{};
        QTest::newRow("nothing") << "" << std::vector<int>{};
    }
    void cutoffsAreReadAndWrongOnesRefused() {
        QFETCH(QString, text);
        QFETCH(std::vector<int>, cutoffs);
        QCOMPARE(RunOptionsForm::cutoffsFromText(text), cutoffs);
        RunOptionsForm form;
        form.findChild<QLineEdit*>("cutoffs")->setText(text);
        QCOMPARE(form.valid(), !cutoffs.empty());
    }

    void theWatchedMetricFollowsTheCutoffs() {
        RunOptionsForm form;
        auto* metric = form.findChild<QComboBox*>("earlyMetric");
        QCOMPARE(metric->currentData().toString(), QStringLiteral("ndcg@10"));
        form.findChild<QLineEdit*>("cutoffs")->setText("7");
        QCOMPARE(metric->currentData().toString(), QStringLiteral("ndcg@7"));
        form.findChild<QCheckBox*>("earlyStopping")->setChecked(false);
        QVERIFY(!metric->isEnabled());
    }

    void whatIsRankedFollowsTheSplitUnlessAPersonChose() {
        RunOptionsForm form;
        auto* ranked = form.findChild<QComboBox*>("candidates");
        QCOMPARE(form.candidates(), CandidateKind::All);
        form.setSplitKind(SplitKind::ColdItems);
        QCOMPARE(form.candidates(), CandidateKind::Cold);
        QCOMPARE(ranked->currentText(), QStringLiteral("new items only"));
        TrainingPlan plan;
        form.apply(plan);
        QCOMPARE(plan.evaluation.candidates.kind, CandidateKind::Cold);
        form.setSplitKind(SplitKind::KFold);
        QCOMPARE(form.candidates(), CandidateKind::All);
        form.setSplitKind(SplitKind::ColdItems);
        form.setPlan(TrainingPlan{}); // of a run on another split: no choice
        QCOMPARE(form.candidates(), CandidateKind::Cold);
        ranked->setCurrentIndex(ranked->findData("all"));
        emit ranked->activated(ranked->currentIndex());
        form.setSplitKind(SplitKind::ColdItems);
        QCOMPARE(form.candidates(), CandidateKind::All);
        plan.evaluation.candidates = {CandidateKind::Popular, 50, 7};
        form.setPlan(plan);
        form.setSplitKind(SplitKind::RandomPerUser);
        TrainingPlan back;
        form.apply(back);
        QVERIFY(back.evaluation.candidates == plan.evaluation.candidates);
    }
};

QTEST_MAIN(TestRunOptionsForm)
#include "tst_run_options_form.moc"
