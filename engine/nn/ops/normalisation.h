// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// y = gain ⊙ (x − m) / √(v + ε) + bias with m, v the mean and (biased) variance of the row. x: rows x d;
/// gain and bias: 1 x d. O(rows · d). Ba, Kiros & Hinton, "Layer normalization", 2016 (equation 4).
template <class S>
NodeId layerNorm(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId gain, ParamId bias,
                 double epsilon = 1e-5);

/// Parameters of a batch normalisation, each 1 x d. The running ones are buffers: 0 and 1 at first.
struct BatchNormParameters {
    ParamId gain{};
    ParamId bias{};
    ParamId runningMean{};
    ParamId runningVariance{};
};

struct BatchNormOptions {
    double epsilon = 1e-5;
    double momentum = 0.1; // running += momentum · (of this batch − running)
};

/// y = gain ⊙ (x − m) / √(v + ε) + bias. In training m and v are each column's mean and biased variance over
/// all rows of the batch, and the running ones follow (the variance unbiased); in use they are the running
/// ones. x: rows x d. O(rows · d). Ioffe & Szegedy, ICML 2015 (algorithms 1 and 2). Differs from the paper:
/// running values are exponential averages; a batch of a single row, whose variance says nothing, is
/// normalised by the running values, which stay.
template <class S>
NodeId batchNorm(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, const BatchNormParameters& ids,
                 const BatchNormOptions& options = {});

/// y = x / ‖x‖ by row; a row shorter than 1e-12 becomes 0, and passes no gradient.
template <class S>
NodeId normaliseRows(Graph<S>& graph, NodeId x);

} // namespace recoscope::nn
