// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/rng.h"

#include <vector>

namespace recoscope {

/// A density over [0, 1] made of points: a normal around each, cut at the borders and as wide as the larger
/// gap to its neighbours, and one even part of the same weight (Bergstra et al., NIPS 2011, section 4.2).
/// With `values` above 0: over that many equal stretches, counts of the points in each with 1 spread over
/// all. Immutable.
class ParzenDensity final {
public:
    ParzenDensity(std::vector<double> points, int values);
    double at(double place) const;
    double draw(Rng& rng) const;

private:
    std::vector<double> m_points; // ascending
    std::vector<double> m_widths;
    std::vector<double> m_masses; // of each normal between 0 and 1
    std::vector<double> m_shares; // of the stretches; empty: normals
};

} // namespace recoscope
