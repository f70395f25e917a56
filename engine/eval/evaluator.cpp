// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"

#include "engine/api/split_query.h"
#include "engine/eval/list_metrics.h"
#include "engine/eval/metric_definition.h"
#include "engine/eval/ranking_metrics.h"
#include "engine/eval/rating_metrics.h"
#include "engine/eval/truth_metric.h"
#include "engine/linalg/top_k.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>

namespace recoscope {

namespace {

/// One number that is asked for.
struct Wanted {
    const MetricInfo* info = nullptr;
    int k = 0; // 0 where the metric has no cutoff
};

bool isRating(const MetricInfo& info) { return info.kind == MetricKind::Rating; }
bool isPerUser(const MetricInfo& info) { return info.kind == MetricKind::Ranking; }

/// @param hasTruth  true preferences are known; "truth" is left out without.
Result<std::vector<Wanted>> wantedMetrics(const EvaluationOptions& options, bool hasTruth) {
    std::vector<int> cutoffs = options.cutoffs;
    std::sort(cutoffs.begin(), cutoffs.end());
    cutoffs.erase(std::unique(cutoffs.begin(), cutoffs.end()), cutoffs.end());
    constexpr int largest = 100'000;
    if (!cutoffs.empty() && (cutoffs.front() < 1 || cutoffs.back() > largest))
        return Error{ErrorCode::Invalid, "A cutoff lies between 1 and " + std::to_string(largest), "cutoffs"};

    for (const std::string& name : options.metrics) {
        const MetricInfo* info = findMetric(name);
        if (info && info->name == name) continue;
        std::string known;
        for (const MetricInfo& each : metricInfos())
            known.append(known.empty() ? "" : " ").append(each.name);
        return Error{ErrorCode::Invalid, "Unknown metric '" + name + "'; known are " + known, "metrics"};
    }
    std::vector<Wanted> wanted;
    for (const MetricInfo& info : metricInfos()) {
        const bool asked =
            options.metrics.empty() ||
            std::find(options.metrics.begin(), options.metrics.end(), info.name) != options.metrics.end();
        if (!asked || (isRating(info) && !options.predictsRatings)) continue;
        if (info.name == "truth" && !hasTruth) continue;
        if (info.hasCutoff) {
            for (const int k : cutoffs)
                wanted.push_back({&info, k});
        } else {
            wanted.push_back({&info, 0});
        }
    }
    if (wanted.empty())
        return Error{ErrorCode::Invalid,
                     "None of the metrics asked for applies here (no cutoffs, no predicted ratings, or no known truth)",
                     "metrics"};
    return wanted;
}

/// Reused by one thread for block after block.
struct Scratch {
    MatrixF scores;
    std::vector<Query> queries;
    std::vector<ItemIndex> relevant;
    std::vector<std::int32_t> top;
    std::vector<std::uint8_t> hits;
    std::vector<bool> candidates;
};

/// One evaluation under way. Blocks of users are independent; each writes its own rows.
class Pass final {
public:
    Pass(const Recommender& model, const Split& split, Target target, const EvaluationOptions& options,
         std::vector<Wanted> wanted)
        : m_model(model)
        , m_split(split)
        , m_options(options)
        , m_held(heldOut(split, target))
        , m_history(historyOf(split, target))
        , m_alsoExcluded(target == Target::Test && options.excludeValidationAtTest &&
                                 !split.validation().empty()
                             ? &split.validation()
                             : nullptr)
        , m_wanted(std::move(wanted))
        , m_counts(countUsers(options, split, target))
        , m_target(target)
        , m_discounts(0) {}

    Status prepare();
    Status run(ThreadPool& pool, RunControl& control, const std::function<void(double)>& progress);
    /// What is computed from the lists alone, once they are all there.
    Status measureLists(ThreadPool& pool, RunControl& control);
    Evaluation finish();

private:
    void leaveOutWhatCannotBe();
    bool runBlock(const Chunk& chunk, Scratch& scratch, RunControl& control);
    void rateUser(UserIndex user, const float* scores, RatingErrors& errors) const;
    void rankUser(std::int64_t row, UserIndex user, std::span<float> scores, Scratch& scratch);
    void excludeItems(UserIndex user, std::span<float> scores, std::int64_t& candidates) const;

