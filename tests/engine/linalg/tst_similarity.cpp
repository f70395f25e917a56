// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/similarity.h"

#include "tests/support/naive_similarity.h"

#include <Eigen/Core>
#include <QTest>

#include <chrono>
#include <cmath>
#include <thread>

using namespace recoscope;
using namespace recoscope::test;

namespace {

using Entries = std::vector<Entry<UserIndex, ItemIndex>>;

std::shared_ptr<const UserItemCsr> matrix(int users, int items, const Entries& entries) {
    return std::make_shared<const UserItemCsr>(UserItemCsr::fromEntries(users, items, entries).value());
}

std::shared_ptr<const UserItemCsr> randomMatrix(int users, int items, double density, std::uint64_t seed) {
    Rng rng(seed);
    Entries entries;
    for (int u = 0; u < users; ++u)
        for (int i = 0; i < items; ++i)
            if (rng.uniform() < density)
                entries.push_back({UserIndex{u}, ItemIndex{i}, static_cast<float>(1 + rng.below(5))});
    return matrix(users, items, entries);
}

std::shared_ptr<const ItemUserCsr> turned(const UserItemCsr& rows) {
    return std::make_shared<const ItemUserCsr>(rows.transposed());
}

Nearest<UserIndex> nearestOf(const std::shared_ptr<const UserItemCsr>& rows, const SimilarityOptions& options,
                             int k, int threads = 2) {
    ThreadPool pool({.threads = threads});
    RunControl control;
    return Similarity<UserIndex, ItemIndex>(rows, turned(*rows), options).nearest(k, pool, control);
}

/// Column c of W, as the naive version keeps it.
MatrixD dense(const Csr<UserIndex, UserIndex>& neighbours) { return holed(neighbours).value.transpose(); }

void addOptions() {
    QTest::addColumn<int>("kind");
    QTest::addColumn<int>("values");
    QTest::addColumn<int>("weighting");
    QTest::addColumn<double>("shrink");
    const char* const kinds[] = {"cosine", "pearson", "jaccard", "adjusted cosine"};
    const char* const weightings[] = {"", ", TF-IDF", ", BM25"};
    for (int kind = 0; kind < 4; ++kind)
        for (int values = 0; values < 2; ++values)
            for (int weighting = 0; weighting < 3; ++weighting)
                for (const double shrink : {0.0, 7.5})
                    QTest::addRow("%s%s%s, shrink %g", kinds[kind], values ? " of ones" : "",
                                  weightings[weighting], shrink)
                        << kind << values << weighting << shrink;
}

SimilarityOptions fetchOptions() {
    QFETCH_GLOBAL(int, kind);
    QFETCH_GLOBAL(int, values);
    QFETCH_GLOBAL(int, weighting);
    QFETCH_GLOBAL(double, shrink);
    return {static_cast<SimilarityKind>(kind),
            static_cast<EntryValues>(values),
            shrink,
            {static_cast<Weighting>(weighting), 1.2, 0.75}};
}

} // namespace

class TestSimilarity final : public QObject {
    Q_OBJECT
private slots:
    void initTestCase_data() { addOptions(); }
    void nearestEqualsTheNaiveVersionOnRandomShapes();
    void oneNewRowEqualsTheNaiveVersion();
    void threadCountDoesNotChangeABit();
};

void TestSimilarity::nearestEqualsTheNaiveVersionOnRandomShapes() {
    const SimilarityOptions options = fetchOptions();
    const int shapes[][2] = {{0, 0}, {1, 1}, {1, 5}, {5, 1}, {2, 3}, {7, 13}, {33, 17}, {64, 40}};
    for (const auto& shape : shapes)
        for (const double density : {0.0, 0.15, 0.6, 1.0}) {
            const auto rows = randomMatrix(shape[0], shape[1], density, 11);
            const MatrixD full = naiveSimilarity(holed(*rows), options);
            for (const int k : {1, 3, 10, 1000}) {
                const auto found = nearestOf(rows, options, k);
                QVERIFY(found.completed);
                QCOMPARE(found.neighbours.rowCount(), shape[0]);
                const MatrixD expected = naiveTopOfColumns(full, k);
                const MatrixD actual = dense(found.neighbours);
                if (expected.size() == 0) continue;
                // Which of several equal similarities is kept may differ where rounding tells them apart; so
                // compare the kept values of each column in order, and each kept value with its place in the
                // full matrix.
                for (Eigen::Index c = 0; c < expected.cols(); ++c) {
                    VectorD a = actual.col(c), b = expected.col(c);
                    std::sort(a.begin(), a.end());
                    std::sort(b.begin(), b.end());
                    QVERIFY2((a - b).cwiseAbs().maxCoeff() < 2e-5, qPrintable(QString("k %1").arg(k)));
                    for (Eigen::Index r = 0; r < expected.rows(); ++r)
                        if (actual(r, c) != 0.0) QVERIFY(std::abs(actual(r, c) - full(r, c)) < 2e-5);
                }
            }
        }
}

