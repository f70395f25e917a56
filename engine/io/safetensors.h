// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"
#include "engine/io/tensor_file.h"

#include <string>

namespace recoscope {

/// Writes to a temporary name beside `path`, syncs, then renames: the file is there whole or not at all. A full disk or
/// a read-only folder is an ErrorCode::Io that names the path.
Status writeSafetensors(const std::string& path, const TensorFile& file);

/// Reads a safetensors file (F32, I32, I64) as hostile input: header size, JSON, shapes, offsets, overlaps and file
/// length are checked before anything is allocated.
Result<TensorFile> readSafetensors(const std::string& path);

} // namespace recoscope
