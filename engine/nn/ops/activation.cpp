// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/activation.h"

#include "engine/core/check.h"

#include <cmath>

namespace recoscope::nn {

namespace {

constexpr double kLeak = 0.01;
constexpr double kSeluAlpha = 1.6732632423543772;
constexpr double kSeluScale = 1.0507009873554805;

/// Numbers a chunk: enough to be worth a thread's while.
constexpr std::int64_t kChunk = 16384;

template <class S>
using Array = Eigen::Map<Eigen::Array<S, Eigen::Dynamic, 1>>;
template <class S>
using ConstArray = Eigen::Map<const Eigen::Array<S, Eigen::Dynamic, 1>>;

template <class S>
class ActivationOp final : public Op<S> {
public:
    ActivationOp(NodeId x, Activation function, Shape shape)
        : Op<S>("activation", shape, {{x}})
        , m_function(function) {}

    void forward(Step<S>& step) const override {
        const Map<S> in = step.value(this->input(0));
        Map<S> out = step.out();
        forChunks(step.pool(), in.size(), kChunk, [&](const Chunk& chunk) {
            const ConstArray<S> x(in.data() + chunk.begin, chunk.end - chunk.begin);
            Array<S> y(out.data() + chunk.begin, chunk.end - chunk.begin);
            switch (m_function) {
            case Activation::Identity:
                y = x;
                break;
            case Activation::Sigmoid:
                y = x.logistic();
                break;
            case Activation::Tanh:
                y = x.tanh();
                break;
            case Activation::Relu:
                y = x.max(S(0));
                break;
            case Activation::LeakyRelu:
                y = x.max(x * S(kLeak));
                break;
            case Activation::Elu:
                y = (x > S(0)).select(x, x.min(S(0)).exp() - S(1));
                break;
            case Activation::Selu:
                y = S(kSeluScale) * (x > S(0)).select(x, S(kSeluAlpha) * (x.min(S(0)).exp() - S(1)));
                break;
            case Activation::Softplus:
                y = x.max(S(0)) + ((-x.abs()).exp() + S(1)).log();
                break;
            case Activation::Swish:
                y = x * x.logistic();
                break;
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const Map<S> in = step.value(this->input(0));
        const Map<S> out = step.out();
        const ConstMap<S> outGradient = step.outGradient();
        GradientView<S> target = step.gradient(this->input(0));
        forChunks(step.pool(), in.size(), kChunk, [&](const Chunk& chunk) {
            const Eigen::Index count = chunk.end - chunk.begin;
            const ConstArray<S> x(in.data() + chunk.begin, count);
            const ConstArray<S> y(out.data() + chunk.begin, count);
            const ConstArray<S> g(outGradient.data() + chunk.begin, count);
            Array<S> dx(target.matrix.data() + chunk.begin, count);
            switch (m_function) {
            case Activation::Identity:
                assignOrAdd(target.add, dx, g);
                break;
            case Activation::Sigmoid:
                assignOrAdd(target.add, dx, g * y * (S(1) - y));
                break;
            case Activation::Tanh:
                assignOrAdd(target.add, dx, g * (S(1) - y * y));
                break;
            case Activation::Relu:
                assignOrAdd(target.add, dx, (x > S(0)).select(g, g * S(0)));
                break;
            case Activation::LeakyRelu:
                assignOrAdd(target.add, dx, (x > S(0)).select(g, g * S(kLeak)));
                break;
            case Activation::Elu:
                assignOrAdd(target.add, dx, (x > S(0)).select(g, g * (y + S(1))));
                break;
            case Activation::Selu:
                assignOrAdd(target.add, dx,
                            (x > S(0)).select(g * S(kSeluScale), g * (y + S(kSeluScale * kSeluAlpha))));
                break;
            case Activation::Softplus:
                assignOrAdd(target.add, dx, g * x.logistic());
                break;
            case Activation::Swish:
                assignOrAdd(target.add, dx, g * (y + x.logistic() * (S(1) - y)));
                break;
            }
        });
    }

private:
    Activation m_function;
};

template <class S>
class Dropout final : public Op<S> {
public:
    Dropout(NodeId x, double rate, Shape shape)
        : Op<S>("dropout", shape, {{x}})
        , m_rate(rate) {}

    /// The factor of each number: 0 or 1 / (1 − rate).
    std::int64_t scratchSize(std::int64_t batch) const override {
        return batch * this->shape().rowsPerExample * this->shape().cols;
    }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        if (!step.training()) {
            y = x;
            return;
        }
        const std::span<S> factors = step.scratch();
        const S kept = static_cast<S>(1.0 / (1.0 - m_rate));
        // 16 random bits a number: a rate is exact to 1/65536.
        const auto bound = static_cast<std::uint64_t>(std::lround(m_rate * 65536.0));
        forChunks(step.pool(), x.size(), kChunk, [&](const Chunk& chunk) {
            Rng rng = step.random(static_cast<std::uint64_t>(chunk.index));
            std::uint64_t bits = 0;
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
                if ((n - chunk.begin) % 4 == 0) bits = rng.next();
                const S factor = (bits & 0xffffU) < bound ? S(0) : kept;
                bits >>= 16U;
                factors[static_cast<std::size_t>(n)] = factor;
                y.data()[n] = x.data()[n] * factor;
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> g = step.outGradient();
        GradientView<S> dx = step.gradient(this->input(0));
        const ConstArray<S> gs(g.data(), g.size());
        Array<S> to(dx.matrix.data(), g.size());
        if (!step.training()) {
            assignOrAdd(dx.add, to, gs);
            return;
        }
        const ConstArray<S> factors(step.scratch().data(), g.size());
        assignOrAdd(dx.add, to, gs * factors);
    }

private:
    double m_rate;
};

} // namespace

const std::vector<std::pair<Activation, ParamChoice>>& activationChoices() {
    static const std::vector<std::pair<Activation, ParamChoice>> choices{
        {Activation::Identity, {"identity", "Identity", "No bend: the layer stays linear"}},
        {Activation::Sigmoid, {"sigmoid", "Sigmoid", "Between 0 and 1"}},
        {Activation::Tanh, {"tanh", "Tanh", "Between −1 and 1"}},
        {Activation::Relu, {"relu", "ReLU", "0 below 0, else x; units can die"}},
        {Activation::LeakyRelu, {"leaky_relu", "Leaky ReLU", "0.01 x below 0, else x; units cannot die"}},
        {Activation::Elu, {"elu", "ELU", "eˣ − 1 below 0, else x"}},
        {Activation::Selu, {"selu", "SELU", "A scaled ELU that keeps mean 0 and variance 1"}},
        {Activation::Softplus, {"softplus", "Softplus", "log(1 + eˣ): a smooth ReLU"}},
        {Activation::Swish, {"swish", "Swish", "x · sigmoid(x)"}},
    };
    return choices;
}

template <class S>
NodeId activation(Graph<S>& graph, NodeId x, Activation function) {
    if (function == Activation::Identity) return x;
    return graph.add(std::make_unique<ActivationOp<S>>(x, function, graph.shape(x)));
}

double activate(Activation function, double x) {
    switch (function) {
    case Activation::Identity:
        return x;
    case Activation::Sigmoid:
        return 1.0 / (1.0 + std::exp(-x));
    case Activation::Tanh:
        return std::tanh(x);
    case Activation::Relu:
        return x > 0.0 ? x : 0.0;
    case Activation::LeakyRelu:
        return x > 0.0 ? x : kLeak * x;
    case Activation::Elu:
        return x > 0.0 ? x : std::expm1(x);
    case Activation::Selu:
        return kSeluScale * (x > 0.0 ? x : kSeluAlpha * std::expm1(x));
    case Activation::Softplus:
        return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
    case Activation::Swish:
        return x / (1.0 + std::exp(-x));
    }
    return x;
}

template <class S>
NodeId dropout(Graph<S>& graph, NodeId x, double rate) {
    RECOSCOPE_CHECK(rate >= 0.0 && rate < 1.0, "a dropout rate outside [0, 1)");
    if (rate == 0.0) return x;
    return graph.add(std::make_unique<Dropout<S>>(x, rate, graph.shape(x)));
}

template NodeId activation(Graph<float>&, NodeId, Activation);
template NodeId activation(Graph<double>&, NodeId, Activation);
template NodeId dropout(Graph<float>&, NodeId, double);
template NodeId dropout(Graph<double>&, NodeId, double);

} // namespace recoscope::nn
