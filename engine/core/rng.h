// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace recoscope {

/// Our own generator, so that the same seed gives the same numbers with every standard library:
/// xoshiro256++ (Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021), seeded
/// through SplitMix64. One thread; make one stream a block of work instead of sharing.
class Rng final {
public:
    explicit Rng(std::uint64_t seed);

    /// A stream keyed by what it is for, so that results do not depend on thread count or order of work.
    static Rng stream(std::uint64_t seed, std::string_view purpose, std::uint64_t epoch = 0,
                      std::uint64_t block = 0);

    std::uint64_t next();
    /// Uniform in [0, 1), 53 bits.
    double uniform();
    /// Uniform in [0, 1), 24 bits.
    float uniformFloat();
    /// Uniform in [0, bound), unbiased; bound > 0.
    std::uint64_t below(std::uint64_t bound);
    /// Standard normal (Marsaglia polar method).
    double normal();

    template <class T>
    void shuffle(std::span<T> values) {
        for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
    }

    /// Draws `count` of the values, at most all, to the front: the beginning of a Fisher-Yates shuffle. A
    /// shorter draw of a stream is a longer one's beginning.
    template <class T>
    void drawToFront(std::span<T> values, std::size_t count) {
        for (std::size_t n = 0; n < count && n < values.size(); ++n)
            std::swap(values[n], values[n + static_cast<std::size_t>(below(values.size() - n))]);
    }

    // UniformRandomBitGenerator
    using result_type = std::uint64_t;
    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~result_type{0}; }
    result_type operator()() { return next(); }

private:
    std::array<std::uint64_t, 4> m_state{};
    double m_spareNormal = 0.0;
    bool m_hasSpare = false;
};

/// 64-bit mix of a value (SplitMix64's finaliser), for keys and fingerprints.
std::uint64_t mix64(std::uint64_t value);
/// FNV-1a over bytes, then mixed.
std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

} // namespace recoscope
