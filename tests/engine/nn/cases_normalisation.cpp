// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/normalisation.h"

#include "tests/engine/nn/cases.h"

namespace recoscope::test {

using namespace recoscope::nn;

namespace {

class Constant final : public Op<double> {
public:
    Constant(Shape shape, std::function<double(int, int)> number)
        : Op<double>("constant", shape, {})
        , m_number(std::move(number)) {}
    void forward(Step<double>& step) const override {
        Map<double> out = step.out();
        for (int row = 0; row < out.rows(); ++row)
            for (int col = 0; col < out.cols(); ++col)
                out(row, col) = m_number(row, col);
    }
    void backward(Step<double>& /*step*/) const override {}

private:
    std::function<double(int, int)> m_number;
};

BatchNormParameters batchNormParameters(GradientBench& b, int cols) {
    const auto buffer = [&](const std::string& name, double first) {
        Matrix<double> value(1, cols);
        for (int j = 0; j < cols; ++j)
            value(0, j) = first + 0.1 * j;
        return b.parameters.add(name, ParamRole::Buffer, value);
    };
    return {b.parameter("gain", 1, cols), b.parameter("bias", 1, cols), buffer("running mean", -0.2),
            buffer("running variance", 0.8)};
}

GradientCase layerNormCase(const std::string& name, int cols, int rowsPerExample, int batch) {
    return {"layer norm, " + name,
            [=](GradientBench& b) {
                const NodeId x = b.input(cols, rowsPerExample);
                const ParamId gain = b.parameter("gain", 1, cols);
                return layerNorm(*b.graph, b.parameters, x, gain, b.parameter("bias", 1, cols), 1e-3);
            },
            true, batch};
}

GradientCase batchNormCase(const std::string& name, int cols, int rowsPerExample, bool training, int batch) {
    return {"batch norm, " + name,
            [=](GradientBench& b) {
                const NodeId x = b.input(cols, rowsPerExample);
                return batchNorm(*b.graph, b.parameters, x, batchNormParameters(b, cols), {.epsilon = 1e-3});
            },
            training, batch};
}

} // namespace

NodeId constantNode(GradientBench& bench, int cols, int rowsPerExample,
                    std::function<double(int row, int col)> number) {
    return bench.graph->add(std::make_unique<Constant>(Shape{rowsPerExample, cols}, std::move(number)));
}

std::vector<GradientCase> normalisationCases() {
    return {
        layerNormCase("3 x 6", 6, 1, 3),
        layerNormCase("several rows an example", 5, 3, 2),
        layerNormCase("wider than a block", 37, 1, 2),
        layerNormCase("one column", 1, 1, 3),
        layerNormCase("batch of one", 4, 1, 1),
        batchNormCase("training", 5, 1, true, 4),
        batchNormCase("training, two rows", 5, 1, true, 2),
        batchNormCase("training, several rows an example", 5, 3, true, 2),
        batchNormCase("training, wider than a chunk", 37, 1, true, 3),
        batchNormCase("training, batch of one", 5, 1, true, 1),
        batchNormCase("training, one column", 1, 1, true, 3),
        batchNormCase("in use", 5, 1, false, 3),
        {"row normalisation", [](GradientBench& b) { return normaliseRows(*b.graph, b.input(6)); }},
        {"row normalisation, one column",
         [](GradientBench& b) { return normaliseRows(*b.graph, b.input(1)); }},
        {"row normalisation, wide, batch of one",
         [](GradientBench& b) { return normaliseRows(*b.graph, b.input(37)); }, true, 1},
    };
}

} // namespace recoscope::test
