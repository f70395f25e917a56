// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/gru.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

namespace recoscope::nn {

namespace {

constexpr std::int64_t kColumns = 32; // a chunk, where columns are summed

std::vector<NodeId> withMask(NodeId x, std::optional<NodeId> mask) {
    std::vector<NodeId> inputs{x};
    if (mask) inputs.push_back(*mask);
    return inputs;
}

/// Column sums of a rows x cols matrix into a bias.
template <class S>
void addColumnSums(Step<S>& step, const S* rows, std::int64_t count, std::int64_t cols, ParamId bias) {
    if (!step.wantsGradient(bias)) return;
    GradientView<S> view = step.gradient(bias);
    S* to = view.matrix.data();
    forChunks(step.pool(), cols, kColumns, [&](const Chunk& chunk) {
        if (!view.add) std::fill(to + chunk.begin, to + chunk.end, S(0));
        for (std::int64_t row = 0; row < count; ++row)
            addScaled(to + chunk.begin, S(1), rows + row * cols + chunk.begin, chunk.end - chunk.begin);
    });
}

template <class S>
class Gru final : public Op<S> {
public:
    Gru(NodeId x, const GruParameters& ids, std::optional<NodeId> mask, Shape shape)
        : Op<S>("GRU", shape,
                {withMask(x, mask), {ids.input, ids.recurrent, ids.inputBias, ids.recurrentBias}})
        , m_length(shape.rowsPerExample)
        , m_units(shape.cols) {}

    /// For each row 3h numbers twice: x W + b, which become the gates, then in backward the gradient of what
    /// goes into them; s U + c, then its gradient. And h an example: the gradient of the state before.
    std::int64_t scratchSize(std::int64_t batch) const override {
        return batch * m_units * (6 * m_length + 1);
    }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> out = step.out();
        const S* mask = maskOf(step);
        const Buffers at = buffers(step);
        const std::int64_t wide = 3 * m_units;
        const std::int64_t batch = step.batch();
        startFrom(step, this->parameter(2), at.gates);
        startFrom(step, this->parameter(3), at.recurrent);
        product(step, x.data(), x.cols(), x.cols(), this->parameter(0), at.gates, wide, x.rows());
        for (std::int64_t t = 0; t < m_length; ++t) {
            if (t > 0)
                product(step, out.data() + (t - 1) * m_units, m_units, m_length * m_units, this->parameter(1),
                        at.recurrent + t * wide, m_length * wide, batch);
            forChunks(step.pool(), batch, rowsPerChunk(wide, 4096), [&](const Chunk& chunk) {
                for (std::int64_t example = chunk.begin; example < chunk.end; ++example) {
                    const std::int64_t row = example * m_length + t;
                    S* gates = at.gates + row * wide;
                    const S* recurrent = at.recurrent + row * wide;
                    S* state = out.row(row).data();
                    const S* before = t > 0 ? state - m_units : nullptr;
                    if (mask && mask[row] == S(0)) {
                        for (std::int64_t j = 0; j < m_units; ++j)
                            state[j] = before ? before[j] : S(0);
                        continue;
                    }
                    addScaled(gates, S(1), recurrent, 2 * m_units);
                    mapRow(gates, gates, 2 * m_units, [](const auto& a) { return a.logistic().eval(); });
                    S* n = gates + 2 * m_units;
                    for (std::int64_t j = 0; j < m_units; ++j)
                        n[j] += gates[j] * recurrent[2 * m_units + j];
                    mapRow(n, n, m_units, [](const auto& a) { return a.tanh().eval(); });
                    const S* z = gates + m_units;
                    for (std::int64_t j = 0; j < m_units; ++j)
                        state[j] = (S(1) - z[j]) * n[j] + (before ? z[j] * before[j] : S(0));
                }
            });
        }
    }

    void backward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const Map<S> out = step.out();
        const S* mask = maskOf(step);
        const Buffers at = buffers(step);
        const std::int64_t wide = 3 * m_units;
        const std::int64_t rows = out.rows();
        backwardThroughTime(step, mask, at);

        addColumnSums(step, at.gates, rows, wide, this->parameter(2));
        addColumnSums(step, at.recurrent, rows, wide, this->parameter(3));
        if (step.wantsGradient(this->parameter(0)))
            weightGradient(step, x.data(), x.cols(), at.gates, rows, this->parameter(0));
        if (step.wantsGradient(this->parameter(1))) {
            // Row by row the state before goes with what it became; the first of an example has none.
            for (std::int64_t row = 0; row < rows; row += m_length)
                std::fill_n(at.recurrent + row * wide, wide, S(0));
            weightGradient(step, out.data(), m_units, at.recurrent + wide,
                           std::max<std::int64_t>(0, rows - 1), this->parameter(1));
        }
        if (!step.wantsGradient(this->input(0))) return;
        GradientView<S> view = step.gradient(this->input(0));
        const Matrix<S>& w = step.parameter(this->parameter(0));
        gemm<S>({.m = rows,
                 .n = x.cols(),
                 .k = wide,
                 .a = at.gates,
                 .lda = wide,
                 .b = w.data(),
                 .ldb = wide,
                 .transposeB = Transpose::Yes,
                 .c = view.matrix.data(),
                 .ldc = x.cols(),
                 .accumulate = view.add},
                step.gemmScratch(), step.pool());
    }

private:
    struct Buffers {
        S* gates;
        S* recurrent;
        S* carried;
    };
    Buffers buffers(Step<S>& step) const {
        S* begin = step.scratch().data();
        const std::int64_t each = std::int64_t{step.batch()} * m_length * 3 * m_units;
        return {begin, begin + each, begin + 2 * each};
    }
    const S* maskOf(Step<S>& step) const {
        return this->wiring().inputs.size() > 1 ? step.value(this->input(1)).data() : nullptr;
    }

