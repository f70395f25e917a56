// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/nn/parameter.h"

#include <span>
#include <utility>
#include <vector>

namespace recoscope {
class ThreadPool;
}

namespace recoscope::nn {

/// How gradients are kept from growing too large:
///
///     Norm   all of them times min(1, limit / |g|), with |g| the Euclidean norm over all numbers of all
///     parameters Value  each number cut off at ±limit
///
/// Pascanu, Mikolov & Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
/// algorithm 1. Differs from the paper: nothing.
enum class GradientClipKind { None, Norm, Value };

struct GradientClipOptions {
    GradientClipKind kind = GradientClipKind::None;
    double limit = 5.0; // positive
    bool operator==(const GradientClipOptions&) const = default;
};

/// Changes the valid rows of these parameters' gradients and returns their norm before, also with None. A
/// norm that is not finite is returned, and then Norm changes nothing; Value keeps NaN. Rows are shared out
/// to `pool` (may be null); same bits for any thread count; no allocation.
template <class S>
double clipGradients(Gradients<S>& gradients, std::span<const ParamId> which,
                     const GradientClipOptions& options, ThreadPool* pool);

/// Sum of squares over the valid rows, in double; 0 where nothing is valid. As above.
template <class S>
double squaredNorm(const Gradients<S>& gradients, ParamId id, ThreadPool* pool);

/// For parameter forms. Keys are stable.
std::vector<std::pair<GradientClipKind, ParamChoice>> gradientClipChoices();

extern template double clipGradients<float>(Gradients<float>&, std::span<const ParamId>,
                                            const GradientClipOptions&, ThreadPool*);
extern template double clipGradients<double>(Gradients<double>&, std::span<const ParamId>,
                                             const GradientClipOptions&, ThreadPool*);
extern template double squaredNorm<float>(const Gradients<float>&, ParamId, ThreadPool*);
extern template double squaredNorm<double>(const Gradients<double>&, ParamId, ThreadPool*);

} // namespace recoscope::nn
