// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/embedding.h"

#include "engine/core/check.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>

namespace recoscope::nn {

namespace {

/// Columns a chunk, where rows that may be the same are added up: each chunk takes its columns of all of them
/// in order.
constexpr std::int64_t kColumns = 32;

template <class S>
class Gather final : public Op<S> {
public:
    Gather(ParamId table, IndexId indices, Shape shape)
        : Op<S>("gather", shape, {{}, {table}, {}, {indices}}) {}

    void forward(Step<S>& step) const override {
        const Matrix<S>& table = step.parameter(this->parameter(0));
        const std::span<const std::int32_t> indices = step.indices(this->wiring().indices[0]);
        Map<S> y = step.out();
        forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const std::int32_t index = indices[static_cast<std::size_t>(row)];
                RECOSCOPE_CHECK(index >= -1 && index < table.rows(), "an index outside the table");
                if (index < 0)
                    y.row(row).setZero();
                else
                    y.row(row) = table.row(index);
            }
        });
    }

    void backward(Step<S>& step) const override {
        const ParamId table = this->parameter(0);
        if (!step.wantsGradient(table)) return;
        const std::span<const std::int32_t> indices = step.indices(this->wiring().indices[0]);
        const ConstMap<S> g = step.outGradient();
        // Runs without padding.
        for (std::size_t begin = 0; begin < indices.size();) {
            std::size_t end = begin;
            while (end < indices.size() && indices[end] >= 0)
                ++end;
            if (end > begin) step.gradientRows(table, indices.subspan(begin, end - begin));
            begin = end + 1;
        }
        Map<S> d = step.gradientRows(table, {});
        forChunks(step.pool(), g.cols(), kColumns, [&](const Chunk& chunk) {
            const std::int64_t cols = chunk.end - chunk.begin;
            for (std::size_t n = 0; n < indices.size(); ++n)
                if (indices[n] >= 0)
                    addScaled(d.row(indices[n]).data() + chunk.begin, S(1),
                              g.row(static_cast<Eigen::Index>(n)).data() + chunk.begin, cols);
        });
    }
};

template <class S>
class MeanBag final : public Op<S> {
public:
    MeanBag(SparseId x, ParamId table, std::int32_t cols)
        : Op<S>("mean bag", {1, cols}, {{}, {table}, {x}}) {}

    /// 1 / Σ |x| of each row.
    std::int64_t scratchSize(std::int64_t batch) const override { return batch; }

    void forward(Step<S>& step) const override {
        const SparseBatch<S>& x = step.sparse(this->sparse(0));
        const Matrix<S>& table = step.parameter(this->parameter(0));
        Map<S> y = step.out();
        RECOSCOPE_CHECK(x.rows() == y.rows(), "a sparse batch of another size");
        S* inverses = step.scratch().data();
        forChunks(step.pool(), y.rows(), 8, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                S sum = S(0);
                for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n)
                    sum += std::abs(x.values()[n]);
                inverses[row] = sum > S(0) ? S(1) / sum : S(0);
                y.row(row).setZero();
                for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n)
                    addScaled(y.row(row).data(), x.values()[n] * inverses[row],
                              table.row(x.columns()[n]).data(), y.cols());
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->parameter(0))) return;
        SparseBatch<S>& x = step.sparse(this->sparse(0));
        const ConstMap<S> g = step.outGradient();
        const S* inverses = step.scratch().data();
        x.buildColumns();
        const auto touched = x.touched();
        Map<S> d = step.gradientRows(this->parameter(0), touched);
        forChunks(step.pool(), static_cast<std::int64_t>(touched.size()), 32, [&](const Chunk& chunk) {
            for (std::int64_t t = chunk.begin; t < chunk.end; ++t)
                for (std::int64_t e = x.touchedBegin(t); e < x.touchedEnd(t); ++e) {
                    const std::int32_t row = x.entryRow(e);
                    addScaled(d.row(touched[static_cast<std::size_t>(t)]).data(),
                              x.values()[x.entryPosition(e)] * inverses[row], g.row(row).data(), g.cols());
                }
        });
    }
};

template <class S>
class AddPositions final : public Op<S> {
public:
    AddPositions(NodeId x, ParamId positions, Shape shape)
        : Op<S>("add positions", shape, {{x}, {positions}}) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const Matrix<S>& positions = step.parameter(this->parameter(0));
        const std::int64_t length = this->shape().rowsPerExample;
        Map<S> y = step.out();
        forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                y.row(row) = x.row(row) + positions.row(row % length);
        });
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> g = step.outGradient();
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            forChunks(step.pool(), g.rows(), rowsPerChunk(g.cols()), [&](const Chunk& chunk) {
                const Eigen::Index rows = chunk.end - chunk.begin;
                assignOrAdd(view.add, view.matrix.middleRows(chunk.begin, rows),
                            g.middleRows(chunk.begin, rows));
            });
        }
        if (!step.wantsGradient(this->parameter(0))) return;
        GradientView<S> view = step.gradient(this->parameter(0));
        const std::int64_t length = this->shape().rowsPerExample;
        forChunks(step.pool(), view.matrix.rows(), 4, [&](const Chunk& chunk) {
            for (std::int64_t t = chunk.begin; t < chunk.end; ++t) {
                if (!view.add) view.matrix.row(t).setZero();
                if (t >= length) continue;
                for (std::int64_t row = t; row < g.rows(); row += length)
                    view.matrix.row(t) += g.row(row);
            }
        });
    }
};

} // namespace

template <class S>
NodeId gather(Graph<S>& graph, const ParameterSet<S>& parameters, ParamId table, IndexId indices) {
    const auto cols = static_cast<std::int32_t>(parameters[table].value.cols());
    return graph.add(std::make_unique<Gather<S>>(table, indices, Shape{graph.perExample(indices), cols}));
}

template <class S>
NodeId bag(Graph<S>& graph, const ParameterSet<S>& parameters, SparseId x, ParamId table, BagMean mean) {
    if (mean == BagMean::Sum) return sparseDense(graph, parameters, x, table, {});
    RECOSCOPE_CHECK(parameters[table].value.rows() == graph.cols(x), "a table that does not fit the batch");
    const auto cols = static_cast<std::int32_t>(parameters[table].value.cols());
    return graph.add(std::make_unique<MeanBag<S>>(x, table, cols));
}

template <class S>
NodeId addPositions(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId positions) {
    const Matrix<S>& p = parameters[positions].value;
    const Shape shape = graph.shape(x);
    RECOSCOPE_CHECK(shape.rowsPerExample >= 1 && p.rows() >= shape.rowsPerExample && p.cols() == shape.cols,
                    "positions that do not fit the sequence");
    return graph.add(std::make_unique<AddPositions<S>>(x, positions, shape));
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId gather(Graph<S>&, const ParameterSet<S>&, ParamId, IndexId);                             \
    template NodeId bag(Graph<S>&, const ParameterSet<S>&, SparseId, ParamId, BagMean);                      \
    template NodeId addPositions(Graph<S>&, const ParameterSet<S>&, NodeId, ParamId);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
