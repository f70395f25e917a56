// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <cstddef>
#include <span>
#include <string>

namespace recoscope {

/// A file that appears whole or not at all: written under a temporary name in the same folder, synced to the
/// disk, then renamed over `path`. Left without commit(), the temporary file is removed. One thread.
///
/// Every error is an ErrorCode::Io whose place is `path` and whose sentence says what a person can do: full
/// disk, no permission, missing folder. Something at `path` that is not a regular file (a folder, a device)
/// is refused.
class AtomicFile final {
public:
    static Result<AtomicFile> create(std::string path);
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    AtomicFile(const AtomicFile&) = delete;
    ~AtomicFile();

    Status write(std::span<const std::byte> bytes);
    Status commit();

private:
    AtomicFile(std::string path, std::string temporary, int descriptor);
    Error failure(int code) const;
    void discard();
    std::string m_path;
    std::string m_temporary; // empty once renamed or removed
    int m_descriptor = -1;
};

} // namespace recoscope
