// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/rng.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

struct Query;

/// One history on its way through an encoder and a decoder.
struct Reconstruction {
    std::vector<float> input;      // by entry of the query's history: what the network was given
    std::vector<float> noisyInput; // the same after the noise of training; equal to `input` without noise
    VectorF code;                  // size() numbers, the mean where codes are random
    VectorF deviation;             // of the code, by number; empty where codes are not random
    VectorF output;                // itemCount() scores, as score() gives them
    /// The same on a scale of 0 to 1 that can be read beside the input: probabilities, or shares of a whole.
    VectorF rebuilt;
};

/// The inside of a model that squeezes a history into a code and rebuilds it: an autoencoder. Immutable, any thread.
class LatentSpace {
public:
    virtual ~LatentSpace() = default;

    /// Numbers in a code.
    virtual std::int32_t size() const = 0;
    /// @param codes  queries.size() x size(), overwritten: the code of each history (its mean where codes are random).
    virtual void encode(std::span<const Query> queries, Eigen::Ref<MatrixF> codes) const = 0;
    /// @param scores  codes.rows() x itemCount(), overwritten: what the decoder makes of any codes.
    virtual void decode(Eigen::Ref<const MatrixF> codes, Eigen::Ref<MatrixF> scores) const = 0;
    /// What becomes of one history; with a seed, through the noise that training would put on it.
    virtual Reconstruction reconstruct(const Query& query, std::optional<std::uint64_t> noiseSeed = {}) const = 0;
    /// Whether training shaped the codes after a known distribution, so that a random code is a plausible user.
    virtual bool generative() const { return false; }
    /// @param codes  any number of rows x size(), overwritten by draws from that distribution.
    virtual void samplePrior(Rng& rng, Eigen::Ref<MatrixF> codes) const {
        for (Eigen::Index n = 0; n < codes.rows(); ++n)
            for (Eigen::Index d = 0; d < codes.cols(); ++d) codes(n, d) = static_cast<float>(rng.normal());
    }
};

} // namespace recoscope
