// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/check.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace recoscope {

enum class ErrorCode {
    NotFound,    // a file, user, item, run or key that does not exist
    Io,          // reading or writing failed: permission, full disk, network
    Parse,       // content that cannot be understood
    Unsupported, // understood, but not something Recoscope does
    Invalid,     // a parameter or argument out of its range, or unknown
    Cancelled,   // a person asked for it; not a failure
    Numeric,     // NaN or infinity where a number was needed
    Limit,       // too large: memory, line length, column count
};

/// What went wrong, in one sentence that a person can act on, and where.
struct Error {
    ErrorCode code = ErrorCode::Invalid;
    std::string message;
    std::string where; // "u.data:17:3", a parameter key, a path; may be empty

    /// "u.data:17:3: Rating is not a number"
    std::string text() const { return where.empty() ? message : where + ": " + message; }
    bool operator==(const Error&) const = default;
};

/// A value or an Error. Reading the wrong one is a programming mistake (RECOSCOPE_CHECK).
template <class T>
class [[nodiscard]] Result final {
public:
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return m_state.index() == 0; }
    explicit operator bool() const { return ok(); }

    const T& value() const& {
        RECOSCOPE_CHECK(ok(), "value() of an error");
        return std::get<0>(m_state);
    }
    T& value() & {
        RECOSCOPE_CHECK(ok(), "value() of an error");
        return std::get<0>(m_state);
    }
    T&& value() && {
        RECOSCOPE_CHECK(ok(), "value() of an error");
        return std::get<0>(std::move(m_state));
    }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }

    const Error& error() const {
        RECOSCOPE_CHECK(!ok(), "error() of a value");
        return std::get<1>(m_state);
    }

private:
    std::variant<T, Error> m_state;
};

/// Success or an Error.
class [[nodiscard]] Status final {
public:
    Status() = default;
    Status(Error error) : m_error(std::move(error)) {}

    bool ok() const { return !m_error.has_value(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const {
        RECOSCOPE_CHECK(!ok(), "error() of success");
        return *m_error;
    }

private:
    std::optional<Error> m_error;
};

} // namespace recoscope
