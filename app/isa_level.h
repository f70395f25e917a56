// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Instruction-set levels that a package holds the programs for. Also in the launcher, which must run on any
/// x86-64: nothing but the standard library here.
namespace recoscope {

/// In rising order; each runs what those before it run.
enum class IsaLevel { X86_64, X86_64_v3, X86_64_v4 };

/// As the psABI and compilers' -march name them, by IsaLevel; also the names of the folders in the package.
inline constexpr std::array<std::string_view, 3> kIsaLevelNames{"x86-64", "x86-64-v3", "x86-64-v4"};

constexpr std::string_view isaLevelName(IsaLevel level) {
    return kIsaLevelNames[static_cast<std::size_t>(level)];
}

/// What this program was compiled to use: a level, or for "-march=native" the level that it includes.
constexpr IsaLevel compiledIsaLevel() {
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) && defined(__AVX512DQ__) &&       \
    defined(__AVX512VL__)
    return IsaLevel::X86_64_v4;
#elif defined(__AVX2__) && defined(__FMA__) && defined(__BMI2__)
    return IsaLevel::X86_64_v3;
#else
    return IsaLevel::X86_64;
#endif
}

/// A level to run at, or why there is none.
struct IsaChoice {
    std::optional<IsaLevel> level;
    std::string problem;

    friend bool operator==(const IsaChoice&, const IsaChoice&) = default;
};

/// @param best    the highest level of this processor and system.
/// @param forced  the value of RECOSCOPE_ISA; empty for the best.
inline IsaChoice chooseIsaLevel(IsaLevel best, std::string_view forced) {
    if (forced.empty()) return {best, {}};
    for (std::size_t i = 0; i < kIsaLevelNames.size(); ++i) {
        if (forced != kIsaLevelNames[i]) continue;
        if (i <= static_cast<std::size_t>(best)) return {static_cast<IsaLevel>(i), {}};
        return {std::nullopt, "RECOSCOPE_ISA asks for " + std::string(forced) +
                                  ", which this machine cannot run; its highest level is " +
                                  std::string(isaLevelName(best))};
    }
    std::string known;
    for (const std::string_view name : kIsaLevelNames)
        known += (known.empty() ? "" : ", ") + std::string(name);
    return {std::nullopt, "RECOSCOPE_ISA is '" + std::string(forced) + "'; levels are " + known};
}

} // namespace recoscope
