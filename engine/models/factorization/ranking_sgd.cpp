// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/ranking_sgd.h"

#include "engine/linalg/simd.h"

#include <cmath>

namespace recoscope {

namespace {

using simd::at;
using simd::Float16;
using simd::kLanes;

constexpr std::size_t kAhead = 4; // pairs whose rows are asked for in advance
struct Logistic {
    float loss;  // log(1 + e^−x)
    float slope; // 1 / (1 + e^x)
};

Logistic logistic(float x) {
    const float e = std::exp(-std::abs(x));
    return {std::max(-x, 0.0f) + std::log1p(e), (x > 0.0f ? e : 1.0f) / (1.0f + e)};
}

/// The pass for rows of Vectors x 16 floats; 0: any length.
template <int Vectors, bool adaGrad>
class Pass {
public:
    Pass(const RankingStep& step, RankingFactors& factors)
        : m_step(step)
        , m_f(factors)
        , m_vectors(Vectors > 0 ? Vectors : factors.users.cols() / kLanes)
        , m_stride((Vectors > 0 ? Vectors : factors.users.cols() / kLanes) * kLanes) {}

    void prefetch(const ChosenPair& pair) const {
        const float* p = m_f.users.data() + toInt(pair.user) * m_stride;
        const float* q = m_f.items.data() + toInt(pair.item) * m_stride;
        for (std::int64_t v = 0; v < m_vectors; ++v) {
            __builtin_prefetch(p + v * kLanes);
            __builtin_prefetch(q + v * kLanes);
        }
    }

    float score(UserIndex user, ItemIndex item) const {
        const float* p = m_f.users.data() + toInt(user) * m_stride;
        const float* q = m_f.items.data() + toInt(item) * m_stride;
        Float16 product{};
        for (std::int64_t v = 0; v < m_vectors; ++v)
            product += at(p + v * kLanes) * at(q + v * kLanes);
        return simd::sum(product) + m_f.itemBias[toInt(item)];
    }

    /// Along g (s_ui − s_uj).
    void pairStep(UserIndex user, ItemIndex chosen, ItemIndex other, float g) {
        float* const __restrict p = m_f.users.data() + toInt(user) * m_stride;
        float* const __restrict qi = m_f.items.data() + toInt(chosen) * m_stride;
        float* const __restrict qj = m_f.items.data() + toInt(other) * m_stride;
        float rateP = m_step.rate;
        float rateI = m_step.rate;
        float rateJ = m_step.rate;
        if constexpr (adaGrad) {
            rateP /= std::sqrt(m_f.userSquares[toInt(user)]);
            rateI /= std::sqrt(m_f.itemSquares[toInt(chosen)]);
            rateJ /= std::sqrt(m_f.itemSquares[toInt(other)]);
        }
        Float16 sumP{};
        Float16 sumI{};
        Float16 sumJ{};
        for (std::int64_t v = 0; v < m_vectors * kLanes; v += kLanes) {
            const Float16 pv = at(p + v);
            const Float16 iv = at(qi + v);
            const Float16 jv = at(qj + v);
            const Float16 push = g * pv;
            const Float16 gp = g * (iv - jv) - m_step.regUser * pv;
            const Float16 gi = push - m_step.regPositive * iv;
            const Float16 gj = -push - m_step.regNegative * jv;
            if constexpr (adaGrad) {
                sumP += gp * gp;
                sumI += gi * gi;
                sumJ += gj * gj;
            }
            at(p + v) = pv + rateP * gp;
            at(qi + v) = iv + rateI * gi;
            at(qj + v) = jv + rateJ * gj;
        }
        if constexpr (adaGrad) {
            const float per = 1.0f / static_cast<float>(m_stride);
            m_f.userSquares[toInt(user)] += per * simd::sum(sumP);
            m_f.itemSquares[toInt(chosen)] += per * simd::sum(sumI);
            m_f.itemSquares[toInt(other)] += per * simd::sum(sumJ);
        }
        biasStep(chosen, g);
        biasStep(other, -g);
    }

