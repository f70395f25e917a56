// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/pairwise.h"

#include "engine/core/check.h"

#include <algorithm>
#include <cmath>

namespace recoscope::nn {

namespace {

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

/// A loss over a rows x n matrix of terms; one of its inputs may be their weights.
template <class S>
class WeightedTerms : public Op<S> {
protected:
    WeightedTerms(std::string_view kind, std::vector<NodeId> inputs, bool weighted, Averaging averaging)
        : Op<S>(kind, {0, 1}, {std::move(inputs)})
        , m_weighted(weighted)
        , m_averaging(averaging) {}

    /// w of every term, divided by what is averaged over.
    class Weights {
    public:
        Weights(const S* numbers, std::int64_t cols, double divisor)
            : m_numbers(numbers)
            , m_cols(cols)
            , m_factor(divisor > 0.0 ? 1.0 / divisor : 0.0) {}
        double operator()(std::int64_t row, std::int64_t i) const {
            if (!m_numbers) return m_factor;
            return m_factor * static_cast<double>(m_numbers[m_cols == 1 ? row : row * m_cols + i]);
        }

    private:
        const S* m_numbers;
        std::int64_t m_cols;
        double m_factor;
    };

    Weights weights(Step<S>& step, std::int64_t rows, std::int64_t cols) const {
        const double terms = static_cast<double>(rows * cols);
        if (!m_weighted) return Weights(nullptr, 1, terms);
        const Map<S> w = step.value(this->wiring().inputs.back());
        double total = terms;
        if (m_averaging == Averaging::Weights) {
            total = 0.0;
            for (Eigen::Index n = 0; n < w.size(); ++n)
                total += static_cast<double>(w.data()[n]);
            total *= static_cast<double>(cols) / static_cast<double>(w.cols());
        }
        return Weights(w.data(), w.cols(), total);
    }

private:
    bool m_weighted;
    Averaging m_averaging;
};

template <class S>
class Pairwise final : public WeightedTerms<S> {
public:
    Pairwise(std::vector<NodeId> inputs, const PairwiseOptions& options, bool weighted, Averaging averaging)
        : WeightedTerms<S>("pairwise loss", std::move(inputs), weighted, averaging)
        , m_options(options) {}

    void forward(Step<S>& step) const override {
        const Map<S> positive = step.value(this->input(0));
        const Map<S> negative = step.value(this->input(1));
        const auto weightOf = this->weights(step, negative.rows(), negative.cols());
        double total = 0.0;
        for (Eigen::Index row = 0; row < negative.rows(); ++row)
            for (Eigen::Index i = 0; i < negative.cols(); ++i) {
                const double lead = static_cast<double>(positive(row, 0) - negative(row, i));
                const double loss = m_options.loss == PairwiseLoss::Bpr
                                        ? softplus(-lead)
                                        : std::max(0.0, m_options.margin - lead);
                total += weightOf(row, i) * loss;
            }
        step.out()(0, 0) = static_cast<S>(total);
    }

    void backward(Step<S>& step) const override {
        const Map<S> positive = step.value(this->input(0));
        const Map<S> negative = step.value(this->input(1));
        const auto weightOf = this->weights(step, negative.rows(), negative.cols());
        const double upstream = static_cast<double>(step.outGradient()(0, 0));
        // dℓ/ds⁻ of a pair; dℓ/ds⁺ is its opposite.
        const auto slope = [&](Eigen::Index row, Eigen::Index i) {
            const double lead = static_cast<double>(positive(row, 0) - negative(row, i));
            const double w = upstream * weightOf(row, i);
            if (m_options.loss == PairwiseLoss::Bpr) return w * sigmoid(-lead);
            return lead < m_options.margin ? w : 0.0;
        };
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            for (Eigen::Index row = 0; row < negative.rows(); ++row) {
                double sum = 0.0;
                for (Eigen::Index i = 0; i < negative.cols(); ++i)
                    sum += slope(row, i);
                view.matrix(row, 0) = (view.add ? view.matrix(row, 0) : S(0)) - static_cast<S>(sum);
            }
        }
        if (!step.wantsGradient(this->input(1))) return;
        GradientView<S> view = step.gradient(this->input(1));
        for (Eigen::Index row = 0; row < negative.rows(); ++row)
            for (Eigen::Index i = 0; i < negative.cols(); ++i)
                view.matrix(row, i) = (view.add ? view.matrix(row, i) : S(0)) + static_cast<S>(slope(row, i));
    }

private:
    PairwiseOptions m_options;
};

template <class S>
class PointwiseCrossEntropy final : public WeightedTerms<S> {
public:
    PointwiseCrossEntropy(std::vector<NodeId> inputs, bool weighted, Averaging averaging)
        : WeightedTerms<S>("pointwise cross-entropy", std::move(inputs), weighted, averaging) {}

