// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/code_query.h"

#include "engine/api/split_query.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

Result<const LatentSpace*> latentSpaceOf(const std::shared_ptr<const Recommender>& model,
                                         const SplitPtr& split) {
    if (!model || !split) return Error{ErrorCode::NotFound, "There is no model yet; train one first", ""};
    const LatentSpace* space = model->latentSpace();
    if (!space) return Error{ErrorCode::Unsupported, "This model has no codes; an autoencoder has", ""};
    if (model->itemCount() != split->dataset()->itemCount())
        return Error{ErrorCode::Invalid, "The model was trained on other data or filters", ""};
    return space;
}

Status checkUser(const Split& split, UserIndex user) {
    if (toInt(user) >= 0 && toInt(user) < split.dataset()->userCount()) return {};
    return Error{ErrorCode::NotFound, "This user is not in the data", std::to_string(toInt(user))};
}

const FeatureColumn* categories(const Dataset& dataset) {
    const FeatureTable& features = dataset.itemFeatures();
    for (const char* name : {"genres", "categories", "category"})
        if (const FeatureColumn* column = features.find(name)) return column;
    for (const FeatureColumn& column : features.columns())
        if (column.kind == FeatureKind::Tokens) return &column;
    return nullptr;
}

/// All items, greatest value first; ties go to the lower index.
std::vector<std::int32_t> orderOf(const VectorF& values) {
    std::vector<std::int32_t> order(static_cast<std::size_t>(values.size()));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&values](std::int32_t a, std::int32_t b) {
        return values[a] > values[b] || (values[a] == values[b] && a < b);
    });
    return order;
}

/// By item, from 1.
std::vector<int> ranksOf(const std::vector<std::int32_t>& order) {
    std::vector<int> ranks(order.size());
    for (std::size_t n = 0; n < order.size(); ++n)
        ranks[static_cast<std::size_t>(order[n])] = static_cast<int>(n) + 1;
    return ranks;
}

CodeItem itemOf(const Dataset& dataset, std::int32_t item) {
    CodeItem row;
    row.item = ItemIndex{item};
    row.title = QString::fromStdString(dataset.itemTitle(row.item));
    if (const FeatureColumn* column = categories(dataset))
        row.features = QString::fromStdString(column->display(item));
    return row;
}

bool addsUpToOne(const VectorF& values) {
    return values.size() > 0 && values.minCoeff() >= 0.0f &&
           std::abs(values.cast<double>().sum() - 1.0) < 1e-3;
}

std::vector<float> toVector(const VectorF& values) { return {values.data(), values.data() + values.size()}; }

int keptOf(const Query& asked, const std::vector<int>& ranks) {
    return static_cast<int>(std::count_if(asked.items.begin(), asked.items.end(), [&](ItemIndex item) {
        return ranks[static_cast<std::size_t>(toInt(item))] <= static_cast<int>(asked.items.size());
    }));
}

