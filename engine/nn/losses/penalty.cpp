// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/penalty.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kColumns = 32; // a chunk, where columns are summed
constexpr double kBorder = 1e-6;

template <class S>
class SparsityKl final : public Op<S> {
public:
    SparsityKl(NodeId h, double rho, std::int32_t cols)
        : Op<S>("sparsity KL", {0, 1}, {{h}})
        , m_rho(rho)
        , m_cols(cols) {}

    /// Each unit's mean.
    std::int64_t scratchSize(std::int64_t /*batch*/) const override { return m_cols; }

    void forward(Step<S>& step) const override {
        const Map<S> h = step.value(this->input(0));
        S* means = step.scratch().data();
        const S count = static_cast<S>(std::max<Eigen::Index>(1, h.rows()));
        forChunks(step.pool(), m_cols, kColumns, [&](const Chunk& chunk) {
            std::fill(means + chunk.begin, means + chunk.end, S(0));
            for (Eigen::Index row = 0; row < h.rows(); ++row)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                    means[j] += h(row, j);
            for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                means[j] /= count;
        });
        double total = 0.0;
        for (std::int64_t j = 0; j < m_cols; ++j) {
            const double mean = inside(means[j]);
            total += m_rho * std::log(m_rho / mean) + (1.0 - m_rho) * std::log((1.0 - m_rho) / (1.0 - mean));
        }
        step.out()(0, 0) = static_cast<S>(total);
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        S* means = step.scratch().data();
        GradientView<S> view = step.gradient(this->input(0));
        const Eigen::Index rows = view.matrix.rows();
        const double upstream = static_cast<double>(step.outGradient()(0, 0)) /
                                static_cast<double>(std::max<Eigen::Index>(1, rows));
        forChunks(step.pool(), m_cols, kColumns, [&](const Chunk& chunk) {
            S slopes[kColumns];
            for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                const double mean = inside(means[j]);
                slopes[j - chunk.begin] =
                    static_cast<S>(upstream * ((1.0 - m_rho) / (1.0 - mean) - m_rho / mean));
            }
            for (Eigen::Index row = 0; row < rows; ++row)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                    S& to = view.matrix(row, j);
                    to = view.add ? to + slopes[j - chunk.begin] : slopes[j - chunk.begin];
                }
        });
    }

private:
    static double inside(S mean) { return std::clamp(static_cast<double>(mean), kBorder, 1.0 - kBorder); }
    double m_rho;
    std::int64_t m_cols;
};

template <class S>
class ContractivePenalty final : public Op<S> {
public:
    ContractivePenalty(NodeId h, ParamId weight, Activation f, WeightLayout layout, std::int32_t cols)
        : Op<S>("contractive penalty", {0, 1}, {{h}, {weight}})
        , m_sigmoid(f == Activation::Sigmoid)
        , m_byOutput(layout == WeightLayout::OutputByInput)
        , m_cols(cols) {}

    /// Σ_i W_ij² of each unit, then (1/B) Σ_b f′².
    std::int64_t scratchSize(std::int64_t /*batch*/) const override { return 2 * m_cols; }

    void forward(Step<S>& step) const override {
        const Map<S> h = step.value(this->input(0));
        const Matrix<S>& w = step.parameter(this->parameter(0));
        S* squares = step.scratch().data();
        S* slopes = squares + m_cols;
        const S count = static_cast<S>(std::max<Eigen::Index>(1, h.rows()));
        forChunks(step.pool(), m_cols, kColumns, [&](const Chunk& chunk) {
            std::fill(squares + chunk.begin, squares + chunk.end, S(0));
            std::fill(slopes + chunk.begin, slopes + chunk.end, S(0));
            if (m_byOutput)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                    squares[j] = rowDot(w.row(j).data(), w.row(j).data(), w.cols());
            else
                for (Eigen::Index i = 0; i < w.rows(); ++i)
                    for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                        squares[j] += w(i, j) * w(i, j);
            for (Eigen::Index row = 0; row < h.rows(); ++row)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                    const S slope = m_sigmoid ? h(row, j) * (S(1) - h(row, j)) : S(1) - h(row, j) * h(row, j);
                    slopes[j] += slope * slope / count;
                }
        });
        step.out()(0, 0) = rowDot(squares, slopes, m_cols);
    }

    void backward(Step<S>& step) const override {
        const Map<S> h = step.value(this->input(0));
        const Matrix<S>& w = step.parameter(this->parameter(0));
        const S* squares = step.scratch().data();
        const S* slopes = squares + m_cols;
        const S upstream = step.outGradient()(0, 0);
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            const S factor = S(2) * upstream / static_cast<S>(std::max<Eigen::Index>(1, h.rows()));
            forChunks(step.pool(), h.rows(), rowsPerChunk(m_cols), [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                    for (std::int64_t j = 0; j < m_cols; ++j) {
                        const S out = h(row, j);
                        // f′ f″ / f′: sigmoid h(1 − h)(1 − 2h), tanh (1 − h²)(−2h)
                        const S curve = m_sigmoid ? out * (S(1) - out) * (S(1) - S(2) * out)
                                                  : (S(1) - out * out) * S(-2) * out;
                        const S dh = factor * squares[j] * curve;
                        S& to = view.matrix(row, j);
                        to = view.add ? to + dh : dh;
                    }
            });
        }
        if (!step.wantsGradient(this->parameter(0))) return;
        GradientView<S> view = step.gradient(this->parameter(0));
        forChunks(step.pool(), w.rows(), rowsPerChunk(w.cols()), [&](const Chunk& chunk) {
            for (std::int64_t i = chunk.begin; i < chunk.end; ++i)
                for (Eigen::Index j = 0; j < w.cols(); ++j) {
                    const S dw = S(2) * upstream * slopes[m_byOutput ? i : j] * w(i, j);
                    S& to = view.matrix(i, j);
                    to = view.add ? to + dw : dw;
                }
        });
    }

private:
    bool m_sigmoid;
    bool m_byOutput;
    std::int64_t m_cols;
};

} // namespace

template <class S>
NodeId sparsityKl(Graph<S>& graph, NodeId h, double rho) {
    RECOSCOPE_CHECK(rho > 0.0 && rho < 1.0, "a share of activity outside (0, 1)");
    return graph.add(std::make_unique<SparsityKl<S>>(h, rho, graph.cols(h)));
}

template <class S>
NodeId contractivePenalty(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId h, ParamId weight,
                          Activation f, WeightLayout layout) {
    RECOSCOPE_CHECK(f == Activation::Sigmoid || f == Activation::Tanh,
                    "the penalty knows the slopes of sigmoid and tanh");
    const Matrix<S>& w = parameters[weight].value;
    RECOSCOPE_CHECK((layout == WeightLayout::OutputByInput ? w.rows() : w.cols()) == graph.cols(h),
                    "a weight that does not fit");
    return graph.add(std::make_unique<ContractivePenalty<S>>(h, weight, f, layout, graph.cols(h)));
}

template NodeId sparsityKl(Graph<float>&, NodeId, double);
template NodeId sparsityKl(Graph<double>&, NodeId, double);
template NodeId contractivePenalty(Graph<float>&, const ParameterSet<float>&, NodeId, ParamId, Activation,
                                   WeightLayout);
template NodeId contractivePenalty(Graph<double>&, const ParameterSet<double>&, NodeId, ParamId, Activation,
                                   WeightLayout);

} // namespace recoscope::nn
