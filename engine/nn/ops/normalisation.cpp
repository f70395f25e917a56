// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/normalisation.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kColumns = 32; // a chunk, where columns are summed

std::int64_t rowsOf(Shape shape, std::int64_t batch) {
    return shape.rowsPerExample == 0 ? 1 : batch * shape.rowsPerExample;
}

template <class S>
void checkRow(const ParameterSet<S>& parameters, ParamId id, std::int32_t cols) {
    RECOSCOPE_CHECK(parameters[id].value.rows() == 1 && parameters[id].value.cols() == cols,
                    "a normalisation's parameter does not fit its input");
}

template <class S>
class LayerNorm final : public Op<S> {
public:
    LayerNorm(NodeId x, ParamId gain, ParamId bias, double epsilon, Shape shape)
        : Op<S>("layer normalisation", shape, {{x}, {gain, bias}})
        , m_epsilon(static_cast<S>(epsilon)) {}

    /// Mean and 1 / √(v + ε) of each row.
    std::int64_t scratchSize(std::int64_t batch) const override { return 2 * rowsOf(this->shape(), batch); }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        const S* gain = step.parameter(this->parameter(0)).data();
        const S* bias = step.parameter(this->parameter(1)).data();
        S* stats = step.scratch().data();
        const std::int64_t cols = x.cols();
        forChunks(step.pool(), x.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* in = x.row(row).data();
                S* out = y.row(row).data();
                const S mean = rowSum(in, cols) / static_cast<S>(cols);
                for (std::int64_t j = 0; j < cols; ++j)
                    out[j] = in[j] - mean;
                const S variance = rowDot(out, out, cols) / static_cast<S>(cols);
                const S inverse = S(1) / std::sqrt(variance + m_epsilon);
                for (std::int64_t j = 0; j < cols; ++j)
                    out[j] = gain[j] * (out[j] * inverse) + bias[j];
                stats[2 * row] = mean;
                stats[2 * row + 1] = inverse;
            }
        });
    }

    void backward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const ConstMap<S> g = step.outGradient();
        const S* stats = step.scratch().data();
        const std::int64_t cols = x.cols();
        if (step.wantsGradient(this->parameter(0))) {
            GradientView<S> view = step.gradient(this->parameter(0));
            forChunks(step.pool(), cols, kColumns, [&](const Chunk& chunk) {
                S* to = view.matrix.data();
                if (!view.add) std::fill(to + chunk.begin, to + chunk.end, S(0));
                for (Eigen::Index row = 0; row < g.rows(); ++row)
                    for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                        to[j] += g(row, j) * (x(row, j) - stats[2 * row]) * stats[2 * row + 1];
            });
        }
        if (step.wantsGradient(this->parameter(1))) {
            GradientView<S> view = step.gradient(this->parameter(1));
            forChunks(step.pool(), cols, kColumns, [&](const Chunk& chunk) {
                S* to = view.matrix.data();
                if (!view.add) std::fill(to + chunk.begin, to + chunk.end, S(0));
                for (Eigen::Index row = 0; row < g.rows(); ++row)
                    for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                        to[j] += g(row, j);
            });
        }
        if (!step.wantsGradient(this->input(0))) return;
        const S* gain = step.parameter(this->parameter(0)).data();
        GradientView<S> view = step.gradient(this->input(0));
        forChunks(step.pool(), x.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* in = x.row(row).data();
                const S* up = g.row(row).data();
                S* to = view.matrix.row(row).data();
                const S mean = stats[2 * row];
                const S inverse = stats[2 * row + 1];
                // h = g ⊙ gain, n = (x − m) / √…: dx = (h − mean(h) − n mean(h n)) / √…
                S sum = S(0);
                S sumNormal = S(0);
                for (std::int64_t j = 0; j < cols; ++j) {
                    const S h = up[j] * gain[j];
                    sum += h;
                    sumNormal += h * ((in[j] - mean) * inverse);
                }
                sum /= static_cast<S>(cols);
                sumNormal /= static_cast<S>(cols);
                for (std::int64_t j = 0; j < cols; ++j) {
                    const S dx = inverse * (up[j] * gain[j] - sum - (in[j] - mean) * inverse * sumNormal);
                    to[j] = view.add ? to[j] + dx : dx;
                }
            }
        });
    }

private:
    S m_epsilon;
};

