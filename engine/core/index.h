// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace recoscope {

/// Position of a user in a dataset's id map, from 0. Never a bare int.
enum class UserIndex : std::int32_t {};
/// Position of an item in a dataset's id map, from 0. Never a bare int.
enum class ItemIndex : std::int32_t {};

constexpr std::int32_t toInt(UserIndex user) { return static_cast<std::int32_t>(user); }
constexpr std::int32_t toInt(ItemIndex item) { return static_cast<std::int32_t>(item); }

/// A named number: one loss, one metric. The key is what files and commands use ("ndcg@10").
struct NamedValue {
    std::string key;
    double value = 0.0;
    bool operator==(const NamedValue&) const = default;
};

} // namespace recoscope
