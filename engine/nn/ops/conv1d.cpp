// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/conv1d.h"

#include "engine/core/check.h"

#include <algorithm>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kColumns = 32; // a chunk, where columns are summed

std::vector<ParamId> weightAndBias(ParamId weight, std::optional<ParamId> bias) {
    std::vector<ParamId> ids{weight};
    if (bias) ids.push_back(*bias);
    return ids;
}

template <class S>
class Conv1d final : public Op<S> {
public:
    Conv1d(NodeId x, ParamId weight, std::optional<ParamId> bias, const ConvOptions& options, Shape from,
           Shape shape)
        : Op<S>("conv1d", shape, {{x}, weightAndBias(weight, bias)})
        , m_hasBias(bias.has_value())
        , m_kernel(options.kernel)
        , m_dilation(options.dilation)
        , m_length(from.rowsPerExample)
        , m_channels(from.cols) {
        const std::int64_t reach = m_dilation * (m_kernel - 1);
        if (options.padding == ConvPadding::Same) m_before = reach / 2;
        if (options.padding == ConvPadding::Causal) m_before = reach;
    }

    /// What each output row sees, side by side; in backward its gradient.
    std::int64_t scratchSize(std::int64_t batch) const override {
        return batch * this->shape().rowsPerExample * m_kernel * m_channels;
    }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        S* windows = step.scratch().data();
        const std::int64_t width = m_kernel * m_channels;
        forChunks(step.pool(), y.rows(), rowsPerChunk(width), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                for (std::int64_t k = 0; k < m_kernel; ++k) {
                    S* to = windows + row * width + k * m_channels;
                    const std::int64_t from = sourceRow(row, k);
                    if (from < 0)
                        std::fill_n(to, m_channels, S(0));
                    else
                        std::copy_n(x.row(from).data(), m_channels, to);
                }
                if (m_hasBias) y.row(row) = step.parameter(this->parameter(1)).row(0);
            }
        });
        const Matrix<S>& w = step.parameter(this->parameter(0));
        gemm<S>({.m = y.rows(),
                 .n = y.cols(),
                 .k = width,
                 .a = windows,
                 .lda = width,
                 .b = w.data(),
                 .ldb = w.cols(),
                 .c = y.data(),
                 .ldc = y.cols(),
                 .accumulate = m_hasBias},
                step.gemmScratch(), step.pool());
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> g = step.outGradient();
        const Matrix<S>& w = step.parameter(this->parameter(0));
        S* windows = step.scratch().data();
        const std::int64_t width = m_kernel * m_channels;
        if (step.wantsGradient(this->parameter(0))) {
            GradientView<S> view = step.gradient(this->parameter(0));
            gemm<S>({.m = width,
                     .n = g.cols(),
                     .k = g.rows(),
                     .a = windows,
                     .lda = width,
                     .transposeA = Transpose::Yes,
                     .b = g.data(),
                     .ldb = g.cols(),
                     .c = view.matrix.data(),
                     .ldc = g.cols(),
                     .accumulate = view.add},
                    step.gemmScratch(), step.pool());
        }
        if (m_hasBias && step.wantsGradient(this->parameter(1))) {
            GradientView<S> view = step.gradient(this->parameter(1));
            forChunks(step.pool(), g.cols(), kColumns, [&](const Chunk& chunk) {
                auto sums = view.matrix.row(0).segment(chunk.begin, chunk.end - chunk.begin);
                if (!view.add) sums.setZero();
                for (Eigen::Index row = 0; row < g.rows(); ++row)
                    sums += g.row(row).segment(chunk.begin, chunk.end - chunk.begin);
            });
        }
        if (!step.wantsGradient(this->input(0))) return;
        gemm<S>({.m = g.rows(),
                 .n = width,
                 .k = g.cols(),
                 .a = g.data(),
                 .lda = g.cols(),
                 .b = w.data(),
                 .ldb = w.cols(),
                 .transposeB = Transpose::Yes,
                 .c = windows,
                 .ldc = width},
                step.gemmScratch(), step.pool());
        GradientView<S> view = step.gradient(this->input(0));
        const std::int64_t out = this->shape().rowsPerExample;
        forChunks(step.pool(), step.batch(), rowsPerChunk(out * width), [&](const Chunk& chunk) {
            if (!view.add)
                view.matrix.middleRows(chunk.begin * m_length, (chunk.end - chunk.begin) * m_length)
                    .setZero();
            for (std::int64_t row = chunk.begin * out; row < chunk.end * out; ++row)
                for (std::int64_t k = 0; k < m_kernel; ++k) {
                    const std::int64_t to = sourceRow(row, k);
                    if (to < 0) continue;
                    const S* from = windows + row * width + k * m_channels;
                    for (std::int64_t c = 0; c < m_channels; ++c)
                        view.matrix(to, c) += from[c];
                }
        });
    }

private:
    /// The row of x that tap k of an output row sees; −1 beyond the sequence.
    std::int64_t sourceRow(std::int64_t row, std::int64_t k) const {
        const std::int64_t out = this->shape().rowsPerExample;
        const std::int64_t t = row % out - m_before + k * m_dilation;
        return t < 0 || t >= m_length ? -1 : row / out * m_length + t;
    }

    bool m_hasBias;
    std::int64_t m_kernel;
    std::int64_t m_dilation;
    std::int64_t m_length;
    std::int64_t m_channels;
    std::int64_t m_before = 0;
};

} // namespace

template <class S>
NodeId conv1d(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId weight,
              std::optional<ParamId> bias, const ConvOptions& options) {
    const Matrix<S>& w = parameters[weight].value;
    const Shape from = graph.shape(x);
    RECOSCOPE_CHECK(options.kernel >= 1 && options.dilation >= 1 && from.rowsPerExample >= 1,
                    "a convolution needs a kernel and a sequence");
    RECOSCOPE_CHECK(w.rows() == std::int64_t{options.kernel} * from.cols,
                    "a convolution's weight does not fit its input");
    RECOSCOPE_CHECK(!bias ||
                        (parameters[*bias].value.rows() == 1 && parameters[*bias].value.cols() == w.cols()),
                    "a convolution's bias does not fit");
    std::int32_t length = from.rowsPerExample;
    if (options.padding == ConvPadding::None) length -= options.dilation * (options.kernel - 1);
    RECOSCOPE_CHECK(length >= 1, "a kernel longer than the sequence");
    return graph.add(std::make_unique<Conv1d<S>>(x, weight, bias, options, from,
                                                 Shape{length, static_cast<std::int32_t>(w.cols())}));
}

template NodeId conv1d(Graph<float>&, const ParameterSet<float>&, NodeId, ParamId, std::optional<ParamId>,
                       const ConvOptions&);
template NodeId conv1d(Graph<double>&, const ParameterSet<double>&, NodeId, ParamId, std::optional<ParamId>,
                       const ConvOptions&);

} // namespace recoscope::nn
