// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/core/rng.h"
#include "engine/core/thread_pool.h"

#include <QtTest>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace recoscope;

namespace {
/// Sum of many floats by chunks, added in chunk order: sensitive to borders and to the order of addition.
float chunkedSum(ThreadPool& pool, std::int64_t count, std::int64_t chunkSize) {
    std::vector<float> partial(static_cast<std::size_t>(ThreadPool::chunkCount(count, chunkSize)));
    pool.forChunks(count, chunkSize, [&](const Chunk& chunk) {
        Rng rng = Rng::stream(1, "sum", 0, static_cast<std::uint64_t>(chunk.index));
        float sum = 0.0f;
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
            sum += rng.uniformFloat() * static_cast<float>(n);
        partial[static_cast<std::size_t>(chunk.index)] = sum;
    });
    float total = 0.0f;
    for (const float value : partial)
        total += value;
    return total;
}
} // namespace

class TestThreadPool final : public QObject {
    Q_OBJECT
private slots:
    void everyElementIsVisitedOnce_data() {
        QTest::addColumn<int>("threads");
        QTest::addColumn<qint64>("count");
        QTest::addColumn<qint64>("chunk");
        for (const int threads : {1, 2, 3, 8})
            for (const qint64 count : {0, 1, 2, 7, 64, 1000, 1001})
                for (const qint64 chunk : {1, 3, 64, 5000})
                    QTest::addRow("%d threads, %lld by %lld", threads, count, chunk)
                        << threads << count << chunk;
    }
    void everyElementIsVisitedOnce() {
        QFETCH(int, threads);
        QFETCH(qint64, count);
        QFETCH(qint64, chunk);
        ThreadPool pool({.threads = threads});
        QCOMPARE(pool.threadCount(), threads);
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
        std::vector<std::atomic<int>> chunks(static_cast<std::size_t>(ThreadPool::chunkCount(count, chunk)));
        std::atomic<bool> wrong{false};
        pool.forChunks(count, chunk, [&](const Chunk& piece) {
            if (piece.begin != piece.index * chunk ||
                piece.end != std::min<qint64>(count, piece.begin + chunk) || piece.thread < 0 ||
                piece.thread >= threads)
                wrong = true;
            ++chunks[static_cast<std::size_t>(piece.index)];
            for (std::int64_t n = piece.begin; n < piece.end; ++n)
                ++visits[static_cast<std::size_t>(n)];
        });
        QVERIFY(!wrong);
        for (const auto& visit : visits)
            QCOMPARE(visit.load(), 1);
        for (const auto& visit : chunks)
            QCOMPARE(visit.load(), 1);
    }

    void sumsAreTheSameForAnyThreadCount() {
        ThreadPool one({.threads = 1});
        const float expected = chunkedSum(one, 100'003, 997);
        for (const int threads : {2, 3, 4, 7}) {
            ThreadPool pool({.threads = threads});
            for (int repeat = 0; repeat < 5; ++repeat)
                QCOMPARE(chunkedSum(pool, 100'003, 997), expected);
        }
    }

    void noTwoChunksShareAThreadNumberAtATime() {
        ThreadPool pool({.threads = 4});
        std::vector<std::atomic<int>> busy(4);
        std::atomic<bool> clash{false};
        pool.forChunks(2000, 1, [&](const Chunk& chunk) {
            auto& mine = busy[static_cast<std::size_t>(chunk.thread)];
            if (++mine != 1) clash = true;
            std::this_thread::yield();
            --mine;
        });
        QVERIFY(!clash);
    }

    void anExceptionComesOutAndThePoolWorksOn() {
        for (const int threads : {1, 2, 4}) {
            ThreadPool pool({.threads = threads});
            for (int repeat = 0; repeat < 20; ++repeat) {
                QVERIFY_THROWS_EXCEPTION(std::runtime_error, pool.forChunks(100, 1, [](const Chunk& chunk) {
                    if (chunk.index == 37) throw std::runtime_error("37");
                }));
                std::atomic<int> after{0};
                pool.forChunks(
                    100, 7, [&](const Chunk& chunk) { after += static_cast<int>(chunk.end - chunk.begin); });
                QCOMPARE(after.load(), 100);
            }
        }
    }

    void manyExceptionsAtOnceAreOne() {
        ThreadPool pool({.threads = 4});
        QVERIFY_THROWS_EXCEPTION(std::runtime_error, pool.forChunks(1000, 1, [](const Chunk&) {
            throw std::runtime_error("all");
        }));
    }

    void aChunkSizeOfNothingIsAMistake() {
        ThreadPool pool({.threads = 2});
        QVERIFY_THROWS_EXCEPTION(CheckFailed, pool.forChunks(10, 0, [](const Chunk&) {}));
        int calls = 0;
        pool.forChunks(-5, 1, [&](const Chunk&) { ++calls; });
        QCOMPARE(calls, 0);
    }

    void callersFromSeveralThreadsAreServedOneAfterAnother() {
        ThreadPool pool({.threads = 3});
        std::atomic<std::int64_t> total{0};
        std::vector<std::thread> callers;
        for (int caller = 0; caller < 4; ++caller)
            callers.emplace_back([&] {
                for (int repeat = 0; repeat < 50; ++repeat) {
                    std::atomic<std::int64_t> mine{0};
                    pool.forChunks(200, 9, [&](const Chunk& chunk) { mine += chunk.end - chunk.begin; });
                    total += mine;
                }
            });
        for (auto& caller : callers)
            caller.join();
        QCOMPARE(total.load(), std::int64_t{4 * 50 * 200});
    }

    void manySmallCallsDoNotHang() {
        ThreadPool pool({.threads = 4});
        std::atomic<std::int64_t> total{0};
        for (int n = 0; n < 5000; ++n)
            pool.forChunks(n % 9, 1, [&](const Chunk&) { total.fetch_add(1, std::memory_order_relaxed); });
        std::int64_t expected = 0;
        for (int n = 0; n < 5000; ++n)
            expected += n % 9;
        QCOMPARE(total.load(), expected);
    }

    void thereIsAtLeastOneCoreAndZeroThreadsMeansAll() {
        QVERIFY(availableCores() >= 1);
        ThreadPool pool;
        QCOMPARE(pool.threadCount(), availableCores());
    }
};

QTEST_APPLESS_MAIN(TestThreadPool)
#include "tst_thread_pool.moc"
