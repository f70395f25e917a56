// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/dense.h"

#include "engine/core/check.h"

namespace recoscope::nn {

namespace {

std::vector<ParamId> weightAndBias(ParamId weight, std::optional<ParamId> bias) {
    std::vector<ParamId> ids{weight};
    if (bias) ids.push_back(*bias);
    return ids;
}

/// Column sums of the output's gradient into a bias.
template <class S>
void addColumnSums(Step<S>& step, ParamId bias) {
    const ConstMap<S> g = step.outGradient();
    GradientView<S> target = step.gradient(bias);
    forChunks(step.pool(), g.cols(), rowsPerChunk(g.rows(), 65536) + 15, [&](const Chunk& chunk) {
        const Eigen::Index cols = chunk.end - chunk.begin;
        auto sums = target.matrix.row(0).segment(chunk.begin, cols);
        if (!target.add) sums.setZero();
        for (Eigen::Index row = 0; row < g.rows(); ++row)
            sums += g.row(row).segment(chunk.begin, cols);
    });
}

template <class S>
class Dense final : public Op<S> {
public:
    Dense(NodeId x, ParamId weight, std::optional<ParamId> bias, WeightLayout layout, Shape shape)
        : Op<S>("dense", shape, {{x}, weightAndBias(weight, bias)})
        , m_hasBias(bias.has_value())
        , m_byOutput(layout == WeightLayout::OutputByInput) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        const Matrix<S>& w = step.parameter(this->parameter(0));
        if (m_hasBias) {
            const Matrix<S>& b = step.parameter(this->parameter(1));
            forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols(), 65536), [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                    y.row(row) = b.row(0);
            });
        }
        gemm<S>({.m = y.rows(),
                 .n = y.cols(),
                 .k = x.cols(),
                 .a = x.data(),
                 .lda = x.cols(),
                 .transposeA = Transpose::No,
                 .b = w.data(),
                 .ldb = w.cols(),
                 .transposeB = m_byOutput ? Transpose::Yes : Transpose::No,
                 .c = y.data(),
                 .ldc = y.cols(),
                 .accumulate = m_hasBias},
                step.gemmScratch(), step.pool());
    }

    void backward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const ConstMap<S> g = step.outGradient();
        const Matrix<S>& w = step.parameter(this->parameter(0));
        if (step.wantsGradient(this->parameter(0))) {
            GradientView<S> dw = step.gradient(this->parameter(0));
            const ConstMap<S> xs(x.data(), x.rows(), x.cols());
            const ConstMap<S>& left = m_byOutput ? g : xs;
            const ConstMap<S>& right = m_byOutput ? xs : g;
            gemm<S>({.m = left.cols(),
                     .n = right.cols(),
                     .k = g.rows(),
                     .a = left.data(),
                     .lda = left.cols(),
                     .transposeA = Transpose::Yes,
                     .b = right.data(),
                     .ldb = right.cols(),
                     .transposeB = Transpose::No,
                     .c = dw.matrix.data(),
                     .ldc = dw.matrix.cols(),
                     .accumulate = dw.add},
                    step.gemmScratch(), step.pool());
        }
        if (m_hasBias && step.wantsGradient(this->parameter(1))) addColumnSums(step, this->parameter(1));
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> dx = step.gradient(this->input(0));
            gemm<S>({.m = x.rows(),
                     .n = x.cols(),
                     .k = g.cols(),
                     .a = g.data(),
                     .lda = g.cols(),
                     .transposeA = Transpose::No,
                     .b = w.data(),
                     .ldb = w.cols(),
                     .transposeB = m_byOutput ? Transpose::No : Transpose::Yes,
                     .c = dx.matrix.data(),
                     .ldc = x.cols(),
                     .accumulate = dx.add},
                    step.gemmScratch(), step.pool());
        }
    }

private:
    bool m_hasBias;
    bool m_byOutput;
};

/// y += Σ values[n] · rows of w, four at a time so that y is loaded and stored less often; zeros are left
/// out.
template <class S, class RowOf, class ValueOf>
void addScaledRows(S* __restrict y, std::int64_t count, std::int64_t cols, const RowOf& rowOf,
                   const ValueOf& valueOf) {
    const S* rows[4];
    S values[4];
    int held = 0;
    for (std::int64_t n = 0; n < count; ++n) {
        const S value = valueOf(n);
        if (value == S(0)) continue;
        rows[held] = rowOf(n);
        values[held] = value;
        if (++held < 4) continue;
        held = 0;
        const S* __restrict r0 = rows[0];
        const S* __restrict r1 = rows[1];
        const S* __restrict r2 = rows[2];
        const S* __restrict r3 = rows[3];
        const S v0 = values[0], v1 = values[1], v2 = values[2], v3 = values[3];
        for (std::int64_t j = 0; j < cols; ++j)
            y[j] += (v0 * r0[j] + v1 * r1[j]) + (v2 * r2[j] + v3 * r3[j]);
    }
    for (int h = 0; h < held; ++h) {
        const S* __restrict r = rows[h];
        const S v = values[h];
        for (std::int64_t j = 0; j < cols; ++j)
            y[j] += v * r[j];
    }
}

