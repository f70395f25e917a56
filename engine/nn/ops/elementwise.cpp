// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/elementwise.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

#include <optional>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kChunk = 16384; // numbers
constexpr std::int64_t kColumns = 32;  // columns, where they are summed

/// to[n] (+)= value(n) for all numbers of a node.
template <class S, class Value>
void fill(ThreadPool* pool, std::int64_t count, bool add, S* to, const Value& value) {
    forChunks(pool, count, kChunk, [&](const Chunk& chunk) {
        if (add)
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
                to[n] += value(n);
        else
            for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
                to[n] = value(n);
    });
}

/// y = a + sign · b
template <class S>
class Sum final : public Op<S> {
public:
    Sum(NodeId a, NodeId b, S sign, Shape shape)
        : Op<S>(sign > S(0) ? "add" : "subtract", shape, {{a, b}})
        , m_sign(sign) {}

    void forward(Step<S>& step) const override {
        const S* a = step.value(this->input(0)).data();
        const S* b = step.value(this->input(1)).data();
        Map<S> y = step.out();
        fill(step.pool(), y.size(), false, y.data(),
             [=, this](std::int64_t n) { return a[n] + m_sign * b[n]; });
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> up = step.outGradient();
        const S* g = up.data();
        for (std::size_t i = 0; i < 2; ++i) {
            if (!step.wantsGradient(this->input(i))) continue;
            GradientView<S> view = step.gradient(this->input(i));
            const S factor = i == 0 ? S(1) : m_sign;
            fill(step.pool(), up.size(), view.add, view.matrix.data(),
                 [=](std::int64_t n) { return factor * g[n]; });
        }
    }

private:
    S m_sign;
};

template <class S>
class Product final : public Op<S> {
public:
    Product(NodeId a, NodeId b, Shape shape)
        : Op<S>("multiply", shape, {{a, b}}) {}

    void forward(Step<S>& step) const override {
        const S* a = step.value(this->input(0)).data();
        const S* b = step.value(this->input(1)).data();
        Map<S> y = step.out();
        fill(step.pool(), y.size(), false, y.data(), [=](std::int64_t n) { return a[n] * b[n]; });
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> up = step.outGradient();
        const S* g = up.data();
        for (std::size_t i = 0; i < 2; ++i) {
            if (!step.wantsGradient(this->input(i))) continue;
            const S* other = step.value(this->input(1 - i)).data();
            GradientView<S> view = step.gradient(this->input(i));
            fill(step.pool(), up.size(), view.add, view.matrix.data(),
                 [=](std::int64_t n) { return g[n] * other[n]; });
        }
    }
};

template <class S>
class Scale final : public Op<S> {
public:
    Scale(NodeId x, S factor, std::optional<ScalarId> scalar, Shape shape)
        : Op<S>("scale", shape, {{x}})
        , m_factor(factor)
        , m_scalar(scalar) {}

    void forward(Step<S>& step) const override {
        const S* x = step.value(this->input(0)).data();
        const S factor = factorOf(step);
        Map<S> y = step.out();
        fill(step.pool(), y.size(), false, y.data(), [=](std::int64_t n) { return factor * x[n]; });
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const ConstMap<S> up = step.outGradient();
        const S* g = up.data();
        const S factor = factorOf(step);
        GradientView<S> view = step.gradient(this->input(0));
        fill(step.pool(), up.size(), view.add, view.matrix.data(),
             [=](std::int64_t n) { return factor * g[n]; });
    }

private:
    S factorOf(const Step<S>& step) const { return m_scalar ? step.scalar(*m_scalar) : m_factor; }
    S m_factor;
    std::optional<ScalarId> m_scalar;
};

