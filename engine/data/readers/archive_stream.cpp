// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/archive_stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <filesystem>

namespace recoscope::readers {

namespace {

struct CloseArchive {
    void operator()(archive* a) const { archive_read_free(a); }
};
using ArchivePtr = std::unique_ptr<archive, CloseArchive>;

constexpr std::size_t blockBytes = 1 << 18;

Error damaged(archive* a, const std::string& where) {
    const char* reason = archive_error_string(a);
    return {ErrorCode::Parse,
            "The compressed file is damaged or was cut off" +
                (reason ? " (" + std::string(reason) + ")" : ""),
            where};
}

Result<ArchivePtr> openArchive(const std::string& path, bool gzipOnly) {
    ArchivePtr a(archive_read_new());
    if (!a) return Error{ErrorCode::Limit, "Not enough memory to open an archive", path};
    archive_read_support_filter_gzip(a.get());
    if (gzipOnly) {
        archive_read_support_format_raw(a.get());
        archive_read_support_format_empty(a.get());
    } else {
        archive_read_support_format_zip(a.get());
        archive_read_support_format_tar(a.get());
    }
    if (archive_read_open_filename(a.get(), path.c_str(), blockBytes) != ARCHIVE_OK)
        return damaged(a.get(), path);
    return a;
}

class ArchiveStream final : public ByteStream {
public:
    ArchiveStream(ArchivePtr a, std::string where, std::uint64_t packedBytes)
        : m_archive(std::move(a))
        , m_where(std::move(where))
        , m_packedBytes(packedBytes) {}

    Result<std::size_t> read(char* to, std::size_t size) override {
        const la_ssize_t got = archive_read_data(m_archive.get(), to, size);
        if (got < 0) return damaged(m_archive.get(), m_where);
        m_given += static_cast<std::uint64_t>(got);
        if (m_given > bombBytes && m_given / bombRatio > m_packedBytes)
            return Error{ErrorCode::Limit,
                         "The compressed file unpacks to far more than any dataset would; it was not read on",
                         m_where};
        return static_cast<std::size_t>(got);
    }

private:
    ArchivePtr m_archive;
    std::string m_where;
    std::uint64_t m_packedBytes;
    std::uint64_t m_given = 0;
};

std::uint64_t sizeOnDisk(const std::string& path) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    return failed ? 0 : size;
}

} // namespace

Result<std::vector<TreeFile>> archiveMembers(const std::string& path, std::size_t maxFiles) {
    auto opened = openArchive(path, false);
    if (!opened) return opened.error();
    archive* const a = opened->get();
    std::vector<TreeFile> members;
    for (std::size_t entries = 0;; ++entries) {
        archive_entry* entry = nullptr;
        const int status = archive_read_next_header(a, &entry);
        if (status == ARCHIVE_EOF) break;
        if (status < ARCHIVE_WARN) return damaged(a, path);
        if (entries >= maxFiles)
            return Error{ErrorCode::Limit,
                         "The archive holds more than " + std::to_string(maxFiles) + " files", path};
        const char* name = archive_entry_pathname(entry);
        if (!name || archive_entry_filetype(entry) != AE_IFREG) continue;
        const auto bytes = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
        members.push_back({name, name, static_cast<std::uint64_t>(bytes > 0 ? bytes : 0), false});
    }
    return members;
}

Result<std::unique_ptr<ByteStream>> openMember(const std::string& path, const std::string& member) {
    auto opened = openArchive(path, false);
    if (!opened) return opened.error();
    archive* const a = opened->get();
    for (;;) {
        archive_entry* entry = nullptr;
        const int status = archive_read_next_header(a, &entry);
        if (status == ARCHIVE_EOF)
            return Error{ErrorCode::NotFound, "The archive no longer holds this file", path + "/" + member};
        if (status < ARCHIVE_WARN) return damaged(a, path);
        const char* name = archive_entry_pathname(entry);
        if (!name || member != name) continue;
        if (archive_entry_is_encrypted(entry))
            return Error{ErrorCode::Unsupported, "The archive is protected by a password", path};
        return std::unique_ptr<ByteStream>(
            std::make_unique<ArchiveStream>(std::move(*opened), path + "/" + member, sizeOnDisk(path)));
    }
}

Result<std::unique_ptr<ByteStream>> openGzip(const std::string& path) {
    auto opened = openArchive(path, true);
    if (!opened) return opened.error();
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(opened->get(), &entry);
    if (status != ARCHIVE_EOF && status < ARCHIVE_WARN) return damaged(opened->get(), path);
    return std::unique_ptr<ByteStream>(
        std::make_unique<ArchiveStream>(std::move(*opened), path, sizeOnDisk(path)));
}

} // namespace recoscope::readers
