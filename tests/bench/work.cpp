// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/work.h"

#include "engine/models/registry.h"

#include <charconv>
#include <cstdio>
#include <fstream>
#include <optional>

namespace recoscope::bench {

namespace {

class EpochTimes final : public EventSink {
public:
    EpochTimes(RunControl& control, double patience)
        : m_control(control)
        , m_patience(patience) {}

    void post(const TrainingEvent& event) override {
        if (const auto* epoch = std::get_if<EpochFinished>(&event))
            seconds.push_back(epoch->seconds);
        else if (const auto* progress = std::get_if<Progress>(&event))
            watch(*progress);
    }
    std::vector<double> seconds;
    double cutAt = 1.0;

private:
    void watch(const Progress& now) {
        if (m_patience <= 0.0 || !seconds.empty() || now.phase != "training") return;
        if (!m_first && now.fraction > 0.0) m_first = now; // what comes before it may be preparation
        if (now.elapsed < m_patience || !m_first || now.fraction <= m_first->fraction) return;
        seconds.push_back((now.elapsed - m_first->elapsed) / (now.fraction - m_first->fraction));
        cutAt = now.fraction;
        m_control.cancel();
    }
    RunControl& m_control;
    double m_patience;
    std::optional<Progress> m_first;
};

void append(std::string& text, std::int64_t number) {
    char buffer[24];
    text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}

} // namespace

TrainingPlan plainPlan(const std::string& algorithm, ParamMap params) {
    TrainingPlan plan;
    plan.algorithm = algorithm;
    plan.params = std::move(params);
    plan.evaluateEvery = 0;
    plan.earlyStopping.enabled = false;
    plan.evaluation.cutoffs = {10, 20};
    return plan;
}

Result<Timed> trainTimed(TrainingPlan plan, const SplitPtr& split, ThreadPool& pool, const Options& options,
                         double patience) {
    const auto algorithm = requireAlgorithm(plan.algorithm);
    if (!algorithm) return algorithm.error();
    if (const auto given = options.set.find(plan.algorithm); given != options.set.end())
        for (const auto& [key, text] : given->second) {
            const auto value = (*algorithm)->schema().parse(key, text);
            if (!value) return value.error();
            plan.params[key] = *value;
        }
    RunControl control;
    EpochTimes times(control, patience);
    Timed timed;
    timed.ended = trainWith(**algorithm, plan, split, pool, control, times);
    timed.epochSeconds = std::move(times.seconds);
    timed.cutAt = times.cutAt;
    if (timed.ended.error) return *timed.ended.error;
    return timed;
}

Status writeRatings(const Dataset& data, const std::string& path, bool dat) {
    std::ofstream file(path, std::ios::binary);
    if (!dat) file << "userId,movieId,rating,timestamp\n";
    const std::string_view between = dat ? "::" : ",";
    std::string text;
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        const UserIndex user{u};
        const auto items = data.byUser().cols(user);
        const auto ratings = data.byUser().values(user);
        for (std::size_t n = 0; n < items.size(); ++n) {
            append(text, u + 1);
            text += between;
            append(text, toInt(items[n]) + 1);
            text += between;
            const auto halves =
                static_cast<std::int64_t>(ratings[n] * 2.0f + 0.5f); // half stars, or whole ones in .dat
            append(text, dat ? std::max<std::int64_t>(1, halves / 2) : halves / 2);
            if (!dat) text += halves % 2 == 1 ? ".5" : ".0";
            text += between;
            append(text, data.times().empty()
                             ? 978'300'000 + static_cast<std::int64_t>(n)
                             : data.times()[static_cast<std::size_t>(data.byUser().rowBegin(user)) + n]);
            text += '\n';
        }
        if (text.size() < (1u << 20) && u + 1 < data.userCount()) continue;
        file.write(text.data(), static_cast<std::streamsize>(text.size()));
        text.clear();
    }
    file.close();
    if (!file) return Error{ErrorCode::Io, "The ratings could not be written", path};
    return {};
}

} // namespace recoscope::bench