template <class S>
class AddRow final : public Op<S> {
public:
    AddRow(NodeId x, ParamId r, Shape shape)
        : Op<S>("add row", shape, {{x}, {r}}) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const Matrix<S>& r = step.parameter(this->parameter(0));
        Map<S> y = step.out();
        forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                y.row(row) = x.row(row) + r.row(0);
        });
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> up = step.outGradient();
        const S* g = up.data();
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            fill(step.pool(), up.size(), view.add, view.matrix.data(), [=](std::int64_t n) { return g[n]; });
        }
        if (!step.wantsGradient(this->parameter(0))) return;
        GradientView<S> view = step.gradient(this->parameter(0));
        forChunks(step.pool(), up.cols(), kColumns, [&](const Chunk& chunk) {
            auto sums = view.matrix.row(0).segment(chunk.begin, chunk.end - chunk.begin);
            if (!view.add) sums.setZero();
            for (Eigen::Index row = 0; row < up.rows(); ++row)
                sums += up.row(row).segment(chunk.begin, chunk.end - chunk.begin);
        });
    }
};

template <class S>
class AddToExample final : public Op<S> {
public:
    AddToExample(NodeId x, NodeId r, Shape shape)
        : Op<S>("add to example", shape, {{x, r}}) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const Map<S> r = step.value(this->input(1));
        Map<S> y = step.out();
        const std::int64_t rows = this->shape().rowsPerExample;
        forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                y.row(row) = x.row(row) + r.row(row / rows);
        });
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> up = step.outGradient();
        const S* g = up.data();
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            fill(step.pool(), up.size(), view.add, view.matrix.data(), [=](std::int64_t n) { return g[n]; });
        }
        if (!step.wantsGradient(this->input(1))) return;
        GradientView<S> view = step.gradient(this->input(1));
        const std::int64_t rows = this->shape().rowsPerExample;
        forChunks(step.pool(), view.matrix.rows(), rowsPerChunk(up.cols() * rows), [&](const Chunk& chunk) {
            for (std::int64_t example = chunk.begin; example < chunk.end; ++example) {
                if (!view.add) view.matrix.row(example).setZero();
                for (std::int64_t t = 0; t < rows; ++t)
                    view.matrix.row(example) += up.row(example * rows + t);
            }
        });
    }
};

template <class S>
class MultiplyRows final : public Op<S> {
public:
    MultiplyRows(NodeId x, NodeId f, Shape shape)
        : Op<S>("multiply rows", shape, {{x, f}}) {}

    void forward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const Map<S> f = step.value(this->input(1));
        Map<S> y = step.out();
        forChunks(step.pool(), y.rows(), rowsPerChunk(y.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                y.row(row) = x.row(row) * f(row, 0);
        });
    }

    void backward(Step<S>& step) const override {
        const Map<S> x = step.value(this->input(0));
        const Map<S> f = step.value(this->input(1));
        const ConstMap<S> up = step.outGradient();
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            forChunks(step.pool(), up.rows(), rowsPerChunk(up.cols()), [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                    assignOrAdd(view.add, view.matrix.row(row), up.row(row) * f(row, 0));
            });
        }
        if (!step.wantsGradient(this->input(1))) return;
        GradientView<S> view = step.gradient(this->input(1));
        forChunks(step.pool(), up.rows(), rowsPerChunk(up.cols()), [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S slope = rowDot(up.row(row).data(), x.row(row).data(), up.cols());
                view.matrix(row, 0) = (view.add ? view.matrix(row, 0) : S(0)) + slope;
            }
        });
    }
};

/// y = x; the gradient times −factor, or none at all.
template <class S>
class Pass final : public Op<S> {
public:
    Pass(NodeId x, std::optional<ScalarId> factor, Shape shape)
        : Op<S>(factor ? "reverse gradient" : "stop gradient", shape, {{x}})
        , m_factor(factor) {}

    void forward(Step<S>& step) const override {
        const S* x = step.value(this->input(0)).data();
        Map<S> y = step.out();
        fill(step.pool(), y.size(), false, y.data(), [=](std::int64_t n) { return x[n]; });
    }

