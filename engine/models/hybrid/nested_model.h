// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace recoscope {

/// A model inside another: which algorithm, and its parameters as a person types them, "k=50 shrink=10". What
/// is left out has the algorithm's default.
struct NestedSpec {
    std::string id;
    std::string params;
    bool operator==(const NestedSpec&) const = default;
};

/// The parameters that a text gives: key=value, apart by spaces, semicolons or line ends. Errors name
/// `where`, the outer parameter that holds the text.
Result<ParamMap> nestedParams(const AlgorithmInfo& algorithm, std::string_view text,
                              const std::string& where);

/// One algorithm trained inside another's single epoch, for all its planned epochs. One thread.
class NestedRun final {
public:
    /// @param idKey, paramsKey  names of the outer parameters, for errors. Unknown algorithms and those that
    /// are made of others themselves are refused.
    static Result<NestedRun> make(const NestedSpec& spec, const TrainerInput& input, const std::string& idKey,
                                  const std::string& paramsKey);

    /// Runs every epoch; reports progress between the shares `from` and `to` of the outer epoch. False when
    /// cancelled.
    Result<bool> fit(EpochContext& context, double from, double to);
    std::shared_ptr<const Recommender> snapshot() const { return m_trainer->snapshot(); }
    const AlgorithmInfo& algorithm() const { return *m_algorithm; }

private:
    NestedRun(const AlgorithmInfo& algorithm, std::unique_ptr<Trainer> trainer)
        : m_algorithm(&algorithm)
        , m_trainer(std::move(trainer)) {}
    const AlgorithmInfo* m_algorithm;
    std::unique_ptr<Trainer> m_trainer;
};

/// A fitted model and the algorithm that it is of. Immutable.
struct NestedModel {
    const AlgorithmInfo* algorithm = nullptr;
    std::shared_ptr<const Recommender> model;
    std::string title() const { return std::string(algorithm->title); }
};

/// Puts a model into the file of another, its names behind `prefix` and a dot; and back, checked.
void saveNested(TensorFile& file, const std::string& prefix, const NestedModel& nested);
Result<NestedModel> loadNested(const TensorFile& file, const std::string& prefix);

/// The two outer parameters that say what a part is, and the algorithm when they do not.
struct NestedKeys {
    std::string_view id;
    std::string_view params;
    std::string_view otherwise;
};
/// What fitting all parts costs, one after another: times add up, memory too, for all models are kept.
FitCost nestedCost(const DataShape& shape, const ParamMap& params, std::span<const NestedKeys> parts);

/// The family of models made of others.
inline constexpr std::string_view hybridFamily = "Hybrid";

} // namespace recoscope
