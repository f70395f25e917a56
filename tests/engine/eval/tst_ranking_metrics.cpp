// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/eval/ranking_metrics.h"
#include "engine/eval/rating_metrics.h"

#include "tests/support/naive_metrics.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

constexpr double tiny = 1e-12;

RankedHits hits(const std::vector<std::uint8_t>& list, int relevant) { return {list, relevant}; }

double auc(const std::vector<float>& scores, const std::vector<int>& relevant, int candidates) {
    std::vector<ItemIndex> items;
    for (const int item : relevant)
        items.push_back(ItemIndex{item});
    return areaUnderCurve(scores, items, candidates);
}

} // namespace

#define COMPARE_TO(actual, expected)                                                                         \
    QVERIFY2(std::abs((actual) - (expected)) < tiny, qPrintable(QString::number(actual, 'g', 17)))

class TestRankingMetrics final : public QObject {
    Q_OBJECT

    // One list for the hand computations: hits at ranks 1, 3 and 4 of five; R = 4 relevant items.
    const std::vector<std::uint8_t> m_list = {1, 0, 1, 1, 0};
    const Discounts m_discounts{10};

private slots:
    void ndcgByHand() {
        // DCG@5 = 1/log2(2) + 1/log2(4) + 1/log2(5) = 1 + .5 + .430676558 = 1.930676558
        // ideal over min(5, 4): 1 + .630929754 + .5 + .430676558 = 2.561606312
        COMPARE_TO(ndcg(hits(m_list, 4), 5, IdealList::CutAtK, m_discounts),
                   1.9306765580733931 / 2.5616063116448506);
        // DCG@2 = 1; ideal over min(2, 4): 1 + .630929754; not cut: the same 2.561606312
        COMPARE_TO(ndcg(hits(m_list, 4), 2, IdealList::CutAtK, m_discounts), 1.0 / 1.6309297535714573);
        COMPARE_TO(ndcg(hits(m_list, 4), 2, IdealList::AllRelevant, m_discounts), 1.0 / 2.5616063116448506);
    }

    void recallPrecisionAndF1ByHand() {
        // Two hits in three: recall 2/4, capped 2/min(3,4) = 2/3, precision 2/3, F1 = 2(2/3)(1/2)/(2/3+1/2) =
        // 4/7.
        COMPARE_TO(recall(hits(m_list, 4), 3, RecallDenominator::Relevant), 0.5);
        COMPARE_TO(recall(hits(m_list, 4), 3, RecallDenominator::Capped), 2.0 / 3.0);
        COMPARE_TO(precision(hits(m_list, 4), 3), 2.0 / 3.0);
        COMPARE_TO(f1(2.0 / 3.0, 0.5), 4.0 / 7.0);
        QCOMPARE(f1(0.0, 0.0), 0.0);
        // The list ends at 5: precision@10 is still out of 10.
        COMPARE_TO(precision(hits(m_list, 4), 10), 0.3);
    }

    void averagePrecisionByHand() {
        // Precision at the hits: 1/1, 2/3, 3/4; sum 29/12. Over min(5,4) = 4: 29/48.
        COMPARE_TO(averagePrecision(hits(m_list, 4), 5, MapDenominator::Capped), 29.0 / 48.0);
        // @3: 1 + 2/3 = 5/3; over min(3,4) = 3: 5/9; over R = 4: 5/12.
        COMPARE_TO(averagePrecision(hits(m_list, 4), 3, MapDenominator::Capped), 5.0 / 9.0);
        COMPARE_TO(averagePrecision(hits(m_list, 4), 3, MapDenominator::Relevant), 5.0 / 12.0);
    }

    void reciprocalRankAndHitRateStopAtTheCutoff() {
        const std::vector<std::uint8_t> late = {0, 0, 1, 1};
        COMPARE_TO(reciprocalRank(hits(late, 2), 4), 1.0 / 3.0);
        QCOMPARE(reciprocalRank(hits(late, 2), 2), 0.0);
        QCOMPARE(hitRate(hits(late, 2), 3), 1.0);
        QCOMPARE(hitRate(hits(late, 2), 2), 0.0);
        QCOMPARE(hitRate(hits({}, 2), 2), 0.0);
    }

