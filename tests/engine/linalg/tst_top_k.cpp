// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/top_k.h"

#include "tests/support/naive_metrics.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

constexpr float boundless = std::numeric_limits<float>::infinity();
const float notANumber = std::nanf("");

/// What topK finds, cut where candidates end; checks the padding and the count on the way.
std::vector<int> found(const std::vector<float>& scores, int k) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(k), 12345);
    const int count = topK(scores, out);
    for (int i = count; i < k; ++i)
        if (out[static_cast<std::size_t>(i)] != -1) return {-999};
    return {out.begin(), out.begin() + count};
}

} // namespace

class TestTopK final : public QObject {
    Q_OBJECT
private slots:
    void equalScoresGoToTheLowerIndex() {
        QCOMPARE(found({1, 3, 3, 2, 3}, 2), (std::vector<int>{1, 2}));
        QCOMPARE(found(std::vector<float>(1000, 7.0f), 3), (std::vector<int>{0, 1, 2}));
    }

    void minusInfinityAndNanAreNeverReturned() {
        QCOMPARE(found({-boundless, notANumber, 2, -boundless, 5}, 4), (std::vector<int>{4, 2}));
        QCOMPARE(found({notANumber, notANumber}, 1), std::vector<int>{});
        QCOMPARE(found({-1e38f, boundless}, 2), (std::vector<int>{1, 0}));
    }

    void nothingIn_nothingOut() {
        QCOMPARE(found({}, 3), std::vector<int>{});
        QCOMPARE(found({1, 2}, 0), std::vector<int>{});
    }

    void zeroAndMinusZeroAreEqual() { QCOMPARE(found({-0.0f, 0.0f, -0.0f}, 2), (std::vector<int>{0, 1})); }

    void equalsAFullSortOnRandomShapes() {
        Rng rng(1);
        for (int trial = 0; trial < 600; ++trial) {
            // Sizes around the block of 64, and some long ones; few distinct values make many ties.
            const int size =
                trial % 3 == 0 ? static_cast<int>(rng.below(5000)) : static_cast<int>(rng.below(200));
            const int k = 1 + static_cast<int>(rng.below(trial % 5 == 0 ? 300 : 25));
            const bool ties = trial % 2 == 0;
            std::vector<float> scores(static_cast<std::size_t>(size));
            for (float& score : scores) {
                score = ties ? static_cast<float>(rng.below(10)) : static_cast<float>(rng.normal());
                const std::uint64_t odd = rng.below(20);
                if (odd == 0) score = -boundless;
                if (odd == 1) score = notANumber;
            }
            // Ascending order is the worst case: the bar moves all the time.
            if (trial % 7 == 0)
                std::stable_sort(scores.begin(), scores.end(), [](float a, float b) {
                    return (std::isnan(a) ? -boundless : a) < (std::isnan(b) ? -boundless : b);
                });
            QCOMPARE(found(scores, k), test::naiveTopK(scores, k));
        }
    }
};

QTEST_APPLESS_MAIN(TestTopK)
#include "tst_top_k.moc"
