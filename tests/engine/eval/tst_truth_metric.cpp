// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/truth_metric.h"

#include <QTest>

using namespace recoscope;

class TestTruthMetric final : public QObject {
    Q_OBJECT
private slots:
    void bestListIsOneAndChanceIsZero() {
        // Candidates 1, 2, 3, 4 (item 4, truth 9, is none): chance is 2.5, the best two have a mean of 3.5.
        const std::vector<float> truth{1, 2, 3, 4, 9};
        const std::vector<bool> candidates{true, true, true, true, false};
        const auto closeness = [&](std::vector<ItemIndex> list, int k) {
            return closenessToTruth(truth, candidates, list, k);
        };
        QCOMPARE(closeness({ItemIndex{3}, ItemIndex{2}}, 2), 1.0);
        QCOMPARE(closeness({ItemIndex{2}, ItemIndex{3}}, 2),
                 1.0); // the order inside the list does not matter
        QCOMPARE(closeness({ItemIndex{1}, ItemIndex{2}}, 2), 0.0);  // mean 2.5
        QCOMPARE(closeness({ItemIndex{0}, ItemIndex{1}}, 2), -1.0); // (1.5 - 2.5) / (3.5 - 2.5)
        QCOMPARE(closeness({ItemIndex{3}, ItemIndex{0}}, 2), 0.0);
        QCOMPARE(closeness({ItemIndex{3}, ItemIndex{0}}, 1), 1.0); // only the first counts
    }
    void shortAndEmptyListsAreDefined() {
        const std::vector<float> truth{1, 5, 3};
        const std::vector<bool> all(3, true);
        QCOMPARE(closenessToTruth(truth, all, std::vector{ItemIndex{1}, ItemIndex{-1}}, 10), 1.0);
        QCOMPARE(closenessToTruth(truth, all, std::vector{ItemIndex{-1}}, 10), 0.0);
        const std::vector<float> flat(3, 2.0f);
        QCOMPARE(closenessToTruth(flat, all, std::vector{ItemIndex{0}}, 1), 1.0); // nothing could be better
    }
};

QTEST_APPLESS_MAIN(TestTruthMetric)
#include "tst_truth_metric.moc"