    void aPerfectListScoresOne() {
        for (const int relevant : {1, 3, 10}) {
            const std::vector<std::uint8_t> list(static_cast<std::size_t>(relevant), 1);
            for (const int k : {1, 3, 10}) {
                COMPARE_TO(ndcg(hits(list, relevant), k, IdealList::CutAtK, m_discounts), 1.0);
                COMPARE_TO(recall(hits(list, relevant), k, RecallDenominator::Capped), 1.0);
                COMPARE_TO(averagePrecision(hits(list, relevant), k, MapDenominator::Capped), 1.0);
                QCOMPARE(reciprocalRank(hits(list, relevant), k), 1.0);
                QCOMPARE(hitRate(hits(list, relevant), k), 1.0);
            }
        }
    }

    void aucByHand() {
        // Relevant 0 (score 3) and 2 (score 1); others 1, 3, 4 with 2, 1, 0.
        // 3 beats 2, 1, 0: 3 of 3. 1 loses to 2, ties with 1, beats 0: 1.5 of 3. AUC = 4.5 / 6.
        COMPARE_TO(auc({3, 2, 1, 1, 0}, {0, 2}, 5), 0.75);
        // All equal: chance.
        COMPARE_TO(auc({1, 1, 1, 1}, {1, 3}, 4), 0.5);
        // Excluded items (-infinity, not among the candidates) are in no pair: 5 beats 4; 1 of 1.
        COMPARE_TO(auc({5, -std::numeric_limits<float>::infinity(), 4}, {0}, 2), 1.0);
        // Every candidate is relevant: no pairs.
        COMPARE_TO(auc({5, 4}, {0, 1}, 2), 0.5);
    }

    void aRelevantItemWithoutAUsableScoreLosesAllPairs() {
        COMPARE_TO(auc({std::nanf(""), 1, 2}, {0}, 3), 0.0);
        COMPARE_TO(auc({std::nanf(""), 1, 2}, {0, 2}, 3), 0.5); // the other one wins its pair
    }

    void aucEqualsThePairLoop_data() {
        QTest::addColumn<int>("items");
        QTest::addColumn<int>("relevant");
        QTest::addColumn<int>("distinct");
        QTest::newRow("few") << 40 << 3 << 1000000;
        QTest::newRow("ties") << 63 << 7 << 5;
        QTest::newRow("one relevant") << 17 << 1 << 4;
        QTest::newRow("many relevant: counted by sorting") << 2500 << 900 << 300;
        QTest::newRow("many relevant, distinct") << 2000 << 850 << 1000000;
    }
    void aucEqualsThePairLoop() {
        QFETCH(int, items);
        QFETCH(int, relevant);
        QFETCH(int, distinct);
        Rng rng(static_cast<std::uint64_t>(items));
        for (int trial = 0; trial < (items > 1000 ? 2 : 50); ++trial) {
            test::NaiveUser user;
            std::vector<float> scores;
            for (int i = 0; i < items; ++i) {
                const bool excluded = rng.below(10) == 0;
                if (excluded) user.excluded.insert(i);
                const auto score = static_cast<float>(rng.below(static_cast<std::uint64_t>(distinct)));
                user.scores.push_back(static_cast<double>(score));
                scores.push_back(excluded ? -std::numeric_limits<float>::infinity() : score);
            }
            while (static_cast<int>(user.relevant.size()) < relevant) {
                const int item = static_cast<int>(rng.below(static_cast<std::uint64_t>(items)));
                if (user.excluded.count(item) == 0) user.relevant.insert(item);
            }
            const double fast = auc(scores, {user.relevant.begin(), user.relevant.end()},
                                    items - static_cast<int>(user.excluded.size()));
            QVERIFY(std::abs(fast - test::naiveAuc(user)) < 1e-9);
        }
    }

    void ratingErrorsByHand() {
        // Errors 1, -2, 0: RMSE = sqrt(5/3), MAE = 1.
        RatingErrors first;
        first.add(4.0, 3.0);
        first.add(1.0, 3.0);
        RatingErrors second;
        second.add(5.0, 5.0);
        first.add(second);
        QCOMPARE(first.pairs, 3);
        COMPARE_TO(first.rmse(), std::sqrt(5.0 / 3.0));
        COMPARE_TO(first.mae(), 1.0);
        QCOMPARE(RatingErrors{}.rmse(), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestRankingMetrics)
#include "tst_ranking_metrics.moc"
