// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/distribution.h"

#include "engine/core/check.h"
#include "engine/nn/ops/row_math.h"

#include <cmath>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kRows = 4;     // a chunk, of thousands of items each
constexpr std::int64_t kColumns = 64; // a chunk, where columns are summed

template <class S>
double meanOf(std::span<const S> rows) {
    double total = 0.0;
    for (const S row : rows)
        total += static_cast<double>(row);
    return total / static_cast<double>(std::max<std::size_t>(1, rows.size()));
}

/// tanh(u / 2), in ±1 for any u.
template <class S>
S tanhHalf(S u) {
    const S e = std::exp(-std::abs(u));
    return std::copysign((S(1) - e) / (S(1) + e), u);
}

/// −log p without log s: |u| + 2 log(1 + e^−|u|).
template <class S>
S logisticCost(S u) {
    const S magnitude = std::abs(u);
    return magnitude + S(2) * std::log1p(std::exp(-magnitude));
}

template <class S>
class Logistic final : public Op<S> {
public:
    Logistic(NodeId y, SparseId x, const LogisticOptions& options, std::vector<ParamId> logScale,
             std::int32_t items)
        : Op<S>("logistic loss", {0, 1}, {{y}, std::move(logScale), {x}})
        , m_logScale(std::log(options.scale))
        , m_items(items) {}

    /// 1 / s of each item, then each row's loss.
    std::int64_t scratchSize(std::int64_t batch) const override { return m_items + batch; }

    void forward(Step<S>& step) const override {
        const Map<S> y = step.value(this->input(0));
        const SparseBatch<S>& x = step.sparse(this->sparse(0));
        RECOSCOPE_CHECK(x.rows() == y.rows(), "a target of another shape than the output");
        S* inverse = step.scratch().data();
        double logSum = 0.0; // Σ_i log s_i
        for (std::int64_t j = 0; j < m_items; ++j) {
            const S logarithm = logScaleOf(step, j);
            logSum += static_cast<double>(logarithm);
            inverse[j] = std::exp(-logarithm);
        }
        const std::span<S> losses = step.scratch().subspan(static_cast<std::size_t>(m_items));
        forChunks(step.pool(), y.rows(), kRows, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const S* mu = y.row(row).data();
                double total = logSum;
                S block[kRowBlock];
                for (std::int64_t at = 0; at < m_items; at += kRowBlock) {
                    const std::int64_t here = std::min<std::int64_t>(kRowBlock, m_items - at);
                    for (std::int64_t j = 0; j < here; ++j)
                        block[j] = mu[at + j] * inverse[at + j];
                    mapRow(block, block, here, [](const auto& u) {
                        return (u.abs() + S(2) * ((-u.abs()).exp() + S(1)).log()).eval();
                    });
                    total += static_cast<double>(rowSum(block, here));
                }
                for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
                    const std::int32_t j = x.columns()[n];
                    total += static_cast<double>(logisticCost((x.values()[n] - mu[j]) * inverse[j]) -
                                                 logisticCost(mu[j] * inverse[j]));
                }
                losses[static_cast<std::size_t>(row)] = static_cast<S>(total);
            }
        });
        step.out()(0, 0) = static_cast<S>(meanOf<S>(losses));
    }

    void backward(Step<S>& step) const override {
        const Map<S> y = step.value(this->input(0));
        const SparseBatch<S>& x = step.sparse(this->sparse(0));
        const S* inverse = step.scratch().data();
        const S upstream = step.outGradient()(0, 0) / static_cast<S>(std::max<Eigen::Index>(1, y.rows()));
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> view = step.gradient(this->input(0));
            forChunks(step.pool(), y.rows(), kRows, [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row)
                    addRowGradient(y.row(row).data(), x, row, inverse, upstream, view.add,
                                   view.matrix.row(row).data());
            });
        }
        if (this->wiring().parameters.empty() || !step.wantsGradient(this->parameter(0))) return;
        GradientView<S> view = step.gradient(this->parameter(0));
        if (!view.add) view.matrix.setZero();
        addScaleGradient(step, y, x, inverse, upstream, view.matrix);
    }

