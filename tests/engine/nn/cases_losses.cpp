// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/adversarial.h"
#include "engine/nn/losses/distribution.h"
#include "engine/nn/losses/penalty.h"
#include "engine/nn/ops/gaussian.h"

#include "tests/engine/nn/cases.h"

namespace recoscope::test {

using namespace recoscope::nn;

namespace {

NodeId weightsNode(GradientBench& b) {
    return constantNode(b, 1, 1, [](int row, int /*col*/) { return 0.5 + row; });
}

CompositePriorInputs priorInputs(GradientBench& b, int cols, bool weighted) {
    CompositePriorInputs in{.z = b.input(cols, 1, 1.5),
                            .mean = b.input(cols),
                            .logVariance = b.input(cols, 1, 0.5),
                            .oldMean = b.input(cols),
                            .oldLogVariance = b.input(cols, 1, 0.5)};
    if (weighted) in.weights = weightsNode(b);
    return in;
}

} // namespace

std::vector<GradientCase> lossCases() {
    std::vector<GradientCase> cases;
    const std::pair<const char*, AdversarialLoss> losses[] = {
        {"cross-entropy", AdversarialLoss::CrossEntropy},
        {"least squares", AdversarialLoss::LeastSquares},
        {"Wasserstein", AdversarialLoss::Wasserstein}};
    for (const auto& [name, loss] : losses)
        for (const Verdict wanted : {Verdict::Fake, Verdict::Real})
            for (const double smoothing : {0.0, 0.1})
                cases.push_back({std::string("adversarial ") + name +
                                     (wanted == Verdict::Real ? ", real" : ", fake") +
                                     (smoothing > 0.0 ? ", smoothed" : ""),
                                 [loss = loss, wanted, smoothing](GradientBench& b) {
                                     return adversarialLoss(*b.graph, b.input(1, 1, 2.0), wanted,
                                                            {.loss = loss, .smoothing = smoothing});
                                 }});
    const auto logistic = [&](const std::string& name, int items, int scales, int batch) {
        cases.push_back({"logistic, " + name,
                         [=](GradientBench& b) {
                             LogisticOptions options{.scale = 0.7};
                             if (scales > 0) options.logScale = b.parameter("log scale", 1, scales, 0.3);
                             const NodeId y = b.input(items, 1, 1.3);
                             return logisticLoss(*b.graph, b.parameters, y,
                                                 b.sparse(items, 0.4, false, batch > 1), options);
                         },
                         true, batch});
    };
    logistic("fixed scale", 37, 0, 3);
    logistic("one learned scale", 7, 1, 3);
    logistic("a scale an item", 7, 7, 3);
    logistic("one item, batch of one", 1, 1, 1);
    for (const bool weighted : {false, true}) {
        const std::string name = weighted ? ", weighted" : "";
        cases.push_back({"KL between Gaussians" + name, [weighted](GradientBench& b) {
                             const NodeId m = b.input(4);
                             const NodeId lv = b.input(4);
                             const NodeId otherM = b.input(4);
                             const NodeId otherLv = b.input(4);
                             return klBetweenGaussians(*b.graph, m, lv, otherM, otherLv,
                                                       weighted ? std::optional(weightsNode(b))
                                                                : std::nullopt);
                         }});
        cases.push_back({"composite prior" + name, [weighted](GradientBench& b) {
                             return compositePriorKl(*b.graph, priorInputs(b, 5, weighted));
                         }});
    }
    cases.push_back({"composite prior, one number, batch of one",
                     [](GradientBench& b) { return compositePriorKl(*b.graph, priorInputs(b, 1, false)); },
                     true, 1});
    cases.push_back({"composite prior behind a sample", [](GradientBench& b) {
                         CompositePriorInputs in = priorInputs(b, 3, true);
                         in.z = gaussianSample(*b.graph, in.mean, in.logVariance);
                         return compositePriorKl(*b.graph, in);
                     }});
    for (const int batch : {1, 4})
        for (const int units : {1, 37})
            cases.push_back({"sparsity, batch " + std::to_string(batch) + ", units " + std::to_string(units),
                             [units](GradientBench& b) {
                                 const NodeId h = activation(*b.graph, b.input(units), Activation::Sigmoid);
                                 return sparsityKl(*b.graph, h, 0.1);
                             },
                             true, batch});
    for (const auto f : {Activation::Sigmoid, Activation::Tanh})
        for (const auto layout : {WeightLayout::InputByOutput, WeightLayout::OutputByInput}) {
            const bool byOutput = layout == WeightLayout::OutputByInput;
            cases.push_back({std::string("contractive, ") + (f == Activation::Sigmoid ? "sigmoid" : "tanh") +
                                 (byOutput ? ", weight by output" : ""),
                             [=](GradientBench& b) {
                                 const ParamId w = byOutput ? b.parameter("w", 5, 4) : b.parameter("w", 4, 5);
                                 const NodeId a = dense(*b.graph, b.parameters, b.input(4), w,
                                                        b.parameter("b", 1, 5), layout);
                                 return contractivePenalty(*b.graph, b.parameters, activation(*b.graph, a, f),
                                                           w, f, layout);
                             }});
        }
    return cases;
}

} // namespace recoscope::test
