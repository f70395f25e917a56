// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/core/rng.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

using namespace recoscope;

// Expected numbers come from a Python version of the published algorithms (arbitrary-precision integers),
// which itself gives the published vectors: SplitMix64 of 1234567, and xoshiro256++ from the state 1, 2,
// 3, 4.
class TestRng final : public QObject {
    Q_OBJECT
private slots:
    void mixIsSplitMix64s() {
        QCOMPARE(mix64(1234567 + 0x9e3779b97f4a7c15ULL), 6457827717110365317ULL);
        QCOMPARE(mix64(0), 0ULL);
        QCOMPARE(mix64(1), 6238072747940578789ULL);
    }

    void hashOfBytesIsKnown() {
        QCOMPARE(hash64(""), 17665956581633026203ULL);
        QCOMPARE(hash64("abc"), 996580060897260808ULL);
        QCOMPARE(hash64("abc", 9), 3088741881267769520ULL);
        QVERIFY(hash64(std::string_view("a\0b", 3)) != hash64("a"));
    }

    void theSequenceOfASeedIsKnown() {
        Rng rng(42);
        QCOMPARE(rng.next(), 15021278609987233951ULL);
        QCOMPARE(rng.next(), 5881210131331364753ULL);
        QCOMPARE(rng.next(), 18149643915985481100ULL);
        QCOMPARE(rng(), 12933668939759105464ULL);
    }

    void streamsAreKnownAndKeyedByEverything() {
        Rng rng = Rng::stream(42, "split.per_user", 0, 3);
        QCOMPARE(rng.next(), 1063451955816080475ULL);
        QCOMPARE(rng.next(), 210580112474842045ULL);
        QCOMPARE(Rng::stream(1, "a", 2, 5).next(), 7914007054570267460ULL);

        std::set<std::uint64_t> first;
        for (std::uint64_t seed : {0, 1, 2})
            for (const char* purpose : {"", "a", "b"})
                for (std::uint64_t epoch : {0, 1, 2})
                    for (std::uint64_t block : {0, 1, 2})
                        first.insert(Rng::stream(seed, purpose, epoch, block).next());
        QCOMPARE(first.size(), std::size_t{81});
    }

