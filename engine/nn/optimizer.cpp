// SPDX-License-Identifier: GPL-3.0-or-later
// Compiled with -fno-math-errno: the loops below only become vector code when a square root need not set
// errno.
#include "engine/nn/optimizer.h"

#include "engine/core/check.h"
#include "engine/core/thread_pool.h"
#include "engine/nn/op.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kNumbersPerChunk = 16384;

bool hasFirst(OptimizerKind kind) {
    return kind == OptimizerKind::Momentum || kind == OptimizerKind::Nesterov ||
           kind == OptimizerKind::Adam || kind == OptimizerKind::AdamW || kind == OptimizerKind::Rprop;
}

bool hasSecond(OptimizerKind kind) {
    return kind == OptimizerKind::Adagrad || kind == OptimizerKind::RmsProp || kind == OptimizerKind::Adam ||
           kind == OptimizerKind::AdamW || kind == OptimizerKind::Rprop;
}

/// What the second moment is before the first step.
double secondAtFirst(OptimizerKind kind) { return kind == OptimizerKind::Rprop ? 1.0 : 0.0; }

/// Numbers of one step of one parameter.
template <class S>
struct Coefficients {
    S rate;      // η; with Adam divided by 1−β₁ᵗ
    S l2;        // λ in the gradient
    S l1;        // α
    S keepValue; // 1−ηλ with AdamW
    S keepFirst; // μ or β₁
    S addFirst;  // 1−β₁
    S keepSecond;
    S addSecond;
    S rootScale; // 1/√(1−β₂ᵗ)
    S epsilon;
};

template <class S>
Coefficients<S> coefficientsOf(const OptimizerOptions& o, double decay, bool penalised, double rate,
                               std::int64_t step) {
    const bool adam = o.kind == OptimizerKind::Adam || o.kind == OptimizerKind::AdamW;
    const double keepFirst = adam ? o.beta1 : o.momentum;
    const double keepSecond = adam ? o.beta2 : o.rmsDecay;
    const auto t = static_cast<double>(step);
    const auto as = [](double x) { return static_cast<S>(x); };
    return {.rate = as(adam ? rate / (1.0 - std::pow(o.beta1, t)) : rate),
            .l2 = as(o.kind == OptimizerKind::AdamW ? 0.0 : decay),
            .l1 = as(penalised ? o.l1 : 0.0),
            .keepValue = as(o.kind == OptimizerKind::AdamW ? 1.0 - rate * decay : 1.0),
            .keepFirst = as(keepFirst),
            .addFirst = as(1.0 - keepFirst),
            .keepSecond = as(keepSecond),
            .addSecond = as(1.0 - keepSecond),
            .rootScale = as(adam ? 1.0 / std::sqrt(1.0 - std::pow(o.beta2, t)) : 1.0),
            .epsilon = as(o.epsilon)};
}

/// w: value, g: gradient, m and v: first and second moment; n of each, apart from each other in memory.
template <class S>
using Update = void (*)(const Coefficients<S>& c, std::int64_t n, S* w, const S* g, S* m, S* v);

