// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

#include <functional>
#include <string>
#include <vector>

namespace recoscope::test {

/// What a case is built from: a graph in double with parameters and inputs filled with fixed random numbers.
struct GradientBench {
    std::shared_ptr<nn::Graph<double>> graph = std::make_shared<nn::Graph<double>>();
    nn::ParameterSet<double> parameters;
    std::int32_t batch = 3;
    bool training = true;

    /// Normal numbers times `spread`, plus `shift`.
    nn::ParamId parameter(const std::string& name, int rows, int cols, double spread = 0.7,
                          double shift = 0.0);
    nn::NodeId input(int cols, int rowsPerExample = 1, double spread = 1.0, double shift = 0.0);
    /// Each row holds about `share` of the columns; row 1 is empty when `withEmptyRow`.
    nn::SparseId sparse(int cols, double share = 0.5, bool ones = false, bool withEmptyRow = false);
    /// Random indices below `bound`; repeated ones occur.
    nn::IndexId indices(int perExample, int bound);
    nn::ScalarId scalar(double value);

    struct Input {
        nn::NodeId node;
        double spread;
        double shift;
    };
    struct SparseInput {
        nn::SparseId id;
        double share;
        bool ones;
        bool withEmptyRow;
    };
    struct Indices {
        nn::IndexId id;
        int bound;
    };
    std::vector<Input> inputs;
    std::vector<SparseInput> sparseInputs;
    std::vector<Indices> indexInputs;
};

/// One row of the table: an operation or loss to check. `build` returns the node to differentiate; where that
/// is not one number, a fixed random combination of its numbers is.
struct GradientCase {
    std::string name;
    std::function<nn::NodeId(GradientBench&)> build;
    bool training = true;
    int batch = 3;
};

/// The largest |analytic − numeric| / (1e-3 + |analytic| + |numeric|) over every number of every parameter
/// and dense input, by central differences; `place` says where. Also checks that adding to gradients works:
/// the node is used twice.
double worstGradientError(const GradientCase& gradientCase, std::string& place);

} // namespace recoscope::test
