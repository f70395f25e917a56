// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/rows.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>

namespace recoscope::nn {

namespace {

template <class S>
class Concatenate final : public Op<S> {
public:
    Concatenate(std::vector<NodeId> inputs, Shape shape)
        : Op<S>("concatenate", shape, {std::move(inputs)}) {}

    void forward(Step<S>& step) const override {
        Map<S> y = step.out();
        Eigen::Index at = 0;
        for (const NodeId id : this->wiring().inputs) {
            const Map<S> x = step.value(id);
            forChunks(step.pool(), y.rows(), rowsPerChunk(x.cols()), [&](const Chunk& chunk) {
                const Eigen::Index rows = chunk.end - chunk.begin;
                y.block(chunk.begin, at, rows, x.cols()) = x.middleRows(chunk.begin, rows);
            });
            at += x.cols();
        }
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> g = step.outGradient();
        Eigen::Index at = 0;
        for (const NodeId id : this->wiring().inputs) {
            const Eigen::Index cols = step.value(id).cols();
            if (step.wantsGradient(id)) {
                GradientView<S> view = step.gradient(id);
                forChunks(step.pool(), g.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
                    const Eigen::Index rows = chunk.end - chunk.begin;
                    assignOrAdd(view.add, view.matrix.middleRows(chunk.begin, rows),
                                g.block(chunk.begin, at, rows, cols));
                });
            }
            at += cols;
        }
    }
};

template <class S>
class Slice final : public Op<S> {
public:
    Slice(NodeId x, std::int32_t first, Shape shape)
        : Op<S>("slice", shape, {{x}})
        , m_first(first) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols()), [&](const Chunk& chunk) {
            const Eigen::Index rows = chunk.end - chunk.begin;
            y.middleRows(chunk.begin, rows) = x.block(chunk.begin, m_first, rows, y.cols());
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> g = step.outGradient();
        GradientView<S> view = step.gradient(this->input(0));
        forChunks(step.pool(), g.rows(), rowsPerChunk(view.matrix.cols()), [&](const Chunk& chunk) {
            const Eigen::Index rows = chunk.end - chunk.begin;
            if (!view.add) view.matrix.middleRows(chunk.begin, rows).setZero();
            view.matrix.block(chunk.begin, m_first, rows, g.cols()) += g.middleRows(chunk.begin, rows);
        });
    }

private:
    std::int32_t m_first;
};

template <class S>
class Reshape final : public Op<S> {
public:
    Reshape(NodeId x, Shape shape)
        : Op<S>("reshape", shape, {{x}}) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        std::copy_n(x.data(), x.size(), step.out().data());
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        GradientView<S> view = step.gradient(this->input(0));
        const ConstMap<S> g(step.outGradient().data(), view.matrix.rows(), view.matrix.cols());
        assignOrAdd(view.add, view.matrix, g);
    }
};

template <class S>
class Softmax final : public Op<S> {
public:
    Softmax(NodeId x, bool logarithm, Shape shape)
        : Op<S>(logarithm ? "log softmax" : "softmax", shape, {{x}})
        , m_logarithm(logarithm) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        const std::int64_t cols = x.cols();
        forChunks(step.pool(), x.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* in = x.row(row).data();
                S* out = y.row(row).data();
                const S top = *std::max_element(in, in + cols);
                rowExp(in, top, out, cols);
                const S sum = rowSum(out, cols);
                const S factor = S(1) / sum;
                const S logSum = top + std::log(sum);
                for (std::int64_t j = 0; j < cols; ++j)
                    out[j] = m_logarithm ? in[j] - logSum : out[j] * factor;
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const Map<S> y = step.out();
        const ConstMap<S> g = step.outGradient();
        GradientView<S> view = step.gradient(this->input(0));
        const std::int64_t cols = y.cols();
        forChunks(step.pool(), y.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* out = y.row(row).data();
                const S* up = g.row(row).data();
                S* to = view.matrix.row(row).data();
                if (!view.add) std::fill(to, to + cols, S(0));
                if (m_logarithm) {
                    // dx = g − softmax · Σ g
                    const S sum = rowSum(up, cols);
                    S block[kRowBlock];
                    for (std::int64_t at = 0; at < cols; at += kRowBlock) {
                        const std::int64_t here = std::min<std::int64_t>(kRowBlock, cols - at);
                        rowExp(out + at, S(0), block, here);
                        for (std::int64_t j = 0; j < here; ++j)
                            to[at + j] += up[at + j] - sum * block[j];
                    }
                } else {
                    const S along = rowDot(out, up, cols);
                    for (std::int64_t j = 0; j < cols; ++j)
                        to[j] += out[j] * (up[j] - along);
                }
            }
        });
    }

private:
    bool m_logarithm;
};

