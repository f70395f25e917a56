// SPDX-License-Identifier: GPL-3.0-or-later
// Every operation and loss against finite differences, in double: one row of the table each.
#include "engine/nn/losses/reconstruction.h"
#include "engine/nn/ops/activation.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/gaussian.h"

#include "tests/engine/nn/cases.h"

#include <QTest>

using namespace recoscope;
using namespace recoscope::nn;
using test::GradientBench;
using test::GradientCase;

namespace {

std::vector<GradientCase> coreCases() {
    std::vector<GradientCase> cases{
        {"dense",
         [](GradientBench& b) {
             return dense(*b.graph, b.parameters, b.input(4), b.parameter("w", 4, 5), b.parameter("b", 1, 5));
         }},
        {"dense, no bias, weight by output",
         [](GradientBench& b) {
             return dense(*b.graph, b.parameters, b.input(4), b.parameter("w", 5, 4), {},
                          WeightLayout::OutputByInput);
         }},
        {"dense, several rows an example",
         [](GradientBench& b) {
             return dense(*b.graph, b.parameters, b.input(4, 2), b.parameter("w", 4, 3),
                          b.parameter("b", 1, 3));
         }},
        {"sparse dense",
         [](GradientBench& b) {
             return sparseDense(*b.graph, b.parameters, b.sparse(9), b.parameter("w", 9, 5),
                                b.parameter("b", 1, 5));
         }},
        {"sparse dense, an empty row",
         [](GradientBench& b) {
             return sparseDense(*b.graph, b.parameters, b.sparse(9, 0.5, false, true), b.parameter("w", 9, 5),
                                {});
         }},
        {"sparse dense behind normalisation and dropout",
         [](GradientBench& b) {
             const SparseId x = b.graph->transform(b.sparse(9, 0.7), {.normalise = true, .dropout = 0.4});
             return sparseDense(*b.graph, b.parameters, x, b.parameter("w", 9, 5), b.parameter("b", 1, 5));
         }},
        {"tied weights: sparse in, dense out",
         [](GradientBench& b) {
             const ParamId w = b.parameter("w", 9, 4);
             const NodeId h = activation(*b.graph, sparseDense(*b.graph, b.parameters, b.sparse(9), w, {}),
                                         Activation::Tanh);
             return dense(*b.graph, b.parameters, h, w, b.parameter("c", 1, 9), WeightLayout::OutputByInput);
         }},
        {"dropout", [](GradientBench& b) { return dropout(*b.graph, b.input(6), 0.4); }},
        {"dropout in use", [](GradientBench& b) { return dropout(*b.graph, b.input(6), 0.4); }, false},
        {"gaussian sample",
         [](GradientBench& b) { return gaussianSample(*b.graph, b.input(4), b.input(4)); }},
        {"gaussian sample in use",
         [](GradientBench& b) { return gaussianSample(*b.graph, b.input(4), b.input(4)); }, false},
        {"KL to standard normal",
         [](GradientBench& b) { return klToStandardNormal(*b.graph, b.input(4), b.input(4)); }},
        {"observed squared error",
         [](GradientBench& b) {
             return observedSquaredError(*b.graph, b.parameters, b.input(4), b.parameter("w", 7, 4),
                                         b.parameter("c", 1, 7), b.sparse(7, 0.5, false, true));
         }},
        {"weighted sum",
         [](GradientBench& b) {
             const NodeId x = b.input(3);
             const NodeId lv = b.input(3);
             return weightedSum(*b.graph,
                                {klToStandardNormal(*b.graph, x, lv), klToStandardNormal(*b.graph, lv, x)},
                                {b.scalar(0.3), b.scalar(-2.0)});
         }},
    };
    for (const auto& [function, choice] : activationChoices())
        cases.push_back({"activation " + choice.key, [function = function](GradientBench& b) {
                             return activation(*b.graph, b.input(6, 1, 1.5), function);
                         }});
    const std::pair<const char*, ReconstructionLoss> losses[] = {
        {"multinomial", ReconstructionLoss::Multinomial},
        {"cross-entropy", ReconstructionLoss::CrossEntropy},
        {"squared error", ReconstructionLoss::SquaredError},
        {"Gaussian", ReconstructionLoss::Gaussian}};
    for (const auto& [name, loss] : losses)
        for (const double weight : {1.0, 3.0})
            cases.push_back({std::string(name) + ", positive weight " + std::to_string(weight),
                             [loss = loss, weight](GradientBench& b) {
                                 const NodeId y = b.input(7);
                                 return reconstructionLoss(*b.graph, y, b.sparse(7, 0.5, false, true),
                                                           {.loss = loss, .positiveWeight = weight});
                             }});
    return cases;
}

std::vector<GradientCase> allCases() {
    std::vector<GradientCase> cases = coreCases();
    for (auto family : {test::normalisationCases, test::elementwiseCases, test::lossCases,
                        test::embeddingCases, test::sequenceCases})
        for (GradientCase& gradientCase : family())
            cases.push_back(std::move(gradientCase));
    return cases;
}

} // namespace

class TestGradients : public QObject {
    Q_OBJECT

private slots:
    void backwardEqualsFiniteDifferences_data() {
        QTest::addColumn<int>("index");
        const auto cases = allCases();
        for (std::size_t n = 0; n < cases.size(); ++n)
            QTest::newRow(cases[n].name.c_str()) << static_cast<int>(n);
    }
    void backwardEqualsFiniteDifferences() {
        QFETCH(int, index);
        std::string place;
        const double error = test::worstGradientError(allCases()[static_cast<std::size_t>(index)], place);
        // A wrong sign gives 1, a factor of 2 gives 0.33.
        QVERIFY2(error < 1e-6, (place + ", error " + std::to_string(error)).c_str());
    }
};

QTEST_APPLESS_MAIN(TestGradients)
#include "tst_gradients.moc"
