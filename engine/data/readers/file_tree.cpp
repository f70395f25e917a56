// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/file_tree.h"

#include "engine/data/readers/archive_stream.h"
#include "engine/data/readers/text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace recoscope::readers {

namespace {

constexpr std::size_t maxHead = 262144;

class PlainStream final : public ByteStream {
public:
    explicit PlainStream(std::shared_ptr<const PlainFile> file)
        : m_file(std::move(file)) {}
    Result<std::size_t> read(char* to, std::size_t size) override {
        auto got = m_file->readAt(m_offset, to, size);
        if (got) m_offset += *got;
        return got;
    }

private:
    std::shared_ptr<const PlainFile> m_file;
    std::uint64_t m_offset = 0;
};

Error systemError(int number, const std::string& path) {
    if (number == ENOENT || number == ENOTDIR)
        return {ErrorCode::NotFound, "There is no such file or folder", path};
    if (number == EACCES || number == EPERM) return {ErrorCode::Io, "Reading this is not permitted", path};
    return {ErrorCode::Io, std::string("The file cannot be read (") + std::strerror(number) + ")", path};
}

bool isArchiveName(std::string_view name) {
    const std::string lower = lowered(name);
    return endsWith(lower, ".zip") || endsWith(lower, ".tar") || endsWith(lower, ".tgz") ||
           endsWith(lower, ".tar.gz");
}

TreeFile treeFile(std::string name, std::uint64_t bytes) {
    TreeFile file{name, std::move(name), bytes, false};
    if (endsWith(lowered(file.name), ".gz") && !isArchiveName(file.name)) {
        file.gzip = true;
        file.name.resize(file.name.size() - 3);
    }
    return file;
}

} // namespace

Result<std::shared_ptr<const PlainFile>> PlainFile::open(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return systemError(errno, path);
    auto result = std::shared_ptr<PlainFile>(new PlainFile());
    result->m_file = file;
    result->m_path = path;
    struct stat info {};
    if (::fstat(file, &info) != 0) return systemError(errno, path);
    if (!S_ISREG(info.st_mode)) return Error{ErrorCode::Unsupported, "This is not a regular file", path};
    result->m_size = static_cast<std::uint64_t>(info.st_size);
    return std::shared_ptr<const PlainFile>(std::move(result));
}

PlainFile::~PlainFile() {
    if (m_file >= 0) ::close(m_file);
}

