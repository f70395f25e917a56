// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/query_service.h"

#include "engine/api/split_query.h"
#include "engine/eval/dialects.h"
#include "engine/linalg/top_k.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace recoscope {

namespace {

using Model = std::shared_ptr<const Recommender>;

QString text(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

Status check(const Model& model, const SplitPtr& split) {
    if (!model) return Error{ErrorCode::NotFound, "There is no model yet; train one first", ""};
    if (!split) return Error{ErrorCode::NotFound, "There is no data yet; open a dataset first", ""};
    if (model->itemCount() != split->dataset()->itemCount())
        return Error{ErrorCode::Invalid,
                     "The model knows " + std::to_string(model->itemCount()) + " items, the data has " +
                         std::to_string(split->dataset()->itemCount()) +
                         ": it was trained on other data or filters",
                     ""};
    return {};
}

Status checkUser(const Split& split, UserIndex user) {
    if (toInt(user) >= 0 && toInt(user) < split.dataset()->userCount()) return {};
    return Error{ErrorCode::NotFound, "This user is not in the data", std::to_string(toInt(user))};
}

Status checkItem(const Split& split, ItemIndex item) {
    if (toInt(item) >= 0 && toInt(item) < split.dataset()->itemCount()) return {};
    return Error{ErrorCode::NotFound, "This item is not in the data", std::to_string(toInt(item))};
}

/// When the user and the item met, as stored; nothing where the data has no times.
std::optional<std::int64_t> timeOf(const Dataset& dataset, UserIndex user, ItemIndex item) {
    if (dataset.times().empty()) return std::nullopt;
    const auto items = dataset.byUser().cols(user);
    const auto found = std::lower_bound(items.begin(), items.end(), item);
    if (found == items.end() || *found != item) return std::nullopt;
    return dataset
        .times()[static_cast<std::size_t>(dataset.byUser().rowBegin(user) + (found - items.begin()))];
}

const FeatureColumn* categoryColumn(const FeatureTable& features) {
    for (const char* name : {"genres", "categories", "category"})
        if (const FeatureColumn* column = features.find(name)) return column;
    for (const FeatureColumn& column : features.columns())
        if (column.kind == FeatureKind::Tokens) return &column;
    return nullptr;
}

RecommendedRow itemRow(const Dataset& dataset, ItemIndex item, int rank, float score) {
    RecommendedRow row;
    row.rank = rank;
    row.item = item;
    row.id = text(dataset.itemId(item));
    row.title = QString::fromStdString(dataset.itemTitle(item));
    if (const FeatureColumn* column = categoryColumn(dataset.itemFeatures()))
        row.features = QString::fromStdString(column->display(toInt(item)));
    row.score = score;
    return row;
}

std::vector<HistoryRow> historyRows(const Dataset& dataset, UserIndex user, const Query& query) {
    const bool realTimes =
        dataset.timeUnit() == TimeUnit::Seconds || dataset.timeUnit() == TimeUnit::Milliseconds;
    std::vector<std::pair<std::int64_t, std::size_t>>
        order; // by time; only the position where there are no times
    for (std::size_t n = 0; n < query.items.size(); ++n)
        order.emplace_back(timeOf(dataset, user, query.items[n]).value_or(0), n);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<HistoryRow> rows;
    for (const auto& [time, n] : order) {
        const ItemIndex item = query.items[n];
        rows.push_back({item, text(dataset.itemId(item)), QString::fromStdString(dataset.itemTitle(item)),
                        query.values[n], realTimes && !dataset.times().empty() ? time : -1});
    }
    return rows;
}

/// Held-out items with their rank among all candidates, best first. O(items * log held-out).
std::vector<HeldOutRow> heldOutRows(const Split& split, UserIndex user, std::span<const float> scores) {
    const Dataset& dataset = *split.dataset();
    const auto items = split.test().cols(user);
    const auto values = split.test().values(user);
    const auto scoreOf = [&scores](ItemIndex item) { return scores[static_cast<std::size_t>(toInt(item))]; };
    const auto before = [&](ItemIndex a, ItemIndex b) { // ties go to the lower index
        return scoreOf(a) != scoreOf(b) ? scoreOf(a) > scoreOf(b) : toInt(a) < toInt(b);
    };
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return before(items[a], items[b]); });