private:
    S logScaleOf(Step<S>& step, std::int64_t j) const {
        if (this->wiring().parameters.empty()) return static_cast<S>(m_logScale);
        const Matrix<S>& learned = step.parameter(this->parameter(0));
        return learned(0, learned.cols() > 1 ? j : 0);
    }

    /// d/dμ = −tanh(u / 2) / s
    void addRowGradient(const S* mu, const SparseBatch<S>& x, std::int64_t row, const S* inverse, S upstream,
                        bool add, S* to) const {
        S block[kRowBlock];
        for (std::int64_t at = 0; at < m_items; at += kRowBlock) {
            const std::int64_t here = std::min<std::int64_t>(kRowBlock, m_items - at);
            for (std::int64_t j = 0; j < here; ++j)
                block[j] = mu[at + j] * inverse[at + j];
            mapRow(block, block, here, [](const auto& u) { return (u * S(0.5)).tanh().eval(); });
            for (std::int64_t j = 0; j < here; ++j) {
                const S slope = upstream * block[j] * inverse[at + j];
                to[at + j] = add ? to[at + j] + slope : slope;
            }
        }
        for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
            const std::int32_t j = x.columns()[n];
            to[j] -= upstream * inverse[j] *
                     (tanhHalf((x.values()[n] - mu[j]) * inverse[j]) + tanhHalf(mu[j] * inverse[j]));
        }
    }

    /// d/d log s = 1 − u tanh(u / 2), summed over rows, and over columns when there is one scale.
    void addScaleGradient(Step<S>& step, const Map<S>& y, const SparseBatch<S>& x, const S* inverse,
                          S upstream, Map<S> to) const {
        const auto term = [](S u) { return u * tanhHalf(u); };
        const auto correction = [&](Eigen::Index row, std::int64_t n) {
            const std::int32_t j = x.columns()[n];
            const S mu = y(row, j);
            return term((x.values()[n] - mu) * inverse[j]) - term(mu * inverse[j]);
        };
        if (to.cols() == 1) {
            double total = static_cast<double>(y.size());
            for (Eigen::Index row = 0; row < y.rows(); ++row) {
                for (std::int64_t j = 0; j < m_items; ++j)
                    total -= static_cast<double>(term(y(row, j) * inverse[j]));
                for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n)
                    total -= static_cast<double>(correction(row, n));
            }
            to(0, 0) += upstream * static_cast<S>(total);
            return;
        }
        forChunks(step.pool(), m_items, kColumns, [&](const Chunk& chunk) {
            for (Eigen::Index row = 0; row < y.rows(); ++row)
                for (std::int64_t j = chunk.begin; j < chunk.end; ++j)
                    to(0, j) += upstream * (S(1) - term(y(row, j) * inverse[j]));
        });
        for (Eigen::Index row = 0; row < y.rows(); ++row)
            for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n)
                to(0, x.columns()[n]) -= upstream * correction(row, n);
    }

    double m_logScale;
    std::int64_t m_items;
};

/// w_b of a loss whose last input, when there are more than `fixed`, is the weights.
template <class S>
S rowWeight(Step<S>& step, const std::vector<NodeId>& inputs, std::size_t fixed, Eigen::Index row) {
    return inputs.size() > fixed ? step.value(inputs[fixed])(row, 0) : S(1);
}

template <class S>
class KlBetweenGaussians final : public Op<S> {
public:
    explicit KlBetweenGaussians(std::vector<NodeId> inputs)
        : Op<S>("KL between Gaussians", {0, 1}, {std::move(inputs)}) {}

    void forward(Step<S>& step) const override {
        const Map<S> m = step.value(this->input(0));
        const Map<S> lv = step.value(this->input(1));
        const Map<S> otherM = step.value(this->input(2));
        const Map<S> otherLv = step.value(this->input(3));
        double total = 0.0;
        for (Eigen::Index row = 0; row < m.rows(); ++row) {
            S kl = S(0);
            for (Eigen::Index d = 0; d < m.cols(); ++d) {
                const S difference = lv(row, d) - otherLv(row, d);
                const S miss = m(row, d) - otherM(row, d);
                kl += S(0.5) *
                      (std::exp(difference) - S(1) - difference + miss * miss * std::exp(-otherLv(row, d)));
            }
            total += static_cast<double>(kl * weightOf(step, row));
        }
        step.out()(0, 0) = static_cast<S>(total / static_cast<double>(std::max(1, step.batch())));
    }

