// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/biased_sgd.h"

#include "engine/linalg/simd.h"

#include <cmath>

namespace recoscope {

namespace {

using simd::at;
using simd::Float16;
using simd::kLanes;

constexpr std::size_t kAhead = 6; // ratings whose rows are asked for in advance

/// The pass for rows of Vectors x 16 floats, held in registers; 0: any length, by memory.
template <int Vectors, bool adaGrad>
double pass(std::span<const GridRating> ratings, const SgdStep& step, BiasedFactors& f) {
    const std::int64_t vectors = Vectors > 0 ? Vectors : f.users.cols() / kLanes;
    const std::int64_t stride = vectors * kLanes;
    float* const P = f.users.data();
    float* const Q = f.items.data();
    float* const userBias = f.userBias.data();
    float* const itemBias = f.itemBias.data();
    const float perFactor = 1.0f / static_cast<float>(stride);
    double squares = 0.0;
    for (std::size_t n = 0; n < ratings.size(); ++n) {
        if (n + kAhead < ratings.size()) {
            const GridRating& next = ratings[n + kAhead];
            const float* nextP = P + next.user * stride;
            const float* nextQ = Q + next.item * stride;
            for (std::int64_t v = 0; v < vectors; ++v) {
                __builtin_prefetch(nextP + v * kLanes);
                __builtin_prefetch(nextQ + v * kLanes);
            }
        }
        const GridRating& rating = ratings[n];
        float* const __restrict p = P + rating.user * stride;
        float* const __restrict q = Q + rating.item * stride;
        float& bu = userBias[rating.user];
        float& bi = itemBias[rating.item];

        Float16 product{};
        for (std::int64_t v = 0; v < vectors; ++v)
            product += at(p + v * kLanes) * at(q + v * kLanes);
        const float e = rating.value - (f.mean + bu + bi + simd::sum(product));
        squares += static_cast<double>(e) * static_cast<double>(e);

        bu += step.biasRate * (e - step.biasReg * bu);
        bi += step.biasRate * (e - step.biasReg * bi);
        if constexpr (adaGrad) {
            float& userSquares = f.userSquares[rating.user];
            float& itemSquares = f.itemSquares[rating.item];
            const float rateP = step.rate / std::sqrt(userSquares);
            const float rateQ = step.rate / std::sqrt(itemSquares);
            Float16 sumP{};
            Float16 sumQ{};
            for (std::int64_t v = 0; v < vectors; ++v) {
                const Float16 pv = at(p + v * kLanes);
                const Float16 qv = at(q + v * kLanes);
                const Float16 gp = e * qv - step.reg * pv;
                const Float16 gq = e * pv - step.reg * qv;
                sumP += gp * gp;
                sumQ += gq * gq;
                at(p + v * kLanes) = pv + rateP * gp;
                at(q + v * kLanes) = qv + rateQ * gq;
            }
            userSquares += perFactor * simd::sum(sumP);
            itemSquares += perFactor * simd::sum(sumQ);
        } else {
            // p + rate (e q − reg p) = keep p + push q
            const float push = step.rate * e;
            const float keep = 1.0f - step.rate * step.reg;
            for (std::int64_t v = 0; v < vectors; ++v) {
                const Float16 pv = at(p + v * kLanes);
                const Float16 qv = at(q + v * kLanes);
                at(p + v * kLanes) = keep * pv + push * qv;
                at(q + v * kLanes) = keep * qv + push * pv;
            }
        }
    }
    return squares;
}

template <bool adaGrad>
double passOfLength(std::span<const GridRating> ratings, const SgdStep& step, BiasedFactors& f) {
    switch (f.users.cols() / kLanes) {
    case 1:
        return pass<1, adaGrad>(ratings, step, f);
    case 2:
        return pass<2, adaGrad>(ratings, step, f);
    case 3:
        return pass<3, adaGrad>(ratings, step, f);
    case 4:
        return pass<4, adaGrad>(ratings, step, f);
    case 7:
        return pass<7, adaGrad>(ratings, step, f);
    case 8:
        return pass<8, adaGrad>(ratings, step, f);
    default:
        return pass<0, adaGrad>(ratings, step, f);
    }
}

} // namespace

double sgdPass(std::span<const GridRating> ratings, const SgdStep& step, BiasedFactors& factors) {
    return step.adaGrad ? passOfLength<true>(ratings, step, factors)
                        : passOfLength<false>(ratings, step, factors);
}

} // namespace recoscope