    void startFrom(Step<S>& step, ParamId bias, S* to) const {
        const Matrix<S>& b = step.parameter(bias);
        const std::int64_t wide = 3 * m_units;
        forChunks(step.pool(), step.batch() * m_length, rowsPerChunk(wide, 65536), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                std::copy_n(b.data(), wide, to + row * wide);
        });
    }

    /// c += a · weight
    void product(Step<S>& step, const S* a, std::int64_t inner, std::int64_t lda, ParamId weight, S* c,
                 std::int64_t ldc, std::int64_t rows) const {
        gemm<S>({.m = rows,
                 .n = 3 * m_units,
                 .k = inner,
                 .a = a,
                 .lda = lda,
                 .b = step.parameter(weight).data(),
                 .ldb = 3 * m_units,
                 .c = c,
                 .ldc = ldc,
                 .accumulate = true},
                step.gemmScratch(), step.pool());
    }

    /// gradient of weight (+)= aᵀ · g
    void weightGradient(Step<S>& step, const S* a, std::int64_t inner, const S* g, std::int64_t rows,
                        ParamId weight) const {
        GradientView<S> view = step.gradient(weight);
        gemm<S>({.m = inner,
                 .n = 3 * m_units,
                 .k = rows,
                 .a = a,
                 .lda = inner,
                 .transposeA = Transpose::Yes,
                 .b = g,
                 .ldb = 3 * m_units,
                 .c = view.matrix.data(),
                 .ldc = 3 * m_units,
                 .accumulate = view.add},
                step.gemmScratch(), step.pool());
    }

    /// From the last row to the first: gates and recurrent become gradients of what went into them.
    void backwardThroughTime(Step<S>& step, const S* mask, const Buffers& at) const {
        const Map<S> out = step.out();
        const ConstMap<S> g = step.outGradient();
        const Matrix<S>& u = step.parameter(this->parameter(1));
        const std::int64_t wide = 3 * m_units;
        const std::int64_t batch = step.batch();
        std::fill_n(at.carried, batch * m_units, S(0));
        for (std::int64_t t = m_length; t-- > 0;) {
            forChunks(step.pool(), batch, rowsPerChunk(wide, 4096), [&](const Chunk& chunk) {
                for (std::int64_t example = chunk.begin; example < chunk.end; ++example) {
                    const std::int64_t row = example * m_length + t;
                    S* gates = at.gates + row * wide;
                    S* recurrent = at.recurrent + row * wide;
                    S* carried = at.carried + example * m_units;
                    addScaled(carried, S(1), g.row(row).data(), m_units);
                    if (mask && mask[row] == S(0)) {
                        std::fill_n(gates, wide, S(0));
                        std::fill_n(recurrent, wide, S(0));
                        continue;
                    }
                    const S* before = t > 0 ? out.row(row - 1).data() : nullptr;
                    for (std::int64_t j = 0; j < m_units; ++j) {
                        const S r = gates[j];
                        const S z = gates[m_units + j];
                        const S n = gates[2 * m_units + j];
                        const S d = carried[j];
                        const S dn = d * (S(1) - z) * (S(1) - n * n);
                        const S dr = dn * recurrent[2 * m_units + j] * r * (S(1) - r);
                        const S dz = d * ((before ? before[j] : S(0)) - n) * z * (S(1) - z);
                        gates[j] = recurrent[j] = dr;
                        gates[m_units + j] = recurrent[m_units + j] = dz;
                        gates[2 * m_units + j] = dn;
                        recurrent[2 * m_units + j] = dn * r;
                        carried[j] = d * z;
                    }
                }
            });
            if (t == 0) continue;
            gemm<S>({.m = batch,
                     .n = m_units,
                     .k = wide,
                     .a = at.recurrent + t * wide,
                     .lda = m_length * wide,
                     .b = u.data(),
                     .ldb = wide,
                     .transposeB = Transpose::Yes,
                     .c = at.carried,
                     .ldc = m_units,
                     .accumulate = true},
                    step.gemmScratch(), step.pool());
        }
    }

    std::int64_t m_length;
    std::int64_t m_units;
};

} // namespace

template <class S>
NodeId gru(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, const GruParameters& ids,
           std::optional<NodeId> mask) {
    const Shape from = graph.shape(x);
    const auto units = static_cast<std::int32_t>(parameters[ids.recurrent].value.rows());
    RECOSCOPE_CHECK(from.rowsPerExample >= 1, "a GRU needs a sequence");
    RECOSCOPE_CHECK(parameters[ids.input].value.rows() == from.cols, "a GRU's weight does not fit its input");
    for (const ParamId id : {ids.input, ids.recurrent, ids.inputBias, ids.recurrentBias})
        RECOSCOPE_CHECK(parameters[id].value.cols() == 3 * units, "three gates side by side");
    RECOSCOPE_CHECK(!mask || graph.shape(*mask) == (Shape{from.rowsPerExample, 1}),
                    "a mask has one number a row");
    return graph.add(std::make_unique<Gru<S>>(x, ids, mask, Shape{from.rowsPerExample, units}));
}

template NodeId gru(Graph<float>&, const ParameterSet<float>&, NodeId, const GruParameters&,
                    std::optional<NodeId>);
template NodeId gru(Graph<double>&, const ParameterSet<double>&, NodeId, const GruParameters&,
                    std::optional<NodeId>);

} // namespace recoscope::nn
