// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/hybrid/nested_model.h"

#include "engine/models/registry.h"

#include <algorithm>
#include <utility>

namespace recoscope {

namespace {

constexpr std::string_view kSeparators = " \t\r\n;";

Result<const AlgorithmInfo*> nestedAlgorithm(const std::string& id, const std::string& where) {
    const auto found = requireAlgorithm(id);
    if (!found) return Error{found.error().code, found.error().message, where};
    if ((*found)->family == hybridFamily)
        return Error{ErrorCode::Invalid,
                     "'" + id + "' is made of other models itself; choose a plain algorithm as a part",
                     where};
    return *found;
}

} // namespace

Result<ParamMap> nestedParams(const AlgorithmInfo& algorithm, std::string_view text,
                              const std::string& where) {
    ParamMap params;
    for (std::size_t at = text.find_first_not_of(kSeparators); at != std::string_view::npos;) {
        const std::size_t end = std::min(text.find_first_of(kSeparators, at), text.size());
        const std::string_view word = text.substr(at, end - at);
        at = text.find_first_not_of(kSeparators, end);
        const std::size_t equals = word.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == word.size())
            return Error{ErrorCode::Invalid,
                         "Expected key=value, apart by spaces, at '" + std::string(word) + "'", where};
        const std::string key(word.substr(0, equals));
        if (params.count(key))
            return Error{ErrorCode::Invalid, "The parameter '" + key + "' is given twice", where};
        const auto value = algorithm.schema().parse(key, word.substr(equals + 1));
        if (!value)
            return Error{ErrorCode::Invalid,
                         "For " + std::string(algorithm.title) + ": " + value.error().message + " (" + key +
                             ")",
                         where};
        params[key] = *value;
    }
    return params;
}

Result<NestedRun> NestedRun::make(const NestedSpec& spec, const TrainerInput& input, const std::string& idKey,
                                  const std::string& paramsKey) {
    const auto algorithm = nestedAlgorithm(spec.id, idKey);
    if (!algorithm) return algorithm.error();
    auto params = nestedParams(**algorithm, spec.params, paramsKey);
    if (!params) return params.error();
    if (const auto lacks = missingNeed((*algorithm)->needs, *input.split))
        return Error{ErrorCode::Unsupported,
                     std::string((*algorithm)->title) + " needs " + *lacks + ", and this data has none",
                     idKey};
    auto trainer = (*algorithm)->makeTrainer({input.split, std::move(*params), input.seed});
    if (!trainer)
        return Error{trainer.error().code,
                     "For " + std::string((*algorithm)->title) + ": " + trainer.error().message, paramsKey};
    return NestedRun(**algorithm, std::move(*trainer));
}

Result<bool> NestedRun::fit(EpochContext& context, double from, double to) {
    const int epochs = std::max(1, m_trainer->plannedEpochs());
    const double share = (to - from) / epochs;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        if (!context.control.keepGoing()) return false;
        EpochContext inner{context.pool, context.control, epoch, {}, {}};
        const double before = from + share * (epoch - 1);
        if (context.progress)
            inner.progress = [&context, before, share](double fraction, double examples) {
                context.progress(before + share * fraction, examples);
            };
        auto result = m_trainer->runEpoch(inner);
        if (!result)
            return Error{result.error().code,
                         "In " + std::string(m_algorithm->title) + ": " + result.error().message,
                         result.error().where};
        if (!result->completed) return false;
    }
    return true;
}

void saveNested(TensorFile& file, const std::string& prefix, const NestedModel& nested) {
    TensorFile own;
    nested.model->save(own);
    for (auto& [name, tensor] : own.tensors())
        file.tensors()[prefix + "." + name] = std::move(tensor);
    for (const auto& [key, value] : own.metadata())
        file.setMeta(prefix + "." + key, value);
    file.setMeta(prefix, std::string(nested.algorithm->id));
}

Result<NestedModel> loadNested(const TensorFile& file, const std::string& prefix) {
    const auto id = file.meta(prefix);
    if (!id) return id.error();
    const auto algorithm = nestedAlgorithm(*id, prefix);
    if (!algorithm) return Error{ErrorCode::Parse, algorithm.error().message, prefix};
    TensorFile own;
    const std::string start = prefix + ".";
    for (auto at = file.tensors().lower_bound(start);
         at != file.tensors().end() && at->first.compare(0, start.size(), start) == 0; ++at)
        own.tensors()[at->first.substr(start.size())] = at->second;
    for (auto at = file.metadata().lower_bound(start);
         at != file.metadata().end() && at->first.compare(0, start.size(), start) == 0; ++at)
        own.setMeta(at->first.substr(start.size()), at->second);
    auto model = (*algorithm)->load(own);
    if (!model)
        return Error{ErrorCode::Parse,
                     "In " + std::string((*algorithm)->title) + ": " + model.error().message,
                     start + model.error().where};
    return NestedModel{*algorithm, std::move(*model)};
}

FitCost nestedCost(const DataShape& shape, const ParamMap& params, std::span<const NestedKeys> parts) {
    const auto textOf = [&](std::string_view key) {
        const auto found = params.find(std::string(key));
        const auto* text = found == params.end() ? nullptr : std::get_if<std::string>(&found->second);
        return text ? *text : std::string();
    };
    FitCost total;
    for (const NestedKeys& part : parts) {
        std::string id = textOf(part.id);
        if (id.empty()) id = part.otherwise;
        const AlgorithmInfo* const algorithm = findAlgorithm(id);
        if (!algorithm || !algorithm->cost || algorithm->family == hybridFamily) continue;
        const auto own = nestedParams(*algorithm, textOf(part.params), std::string(part.params));
        const FitCost cost = algorithm->cost(shape, own ? *own : ParamMap());
        total.bytes += cost.bytes;
        total.dense += cost.dense;
        total.factorisation += cost.factorisation;
        total.vectors += cost.vectors;
        total.scattered += cost.scattered;
        total.memory +=
            (total.memory.empty() ? "" : "; ") + std::string(algorithm->title) + ": " + cost.memory;
    }
    return total;
}

} // namespace recoscope