    /// Along g s_ui.
    void pointStep(UserIndex user, ItemIndex item, float g, float regItem) {
        float* const __restrict p = m_f.users.data() + toInt(user) * m_stride;
        float* const __restrict q = m_f.items.data() + toInt(item) * m_stride;
        float rateP = m_step.rate;
        float rateQ = m_step.rate;
        if constexpr (adaGrad) {
            rateP /= std::sqrt(m_f.userSquares[toInt(user)]);
            rateQ /= std::sqrt(m_f.itemSquares[toInt(item)]);
        }
        Float16 sumP{};
        Float16 sumQ{};
        for (std::int64_t v = 0; v < m_vectors * kLanes; v += kLanes) {
            const Float16 pv = at(p + v);
            const Float16 qv = at(q + v);
            const Float16 gp = g * qv - m_step.regUser * pv;
            const Float16 gq = g * pv - regItem * qv;
            if constexpr (adaGrad) {
                sumP += gp * gp;
                sumQ += gq * gq;
            }
            at(p + v) = pv + rateP * gp;
            at(q + v) = qv + rateQ * gq;
        }
        if constexpr (adaGrad) {
            const float per = 1.0f / static_cast<float>(m_stride);
            m_f.userSquares[toInt(user)] += per * simd::sum(sumP);
            m_f.itemSquares[toInt(item)] += per * simd::sum(sumQ);
        }
        biasStep(item, g);
    }

private:
    void biasStep(ItemIndex item, float g) {
        if (!m_step.itemBias) return;
        float& bias = m_f.itemBias[toInt(item)];
        const float gradient = g - m_step.regBias * bias;
        float rate = m_step.rate;
        if constexpr (adaGrad) {
            float& squares = m_f.biasSquares[toInt(item)];
            rate /= std::sqrt(squares);
            squares += gradient * gradient;
        }
        bias += rate * gradient;
    }

    const RankingStep& m_step;
    RankingFactors& m_f;
    const std::int64_t m_vectors;
    const std::int64_t m_stride;
};

template <class P>
void bprPass(std::span<const ChosenPair> pairs, const RankingSource& from, Rng& rng, P& pass,
             RankingSums& sums) {
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        if (n + kAhead < pairs.size()) pass.prefetch(pairs[n + kAhead]);
        const auto [user, item] = pairs[n];
        const auto other = from.sampler.draw(user, rng, from.lottery);
        if (!other) {
            ++sums.skipped;
            continue;
        }
        const float x = pass.score(user, item) - pass.score(user, *other);
        const Logistic at = logistic(x);
        sums.loss += static_cast<double>(at.loss);
        ++sums.terms;
        sums.right += x > 0.0f ? 1 : 0;
        pass.pairStep(user, item, *other, at.slope);
    }
}

template <class P>
void warpPass(std::span<const ChosenPair> pairs, const RankingSource& from, int tries, Rng& rng, P& pass,
              RankingSums& sums) {
    const auto items = static_cast<std::int64_t>(from.rankWeights.size());
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        if (n + kAhead < pairs.size()) pass.prefetch(pairs[n + kAhead]);
        const auto [user, item] = pairs[n];
        const float wanted = pass.score(user, item);
        bool sampled = false;
        bool violated = false;
        for (int draw = 1; draw <= tries && !violated; ++draw) {
            const auto other = from.sampler.draw(user, rng, from.lottery);
            if (!other) break;
            sampled = true;
            const float miss = 1.0f - wanted + pass.score(user, *other);
            if (miss <= 0.0f) continue;
            violated = true;
            const std::int64_t others = items - from.histories.rowSize(user);
            const float weight =
                from.rankWeights[static_cast<std::size_t>(std::max<std::int64_t>(1, others / draw))];
            sums.loss += static_cast<double>(weight * miss);
            pass.pairStep(user, item, *other, weight);
        }
        sums.terms += sampled ? 1 : 0;
        sums.skipped += sampled ? 0 : 1;
        sums.right += sampled && !violated ? 1 : 0;
    }
}

