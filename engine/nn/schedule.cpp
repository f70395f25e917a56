// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/schedule.h"

#include "engine/core/check.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace recoscope::nn {

namespace {

/// From 0 at x = 0 to 1 at x = 1, slow at both ends.
double halfCosine(double x) { return 0.5 * (1.0 - std::cos(std::numbers::pi * x)); }

} // namespace

double scheduledRate(const ScheduleOptions& options, double base, const ScheduleTime& time) {
    const auto step = static_cast<double>(time.step);
    const double warmUpSteps = options.warmUpEpochs * static_cast<double>(time.stepsPerEpoch);
    if (step < warmUpSteps) return base * std::min(1.0, (step + 1.0) / warmUpSteps);

    const double epochs = time.epochs - options.warmUpEpochs;
    const double t = std::max(0.0, step - warmUpSteps) / static_cast<double>(time.stepsPerEpoch);
    switch (options.kind) {
    case ScheduleKind::Constant:
    case ScheduleKind::Plateau:
        return base;
    case ScheduleKind::Step:
        return base * std::pow(options.gamma, std::floor(t / options.stepEpochs));
    case ScheduleKind::Exponential:
        return base * std::pow(options.gamma, t);
    case ScheduleKind::Cosine:
        break;
    }
    const double done = epochs > 0.0 ? std::min(1.0, t / epochs) : 1.0;
    return base - (base - options.minimum) * halfCosine(done);
}

PlateauState plateauAfter(const PlateauState& state, const ScheduleOptions& options, Watch watch,
                          double value) {
    PlateauState after = state;
    const double sign = watch == Watch::Lower ? 1.0 : -1.0;
    const bool better = !state.best
                            ? !std::isnan(value)
                            : sign * (*state.best - value) > options.threshold * std::abs(*state.best);
    if (better) {
        after.best = value;
        after.bad = 0;
    } else {
        ++after.bad;
    }
    if (after.coolDownLeft > 0) {
        --after.coolDownLeft;
        after.bad = 0;
    }
    if (after.bad > options.patience) {
        ++after.reductions;
        after.bad = 0;
        after.coolDownLeft = options.coolDown;
    }
    return after;
}

LearningRate::LearningRate(const ScheduleOptions& options, double base, double epochs,
                           std::int64_t stepsPerEpoch, Watch watch)
    : m_options(options)
    , m_base(base)
    , m_epochs(epochs)
    , m_stepsPerEpoch(stepsPerEpoch)
    , m_watch(watch) {
    RECOSCOPE_CHECK(stepsPerEpoch > 0, "an epoch has at least one step");
    RECOSCOPE_CHECK(options.kind != ScheduleKind::Step || options.stepEpochs > 0.0, "a stair has a length");
}

double LearningRate::at(std::int64_t step) const {
    const double rate = scheduledRate(m_options, m_base, {step, m_stepsPerEpoch, m_epochs});
    if (m_plateau.reductions == 0) return rate;
    return std::max(std::min(rate, m_options.minimum),
                    rate * std::pow(m_options.gamma, m_plateau.reductions));
}

bool LearningRate::report(double value) {
    if (m_options.kind != ScheduleKind::Plateau) return false;
    const int before = m_plateau.reductions;
    m_plateau = plateauAfter(m_plateau, m_options, m_watch, value);
    return m_plateau.reductions != before;
}

double annealedWeight(const AnnealingOptions& options, std::int64_t step) {
    if (options.kind == AnnealingKind::Constant || options.steps <= 0) return options.cap;
    double x = std::min(1.0, static_cast<double>(step) / static_cast<double>(options.steps));
    if (options.kind == AnnealingKind::Cyclical && x < 1.0) {
        const double cycle = x * std::max(1, options.cycles);
        x = options.rise > 0.0 ? std::min(1.0, (cycle - std::floor(cycle)) / options.rise) : 1.0;
    }
    const double risen = options.kind == AnnealingKind::Cosine ? halfCosine(x) : x;
    return std::min(options.cap, risen * std::max(1.0, options.cap));
}

std::vector<std::pair<ScheduleKind, ParamChoice>> scheduleChoices() {
    return {
        {ScheduleKind::Constant, {"constant", "Constant", "The same rate from start to end"}},
        {ScheduleKind::Step, {"step", "Step", "Times a factor every so many epochs"}},
        {ScheduleKind::Exponential,
         {"exponential", "Exponential", "Times a factor every epoch, without jumps"}},
        {ScheduleKind::Cosine, {"cosine", "Cosine", "Falls along half a cosine to the end of the run"}},
        {ScheduleKind::Plateau,
         {"plateau", "On plateau", "Times a factor when the run stops getting better"}},
    };
}

std::vector<std::pair<AnnealingKind, ParamChoice>> annealingChoices() {
    return {
        {AnnealingKind::Constant, {"constant", "Constant", "The cap from the start"}},
        {AnnealingKind::Linear, {"linear", "Linear", "Rises evenly from 0 and stops at the cap"}},
        {AnnealingKind::Cosine,
         {"cosine", "Cosine", "Rises from 0 along half a cosine and stops at the cap"}},
        {AnnealingKind::Cyclical,
         {"cyclical", "Cyclical", "Rises from 0 several times, with a rest at the cap"}},
    };
}

} // namespace recoscope::nn