template <class S, OptimizerKind Kind, bool Penalty>
void update(const Coefficients<S>& coefficients, std::int64_t n, S* __restrict w, const S* __restrict g,
            S* __restrict m, S* __restrict v) {
    const Coefficients<S> c = coefficients;
    for (std::int64_t i = 0; i < n; ++i) {
        S gi = g[i];
        S wi = w[i];
        if constexpr (Penalty) {
            const S sign = (wi > S(0) ? S(1) : S(0)) - (wi < S(0) ? S(1) : S(0));
            gi += c.l2 * wi + c.l1 * sign;
        }
        if constexpr (Kind == OptimizerKind::Sgd) {
            wi -= c.rate * gi;
        } else if constexpr (Kind == OptimizerKind::Momentum || Kind == OptimizerKind::Nesterov) {
            const S u = c.keepFirst * m[i] + gi;
            m[i] = u;
            if constexpr (Kind == OptimizerKind::Momentum)
                wi -= c.rate * u;
            else
                wi -= c.rate * (gi + c.keepFirst * u);
        } else if constexpr (Kind == OptimizerKind::Adagrad) {
            const S vi = v[i] + gi * gi;
            v[i] = vi;
            wi -= c.rate * gi / (std::sqrt(vi) + c.epsilon);
        } else if constexpr (Kind == OptimizerKind::RmsProp) {
            const S vi = c.keepSecond * v[i] + c.addSecond * gi * gi;
            v[i] = vi;
            wi -= c.rate * gi / (std::sqrt(vi) + c.epsilon);
        } else if constexpr (Kind == OptimizerKind::Rprop) {
            const S turn = gi * m[i];
            const S vi = turn > S(0)   ? std::min(v[i] * S(1.2), S(1000))
                         : turn < S(0) ? std::max(v[i] * S(0.5), S(1e-5))
                                       : v[i];
            gi = turn < S(0) ? S(0) : gi;
            v[i] = vi;
            m[i] = gi;
            const S sign = (gi > S(0) ? S(1) : S(0)) - (gi < S(0) ? S(1) : S(0));
            wi -= c.rate * vi * (sign + (gi - gi)); // what is not finite has no sign, but must not hide
        } else {
            const S mi = c.keepFirst * m[i] + c.addFirst * gi;
            const S vi = c.keepSecond * v[i] + c.addSecond * gi * gi;
            m[i] = mi;
            v[i] = vi;
            if constexpr (Kind == OptimizerKind::AdamW) wi *= c.keepValue;
            wi -= c.rate * mi / (std::sqrt(vi) * c.rootScale + c.epsilon);
        }
        w[i] = wi;
    }
}

template <class S, OptimizerKind Kind>
Update<S> pick(bool penalty) {
    return penalty ? &update<S, Kind, true> : &update<S, Kind, false>;
}

template <class S>
Update<S> updateOf(OptimizerKind kind, bool penalty) {
    switch (kind) {
    case OptimizerKind::Sgd:
        return pick<S, OptimizerKind::Sgd>(penalty);
    case OptimizerKind::Momentum:
        return pick<S, OptimizerKind::Momentum>(penalty);
    case OptimizerKind::Nesterov:
        return pick<S, OptimizerKind::Nesterov>(penalty);
    case OptimizerKind::Adagrad:
        return pick<S, OptimizerKind::Adagrad>(penalty);
    case OptimizerKind::RmsProp:
        return pick<S, OptimizerKind::RmsProp>(penalty);
    case OptimizerKind::Adam:
        return pick<S, OptimizerKind::Adam>(penalty);
    case OptimizerKind::Rprop:
        return pick<S, OptimizerKind::Rprop>(penalty);
    case OptimizerKind::AdamW:
        break;
    }
    return pick<S, OptimizerKind::AdamW>(penalty);
}

bool inUnit(double x) { return x >= 0.0 && x < 1.0; }

} // namespace

template <class S>
Optimizer<S>::Optimizer(const OptimizerOptions& options, const ParameterSet<S>& parameters,
                        std::vector<ParamId> which)
    : m_options(options)
    , m_which(std::move(which)) {
    RECOSCOPE_CHECK(inUnit(options.momentum) && inUnit(options.rmsDecay) && inUnit(options.beta1) &&
                        inUnit(options.beta2),
                    "momentum and decay rates lie in [0, 1)");
    const bool penalty = options.weightDecay != 0.0 || options.l1 != 0.0;
    Eigen::Index rows = 0;
    Eigen::Index cols = 0;
    for (const ParamId id : m_which) {
        const Parameter<S>& parameter = parameters[id];
        RECOSCOPE_CHECK(parameter.role != ParamRole::Buffer, "a buffer is not trained");
        State state;
        rows = std::max(rows, parameter.value.rows());
        cols = std::max(cols, parameter.value.cols());
        if (hasFirst(options.kind)) state.first.setZero(parameter.value.rows(), parameter.value.cols());
        if (hasSecond(options.kind))
            state.second.setConstant(parameter.value.rows(), parameter.value.cols(),
                                     static_cast<S>(secondAtFirst(options.kind)));
        state.penalised = penalty && parameter.role == ParamRole::Weight;
        state.decay = state.penalised ? options.weightDecay * parameter.decayShare : 0.0;
        m_states.push_back(std::move(state));
    }
    // With plain SGD and Adagrad a gradient of zero changes nothing.
    m_everyRow = !options.lazyRows &&
                 (penalty || (options.kind != OptimizerKind::Sgd && options.kind != OptimizerKind::Adagrad));
    if (m_everyRow) {
        m_zeros.assign(static_cast<std::size_t>(cols), S(0));
        m_touched.assign(static_cast<std::size_t>(rows), 0);
    }
}

