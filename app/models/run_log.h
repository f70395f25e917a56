// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/run_store.h"

#include <QHash>

#include <cstddef>
#include <vector>

namespace recoscope {

/// A run's log as a person reads it: its start, a line an epoch and an evaluation, what the training loop had
/// to say, its end and its test. Made from the record, the curves and the stored lines, so that a run of
/// years ago reads as it did while it trained. One run; GUI thread.
class RunLog final {
public:
    /// The lines that have come since the last call, by time. Curves and log must be those of the last call
    /// with more at their ends.
    std::vector<StoredLogLine> more(const RunRecord& record, const std::vector<Curve>& curves,
                                    const std::vector<StoredLogLine>& log);

private:
    bool m_start = false;
    bool m_end = false;
    bool m_test = false;
    std::size_t m_lines = 0;
    QHash<QString, std::size_t> m_points; // told, by curve
};

/// "    1.25 s  epoch 3  loss 0.412"
QString logText(const StoredLogLine& line);

} // namespace recoscope
