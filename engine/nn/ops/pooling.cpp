// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/pooling.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

namespace recoscope::nn {

namespace {

std::vector<NodeId> withMask(NodeId x, std::optional<NodeId> mask) {
    std::vector<NodeId> inputs{x};
    if (mask) inputs.push_back(*mask);
    return inputs;
}

/// What the poolings share: a sequence and, perhaps, its mask.
template <class S>
class OverRows : public Op<S> {
protected:
    OverRows(std::string_view kind, NodeId x, std::optional<NodeId> mask, Shape from)
        : Op<S>(kind, {1, from.cols}, {withMask(x, mask)})
        , m_length(from.rowsPerExample) {}

    const S* mask(Step<S>& step) const {
        return this->wiring().inputs.size() > 1 ? step.value(this->input(1)).data() : nullptr;
    }
    std::int64_t length() const { return m_length; }
    template <class Body>
    void forExamples(Step<S>& step, const Body& body) const {
        forChunks(step.pool(), step.batch(), rowsPerChunk(m_length * this->shape().cols),
                  [&](const Chunk& chunk) {
                      for (std::int64_t example = chunk.begin; example < chunk.end; ++example)
                          body(example);
                  });
    }

private:
    std::int64_t m_length;
};

template <class S>
class MaxOverRows final : public OverRows<S> {
public:
    MaxOverRows(NodeId x, std::optional<NodeId> mask, Shape from)
        : OverRows<S>("max over rows", x, mask, from) {}

    /// The row of each example's maxima, as numbers; −1 where nothing counts.
    std::int64_t scratchSize(std::int64_t batch) const override { return batch * this->shape().cols; }

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const S* counts = this->mask(step);
        Map<S> y = step.out();
        S* places = step.scratch().data();
        const std::int64_t cols = y.cols();
        this->forExamples(step, [&](std::int64_t example) {
            S* place = places + example * cols;
            S* best = y.row(example).data();
            std::fill_n(place, cols, S(-1));
            std::fill_n(best, cols, S(0));
            for (std::int64_t t = 0; t < this->length(); ++t) {
                const std::int64_t row = example * this->length() + t;
                if (counts && counts[row] == S(0)) continue;
                for (std::int64_t j = 0; j < cols; ++j) {
                    if (place[j] >= S(0) && !(x(row, j) > best[j])) continue;
                    place[j] = static_cast<S>(t);
                    best[j] = x(row, j);
                }
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> g = step.outGradient();
        const S* places = step.scratch().data();
        GradientView<S> view = step.gradient(this->input(0));
        const std::int64_t length = this->length();
        this->forExamples(step, [&](std::int64_t example) {
            if (!view.add) view.matrix.middleRows(example * length, length).setZero();
            for (std::int64_t j = 0; j < g.cols(); ++j) {
                const S place = places[example * g.cols() + j];
                if (place >= S(0))
                    view.matrix(example * length + static_cast<std::int64_t>(place), j) += g(example, j);
            }
        });
    }
};

template <class S>
class MeanOverRows final : public OverRows<S> {
public:
    MeanOverRows(NodeId x, std::optional<NodeId> mask, Shape from)
        : OverRows<S>("mean over rows", x, mask, from) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const S* counts = this->mask(step);
        Map<S> y = step.out();
        this->forExamples(step, [&](std::int64_t example) {
            const S factor = factorOf(counts, example);
            y.row(example).setZero();
            for (std::int64_t t = 0; t < this->length(); ++t) {
                const std::int64_t row = example * this->length() + t;
                if (counts && counts[row] == S(0)) continue;
                addScaled(y.row(example).data(), factor, x.row(row).data(), y.cols());
            }
        });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> g = step.outGradient();
        const S* counts = this->mask(step);
        GradientView<S> view = step.gradient(this->input(0));
        this->forExamples(step, [&](std::int64_t example) {
            const S factor = factorOf(counts, example);
            for (std::int64_t t = 0; t < this->length(); ++t) {
                const std::int64_t row = example * this->length() + t;
                if (!view.add) view.matrix.row(row).setZero();
                if (counts && counts[row] == S(0)) continue;
                addScaled(view.matrix.row(row).data(), factor, g.row(example).data(), g.cols());
            }
        });
    }

private:
    S factorOf(const S* counts, std::int64_t example) const {
        std::int64_t number = this->length();
        if (counts) {
            const S* begin = counts + example * this->length();
            number = this->length() - std::count(begin, begin + this->length(), S(0));
        }
        return number > 0 ? S(1) / static_cast<S>(number) : S(0);
    }
};

template <class S>
class RowOfExample final : public OverRows<S> {
public:
    RowOfExample(NodeId x, std::int64_t t, Shape from)
        : OverRows<S>("row of example", x, {}, from)
        , m_t(t) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        Map<S> y = step.out();
        for (Eigen::Index example = 0; example < y.rows(); ++example)
            y.row(example) = x.row(example * this->length() + m_t);
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> g = step.outGradient();
        GradientView<S> view = step.gradient(this->input(0));
        if (!view.add) view.matrix.setZero();
        for (Eigen::Index example = 0; example < g.rows(); ++example)
            view.matrix.row(example * this->length() + m_t) += g.row(example);
    }

private:
    std::int64_t m_t;
};

template <class S>
void checkMask(const Graph<S>& graph, NodeId x, std::optional<NodeId> mask) {
    RECOSCOPE_CHECK(graph.shape(x).rowsPerExample >= 1, "rows of an example are needed");
    RECOSCOPE_CHECK(!mask || graph.shape(*mask) == (Shape{graph.shape(x).rowsPerExample, 1}),
                    "a mask has one number a row");
}

} // namespace

template <class S>
NodeId maxOverRows(Graph<S>& graph, NodeId x, std::optional<NodeId> mask) {
    checkMask(graph, x, mask);
    return graph.add(std::make_unique<MaxOverRows<S>>(x, mask, graph.shape(x)));
}

template <class S>
NodeId meanOverRows(Graph<S>& graph, NodeId x, std::optional<NodeId> mask) {
    checkMask(graph, x, mask);
    return graph.add(std::make_unique<MeanOverRows<S>>(x, mask, graph.shape(x)));
}

template <class S>
NodeId rowOfExample(Graph<S>& graph, NodeId x, std::int32_t t) {
    const std::int32_t length = graph.shape(x).rowsPerExample;
    RECOSCOPE_CHECK(t >= -1 && t < length, "a row outside the example");
    return graph.add(std::make_unique<RowOfExample<S>>(x, t < 0 ? length - 1 : t, graph.shape(x)));
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId maxOverRows(Graph<S>&, NodeId, std::optional<NodeId>);                                   \
    template NodeId meanOverRows(Graph<S>&, NodeId, std::optional<NodeId>);                                  \
    template NodeId rowOfExample(Graph<S>&, NodeId, std::int32_t);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