template <class S>
void Optimizer<S>::step(ParameterSet<S>& parameters, const Gradients<S>& gradients, double learningRate,
                        ThreadPool* pool) {
    for (std::size_t n = 0; n < m_which.size(); ++n) {
        const ParamId id = m_which[n];
        if (!gradients.touched(id)) continue;
        State& state = m_states[n];
        Matrix<S>& value = parameters[id].value;
        const std::int64_t cols = value.cols();
        const Coefficients<S> c =
            coefficientsOf<S>(m_options, state.decay, state.penalised, learningRate, ++state.steps);
        const Update<S> apply = updateOf<S>(m_options.kind, state.penalised);
        const ConstMap<S> gradient = gradients.value(id);
        S* const w = value.data();
        const S* const g = gradient.data();
        S* const first = state.first.data();
        S* const second = state.second.data();
        const auto applyTo = [&](std::int64_t at, std::int64_t count, const S* from) {
            apply(c, count, w + at, from, first ? first + at : nullptr, second ? second + at : nullptr);
        };

        if (gradients.allRows(id)) {
            forChunks(pool, value.size(), kNumbersPerChunk, [&](const Chunk& chunk) {
                applyTo(chunk.begin, chunk.end - chunk.begin, g + chunk.begin);
            });
            continue;
        }
        const std::span<const std::int32_t> touched = gradients.touchedRows(id);
        const std::int64_t rowsAtOnce = rowsPerChunk(cols, kNumbersPerChunk);
        if (!m_everyRow) {
            forChunks(pool, std::ssize(touched), rowsAtOnce, [&](const Chunk& chunk) {
                for (std::int64_t k = chunk.begin; k < chunk.end; ++k) {
                    const std::int64_t at = touched[static_cast<std::size_t>(k)] * cols;
                    applyTo(at, cols, g + at);
                }
            });
            continue;
        }
        for (const std::int32_t row : touched)
            m_touched[static_cast<std::size_t>(row)] = 1;
        forChunks(pool, value.rows(), rowsAtOnce, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const bool known = m_touched[static_cast<std::size_t>(row)] != 0;
                applyTo(row * cols, cols, known ? g + row * cols : m_zeros.data());
            }
        });
        for (const std::int32_t row : touched)
            m_touched[static_cast<std::size_t>(row)] = 0;
    }
}

template <class S>
void Optimizer<S>::reset() {
    for (State& state : m_states) {
        state.first.setZero();
        state.second.setConstant(static_cast<S>(secondAtFirst(m_options.kind)));
        state.steps = 0;
    }
}

template <class S>
std::int64_t Optimizer<S>::bytes() const {
    std::int64_t numbers = std::ssize(m_zeros);
    for (const State& state : m_states)
        numbers += state.first.size() + state.second.size();
    return numbers * static_cast<std::int64_t>(sizeof(S)) + std::ssize(m_touched);
}

std::vector<std::pair<OptimizerKind, ParamChoice>> optimizerChoices() {
    return {
        {OptimizerKind::Sgd, {"sgd", "SGD", "A step down the gradient of each batch"}},
        {OptimizerKind::Momentum,
         {"momentum", "Momentum", "SGD that keeps a share of its last step's direction"}},
        {OptimizerKind::Nesterov, {"nesterov", "Nesterov", "Momentum that looks ahead along its direction"}},
        {OptimizerKind::Adagrad, {"adagrad", "Adagrad", "Steps shrink where gradients were large so far"}},
        {OptimizerKind::RmsProp, {"rmsprop", "RMSProp", "Steps are divided by the gradient's recent size"}},
        {OptimizerKind::Adam, {"adam", "Adam", "Momentum divided by the gradient's recent size"}},
        {OptimizerKind::AdamW, {"adamw", "AdamW", "Adam with weight decay apart from the gradient"}},
        {OptimizerKind::Rprop,
         {"rprop", "Rprop",
          "Follows only the gradient's sign, with a step size of its own for every weight; for batches that "
          "hold all rows"}},
    };
}

template class Optimizer<float>;
template class Optimizer<double>;

} // namespace recoscope::nn
