// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/train/train.h"

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace recoscope::test {

/// The model of a scripted trainer: knows which epoch it is of, and finds the held-out items of the first
/// `hits` users.
class StampedModel final : public Recommender {
public:
    StampedModel(SplitPtr split, int epoch, int hits)
        : m_split(std::move(split))
        , m_epoch(epoch)
        , m_hits(hits) {}
    int epoch() const { return m_epoch; }
    std::int32_t userCount() const override { return m_split->dataset()->userCount(); }
    std::int32_t itemCount() const override { return m_split->dataset()->itemCount(); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    void save(TensorFile&) const override {}

private:
    SplitPtr m_split;
    int m_epoch;
    int m_hits;
};

/// What a scripted run does. The scripted algorithm reads the one that is current; one test at a time.
struct Script {
    int epochs = 3;
    std::vector<int> hits;              // users found after each epoch; the last value is repeated
    std::vector<double> losses;         // training loss of each epoch; the same
    std::vector<double> validationLoss; // empty: none
    std::function<Result<EpochResult>(EpochContext&)> epoch; // instead of a plain epoch
    std::function<void()> onMake;
    std::function<void()> onSnapshot;
    int snapshots = 0;
};

/// An algorithm that does what the script says.
AlgorithmInfo scriptedAlgorithm(Script& script);

/// Ten users with training, validation and test items of their own; 30 items.
SplitPtr scriptedSplit(bool implicitData = false, bool validation = true);

/// Keeps every event; `reaction` is called with each, on the training thread.
class RecordingSink final : public EventSink {
public:
    void post(const TrainingEvent& event) override;
    std::vector<TrainingEvent> events() const;
    /// "started epoch evaluated epoch evaluated ended", without progress and log lines.
    std::string story() const;
    template <class Event>
    std::vector<Event> all() const {
        std::vector<Event> found;
        for (const TrainingEvent& event : events())
            if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
        return found;
    }
    std::function<void(const TrainingEvent&)> reaction;

private:
    mutable std::mutex m_mutex;
    std::vector<TrainingEvent> m_events;
};

inline TrainingPlan planWatching(const std::string& metric, int patience) {
    TrainingPlan plan;
    plan.earlyStopping = {.enabled = true, .metric = metric, .patience = patience};
    plan.evaluation.cutoffs = {1, 2};
    return plan;
}

/// Runs a script on two threads; control and sink are the caller's.
inline RunEnded run(Script& script, const TrainingPlan& plan, RunControl& control, RecordingSink& sink,
                    const SplitPtr& split = scriptedSplit()) {
    const AlgorithmInfo algorithm = scriptedAlgorithm(script);
    ThreadPool pool({.threads = 2});
    return trainWith(algorithm, plan, split, pool, control, sink);
}

inline RunEnded run(Script& script, const TrainingPlan& plan, const SplitPtr& split = scriptedSplit()) {
    RunControl control;
    RecordingSink sink;
    return run(script, plan, control, sink, split);
}

/// The epoch that the kept model says it is of; -1 without a model.
inline int stamp(const std::shared_ptr<const Recommender>& model) {
    const auto* stamped = dynamic_cast<const StampedModel*>(model.get());
    return stamped ? stamped->epoch() : -1;
}

} // namespace recoscope::test
