// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/core/thread_pool.h"
#include "engine/data/dataset.h"

#include <QtTest>

#include <map>
#include <set>

using namespace recoscope;

namespace {

DatasetParts randomParts(int users, int items, int rows, std::uint64_t seed, bool sorted = false) {
    DatasetParts parts;
    for (int u = 0; u < users; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < items; ++i)
        parts.items.insert("i" + std::to_string(i));
    Rng rng(seed);
    for (int n = 0; n < rows; ++n) {
        const auto user =
            sorted ? n * users / rows : static_cast<int>(rng.below(static_cast<std::uint64_t>(users)));
        parts.rows.users.push_back(UserIndex{user});
        parts.rows.items.push_back(ItemIndex{static_cast<int>(rng.below(static_cast<std::uint64_t>(items)))});
        parts.rows.values.push_back(static_cast<float>(1 + rng.below(10)) / 2.0f);
        parts.rows.times.push_back(1'000'000'000 + n);
        parts.rows.parts.push_back(rng.below(4) == 0 ? Part::Test : Part::Train);
    }
    parts.timeUnit = TimeUnit::Seconds;
    return parts;
}

} // namespace

class TstDataset final : public QObject {
    Q_OBJECT

private slots:
    void equalsANaiveMap_data() {
        QTest::addColumn<int>("policy");
        QTest::addColumn<bool>("sorted");
        for (int policy = 0; policy < 5; ++policy)
            for (const bool sorted : {false, true})
                QTest::addRow("%d %s", policy, sorted ? "by user" : "mixed") << policy << sorted;
    }
    void equalsANaiveMap() {
        QFETCH(int, policy);
        QFETCH(bool, sorted);
        for (const auto& [users, items, rows] : {std::tuple(1, 1, 1), std::tuple(1, 1, 9),
                                                 std::tuple(37, 23, 2000), std::tuple(300, 5, 90000)}) {
            DatasetParts parts = randomParts(users, items, rows, 5, sorted);
            parts.duplicates = DuplicatePolicy(policy);
            struct Cell {
                std::vector<float> values;
                std::vector<std::int64_t> times;
                std::vector<Part> parts;
            };
            // What is held out furthest has the pair: test, validation, their histories, training.
            const auto rank = [](Part part) {
                return part == Part::Test                ? 4
                       : part == Part::Validation        ? 3
                       : part == Part::TestHistory       ? 2
                       : part == Part::ValidationHistory ? 1
                                                         : 0;
            };
            std::map<std::pair<int, int>, Cell> naive;
            std::set<std::pair<int, int>> mixed;
            for (std::size_t n = 0; n < parts.rows.users.size(); ++n) {
                const std::pair<int, int> pair{toInt(parts.rows.users[n]), toInt(parts.rows.items[n])};
                Cell& cell = naive[pair];
                if (!cell.parts.empty() && cell.parts.front() != parts.rows.parts[n]) {
                    mixed.insert(pair);
                    if (rank(cell.parts.front()) > rank(parts.rows.parts[n])) continue;
                    cell = {};
                }
                cell.values.push_back(parts.rows.values[n]);
                cell.times.push_back(parts.rows.times[n]);
                cell.parts.push_back(parts.rows.parts[n]);
            }
            ImportReport report;
            ThreadPool pool({.threads = 3, .niceness = 0});
            const auto made = Dataset::make(std::move(parts), &report, &pool);
            QVERIFY(made.ok());
            const Dataset& data = **made;
            QCOMPARE(data.interactionCount(), static_cast<std::int64_t>(naive.size()));
            QCOMPARE(report.rowsUsed, data.interactionCount());
            QCOMPARE(report.duplicates, rows - data.interactionCount());
            std::size_t at = 0;
            for (const auto& [pair, cell] : naive) { // a map is in the order of the matrix
                float value = cell.values.back();
                double sum = 0.0;
                for (const float one : cell.values)
                    sum += static_cast<double>(one);
                switch (DuplicatePolicy(policy)) {
                case DuplicatePolicy::KeepLast:
                    break;
                case DuplicatePolicy::KeepFirst:
                    value = cell.values.front();
                    break;
                case DuplicatePolicy::Mean:
                    value = static_cast<float>(sum / static_cast<double>(cell.values.size()));
                    break;
                case DuplicatePolicy::Sum:
                    value = static_cast<float>(sum);
                    break;
                case DuplicatePolicy::Max:
                    value = *std::max_element(cell.values.begin(), cell.values.end());
                    break;
                }
                const bool first = DuplicatePolicy(policy) == DuplicatePolicy::KeepFirst;
                QCOMPARE(toInt(data.byUser().columns()[at]), pair.second);
                QCOMPARE(data.byUser().values()[at], value);
                QCOMPARE(data.times()[at], first ? cell.times.front() : cell.times.back());
                QVERIFY(data.parts()[at] == cell.parts.front());
                ++at;
            }
            QCOMPARE(data.byItem(), data.byUser().transposed());
            std::int64_t reported = 0;
            for (const auto& issue : report.issues)
                if (issue.kind == "pair-in-two-parts") reported = issue.count;
            QCOMPARE(reported, static_cast<std::int64_t>(mixed.size()));
        }
    }