    void uniformsAreKnownAndInRange() {
        Rng doubles(42);
        QCOMPARE(doubles.uniform(), 0.8143051451229099);
        QCOMPARE(doubles.uniform(), 0.3188210400616611);
        Rng floats(42);
        QCOMPARE(floats.uniformFloat(), 0.8143051266670227f);
        QCOMPARE(floats.uniformFloat(), 0.3188210129737854f);

        Rng rng(5);
        double sum = 0.0;
        for (int n = 0; n < 100'000; ++n) {
            const double x = rng.uniform();
            const float y = rng.uniformFloat();
            QVERIFY(x >= 0.0 && x < 1.0 && y >= 0.0f && y < 1.0f);
            sum += x;
        }
        // Standard error of the mean is 0.0009.
        QVERIFY(std::abs(sum / 100'000 - 0.5) < 0.005);
    }

    void belowIsKnownAlsoWhereItRejects() {
        Rng rng(42);
        for (const std::uint64_t expected : {8, 3, 9, 7, 7, 5, 1, 6, 2, 9})
            QCOMPARE(rng.below(10), expected);
        // A bound just above 2^63 rejects about every second draw.
        Rng big(42);
        QCOMPARE(big.below((1ULL << 63) + 1), 2940605065665682376ULL);
        QCOMPARE(big.below((1ULL << 63) + 1), 9074821957992740550ULL);
        QCOMPARE(big.below((1ULL << 63) + 1), 6466834469879552732ULL);
        QCOMPARE(big.below((1ULL << 63) + 1), 5581269471817655715ULL);
    }

    void belowIsUniformAndRefusesAnEmptyRange() {
        Rng rng(3);
        std::vector<int> counts(7, 0);
        constexpr int draws = 70'000;
        for (int n = 0; n < draws; ++n)
            ++counts[rng.below(7)];
        double chiSquare = 0.0;
        for (const int count : counts)
            chiSquare += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
        QVERIFY2(chiSquare < 22.5, qPrintable(QString::number(chiSquare))); // 6 degrees of freedom, p = 0.001
        QCOMPARE(rng.below(1), 0ULL);
        QVERIFY_THROWS_EXCEPTION(CheckFailed, rng.below(0));
    }

    void normalsAreKnownAndStandard() {
        Rng known(42);
        // The logarithm may differ by a bit or two between C libraries.
        QVERIFY(std::abs(known.normal() - 0.9813983900724986) < 1e-14);
        QVERIFY(std::abs(known.normal() + 0.565720104673956) < 1e-14);

        Rng rng(11);
        constexpr int draws = 200'000;
        double sum = 0.0;
        double squares = 0.0;
        double cubes = 0.0;
        int beyond = 0;
        for (int n = 0; n < draws; ++n) {
            const double x = rng.normal();
            sum += x;
            squares += x * x;
            cubes += x * x * x;
            beyond += std::abs(x) > 1.959964 ? 1 : 0;
        }
        QVERIFY(std::abs(sum / draws) < 0.01);
        QVERIFY(std::abs(squares / draws - 1.0) < 0.015);
        QVERIFY(std::abs(cubes / draws) < 0.04);
        QVERIFY(std::abs(beyond / double(draws) - 0.05) < 0.0025);
    }

    void aDrawToTheFrontIsKnownUniformAndTheBeginningOfALongerOne() {
        std::vector<int> values(10);
        std::iota(values.begin(), values.end(), 0);
        std::vector<int> longer = values;
        Rng(7).drawToFront(std::span(values), 3);
        Rng(7).drawToFront(std::span(longer), 40); // more than there are: all of them
        QVERIFY(std::equal(values.begin(), values.begin() + 3, longer.begin()));
        std::sort(longer.begin(), longer.end());
        for (int n = 0; n < 10; ++n)
            QCOMPARE(longer[static_cast<std::size_t>(n)], n);

        Rng rng(9);
        std::vector<int> counts(20, 0); // ordered pairs of 5
        for (int n = 0; n < 20'000; ++n) {
            std::vector<int> five{0, 1, 2, 3, 4};
            rng.drawToFront(std::span(five), 2);
            ++counts[static_cast<std::size_t>(4 * five[0] + (five[1] > five[0] ? five[1] - 1 : five[1]))];
        }
        double chiSquare = 0.0;
        for (const int count : counts)
            chiSquare += (count - 1000.0) * (count - 1000.0) / 1000.0;
        QVERIFY2(chiSquare < 43.8, qPrintable(QString::number(chiSquare))); // 19 degrees of freedom, p = 0.001
    }

    void shuffleIsKnownAndAPermutation() {
        std::vector<int> values(10);
        std::iota(values.begin(), values.end(), 0);
        Rng rng(7);
        rng.shuffle(std::span(values));
        QCOMPARE(values, (std::vector<int>{3, 8, 9, 4, 6, 7, 2, 5, 1, 0}));
        std::sort(values.begin(), values.end());
        for (int n = 0; n < 10; ++n)
            QCOMPARE(values[static_cast<std::size_t>(n)], n);

        std::vector<int> none;
        rng.shuffle(std::span(none));
        std::vector<int> one{1};
        rng.shuffle(std::span(one));
        QCOMPARE(one, std::vector<int>{1});
    }

    void everyPermutationIsAsLikely() {
        Rng rng(99);
        std::vector<int> counts(6, 0);
        for (int n = 0; n < 60'000; ++n) {
            std::vector<int> v{0, 1, 2};
            rng.shuffle(std::span(v));
            ++counts[static_cast<std::size_t>(v[0] * 2 + (v[1] > v[2] ? 1 : 0))];
        }
        double chiSquare = 0.0;
        for (const int count : counts)
            chiSquare += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
        QVERIFY2(chiSquare < 20.5, qPrintable(QString::number(chiSquare))); // 5 degrees of freedom, p = 0.001
    }
};

QTEST_APPLESS_MAIN(TestRng)
#include "tst_rng.moc"
