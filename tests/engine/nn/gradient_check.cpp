// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/engine/nn/gradient_check.h"

#include "engine/nn/losses/reconstruction.h"

#include <cmath>

namespace recoscope::test {

using namespace recoscope::nn;

namespace {

/// Σ c ⊙ x with c fixed random numbers: makes one number of any node.
class Probe final : public Op<double> {
public:
    Probe(NodeId x, std::uint64_t seed)
        : Op<double>("probe", {0, 1}, {{x}})
        , m_seed(seed) {}

    void forward(Step<double>& step) const override {
        const Map<double> x = step.value(input(0));
        step.out()(0, 0) = x.cwiseProduct(coefficients(x.rows(), x.cols())).sum();
    }
    void backward(Step<double>& step) const override {
        if (!step.wantsGradient(input(0))) return;
        GradientView<double> dx = step.gradient(input(0));
        const Matrix<double> c = coefficients(dx.matrix.rows(), dx.matrix.cols()) * step.outGradient()(0, 0);
        assignOrAdd(dx.add, dx.matrix, c);
    }

private:
    Matrix<double> coefficients(Eigen::Index rows, Eigen::Index cols) const {
        Rng rng = Rng::stream(m_seed, "probe");
        Matrix<double> c(rows, cols);
        for (Eigen::Index n = 0; n < c.size(); ++n)
            c.data()[n] = rng.normal();
        return c;
    }
    std::uint64_t m_seed;
};

void fill(GradientBench& bench, Workspace<double>& workspace) {
    Rng rng = Rng::stream(7, "inputs");
    for (const auto& input : bench.inputs) {
        Map<double> value = workspace.value(input.node);
        for (Eigen::Index n = 0; n < value.size(); ++n)
            value.data()[n] = input.shift + input.spread * rng.normal();
    }
    for (const auto& input : bench.sparseInputs) {
        SparseBatch<double>& sparse = workspace.sparse(input.id);
        sparse.clear();
        for (std::int32_t row = 0; row < bench.batch; ++row) {
            std::vector<std::int32_t> columns;
            std::vector<double> values;
            for (std::int32_t col = 0; col < sparse.cols(); ++col) {
                if (rng.uniform() >= input.share || (input.withEmptyRow && row == 1)) continue;
                columns.push_back(col);
                values.push_back(input.ones ? 1.0 : 0.5 + rng.uniform());
            }
            sparse.appendRow(columns, std::span<const double>(values));
        }
    }
    for (const auto& input : bench.indexInputs)
        for (std::int32_t& index : workspace.indices(input.id))
            index = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(input.bound)));
}

} // namespace

ParamId GradientBench::parameter(const std::string& name, int rows, int cols, double spread, double shift) {
    Rng rng = Rng::stream(11, name);
    Matrix<double> value(rows, cols);
    for (Eigen::Index n = 0; n < value.size(); ++n)
        value.data()[n] = shift + spread * rng.normal();
    return parameters.add(name, ParamRole::Weight, std::move(value));
}

NodeId GradientBench::input(int cols, int rowsPerExample, double spread, double shift) {
    inputs.push_back({graph->input(cols, rowsPerExample), spread, shift});
    return inputs.back().node;
}

SparseId GradientBench::sparse(int cols, double share, bool ones, bool withEmptyRow) {
    sparseInputs.push_back({graph->sparseInput(cols), share, ones, withEmptyRow});
    return sparseInputs.back().id;
}

IndexId GradientBench::indices(int perExample, int bound) {
    indexInputs.push_back({graph->indexInput(perExample), bound});
    return indexInputs.back().id;
}

ScalarId GradientBench::scalar(double value) { return graph->scalar("weight", value); }

double worstGradientError(const GradientCase& gradientCase, std::string& place) {
    GradientBench bench;
    bench.batch = gradientCase.batch;
    bench.training = gradientCase.training;
    const NodeId node = gradientCase.build(bench);
    Graph<double>& graph = *bench.graph;
    // Two probes of one node: what flows back is added up.
    const NodeId first = graph.add(std::make_unique<Probe>(node, 1));
    const NodeId second = graph.add(std::make_unique<Probe>(node, 2));
    const NodeId loss =
        weightedSum(graph, {first, second}, {graph.scalar("first", 1.0), graph.scalar("second", 0.5)});

    std::vector<NodeId> inputs;
    for (const auto& input : bench.inputs)
        inputs.push_back(input.node);
    const std::vector<ParamId> trained = bench.parameters.trained();
    const Plan plan = graph.planTraining(loss, trained, bench.parameters.count(), inputs);
    Workspace<double> workspace(bench.graph, bench.batch, Keep::ValuesAndGradients);
    workspace.setBatch(bench.batch);
    fill(bench, workspace);
    Gradients<double> gradients(bench.parameters);
    const StepOptions options{.training = bench.training, .seed = 5, .step = 3};
    const auto lossNow = [&] {
        // Buffers (running means) must not drift between the evaluations.
        ParameterSet<double> copy = bench.parameters;
        Step<double> step(plan, copy, workspace, options);
        step.forward();
        return workspace.value(loss)(0, 0);
    };

    lossNow();
    {
        ParameterSet<double> copy = bench.parameters;
        Step<double> step(plan, copy, workspace, options);
        step.forward();
        step.backward(gradients);
    }
    double worst = 0.0;
    const auto compare = [&](double& number, double analytic, const std::string& where) {
        constexpr double h = 1e-5;
        const double kept = number;
        number = kept + h;
        const double above = lossNow();
        number = kept - h;
        const double below = lossNow();
        number = kept;
        const double numeric = (above - below) / (2.0 * h);
        const double error = std::abs(analytic - numeric) / (1e-3 + std::abs(analytic) + std::abs(numeric));
        if (!(error <= worst)) {
            worst = std::isfinite(error) ? error : 1e9;
            place =
                where + ": backward " + std::to_string(analytic) + ", differences " + std::to_string(numeric);
        }
    };
    for (const ParamId id : trained) {
        auto& parameter = bench.parameters[id];
        // Rows that no gradient touched count as zero.
        Matrix<double> analytic = Matrix<double>::Zero(parameter.value.rows(), parameter.value.cols());
        if (gradients.allRows(id)) analytic = gradients.value(id);
        for (const std::int32_t row : gradients.touchedRows(id))
            analytic.row(row) = gradients.value(id).row(row);
        for (Eigen::Index n = 0; n < analytic.size(); ++n)
            compare(parameter.value.data()[n], analytic.data()[n],
                    parameter.name + "[" + std::to_string(n) + "]");
    }
    for (const NodeId id : inputs) {
        const ConstMap<double> found = static_cast<const Workspace<double>&>(workspace).gradient(id);
        Map<double> value = workspace.value(id);
        const Matrix<double> analytic = found.size() == value.size()
                                            ? Matrix<double>(found)
                                            : Matrix<double>::Zero(value.rows(), value.cols());
        for (Eigen::Index n = 0; n < value.size(); ++n)
            compare(value.data()[n], analytic.data()[n], "input[" + std::to_string(n) + "]");
    }
    return worst;
}

} // namespace recoscope::test
