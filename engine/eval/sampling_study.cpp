// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/sampling_study.h"

#include <algorithm>
#include <charconv>

namespace recoscope {

namespace {

/// The options of one metric, with full ranking.
Result<EvaluationOptions> optionsFor(const EvaluationOptions& options, const std::string& key) {
    const MetricInfo* info = findMetric(key);
    if (!info || info->kind != MetricKind::Ranking)
        return Error{
            ErrorCode::Invalid,
            "Sampled candidates are studied with a metric of the ranking such as ndcg@10, recall@20 or "
            "auc; got '" +
                key + "'",
            "metric"};
    EvaluationOptions one = options;
    one.metrics = {std::string(info->name)};
    one.candidates = {};
    one.keepPerUser = false;
    if (info->hasCutoff) {
        const std::size_t at = key.find('@');
        int k = 0;
        const char* end = key.data() + key.size();
        if (at == std::string::npos || std::from_chars(key.data() + at + 1, end, k).ptr != end || k < 1)
            return Error{ErrorCode::Invalid,
                         "The metric needs a cutoff, as in " + std::string(info->name) + "@10", "metric"};
        one.cutoffs = {k};
    }
    return one;
}

std::vector<OrderFlip> flipsOf(const SamplingStudy& study, bool higherIsBetter, std::int64_t& pairs) {
    std::vector<OrderFlip> flips;
    for (std::size_t a = 0; a < study.curves.size(); ++a)
        for (std::size_t b = a + 1; b < study.curves.size(); ++b) {
            const double gap = study.curves[a].full - study.curves[b].full;
            if (gap == 0.0) continue;
            ++pairs;
            OrderFlip flip;
            const bool first = (gap > 0.0) == higherIsBetter;
            flip.better = first ? a : b;
            flip.worse = first ? b : a;
            flip.difference = gap > 0.0 ? gap : -gap;
            for (std::size_t n = 0; n < study.sizes.size(); ++n) {
                double sampled = study.curves[flip.better].values[n] - study.curves[flip.worse].values[n];
                if (!higherIsBetter) sampled = -sampled;
                if (sampled < 0.0) flip.sizes.push_back(study.sizes[n]);
                if (sampled <= 0.0)
                    flip.agreesFrom = 0;
                else if (flip.agreesFrom == 0)
                    flip.agreesFrom = study.sizes[n];
            }
            if (!flip.sizes.empty()) flips.push_back(std::move(flip));
        }
    std::stable_sort(flips.begin(), flips.end(),
                     [](const OrderFlip& a, const OrderFlip& b) { return a.difference > b.difference; });
    return flips;
}

} // namespace

std::vector<int> samplingSizes(std::int32_t items) {
    std::vector<int> sizes;
    for (const int size : {1, 5, 10, 20, 50, 99})
        if (size < items) sizes.push_back(size);
    for (std::int64_t decade = 100; decade < items; decade *= 10)
        for (const std::int64_t size : {decade, 2 * decade, 5 * decade})
            if (size < items) sizes.push_back(static_cast<int>(size));
    return sizes;
}

Result<SamplingStudy> studySampling(std::span<const StudiedModel> models, const Split& split, Target target,
                                    const EvaluationOptions& options, const SamplingStudyOptions& study,
                                    ThreadPool& pool, RunControl& control,
                                    const std::function<void(double fraction)>& progress) {
    if (models.empty()) return Error{ErrorCode::Invalid, "There is no model to study", "models"};
    const UserItemCsr& givenOnes = split.dataset()->negatives();
    if (study.kind == CandidateKind::Given && givenOnes.empty())
        return Error{ErrorCode::Invalid,
                     "This data came without negatives; let them be drawn evenly or by popularity",
                     "candidates"};
    if (study.kind == CandidateKind::All || study.kind == CandidateKind::Cold)
        return Error{ErrorCode::Invalid, "Negatives are drawn uniformly or by popularity, or given",
                     "candidates"};
    if (study.draws < 1 || study.draws > 1000)
        return Error{ErrorCode::Invalid, "The number of draws lies between 1 and 1000", "draws"};
    auto full = optionsFor(options, study.metric);
    if (!full) return full.error();

    SamplingStudy found;
    found.kind = study.kind;
    found.sizes = study.sizes;
    if (found.sizes.empty() && study.kind == CandidateKind::Given) {
        std::int32_t most = 0;
        for (std::int32_t user = 0; user < givenOnes.rowCount(); ++user)
            most = std::max(most, static_cast<std::int32_t>(givenOnes.rowSize(UserIndex{user})));
        found.sizes = samplingSizes(most);
        found.sizes.push_back(most);
    } else if (found.sizes.empty()) {
        found.sizes = samplingSizes(split.dataset()->itemCount());
    }
    std::sort(found.sizes.begin(), found.sizes.end());
    found.sizes.erase(std::unique(found.sizes.begin(), found.sizes.end()), found.sizes.end());
    std::vector<EvaluationOptions> each = {*full};
    for (const int size : found.sizes)
        for (int draw = 0; draw < study.draws; ++draw) {
            each.push_back(*full);
            each.back().candidates = {.kind = study.kind,
                                      .negatives = size,
                                      .ofGiven = size,
                                      .seed = study.seed + static_cast<std::uint64_t>(draw)};
        }
    bool higherIsBetter = true;
    for (std::size_t m = 0; m < models.size(); ++m) {
        const auto part = [&](double fraction) {
            progress((static_cast<double>(m) + fraction) / static_cast<double>(models.size()));
        };
        const auto results =
            evaluateEach(*models[m].model, split, target, each, pool, control,
                         progress ? std::function<void(double)>(part) : std::function<void(double)>());
        if (!results) return results.error();
        const MetricValue& whole = results->front().metrics.front();
        found.metric = whole.key;
        found.label = whole.label;
        found.definition = whole.definition;
        found.users = static_cast<std::int64_t>(results->front().users.size());
        higherIsBetter = whole.higherIsBetter;
        SamplingCurve curve{models[m].name, {}, whole.value};
        for (std::size_t n = 0; n < found.sizes.size(); ++n) {
            double sum = 0.0;
            for (int draw = 0; draw < study.draws; ++draw)
                sum +=
                    (*results)[1 + n * static_cast<std::size_t>(study.draws) + static_cast<std::size_t>(draw)]
                        .metrics.front()
                        .value;
            curve.values.push_back(sum / study.draws);
        }
        found.curves.push_back(std::move(curve));
    }
    found.flips = flipsOf(found, higherIsBetter, found.pairs);
    return found;
}

} // namespace recoscope