    const Recommender& m_model;
    const Split& m_split;
    const EvaluationOptions& m_options;
    const UserItemCsr& m_held;
    const UserItemCsr& m_history;
    const UserItemCsr* m_alsoExcluded;
    std::vector<Wanted> m_wanted;
    EvaluationCounts m_counts;
    Target m_target;
    Discounts m_discounts;
    bool m_ranks = false;
    bool m_rates = false;
    bool m_wantsAuc = false;

    std::vector<UserIndex> m_scored;            // users whose scores are needed, ascending
    std::vector<std::int64_t> m_rows;           // their row in the evaluation, or -1: rating errors only
    std::vector<std::vector<double>> m_perUser; // by wanted metric
    std::vector<RatingErrors> m_errors;         // by block
    std::vector<ListMetricValue> m_lists;       // by wanted metric; empty for other kinds
    Evaluation m_result;
};

Status Pass::prepare() {
    if (m_model.itemCount() != m_held.colCount() || m_model.userCount() != m_held.rowCount())
        return Error{ErrorCode::Invalid,
                     "The model was made for other data: its users or items are not those of the split",
                     "model"};
    const char* part = m_target == Target::Test ? "test" : "validation";
    if (m_held.empty())
        return Error{ErrorCode::Invalid, std::string("The split has no ") + part + " interactions", part};
    if (m_counts.users == 0)
        std::erase_if(m_wanted, [](const Wanted& wanted) { return !isRating(*wanted.info); });
    if (!m_wanted.empty()) {
        leaveOutWhatCannotBe();
        if (m_wanted.empty()) return Error{ErrorCode::Invalid, m_result.leftOut.front(), "metrics"};
    }
    if (m_wanted.empty())
        return Error{ErrorCode::Invalid,
                     std::string("No user has a relevant ") + part + " item; lower the relevance threshold",
                     "relevanceThreshold"};

    for (const Wanted& wanted : m_wanted) {
        m_rates = m_rates || isRating(*wanted.info);
        m_ranks = m_ranks || !isRating(*wanted.info);
        m_wantsAuc = m_wantsAuc || wanted.info->name == "auc";
        m_result.listLength = std::max(m_result.listLength, wanted.k);
    }
    std::int64_t mostRelevant = 0;
    for (std::int32_t u = 0; u < m_held.rowCount(); ++u) {
        const UserIndex user{u};
        if (m_held.rowSize(user) == 0) continue;
        bool relevant = false;
        for (const float rating : m_held.values(user))
            relevant = relevant || isRelevant(rating, m_options);
        if (!relevant && !m_rates) continue;
        m_scored.push_back(user);
        m_rows.push_back(relevant ? static_cast<std::int64_t>(m_result.users.size()) : -1);
        if (!relevant) continue;
        m_result.users.push_back(user);
        mostRelevant = std::max<std::int64_t>(mostRelevant, m_held.rowSize(user));
    }
    m_result.usersWithoutRelevant = m_counts.usersWithoutRelevant;
    m_discounts = Discounts(std::max<std::int64_t>(m_result.listLength, mostRelevant));
    m_result.topItems.assign(m_result.users.size() * static_cast<std::size_t>(m_result.listLength),
                             ItemIndex{-1});
    m_perUser.resize(m_wanted.size());
    for (std::size_t w = 0; w < m_wanted.size(); ++w)
        if (isPerUser(*m_wanted[w].info)) m_perUser[w].assign(m_result.users.size(), 0.0);
    return {};
}

void Pass::leaveOutWhatCannotBe() {
    std::erase_if(m_wanted, [this](const Wanted& wanted) {
        if (wanted.info->kind != MetricKind::List) return false;
        const std::string reason =
            whyNoListMetric(wanted.info->name, wanted.k, m_split, m_target, m_counts.users);
        if (!reason.empty()) m_result.leftOut.push_back(keyOf(*wanted.info, wanted.k) + ": " + reason);
        return !reason.empty();
    });
}

Status Pass::measureLists(ThreadPool& pool, RunControl& control) {
    std::vector<ListMetricRequest> requests;
    std::vector<std::size_t> places;
    for (std::size_t w = 0; w < m_wanted.size(); ++w) {
        if (m_wanted[w].info->kind != MetricKind::List) continue;
        requests.push_back({m_wanted[w].info->name, m_wanted[w].k});
        places.push_back(w);
    }
    m_lists.resize(m_wanted.size());
    if (requests.empty()) return {};
    auto values = listMetrics(requests,
                              {m_result.users, m_result.topItems, m_result.listLength, m_split, m_target,
                               m_options},
                              pool, control);
    if (!values) return values.error();
    for (std::size_t n = 0; n < places.size(); ++n)
        m_lists[places[n]] = std::move((*values)[n]);
    return {};
}

Status Pass::run(ThreadPool& pool, RunControl& control, const std::function<void(double)>& progress) {
    // A block's scores stay within a few megabytes; its size follows from the data alone.
    constexpr std::int64_t scoresInBlock = 1 << 20;
    const std::int64_t blockSize =
        std::clamp<std::int64_t>(scoresInBlock / std::max(1, m_held.colCount()), 8, 256);
    const auto users = static_cast<std::int64_t>(m_scored.size());
    m_errors.assign(static_cast<std::size_t>(ThreadPool::chunkCount(users, blockSize)), RatingErrors{});
    std::vector<Scratch> scratch(static_cast<std::size_t>(pool.threadCount()));
    std::atomic<std::int64_t> done{0};
    std::atomic<bool> cancelled{false};
    pool.forChunks(users, blockSize, [&](const Chunk& chunk) {
        if (cancelled.load(std::memory_order_relaxed)) return;
        if (!runBlock(chunk, scratch[static_cast<std::size_t>(chunk.thread)], control)) {
            cancelled.store(true, std::memory_order_relaxed);
            return;
        }
        const std::int64_t finished = done.fetch_add(chunk.end - chunk.begin) + chunk.end - chunk.begin;
        if (progress) progress(static_cast<double>(finished) / static_cast<double>(users));
    });
    if (cancelled.load()) return Error{ErrorCode::Cancelled, "The evaluation was cancelled", ""};
    return {};
}

bool Pass::runBlock(const Chunk& chunk, Scratch& scratch, RunControl& control) {
    if (!control.keepGoing()) return false;
    const auto count = static_cast<Eigen::Index>(chunk.end - chunk.begin);
    if (scratch.scores.rows() < count) scratch.scores.resize(count, m_held.colCount());
    scratch.queries.clear();
    for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
        scratch.queries.push_back(
            queryFor(m_model, m_split, m_history, m_scored[static_cast<std::size_t>(n)]));
    m_model.score(scratch.queries, scratch.scores.topRows(count));

    RatingErrors errors;
    for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
        if (!control.keepGoing()) return false;
        const UserIndex user = m_scored[static_cast<std::size_t>(n)];
        const std::span<float> scores(scratch.scores.row(n - chunk.begin).data(),
                                      static_cast<std::size_t>(scratch.scores.cols()));
        if (m_rates) rateUser(user, scores.data(), errors);
        const std::int64_t row = m_rows[static_cast<std::size_t>(n)];
        if (m_ranks && row >= 0) rankUser(row, user, scores, scratch);
    }
    m_errors[static_cast<std::size_t>(chunk.index)] = errors;
    return true;
}

void Pass::rateUser(UserIndex user, const float* scores, RatingErrors& errors) const {
    const RatingScale& scale = m_split.dataset()->scale();
    const auto items = m_held.cols(user);
    const auto ratings = m_held.values(user);
    for (std::size_t n = 0; n < items.size(); ++n) {
        float prediction = scores[toInt(items[n])];
        if (m_options.clipRatings) prediction = std::min(std::max(prediction, scale.min), scale.max);
        errors.add(static_cast<double>(prediction), static_cast<double>(ratings[n]));
    }
}

void Pass::excludeItems(UserIndex user, std::span<float> scores, std::int64_t& candidates) const {
    constexpr float excluded = -std::numeric_limits<float>::infinity();
    if (m_options.excludeTrain) {
        for (const ItemIndex item : m_history.cols(user))
            scores[static_cast<std::size_t>(item)] = excluded;
        candidates -= m_history.rowSize(user);
    }
    if (!m_alsoExcluded) return;
    for (const ItemIndex item : m_alsoExcluded->cols(user)) {
        scores[static_cast<std::size_t>(item)] = excluded;
        // The parts of a split are disjoint, but a history of its own need not be.
        if (!m_options.excludeTrain || !m_history.contains(user, item)) --candidates;
    }
}

void Pass::rankUser(std::int64_t row, UserIndex user, std::span<float> scores, Scratch& scratch) {
    std::int64_t candidates = m_held.colCount();
    excludeItems(user, scores, candidates);

    scratch.relevant.clear();
    const auto items = m_held.cols(user);
    const auto ratings = m_held.values(user);
    for (std::size_t n = 0; n < items.size(); ++n)
        if (isRelevant(ratings[n], m_options)) scratch.relevant.push_back(items[n]);

    const auto length = static_cast<std::size_t>(m_result.listLength);
    scratch.top.resize(length);
    const auto found = static_cast<std::size_t>(topK(scores, scratch.top));
    scratch.hits.assign(found, 0);
    for (std::size_t i = 0; i < found; ++i) {
        const ItemIndex item{scratch.top[i]};
        m_result.topItems[static_cast<std::size_t>(row) * length + i] = item;
        scratch.hits[i] = std::binary_search(scratch.relevant.begin(), scratch.relevant.end(), item) ? 1 : 0;
    }

    const RankedHits list{scratch.hits, static_cast<std::int64_t>(scratch.relevant.size())};
    for (std::size_t w = 0; w < m_wanted.size(); ++w) {
        if (m_perUser[w].empty()) continue;
        const std::string_view name = m_wanted[w].info->name;
        const int k = m_wanted[w].k;
        double& value = m_perUser[w][static_cast<std::size_t>(row)];
        if (name == "ndcg") {
            value = ndcg(list, k, m_options.ideal, m_discounts);
        } else if (name == "recall") {
            value = recall(list, k, m_options.recall);
        } else if (name == "precision") {
            value = precision(list, k);
        } else if (name == "f1") {
            value = f1(precision(list, k), recall(list, k, m_options.recall));
        } else if (name == "map") {
            value = averagePrecision(list, k, m_options.map);
        } else if (name == "mrr") {
            value = reciprocalRank(list, k);
        } else if (name == "hr") {
            value = hitRate(list, k);
        } else if (name == "auc") {
            value = areaUnderCurve(scores, scratch.relevant, candidates);
        } else if (name == "truth") {
            scratch.candidates.resize(scores.size());
            for (std::size_t n = 0; n < scores.size(); ++n)
                scratch.candidates[n] = scores[n] > -std::numeric_limits<float>::infinity();
            const MatrixF& truth = m_split.dataset()->truth()->preference;
            value = closenessToTruth({truth.row(toInt(user)).data(), scores.size()}, scratch.candidates,
                                     {m_result.topItems.data() + static_cast<std::size_t>(row) * length, length}, k);
        }
    }
}

Evaluation Pass::finish() {
    RatingErrors errors;
    for (const RatingErrors& block : m_errors)
        errors.add(block); // in order: the same sum for any thread count
    for (std::size_t w = 0; w < m_wanted.size(); ++w) {
        const MetricInfo& info = *m_wanted[w].info;
        MetricValue metric;
        metric.key = keyOf(info, m_wanted[w].k);
        metric.label = labelMetric(info, m_wanted[w].k, m_options);
        metric.definition = defineMetric(info, m_wanted[w].k, m_options, m_split, m_target, m_counts);
        metric.higherIsBetter = info.higherIsBetter;
        metric.count = m_counts.users;
        if (isPerUser(info)) {
            double sum = 0.0;
            for (const double value : m_perUser[w])
                sum += value;
            metric.value = sum / static_cast<double>(m_perUser[w].size());
            if (m_options.keepPerUser) metric.perUser = std::move(m_perUser[w]);
        } else if (isRating(info)) {
            metric.value = info.name == "rmse" ? errors.rmse() : errors.mae();
            metric.count = errors.pairs;
        } else {
            metric.value = m_lists[w].value;
            metric.count = m_lists[w].users;
            if (m_options.keepPerUser) metric.perUser = std::move(m_lists[w].perUser);
        }
        m_result.metrics.push_back(std::move(metric));
    }
    return std::move(m_result);
}

} // namespace

Status checkEvaluationOptions(const EvaluationOptions& options) {
    if (const auto wanted = wantedMetrics(options, true); !wanted) return wanted.error();
    return {};
}

Result<Evaluation> evaluate(const Recommender& model, const Split& split, Target target,
                            const EvaluationOptions& options, ThreadPool& pool, RunControl& control,
                            const std::function<void(double fraction)>& progress) {
    const auto start = std::chrono::steady_clock::now();
    auto wanted = wantedMetrics(options, split.dataset()->truth() != nullptr);
    if (!wanted) return wanted.error();
    Pass pass(model, split, target, options, std::move(*wanted));
    if (const Status ready = pass.prepare(); !ready) return ready.error();
    if (const Status ran = pass.run(pool, control, progress); !ran) return ran.error();
    if (const Status measured = pass.measureLists(pool, control); !measured) return measured.error();
    Evaluation result = pass.finish();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

} // namespace recoscope