template <class S>
class BatchNorm final : public Op<S> {
public:
    BatchNorm(NodeId x, const BatchNormParameters& ids, const BatchNormOptions& options, Shape shape)
        : Op<S>("batch normalisation", shape,
                {{x}, {ids.gain, ids.bias, ids.runningMean, ids.runningVariance}})
        , m_options(options) {}

    /// The mean of each column, then each 1 / √(v + ε).
    std::int64_t scratchSize(std::int64_t /*batch*/) const override {
        return 2 * std::int64_t{this->shape().cols};
    }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        const S* gain = step.parameter(this->parameter(0)).data();
        const S* bias = step.parameter(this->parameter(1)).data();
        const S* runningMean = step.parameter(this->parameter(2)).data();
        const S* runningVariance = step.parameter(this->parameter(3)).data();
        const bool ofBatch = usesBatch(step, x.rows());
        Matrix<S>* meanBuffer = ofBatch ? step.buffer(this->parameter(2)) : nullptr;
        Matrix<S>* varianceBuffer = ofBatch ? step.buffer(this->parameter(3)) : nullptr;
        const std::int64_t cols = x.cols();
        S* means = step.scratch().data();
        S* inverses = means + cols;
        const S epsilon = static_cast<S>(m_options.epsilon);
        const S momentum = static_cast<S>(m_options.momentum);
        forChunks(step.pool(), cols, kColumns, [&](const Chunk& chunk) {
            const std::int64_t begin = chunk.begin;
            const std::int64_t end = chunk.end;
            if (ofBatch) {
                const S count = static_cast<S>(x.rows());
                std::fill(means + begin, means + end, S(0));
                std::fill(inverses + begin, inverses + end, S(0));
                for (Eigen::Index row = 0; row < x.rows(); ++row)
                    for (std::int64_t j = begin; j < end; ++j)
                        means[j] += x(row, j);
                for (std::int64_t j = begin; j < end; ++j)
                    means[j] /= count;
                for (Eigen::Index row = 0; row < x.rows(); ++row)
                    for (std::int64_t j = begin; j < end; ++j)
                        inverses[j] += (x(row, j) - means[j]) * (x(row, j) - means[j]);
                for (std::int64_t j = begin; j < end; ++j) {
                    const S squares = inverses[j];
                    if (meanBuffer) (*meanBuffer)(0, j) += momentum * (means[j] - (*meanBuffer)(0, j));
                    if (varianceBuffer)
                        (*varianceBuffer)(0, j) +=
                            momentum * (squares / (count - S(1)) - (*varianceBuffer)(0, j));
                    inverses[j] = S(1) / std::sqrt(squares / count + epsilon);
                }
            } else {
                for (std::int64_t j = begin; j < end; ++j) {
                    means[j] = runningMean[j];
                    inverses[j] = S(1) / std::sqrt(runningVariance[j] + epsilon);
                }
            }
            for (Eigen::Index row = 0; row < x.rows(); ++row)
                for (std::int64_t j = begin; j < end; ++j)
                    y(row, j) = gain[j] * ((x(row, j) - means[j]) * inverses[j]) + bias[j];
        });
    }

    void backward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const ConstMap<S> g = step.outGradient();
        const S* gain = step.parameter(this->parameter(0)).data();
        const S* means = step.scratch().data();
        const S* inverses = means + x.cols();
        const bool ofBatch = usesBatch(step, x.rows());
        const bool wantsX = step.wantsGradient(this->input(0));
        S* dGain = nullptr;
        S* dBias = nullptr;
        S* dx = nullptr;
        bool addGain = false;
        bool addBias = false;
        bool addX = false;
        const auto ask = [&step](auto id, S*& to, bool& add) {
            if (!step.wantsGradient(id)) return;
            GradientView<S> view = step.gradient(id);
            to = view.matrix.data();
            add = view.add;
        };
        ask(this->parameter(0), dGain, addGain);
        ask(this->parameter(1), dBias, addBias);
        ask(this->input(0), dx, addX);
        const std::int64_t cols = x.cols();
        const S count = static_cast<S>(std::max<Eigen::Index>(1, x.rows()));
        forChunks(step.pool(), cols, kColumns, [&](const Chunk& chunk) {
            S sums[kColumns] = {};
            S normalSums[kColumns] = {}; // Σ g n, n the normalised x
            for (Eigen::Index row = 0; row < x.rows(); ++row)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                    sums[j - chunk.begin] += g(row, j);
                    normalSums[j - chunk.begin] += g(row, j) * (x(row, j) - means[j]) * inverses[j];
                }
            for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                if (dGain) dGain[j] = (addGain ? dGain[j] : S(0)) + normalSums[j - chunk.begin];
                if (dBias) dBias[j] = (addBias ? dBias[j] : S(0)) + sums[j - chunk.begin];
            }
            if (!wantsX) return;
            for (Eigen::Index row = 0; row < x.rows(); ++row)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j) {
                    S slope = g(row, j);
                    if (ofBatch)
                        slope -= (sums[j - chunk.begin] +
                                  (x(row, j) - means[j]) * inverses[j] * normalSums[j - chunk.begin]) /
                                 count;
                    slope *= gain[j] * inverses[j];
                    S& to = dx[row * cols + j];
                    to = addX ? to + slope : slope;
                }
        });
    }

