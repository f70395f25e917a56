// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/rows.h"

#include "tests/engine/nn/cases.h"

namespace recoscope::test {

using namespace recoscope::nn;

std::vector<GradientCase> elementwiseCases() {
    return {
        {"add", [](GradientBench& b) { return add(*b.graph, b.input(4), b.input(4)); }},
        {"add to itself",
         [](GradientBench& b) {
             const NodeId x = b.input(4);
             return add(*b.graph, x, x);
         }},
        {"subtract", [](GradientBench& b) { return subtract(*b.graph, b.input(4), b.input(4)); }},
        {"multiply", [](GradientBench& b) { return multiply(*b.graph, b.input(4, 2), b.input(4, 2)); }},
        {"square",
         [](GradientBench& b) {
             const NodeId x = b.input(1);
             return multiply(*b.graph, x, x);
         }},
        {"scale", [](GradientBench& b) { return scale(*b.graph, b.input(4), -1.7); }},
        {"scale by a scalar",
         [](GradientBench& b) {
             const ScalarId factor = b.scalar(0.6);
             return scale(*b.graph, b.input(4), factor);
         }},
        {"add row",
         [](GradientBench& b) {
             return addRow(*b.graph, b.parameters, b.input(37), b.parameter("r", 1, 37));
         }},
        {"add row, batch of one",
         [](GradientBench& b) { return addRow(*b.graph, b.parameters, b.input(1), b.parameter("r", 1, 1)); },
         true, 1},
        {"add to example",
         [](GradientBench& b) { return addToExample(*b.graph, b.input(4, 3), b.input(4)); }},
        {"multiply rows",
         [](GradientBench& b) { return multiplyRows(*b.graph, b.input(4, 3), b.input(1, 3)); }},
        {"concatenate",
         [](GradientBench& b) {
             const NodeId x = b.input(3);
             return concatenate(*b.graph, {x, b.input(1), b.input(5), x});
         }},
        {"concatenate one", [](GradientBench& b) { return concatenate(*b.graph, {b.input(3, 2)}); }, true, 1},
        {"slice", [](GradientBench& b) { return sliceColumns(*b.graph, b.input(5, 2), 1, 3); }},
        {"slices of one node",
         [](GradientBench& b) {
             const NodeId x = b.input(5);
             return multiply(*b.graph, sliceColumns(*b.graph, x, 0, 3), sliceColumns(*b.graph, x, 2, 3));
         }},
        {"reshape",
         [](GradientBench& b) {
             return softmax(*b.graph, reshape(*b.graph, b.input(3, 4), {2, 6}));
         }},
        {"softmax", [](GradientBench& b) { return softmax(*b.graph, b.input(6)); }},
        {"softmax, wide", [](GradientBench& b) { return softmax(*b.graph, b.input(37, 1, 2.0)); }, true, 1},
        {"softmax, one column", [](GradientBench& b) { return softmax(*b.graph, b.input(1)); }},
        {"log softmax", [](GradientBench& b) { return logSoftmax(*b.graph, b.input(6)); }},
        {"log softmax, wide", [](GradientBench& b) { return logSoftmax(*b.graph, b.input(37, 2)); }},
        {"log softmax, one column", [](GradientBench& b) { return logSoftmax(*b.graph, b.input(1)); }},
        {"sum per row", [](GradientBench& b) { return sumPerRow(*b.graph, b.input(5, 2)); }},
        {"mean per row", [](GradientBench& b) { return meanPerRow(*b.graph, b.input(37)); }},
        {"sum per example", [](GradientBench& b) { return sumPerExample(*b.graph, b.input(5, 2)); }},
    };
}

} // namespace recoscope::test
