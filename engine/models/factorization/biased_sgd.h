// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/models/factorization/rating_grid.h"

#include <span>

namespace recoscope {

/// What stochastic gradient descent changes. Rows in grid order; columns from d on are zero and stay so.
struct BiasedFactors {
    float mean = 0.0f; // mu
    MatrixF users;     // P: users x stride
    MatrixF items;     // Q: items x stride
    VectorF userBias;  // b_u
    VectorF itemBias;  // b_i
    VectorF
        userSquares; // sum of squared gradients (mean over the row's factors), from 1; only AdaGrad moves it
    VectorF itemSquares;
};

struct SgdStep {
    float rate = 0.005f;
    float biasRate = 0.005f;
    float reg = 0.02f;
    float biasReg = 0.02f;
    bool adaGrad = false; // rate / sqrt(squares) for factors, one for each row (Chin et al., PAKDD 2015)
};

/// One step for each rating, in order:
///   e = r − (mu + b_u + b_i + p·q)
///   b_u += biasRate (e − biasReg b_u),  b_i likewise
///   p += rate_p (e q − reg p),  q += rate_q (e p − reg q), both from the old values
/// Returns Σ e², each error taken just before its step. Touches only rows of the given ratings.
double sgdPass(std::span<const GridRating> ratings, const SgdStep& step, BiasedFactors& factors);

} // namespace recoscope
