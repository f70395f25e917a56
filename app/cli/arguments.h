// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QString>
#include <QStringList>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace recoscope::cli {

/// One option of a command. `value` names what follows it; empty: a flag.
struct Option {
    std::string name; // "--data" or "-k"
    std::string value;
    std::string help;
    bool repeatable = false;
};

/// What was typed after a command's name, checked against its options.
class Arguments final {
public:
    /// "--name value", "--name=value", "-k 10"; "--" ends the options. Unknown options name the nearest
    /// known.
    static Result<Arguments> parse(std::span<const Option> options, const QStringList& words);

    const QStringList& positional() const { return m_positional; }
    bool has(const std::string& name) const { return m_values.count(name) > 0; }
    /// The last value given.
    std::optional<QString> value(const std::string& name) const;
    QStringList values(const std::string& name) const;
    /// The same as if this option had not been given.
    Arguments without(const std::string& name) const {
        Arguments copy = *this;
        copy.m_values.erase(name);
        return copy;
    }
    /// A whole number in a range, or `fallback` when the option is not given.
    Result<std::int64_t> number(const std::string& name, std::int64_t fallback, std::int64_t min,
                                std::int64_t max) const;

private:
    QStringList m_positional;
    std::map<std::string, QStringList> m_values;
};

} // namespace recoscope::cli
