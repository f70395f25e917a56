// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/reconstruction.h"

#include "engine/core/check.h"

#include <cmath>

namespace recoscope::nn {

namespace {

/// Rows a chunk; a row of thousands of items is work enough for a few.
constexpr std::int64_t kRows = 4;

/// Adds what chunks left in `partials`, in their order.
template <class S>
double sumOf(std::span<const S> partials) {
    double total = 0.0;
    for (const S partial : partials)
        total += static_cast<double>(partial);
    return total;
}

template <class S>
using RowArray = Eigen::Map<const Eigen::Array<S, 1, Eigen::Dynamic>>;
template <class S>
using RowArrayOut = Eigen::Map<Eigen::Array<S, 1, Eigen::Dynamic>>;

template <class S>
class Reconstruction final : public Op<S> {
public:
    Reconstruction(NodeId y, SparseId x, const ReconstructionOptions& options)
        : Op<S>("reconstruction loss", {0, 1}, {{y}, {}, {x}})
        , m_options(options) {}

    /// Each row's loss, log-sum-exp and sum of x.
    std::int64_t scratchSize(std::int64_t batch) const override { return 3 * batch; }

    void forward(Step<S>& step) const override {
        const Map<S> y = step.value(this->input(0));
        const SparseBatch<S>& x = step.sparse(this->sparse(0));
        RECOSCOPE_CHECK(x.rows() == y.rows() && x.cols() == y.cols(),
                        "a target of another shape than the output");
        const std::span<S> scratch = step.scratch();
        const auto rows = static_cast<std::size_t>(y.rows());
        const std::span<S> losses = scratch.first(rows);
        const std::span<S> logSums = scratch.subspan(rows, rows);
        const std::span<S> sums = scratch.subspan(2 * rows, rows);
        forChunks(step.pool(), y.rows(), kRows, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const auto at = static_cast<std::size_t>(row);
                losses[at] = lossOf(y.row(row).data(), y.cols(), x, row, logSums[at], sums[at]);
            }
        });
        step.out()(0, 0) =
            static_cast<S>(sumOf<S>(losses) / static_cast<double>(std::max<std::size_t>(1, rows)));
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const Map<S> y = step.value(this->input(0));
        const SparseBatch<S>& x = step.sparse(this->sparse(0));
        const std::span<S> scratch = step.scratch();
        const auto rows = static_cast<std::size_t>(y.rows());
        const S upstream = step.outGradient()(0, 0) / static_cast<S>(std::max<std::size_t>(1, rows));
        GradientView<S> dy = step.gradient(this->input(0));
        forChunks(step.pool(), y.rows(), kRows, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                const auto at = static_cast<std::size_t>(row);
                addGradient(y.row(row).data(), y.cols(), x, row, scratch[rows + at], scratch[2 * rows + at],
                            upstream, dy.add, dy.matrix.row(row).data());
            }
        });
    }

