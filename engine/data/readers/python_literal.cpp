// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/python_literal.h"

#include "engine/data/readers/text.h"

#include <charconv>
#include <cstdint>

namespace recoscope::readers {

namespace {

class Translator final {
public:
    explicit Translator(std::string_view text)
        : m_text(text) {
        m_out.reserve(text.size() + text.size() / 8);
    }

    std::optional<std::string> run() {
        if (!value(0)) return std::nullopt;
        skipBlanks();
        if (m_at != m_text.size()) return std::nullopt;
        return std::move(m_out);
    }

private:
    static constexpr int maxDepth = 64;

    char peek() const { return m_at < m_text.size() ? m_text[m_at] : '\0'; }
    void skipBlanks() {
        while (m_at < m_text.size() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r'))
            ++m_at;
    }
    bool take(std::string_view word) {
        if (m_text.substr(m_at, word.size()) != word) return false;
        m_at += word.size();
        return true;
    }

    bool value(int depth) {
        if (depth > maxDepth) return false;
        skipBlanks();
        switch (peek()) {
        case '{':
            return group(depth, '}', true);
        case '[':
            return group(depth, ']', false);
        case '(':
            return group(depth, ')', false);
        case '\'':
        case '"':
            return string();
        case 'u':
        case 'b':
        case 'r':
            if (m_at + 1 < m_text.size() && (m_text[m_at + 1] == '\'' || m_text[m_at + 1] == '"')) {
                ++m_at;
                return string();
            }
            return false;
        default:
            break;
        }
        if (take("None") || take("nan") || take("null")) return put("null");
        if (take("True") || take("true")) return put("true");
        if (take("False") || take("false")) return put("false");
        return number();
    }

    bool put(std::string_view text) {
        m_out += text;
        return true;
    }

    bool group(int depth, char close, bool dict) {
        ++m_at;
        m_out += dict ? '{' : '[';
        bool first = true;
        for (;;) {
            skipBlanks();
            if (peek() == close) break;
            if (!first) {
                if (peek() != ',') return false;
                ++m_at;
                skipBlanks();
                if (peek() == close) break; // a trailing comma
                m_out += ',';
            }
            first = false;
            if (dict && !key(depth)) return false;
            if (!value(depth + 1)) return false;
        }
        ++m_at;
        m_out += dict ? '}' : ']';
        return true;
    }

    /// JSON's keys are strings.
    bool key(int depth) {
        const std::size_t from = m_out.size();
        if (!value(depth + 1)) return false;
        if (m_out[from] == '{' || m_out[from] == '[') return false;
        if (m_out[from] != '"') {
            m_out.insert(from, 1, '"');
            m_out += '"';
        }
        skipBlanks();
        if (peek() != ':') return false;
        ++m_at;
        m_out += ':';
        return true;
    }

    bool number() {
        const std::size_t from = m_at;
        while (m_at < m_text.size() && m_text.substr(m_at, 1).find_first_of("+-.0123456789eE") == 0)
            ++m_at;
        const std::string_view text = m_text.substr(from, m_at - from);
        if (text.empty()) return false;
        if (peek() == 'L') ++m_at; // long integers of Python 2
        const auto parsed = parseNumber(text);
        if (!parsed) return false;
        char buffer[40];
        const auto end = std::to_chars(buffer, buffer + sizeof buffer, *parsed);
        return put({buffer, static_cast<std::size_t>(end.ptr - buffer)});
    }

    void character(char c) {
        constexpr std::string_view hex = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            m_out += '\\';
            m_out += c;
        } else if (byte < 0x20) {
            m_out += "\\u00";
            m_out += hex[byte >> 4];
            m_out += hex[byte & 15u];
        } else {
            m_out += c;
        }
    }

    bool hexEscape(std::size_t digits) {
        if (m_at + digits > m_text.size()) return false;
        std::uint32_t code = 0;
        const char* const begin = m_text.data() + m_at;
        const auto parsed = std::from_chars(begin, begin + digits, code, 16);
        if (parsed.ptr != begin + digits || code >= 0x110000) return false;
        m_at += digits;
        const std::string text = decodeEntities("&#" + std::to_string(code) + ";"); // the character as UTF-8
        if (text.front() == '&' && code != '&') return put("\\ufffd"); // half of a surrogate pair
        for (const char c : text)
            character(c);
        return true;
    }

    bool string() {
        const char quote = m_text[m_at++];
        m_out += '"';
        while (m_at < m_text.size() && m_text[m_at] != quote) {
            char c = m_text[m_at++];
            if (c != '\\') {
                character(c);
                continue;
            }
            if (m_at >= m_text.size()) return false;
            c = m_text[m_at++];
            switch (c) {
            case 'n':
                character('\n');
                break;
            case 't':
                character('\t');
                break;
            case 'r':
                character('\r');
                break;
            case 'x':
                if (!hexEscape(2)) return false;
                break;
            case 'u':
                if (!hexEscape(4)) return false;
                break;
            case 'U':
                if (!hexEscape(8)) return false;
                break;
            case '\\':
            case '\'':
            case '"':
                character(c);
                break;
            default: // Python keeps a backslash that escapes nothing
                character('\\');
                character(c);
            }
        }
        if (m_at >= m_text.size()) return false;
        ++m_at;
        m_out += '"';
        return true;
    }

    std::string_view m_text;
    std::size_t m_at = 0;
    std::string m_out;
};

} // namespace

std::optional<std::string> pythonToJson(std::string_view literal) { return Translator(literal).run(); }

} // namespace recoscope::readers
