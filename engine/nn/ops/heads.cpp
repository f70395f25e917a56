// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/heads.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>

namespace recoscope::nn {

namespace {

constexpr double kShort = 1e-12;

template <class S>
class RelateRows final : public Op<S> {
public:
    RelateRows(NodeId a, NodeId b, RowRelation relation, Shape shape)
        : Op<S>("relate rows", shape, {{a, b}})
        , m_relation(relation) {}

    void forward(Step<S>& step) const override {
        const Map<S> a = step.value(this->input(0));
        const Map<S> b = step.value(this->input(1));
        Map<S> y = step.out();
        const std::int64_t n = y.cols();
        forChunks(step.pool(), a.rows(), rowsPerChunk(n * a.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                for (std::int64_t i = 0; i < n; ++i)
                    y(row, i) = relate(a.row(row).data(), b.row(row * n + i).data(), a.cols());
        });
    }

    void backward(Step<S>& step) const override {
        const Map<S> a = step.value(this->input(0));
        const Map<S> b = step.value(this->input(1));
        const Map<S> y = step.out();
        const ConstMap<S> g = step.outGradient();
        const std::int64_t n = y.cols();
        const std::int64_t cols = a.cols();
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            forChunks(step.pool(), a.rows(), rowsPerChunk(n * cols), [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                    S* to = view.matrix.row(row).data();
                    if (!view.add) std::fill(to, to + cols, S(0));
                    for (std::int64_t i = 0; i < n; ++i)
                        addSlope(a.row(row).data(), b.row(row * n + i).data(), cols, y(row, i), g(row, i),
                                 to);
                }
            });
        }
        if (!step.wantsGradient(this->input(1))) return;
        GradientView<S> view = step.gradient(this->input(1));
        forChunks(step.pool(), a.rows(), rowsPerChunk(n * cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                for (std::int64_t i = 0; i < n; ++i) {
                    S* to = view.matrix.row(row * n + i).data();
                    if (!view.add) std::fill(to, to + cols, S(0));
                    addSlope(b.row(row * n + i).data(), a.row(row).data(), cols, y(row, i), g(row, i), to);
                }
        });
    }

private:
    static S squaredDistance(const S* a, const S* b, std::int64_t cols) {
        S block[kRowBlock];
        S sum = S(0);
        for (std::int64_t at = 0; at < cols; at += kRowBlock) {
            const std::int64_t here = std::min<std::int64_t>(kRowBlock, cols - at);
            for (std::int64_t j = 0; j < here; ++j)
                block[j] = a[at + j] - b[at + j];
            sum += rowDot(block, block, here);
        }
        return sum;
    }

    S relate(const S* a, const S* b, std::int64_t cols) const {
        switch (m_relation) {
        case RowRelation::Dot:
            return rowDot(a, b, cols);
        case RowRelation::Cosine: {
            const S lengthA = std::sqrt(rowDot(a, a, cols));
            const S lengthB = std::sqrt(rowDot(b, b, cols));
            if (lengthA < S(kShort) || lengthB < S(kShort)) return S(0);
            return rowDot(a, b, cols) / (lengthA * lengthB);
        }
        case RowRelation::SquaredDistance:
            return squaredDistance(a, b, cols);
        case RowRelation::Distance:
            return std::sqrt(squaredDistance(a, b, cols));
        }
        return S(0);
    }

    /// to += g · dy/d x, for y between x and other (the relations are symmetric).
    void addSlope(const S* x, const S* other, std::int64_t cols, S y, S g, S* to) const {
        switch (m_relation) {
        case RowRelation::Dot:
            addScaled(to, g, other, cols);
            return;
        case RowRelation::Cosine: {
            const S squared = rowDot(x, x, cols);
            const S length = std::sqrt(squared);
            const S lengthOther = std::sqrt(rowDot(other, other, cols));
            if (length < S(kShort) || lengthOther < S(kShort)) return;
            addScaled(to, g / (length * lengthOther), other, cols);
            addScaled(to, -g * y / squared, x, cols);
            return;
        }
        case RowRelation::SquaredDistance:
            for (std::int64_t j = 0; j < cols; ++j)
                to[j] += S(2) * g * (x[j] - other[j]);
            return;
        case RowRelation::Distance:
            if (y < S(kShort)) return;
            for (std::int64_t j = 0; j < cols; ++j)
                to[j] += g / y * (x[j] - other[j]);
            return;
        }
    }

    RowRelation m_relation;
};

} // namespace

template <class S>
NodeId relateRows(Graph<S>& graph, NodeId a, NodeId b, RowRelation relation) {
    const Shape one = graph.shape(a);
    const Shape many = graph.shape(b);
    RECOSCOPE_CHECK(one.cols == many.cols, "rows of other widths");
    RECOSCOPE_CHECK(one.rowsPerExample >= 1 && many.rowsPerExample >= 1 &&
                        many.rowsPerExample % one.rowsPerExample == 0,
                    "each row with as many others");
    return graph.add(std::make_unique<RelateRows<S>>(
        a, b, relation, Shape{one.rowsPerExample, many.rowsPerExample / one.rowsPerExample}));
}

template NodeId relateRows(Graph<float>&, NodeId, NodeId, RowRelation);
template NodeId relateRows(Graph<double>&, NodeId, NodeId, RowRelation);

} // namespace recoscope::nn