    // Every candidate is ahead of a tail of `order`: count where the tails begin, then sum up.
    std::vector<int> ahead(order.size() + 1, 0);
    constexpr float excluded = -std::numeric_limits<float>::infinity();
    for (std::size_t n = 0; n < scores.size() && !order.empty(); ++n) {
        if (scores[n] == excluded) continue;
        const ItemIndex candidate{static_cast<std::int32_t>(n)};
        const auto tail = std::partition_point(order.begin(), order.end(),
                                               [&](std::size_t h) { return !before(candidate, items[h]); });
        ++ahead[static_cast<std::size_t>(tail - order.begin())];
    }
    std::vector<HeldOutRow> rows;
    int rank = 1;
    for (std::size_t n = 0; n < order.size(); ++n) {
        rank += ahead[n];
        const ItemIndex item = items[order[n]];
        rows.push_back({item, text(dataset.itemId(item)), QString::fromStdString(dataset.itemTitle(item)),
                        values[order[n]], rank});
    }
    return rows;
}

Result<RecommendAnswer> recommendFor(const Model& model, const SplitPtr& splitPtr, UserIndex user,
                                     int count) {
    if (const Status status = check(model, splitPtr); !status) return status.error();
    const Split& split = *splitPtr;
    if (const Status status = checkUser(split, user); !status) return status.error();
    const Dataset& dataset = *split.dataset();
    const Query asked = queryFor(*model, split, split.testHistory(), user);

    MatrixF scores(1, dataset.itemCount());
    model->score(std::span(&asked, 1), scores);
    // No candidates: what the user is known by, and what validation holds back.
    constexpr float excluded = -std::numeric_limits<float>::infinity();
    for (const ItemIndex item : asked.items)
        scores(0, toInt(item)) = excluded;
    for (const ItemIndex item : split.validation().cols(user))
        scores(0, toInt(item)) = excluded;
    const std::span<const float> row(scores.data(), static_cast<std::size_t>(scores.cols()));

    RecommendAnswer answer;
    answer.user = user;
    answer.history = historyRows(dataset, user, asked);
    answer.heldOut = heldOutRows(split, user, row);

    std::vector<std::int32_t> best(static_cast<std::size_t>(std::clamp(count, 0, dataset.itemCount())));
    best.resize(static_cast<std::size_t>(topK(row, best)));
    const GroundTruth* truth = dataset.truth().get();
    const bool truthFits = truth && truth->preference.rows() == dataset.userCount() &&
                           truth->preference.cols() == dataset.itemCount();
    const auto heldOut = split.test().cols(user);
    for (std::size_t n = 0; n < best.size(); ++n) {
        const ItemIndex item{best[n]};
        RecommendedRow found =
            itemRow(dataset, item, static_cast<int>(n) + 1, row[static_cast<std::size_t>(best[n])]);
        const auto hit = std::lower_bound(heldOut.begin(), heldOut.end(), item);
        if (hit != heldOut.end() && *hit == item) {
            found.heldOutHit = true;
            found.heldOutRating = split.test().values(user)[static_cast<std::size_t>(hit - heldOut.begin())];
        }
        if (truthFits) found.truth = truth->preference(toInt(user), best[n]);
        answer.top.push_back(std::move(found));
    }
    return answer;
}

Result<NeighbourAnswer> neighboursOf(const Model& model, const SplitPtr& split, ItemIndex item, int count) {
    if (const Status status = check(model, split); !status) return status.error();
    if (const Status status = checkItem(*split, item); !status) return status.error();
    NeighbourAnswer answer;
    answer.item = item;
    for (const ScoredItem& near : model->neighbours(item, count))
        answer.neighbours.push_back(itemRow(*split->dataset(), near.item,
                                            static_cast<int>(answer.neighbours.size()) + 1, near.score));
    return answer;
}

Result<ExplainAnswer> explanationOf(const Model& model, const SplitPtr& split, UserIndex user,
                                    ItemIndex item) {
    if (const Status status = check(model, split); !status) return status.error();
    if (const Status status = checkUser(*split, user); !status) return status.error();
    if (const Status status = checkItem(*split, item); !status) return status.error();
    const Query asked = queryFor(*model, *split, split->testHistory(), user);
    auto explanation = model->explain(asked, item);
    if (!explanation) return explanation.error();
    return ExplainAnswer{0, item, std::move(*explanation)};
}

} // namespace