    void theFingerprintIsOfTheDataOnly() {
        const auto of = [](DatasetParts parts, ThreadPool* pool = nullptr) {
            return (*Dataset::make(std::move(parts), nullptr, pool))->provenance().fingerprint;
        };
        const auto base = of(randomParts(500, 300, 200000, 9));
        QCOMPARE(base.size(), std::size_t{16});
        for (const int threads : {1, 2, 7}) {
            ThreadPool pool({.threads = threads, .niceness = 0});
            QCOMPARE(of(randomParts(500, 300, 200000, 9), &pool), base);
        }
        auto changed = randomParts(500, 300, 200000, 9);
        changed.provenance.path = "elsewhere";
        QCOMPARE(of(std::move(changed)), base); // where it lies is not what it is
        changed = randomParts(500, 300, 200000, 9);
        changed.rows.values.back() += 0.5f;
        QVERIFY(of(std::move(changed)) != base);
        changed = randomParts(500, 300, 200000, 9);
        changed.rows.times.back() += 1;
        QVERIFY(of(std::move(changed)) != base);
        changed = randomParts(500, 300, 200000, 9);
        changed.rows.parts.back() = Part::TestHistory;
        QVERIFY(of(std::move(changed)) != base);
        changed = randomParts(500, 300, 200000, 9);
        changed.items = {};
        for (int i = 0; i < 300; ++i)
            changed.items.insert("j" + std::to_string(i));
        QVERIFY(of(std::move(changed)) != base);
    }

    void theScaleIsWhatWasSeen() {
        auto parts = randomParts(50, 40, 3000, 2);
        QCOMPARE((*Dataset::make(std::move(parts)))->scale(), (RatingScale{0.5f, 5.0f, 0.5f, false}));
        parts = randomParts(5, 4, 30, 2);
        std::fill(parts.rows.values.begin(), parts.rows.values.end(), 1.0f);
        parts.implicit = true;
        QCOMPARE((*Dataset::make(std::move(parts)))->scale(), (RatingScale{1.0f, 1.0f, 0.0f, true}));
    }

    void nothingAndNonsenseAreErrors() {
        QVERIFY(!Dataset::make(DatasetParts{}).ok());
        auto parts = randomParts(5, 4, 30, 2);
        parts.rows.values[3] = std::numeric_limits<float>::infinity();
        parts.duplicates = DuplicatePolicy::Sum;
        QVERIFY(!Dataset::make(std::move(parts)).ok());
    }
};

QTEST_APPLESS_MAIN(TstDataset)
#include "tst_dataset.moc"
