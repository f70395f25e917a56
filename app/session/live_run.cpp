// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/live_run.h"

#include "engine/models/registry.h"

#include "app/session/run_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace recoscope {

namespace {

constexpr std::size_t recentEpochs = 10;
constexpr double recentSeconds = 5.0;
constexpr std::size_t observedEpochs = 256; // that are kept

/// How many of the newest epochs a figure is of. Short epochs: as many as the last seconds had, or it
/// flickers.
std::size_t recentCount(const LiveRun& run) {
    const auto recent =
        std::lower_bound(run.epochEnds.begin(), run.epochEnds.end(), run.epochEnds.back() - recentSeconds);
    return std::min(run.epochEnds.size(),
                    std::max(recentEpochs, static_cast<std::size_t>(run.epochEnds.end() - recent)));
}

/// The upper one of the two in the middle. Not empty.
double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double recentMedian(const LiveRun& run, const std::vector<double>& values) {
    return values.empty() ? 0.0
                          : median({values.end() - static_cast<std::ptrdiff_t>(recentCount(run)), values.end()});
}

void addPoint(LiveRun& run, const std::string& key, CurvePoint point) {
    const QString name = QString::fromStdString(key);
    auto found = std::find_if(run.curves.begin(), run.curves.end(),
                              [&name](const Curve& curve) { return curve.key == name; });
    if (found == run.curves.end()) found = run.curves.insert(run.curves.end(), Curve{name, {}});
    found->points.push_back(point);
}

void addTensors(LiveRun& run, ObservedEpoch observed) {
    run.tensors = observed.tensors;
    if (run.observed.size() >= observedEpochs) {
        std::size_t kept = 0;
        for (std::size_t n = 0; n < run.observed.size(); n += 2)
            run.observed[kept++] = std::move(run.observed[n]);
        run.observed.resize(kept);
    }
    run.observed.push_back(std::move(observed));
}

std::vector<NamedValue> namedValues(const std::shared_ptr<const Evaluation>& evaluation) {
    std::vector<NamedValue> values;
    if (evaluation)
        for (const MetricValue& metric : evaluation->metrics)
            values.push_back({metric.key, metric.value});
    return values;
}

RunStatus statusOf(RunOutcome outcome) {
    switch (outcome) {
    case RunOutcome::Completed:
        return RunStatus::Completed;
    case RunOutcome::StoppedEarly:
        return RunStatus::StoppedEarly;
    case RunOutcome::Cancelled:
        return RunStatus::Cancelled;
    case RunOutcome::Failed:
        break;
    }
    return RunStatus::Failed;
}

struct Applier {
    LiveRun& run;

    void operator()(const RunStarted& event) const {
        run.plannedEpochs = event.plannedEpochs;
        run.record.status = RunStatus::Running;
    }
    void operator()(const Progress& event) const { run.progress = event; }
    void operator()(const EpochFinished& event) const {
        run.lastEpoch = event;
        run.record.epochs = event.epoch;
        run.record.seconds = event.elapsed;
        run.record.trainSeconds += event.seconds;
        run.epochEnds.push_back(event.elapsed);
        run.epochSeconds.push_back(event.seconds);
        run.epochSpeeds.push_back(event.examplesPerSecond);
        for (const NamedValue& loss : event.losses)
            addPoint(run, loss.key, {event.epoch, event.elapsed, loss.value});
        for (const NamedValue& signal : event.signalValues)
            addPoint(run, signal.key, {event.epoch, event.elapsed, signal.value});
        if (event.tensors) addTensors(run, {event.epoch, event.tensors});
    }
    void operator()(const Evaluated& event) const {
        if (event.best) run.record.bestEpoch = event.epoch;
        for (const NamedValue& metric : event.metrics)
            addPoint(run, metric.key, {event.epoch, event.elapsed, metric.value});
    }
    void operator()(const SnapshotReady& event) const {
        run.model = event.model;
        run.modelEpoch = event.epoch;
        run.modelMidEpoch = event.midEpoch;
    }
    void operator()(const LogLine& event) const {
        run.log.push_back({event.level, event.elapsed, QString::fromStdString(event.text)});
    }
    void operator()(const RunEnded& event) const {
        run.record.status = statusOf(event.outcome);
        run.record.reason = QString::fromStdString(event.reason);
        run.record.epochs = event.epochs;
        run.record.bestEpoch = event.bestEpoch;
        run.record.seconds = event.seconds;
        run.record.trainSeconds = event.trainSeconds;
        run.record.testMetrics = namedValues(event.test);
        run.record.validationMetrics = namedValues(event.validation);
        run.record.hasModel = event.model != nullptr;
        run.test = event.test;
        run.validation = event.validation;
        run.paused = false;
        if (event.model) {
            run.model = event.model;
            run.modelEpoch = event.bestEpoch;
            run.modelMidEpoch = false;
        }
    }
};

} // namespace

