// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/attention.h"

#include "engine/core/check.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>
#include <limits>

namespace recoscope::nn {

namespace {

std::vector<NodeId> withMask(std::vector<NodeId> inputs, std::optional<NodeId> mask) {
    if (mask) inputs.push_back(*mask);
    return inputs;
}

template <class S>
class Attention final : public Op<S> {
public:
    Attention(NodeId q, NodeId k, NodeId v, const AttentionOptions& options, std::optional<NodeId> mask,
              Shape keys, std::int32_t width, Shape shape)
        : Op<S>("attention", shape, {withMask({q, k, v}, mask)})
        , m_heads(options.heads)
        , m_causal(options.causal)
        , m_queries(shape.rowsPerExample)
        , m_keys(keys.rowsPerExample)
        , m_keyCols(width / options.heads)
        , m_valueCols(shape.cols / options.heads)
        , m_scale(static_cast<S>(1.0 / std::sqrt(static_cast<double>(width / options.heads)))) {}

    /// For each example and head the weights, queries x keys, and in backward the gradients of one row.
    std::int64_t scratchSize(std::int64_t batch) const override {
        return batch * m_heads * (m_queries + 1) * m_keys;
    }

    void forward(Step<S>& step) const override {
        const Map<S> q = step.value(this->input(0));
        const Map<S> k = step.value(this->input(1));
        const Map<S> v = step.value(this->input(2));
        const S* mask = maskOf(step);
        Map<S> y = step.out();
        forHeads(step, [&](std::int64_t example, std::int64_t head, S* weights, S* /*row*/) {
            for (std::int64_t i = 0; i < m_queries; ++i) {
                const S* query = q.row(example * m_queries + i).data() + head * m_keyCols;
                S* out = y.row(example * m_queries + i).data() + head * m_valueCols;
                S* w = weights + i * m_keys;
                const std::int64_t seen = m_causal ? std::min(m_keys, i + 1) : m_keys;
                S top = -std::numeric_limits<S>::infinity();
                for (std::int64_t j = 0; j < seen; ++j) {
                    const std::int64_t row = example * m_keys + j;
                    if (mask && mask[row] == S(0)) {
                        w[j] = -std::numeric_limits<S>::infinity();
                        continue;
                    }
                    w[j] = m_scale * rowDot(query, k.row(row).data() + head * m_keyCols, m_keyCols);
                    top = std::max(top, w[j]);
                }
                std::fill(w + seen, w + m_keys, S(0));
                std::fill_n(out, m_valueCols, S(0));
                if (top == -std::numeric_limits<S>::infinity()) {
                    std::fill_n(w, seen, S(0));
                    continue;
                }
                rowExp(w, top, w, seen);
                if (mask)
                    for (std::int64_t j = 0; j < seen; ++j)
                        if (mask[example * m_keys + j] == S(0)) w[j] = S(0);
                const S factor = S(1) / rowSum(w, seen);
                for (std::int64_t j = 0; j < seen; ++j) {
                    w[j] *= factor;
                    addScaled(out, w[j], v.row(example * m_keys + j).data() + head * m_valueCols,
                              m_valueCols);
                }
            }
        });
    }

