// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

enum class TensorType { F32, I32, I64 };

constexpr std::int64_t bytesOf(TensorType type) { return type == TensorType::I64 ? 8 : 4; }

struct TensorEntry {
    std::string name;
    TensorType type = TensorType::F32;
    std::vector<std::int64_t> shape;
    std::uint64_t begin = 0; // bytes from the end of the header
    std::uint64_t end = 0;
    bool operator==(const TensorEntry&) const = default;
};

/// The JSON header of a safetensors file.
struct SafetensorsHeader {
    std::vector<TensorEntry> tensors; // in the order of their bytes
    std::map<std::string, std::string, std::less<>> metadata;
};

/// Reads and checks a header: known fields only, each once; element types that are known; shapes of up to 8
/// extents, each a 32-bit number; tensors that fill `dataBytes` exactly, without overlap or gap. Memory in
/// proportion to the text. Errors carry the tensor's name as their place, or "header".
Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view json, std::uint64_t dataBytes);

/// The JSON text for tensors in the order of their bytes, padded with spaces to a multiple of 8.
/// Names or metadata that are not UTF-8 are an error.
Result<std::string> safetensorsHeaderText(const SafetensorsHeader& header);

} // namespace recoscope
