// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/pairwise.h"
#include "engine/nn/ops/activation.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/embedding.h"
#include "engine/nn/ops/heads.h"

#include "tests/engine/nn/cases.h"

namespace recoscope::test {

using namespace recoscope::nn;

namespace {

NodeId weightsNode(GradientBench& b, int cols) {
    return constantNode(b, cols, 1, [](int row, int col) { return 0.5 * (row + 1) + 0.3 * col; });
}

void addHeadCases(std::vector<GradientCase>& cases) {
    const std::pair<const char*, RowRelation> relations[] = {
        {"dot", RowRelation::Dot},
        {"cosine", RowRelation::Cosine},
        {"squared distance", RowRelation::SquaredDistance},
        {"distance", RowRelation::Distance}};
    for (const auto& [name, relation] : relations) {
        const auto row = [&, relation = relation](const std::string& what, int cols, int one, int many,
                                                  int batch) {
            cases.push_back({std::string("rows by ") + name + ", " + what,
                             [=](GradientBench& b) {
                                 // Small numbers: the differences of a large sum are known less well.
                                 const NodeId a = b.input(cols, one, 0.5);
                                 return relateRows(*b.graph, a, b.input(cols, many, 0.5), relation);
                             },
                             true, batch});
        };
        row("pairs", 5, 1, 1, 3);
        row("one to many", 19, 1, 4, 2);
        row("two rows an example", 3, 2, 6, 2);
        row("one column, batch of one", 1, 1, 1, 1);
        cases.push_back({std::string("rows by ") + name + ", a node with what came of it",
                         [relation = relation](GradientBench& b) {
                             const NodeId x = b.input(4);
                             return relateRows(*b.graph, x, activation(*b.graph, x, Activation::Tanh),
                                               relation);
                         }});
    }
}

void addPairwiseCases(std::vector<GradientCase>& cases) {
    for (const auto loss : {PairwiseLoss::Bpr, PairwiseLoss::Hinge})
        for (const int negatives : {1, 3})
            for (const int weights : {0, 1, 3})
                for (const auto averaging : {Averaging::Terms, Averaging::Weights}) {
                    if (weights > negatives) continue;
                    cases.push_back(
                        {std::string(loss == PairwiseLoss::Bpr ? "BPR" : "hinge") + ", negatives " +
                             std::to_string(negatives) + ", weights a row " + std::to_string(weights) +
                             (averaging == Averaging::Weights ? ", over weights" : ""),
                         [=](GradientBench& b) {
                             const NodeId positive = b.input(1);
                             const NodeId negative = b.input(negatives);
                             std::optional<NodeId> w;
                             if (weights > 0) w = weightsNode(b, weights);
                             return pairwiseLoss(*b.graph, positive, negative, {.loss = loss}, w, averaging);
                         }});
                }
    for (const bool weighted : {false, true})
        cases.push_back({std::string("pointwise cross-entropy") + (weighted ? ", weighted" : ""),
                         [weighted](GradientBench& b) {
                             const NodeId targets = constantNode(
                                 b, 4, 1, [](int row, int col) { return (row + col) % 3 == 0 ? 1.0 : 0.0; });
                             std::optional<NodeId> w;
                             if (weighted) w = weightsNode(b, 1);
                             return pointwiseCrossEntropy(*b.graph, b.input(4, 1, 2.0), targets, w,
                                                          weighted ? Averaging::Weights : Averaging::Terms);
                         }});
}

} // namespace

std::vector<GradientCase> embeddingCases() {
    std::vector<GradientCase> cases{
        {"gather",
         [](GradientBench& b) {
             const ParamId table = b.parameter("table", 6, 4);
             return gather(*b.graph, b.parameters, table, b.indices(3, 4));
         }},
        {"gather, one row of one column",
         [](GradientBench& b) {
             const ParamId table = b.parameter("table", 1, 1);
             return gather(*b.graph, b.parameters, table, b.indices(1, 1));
         },
         true, 1},
        {"gather, wider than a chunk",
         [](GradientBench& b) {
             const ParamId table = b.parameter("table", 5, 37);
             return gather(*b.graph, b.parameters, table, b.indices(2, 5));
         }},
        {"gather twice from one table, which a dense layer uses too",
         [](GradientBench& b) {
             const ParamId table = b.parameter("table", 6, 4);
             const NodeId first = gather(*b.graph, b.parameters, table, b.indices(1, 6));
             const NodeId second = gather(*b.graph, b.parameters, table, b.indices(2, 6));
             return dense(*b.graph, b.parameters, relateRows(*b.graph, first, second, RowRelation::Dot),
                          b.parameter("w", 2, 6), {});
         }},
        {"tied: gather in, all rows out",
         [](GradientBench& b) {
             const ParamId table = b.parameter("table", 6, 4);
             return dense(*b.graph, b.parameters, gather(*b.graph, b.parameters, table, b.indices(2, 6)),
                          table, {}, WeightLayout::OutputByInput);
         }},
        {"add positions",
         [](GradientBench& b) {
             const NodeId x = b.input(4, 3);
             return addPositions(*b.graph, b.parameters, x, b.parameter("p", 5, 4));
         }},
        {"add positions, one row",
         [](GradientBench& b) {
             const NodeId x = b.input(1, 1);
             return addPositions(*b.graph, b.parameters, x, b.parameter("p", 1, 1));
         },
         true, 1},
    };
    for (const auto mean : {BagMean::Sum, BagMean::Mean})
        for (const int batch : {1, 3})
            cases.push_back({std::string(mean == BagMean::Sum ? "bag sum" : "bag mean") + ", batch " +
                                 std::to_string(batch),
                             [mean](GradientBench& b) {
                                 const ParamId table = b.parameter("table", 7, 4);
                                 return bag(*b.graph, b.parameters, b.sparse(7, 0.5, false, true), table,
                                            mean);
                             },
                             true, batch});
    addHeadCases(cases);
    addPairwiseCases(cases);
    return cases;
}

} // namespace recoscope::test
