// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/conformance/conformance.h"

#include "engine/data/synthetic.h"
#include "engine/train/train.h"

#include "tests/support/small_data.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace recoscope::test {

namespace {

SplitPtr splitOf(const DatasetPtr& dataset, const SplitSpec& spec) {
    return std::move(makeSplit(dataset, spec)).value();
}

template <class T>
bool sameBits(const std::vector<T>& a, const std::vector<T>& b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

} // namespace

bool needsFeatures(const AlgorithmInfo& algorithm) {
    return algorithm.needs.itemFeatures || algorithm.needs.userFeatures || algorithm.needs.someFeatures;
}

DatasetPtr plantedWithFeatures(bool ofItems) {
    constexpr int groups = 4;
    const DatasetPtr plain = plantedDataset();
    DatasetParts parts;
    parts.users = plain->users();
    parts.items = plain->items();
    for (std::int32_t u = 0; u < plain->userCount(); ++u) {
        const auto items = plain->byUser().cols(UserIndex{u});
        const auto values = plain->byUser().values(UserIndex{u});
        parts.rows.users.insert(parts.rows.users.end(), items.size(), UserIndex{u});
        parts.rows.items.insert(parts.rows.items.end(), items.begin(), items.end());
        parts.rows.values.insert(parts.rows.values.end(), values.begin(), values.end());
    }
    parts.rows.times.assign(plain->times().begin(), plain->times().end());
    parts.timeUnit = plain->timeUnit();
    FeatureColumn genres{.name = "genres", .kind = FeatureKind::Tokens};
    genres.vocabulary = {"north", "east", "south", "west", "long"};
    genres.tokenOffsets.push_back(0);
    FeatureColumn title{.name = "title", .kind = FeatureKind::Text};
    FeatureColumn year{.name = "year", .kind = FeatureKind::Number};
    for (int i = 0; i < plain->itemCount(); ++i) {
        if (i % 13 != 0) genres.tokens.push_back(i % groups);
        if (i % 5 == 0) genres.tokens.push_back(groups);
        genres.tokenOffsets.push_back(static_cast<std::int64_t>(genres.tokens.size()));
        title.texts.push_back("Item of " + genres.vocabulary[static_cast<std::size_t>(i % groups)]);
        year.numbers.push_back(static_cast<float>(1950 + i % 60));
    }
    FeatureColumn region{.name = "region", .kind = FeatureKind::Token};
    region.vocabulary = {"north", "east", "south", "west"};
    for (int u = 0; u < plain->userCount(); ++u)
        region.tokens.push_back(u % 17 == 0 ? -1 : u % groups);
    if (ofItems) parts.itemFeatures = FeatureTable({std::move(title), std::move(genres), std::move(year)});
    parts.userFeatures = FeatureTable({std::move(region)});
    parts.provenance = plain->provenance();
    return std::move(Dataset::make(std::move(parts))).value();
}

SplitPtr plantedSplit(const AlgorithmInfo& algorithm, SplitKind kind) {
    SplitSpec spec;
    spec.kind = kind;
    return splitOf(needsFeatures(algorithm) ? plantedWithFeatures() : plantedDataset(), spec);
}

SplitPtr largeSplit(const AlgorithmInfo& algorithm) {
    SplitSpec spec;
    spec.validationFraction = 0.0;
    if (!needsFeatures(algorithm) && !algorithm.needs.times)
        return splitOf(randomDataset(3000, 2000, 0.05, 11), spec);
    SyntheticRecipe recipe;
    recipe.users = 3'000;
    recipe.items = 2'000;
    recipe.interactions = 300'000;
    recipe.keepTruth = false;
    return splitOf(std::move(generateDataset(recipe)).value(), spec);
}

SplitPtr wholeSplit(const DatasetPtr& dataset) {
    SplitSpec spec;
    spec.kind = SplitKind::RandomGlobal;
    spec.testFraction = 0.0;
    spec.validationFraction = 0.0;
    return splitOf(dataset, spec);
}

ParamMap shortened(const AlgorithmInfo& algorithm, std::int64_t epochs) {
    ParamMap params;
    const ParamSpec* spec = algorithm.schema().find("epochs");
    if (spec && spec->type == ParamType::Integer)
        params["epochs"] = std::min(epochs, std::get<std::int64_t>(spec->defaultValue));
    return params;
}

void EventList::post(const TrainingEvent& event) {
    events.push_back(event);
    if (onEvent) onEvent(event);
}

RunEnded run(const AlgorithmInfo& algorithm, const SplitPtr& split, const RunOptions& options) {
    RunControl control;
    EventList events;
    return run(algorithm, split, options, control, events);
}

RunEnded run(const AlgorithmInfo& algorithm, const SplitPtr& split, const RunOptions& options,
             RunControl& control, EventList& events) {
    TrainingPlan plan;
    plan.algorithm = std::string(algorithm.id);
    plan.params = options.params;
    plan.seed = options.seed;
    plan.evaluateEvery = options.validate ? 1 : 0;
    plan.earlyStopping.enabled = false;
    plan.evaluateTest = false;
    ThreadPool pool({options.threads, 0});
    return trainWith(algorithm, plan, split, pool, control, events);
}

Query unknownUser(const Split& split, UserIndex user) {
    Query query;
    query.items = split.train().cols(user);
    query.values = split.train().values(user);
    if (!split.trainTimes().empty())
        query.times = split.trainTimes().subspan(static_cast<std::size_t>(split.train().rowBegin(user)),
                                                 query.items.size());
    return query;
}

Query knownUser(const Split& split, UserIndex user) {
    Query query = unknownUser(split, user);
    query.user = user;
    return query;
}

std::vector<float> scoresOf(const Recommender& model, const Query& query) {
    MatrixF out(1, model.itemCount());
    model.score(std::span(&query, 1), out);
    return {out.data(), out.data() + out.size()};
}

bool allFinite(const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

TensorFile saved(const Recommender& model) {
    TensorFile file;
    model.save(file);
    return file;
}

std::string difference(const TensorFile& a, const TensorFile& b) {
    if (a.metadata() != b.metadata()) return "metadata";
    if (a.tensors().size() != b.tensors().size()) return "the number of tensors";
    for (const auto& [name, tensor] : a.tensors()) {
        const auto other = b.tensors().find(name);
        if (other == b.tensors().end() || other->second.shape != tensor.shape ||
            other->second.data.index() != tensor.data.index())
            return "the shape or type of " + name;
        const bool same = std::visit(
            [&](const auto& values) {
                return sameBits(values, std::get<std::decay_t<decltype(values)>>(other->second.data));
            },
            tensor.data);
        if (!same) return "the values of " + name;
    }
    return "";
}

} // namespace recoscope::test
