// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/atomic_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace recoscope {

namespace {

std::string sentence(int code) {
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return "The disk is full; nothing was written";
    case EFBIG:
        return "The file would be larger than the system allows; nothing was written";
    case EACCES:
    case EPERM:
        return "There is no permission to write here";
    case EROFS:
        return "The folder is on a disk that can only be read";
    case ENOENT:
        return "The folder does not exist";
    case ENOTDIR:
        return "A part of the path is not a folder";
    default:
        return std::string("The file cannot be written: ") + std::strerror(code);
    }
}

Error failed(int code, const std::string& path) { return Error{ErrorCode::Io, sentence(code), path}; }

std::string folderOf(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

} // namespace

AtomicFile::AtomicFile(std::string path, std::string temporary, int descriptor)
    : m_path(std::move(path))
    , m_temporary(std::move(temporary))
    , m_descriptor(descriptor) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : m_path(std::move(other.m_path))
    , m_temporary(std::exchange(other.m_temporary, {}))
    , m_descriptor(std::exchange(other.m_descriptor, -1)) {}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
    if (m_descriptor >= 0) ::close(std::exchange(m_descriptor, -1));
    if (!m_temporary.empty()) ::unlink(std::exchange(m_temporary, {}).c_str());
}

Error AtomicFile::failure(int code) const { return failed(code, m_path); }

Result<AtomicFile> AtomicFile::create(std::string path) {
    struct stat there {};
    if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
        return Error{ErrorCode::Io, "There is something here already that is not a regular file", path};
    for (int attempt = 0; attempt < 1000; ++attempt) {
        std::string temporary = path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
        const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) return AtomicFile(std::move(path), std::move(temporary), descriptor);
        if (errno != EEXIST && errno != EINTR) return failed(errno, path);
    }
    return failed(EEXIST, path);
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
    RECOSCOPE_CHECK(m_descriptor >= 0, "the file is closed");
    while (!bytes.empty()) {
        // Linux writes at most 2 GB at a time.
        const std::size_t piece = std::min<std::size_t>(bytes.size(), std::size_t{1} << 30);
        const ssize_t written = ::write(m_descriptor, bytes.data(), piece);
        if (written < 0) {
            if (errno == EINTR) continue;
            return failure(errno);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Status AtomicFile::commit() {
    RECOSCOPE_CHECK(m_descriptor >= 0, "the file is closed");
    if (::fsync(m_descriptor) != 0) return failure(errno);
    if (::close(std::exchange(m_descriptor, -1)) != 0) return failure(errno);
    if (::rename(m_temporary.c_str(), m_path.c_str()) != 0) return failure(errno);
    m_temporary.clear();
    // The name itself is safe on the disk once the folder is; the file is whole either way.
    const int folder = ::open(folderOf(m_path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        ::fsync(folder);
        ::close(folder);
    }
    return {};
}

} // namespace recoscope
