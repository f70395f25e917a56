// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/arguments.h"

#include "app/storage/nearest_text.h"

#include <algorithm>

namespace recoscope::cli {

namespace {

Error usageError(const std::string& message) { return {ErrorCode::Invalid, message, ""}; }

} // namespace

Result<Arguments> Arguments::parse(std::span<const Option> options, const QStringList& words) {
    Arguments arguments;
    bool onlyPositional = false;
    for (qsizetype n = 0; n < words.size(); ++n) {
        const QString& word = words[n];
        if (onlyPositional || !word.startsWith('-') || word == "-") {
            arguments.m_positional << word;
            continue;
        }
        if (word == "--") {
            onlyPositional = true;
            continue;
        }
        const qsizetype equals = word.startsWith("--") ? word.indexOf('=') : -1;
        const std::string name = (equals < 0 ? word : word.left(equals)).toStdString();
        const auto option = std::find_if(options.begin(), options.end(),
                                         [&](const Option& known) { return known.name == name; });
        if (option == options.end()) {
            std::vector<std::string> names;
            for (const Option& known : options)
                names.push_back(known.name);
            return usageError("Unknown option " + name + didYouMean(name, names));
        }
        QString value;
        if (option->value.empty()) {
            if (equals >= 0) return usageError(name + " takes no value");
        } else if (equals >= 0) {
            value = word.mid(equals + 1);
        } else {
            if (n + 1 >= words.size())
                return usageError(name + " needs a value: " + name + " " + option->value);
            value = words[++n];
        }
        QStringList& values = arguments.m_values[name];
        if (!values.isEmpty() && !option->repeatable && !option->value.empty())
            return usageError(name + " is given twice");
        values << value;
    }
    return arguments;
}

std::optional<QString> Arguments::value(const std::string& name) const {
    const auto found = m_values.find(name);
    if (found == m_values.end() || found->second.isEmpty()) return std::nullopt;
    return found->second.last();
}

QStringList Arguments::values(const std::string& name) const {
    const auto found = m_values.find(name);
    return found == m_values.end() ? QStringList() : found->second;
}

Result<std::int64_t> Arguments::number(const std::string& name, std::int64_t fallback, std::int64_t min,
                                       std::int64_t max) const {
    const auto text = value(name);
    if (!text) return fallback;
    bool ok = false;
    const qlonglong number = text->toLongLong(&ok);
    if (!ok || number < min || number > max)
        return usageError(name + " needs a whole number from " + std::to_string(min) + " to " +
                          std::to_string(max) + ", got '" + text->toStdString() + "'");
    return static_cast<std::int64_t>(number);
}

} // namespace recoscope::cli
