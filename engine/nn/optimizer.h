// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/nn/parameter.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace recoscope {
class ThreadPool;
}

namespace recoscope::nn {

/// How a parameter w follows its gradient g with learning rate η; the rest of the letters are zero at first:
///
///     Sgd       w −= η g
///     Momentum  u = μ u + g,  w −= η u
///     Nesterov  u = μ u + g,  w −= η (g + μ u)
///     Adagrad   v = v + g²,  w −= η g / (√v + ε)
///     RmsProp   v = ρ v + (1−ρ) g²,  w −= η g / (√v + ε)
///     Adam      m = β₁ m + (1−β₁) g,  v = β₂ v + (1−β₂) g²,  w −= η m/(1−β₁ᵗ) / (√(v/(1−β₂ᵗ)) + ε) in step t
///     = 1, 2, … AdamW     w = (1−ηλ) w, then Adam with a gradient that has no λ in it
///     Rprop     Δ = min(1.2 Δ, 1000) where g m > 0, max(Δ/2, 10⁻⁵) and g = 0 where g m < 0,
///               w −= η Δ sign(g),  m = g, Δ being 1 at first. For batches that hold every row.
///
/// All but AdamW have the penalty λ/2 |w|², and all of them α |w|₁, in the gradient: g + λ w + α sign(w).
///
/// Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. Sutskever, Martens, Dahl
/// & Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013. Duchi, Hazan &
/// Singer, "Adaptive subgradient methods", JMLR 2011. Tieleman & Hinton, lecture 6.5 of "Neural networks for
/// machine learning", 2012. Kingma & Ba, "Adam", ICLR 2015, algorithm 1. Loshchilov & Hutter, "Decoupled
/// weight decay regularization", ICLR 2019. Igel & Hüsken, "Empirical evaluation of the improved Rprop
/// learning algorithms", Neurocomputing 50, 2003: iRprop−. Differs from the papers: Rprop's step sizes count
/// in learning rates, so that a schedule acts on them; the learning rate stands outside of the
/// momentum, and Nesterov's point of view is the one after the step, as in PyTorch, so that a changing rate
/// acts at once.
enum class OptimizerKind { Sgd, Momentum, Nesterov, Adagrad, RmsProp, Adam, AdamW, Rprop };

struct OptimizerOptions {
    OptimizerKind kind = OptimizerKind::Adam;
    double momentum = 0.9;    // μ, in [0, 1): Momentum, Nesterov
    double rmsDecay = 0.99;   // ρ, in [0, 1): RmsProp
    double beta1 = 0.9;       // Adam, AdamW
    double beta2 = 0.999;     // Adam, AdamW
    double epsilon = 1e-8;    // ε: Adagrad, RmsProp, Adam, AdamW
    double weightDecay = 0.0; // λ, on weights, not on biases
    double l1 = 0.0;          // α, on weights, not on biases
    /// Of a parameter that a step touched in some rows only, the other rows stay as they are ("lazy Adam"): a
    /// step costs what it touched. Moments of those rows do not decay meanwhile, momentum does not carry them
    /// on, and no weight decay reaches them. False: they are updated with a gradient of zero, the same as if
    /// every row had been touched.
    bool lazyRows = true;
    bool operator==(const OptimizerOptions&) const = default;
};

/// Updates some parameters of a set, with all the memory it takes made at the start. One thread.
template <class S>
class Optimizer final {
public:
    /// @param which  of `parameters`, no buffers; others are never touched.
    Optimizer(const OptimizerOptions& options, const ParameterSet<S>& parameters, std::vector<ParamId> which);

    /// One step. Parameters without any gradient (of a part that was left out) stay, and so does their count
    /// of steps t. Reads and writes each number once, rows shared out to `pool` (may be null); same bits for
    /// any thread count. No allocation. A gradient that is not finite spreads into its parameter.
    void step(ParameterSet<S>& parameters, const Gradients<S>& gradients, double learningRate,
              ThreadPool* pool);
    /// As newly made.
    void reset();

    const OptimizerOptions& options() const { return m_options; }
    const std::vector<ParamId>& parameters() const { return m_which; }
    /// Memory of moments and the like.
    std::int64_t bytes() const;

private:
    struct State {
        Matrix<S> first;    // u or m
        Matrix<S> second;   // v or Δ
        double decay = 0.0; // λ of this parameter
        bool penalised = false;
        std::int64_t steps = 0;
    };
    OptimizerOptions m_options;
    std::vector<ParamId> m_which;
    std::vector<State> m_states;         // as m_which
    bool m_everyRow = false;             // untouched rows change too
    std::vector<S> m_zeros;              // their gradient
    std::vector<std::uint8_t> m_touched; // by row, zero between steps
};

/// For parameter forms. Keys are stable.
std::vector<std::pair<OptimizerKind, ParamChoice>> optimizerChoices();

extern template class Optimizer<float>;
extern template class Optimizer<double>;

} // namespace recoscope::nn
