// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"

#include "engine/core/check.h"

#include <bit>
#include <cmath>

namespace recoscope {

namespace {
__extension__ using Wide = unsigned __int128;
} // namespace

std::uint64_t mix64(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ mix64(seed);
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return mix64(hash);
}

Rng::Rng(std::uint64_t seed) {
    for (auto& word : m_state) {
        seed += 0x9e3779b97f4a7c15ULL;
        word = mix64(seed);
    }
}

Rng Rng::stream(std::uint64_t seed, std::string_view purpose, std::uint64_t epoch, std::uint64_t block) {
    std::uint64_t key = hash64(purpose, seed);
    key = mix64(key + 0x9e3779b97f4a7c15ULL * (epoch + 1));
    key = mix64(key + 0xd1342543de82ef95ULL * (block + 1));
    return Rng(key);
}

std::uint64_t Rng::next() {
    auto& s = m_state;
    const std::uint64_t result = std::rotl(s[0] + s[3], 23) + s[0];
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = std::rotl(s[3], 45);
    return result;
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

float Rng::uniformFloat() { return static_cast<float>(next() >> 40) * 0x1.0p-24f; }

std::uint64_t Rng::below(std::uint64_t bound) {
    RECOSCOPE_CHECK(bound > 0, "empty range");
    // Lemire, "Fast random integer generation in an interval", ACM TOMACS 2019.
    Wide product = static_cast<Wide>(next()) * bound;
    auto low = static_cast<std::uint64_t>(product);
    if (low < bound) {
        const std::uint64_t threshold = (0 - bound) % bound;
        while (low < threshold) {
            product = static_cast<Wide>(next()) * bound;
            low = static_cast<std::uint64_t>(product);
        }
    }
    return static_cast<std::uint64_t>(product >> 64);
}

double Rng::normal() {
    if (m_hasSpare) {
        m_hasSpare = false;
        return m_spareNormal;
    }
    double u = 0.0;
    double v = 0.0;
    double s = 0.0;
    do {
        u = 2.0 * uniform() - 1.0;
        v = 2.0 * uniform() - 1.0;
        s = u * u + v * v;
    } while (s >= 1.0 || s == 0.0);
    const double factor = std::sqrt(-2.0 * std::log(s) / s);
    m_spareNormal = v * factor;
    m_hasSpare = true;
    return u * factor;
}

} // namespace recoscope
