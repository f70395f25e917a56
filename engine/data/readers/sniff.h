// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/plan.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::readers {

/// Whole lines from the beginning of a file, without BOM and line ends; blank ones left out.
Result<std::vector<std::string>> headLines(const FileTree& tree, int file, std::size_t most = 60);
/// An Error for an empty file, a binary one, UTF-16.
Status checkText(const FileTree& tree, int file);

/// The file that a reader looks for by name: the opened one when it is called so, or any of a folder or
/// archive.
int candidate(const FileTree& tree, std::string_view name);
/// Index of `name` beside `file` (same folder inside the tree), or -1.
int beside(const FileTree& tree, int file, std::string_view name);
/// Name without folders of a file, lower case, without ".gz".
std::string plainName(const FileTree& tree, int file);

/// What a person calls the data: the file's name up to the first dot, or that of the folder or archive when the file is only
/// called after its part ("train.txt").
std::string datasetName(const FileTree& tree, int file);

/// Role of a column by its header, as the field calls it.
enum class Role { None, User, Item, Rating, Time };
Role roleOf(std::string_view header);

struct TableGuess {
    DelimitedShape shape;
    int columns = 0;
    bool certain = false;           // user and item are known by name or by content
    std::vector<std::string> names; // header, or "column 1"…
};
/// Delimiter, header and columns of a table, from its first lines. Nothing when no delimiter gives two
/// columns.
std::optional<TableGuess> guessTable(const std::vector<std::string>& lines);

bool isWholeNumber(std::string_view text);
/// Lines of whole numbers between blanks, of different lengths: `user item item …`.
bool looksLikeItemLists(const std::vector<std::string>& lines);

} // namespace recoscope::readers
