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

/// Passes that one ranking of a user serves.
using Group = std::vector<EvaluationPass*>;

std::vector<Group> grouped(std::deque<EvaluationPass>& passes) {
    std::vector<Group> groups;
    for (EvaluationPass& pass : passes) {
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
            return group.front()->sharesRanking(pass);
        });
        if (same == groups.end())
            groups.push_back({&pass});
        else
            same->push_back(&pass);
    }
    return groups;
}

/// Ranks the user once for each group that has a pass which wants it, and lets these passes take it. The last
/// group gets the scores themselves, the others a copy.
template <class Wants, class Take>
void rankFor(const std::vector<Group>& groups, UserIndex user, std::span<float> scores, Scratch& scratch,
             Wants&& wants, Take&& take) {
    const auto wanted = [&](const Group& group) {
        return std::any_of(group.begin(), group.end(), [&](EvaluationPass* pass) { return wants(*pass); });
    };
    const auto last = std::find_if(groups.rbegin(), groups.rend(), wanted);
    for (const Group& group : groups) {
        if (!wanted(group)) continue;
        std::span<float> given = scores;
        if (&group != &*last) {
            scratch.copy.assign(scores.begin(), scores.end());
            given = scratch.copy;
        }
        group.front()->rank(user, given, scratch.pass);
        for (EvaluationPass* pass : group)
            if (wants(*pass)) take(*pass);
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
    const std::vector<Group> groups = grouped(passes);
    const Status first = scoring.run(users, report, [&](UserIndex user, std::span<float> scores, int thread) {
        Scratch& own = scratch[static_cast<std::size_t>(thread)];
        for (EvaluationPass& pass : passes)
            pass.rate(user, scores);
        rankFor(
            groups, user, scores, own, [&](const EvaluationPass& pass) { return pass.ranks(user); },
            [&](EvaluationPass& pass) { pass.take(user, own.pass); });
    });
    if (!first || again.empty()) return first;
    for (EvaluationPass& pass : passes)
        if (pass.needsSecondPass()) pass.beginSecondPass();
    return scoring.run(
        again, [&](std::int64_t done) { report(static_cast<std::int64_t>(users.size()) + done); },
        [&](UserIndex user, std::span<float> scores, int thread) {
            Scratch& own = scratch[static_cast<std::size_t>(thread)];
            rankFor(
                groups, user, scores, own,
                [&](const EvaluationPass& pass) { return pass.needsSecondPass() && pass.ranks(user); },
                [&](EvaluationPass& pass) { pass.takeAgain(user, own.pass); });
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
