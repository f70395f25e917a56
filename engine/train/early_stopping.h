// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace recoscope {

/// Watches one number over the evaluations of a run: which was best, and whether it is time to stop. One
/// thread.
class EarlyStopper final {
public:
    /// @param patience  evaluations without improvement that are put up with; at least 1.
    EarlyStopper(int patience, double minDelta, bool higherIsBetter);

    /// True when `value` is better than the best so far by more than minDelta. NaN never is.
    bool improves(double value);
    /// The last `patience` values brought no improvement.
    bool shouldStop() const { return m_sinceBest >= m_patience; }

private:
    int m_patience;
    double m_minDelta;
    bool m_higherIsBetter;
    bool m_any = false;
    double m_best = 0.0;
    int m_sinceBest = 0;
};

} // namespace recoscope