void TestSimilarity::oneNewRowEqualsTheNaiveVersion() {
    const SimilarityOptions options = fetchOptions();
    // A row that is already there must be as similar to the others as nearest() says: the same weights and
    // means.
    const auto rows = randomMatrix(31, 19, 0.4, 5);
    const MatrixD full = naiveSimilarity(holed(*rows), options);
    const Similarity<UserIndex, ItemIndex> similarity(rows, turned(*rows), options);
    std::vector<float> out(31);
    for (std::int32_t u = 0; u < 31; ++u) {
        similarity.toAll(rows->cols(UserIndex{u}), rows->values(UserIndex{u}), out);
        for (std::int32_t v = 0; v < 31; ++v)
            if (v != u) QVERIFY(std::abs(out[static_cast<std::size_t>(v)] - full(u, v)) < 2e-5);
    }
    similarity.toAll({}, {}, out);
    for (const float value : out)
        QCOMPARE(value, 0.0f);
}

void TestSimilarity::threadCountDoesNotChangeABit() {
    const SimilarityOptions options = fetchOptions();
    const auto rows = randomMatrix(97, 41, 0.3, 3);
    const auto one = nearestOf(rows, options, 9, 1);
    const auto three = nearestOf(rows, options, 9, 3);
    QCOMPARE(one.neighbours == three.neighbours, true);
}

class TestSimilarityByHand final : public QObject {
    Q_OBJECT
private slots:
    void tinyCases();
    void bm25IsTheFormula();
    void equalSimilaritiesGoToTheLowerIndex();
    void whatFloatsCannotTellApartIsDecidedInDouble();
    void hugeRatingsStayFinite();
    void cancelKeepsTheRowsThatAreDone();
    void progressEndsAtOne();
};

void TestSimilarityByHand::tinyCases() {
    // u0: i0 3, i1 4.  u1: i1 2, i2 2.  u2: nothing.
    const auto rows = matrix(3, 3,
                             {{UserIndex{0}, ItemIndex{0}, 3.0f},
                              {UserIndex{0}, ItemIndex{1}, 4.0f},
                              {UserIndex{1}, ItemIndex{1}, 2.0f},
                              {UserIndex{1}, ItemIndex{2}, 2.0f}});
    const auto value = [&](const SimilarityOptions& options) {
        return dense(nearestOf(rows, options, 5).neighbours)(0, 1);
    };
    // 4·2 / (5 · √8) = 0.565685
    QVERIFY(std::abs(value({}) - 8.0 / (5.0 * std::sqrt(8.0))) < 1e-6);
    QVERIFY(std::abs(value({.shrink = 1.0}) - 8.0 / (5.0 * std::sqrt(8.0) + 1.0)) < 1e-6);
    // One shared of two each.
    QVERIFY(std::abs(value({.values = EntryValues::Ones}) - 0.5) < 1e-6);
    QVERIFY(std::abs(value({.kind = SimilarityKind::Jaccard}) - 1.0 / 3.0) < 1e-6);
    // u1 is constant, so nothing is left of it.
    QCOMPARE(value({.kind = SimilarityKind::Pearson}), 0.0);
    // Item means 3, 3, 2: u0 becomes 0, 1; u1 becomes -1, 0. -1 / (1 · 1) = -1, kept only while places are
    // free.
    QVERIFY(std::abs(value({.kind = SimilarityKind::AdjustedCosine}) + 1.0) < 1e-5);
}

void TestSimilarityByHand::bm25IsTheFormula() {
    // 4 documents of lengths 4, 2, 1, 1 (mean 2); a value of 1 in the first; a term that 1 document has.
    const TermWeights weights({4.0f, 2.0f, 1.0f, 1.0f}, {Weighting::Bm25, 1.2, 0.75});
    const double idf = std::log(4.0 / 2.0);
    QVERIFY(std::abs(weights.idf(1) - idf) < 1e-6);
    // 1·2.2 / (1.2 (0.25 + 0.75·2) + 1) = 2.2 / 3.1
    QVERIFY(std::abs(weights.of(1.0f, 4.0f, weights.idf(1)) - 2.2 / 3.1 * idf) < 1e-6);
    const TermWeights tfidf({4.0f, 2.0f, 1.0f, 1.0f}, {Weighting::TfIdf, 1.2, 0.75});
    QVERIFY(std::abs(tfidf.of(9.0f, 4.0f, tfidf.idf(1)) - 3.0 * idf) < 1e-6);
    // K1 = 0 and a value of 0 would divide nothing by nothing.
    QCOMPARE(TermWeights({1.0f}, {Weighting::Bm25, 0.0, 0.75}).of(0.0f, 1.0f, 1.0f), 0.0f);
}

