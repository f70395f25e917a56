// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/engine/nn/gradient_check.h"

namespace recoscope::test {

// Rows of the gradient table, by family of operations.
std::vector<GradientCase> normalisationCases();
std::vector<GradientCase> elementwiseCases();
std::vector<GradientCase> lossCases();
std::vector<GradientCase> embeddingCases();
std::vector<GradientCase> sequenceCases();

/// A node without gradient whose rows hold number(row, column): masks and weights of the cases.
nn::NodeId constantNode(GradientBench& bench, int cols, int rowsPerExample,
                        std::function<double(int row, int col)> number);

} // namespace recoscope::test