void apply(LiveRun& run, const TrainingEvent& event) {
    std::visit(Applier{run}, event);
    run.etaSeconds = remainingSeconds(run);
}

void applyTest(LiveRun& run, std::shared_ptr<const Evaluation> test) {
    run.record.testMetrics = namedValues(test);
    run.record.reason = reasonAfterTest(run.record.reason);
    run.test = std::move(test);
}

double usualEpochSeconds(const LiveRun& run) { return recentMedian(run, run.epochSeconds); }
double usualSpeed(const LiveRun& run) { return recentMedian(run, run.epochSpeeds); }

double remainingSeconds(const LiveRun& run) {
    if (run.record.status != RunStatus::Running && run.record.status != RunStatus::Queued) return 0.0;
    if (run.plannedEpochs <= 0) return -1.0;
    const std::size_t finished = run.epochEnds.size();
    const bool inNextEpoch =
        run.progress.epoch == static_cast<int>(finished) + 1 && run.progress.phase == "training";
    const double share = inNextEpoch ? std::clamp(run.progress.fraction, 0.0, 1.0) : 0.0;
    const double left = std::max(0.0, run.plannedEpochs - static_cast<double>(finished) - share);
    if (finished > 0) {
        // Training as it mostly is, and what evaluation between epochs takes on average: it may come at some
        // of them only.
        const std::size_t count = recentCount(run);
        const double from = finished > count ? run.epochEnds[finished - count - 1] : 0.0;
        const double training = std::accumulate(
            run.epochSeconds.end() - static_cast<std::ptrdiff_t>(count), run.epochSeconds.end(), 0.0);
        const double evaluation =
            std::max(0.0, run.epochEnds.back() - from - training) / static_cast<double>(count);
        return left * (usualEpochSeconds(run) + evaluation);
    }
    // A first guess only once a twentieth of the first epoch is done.
    return share >= 0.05 ? run.progress.elapsed * left / share : -1.0;
}

std::optional<BatchPlace> batchPlace(const LiveRun& run) {
    const TrainingPlan& plan = run.record.experiment.plan;
    const AlgorithmInfo* info = findAlgorithm(plan.algorithm);
    if (!info || !run.split || run.progress.epoch <= run.lastEpoch.epoch || run.progress.phase == "evaluating")
        return std::nullopt;
    const auto params = info->schema().complete(plan.params);
    if (!params) return std::nullopt;
    const auto number = [&](const char* key) -> std::int64_t {
        return static_cast<std::int64_t>(numberIn(*params, key).value_or(0.0));
    };
    const std::int64_t size = number("train_batch_size");
    if (size <= 0) return std::nullopt;
    // Rows that are trained on: users, or items where the matrix is turned.
    const UserItemCsr& train = run.split->train();
    const auto over = params->find("autorec_over");
    std::int64_t rows = 0;
    if (over != params->end() && toText(over->second) == "items") {
        std::vector<bool> seen(static_cast<std::size_t>(train.colCount()));
        for (std::int32_t user = 0; user < train.rowCount(); ++user)
            for (const ItemIndex item : train.cols(UserIndex{user}))
                seen[static_cast<std::size_t>(toInt(item))] = true;
        rows = std::count(seen.begin(), seen.end(), true);
    } else {
        for (std::int32_t user = 0; user < train.rowCount(); ++user)
            rows += train.rowSize(UserIndex{user}) > 0 ? 1 : 0;
    }
    const std::int64_t passes =
        std::max<std::int64_t>(1, number("encoder_epochs") + number("decoder_epochs"));
    const std::int64_t aPass = std::max<std::int64_t>(1, (rows + size - 1) / size);
    const std::int64_t done =
        std::llround(run.progress.fraction * static_cast<double>(rows) * static_cast<double>(passes));
    const std::int64_t whole = std::min(passes, rows > 0 ? done / rows : 0);
    const std::int64_t rest = done - whole * rows;
    return BatchPlace{static_cast<int>(whole * aPass + (rest + size - 1) / size),
                      static_cast<int>(passes * aPass)};
}

} // namespace recoscope