void TestSimilarityByHand::equalSimilaritiesGoToTheLowerIndex() {
    Entries entries;
    for (int u = 0; u < 6; ++u)
        entries.push_back({UserIndex{u}, ItemIndex{0}, 1.0f});
    const auto found = nearestOf(matrix(6, 1, entries), {}, 2).neighbours;
    QCOMPARE(found.cols(UserIndex{0})[0], UserIndex{1});
    QCOMPARE(found.cols(UserIndex{0})[1], UserIndex{2});
    QCOMPARE(found.cols(UserIndex{5})[0], UserIndex{0});
    QCOMPARE(found.cols(UserIndex{5})[1], UserIndex{1});
}

void TestSimilarityByHand::whatFloatsCannotTellApartIsDecidedInDouble() {
    // u0 holds i0, i1. u1 shares 1 of 3 (1 / 3.000001), u2 shares 2 of 6 (2 / 6.000001, larger by 6e-8): both
    // are 0.33333333 in float, and the lower index is the wrong one.
    Entries entries;
    for (const int item : {0, 1})
        entries.push_back({UserIndex{0}, ItemIndex{item}, 1.0f});
    for (const int item : {0, 2})
        entries.push_back({UserIndex{1}, ItemIndex{item}, 1.0f});
    for (const int item : {0, 1, 3, 4, 5, 6})
        entries.push_back({UserIndex{2}, ItemIndex{item}, 1.0f});
    const auto found = nearestOf(matrix(3, 7, entries), {.kind = SimilarityKind::Jaccard}, 1).neighbours;
    QCOMPARE(found.rowSize(UserIndex{0}), 1);
    QCOMPARE(found.cols(UserIndex{0})[0], UserIndex{2});
}

void TestSimilarityByHand::hugeRatingsStayFinite() {
    Entries entries;
    for (int u = 0; u < 4; ++u)
        for (int i = 0; i < 3; ++i)
            entries.push_back({UserIndex{u}, ItemIndex{i}, (u + i) % 2 ? 3e38f : -3e38f});
    for (int kind = 0; kind < 4; ++kind)
        for (int weighting = 0; weighting < 3; ++weighting) {
            const auto found = nearestOf(matrix(4, 3, entries),
                                         {static_cast<SimilarityKind>(kind),
                                          EntryValues::Given,
                                          0.0,
                                          {static_cast<Weighting>(weighting), 1.2, 0.75}},
                                         3);
            for (const float value : found.neighbours.values())
                QVERIFY(std::isfinite(value));
        }
}

void TestSimilarityByHand::cancelKeepsTheRowsThatAreDone() {
    const auto rows = randomMatrix(3000, 300, 0.5, 9);
    const Similarity<UserIndex, ItemIndex> similarity(rows, turned(*rows), {});
    ThreadPool pool({.threads = 2});
    RunControl control;
    std::chrono::steady_clock::time_point asked;
    const auto found = similarity.nearest(20, pool, control, [&](double fraction) {
        if (fraction < 0.05 || control.cancelled()) return;
        asked = std::chrono::steady_clock::now();
        control.cancel();
    });
    const auto waited = std::chrono::steady_clock::now() - asked;
    QVERIFY(!found.completed);
    QVERIFY(waited < std::chrono::milliseconds(200));
    int done = 0;
    for (std::int32_t u = 0; u < 3000; ++u)
        done += found.neighbours.rowSize(UserIndex{u}) > 0;
    QVERIFY(done > 0 && done < 3000);
    const auto whole = nearestOf(rows, {}, 20).neighbours;
    for (std::int32_t u = 0; u < 3000; ++u)
        if (found.neighbours.rowSize(UserIndex{u}) > 0)
            QVERIFY(std::ranges::equal(found.neighbours.cols(UserIndex{u}), whole.cols(UserIndex{u})));
}

void TestSimilarityByHand::progressEndsAtOne() {
    const auto rows = randomMatrix(50, 20, 0.5, 9);
    ThreadPool pool({.threads = 1});
    RunControl control;
    double last = 0.0;
    bool rises = true;
    const Similarity<UserIndex, ItemIndex> similarity(rows, turned(*rows), {});
    const auto found = similarity.nearest(5, pool, control, [&](double fraction) {
        rises = rises && fraction >= last;
        last = fraction;
    });
    QVERIFY(found.completed && rises);
    QCOMPARE(last, 1.0);
}

int main(int argc, char** argv) {
    TestSimilarity compared;
    TestSimilarityByHand byHand;
    const int failed = QTest::qExec(&compared, argc, argv);
    return failed + QTest::qExec(&byHand, argc, argv);
}

#include "tst_similarity.moc"
