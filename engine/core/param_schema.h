// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace recoscope {

/// A choice is held by its key (a string).
using ParamValue = std::variant<bool, std::int64_t, double, std::string>;
using ParamMap = std::map<std::string, ParamValue>;

/// Shortest text that reads back as the same value: "true", "64", "0.01", "cg".
std::string toText(const ParamValue& value);
/// Nothing for a flag, a choice or a text.
std::optional<double> asNumber(const ParamValue& value);
/// The number under a key; nothing where there is none.
std::optional<double> numberIn(const ParamMap& params, const std::string& key);

/// The double that a person would have written for a float: 0.05 for 0.05f. Casting it back gives the same float.
double decimalOf(float value);
inline double decimalOf(double value) { return value; }

enum class ParamType { Flag, Integer, Real, Choice, Text };

struct ParamChoice {
    std::string key;
    std::string label;
    std::string help;
    bool operator==(const ParamChoice&) const = default;
};

/// What a form, the command line, the docs and a sweep need to know of one parameter.
struct ParamSpec {
    std::string key; // RecBole's name where the meaning is equal
    ParamType type = ParamType::Real;
    ParamValue defaultValue = 0.0;
    std::string label;
    std::string help;
    std::string group = "Model";
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    bool logScale = false; // sliders and sweeps move by factors
    bool advanced = false; // folded away at first
    std::vector<ParamChoice> choices;
    std::string enabledBy; // only meaningful when this other parameter …
    std::vector<std::string> enabledWhen; // … has one of these values (as text); empty: always
    bool operator==(const ParamSpec&) const = default;
};

/// The range of a number for a person to read: "0 to 1,000", "at least 1", "any number".
std::string rangeText(const ParamSpec& spec);

/// Parameters of one algorithm, in the order of the form. Immutable once built.
class ParamSchema final {
public:
    ParamSchema() = default;
    explicit ParamSchema(std::vector<ParamSpec> specs) : m_specs(std::move(specs)) {}

    const std::vector<ParamSpec>& specs() const { return m_specs; }
    const ParamSpec* find(std::string_view key) const;
    ParamMap defaults() const;

    /// Reads a value as typed by a person ("0.05", "true", "cg"). Errors name the key and the allowed range.
    Result<ParamValue> parse(std::string_view key, std::string_view text) const;
    /// Defaults overlaid with `given`, types adjusted (an integer for a real), ranges checked. Unknown keys are errors
    /// that name the nearest known key.
    Result<ParamMap> complete(const ParamMap& given) const;
    bool enabled(const ParamSpec& spec, const ParamMap& values) const;

private:
    Status check(const ParamSpec& spec, ParamValue& value) const;
    std::vector<ParamSpec> m_specs;
};

/// Everything of ParamSpec that a person writes beside a member; key, type and default come from the member.
struct ParamText {
    std::string label;
    std::string help;
    double min = -std::numeric_limits<double>::infinity();
    double max = std::numeric_limits<double>::infinity();
    bool logScale = false;
    bool advanced = false;
    std::string group = "Model";
    std::string enabledBy = {};
    std::vector<std::string> enabledWhen = {};
};

/// A schema bound to a plain struct with member initialisers; the initialiser is the default.
///
///     static const auto schema = TypedSchema<Params>::Builder()
///         .integer("embedding_size", &Params::factors, {.label = "Factors", .help = "…", .min = 1, .max = 2048})
///         .choice("solver", &Params::solver, {{Solver::Cg, {"cg", "Conjugate gradient", "…"}}, …}, {.label = …})
///         .build();
template <class P>
class TypedSchema final {
public:
    class Builder;