/// Shares of the categories in a list of items, each item counting once however many it has.
std::vector<GenreShare> mixOf(const Split& split, const std::vector<CodeItem>& items) {
    const Dataset& dataset = *split.dataset();
    const FeatureColumn* column = categories(dataset);
    if (!column || items.empty() ||
        (column->kind != FeatureKind::Tokens && column->kind != FeatureKind::Token))
        return {};
    std::vector<GenreShare> mix(column->vocabulary.size());
    for (std::size_t n = 0; n < mix.size(); ++n)
        mix[n].name = QString::fromStdString(column->vocabulary[n]);
    const auto add = [&](std::int32_t item, double weight, double GenreShare::*to) {
        const auto tokens = column->tokensOf(item);
        for (const std::int32_t token : tokens)
            mix[static_cast<std::size_t>(token)].*to += weight / static_cast<double>(tokens.size());
    };
    for (const CodeItem& item : items)
        add(toInt(item.item), 1.0 / static_cast<double>(items.size()), &GenreShare::share);
    std::vector<double> counts(static_cast<std::size_t>(dataset.itemCount()));
    for (std::int32_t user = 0; user < dataset.userCount(); ++user)
        for (const ItemIndex item : split.train().cols(UserIndex{user}))
            counts[static_cast<std::size_t>(toInt(item))] += 1.0;
    const double total = std::max(1.0, std::accumulate(counts.begin(), counts.end(), 0.0));
    for (std::size_t item = 0; item < counts.size(); ++item)
        if (counts[item] > 0.0)
            add(static_cast<std::int32_t>(item), counts[item] / total, &GenreShare::usual);
    std::stable_sort(mix.begin(), mix.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
    return mix;
}

/// The first code's items, best first, with their ranks for the second code where there is one. `rebuilt` is
/// the score.
DecodedAnswer decodedFrom(const Split& split, const LatentSpace& space, const MatrixF& codes, int count,
                          const std::vector<std::span<const ItemIndex>>& histories) {
    const Dataset& dataset = *split.dataset();
    MatrixF scores(codes.rows(), dataset.itemCount());
    space.decode(codes, scores);
    const VectorF values = scores.row(0).transpose();
    const std::vector<std::int32_t> order = orderOf(values);
    std::vector<int> firstRanks;
    if (codes.rows() > 1) firstRanks = ranksOf(orderOf(scores.row(1).transpose()));

    DecodedAnswer answer;
    const auto has = [&](std::size_t which, ItemIndex item) {
        return which < histories.size() &&
               std::binary_search(histories[which].begin(), histories[which].end(), item);
    };
    const std::size_t shown = std::min(order.size(), static_cast<std::size_t>(std::max(0, count)));
    for (std::size_t n = 0; n < shown; ++n) {
        CodeItem row = itemOf(dataset, order[n]);
        row.rank = static_cast<int>(n) + 1;
        row.rebuilt = values[order[n]];
        if (!firstRanks.empty()) row.rankBefore = firstRanks[static_cast<std::size_t>(order[n])];
        answer.inFirst.push_back(has(0, row.item));
        answer.inSecond.push_back(has(1, row.item));
        row.inHistory = answer.inFirst.back() || answer.inSecond.back();
        answer.top.push_back(std::move(row));
    }
    answer.mix = mixOf(split, answer.top);
    answer.code.assign(codes.data(), codes.data() + codes.cols());
    return answer;
}

} // namespace

