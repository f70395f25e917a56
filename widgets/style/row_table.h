// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QTableView;

namespace recoscope {

/// Makes of a table one that is read by rows, as all of ours are: no grid and no row numbers, every other row
/// tinted, whole rows selected, nothing edited, rows of one line, Tab leaves it.
void setUpRowTable(QTableView* table);

} // namespace recoscope
