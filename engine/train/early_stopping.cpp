// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/early_stopping.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

EarlyStopper::EarlyStopper(int patience, double minDelta, bool higherIsBetter)
    : m_patience(std::max(1, patience))
    , m_minDelta(minDelta)
    , m_higherIsBetter(higherIsBetter) {}

bool EarlyStopper::improves(double value) {
    const double gain = m_higherIsBetter ? value - m_best : m_best - value;
    if (std::isnan(value) || (m_any && !(gain > m_minDelta))) {
        ++m_sinceBest;
        return false;
    }
    m_any = true;
    m_best = value;
    m_sinceBest = 0;
    return true;
}

} // namespace recoscope