    void forward(Step<S>& step) const override {
        const Map<S> logits = step.value(this->input(0));
        const Map<S> targets = step.value(this->input(1));
        const auto weightOf = this->weights(step, logits.rows(), logits.cols());
        double total = 0.0;
        for (Eigen::Index row = 0; row < logits.rows(); ++row)
            for (Eigen::Index i = 0; i < logits.cols(); ++i) {
                const double l = static_cast<double>(logits(row, i));
                total += weightOf(row, i) * (softplus(l) - static_cast<double>(targets(row, i)) * l);
            }
        step.out()(0, 0) = static_cast<S>(total);
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const Map<S> logits = step.value(this->input(0));
        const Map<S> targets = step.value(this->input(1));
        const auto weightOf = this->weights(step, logits.rows(), logits.cols());
        const double upstream = static_cast<double>(step.outGradient()(0, 0));
        GradientView<S> view = step.gradient(this->input(0));
        for (Eigen::Index row = 0; row < logits.rows(); ++row)
            for (Eigen::Index i = 0; i < logits.cols(); ++i) {
                const double miss =
                    sigmoid(static_cast<double>(logits(row, i))) - static_cast<double>(targets(row, i));
                view.matrix(row, i) = (view.add ? view.matrix(row, i) : S(0)) +
                                      static_cast<S>(upstream * weightOf(row, i) * miss);
            }
    }
};

template <class S>
std::vector<NodeId> withWeights(const Graph<S>& graph, std::vector<NodeId> inputs,
                                std::optional<NodeId> weights) {
    const Shape terms = graph.shape(inputs[1]);
    if (weights) {
        const Shape shape = graph.shape(*weights);
        RECOSCOPE_CHECK(shape.rowsPerExample == terms.rowsPerExample &&
                            (shape.cols == 1 || shape.cols == terms.cols),
                        "one weight a row, or one a term");
        inputs.push_back(*weights);
    }
    return inputs;
}

} // namespace

template <class S>
NodeId pairwiseLoss(Graph<S>& graph, NodeId positive, NodeId negative, const PairwiseOptions& options,
                    std::optional<NodeId> weights, Averaging averaging) {
    RECOSCOPE_CHECK(graph.shape(positive) == (Shape{graph.shape(negative).rowsPerExample, 1}),
                    "one positive a row of negatives");
    return graph.add(std::make_unique<Pairwise<S>>(withWeights(graph, {positive, negative}, weights), options,
                                                   weights.has_value(), averaging));
}

template <class S>
NodeId pointwiseCrossEntropy(Graph<S>& graph, NodeId logits, NodeId targets, std::optional<NodeId> weights,
                             Averaging averaging) {
    RECOSCOPE_CHECK(graph.shape(logits) == graph.shape(targets), "targets of another shape");
    return graph.add(std::make_unique<PointwiseCrossEntropy<S>>(
        withWeights(graph, {logits, targets}, weights), weights.has_value(), averaging));
}

double warpWeight(std::int64_t rank) {
    double sum = 0.0;
    for (std::int64_t k = 1; k <= rank; ++k)
        sum += 1.0 / static_cast<double>(k);
    return sum;
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId pairwiseLoss(Graph<S>&, NodeId, NodeId, const PairwiseOptions&, std::optional<NodeId>,   \
                                 Averaging);                                                                 \
    template NodeId pointwiseCrossEntropy(Graph<S>&, NodeId, NodeId, std::optional<NodeId>, Averaging);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