Result<std::size_t> PlainFile::readAt(std::uint64_t offset, char* to, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
        const auto got = ::pread(m_file, to + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return systemError(errno, m_path);
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

Result<FileTree> FileTree::open(const std::string& path) {
    FileTree tree;
    tree.m_path = path;
    struct stat info {};
    if (path.empty()) return Error{ErrorCode::NotFound, "No path is given", ""};
    if (::stat(path.c_str(), &info) != 0) return systemError(errno, path);
    if (S_ISDIR(info.st_mode)) {
        tree.m_folder = path;
        if (auto listed = tree.listFolder(); !listed) return listed.error();
        if (tree.m_files.empty()) return Error{ErrorCode::NotFound, "The folder holds no files", path};
    } else if (!S_ISREG(info.st_mode)) {
        return Error{ErrorCode::Unsupported, "This is neither a file nor a folder", path};
    } else if (isArchiveName(path)) {
        tree.m_folder = path;
        tree.m_archive = true;
        if (info.st_size == 0) return Error{ErrorCode::Parse, "The file is empty", path};
        auto members = archiveMembers(path, maxFiles);
        if (!members) return members.error();
        tree.m_files = std::move(*members);
        if (tree.m_files.empty()) return Error{ErrorCode::NotFound, "The archive holds no files", path};
    } else {
        // A file that cannot be read is said at once, not when its turn comes.
        if (auto file = PlainFile::open(path); !file) return file.error();
        const fs::path full(path);
        tree.m_folder = full.has_parent_path() ? full.parent_path().string() : ".";
        const std::string name = full.filename().string();
        std::error_code failed;
        for (fs::directory_iterator it(tree.m_folder, fs::directory_options::skip_permission_denied, failed),
             end;
             !failed && it != end && tree.m_files.size() < maxFiles; it.increment(failed)) {
            std::error_code unreadable;
            if (it->path().filename() == name || !it->is_regular_file(unreadable)) continue;
            tree.m_files.push_back(treeFile(it->path().filename().string(), it->file_size(unreadable)));
        }
        tree.m_files.push_back(treeFile(name, static_cast<std::uint64_t>(info.st_size)));
        std::sort(tree.m_files.begin(), tree.m_files.end(),
                  [](const auto& a, const auto& b) { return a.shown < b.shown; });
        const auto at = std::find_if(tree.m_files.begin(), tree.m_files.end(),
                                     [&](const auto& f) { return f.shown == name; });
        tree.m_selected = static_cast<int>(at - tree.m_files.begin());
    }
    tree.m_heads = std::make_shared<std::vector<std::string>>(tree.m_files.size());
    return tree;
}

Status FileTree::listFolder() {
    std::error_code failed;
    fs::recursive_directory_iterator it(m_folder, fs::directory_options::skip_permission_denied, failed);
    // Skipping what is not permitted would make an unreadable folder look empty.
    if (::faccessat(AT_FDCWD, m_folder.c_str(), R_OK | X_OK, AT_EACCESS) != 0) return systemError(errno, m_folder);
    if (failed) return systemError(failed.value(), m_folder);
    for (const fs::recursive_directory_iterator end; it != end; it.increment(failed)) {
        if (failed) return systemError(failed.value(), m_folder);
        if (it.depth() >= 2) it.disable_recursion_pending();
        std::error_code unreadable;
        if (!it->is_regular_file(unreadable)) continue;
        if (m_files.size() >= maxFiles)
            return Error{ErrorCode::Limit,
                         "The folder holds more than " + std::to_string(maxFiles) + " files", m_folder};
        m_files.push_back(
            treeFile(it->path().lexically_relative(m_folder).generic_string(), it->file_size(unreadable)));
    }
    std::sort(m_files.begin(), m_files.end(), [](const auto& a, const auto& b) { return a.shown < b.shown; });
    return {};
}

int FileTree::find(std::string_view name) const {
    const std::string wanted = lowered(name);
    int found = -1;
    for (std::size_t n = 0; n < m_files.size(); ++n) {
        if (lowered(baseName(m_files[n].name)) != wanted) continue;
        // The plain one of "x" and "x.gz".
        if (found < 0 || (m_files[static_cast<std::size_t>(found)].gzip && !m_files[n].gzip))
            found = static_cast<int>(n);
    }
    return found;
}

std::string_view FileTree::baseName(std::string_view name) {
    const std::size_t slash = name.rfind('/');
    return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

std::string FileTree::label(int file) const {
    const auto& shown = m_files[static_cast<std::size_t>(file)].shown;
    return m_archive ? fs::path(m_path).filename().string() + "/" + shown : shown;
}

Result<std::unique_ptr<ByteStream>> FileTree::stream(int file) const {
    const TreeFile& entry = m_files[static_cast<std::size_t>(file)];
    if (m_archive) return openMember(m_path, entry.shown);
    const std::string path = (fs::path(m_folder) / entry.shown).string();
    auto opened = PlainFile::open(path);
    if (!opened) return opened.error();
    if (entry.gzip) {
        if ((*opened)->size() == 0) return Error{ErrorCode::Parse, "The file is empty", path};
        return openGzip(path);
    }
    return std::unique_ptr<ByteStream>(std::make_unique<PlainStream>(std::move(*opened)));
}

Result<std::shared_ptr<const PlainFile>> FileTree::plain(int file) const {
    const TreeFile& entry = m_files[static_cast<std::size_t>(file)];
    if (m_archive || entry.gzip) return std::shared_ptr<const PlainFile>();
    return PlainFile::open((fs::path(m_folder) / entry.shown).string());
}

Result<std::string> FileTree::head(int file, std::size_t bytes) const {
    std::string& kept = (*m_heads)[static_cast<std::size_t>(file)];
    bytes = std::min(bytes, maxHead);
    if (kept.empty()) {
        auto opened = stream(file);
        if (!opened) return opened.error();
        kept.resize(maxHead);
        std::size_t done = 0;
        while (done < maxHead) {
            const auto got = (*opened)->read(kept.data() + done, maxHead - done);
            if (!got && done == 0) {
                kept.clear();
                return got.error();
            }
            // A fault further on is for the import to say; the beginning is enough to know the format.
            if (!got || *got == 0) break;
            done += *got;
        }
        kept.resize(done);
    }
    return kept.substr(0, bytes);
}

} // namespace recoscope::readers
