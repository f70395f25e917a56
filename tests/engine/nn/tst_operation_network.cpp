// SPDX-License-Identifier: GPL-3.0-or-later
// A network in float over nearly all operations and losses, large enough for several chunks of work in each.
#include "engine/nn/losses/adversarial.h"
#include "engine/nn/losses/distribution.h"
#include "engine/nn/losses/pairwise.h"
#include "engine/nn/losses/penalty.h"
#include "engine/nn/losses/reconstruction.h"
#include "engine/nn/ops/attention.h"
#include "engine/nn/ops/conv1d.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/embedding.h"
#include "engine/nn/ops/gaussian.h"
#include "engine/nn/ops/gru.h"
#include "engine/nn/ops/heads.h"
#include "engine/nn/ops/normalisation.h"
#include "engine/nn/ops/pooling.h"
#include "engine/nn/ops/rows.h"

#include "tests/conformance/allocation_counter.h"

#include <QTest>

#include <cstring>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

constexpr int kItems = 500;
constexpr int kLength = 20;
constexpr int kWidth = 40; // no multiple of a block
constexpr int kCandidates = 6;

struct Network {
    std::shared_ptr<Graph<float>> graph = std::make_shared<Graph<float>>();
    ParameterSet<float> parameters;
    IndexId history{}, candidates{};
    NodeId mask{}, targets{};
    SparseId bagged{};
    NodeId scores{}, loss{};

    ParamId parameter(const std::string& name, int rows, int cols, ParamRole role = ParamRole::Weight) {
        Rng rng = Rng::stream(3, name);
        Matrix<float> value(rows, cols);
        for (Eigen::Index n = 0; n < value.size(); ++n)
            value.data()[n] = static_cast<float>(0.2 * rng.normal());
        if (role == ParamRole::Buffer) value.setOnes();
        return parameters.add(name, role, std::move(value));
    }
    NodeId layer(const std::string& name, NodeId x, int outputs) {
        const ParamId w = parameter(name + ".weight", graph->cols(x), outputs);
        return dense(*graph, parameters, x, w, parameter(name + ".bias", 1, outputs, ParamRole::Bias));
    }

    Network() {
        Graph<float>& g = *graph;
        history = g.indexInput(kLength);
        candidates = g.indexInput(kCandidates);
        mask = g.input(1, kLength);
        targets = g.input(kCandidates);
        bagged = g.sparseInput(kItems);
        const ParamId items = parameter("items", kItems, kWidth);

        NodeId x = gather(g, parameters, items, history);
        x = addPositions(g, parameters, x, parameter("positions", kLength, kWidth));
        const ParamId gain = parameter("norm.gain", 1, kWidth);
        const NodeId normed = layerNorm(g, parameters, x, gain, parameter("norm.bias", 1, kWidth));
        const MultiHeadParameters heads{parameter("q", kWidth, kWidth), parameter("k", kWidth, kWidth),
                                        parameter("v", kWidth, kWidth), parameter("o", kWidth, kWidth)};
        x = add(g, x, selfAttention(g, parameters, normed, heads, {.heads = 4, .causal = true}, mask));
        const NodeId convolved =
            conv1d(g, parameters, x, parameter("conv", 3 * kWidth, kWidth), parameter("conv.bias", 1, kWidth),
                   {.kernel = 3, .dilation = 2, .padding = ConvPadding::Causal});
        const ParamId input = parameter("gru.input", kWidth, 3 * kWidth);
        const ParamId recurrent = parameter("gru.recurrent", kWidth, 3 * kWidth);
        const ParamId inputBias = parameter("gru.bias", 1, 3 * kWidth);
        const NodeId states = gru(g, parameters, convolved,
                                  {input, recurrent, inputBias, parameter("gru.c", 1, 3 * kWidth)}, mask);
        NodeId joined =
            concatenate(g, {maxOverRows(g, x, mask), meanOverRows(g, convolved, mask),
                            rowOfExample(g, states, -1), bag(g, parameters, bagged, items, BagMean::Mean)});
        const ParamId batchGain = parameter("batch.gain", 1, 4 * kWidth);
        const ParamId batchBias = parameter("batch.bias", 1, 4 * kWidth);
        const ParamId runningMean = parameter("batch.mean", 1, 4 * kWidth, ParamRole::Buffer);
        joined = batchNorm(g, parameters, joined,
                           {batchGain, batchBias, runningMean,
                            parameter("batch.variance", 1, 4 * kWidth, ParamRole::Buffer)});
        const NodeId mean = layer("mean", joined, kWidth);
        const NodeId logVariance = layer("log variance", joined, kWidth);
        const NodeId code = gaussianSample(g, mean, logVariance);
        const NodeId user = normaliseRows(g, subtract(g, code, scale(g, mean, 0.1)));
        scores = relateRows(g, user, gather(g, parameters, items, candidates), RowRelation::Cosine);
        finish(code, mean, logVariance, user);
    }

