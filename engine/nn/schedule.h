// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace recoscope::nn {

/// How a learning rate moves. With t epochs gone since the end of the warm-up, of T in all, and base rate η:
///
///     Constant     η
///     Step         η γ^⌊t/n⌋, n = stepEpochs
///     Exponential  η γᵗ, also within an epoch
///     Cosine       min + (η − min) (1 + cos(π t/T)) / 2, without restarts (Loshchilov & Hutter, "SGDR", ICLR
///     2017, eq. 5) Plateau      η γᵏ, at least min; k grows when what is reported gets no better for more
///     than `patience` reports
///
/// Before, in the first warmUpEpochs, the rate rises linearly from nearly 0 to η (Goyal et al., "Accurate,
/// large minibatch SGD", 2017, section 2.2).
enum class ScheduleKind { Constant, Step, Exponential, Cosine, Plateau };

struct ScheduleOptions {
    ScheduleKind kind = ScheduleKind::Constant;
    double gamma = 0.5;        // γ: Step, Exponential, Plateau
    double stepEpochs = 10.0;  // n: Step
    double minimum = 0.0;      // Cosine, Plateau: a rate, not a share; not above η
    double warmUpEpochs = 0.0; // 0: none; may be a fraction
    int patience = 5;          // Plateau: reports without improvement that are put up with
    double threshold = 1e-4;   // Plateau: share of the best value that an improvement has to exceed
    int coolDown = 0;          // Plateau: reports after a reduction that count for nothing
    bool operator==(const ScheduleOptions&) const = default;
};

/// Where training stands and where it goes.
struct ScheduleTime {
    std::int64_t step = 0;          // from 0
    std::int64_t stepsPerEpoch = 1; // positive
    double epochs = 1.0;            // planned, warm-up included
};

/// The rate of this step; Plateau counts as not reduced. In the warm-up of s steps, step i has η (i + 1) / s:
/// the first step moves, and the s-th has η.
double scheduledRate(const ScheduleOptions& options, double base, const ScheduleTime& time);

enum class Watch { Lower, Higher }; // what is better: a loss, a ranking metric

/// What Plateau remembers; a plain value.
struct PlateauState {
    std::optional<double> best;
    int bad = 0; // reports since the best
    int coolDownLeft = 0;
    int reductions = 0; // k
    bool operator==(const PlateauState&) const = default;
};

/// The state after one more value was reported. NaN is never better.
PlateauState plateauAfter(const PlateauState& state, const ScheduleOptions& options, Watch watch,
                          double value);

/// Learning rate of a run, with what a plateau needs. One thread.
class LearningRate final {
public:
    LearningRate(const ScheduleOptions& options, double base, double epochs, std::int64_t stepsPerEpoch,
                 Watch watch = Watch::Lower);

    /// The rate of a step, counted from 0 through all epochs.
    double at(std::int64_t step) const;
    /// Tells a value of what is watched, the validation metric or, without one, the training loss; once an
    /// epoch or evaluation. Does nothing but with Plateau. True when the rate was reduced.
    bool report(double value);
    const PlateauState& plateau() const { return m_plateau; }

private:
    ScheduleOptions m_options;
    double m_base;
    double m_epochs;
    std::int64_t m_stepsPerEpoch;
    Watch m_watch;
    PlateauState m_plateau;
};

/// How the weight of a loss part (KL) grows. Before the cap, with x = step / steps:
///
///     Constant  the cap from the start
///     Linear    x
///     Cosine    (1 − cos πx) / 2
///     Cyclical  linear and `cycles` times, each over the first `rise` of a cycle, then 1 (Fu et al.,
///     "Cyclical annealing
///               schedule", NAACL 2019, eq. 6 and 7); after the last cycle it stays up
///
/// times max(1, cap), and cut off at the cap. So with a cap of 0.2 and Linear the weight is 0.2 after a fifth
/// of the steps, as in Liang et al., "Variational autoencoders for collaborative filtering", WWW 2018,
/// section 2.2.2, and their program.
enum class AnnealingKind { Constant, Linear, Cosine, Cyclical };

struct AnnealingOptions {
    AnnealingKind kind = AnnealingKind::Linear;
    double cap = 0.2;
    std::int64_t steps = 20000; // 0: the cap from the start
    int cycles = 4;             // Cyclical
    double rise = 0.5;          // Cyclical: share of a cycle, in (0, 1]
    bool operator==(const AnnealingOptions&) const = default;
};

/// The weight in this step, counted from 0: in [0, cap], 0 in step 0 but with Constant.
double annealedWeight(const AnnealingOptions& options, std::int64_t step);

/// For parameter forms. Keys are stable.
std::vector<std::pair<ScheduleKind, ParamChoice>> scheduleChoices();
std::vector<std::pair<AnnealingKind, ParamChoice>> annealingChoices();

} // namespace recoscope::nn
