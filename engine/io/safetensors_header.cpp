// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

namespace recoscope {

namespace {

constexpr std::string_view metadataKey = "__metadata__";
constexpr std::size_t mostDimensions = 8;

struct TypeName {
    TensorType type;
    std::string_view name;
};
constexpr std::array<TypeName, 3> typeNames{
    {{TensorType::F32, "F32"}, {TensorType::I32, "I32"}, {TensorType::I64, "I64"}}};

/// Takes the parser's events one by one and stops at the first that does not belong, so nesting cannot run
/// away and nothing is kept that is not needed.
class HeaderReader final : public nlohmann::json_sax<nlohmann::json> {
public:
    SafetensorsHeader header;
    Error error{ErrorCode::Parse, "The header is not JSON", "header"};

    bool start_object(std::size_t) override {
        switch (m_at) {
        case At::Start:
            m_at = At::Top;
            return true;
        case At::TensorValue:
            m_at = At::Tensor;
            m_fields.clear();
            return true;
        case At::MetadataValue:
            m_at = At::Metadata;
            return true;
        default:
            return refuse("The header nests where it should not");
        }
    }
    bool end_object() override {
        switch (m_at) {
        case At::Tensor:
            if (m_fields.size() != 3) return refuse("A tensor lacks dtype, shape or data_offsets");
            header.tensors.push_back(std::move(m_entry));
            m_at = At::Top;
            return true;
        case At::Metadata:
            m_at = At::Top;
            return true;
        default:
            m_at = At::End;
            return true;
        }
    }
    bool key(string_t& name) override {
        switch (m_at) {
        case At::Top:
            m_place = name;
            if (!m_names.insert(name).second) return refuse("A name is there twice");
            m_entry = {};
            m_entry.name = name;
            m_at = name == metadataKey ? At::MetadataValue : At::TensorValue;
            return true;
        case At::Tensor:
            if (!m_fields.insert(name).second) return refuse("A field of a tensor is there twice");
            if (name == "dtype")
                m_at = At::Type;
            else if (name == "shape")
                m_at = At::ShapeValue;
            else if (name == "data_offsets")
                m_at = At::OffsetsValue;
            else
                return refuse("A tensor has an unknown field");
            return true;
        case At::Metadata:
            m_metadataKey = name;
            if (header.metadata.contains(name)) return refuse("A metadata key is there twice");
            m_at = At::MetadataText;
            return true;
        default:
            return refuse("The header is not in safetensors form");
        }
    }
    bool string(string_t& text) override {
        if (m_at == At::MetadataText) {
            header.metadata[m_metadataKey] = std::move(text);
            m_at = At::Metadata;
            return true;
        }
        if (m_at != At::Type) return refuse("Text stands where the header should have something else");
        for (const TypeName& known : typeNames)
            if (known.name == text) {
                m_entry.type = known.type;
                m_at = At::Tensor;
                return true;
            }
        refuse("The element type '" + text.substr(0, 20) + "' is none of F32, I32, I64");
        error.code = ErrorCode::Unsupported;
        return false;
    }
    bool start_array(std::size_t) override {
        if (m_at == At::ShapeValue)
            m_at = At::Shape;
        else if (m_at == At::OffsetsValue)
            m_at = At::Offsets;
        else
            return refuse("A list stands where the header should have something else");
        m_offsets.clear();
        return true;
    }
    bool end_array() override {
        if (m_at == At::Offsets) {
            if (m_offsets.size() != 2) return refuse("data_offsets are not two numbers");
            m_entry.begin = m_offsets[0];
            m_entry.end = m_offsets[1];
        }
        m_at = At::Tensor;
        return true;
    }
    bool number_unsigned(number_unsigned_t value) override {
        if (m_at == At::Shape) {
            if (m_entry.shape.size() == mostDimensions) return refuse("A shape has more than 8 extents");
            if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()))
                return refuse("An extent of a shape is too large");
            m_entry.shape.push_back(static_cast<std::int64_t>(value));
            return true;
        }
        if (m_at == At::Offsets) {
            if (m_offsets.size() == 2) return refuse("data_offsets are not two numbers");
            m_offsets.push_back(value);
            return true;
        }
        return refuse("A number stands where the header should have something else");
    }
    bool number_integer(number_integer_t) override { return refuse("A number of the header is negative"); }
    bool number_float(number_float_t, const string_t&) override {
        return refuse("A number of the header is not a whole number, or too large");
    }
    bool null() override { return refuse("The header has a null"); }
    bool boolean(bool) override { return refuse("The header has a truth value"); }
    bool binary(binary_t&) override { return refuse("The header is not JSON"); }
    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        error =
            Error{ErrorCode::Parse, "The header is not JSON at byte " + std::to_string(position), "header"};
        return false;
    }

