// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/engine/train/scripted_trainer.h"

#include <algorithm>

namespace recoscope::test {

namespace {

struct ScriptedParams {
    double learningRate = 0.5;
};

const TypedSchema<ScriptedParams>& scriptedSchema() {
    static const auto schema = TypedSchema<ScriptedParams>::Builder()
                                   .real("learning_rate", &ScriptedParams::learningRate,
                                         {.label = "Learning rate", .help = "Step", .min = 0.0})
                                   .build();
    return schema;
}

Script* current = nullptr; // a registry row has plain functions, so the script cannot be captured

template <class T>
T at(const std::vector<T>& values, int epoch, T otherwise) {
    if (values.empty() || epoch < 1) return otherwise;
    return values[std::min(values.size(), static_cast<std::size_t>(epoch)) - 1];
}

class ScriptedTrainer final : public Trainer {
public:
    ScriptedTrainer(SplitPtr split, Script& script)
        : m_split(std::move(split))
        , m_script(script) {}
    int plannedEpochs() const override { return m_script.epochs; }
    Result<EpochResult> runEpoch(EpochContext& context) override {
        if (m_script.epoch) {
            auto result = m_script.epoch(context);
            if (!result || !result->completed) return result;
            m_epoch = context.epoch;
            return result;
        }
        m_epoch = context.epoch;
        return EpochResult{true, 100.0, {{"loss", at(m_script.losses, m_epoch, 1.0 / m_epoch)}}};
    }
    std::shared_ptr<const Recommender> snapshot() const override {
        ++m_script.snapshots;
        if (m_script.onSnapshot) m_script.onSnapshot();
        return std::make_shared<StampedModel>(m_split, m_epoch, at(m_script.hits, m_epoch, 0));
    }
    std::optional<double> validationLoss(EpochContext&) const override {
        if (m_script.validationLoss.empty()) return std::nullopt;
        return at(m_script.validationLoss, m_epoch, 0.0);
    }

private:
    SplitPtr m_split;
    Script& m_script;
    int m_epoch = 0;
};

} // namespace

void StampedModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    out.setZero();
    for (std::size_t n = 0; n < queries.size(); ++n) {
        const UserIndex user = *queries[n].user;
        const float score = toInt(user) < m_hits ? 1.0f : -1.0f;
        for (const UserItemCsr* part : {&m_split->validation(), &m_split->test()})
            for (const ItemIndex item : part->cols(user))
                out(static_cast<Eigen::Index>(n), toInt(item)) = score;
    }
}

AlgorithmInfo scriptedAlgorithm(Script& script) {
    current = &script;
    AlgorithmInfo info;
    info.id = "scripted";
    info.title = "Scripted";
    info.schema = []() -> const ParamSchema& { return scriptedSchema().schema(); };
    info.makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
        const auto params = scriptedSchema().read(input.params);
        if (!params) return params.error();
        if (current->onMake) current->onMake();
        return std::unique_ptr<Trainer>(std::make_unique<ScriptedTrainer>(input.split, *current));
    };
    info.load = nullptr;
    return info;
}

SplitPtr scriptedSplit(bool implicitData, bool validation) {
    DatasetParts parts;
    parts.implicit = implicitData;
    for (int u = 0; u < 10; ++u)
        parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < 30; ++i)
        parts.items.insert("i" + std::to_string(i));
    for (int u = 0; u < 10; ++u)
        for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
            if (part == Part::Validation && !validation) continue;
            parts.rows.users.push_back(UserIndex{u});
            parts.rows.items.push_back(ItemIndex{3 * u + static_cast<int>(part)});
            parts.rows.values.push_back(implicitData ? 1.0f : static_cast<float>(1 + u % 5));
            parts.rows.parts.push_back(part);
        }
    const auto data = std::move(Dataset::make(std::move(parts))).value();
    return std::move(makeSplit(data, {.kind = SplitKind::Premade})).value();
}

void RecordingSink::post(const TrainingEvent& event) {
    {
        std::lock_guard lock(m_mutex);
        m_events.push_back(event);
    }
    if (reaction) reaction(event);
}

std::vector<TrainingEvent> RecordingSink::events() const {
    std::lock_guard lock(m_mutex);
    return m_events;
}

std::string RecordingSink::story() const {
    std::string text;
    for (const TrainingEvent& event : events()) {
        const char* word = std::holds_alternative<RunStarted>(event)      ? "started"
                           : std::holds_alternative<EpochFinished>(event) ? "epoch"
                           : std::holds_alternative<Evaluated>(event)     ? "evaluated"
                           : std::holds_alternative<SnapshotReady>(event) ? "snapshot"
                           : std::holds_alternative<RunEnded>(event)      ? "ended"
                                                                          : nullptr;
        if (word) text.append(text.empty() ? "" : " ").append(word);
    }
    return text;
}

} // namespace recoscope::test