    void backward(Step<S>& step) const override {
        const Map<S> q = step.value(this->input(0));
        const Map<S> k = step.value(this->input(1));
        const Map<S> v = step.value(this->input(2));
        const ConstMap<S> g = step.outGradient();
        // Two of them may be one node: all are cleared first, then added to.
        S* targets[3] = {};
        for (std::size_t i = 0; i < 3; ++i) {
            if (!step.wantsGradient(this->input(i))) continue;
            GradientView<S> view = step.gradient(this->input(i));
            if (!view.add) view.matrix.setZero();
            targets[i] = view.matrix.data();
        }
        forHeads(step, [&](std::int64_t example, std::int64_t head, S* weights, S* slopes) {
            for (std::int64_t i = 0; i < m_queries; ++i) {
                const std::int64_t queryRow = example * m_queries + i;
                const S* up = g.row(queryRow).data() + head * m_valueCols;
                const S* w = weights + i * m_keys;
                const std::int64_t seen = m_causal ? std::min(m_keys, i + 1) : m_keys;
                for (std::int64_t j = 0; j < seen; ++j) {
                    const std::int64_t row = example * m_keys + j;
                    const std::int64_t valueAt = row * v.cols() + head * m_valueCols;
                    slopes[j] = w[j] == S(0) ? S(0) : rowDot(up, v.data() + valueAt, m_valueCols);
                    if (targets[2]) addScaled(targets[2] + valueAt, w[j], up, m_valueCols);
                }
                const S along = rowDot(w, slopes, seen);
                const std::int64_t queryAt = queryRow * q.cols() + head * m_keyCols;
                for (std::int64_t j = 0; j < seen; ++j) {
                    const S slope = m_scale * w[j] * (slopes[j] - along);
                    const std::int64_t keyAt = (example * m_keys + j) * k.cols() + head * m_keyCols;
                    if (targets[0]) addScaled(targets[0] + queryAt, slope, k.data() + keyAt, m_keyCols);
                    if (targets[1]) addScaled(targets[1] + keyAt, slope, q.data() + queryAt, m_keyCols);
                }
            }
        });
    }

private:
    const S* maskOf(Step<S>& step) const {
        return this->wiring().inputs.size() > 3 ? step.value(this->input(3)).data() : nullptr;
    }

    /// body(example, head, weights, row): heads write to columns of their own, so each is a piece of work.
    template <class Body>
    void forHeads(Step<S>& step, const Body& body) const {
        S* begin = step.scratch().data();
        const std::int64_t each = (m_queries + 1) * m_keys;
        const std::int64_t work = m_queries * m_keys * (m_keyCols + m_valueCols);
        forChunks(step.pool(), step.batch() * m_heads, rowsPerChunk(work, 65536), [&](const Chunk& chunk) {
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
                body(n / m_heads, n % m_heads, begin + n * each, begin + n * each + m_queries * m_keys);
        });
    }

    std::int64_t m_heads;
    bool m_causal;
    std::int64_t m_queries;
    std::int64_t m_keys;
    std::int64_t m_keyCols;
    std::int64_t m_valueCols;
    S m_scale;
};

} // namespace

template <class S>
NodeId attention(Graph<S>& graph, NodeId q, NodeId k, NodeId v, const AttentionOptions& options,
                 std::optional<NodeId> keyMask) {
    const Shape queries = graph.shape(q);
    const Shape keys = graph.shape(k);
    const Shape values = graph.shape(v);
    RECOSCOPE_CHECK(queries.rowsPerExample >= 1 && keys.rowsPerExample >= 1 && queries.cols == keys.cols &&
                        values.rowsPerExample == keys.rowsPerExample,
                    "queries, keys and values that do not fit");
    RECOSCOPE_CHECK(options.heads >= 1 && queries.cols % options.heads == 0 &&
                        values.cols % options.heads == 0,
                    "heads that do not divide the width");
    RECOSCOPE_CHECK(!options.causal || queries.rowsPerExample == keys.rowsPerExample,
                    "causal attention is of a sequence to itself");
    RECOSCOPE_CHECK(!keyMask || graph.shape(*keyMask) == (Shape{keys.rowsPerExample, 1}),
                    "a mask has one number a row");
    return graph.add(std::make_unique<Attention<S>>(q, k, v, options, keyMask, keys, queries.cols,
                                                    Shape{queries.rowsPerExample, values.cols}));
}

template <class S>
NodeId selfAttention(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x,
                     const MultiHeadParameters& ids, const AttentionOptions& options,
                     std::optional<NodeId> keyMask) {
    const NodeId q = dense(graph, parameters, x, ids.query, ids.queryBias);
    const NodeId k = dense(graph, parameters, x, ids.key, ids.keyBias);
    const NodeId v = dense(graph, parameters, x, ids.value, ids.valueBias);
    return dense(graph, parameters, attention(graph, q, k, v, options, keyMask), ids.output, ids.outputBias);
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId attention(Graph<S>&, NodeId, NodeId, NodeId, const AttentionOptions&,                    \
                              std::optional<NodeId>);                                                        \
    template NodeId selfAttention(Graph<S>&, const ParameterSet<S>&, NodeId, const MultiHeadParameters&,     \
                                  const AttentionOptions&, std::optional<NodeId>);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
