// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/search/parzen.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace recoscope {

namespace {

double normalBelow(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

} // namespace

ParzenDensity::ParzenDensity(std::vector<double> points, int values)
    : m_points(std::move(points)) {
    std::sort(m_points.begin(), m_points.end());
    const auto count = static_cast<double>(m_points.size());
    if (values > 0) {
        m_shares.assign(static_cast<std::size_t>(values), 1.0 / (values * (count + 1.0)));
        for (const double point : m_points)
            m_shares[static_cast<std::size_t>(std::min(values - 1.0, std::floor(point * values)))] +=
                1.0 / (count + 1.0);
        return;
    }
    const double narrowest = 1.0 / std::min(100.0, count + 2.0) / 2.0;
    for (std::size_t n = 0; n < m_points.size(); ++n) {
        const double left = m_points[n] - (n > 0 ? m_points[n - 1] : 0.0);
        const double right = (n + 1 < m_points.size() ? m_points[n + 1] : 1.0) - m_points[n];
        m_widths.push_back(std::clamp(std::max(left, right), narrowest, 1.0));
        m_masses.push_back(normalBelow((1.0 - m_points[n]) / m_widths[n]) -
                           normalBelow(-m_points[n] / m_widths[n]));
    }
}

double ParzenDensity::at(double place) const {
    if (!m_shares.empty()) {
        const auto stretches = static_cast<double>(m_shares.size());
        return stretches *
               m_shares[static_cast<std::size_t>(std::min(stretches - 1.0, std::floor(place * stretches)))];
    }
    double sum = 1.0; // the even part
    for (std::size_t n = 0; n < m_points.size(); ++n) {
        const double z = (place - m_points[n]) / m_widths[n];
        sum += std::exp(-0.5 * z * z) / (std::sqrt(2.0 * std::numbers::pi) * m_widths[n] * m_masses[n]);
    }
    return sum / (static_cast<double>(m_points.size()) + 1.0);
}

double ParzenDensity::draw(Rng& rng) const {
    if (!m_shares.empty()) {
        double rest = rng.uniform();
        std::size_t n = 0;
        while (n + 1 < m_shares.size() && rest >= m_shares[n])
            rest -= m_shares[n++];
        return (static_cast<double>(n) + 0.5) / static_cast<double>(m_shares.size());
    }
    const std::uint64_t part = rng.below(m_points.size() + 1);
    if (part == m_points.size()) return rng.uniform();
    const auto n = static_cast<std::size_t>(part);
    for (int attempt = 0; attempt < 100; ++attempt) {
        const double place = m_points[n] + m_widths[n] * rng.normal();
        if (place >= 0.0 && place < 1.0) return place;
    }
    return m_points[n];
}

} // namespace recoscope
