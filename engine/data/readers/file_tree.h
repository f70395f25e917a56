// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::readers {

/// Bytes in order, from a file or out of an archive. One thread.
class ByteStream {
public:
    virtual ~ByteStream() = default;
    /// Fills up to `size` bytes; 0 is the end.
    virtual Result<std::size_t> read(char* to, std::size_t size) = 0;
};

/// A plain file read at any place. Any thread.
class PlainFile final {
public:
    static Result<std::shared_ptr<const PlainFile>> open(const std::string& path);
    ~PlainFile();
    PlainFile(const PlainFile&) = delete;
    PlainFile& operator=(const PlainFile&) = delete;
    std::uint64_t size() const { return m_size; }
    /// Fills `size` bytes, less only at the end of the file.
    Result<std::size_t> readAt(std::uint64_t offset, char* to, std::size_t size) const;

private:
    PlainFile() = default;
    std::string m_path;
    int m_file = -1;
    std::uint64_t m_size = 0;
};

struct TreeFile {
    std::string name;        // relative to the tree, '/' between folders, ".gz" left out
    std::string shown;       // as it is called on disk or in the archive: what messages say
    std::uint64_t bytes = 0; // on disk; uncompressed size for members of an archive
    bool gzip = false;
};

/// The files that belong to a path which a person opened: a folder's (three levels), an archive's, or a
/// file's and its neighbours. Reads directories only; contents on request. One thread at a time.
class FileTree final {
public:
    /// Largest number of files looked at; a folder with more is not a dataset.
    static constexpr std::size_t maxFiles = 20'000;

    static Result<FileTree> open(const std::string& path);

    const std::string& path() const { return m_path; }
    const std::vector<TreeFile>& files() const { return m_files; }
    /// The file that was opened, or -1 for a folder or archive.
    int selected() const { return m_selected; }
    bool archive() const { return m_archive; }

    /// First file whose name without folders is `name` (case ignored), or -1.
    int find(std::string_view name) const;
    static std::string_view baseName(std::string_view name);
    /// What messages call a file: "ml-latest-small.zip/ratings.csv", "u.data".
    std::string label(int file) const;

    Result<std::unique_ptr<ByteStream>> stream(int file) const;
    /// Null when the file is compressed.
    Result<std::shared_ptr<const PlainFile>> plain(int file) const;
    /// The first bytes; fewer when the file is shorter. Kept, so that asking again costs nothing.
    Result<std::string> head(int file, std::size_t bytes = 65536) const;

private:
    Status listFolder();
    Status listArchive();
    std::string m_path;   // as opened
    std::string m_folder; // what names are relative to; for an archive its own path
    std::vector<TreeFile> m_files;
    int m_selected = -1;
    bool m_archive = false;
    mutable std::shared_ptr<std::vector<std::string>> m_heads;
};

} // namespace recoscope::readers
