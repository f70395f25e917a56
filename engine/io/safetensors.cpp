// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/safetensors.h"

#include "engine/io/atomic_file.h"
#include "engine/io/safetensors_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

namespace recoscope {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

namespace {

constexpr std::size_t prefixBytes = 8;

struct Bytes {
    TensorType type;
    std::span<const std::byte> bytes;
    std::int64_t elements;
};

Bytes bytesOf(const Tensor& tensor) {
    return std::visit(
        [](const auto& values) {
            using Element = typename std::decay_t<decltype(values)>::value_type;
            constexpr TensorType type = std::is_same_v<Element, float>          ? TensorType::F32
                                        : std::is_same_v<Element, std::int32_t> ? TensorType::I32
                                                                                : TensorType::I64;
            return Bytes{type, std::as_bytes(std::span(values)), static_cast<std::int64_t>(values.size())};
        },
        tensor.data);
}

bool fits(const Tensor& tensor, std::int64_t elements) {
    std::int64_t count = 1;
    for (const std::int64_t extent : tensor.shape) {
        if (extent < 0 || extent > std::numeric_limits<std::int32_t>::max()) return false;
        if (extent > 0 && count > std::numeric_limits<std::int64_t>::max() / extent) return false;
        count *= extent;
    }
    return count == elements && tensor.shape.size() <= 8;
}

/// An open file for reading; closed at the end.
class InputFile final {
public:
    explicit InputFile(const std::string& path)
        // Without waiting, so that a named pipe cannot hold the program.
        : m_descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))
        , m_error(m_descriptor < 0 ? errno : 0) {}
    ~InputFile() {
        if (m_descriptor >= 0) ::close(m_descriptor);
    }
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    int error() const { return m_error; }
    /// Size of a regular file; nothing for anything else.
    std::optional<std::uint64_t> size() const {
        struct stat info {};
        if (::fstat(m_descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
        return static_cast<std::uint64_t>(info.st_size);
    }
    bool readAt(std::uint64_t offset, std::span<std::byte> into) {
        while (!into.empty()) {
            const std::size_t piece = std::min<std::size_t>(into.size(), std::size_t{1} << 30);
            const ssize_t got = ::pread(m_descriptor, into.data(), piece, static_cast<off_t>(offset));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return false;
            into = into.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
        return true;
    }

private:
    int m_descriptor;
    int m_error;
};

template <class Element>
bool readTensor(InputFile& file, std::uint64_t offset, const TensorEntry& entry, Tensor& tensor) {
    std::vector<Element> values(static_cast<std::size_t>((entry.end - entry.begin) / sizeof(Element)));
    if (!file.readAt(offset + entry.begin, std::as_writable_bytes(std::span(values)))) return false;
    tensor.data = std::move(values);
    return true;
}

} // namespace

Status writeSafetensors(const std::string& path, const TensorFile& file) {
    SafetensorsHeader header;
    header.metadata = file.metadata();
    std::vector<std::span<const std::byte>> blocks;
    std::uint64_t offset = 0;
    for (const bool wide : {true, false}) {
        for (const auto& [name, tensor] : file.tensors()) {
            const Bytes data = bytesOf(tensor);
            if ((data.type == TensorType::I64) != wide) continue;
            if (!fits(tensor, data.elements))
                return Error{ErrorCode::Invalid, "The tensor's shape does not fit its data", name};
            header.tensors.push_back({name, data.type, tensor.shape, offset, offset + data.bytes.size()});
            offset += data.bytes.size();
            blocks.push_back(data.bytes);
        }
    }
    const auto text = safetensorsHeaderText(header);
    if (!text) return text.error();
    if (text->size() > safetensorsHeaderLimit)
        return Error{ErrorCode::Limit, "The names and texts of the model are too long for a safetensors file",
                     path};

    auto out = AtomicFile::create(path);
    if (!out) return out.error();
    const std::uint64_t length = text->size();
    if (const Status s = out->write(std::as_bytes(std::span(&length, 1))); !s) return s;
    if (const Status s = out->write(std::as_bytes(std::span(*text))); !s) return s;
    for (const auto block : blocks)
        if (const Status s = out->write(block); !s) return s;
    return out->commit();
}

Result<TensorFile> readSafetensors(const std::string& path) {
    const auto parseError = [&path](std::string message) {
        return Error{ErrorCode::Parse, std::move(message), path};
    };
    InputFile in(path);
    if (in.error() == ENOENT) return Error{ErrorCode::NotFound, "The file does not exist", path};
    if (in.error() != 0)
        return Error{ErrorCode::Io, std::string("The file cannot be read: ") + std::strerror(in.error()),
                     path};
    const auto size = in.size();
    if (!size) return Error{ErrorCode::Io, "This is not a regular file", path};
    if (*size < prefixBytes) return parseError("The file is too short for a safetensors file");
    std::uint64_t length = 0;
    const Error unreadable{ErrorCode::Io, "The file cannot be read to its end", path};
    if (!in.readAt(0, std::as_writable_bytes(std::span(&length, 1)))) return unreadable;
    if (length > *size - prefixBytes)
        return parseError("The header is longer than the file: it was cut off, or is not a safetensors file");
    if (length > safetensorsHeaderLimit)
        return Error{ErrorCode::Limit, "The header is longer than 100 MB", path};
    std::string json(static_cast<std::size_t>(length), '\0');
    if (!in.readAt(prefixBytes, std::as_writable_bytes(std::span(json)))) return unreadable;
    const std::uint64_t dataStart = prefixBytes + length;
    const auto header = parseSafetensorsHeader(json, *size - dataStart);
    if (!header) {
        Error error = header.error();
        error.where = path + ", " + error.where;
        return error;
    }

    TensorFile file;
    for (const auto& [key, value] : header->metadata)
        file.setMeta(key, value);
    for (const TensorEntry& entry : header->tensors) {
        Tensor tensor;
        tensor.shape = entry.shape;
        bool read = false;
        switch (entry.type) {
        case TensorType::F32:
            read = readTensor<float>(in, dataStart, entry, tensor);
            break;
        case TensorType::I32:
            read = readTensor<std::int32_t>(in, dataStart, entry, tensor);
            break;
        case TensorType::I64:
            read = readTensor<std::int64_t>(in, dataStart, entry, tensor);
            break;
        }
        if (!read) return unreadable;
        file.tensors().emplace(entry.name, std::move(tensor));
    }
    return file;
}

} // namespace recoscope
