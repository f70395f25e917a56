// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/row_chunk.h"

#include <memory>
#include <string>

namespace recoscope::readers {

/// One interaction a line, in columns.
struct DelimitedShape {
    std::string delimiter = ","; // one or two characters; " ": runs of blanks and tabs
    char quote = 0;              // 0: none
    bool header = false;
    int user = 0;
    int item = 1;
    int rating = -1; // -1: not there
    int time = -1;
    bool operator==(const DelimitedShape&) const = default;
};

std::shared_ptr<const RowParser> delimitedParser(const DelimitedShape& shape);

/// Lines `user item item item …`, separated by blanks or tabs: any number of items. rowsRead counts the
/// pairs.
std::shared_ptr<const RowParser> itemListParser();

} // namespace recoscope::readers
