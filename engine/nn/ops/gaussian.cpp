// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/gaussian.h"

#include "engine/core/check.h"

#include <numeric>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kRows = 32; // a chunk

template <class S>
class GaussianSample final : public Op<S> {
public:
    GaussianSample(NodeId mean, NodeId logVariance, Shape shape)
        : Op<S>("gaussian sample", shape, {{mean, logVariance}}) {}

    /// exp(lv / 2) · ε: what dz/dlv needs, twice.
    std::int64_t scratchSize(std::int64_t batch) const override {
        return batch * this->shape().rowsPerExample * this->shape().cols;
    }

    void forward(Step<S>& step) const override {
        const Map<S> mean = step.value(this->input(0));
        Map<S> z = step.out();
        if (!step.training()) {
            z = mean;
            return;
        }
        const Map<S> logVariance = step.value(this->input(1));
        Map<S> noise(step.scratch().data(), z.rows(), z.cols());
        forChunks(step.pool(), z.rows(), kRows, [&](const Chunk& chunk) {
            Rng rng = step.random(static_cast<std::uint64_t>(chunk.index));
            const Eigen::Index rows = chunk.end - chunk.begin;
            auto block = noise.middleRows(chunk.begin, rows);
            for (Eigen::Index row = 0; row < rows; ++row)
                for (Eigen::Index d = 0; d < noise.cols(); ++d)
                    block(row, d) = static_cast<S>(rng.normal());
            block.array() *= (logVariance.middleRows(chunk.begin, rows).array() * S(0.5)).exp();
            z.middleRows(chunk.begin, rows) = mean.middleRows(chunk.begin, rows) + block;
        });
    }

    void backward(Step<S>& step) const override {
        const ConstMap<S> g = step.outGradient();
        if (step.wantsGradient(this->input(0))) {
            GradientView<S> dMean = step.gradient(this->input(0));
            assignOrAdd(dMean.add, dMean.matrix, g);
        }
        if (!step.wantsGradient(this->input(1))) return;
        GradientView<S> dLogVariance = step.gradient(this->input(1));
        if (!step.training()) {
            if (!dLogVariance.add) dLogVariance.matrix.setZero();
            return;
        }
        const Map<S> noise(step.scratch().data(), g.rows(), g.cols());
        assignOrAdd(dLogVariance.add, dLogVariance.matrix, S(0.5) * g.cwiseProduct(noise));
    }
};

template <class S>
class KlToStandardNormal final : public Op<S> {
public:
    KlToStandardNormal(std::vector<NodeId> inputs)
        : Op<S>("KL to standard normal", {0, 1}, {std::move(inputs)}) {}

    void forward(Step<S>& step) const override {
        const Map<S> mean = step.value(this->input(0));
        const Map<S> logVariance = step.value(this->input(1));
        double total = 0.0;
        for (Eigen::Index row = 0; row < mean.rows(); ++row) {
            const auto lv = logVariance.row(row).array();
            const S kl = S(0.5) * (lv.exp() + mean.row(row).array().square() - S(1) - lv).sum();
            total += static_cast<double>(kl) * static_cast<double>(weightOf(step, row));
        }
        step.out()(0, 0) = static_cast<S>(total / static_cast<double>(std::max(1, step.batch())));
    }

    void backward(Step<S>& step) const override {
        const Map<S> mean = step.value(this->input(0));
        const Map<S> logVariance = step.value(this->input(1));
        const S upstream = step.outGradient()(0, 0) / static_cast<S>(std::max(1, step.batch()));
        const bool wantsMean = step.wantsGradient(this->input(0));
        const bool wantsLogVariance = step.wantsGradient(this->input(1));
        if (wantsMean) {
            GradientView<S> view = step.gradient(this->input(0));
            for (Eigen::Index row = 0; row < mean.rows(); ++row)
                assignOrAdd(view.add, view.matrix.row(row), upstream * weightOf(step, row) * mean.row(row));
        }
        if (!wantsLogVariance) return;
        GradientView<S> view = step.gradient(this->input(1));
        for (Eigen::Index row = 0; row < mean.rows(); ++row)
            assignOrAdd(view.add, view.matrix.row(row).array(),
                        S(0.5) * upstream * weightOf(step, row) *
                            (logVariance.row(row).array().exp() - S(1)));
    }

private:
    S weightOf(Step<S>& step, Eigen::Index row) const {
        return this->wiring().inputs.size() > 2 ? step.value(this->input(2))(row, 0) : S(1);
    }
};

} // namespace

template <class S>
NodeId gaussianSample(Graph<S>& graph, NodeId mean, NodeId logVariance) {
    RECOSCOPE_CHECK(graph.shape(mean) == graph.shape(logVariance), "mean and log variance of other shapes");
    return graph.add(std::make_unique<GaussianSample<S>>(mean, logVariance, graph.shape(mean)));
}

template <class S>
NodeId klToStandardNormal(Graph<S>& graph, NodeId mean, NodeId logVariance, std::optional<NodeId> weights) {
    RECOSCOPE_CHECK(graph.shape(mean) == graph.shape(logVariance), "mean and log variance of other shapes");
    std::vector<NodeId> inputs{mean, logVariance};
    if (weights) inputs.push_back(*weights);
    return graph.add(std::make_unique<KlToStandardNormal<S>>(std::move(inputs)));
}

template NodeId gaussianSample(Graph<float>&, NodeId, NodeId);
template NodeId gaussianSample(Graph<double>&, NodeId, NodeId);
template NodeId klToStandardNormal(Graph<float>&, NodeId, NodeId, std::optional<NodeId>);
template NodeId klToStandardNormal(Graph<double>&, NodeId, NodeId, std::optional<NodeId>);

} // namespace recoscope::nn