    void backward(Step<S>& step) const override {
        const Map<S> m = step.value(this->input(0));
        const Map<S> lv = step.value(this->input(1));
        const Map<S> otherM = step.value(this->input(2));
        const Map<S> otherLv = step.value(this->input(3));
        const S upstream = step.outGradient()(0, 0) / static_cast<S>(std::max(1, step.batch()));
        for (std::size_t i = 0; i < 4; ++i) {
            if (!step.wantsGradient(this->input(i))) continue;
            GradientView<S> view = step.gradient(this->input(i));
            for (Eigen::Index row = 0; row < m.rows(); ++row) {
                const S w = upstream * weightOf(step, row);
                for (Eigen::Index d = 0; d < m.cols(); ++d) {
                    const S miss = m(row, d) - otherM(row, d);
                    const S precision = std::exp(-otherLv(row, d));
                    const S ratio = std::exp(lv(row, d) - otherLv(row, d));
                    S slope = S(0);
                    if (i == 0) slope = miss * precision;
                    if (i == 1) slope = S(0.5) * (ratio - S(1));
                    if (i == 2) slope = -miss * precision;
                    if (i == 3) slope = S(0.5) * (S(1) - ratio - miss * miss * precision);
                    view.matrix(row, d) = (view.add ? view.matrix(row, d) : S(0)) + w * slope;
                }
            }
        }
    }

private:
    S weightOf(Step<S>& step, Eigen::Index row) const {
        return rowWeight(step, this->wiring().inputs, 4, row);
    }
};

template <class S>
class CompositePrior final : public Op<S> {
public:
    CompositePrior(std::vector<NodeId> inputs, const CompositePriorOptions& options, std::int32_t cols)
        : Op<S>("composite prior KL", {0, 1}, {std::move(inputs)})
        , m_logWeights{static_cast<S>(std::log(options.standardWeight)),
                       static_cast<S>(std::log(options.oldWeight)),
                       static_cast<S>(std::log(options.wideWeight))}
        , m_wideLogVariance(static_cast<S>(options.wideLogVariance))
        , m_cols(cols) {}

    /// Each row's loss, then the old prior's and the wide one's share in log p of each number.
    std::int64_t scratchSize(std::int64_t batch) const override { return batch * (1 + 2 * m_cols); }

    void forward(Step<S>& step) const override {
        const Map<S> z = step.value(this->input(0));
        const Map<S> m = step.value(this->input(1));
        const Map<S> lv = step.value(this->input(2));
        const Map<S> oldM = step.value(this->input(3));
        const Map<S> oldLv = step.value(this->input(4));
        const auto rows = static_cast<std::size_t>(z.rows());
        const std::span<S> losses = step.scratch().first(rows);
        S* shares = step.scratch().data() + rows;
        forChunks(step.pool(), z.rows(), kRows, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                double total = 0.0;
                for (std::int64_t d = 0; d < m_cols; ++d) {
                    // The ½ log 2π of q and of each prior cancel.
                    const S zd = z(row, d);
                    const S q = logDensity(zd - m(row, d), lv(row, d));
                    const S standard = m_logWeights[0] - S(0.5) * zd * zd;
                    const S old = m_logWeights[1] + logDensity(zd - oldM(row, d), oldLv(row, d));
                    const S wide = m_logWeights[2] + logDensity(zd, m_wideLogVariance);
                    const S top = std::max(standard, std::max(old, wide));
                    const S oldPart = std::exp(old - top);
                    const S widePart = std::exp(wide - top);
                    const S sum = std::exp(standard - top) + oldPart + widePart;
                    shares[2 * (row * m_cols + d)] = oldPart / sum;
                    shares[2 * (row * m_cols + d) + 1] = widePart / sum;
                    total += static_cast<double>(q - top - std::log(sum));
                }
                losses[static_cast<std::size_t>(row)] = static_cast<S>(total) * weightOf(step, row);
            }
        });
        step.out()(0, 0) = static_cast<S>(meanOf<S>(losses));
    }

    void backward(Step<S>& step) const override {
        const Map<S> z = step.value(this->input(0));
        const Map<S> m = step.value(this->input(1));
        const Map<S> lv = step.value(this->input(2));
        const Map<S> oldM = step.value(this->input(3));
        const Map<S> oldLv = step.value(this->input(4));
        const S* shares = step.scratch().data() + z.rows();
        const S upstream = step.outGradient()(0, 0) / static_cast<S>(std::max<Eigen::Index>(1, z.rows()));
        const S wideInverse = std::exp(-m_wideLogVariance);
        for (std::size_t i = 0; i < 5; ++i) {
            if (!step.wantsGradient(this->input(i))) continue;
            GradientView<S> view = step.gradient(this->input(i));
            forChunks(step.pool(), z.rows(), kRows, [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                    const S w = upstream * weightOf(step, row);
                    S* to = view.matrix.row(row).data();
                    for (std::int64_t d = 0; d < m_cols; ++d) {
                        const S old = shares[2 * (row * m_cols + d)];
                        const S wide = shares[2 * (row * m_cols + d) + 1];
                        const S zd = z(row, d);
                        const S miss = zd - m(row, d);
                        const S oldMiss = zd - oldM(row, d);
                        S slope = S(0);
                        if (i == 0)
                            slope = (S(1) - old - wide) * zd + old * oldMiss * std::exp(-oldLv(row, d)) +
                                    wide * zd * wideInverse - miss * std::exp(-lv(row, d));
                        if (i == 1) slope = miss * std::exp(-lv(row, d));
                        if (i == 2) slope = S(0.5) * (miss * miss * std::exp(-lv(row, d)) - S(1));
                        if (i == 3) slope = -old * oldMiss * std::exp(-oldLv(row, d));
                        if (i == 4)
                            slope = S(0.5) * old * (S(1) - oldMiss * oldMiss * std::exp(-oldLv(row, d)));
                        to[d] = (view.add ? to[d] : S(0)) + w * slope;
                    }
                }
            });
        }
    }

