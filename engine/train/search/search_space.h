// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// One parameter that a search varies: a range of numbers, or listed values.
struct SearchDimension {
    std::string key;
    ParamType type = ParamType::Real;
    double min = 0.0;
    double max = 1.0;
    bool logScale = false;
    int points = 0;                 // of a grid over a range; 0: chosen by the number of trials
    std::vector<ParamValue> values; // listed, instead of a range

    bool listed() const { return !values.empty(); }
    /// Different values; 0: a continuous range.
    double count() const;
    /// The value at a place from 0 to 1, evenly spread over the (logarithmic) range. Real numbers have four
    /// digits, so that they can be typed again.
    ParamValue at(double place) const;
    bool operator==(const SearchDimension&) const = default;
};

/// What a search may try. Immutable.
class SearchSpace final {
public:
    /// From a text such as "embedding_size=8..128:log, learning_rate=0.001..0.1:log:5, activation=tanh|relu":
    /// what is named is varied; a name alone has the range that the schema suggests. ":5" is the points of a
    /// grid,
    /// ":log" and ":linear" the scale (else the schema's). Empty: everything a person usually turns, around
    /// its default. Errors name the parameter.
    static Result<SearchSpace> parse(const ParamSchema& schema, std::string_view text);

    const std::vector<SearchDimension>& dimensions() const { return m_dimensions; }
    /// Reads back as this space.
    std::string text() const;
    /// Different points where all dimensions are countable; 0: endless.
    double count() const;

    bool operator==(const SearchSpace&) const = default;

private:
    std::vector<SearchDimension> m_dimensions;
};

} // namespace recoscope
