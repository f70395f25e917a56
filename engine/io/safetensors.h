// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"
#include "engine/io/tensor_file.h"

#include <cstdint>
#include <string>

namespace recoscope {

/// Longest header that is read. Ours are a few kB; text in the metadata may be larger.
inline constexpr std::uint64_t safetensorsHeaderLimit = 100'000'000;

/// Writes to a temporary name beside `path`, syncs, then renames: the file is there whole or not at all. A
/// full disk or a read-only folder is an ErrorCode::Io that names the path. A tensor whose shape does not fit
/// its data, or text that is not UTF-8, is an ErrorCode::Invalid that names it. Tensors are laid out 64-bit
/// ones first, then by name, so that every one is aligned to its element.
Status writeSafetensors(const std::string& path, const TensorFile& file);

/// Reads a safetensors file (F32, I32, I64) as hostile input: header size, JSON, shapes, offsets, overlaps
/// and file length are checked before anything is allocated for the data. What is wrong is an
/// ErrorCode::Parse (Unsupported for another element type) that names the file and the tensor.
Result<TensorFile> readSafetensors(const std::string& path);

} // namespace recoscope