private:
    enum class At {
        Start,
        Top,
        TensorValue,
        Tensor,
        Type,
        ShapeValue,
        Shape,
        OffsetsValue,
        Offsets,
        MetadataValue,
        Metadata,
        MetadataText,
        End
    };
    bool refuse(std::string message) {
        error = Error{ErrorCode::Parse, std::move(message), m_place};
        return false;
    }
    At m_at = At::Start;
    std::string m_place = "header";
    std::string m_metadataKey;
    TensorEntry m_entry;
    std::set<std::string> m_names;
    std::set<std::string> m_fields;
    std::vector<std::uint64_t> m_offsets;
};

/// Bytes that the shape needs; nothing when more than 2^62.
std::optional<std::uint64_t> bytesNeeded(const TensorEntry& entry) {
    auto bytes = static_cast<std::uint64_t>(bytesOf(entry.type));
    for (const std::int64_t extent : entry.shape)
        if (extent == 0) return 0;
    for (const std::int64_t extent : entry.shape) {
        if (bytes > (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(extent)) return std::nullopt;
        bytes *= static_cast<std::uint64_t>(extent);
    }
    return bytes;
}

} // namespace

Result<SafetensorsHeader> parseSafetensorsHeader(std::string_view json, std::uint64_t dataBytes) {
    if (json.empty() || json.front() != '{')
        return Error{ErrorCode::Parse, "The header does not begin with a brace", "header"};
    HeaderReader reader;
    if (!nlohmann::json::sax_parse(json, &reader)) return reader.error;

    auto& tensors = reader.header.tensors;
    for (const TensorEntry& entry : tensors) {
        const auto needed = bytesNeeded(entry);
        if (entry.begin > entry.end || entry.end > dataBytes)
            return Error{ErrorCode::Parse, "The tensor's bytes lie outside the file", entry.name};
        if (!needed || *needed != entry.end - entry.begin)
            return Error{ErrorCode::Parse, "The tensor's bytes do not fit its shape", entry.name};
    }
    std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
        return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    std::uint64_t expected = 0;
    for (const TensorEntry& entry : tensors) {
        if (entry.begin < expected) return Error{ErrorCode::Parse, "Two tensors share bytes", entry.name};
        if (entry.begin > expected)
            return Error{ErrorCode::Parse, "There are bytes before the tensor that belong to none",
                         entry.name};
        expected = entry.end;
    }
    if (expected != dataBytes)
        return Error{ErrorCode::Parse, "The file goes on after its last tensor", "header"};
    return std::move(reader.header);
}

Result<std::string> safetensorsHeaderText(const SafetensorsHeader& header) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    if (!header.metadata.empty()) {
        auto metadata = nlohmann::ordered_json::object();
        for (const auto& [key, value] : header.metadata)
            metadata[key] = value;
        json[std::string(metadataKey)] = std::move(metadata);
    }
    for (const TensorEntry& entry : header.tensors) {
        if (entry.name == metadataKey)
            return Error{ErrorCode::Invalid, "A tensor cannot have the name of the metadata", entry.name};
        std::string_view type;
        for (const TypeName& known : typeNames)
            if (known.type == entry.type) type = known.name;
        json[entry.name] = {
            {"dtype", type}, {"shape", entry.shape}, {"data_offsets", {entry.begin, entry.end}}};
    }
    std::string text;
    try {
        text = json.dump();
    } catch (const nlohmann::json::exception&) {
        return Error{ErrorCode::Invalid, "A name or a text of the metadata is not UTF-8", "metadata"};
    }
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
}

} // namespace recoscope