private:
    static bool usesBatch(const Step<S>& step, Eigen::Index rows) { return step.training() && rows > 1; }
    BatchNormOptions m_options;
};

template <class S>
class NormaliseRows final : public Op<S> {
public:
    NormaliseRows(NodeId x, Shape shape)
        : Op<S>("row normalisation", shape, {{x}}) {}

    /// 1 / ‖x‖ of each row; 0 where there is no direction.
    std::int64_t scratchSize(std::int64_t batch) const override { return rowsOf(this->shape(), batch); }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        S* inverses = step.scratch().data();
        const std::int64_t cols = x.cols();
        forChunks(step.pool(), x.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* in = x.row(row).data();
                S* out = y.row(row).data();
                const S norm = std::sqrt(rowDot(in, in, cols));
                inverses[row] = norm > S(1e-12) ? S(1) / norm : S(0);
                for (std::int64_t j = 0; j < cols; ++j)
                    out[j] = in[j] * inverses[row];
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const Map<S> y = step.out();
        const ConstMap<S> g = step.outGradient();
        const S* inverses = step.scratch().data();
        const std::int64_t cols = y.cols();
        GradientView<S> view = step.gradient(this->input(0));
        forChunks(step.pool(), y.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* out = y.row(row).data();
                const S* up = g.row(row).data();
                S* to = view.matrix.row(row).data();
                const S along = rowDot(out, up, cols);
                for (std::int64_t j = 0; j < cols; ++j) {
                    const S dx = (up[j] - along * out[j]) * inverses[row];
                    to[j] = view.add ? to[j] + dx : dx;
                }
            }
        });
    }
};

} // namespace

template <class S>
NodeId layerNorm(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId gain, ParamId bias,
                 double epsilon) {
    checkRow(parameters, gain, graph.cols(x));
    checkRow(parameters, bias, graph.cols(x));
    return graph.add(std::make_unique<LayerNorm<S>>(x, gain, bias, epsilon, graph.shape(x)));
}

template <class S>
NodeId batchNorm(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, const BatchNormParameters& ids,
                 const BatchNormOptions& options) {
    for (const ParamId id : {ids.gain, ids.bias, ids.runningMean, ids.runningVariance})
        checkRow(parameters, id, graph.cols(x));
    RECOSCOPE_CHECK(parameters[ids.runningMean].role == ParamRole::Buffer &&
                        parameters[ids.runningVariance].role == ParamRole::Buffer,
                    "running values are buffers");
    return graph.add(std::make_unique<BatchNorm<S>>(x, ids, options, graph.shape(x)));
}

template <class S>
NodeId normaliseRows(Graph<S>& graph, NodeId x) {
    return graph.add(std::make_unique<NormaliseRows<S>>(x, graph.shape(x)));
}

template NodeId layerNorm(Graph<float>&, const ParameterSet<float>&, NodeId, ParamId, ParamId, double);
template NodeId layerNorm(Graph<double>&, const ParameterSet<double>&, NodeId, ParamId, ParamId, double);
template NodeId batchNorm(Graph<float>&, const ParameterSet<float>&, NodeId, const BatchNormParameters&,
                          const BatchNormOptions&);
template NodeId batchNorm(Graph<double>&, const ParameterSet<double>&, NodeId, const BatchNormParameters&,
                          const BatchNormOptions&);
template NodeId normaliseRows(Graph<float>&, NodeId);
template NodeId normaliseRows(Graph<double>&, NodeId);

} // namespace recoscope::nn