private:
    static S logDensity(S miss, S logVariance) {
        return S(-0.5) * (logVariance + miss * miss * std::exp(-logVariance));
    }
    S weightOf(Step<S>& step, Eigen::Index row) const {
        return rowWeight(step, this->wiring().inputs, 5, row);
    }
    S m_logWeights[3];
    S m_wideLogVariance;
    std::int64_t m_cols;
};

template <class S>
void checkWeights(const Graph<S>& graph, std::vector<NodeId>& inputs, std::optional<NodeId> weights) {
    for (const NodeId id : inputs)
        RECOSCOPE_CHECK(graph.shape(id) == (Shape{1, graph.cols(inputs[0])}), "nodes of other shapes");
    if (!weights) return;
    RECOSCOPE_CHECK(graph.shape(*weights) == (Shape{1, 1}), "one weight a row");
    inputs.push_back(*weights);
}

} // namespace

template <class S>
NodeId logisticLoss(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId y, SparseId x,
                    const LogisticOptions& options) {
    RECOSCOPE_CHECK(graph.cols(y) == graph.cols(x), "an output of another width than its target");
    RECOSCOPE_CHECK(options.scale > 0.0, "a scale is above 0");
    std::vector<ParamId> logScale;
    if (options.logScale) {
        const Matrix<S>& value = parameters[*options.logScale].value;
        RECOSCOPE_CHECK(value.rows() == 1 && (value.cols() == 1 || value.cols() == graph.cols(x)),
                        "one scale, or one an item");
        logScale.push_back(*options.logScale);
    }
    return graph.add(std::make_unique<Logistic<S>>(y, x, options, std::move(logScale), graph.cols(y)));
}

template <class S>
NodeId klBetweenGaussians(Graph<S>& graph, NodeId mean, NodeId logVariance, NodeId otherMean,
                          NodeId otherLogVariance, std::optional<NodeId> weights) {
    std::vector<NodeId> inputs{mean, logVariance, otherMean, otherLogVariance};
    checkWeights(graph, inputs, weights);
    return graph.add(std::make_unique<KlBetweenGaussians<S>>(std::move(inputs)));
}

template <class S>
NodeId compositePriorKl(Graph<S>& graph, const CompositePriorInputs& in,
                        const CompositePriorOptions& options) {
    std::vector<NodeId> inputs{in.z, in.mean, in.logVariance, in.oldMean, in.oldLogVariance};
    const std::int32_t cols = graph.cols(in.z);
    checkWeights(graph, inputs, in.weights);
    return graph.add(std::make_unique<CompositePrior<S>>(std::move(inputs), options, cols));
}

#define RECOSCOPE_INSTANTIATE(S)                                                                             \
    template NodeId logisticLoss(Graph<S>&, const ParameterSet<S>&, NodeId, SparseId,                        \
                                 const LogisticOptions&);                                                    \
    template NodeId klBetweenGaussians(Graph<S>&, NodeId, NodeId, NodeId, NodeId, std::optional<NodeId>);    \
    template NodeId compositePriorKl(Graph<S>&, const CompositePriorInputs&, const CompositePriorOptions&);
RECOSCOPE_INSTANTIATE(float)
RECOSCOPE_INSTANTIATE(double)
#undef RECOSCOPE_INSTANTIATE

} // namespace recoscope::nn