private:
    S lossOf(const S* outputs, Eigen::Index cols, const SparseBatch<S>& x, std::int64_t row, S& logSum,
             S& sum) const {
        const RowArray<S> y(outputs, cols);
        const std::int32_t* columns = x.columns();
        const S* values = x.values();
        const S weight = static_cast<S>(m_options.positiveWeight);
        double dot = 0.0;   // Σ x y
        double total = 0.0; // Σ x
        double extra = 0.0; // what observed cells change of the sum over all cells
        for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
            const S target = values[n];
            const S output = outputs[columns[n]];
            dot += static_cast<double>(target) * static_cast<double>(output);
            total += static_cast<double>(target);
            if (target > S(0) || m_options.loss == ReconstructionLoss::SquaredError ||
                m_options.loss == ReconstructionLoss::Gaussian) {
                const S w = target > S(0) ? weight : S(1);
                const S miss = output - target;
                extra += static_cast<double>(w * miss * miss - output * output);
            }
        }
        sum = static_cast<S>(total);
        switch (m_options.loss) {
        case ReconstructionLoss::Multinomial: {
            const S top = y.maxCoeff();
            logSum = top + std::log((y - top).exp().sum());
            return static_cast<S>(total * static_cast<double>(logSum) - dot);
        }
        case ReconstructionLoss::CrossEntropy: {
            // softplus(y) − x y, and for positives (w − 1) x softplus(−y) more.
            const S plain = (y.max(S(0)) + ((-y.abs()).exp() + S(1)).log()).sum();
            double more = 0.0;
            if (weight != S(1))
                for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
                    const double output = static_cast<double>(outputs[columns[n]]);
                    more += (m_options.positiveWeight - 1.0) * static_cast<double>(values[n]) *
                            (std::max(-output, 0.0) + std::log1p(std::exp(-std::abs(output))));
                }
            return static_cast<S>(static_cast<double>(plain) - dot + more);
        }
        case ReconstructionLoss::SquaredError:
            return static_cast<S>(static_cast<double>(y.square().sum()) + extra);
        case ReconstructionLoss::Gaussian:
            return static_cast<S>(0.5 * (static_cast<double>(y.square().sum()) + extra));
        }
        return S(0);
    }

    void addGradient(const S* outputs, Eigen::Index cols, const SparseBatch<S>& x, std::int64_t row, S logSum,
                     S sum, S upstream, bool add, S* gradient) const {
        const RowArray<S> y(outputs, cols);
        RowArrayOut<S> g(gradient, cols);
        const std::int32_t* columns = x.columns();
        const S* values = x.values();
        const S weight = static_cast<S>(m_options.positiveWeight);
        const S two = m_options.loss == ReconstructionLoss::SquaredError ? S(2) * upstream : upstream;
        switch (m_options.loss) {
        case ReconstructionLoss::Multinomial:
            assignOrAdd(add, g, (y - logSum).exp() * (upstream * sum));
            for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n)
                gradient[columns[n]] -= upstream * values[n];
            return;
        case ReconstructionLoss::CrossEntropy:
            assignOrAdd(add, g, y.logistic() * upstream);
            for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
                const S output = outputs[columns[n]];
                // d/dy of (w − 1) x softplus(−y) is −(w − 1) x sigmoid(−y).
                const S falling = S(1) / (S(1) + std::exp(output));
                gradient[columns[n]] -= upstream * values[n] * (S(1) + (weight - S(1)) * falling);
            }
            return;
        case ReconstructionLoss::SquaredError:
        case ReconstructionLoss::Gaussian:
            assignOrAdd(add, g, y * two);
            for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
                const S w = values[n] > S(0) ? weight : S(1);
                const S output = outputs[columns[n]];
                gradient[columns[n]] += two * (w * (output - values[n]) - output);
            }
            return;
        }
    }

    ReconstructionOptions m_options;
};

template <class S>
class ObservedSquaredError final : public Op<S> {
public:
    ObservedSquaredError(NodeId h, ParamId weight, ParamId bias, SparseId x)
        : Op<S>("observed squared error", {0, 1}, {{h}, {weight, bias}, {x}}) {}

    /// Each row's loss. What each prediction misses by is kept beside the target's values.
    std::int64_t scratchSize(std::int64_t batch) const override { return batch; }

    void forward(Step<S>& step) const override {
        SparseBatch<S>& x = step.sparse(this->sparse(0));
        const Map<S> h = step.value(this->input(0));
        const Matrix<S>& w = step.parameter(this->parameter(0));
        const Matrix<S>& c = step.parameter(this->parameter(1));
        const std::span<S> misses = x.work();
        const std::span<S> sums = step.scratch();
        forChunks(step.pool(), h.rows(), kRows, [&](const Chunk& chunk) {
            for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                S sum = S(0);
                for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n) {
                    const std::int32_t item = x.columns()[n];
                    const S miss = h.row(row).dot(w.row(item)) + c(0, item) - x.values()[n];
                    misses[static_cast<std::size_t>(n)] = miss;
                    sum += miss * miss;
                }
                sums[static_cast<std::size_t>(row)] = sum;
            }
        });
        const double count = static_cast<double>(std::max<std::int64_t>(1, x.size()));
        step.out()(0, 0) = static_cast<S>(sumOf<S>(sums) / count);
    }

    void backward(Step<S>& step) const override {
        SparseBatch<S>& x = step.sparse(this->sparse(0));
        const Map<S> h = step.value(this->input(0));
        const Matrix<S>& w = step.parameter(this->parameter(0));
        const std::span<const S> misses = x.work();
        const S scale = S(2) * step.outGradient()(0, 0) / static_cast<S>(std::max<std::int64_t>(1, x.size()));
        const auto slope = [&](std::int64_t n) { return scale * misses[static_cast<std::size_t>(n)]; };
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> dh = step.gradient(this->input(0));
            forChunks(step.pool(), h.rows(), kRows, [&](const Chunk& chunk) {
                for (std::int64_t row = chunk.begin; row < chunk.end; ++row) {
                    if (!dh.add) dh.matrix.row(row).setZero();
                    for (std::int64_t n = x.rowBegin(row); n < x.rowEnd(row); ++n)
                        dh.matrix.row(row) += slope(n) * w.row(x.columns()[n]);
                }
            });
        }
        x.buildColumns();
        const auto touched = x.touched();
        if (step.wantsGradient(this->parameter(0))) {
            Map<S> dw = step.gradientRows(this->parameter(0), touched);
            forEachEntryByColumn(step, x, [&](std::int32_t item, std::int32_t row, std::int64_t n) {
                dw.row(item) += slope(n) * h.row(row);
            });
        }
        if (step.wantsGradient(this->parameter(1))) {
            GradientView<S> dc = step.gradient(this->parameter(1));
            if (!dc.add) dc.matrix.setZero();
            forEachEntryByColumn(step, x, [&](std::int32_t item, std::int32_t /*row*/, std::int64_t n) {
                dc.matrix(0, item) += slope(n);
            });
        }
    }

