// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/matrix.h"
#include "engine/core/rng.h"
#include "engine/linalg/gemm.h"
#include "engine/train/forecast.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

namespace recoscope {

namespace {

using Clock = std::chrono::steady_clock;

/// Work a second of the fastest of a few calls: a busy machine slows some of them, none is ever too fast.
double fastest(double work, double budget, const std::function<void()>& call) {
    call(); // memory is touched, threads are awake
    double best = 1e9;
    double spent = 0.0;
    for (int n = 0; n < 8 && spent < budget; ++n) {
        const auto start = Clock::now();
        call();
        const double seconds = std::max(1e-9, std::chrono::duration<double>(Clock::now() - start).count());
        best = std::min(best, seconds);
        spent += seconds;
    }
    return work / best;
}

/// n x k times k x n, added to what is there or in its place.
double productRate(std::int64_t n, std::int64_t k, bool accumulate, double budget, ThreadPool& pool) {
    const MatrixF a = MatrixF::Constant(n, k, 0.5f);
    const MatrixF b = MatrixF::Constant(k, n, 0.25f);
    MatrixF c = MatrixF::Zero(n, n);
    GemmScratch<float> scratch;
    GemmProblem<float> problem;
    problem.m = problem.n = problem.ldb = problem.ldc = n;
    problem.k = problem.lda = k;
    problem.a = a.data();
    problem.b = b.data();
    problem.c = c.data();
    problem.accumulate = accumulate;
    return fastest(static_cast<double>(n * n * k), budget, [&] { gemm(problem, scratch, &pool); });
}

double denseRate(ThreadPool& pool) { return productRate(768, 768, false, 0.04, pool); }

/// What a blocked factorisation of a large matrix consists of: products of a wide and a narrow block.
double factorisationRate(ThreadPool& pool) { return productRate(2048, 336, true, 0.05, pool); }

/// The rows that a pool thread visits, and the sums it leaves, so that no compiler drops the work.
struct Visits {
    std::vector<std::int32_t> places;
    std::vector<float> sums;
};

/// Rows of 64 floats in a table of 8 MB, each read for a dot product and changed by a multiple of another.
double vectorRate(ThreadPool& pool) {
    constexpr std::int64_t rows = 32768;
    constexpr std::int64_t width = 64;
    constexpr std::int64_t visits = 131072;
    MatrixF table = MatrixF::Constant(rows, width, 0.01f);
    Visits order;
    Rng rng(1);
    for (std::int64_t n = 0; n < visits; ++n)
        order.places.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(rows))));
    order.sums.resize(visits);
    const MatrixF query = MatrixF::Constant(1, width, 0.1f);
    return fastest(2.0 * static_cast<double>(visits * width), 0.02, [&] {
        pool.forChunks(visits, 4096, [&](const Chunk& chunk) {
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
                const auto row = table.row(order.places[static_cast<std::size_t>(n)]);
                order.sums[static_cast<std::size_t>(n)] += row.dot(query.row(0)) + 1e-3f * row.squaredNorm();
            }
        });
    });
}

/// One number added at a random place of an array of 256 kB, as counts of pairs of items are.
double scatterRate(ThreadPool& pool) {
    constexpr std::int64_t places = 65536;
    constexpr std::int64_t visits = 1 << 20;
    const auto threads = static_cast<std::size_t>(pool.threadCount());
    std::vector<std::vector<float>> counts(threads, std::vector<float>(places, 0.0f));
    std::vector<std::int32_t> order(visits);
    Rng rng(2);
    for (std::int32_t& place : order)
        place = static_cast<std::int32_t>(rng.below(places));
    return fastest(static_cast<double>(visits), 0.02, [&] {
        pool.forChunks(visits, 32768, [&](const Chunk& chunk) {
            std::vector<float>& mine = counts[static_cast<std::size_t>(chunk.thread)];
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
                mine[static_cast<std::size_t>(order[static_cast<std::size_t>(n)])] += 1.0f;
        });
    });
}

} // namespace

MachineRates measureRates(ThreadPool& pool) {
    MachineRates rates;
    rates.dense = denseRate(pool);
    rates.factorisation = factorisationRate(pool);
    rates.vectors = vectorRate(pool);
    rates.scattered = scatterRate(pool);
    return rates;
}

} // namespace recoscope