/// y = factor · Σ_j x_j
template <class S>
class SumPerRow final : public Op<S> {
public:
    SumPerRow(NodeId x, S factor, Shape shape)
        : Op<S>("sum per row", shape, {{x}})
        , m_factor(factor) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        forChunks(step.pool(), x.rows(), rowsPerChunk(x.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                y(row, 0) = m_factor * rowSum(x.row(row).data(), x.cols());
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> g = step.outGradient();
        GradientView<S> view = step.gradient(this->input(0));
        const std::int64_t cols = view.matrix.cols();
        forChunks(step.pool(), g.rows(), rowsPerChunk(cols), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S slope = m_factor * g(row, 0);
                S* to = view.matrix.row(row).data();
                for (std::int64_t j = 0; j < cols; ++j)
                    to[j] = view.add ? to[j] + slope : slope;
            }
        });
    }

private:
    S m_factor;
};

template <class S>
class SumPerExample final : public Op<S> {
public:
    explicit SumPerExample(NodeId x)
        : Op<S>("sum per example", {0, 1}, {{x}}) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        double total = 0.0;
        for (Eigen::Index row = 0; row < x.rows(); ++row)
            total += static_cast<double>(rowSum(x.row(row).data(), x.cols()));
        step.out()(0, 0) = static_cast<S>(total / static_cast<double>(std::max(1, step.batch())));
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        GradientView<S> view = step.gradient(this->input(0));
        const S slope = step.outGradient()(0, 0) / static_cast<S>(std::max(1, step.batch()));
        if (view.add)
            view.matrix.array() += slope;
        else
            view.matrix.setConstant(slope);
    }
};

} // namespace

template <class S>
NodeId concatenate(Graph<S>& graph, std::vector<NodeId> inputs) {
    RECOSCOPE_CHECK(!inputs.empty(), "nothing to concatenate");
    Shape shape{graph.shape(inputs[0]).rowsPerExample, 0};
    for (const NodeId id : inputs) {
        RECOSCOPE_CHECK(graph.shape(id).rowsPerExample == shape.rowsPerExample, "inputs of other row counts");
        shape.cols += graph.cols(id);
    }
    return graph.add(std::make_unique<Concatenate<S>>(std::move(inputs), shape));
}

template <class S>
NodeId sliceColumns(Graph<S>& graph, NodeId x, std::int32_t first, std::int32_t count) {
    RECOSCOPE_CHECK(first >= 0 && count >= 1 && first + count <= graph.cols(x), "columns outside the node");
    return graph.add(std::make_unique<Slice<S>>(x, first, Shape{graph.shape(x).rowsPerExample, count}));
}

template <class S>
NodeId reshape(Graph<S>& graph, NodeId x, Shape shape) {
    const Shape from = graph.shape(x);
    RECOSCOPE_CHECK(std::int64_t{from.rowsPerExample} * from.cols ==
                            std::int64_t{shape.rowsPerExample} * shape.cols &&
                        from.rowsPerExample >= 1 && shape.rowsPerExample >= 1,
                    "a shape of another size");
    return graph.add(std::make_unique<Reshape<S>>(x, shape));
}

template <class S>
NodeId softmax(Graph<S>& graph, NodeId x) {
    return graph.add(std::make_unique<Softmax<S>>(x, false, graph.shape(x)));
}

template <class S>
NodeId logSoftmax(Graph<S>& graph, NodeId x) {
    return graph.add(std::make_unique<Softmax<S>>(x, true, graph.shape(x)));
}

template <class S>
NodeId sumPerRow(Graph<S>& graph, NodeId x) {
    return graph.add(std::make_unique<SumPerRow<S>>(x, S(1), Shape{graph.shape(x).rowsPerExample, 1}));
}

template <class S>
NodeId meanPerRow(Graph<S>& graph, NodeId x) {
    const S factor = S(1) / static_cast<S>(std::max(1, graph.cols(x)));
    return graph.add(std::make_unique<SumPerRow<S>>(x, factor, Shape{graph.shape(x).rowsPerExample, 1}));
}

template <class S>
NodeId sumPerExample(Graph<S>& graph, NodeId x) {
    return graph.add(std::make_unique<SumPerExample<S>>(x));
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId concatenate(Graph<S>&, std::vector<NodeId>);                                             \
    template NodeId sliceColumns(Graph<S>&, NodeId, std::int32_t, std::int32_t);                             \
    template NodeId reshape(Graph<S>&, NodeId, Shape);                                                       \
    template NodeId softmax(Graph<S>&, NodeId);                                                              \
    template NodeId logSoftmax(Graph<S>&, NodeId);                                                           \
    template NodeId sumPerRow(Graph<S>&, NodeId);                                                            \
    template NodeId meanPerRow(Graph<S>&, NodeId);                                                           \
    template NodeId sumPerExample(Graph<S>&, NodeId);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
