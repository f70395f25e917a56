// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/graph.h"

namespace recoscope::nn {

/// y_bt = E[index_bt], as many rows an example as the index list has. E: rows x d. An index of −1 is padding:
/// a row of zeros, without gradient. Only rows that occur get a gradient. O(indices · d).
template <class S>
NodeId gather(Graph<S>& graph, const ParameterSet<S>& parameters, ParamId table, IndexId indices);

enum class BagMean {
    Sum,  // Σ_n x_n E_n
    Mean, // Σ_n x_n E_n / Σ_n |x_n|; a row without values, or of zeros alone, gives 0
};

/// The rows of E that a sparse batch names, its values as weights: rows x d. E: columns of x by d, only rows
/// that occur get a gradient. O(values of the batch · d).
template <class S>
NodeId bag(Graph<S>& graph, const ParameterSet<S>& parameters, SparseId x, ParamId table, BagMean mean);

/// y_bt = x_bt + P_t: a learned vector for each position. x: T rows an example, d wide; P: at least T x d.
template <class S>
NodeId addPositions(Graph<S>& graph, const ParameterSet<S>& parameters, NodeId x, ParamId positions);

} // namespace recoscope::nn