struct QueryService::Private {
    Inbox inbox;
    quint64 lastTicket = 0;
    std::shared_ptr<RunControl> card = std::make_shared<RunControl>(); // of the newest metric card
    std::unique_ptr<ThreadPool> pool; // made and used by the lane alone
    Lane lane;                        // last: joined first

    /// On the lane.
    Result<MetricCardAnswer> cardOf(const MetricCardRequest& request, RunControl& control) {
        if (const Status status = check(request.model, request.split); !status) return status.error();
        if (const Status status = checkUser(*request.split, request.user); !status) return status.error();
        EvaluationOptions options = request.options;
        if (!request.dialect.empty()) {
            const Dialect* dialect = findDialect(request.dialect);
            if (!dialect) return Error{ErrorCode::Invalid, "There is no such dialect", request.dialect};
            options = inDialect(options, *dialect, *request.split);
        }
        if (!pool) pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.threads = 0, .niceness = 10});
        auto found = recoscope::explainMetric(*request.model, *request.split, request.target, options, request.user,
                                  request.key, *pool, control);
        if (!found) return found.error();
        return MetricCardAnswer{0, std::move(*found)};
    }

    /// Runs `work` on the lane as the newest question of its kind; its answer goes to `deliver` on the GUI
    /// thread.
    template <class Answer, class Work, class Deliver>
    quint64 ask(QueryService* service, const char* kind, Work work, Deliver deliver) {
        const quint64 ticket = ++lastTicket;
        lane.postNewest(kind, [this, service, ticket, work = std::move(work), deliver] {
            Result<Answer> answer = guarded(work);
            inbox.post([service, ticket, deliver, result = std::move(answer)]() mutable {
                if (!result) {
                    emit service->failed(ticket, result.error());
                    return;
                }
                result->ticket = ticket;
                deliver(*result);
            });
        });
        return ticket;
    }
};

QueryService::QueryService(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>()) {}
QueryService::~QueryService() { d->card->cancel(); }

quint64 QueryService::recommend(Model model, SplitPtr split, UserIndex user, int count, int modelEpoch) {
    return d->ask<RecommendAnswer>(
        this, "recommend",
        [model = std::move(model), split = std::move(split), user, count, modelEpoch] {
            auto answer = recommendFor(model, split, user, count);
            if (answer) answer->modelEpoch = modelEpoch;
            return answer;
        },
        [this](const RecommendAnswer& answer) { emit recommended(answer); });
}

quint64 QueryService::neighbours(Model model, SplitPtr split, ItemIndex item, int count) {
    return d->ask<NeighbourAnswer>(
        this, "neighbours",
        [model = std::move(model), split = std::move(split), item, count] {
            return neighboursOf(model, split, item, count);
        },
        [this](const NeighbourAnswer& answer) { emit neighboursFound(answer); });
}

quint64 QueryService::explain(Model model, SplitPtr split, UserIndex user, ItemIndex item) {
    return d->ask<ExplainAnswer>(
        this, "explain",
        [model = std::move(model), split = std::move(split), user, item] {
            return explanationOf(model, split, user, item);
        },
        [this](const ExplainAnswer& answer) { emit explained(answer); });
}

quint64 QueryService::explainMetric(MetricCardRequest request) {
    // Personalisation evaluates all users: nobody waits for that of the question before.
    d->card->cancel();
    d->card = std::make_shared<RunControl>();
    return d->ask<MetricCardAnswer>(
        this, "metric card",
        [p = d.get(), request = std::move(request), control = d->card] {
            return p->cardOf(request, *control);
        },
        [this](const MetricCardAnswer& answer) { emit metricExplained(answer); });
}

quint64 QueryService::code(CodeRequest request) {
    return d->ask<CodeAnswer>(
        this, "code", [request = std::move(request)] { return codeOf(request); },
        [this](const CodeAnswer& answer) { emit codeFound(answer); });
}

quint64 QueryService::blend(BlendRequest request) {
    return d->ask<DecodedAnswer>(
        this, "blend", [request = std::move(request)] { return recoscope::blend(request); },
        [this](const DecodedAnswer& answer) { emit decoded(answer); });
}

quint64 QueryService::drawUser(DrawRequest request) {
    return d->ask<DecodedAnswer>(
        this, "draw", [request = std::move(request)] { return recoscope::drawUser(request); },
        [this](const DecodedAnswer& answer) { emit decoded(answer); });
}

} // namespace recoscope