Result<CodeAnswer> codeOf(const CodeRequest& request) {
    const auto space = latentSpaceOf(request.model, request.split);
    if (!space) return space.error();
    const Split& split = *request.split;
    if (const Status known = checkUser(split, request.user); !known) return known.error();
    const Dataset& dataset = *split.dataset();
    const Query asked = queryFor(*request.model, split, split.testHistory(), request.user);
    const Reconstruction clean = (*space)->reconstruct(asked);
    // Random codes tell their deviation on the way of training only.
    const Reconstruction noisy = (*space)->reconstruct(asked, request.noiseSeed.value_or(1));
    const Reconstruction& shown = request.noiseSeed ? noisy : clean;

    CodeAnswer answer;
    answer.user = request.user;
    answer.modelEpoch = request.modelEpoch;
    answer.noiseSeed = request.noiseSeed;
    answer.itemCount = dataset.itemCount();
    answer.generative = (*space)->generative();
    answer.code = toVector(clean.code);
    answer.deviation = toVector(noisy.deviation);
    if (request.noiseSeed) answer.drawn = toVector(noisy.code);
    answer.shares = addsUpToOne(shown.rebuilt);

    const std::vector<std::int32_t> order = orderOf(shown.rebuilt);
    const std::vector<int> ranks = ranksOf(order);
    std::vector<int> ranksBefore;
    const LatentSpace* before = request.before ? request.before->latentSpace() : nullptr;
    if (before && request.before->itemCount() == dataset.itemCount()) {
        const Reconstruction past = before->reconstruct(asked, request.noiseSeed);
        ranksBefore = ranksOf(orderOf(past.rebuilt));
        answer.keptBefore = keptOf(asked, ranksBefore);
        const VectorF pastCode = request.noiseSeed ? before->reconstruct(asked).code : past.code;
        if (pastCode.size() == clean.code.size()) answer.codeBefore = toVector(pastCode);
    }
    const auto rowOf = [&](std::int32_t item) {
        CodeItem row = itemOf(dataset, item);
        row.rebuilt = shown.rebuilt[item];
        row.rank = ranks[static_cast<std::size_t>(item)];
        if (!ranksBefore.empty()) row.rankBefore = ranksBefore[static_cast<std::size_t>(item)];
        const auto found = std::lower_bound(asked.items.begin(), asked.items.end(), row.item);
        if (found == asked.items.end() || *found != row.item) return row;
        const auto at = static_cast<std::size_t>(found - asked.items.begin());
        row.inHistory = true;
        if (at < clean.input.size()) row.input = clean.input[at];
        if (at < shown.noisyInput.size()) row.dropped = row.input != 0.0f && shown.noisyInput[at] == 0.0f;
        return row;
    };
    for (const ItemIndex item : asked.items)
        answer.history.push_back(rowOf(toInt(item)));
    std::sort(answer.history.begin(), answer.history.end(),
              [](const CodeItem& a, const CodeItem& b) { return a.rank < b.rank; });
    answer.dropped = static_cast<int>(std::count_if(answer.history.begin(), answer.history.end(),
                                                    [](const CodeItem& row) { return row.dropped; }));
    answer.kept = keptOf(asked, ranks);
    for (std::size_t n = 0; n < order.size(); ++n) {
        const bool first = n < asked.items.size();
        const bool listed = n < static_cast<std::size_t>(std::max(0, request.count));
        if (!first && !listed) break;
        CodeItem row = rowOf(order[n]);
        if (first && !row.inHistory) answer.rose.push_back(row);
        if (listed) answer.top.push_back(std::move(row));
    }
    return answer;
}

Result<DecodedAnswer> blend(const BlendRequest& request) {
    const auto space = latentSpaceOf(request.model, request.split);
    if (!space) return space.error();
    const Split& split = *request.split;
    for (const UserIndex user : {request.first, request.second})
        if (const Status known = checkUser(split, user); !known) return known.error();
    const Query asked[]{queryFor(*request.model, split, split.testHistory(), request.first),
                        queryFor(*request.model, split, split.testHistory(), request.second)};
    MatrixF ends(2, (*space)->size());
    (*space)->encode(asked, ends);
    const auto share = static_cast<float>(std::clamp(request.share, 0.0, 1.0));
    MatrixF codes(2, ends.cols());
    codes.row(0) = (1.0f - share) * ends.row(0) + share * ends.row(1);
    codes.row(1) = ends.row(0);
    DecodedAnswer answer =
        decodedFrom(split, **space, codes, request.count, {asked[0].items, asked[1].items});
    answer.share = static_cast<double>(share);
    return answer;
}

Result<DecodedAnswer> drawUser(const DrawRequest& request) {
    const auto space = latentSpaceOf(request.model, request.split);
    if (!space) return space.error();
    if (!(*space)->generative())
        return Error{ErrorCode::Unsupported,
                     "Training did not shape this model's codes after a known distribution, so there is "
                     "nothing to draw from; a variational or adversarial autoencoder has one",
                     ""};
    MatrixF code(1, (*space)->size());
    Rng rng = Rng::stream(request.seed, "made user");
    (*space)->samplePrior(rng, code);
    DecodedAnswer answer = decodedFrom(*request.split, **space, code, request.count, {});
    answer.madeUp = true;
    return answer;
}

} // namespace recoscope
