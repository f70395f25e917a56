// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"

#include "engine/api/split_query.h"
#include "engine/eval/evaluation_pass.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>

namespace recoscope {

namespace {

/// Scores users in blocks and hands each one's scores to body(user, scores, thread), which may change them.
class Scoring final {
public:
    Scoring(const Recommender& model, const Split& split, Target target, ThreadPool& pool,
            RunControl& control)
        : m_model(model)
        , m_split(split)
        , m_history(historyOf(split, target))
        , m_pool(pool)
        , m_control(control)
        , m_buffers(static_cast<std::size_t>(pool.threadCount())) {}

    /// @param done  called with the users finished so far.
    template <class Body>
    Status run(std::span<const UserIndex> users, const std::function<void(std::int64_t done)>& done,
               Body&& body) {
        const std::int64_t blockSize = usersInBlock(m_model.itemCount());
        std::atomic<std::int64_t> finished{0};
        std::atomic<bool> cancelled{false};
        m_pool.forChunks(static_cast<std::int64_t>(users.size()), blockSize, [&](const Chunk& chunk) {
            if (cancelled.load(std::memory_order_relaxed)) return;
            if (!block(users, chunk, body)) {
                cancelled.store(true, std::memory_order_relaxed);
                return;
            }
            const std::int64_t count = chunk.end - chunk.begin;
            done(finished.fetch_add(count) + count);
        });
        if (cancelled.load()) return Error{ErrorCode::Cancelled, "The evaluation was cancelled", ""};
        return {};
    }

private:
    struct Buffers {
        MatrixF scores;
        std::vector<Query> queries;
    };

    template <class Body>
    bool block(std::span<const UserIndex> users, const Chunk& chunk, Body& body) {
        if (!m_control.keepGoing()) return false;
        Buffers& buffers = m_buffers[static_cast<std::size_t>(chunk.thread)];
        const auto count = static_cast<Eigen::Index>(chunk.end - chunk.begin);
        if (buffers.scores.rows() < count) buffers.scores.resize(count, m_model.itemCount());
        buffers.queries.clear();
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
            buffers.queries.push_back(
                queryFor(m_model, m_split, m_history, users[static_cast<std::size_t>(n)]));
        m_model.score(buffers.queries, buffers.scores.topRows(count));
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
            if (!m_control.keepGoing()) return false;
            const std::span<float> scores(buffers.scores.row(n - chunk.begin).data(),
                                          static_cast<std::size_t>(buffers.scores.cols()));
            body(users[static_cast<std::size_t>(n)], scores, chunk.thread);
        }
        return true;
    }

    const Recommender& m_model;
    const Split& m_split;
    const UserItemCsr& m_history;
    ThreadPool& m_pool;
    RunControl& m_control;
    std::vector<Buffers> m_buffers;
};

/// Reused by one thread.
struct Scratch {
    EvaluationPass::Scratch pass;
    std::vector<float> copy;
};

/// Gives each pass that wants the user the user's scores; the last one gets them without a copy.
template <class Wants, class Take>
void hand(std::deque<EvaluationPass>& passes, std::span<float> scores, std::vector<float>& copy,
          Wants&& wants, Take&& take) {
    std::size_t last = passes.size();
    for (std::size_t p = 0; p < passes.size(); ++p)
        if (wants(passes[p])) last = p;
    for (std::size_t p = 0; p < passes.size(); ++p) {
        if (!wants(passes[p])) continue;
        if (p == last) {
            take(passes[p], scores);
        } else {
            copy.assign(scores.begin(), scores.end());
            take(passes[p], std::span<float>(copy));
        }
    }
}

Status score(std::deque<EvaluationPass>& passes, const Recommender& model, const Split& split, Target target,
             ThreadPool& pool, RunControl& control, const std::function<void(double)>& progress) {
    std::vector<UserIndex> users;
    std::vector<UserIndex> again;
    for (std::int32_t u = 0; u < model.userCount(); ++u) {
        const UserIndex user{u};
        const auto any = [&](auto&& wants) { return std::any_of(passes.begin(), passes.end(), wants); };
        if (any([&](const EvaluationPass& pass) { return pass.needs(user); })) users.push_back(user);
        if (any([&](const EvaluationPass& pass) { return pass.needsSecondPass() && pass.ranks(user); }))
            again.push_back(user);
    }
    const auto all = static_cast<double>(users.size() + again.size());
    const auto report = [&](std::int64_t done) {
        if (progress) progress(static_cast<double>(done) / all);
    };
    Scoring scoring(model, split, target, pool, control);
    std::vector<Scratch> scratch(static_cast<std::size_t>(pool.threadCount()));
    const Status first = scoring.run(users, report, [&](UserIndex user, std::span<float> scores, int thread) {
        Scratch& own = scratch[static_cast<std::size_t>(thread)];
        hand(
            passes, scores, own.copy, [&](const EvaluationPass& pass) { return pass.needs(user); },
            [&](EvaluationPass& pass, std::span<float> given) { pass.take(user, given, own.pass); });
    });
    if (!first || again.empty()) return first;
    for (EvaluationPass& pass : passes)
        if (pass.needsSecondPass()) pass.beginSecondPass();
    return scoring.run(
        again, [&](std::int64_t done) { report(static_cast<std::int64_t>(users.size()) + done); },
        [&](UserIndex user, std::span<float> scores, int thread) {
            Scratch& own = scratch[static_cast<std::size_t>(thread)];
            hand(
                passes, scores, own.copy,
                [&](const EvaluationPass& pass) { return pass.needsSecondPass() && pass.ranks(user); },
                [&](EvaluationPass& pass, std::span<float> given) { pass.takeAgain(user, given, own.pass); });
        });
}

} // namespace

Status checkEvaluationOptions(const EvaluationOptions& options) {
    if (const auto wanted = wantedMetrics(options, true); !wanted) return wanted.error();
    return {};
}

Result<std::vector<Evaluation>> evaluateEach(const Recommender& model, const Split& split, Target target,
                                             std::span<const EvaluationOptions> options, ThreadPool& pool,
                                             RunControl& control,
                                             const std::function<void(double fraction)>& progress) {
    const auto start = std::chrono::steady_clock::now();
    if (model.itemCount() != split.dataset()->itemCount() ||
        model.userCount() != split.dataset()->userCount())
        return Error{ErrorCode::Invalid,
                     "The model was made for other data: its users or items are not those of the split",
                     "model"};
    std::deque<EvaluationPass> passes;
    for (const EvaluationOptions& each : options) {
        auto wanted = wantedMetrics(each, split.dataset()->truth() != nullptr);
        if (!wanted) return wanted.error();
        passes.emplace_back(split, target, each, std::move(*wanted));
        if (const Status ready = passes.back().prepare(); !ready) return ready.error();
    }
    if (const Status scored = score(passes, model, split, target, pool, control, progress); !scored)
        return scored.error();
    std::vector<Evaluation> results;
    for (EvaluationPass& pass : passes) {
        if (const Status measured = pass.measureLists(pool, control); !measured) return measured.error();
        results.push_back(pass.finish());
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (Evaluation& result : results)
        result.seconds = seconds;
    return results;
}

Result<Evaluation> evaluate(const Recommender& model, const Split& split, Target target,
                            const EvaluationOptions& options, ThreadPool& pool, RunControl& control,
                            const std::function<void(double fraction)>& progress) {
    auto results = evaluateEach(model, split, target, {&options, 1}, pool, control, progress);
    if (!results) return results.error();
    return std::move(results->front());
}

} // namespace recoscope