template <class S>
class SparseDense final : public Op<S> {
public:
    SparseDense(SparseId x, ParamId weight, std::optional<ParamId> bias, std::int32_t outputs)
        : Op<S>("sparse dense", {1, outputs}, {{}, weightAndBias(weight, bias), {x}})
        , m_hasBias(bias.has_value()) {}

    void forward(Step<S>& step) const override {
        const SparseBatch<S>& x = step.sparse(this->sparse(0));
        const Matrix<S>& w = step.parameter(this->parameter(0));
        Map<S> y = step.out();
        RECOSCOPE_CHECK(x.rows() == y.rows(), "a sparse batch of another size");
        forChunks(step.pool(), y.rows(), 8, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                if (m_hasBias)
                    y.row(row) = step.parameter(this->parameter(1)).row(0);
                else
                    y.row(row).setZero();
                const std::int32_t* columns = x.columns() + x.rowBegin(row);
                const S* values = x.values() + x.rowBegin(row);
                addScaledRows<S>(
                    y.row(row).data(), x.rowEnd(row) - x.rowBegin(row), y.cols(),
                    [&](std::int64_t n) { return w.row(columns[n]).data(); },
                    [&](std::int64_t n) { return values[n]; });
            }
        });
    }

    void backward(Step<S>& step) const override {
        SparseBatch<S>& x = step.sparse(this->sparse(0));
        const ConstMap<S> g = step.outGradient();
        if (step.wantsGradient(this->parameter(0))) {
            x.buildColumns();
            const auto touched = x.touched();
            Map<S> dw = step.gradientRows(this->parameter(0), touched);
            forChunks(step.pool(), static_cast<std::int64_t>(touched.size()), 32, [&](const Chunk& chunk) {
                for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
                    const std::int64_t begin = x.touchedBegin(n);
                    addScaledRows<S>(
                        dw.row(touched[static_cast<std::size_t>(n)]).data(), x.touchedEnd(n) - begin,
                        g.cols(), [&](std::int64_t e) { return g.row(x.entryRow(begin + e)).data(); },
                        [&](std::int64_t e) { return x.values()[x.entryPosition(begin + e)]; });
                }
            });
        }
        if (m_hasBias && step.wantsGradient(this->parameter(1))) addColumnSums(step, this->parameter(1));
    }

private:
    bool m_hasBias;
};

} // namespace

template <class S>
NodeId dense(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId weight,
             std::optional<ParamId> bias, WeightLayout layout) {
    const Matrix<S>& w = parameters[weight].value;
    const bool byOutput = layout == WeightLayout::OutputByInput;
    const Eigen::Index outputs = byOutput ? w.rows() : w.cols();
    RECOSCOPE_CHECK((byOutput ? w.cols() : w.rows()) == graph.cols(x),
                    "a dense layer's weight does not fit its input");
    RECOSCOPE_CHECK(!bias || parameters[*bias].value.cols() == outputs, "a dense layer's bias does not fit");
    const Shape shape{graph.shape(x).rowsPerExample, static_cast<std::int32_t>(outputs)};
    return graph.add(std::make_unique<Dense<S>>(x, weight, bias, layout, shape));
}

template <class S>
NodeId sparseDense(Graph<S>& graph, const ParameterSet<S>& parameters, SparseId x, ParamId weight,
                   std::optional<ParamId> bias) {
    const Matrix<S>& w = parameters[weight].value;
    RECOSCOPE_CHECK(w.rows() == graph.cols(x), "a sparse layer's weight does not fit its input");
    return graph.add(std::make_unique<SparseDense<S>>(x, weight, bias, static_cast<std::int32_t>(w.cols())));
}

template NodeId dense(Graph<float>&, const ParameterSet<float>&, NodeId, ParamId, std::optional<ParamId>,
                      WeightLayout);
template NodeId dense(Graph<double>&, const ParameterSet<double>&, NodeId, ParamId, std::optional<ParamId>,
                      WeightLayout);
template NodeId sparseDense(Graph<float>&, const ParameterSet<float>&, SparseId, ParamId,
                            std::optional<ParamId>);
template NodeId sparseDense(Graph<double>&, const ParameterSet<double>&, SparseId, ParamId,
                            std::optional<ParamId>);

} // namespace recoscope::nn