    void finish(NodeId code, NodeId mean, NodeId logVariance, NodeId user) {
        Graph<float>& g = *graph;
        const NodeId positive = sliceColumns(g, scores, 0, 1);
        const NodeId negative = sliceColumns(g, scores, 1, kCandidates - 1);
        const ParamId hidden = parameter("hidden", kWidth, kWidth);
        const NodeId h = activation(g, dense(g, parameters, code, hidden, {}), Activation::Sigmoid);
        const NodeId rebuilt = layer("rebuilt", h, kItems);
        const NodeId probabilities = multiply(g, softmax(g, rebuilt), logSoftmax(g, rebuilt));
        const NodeId judged = layer("judge", reverseGradient(g, user, g.scalar("reversal", 0.5F)), 1);
        const std::vector<NodeId> losses{
            pairwiseLoss(g, positive, negative),
            pointwiseCrossEntropy(g, scores, targets),
            adversarialLoss(g, judged, Verdict::Real, {.smoothing = 0.1}),
            compositePriorKl(g, {.z = code,
                                 .mean = mean,
                                 .logVariance = logVariance,
                                 .oldMean = stopGradient(g, mean),
                                 .oldLogVariance = stopGradient(g, logVariance)}),
            klBetweenGaussians(g, mean, logVariance, logVariance, mean),
            logisticLoss(g, parameters, rebuilt, bagged, {.logScale = parameter("log scale", 1, kItems)}),
            sparsityKl(g, h, 0.2),
            contractivePenalty(g, parameters, h, hidden, Activation::Sigmoid),
            sumPerExample(g, meanPerRow(g, probabilities)),
        };
        std::vector<ScalarId> weights;
        for (std::size_t n = 0; n < losses.size(); ++n)
            weights.push_back(g.scalar("weight", 0.3F));
        loss = weightedSum(g, losses, weights);
    }

    /// Example b of a batch is example `first` + b of an endless list.
    void fill(Workspace<float>& workspace, int batch, int first) const {
        workspace.setBatch(batch);
        Map<float> masks = workspace.value(mask);
        Map<float> target = workspace.value(targets);
        const std::span<std::int32_t> events = workspace.indices(history);
        const std::span<std::int32_t> shown = workspace.indices(candidates);
        workspace.sparse(bagged).clear();
        for (int b = 0; b < batch; ++b) {
            Rng rng = Rng::stream(9, "example", 0, static_cast<std::uint64_t>(first + b));
            const auto item = [&] { return static_cast<std::int32_t>(rng.below(kItems)); };
            const int length = (first + b) % 7 == 6 ? 0 : 1 + static_cast<int>(rng.below(kLength));
            for (int t = 0; t < kLength; ++t) {
                masks(b * kLength + t, 0) = t < length ? 1.0F : 0.0F;
                events[static_cast<std::size_t>(b * kLength + t)] = t < length ? item() : -1;
            }
            for (int c = 0; c < kCandidates; ++c) {
                shown[static_cast<std::size_t>(b * kCandidates + c)] = item();
                target(b, c) = c == 0 ? 1.0F : 0.0F;
            }
            std::int32_t columns[8];
            for (int c = 0; c < 8; ++c)
                columns[c] = c * 60 + static_cast<std::int32_t>(rng.below(60));
            workspace.sparse(bagged).appendRow(std::span(columns).first(length == 0 ? 0 : 8), 1.0F);
        }
    }
};