    const ParamSchema& schema() const { return m_schema; }
    /// Checked, with defaults for what is not given.
    Result<P> read(const ParamMap& given) const {
        const auto complete = m_schema.complete(given);
        if (!complete) return complete.error();
        P params{};
        for (const auto& [key, set] : m_setters) set(params, complete->at(key));
        return params;
    }
    ParamMap write(const P& params) const {
        ParamMap map;
        for (const auto& [key, get] : m_getters) map[key] = get(params);
        return map;
    }

private:
    ParamSchema m_schema;
    std::vector<std::pair<std::string, std::function<void(P&, const ParamValue&)>>> m_setters;
    std::vector<std::pair<std::string, std::function<ParamValue(const P&)>>> m_getters;
};

template <class P>
class TypedSchema<P>::Builder final {
public:
    template <class Int>
    Builder& integer(std::string key, Int P::*member, ParamText text) {
        return add(ParamType::Integer, std::move(key), std::move(text), {},
                   [member](const P& p) { return ParamValue(static_cast<std::int64_t>(p.*member)); },
                   [member](P& p, const ParamValue& v) { p.*member = static_cast<Int>(std::get<std::int64_t>(v)); });
    }
    template <class Float>
    Builder& real(std::string key, Float P::*member, ParamText text) {
        return add(ParamType::Real, std::move(key), std::move(text), {},
                   [member](const P& p) { return ParamValue(decimalOf(p.*member)); },
                   [member](P& p, const ParamValue& v) { p.*member = static_cast<Float>(std::get<double>(v)); });
    }
    Builder& flag(std::string key, bool P::*member, ParamText text) {
        return add(ParamType::Flag, std::move(key), std::move(text), {},
                   [member](const P& p) { return ParamValue(p.*member); },
                   [member](P& p, const ParamValue& v) { p.*member = std::get<bool>(v); });
    }
    Builder& text(std::string key, std::string P::*member, ParamText text) {
        return add(ParamType::Text, std::move(key), std::move(text), {},
                   [member](const P& p) { return ParamValue(p.*member); },
                   [member](P& p, const ParamValue& v) { p.*member = std::get<std::string>(v); });
    }
    template <class Enum>
    Builder& choice(std::string key, Enum P::*member, std::vector<std::pair<Enum, ParamChoice>> choices,
                    ParamText text) {
        std::vector<ParamChoice> plain;
        for (const auto& [value, choice] : choices) plain.push_back(choice);
        return add(ParamType::Choice, std::move(key), std::move(text), std::move(plain),
                   [member, choices](const P& p) {
                       for (const auto& [value, choice] : choices)
                           if (value == p.*member) return ParamValue(choice.key);
                       RECOSCOPE_CHECK(false, "a default that is not among the choices");
                       return ParamValue(std::string());
                   },
                   [member, choices](P& p, const ParamValue& v) {
                       for (const auto& [value, choice] : choices)
                           if (choice.key == std::get<std::string>(v)) p.*member = value;
                   });
    }
    TypedSchema build() {
        m_result.m_schema = ParamSchema(std::move(m_specs));
        return std::move(m_result);
    }

private:
    template <class Get, class Set>
    Builder& add(ParamType type, std::string key, ParamText text, std::vector<ParamChoice> choices, Get get,
                 Set set) {
        ParamSpec spec;
        spec.key = key;
        spec.type = type;
        spec.defaultValue = get(P{});
        spec.label = std::move(text.label);
        spec.help = std::move(text.help);
        spec.group = std::move(text.group);
        spec.min = text.min;
        spec.max = text.max;
        spec.logScale = text.logScale;
        spec.advanced = text.advanced;
        spec.choices = std::move(choices);
        spec.enabledBy = std::move(text.enabledBy);
        spec.enabledWhen = std::move(text.enabledWhen);
        m_specs.push_back(std::move(spec));
        m_result.m_getters.emplace_back(key, get);
        m_result.m_setters.emplace_back(std::move(key), set);
        return *this;
    }
    std::vector<ParamSpec> m_specs;
    TypedSchema m_result;
};

/// Parameters of an algorithm that has none.
struct NoParams {
    bool operator==(const NoParams&) const = default;
};

} // namespace recoscope