    void backward(Step<S>& step) const override {
        if (!m_factor || !step.wantsGradient(this->input(0))) return;
        const ConstMap<S> up = step.outGradient();
        const S* g = up.data();
        const S factor = -step.scalar(*m_factor);
        GradientView<S> view = step.gradient(this->input(0));
        fill(step.pool(), up.size(), view.add, view.matrix.data(),
             [=](std::int64_t n) { return factor * g[n]; });
    }

private:
    std::optional<ScalarId> m_factor;
};

template <class S>
void checkSame(const Graph<S>& graph, NodeId a, NodeId b) {
    RECOSCOPE_CHECK(graph.shape(a) == graph.shape(b), "nodes of other shapes");
}

} // namespace

template <class S>
NodeId add(Graph<S>& graph, NodeId a, NodeId b) {
    checkSame(graph, a, b);
    return graph.add(std::make_unique<Sum<S>>(a, b, S(1), graph.shape(a)));
}

template <class S>
NodeId subtract(Graph<S>& graph, NodeId a, NodeId b) {
    checkSame(graph, a, b);
    return graph.add(std::make_unique<Sum<S>>(a, b, S(-1), graph.shape(a)));
}

template <class S>
NodeId multiply(Graph<S>& graph, NodeId a, NodeId b) {
    checkSame(graph, a, b);
    return graph.add(std::make_unique<Product<S>>(a, b, graph.shape(a)));
}

template <class S>
NodeId scale(Graph<S>& graph, NodeId x, double factor) {
    return graph.add(std::make_unique<Scale<S>>(x, static_cast<S>(factor), std::nullopt, graph.shape(x)));
}

template <class S>
NodeId scale(Graph<S>& graph, NodeId x, ScalarId factor) {
    return graph.add(std::make_unique<Scale<S>>(x, S(0), factor, graph.shape(x)));
}

template <class S>
NodeId addRow(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId r) {
    RECOSCOPE_CHECK(parameters[r].value.rows() == 1 && parameters[r].value.cols() == graph.cols(x),
                    "a row of another width");
    return graph.add(std::make_unique<AddRow<S>>(x, r, graph.shape(x)));
}

template <class S>
NodeId addToExample(Graph<S>& graph, NodeId x, NodeId r) {
    RECOSCOPE_CHECK(graph.shape(x).rowsPerExample >= 1 && graph.shape(r) == (Shape{1, graph.cols(x)}),
                    "one row an example, of the same width");
    return graph.add(std::make_unique<AddToExample<S>>(x, r, graph.shape(x)));
}

template <class S>
NodeId multiplyRows(Graph<S>& graph, NodeId x, NodeId f) {
    RECOSCOPE_CHECK(graph.shape(f) == (Shape{graph.shape(x).rowsPerExample, 1}), "one number a row");
    return graph.add(std::make_unique<MultiplyRows<S>>(x, f, graph.shape(x)));
}

template <class S>
NodeId stopGradient(Graph<S>& graph, NodeId x) {
    return graph.add(std::make_unique<Pass<S>>(x, std::nullopt, graph.shape(x)));
}

template <class S>
NodeId reverseGradient(Graph<S>& graph, NodeId x, ScalarId factor) {
    return graph.add(std::make_unique<Pass<S>>(x, factor, graph.shape(x)));
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId add(Graph<S>&, NodeId, NodeId);                                                          \
    template NodeId subtract(Graph<S>&, NodeId, NodeId);                                                     \
    template NodeId multiply(Graph<S>&, NodeId, NodeId);                                                     \
    template NodeId scale(Graph<S>&, NodeId, double);                                                        \
    template NodeId scale(Graph<S>&, NodeId, ScalarId);                                                      \
    template NodeId addRow(Graph<S>&, const ParameterSet<S>&, NodeId, ParamId);                              \
    template NodeId addToExample(Graph<S>&, NodeId, NodeId);                                                 \
    template NodeId multiplyRows(Graph<S>&, NodeId, NodeId);                                                 \
    template NodeId stopGradient(Graph<S>&, NodeId);                                                         \
    template NodeId reverseGradient(Graph<S>&, NodeId, ScalarId);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