/// All that a training step leaves: the loss, every gradient, the running values.
std::vector<float> trained(const Network& network, ThreadPool* pool, int batch) {
    Workspace<float> workspace(network.graph, batch, Keep::ValuesAndGradients);
    network.fill(workspace, batch, 0);
    ParameterSet<float> parameters = network.parameters;
    Gradients<float> gradients(parameters);
    const Plan plan = network.graph->planTraining(network.loss, parameters.trained(), parameters.count());
    Step<float> step(plan, parameters, workspace, {.pool = pool, .training = true, .seed = 4, .step = 2});
    step.forward();
    step.backward(gradients);
    std::vector<float> numbers{workspace.value(network.loss)(0, 0)};
    for (std::int32_t n = 0; n < parameters.count(); ++n) {
        const ParamId id{n};
        const auto append = [&](const auto& row) {
            numbers.insert(numbers.end(), row.data(), row.data() + row.size());
        };
        if (parameters[id].role == ParamRole::Buffer)
            append(parameters[id].value.row(0));
        else if (gradients.allRows(id))
            append(static_cast<const Gradients<float>&>(gradients).value(id));
        else
            for (const std::int32_t row : gradients.touchedRows(id))
                append(static_cast<const Gradients<float>&>(gradients).value(id).row(row));
    }
    return numbers;
}

bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

bool allFinite(const std::vector<float>& numbers) {
    return std::all_of(numbers.begin(), numbers.end(), [](float number) { return std::isfinite(number); });
}

/// Scores in use, row by row.
Matrix<float> scored(const Network& network, int batch, int first) {
    Workspace<float> workspace(network.graph, batch, Keep::Values);
    network.fill(workspace, batch, first);
    const Plan plan = network.graph->planForward(std::span(&network.scores, 1));
    Step<float> step(plan, network.parameters, workspace, StepOptions{});
    step.forward();
    return workspace.value(network.scores);
}

} // namespace

class TestOperationNetwork : public QObject {
    Q_OBJECT

private slots:
    void sameBitsForAnyThreadCount() {
        const Network network;
        ThreadPool one({.threads = 1});
        ThreadPool two({.threads = 2});
        const std::vector<float> alone = trained(network, nullptr, 64);
        QVERIFY(alone.size() > 70000U);
        QVERIFY(allFinite(alone));
        QVERIFY(sameBits(alone, trained(network, &one, 64)));
        QVERIFY(sameBits(alone, trained(network, &two, 64)));
    }

    void aBatchOfOneTrains() {
        const Network network;
        QVERIFY(allFinite(trained(network, nullptr, 1)));
    }

    void anExampleScoresTheSameAloneAndInABatch() {
        const Network network;
        const Matrix<float> together = scored(network, 9, 0);
        QVERIFY(together.allFinite());
        QVERIFY(together.cwiseAbs().maxCoeff() > 0.05F);
        for (int example = 0; example < 9; ++example) {
            const Matrix<float> alone = scored(network, 1, example);
            QVERIFY2(alone.row(0) == together.row(example), qPrintable(QString::number(example)));
        }
    }

    void aSteadyStepAllocatesNothing() {
        if (!test::canCountAllocations()) QSKIP("A sanitizer brings its own allocator.");
        Network network;
        ThreadPool pool({.threads = 2});
        constexpr int batch = 32;
        Workspace<float> workspace(network.graph, batch, Keep::ValuesAndGradients);
        Gradients<float> gradients(network.parameters);
        const Plan plan = network.graph->planTraining(network.loss, network.parameters.trained(),
                                                      network.parameters.count());
        network.fill(workspace, batch, 0);
        const auto run = [&](int step) {
            Step<float> pass(
                plan, network.parameters, workspace,
                {.pool = &pool, .training = true, .seed = 4, .step = static_cast<std::uint64_t>(step)});
            pass.forward();
            pass.backward(gradients);
        };
        const std::int64_t start = test::allocationCount();
        run(0);
        QVERIFY(test::allocationCount() > start); // the memory that grows at first use: counting works
        run(1);
        const std::int64_t before = test::allocationCount();
        for (int step = 2; step < 7; ++step)
            run(step);
        QCOMPARE(test::allocationCount() - before, std::int64_t{0});
    }
};

QTEST_APPLESS_MAIN(TestOperationNetwork)
#include "tst_operation_network.moc"