template <class P>
void pointPass(std::span<const ChosenPair> pairs, const RankingSource& from, const RankingStep& step,
               Rng& rng, P& pass, RankingSums& sums) {
    const auto visit = [&](UserIndex user, ItemIndex item, bool chosen, float regItem) {
        const float s = pass.score(user, item);
        float g = 0.0f;
        if (step.loss == RankingLoss::Squared) {
            g = (chosen ? 1.0f : 0.0f) - s;
            sums.loss += static_cast<double>(0.5f * g * g);
        } else {
            const Logistic at = logistic(chosen ? s : -s);
            g = chosen ? at.slope : -at.slope;
            sums.loss += static_cast<double>(at.loss);
        }
        ++sums.terms;
        pass.pointStep(user, item, g, regItem);
    };
    const int whole = static_cast<int>(step.negatives);
    const float rest = step.negatives - static_cast<float>(whole);
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        if (n + kAhead < pairs.size()) pass.prefetch(pairs[n + kAhead]);
        const auto [user, item] = pairs[n];
        visit(user, item, true, step.regPositive);
        const int draws = whole + (rest > 0.0f && rng.uniformFloat() < rest ? 1 : 0);
        for (int draw = 0; draw < draws; ++draw) {
            const auto other = from.sampler.draw(user, rng, from.lottery);
            if (!other) {
                ++sums.skipped;
                break;
            }
            visit(user, *other, false, step.regNegative);
        }
    }
}

template <int Vectors, bool adaGrad>
RankingSums passOf(std::span<const ChosenPair> pairs, const RankingStep& step, const RankingSource& from,
                   Rng& rng, RankingFactors& factors) {
    Pass<Vectors, adaGrad> pass(step, factors);
    RankingSums sums;
    switch (step.loss) {
    case RankingLoss::Bpr:
        bprPass(pairs, from, rng, pass, sums);
        break;
    case RankingLoss::Warp:
        warpPass(pairs, from, step.tries, rng, pass, sums);
        break;
    case RankingLoss::Squared:
    case RankingLoss::Logistic:
        pointPass(pairs, from, step, rng, pass, sums);
        break;
    }
    return sums;
}

template <bool adaGrad>
RankingSums passOfLength(std::span<const ChosenPair> pairs, const RankingStep& step,
                         const RankingSource& from, Rng& rng, RankingFactors& factors) {
    switch (factors.users.cols() / kLanes) {
    case 1:
        return passOf<1, adaGrad>(pairs, step, from, rng, factors);
    case 2:
        return passOf<2, adaGrad>(pairs, step, from, rng, factors);
    case 4:
        return passOf<4, adaGrad>(pairs, step, from, rng, factors);
    case 8:
        return passOf<8, adaGrad>(pairs, step, from, rng, factors);
    default:
        return passOf<0, adaGrad>(pairs, step, from, rng, factors);
    }
}

} // namespace

std::vector<float> warpWeights(std::int32_t items) {
    std::vector<float> weights(static_cast<std::size_t>(std::max(items, 2)), 0.0f);
    double sum = 0.0;
    for (std::size_t rank = 1; rank < weights.size(); ++rank)
        weights[rank] = static_cast<float>(sum += 1.0 / static_cast<double>(rank));
    return weights;
}

RankingSums rankingPass(std::span<const ChosenPair> pairs, const RankingStep& step,
                        const RankingSource& source, Rng& rng, RankingFactors& factors) {
    return step.adaGrad ? passOfLength<true>(pairs, step, source, rng, factors)
                        : passOfLength<false>(pairs, step, source, rng, factors);
}

} // namespace recoscope