private:
    template <class Body>
    static void forEachEntryByColumn(Step<S>& step, const SparseBatch<S>& x, const Body& body) {
        const auto touched = x.touched();
        forChunks(step.pool(), static_cast<std::int64_t>(touched.size()), 16, [&](const Chunk& chunk) {
            for (std::int64_t t = chunk.begin; t < chunk.end; ++t)
                for (std::int64_t e = x.touchedBegin(t); e < x.touchedEnd(t); ++e)
                    body(touched[static_cast<std::size_t>(t)], x.entryRow(e), x.entryPosition(e));
        });
    }
};

template <class S>
class WeightedSum final : public Op<S> {
public:
    WeightedSum(std::vector<NodeId> losses, std::vector<ScalarId> weights)
        : Op<S>("weighted sum", {0, 1}, {std::move(losses)})
        , m_weights(std::move(weights)) {}

    void forward(Step<S>& step) const override {
        S total = S(0);
        for (std::size_t n = 0; n < m_weights.size(); ++n)
            total += step.scalar(m_weights[n]) * step.value(this->input(n))(0, 0);
        step.out()(0, 0) = total;
    }

    void backward(Step<S>& step) const override {
        const S g = step.outGradient()(0, 0);
        for (std::size_t n = 0; n < m_weights.size(); ++n) {
            if (!step.wantsGradient(this->input(n))) continue;
            GradientView<S> target = step.gradient(this->input(n));
            target.matrix(0, 0) = (target.add ? target.matrix(0, 0) : S(0)) + g * step.scalar(m_weights[n]);
        }
    }

private:
    std::vector<ScalarId> m_weights;
};

} // namespace

template <class S>
NodeId reconstructionLoss(Graph<S>& graph, NodeId y, SparseId x, const ReconstructionOptions& options) {
    RECOSCOPE_CHECK(graph.cols(y) == graph.cols(x), "an output of another width than its target");
    return graph.add(std::make_unique<Reconstruction<S>>(y, x, options));
}

template <class S>
NodeId observedSquaredError(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId h, ParamId weight,
                            ParamId bias, SparseId x) {
    RECOSCOPE_CHECK(parameters[weight].value.rows() == graph.cols(x) &&
                        parameters[weight].value.cols() == graph.cols(h),
                    "a weight that does not fit");
    return graph.add(std::make_unique<ObservedSquaredError<S>>(h, weight, bias, x));
}

template <class S>
NodeId weightedSum(Graph<S>& graph, std::vector<NodeId> losses, std::vector<ScalarId> weights) {
    RECOSCOPE_CHECK(losses.size() == weights.size(), "one weight a loss");
    return graph.add(std::make_unique<WeightedSum<S>>(std::move(losses), std::move(weights)));
}

template NodeId reconstructionLoss(Graph<float>&, NodeId, SparseId, const ReconstructionOptions&);
template NodeId reconstructionLoss(Graph<double>&, NodeId, SparseId, const ReconstructionOptions&);
template NodeId observedSquaredError(Graph<float>&, const ParameterSet<float>&, NodeId, ParamId, ParamId,
                                     SparseId);
template NodeId observedSquaredError(Graph<double>&, const ParameterSet<double>&, NodeId, ParamId, ParamId,
                                     SparseId);
template NodeId weightedSum(Graph<float>&, std::vector<NodeId>, std::vector<ScalarId>);
template NodeId weightedSum(Graph<double>&, std::vector<NodeId>, std::vector<ScalarId>);

} // namespace recoscope::nn
