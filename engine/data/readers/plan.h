// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/features.h"
#include "engine/data/readers/file_tree.h"
#include "engine/data/readers/reader.h"
#include "engine/data/readers/row_chunk.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace recoscope::readers {

struct InteractionFile {
    int file = 0;
    Part part = Part::Train;
    std::shared_ptr<const RowParser> parser;
};

struct FeatureFile {
    int file = 0;
    Side side = Side::Item;
    FeatureReader read;
};

/// What a reader found in a tree and how it will be read.
struct ReadPlan {
    std::string format; // filled in by the registry
    std::string title;       // of the format, as the preview shows it
    std::string name;        // of the dataset; empty: the title says it
    std::string description;
    std::vector<InteractionFile> interactions; // in the order of reading
    std::vector<FeatureFile> features;
    std::vector<int> negatives; // files of negatives as NCF has them: readNegatives()
    std::vector<std::string> ignored;
    bool orderTimes = false; // rows stand in time order and have no times: their position becomes the time
    std::vector<std::string> notes; // sentences for the report
    // Preview of delimited text: the columns of the file instead of user, item, rating, time.
    std::vector<std::string> columns;
    std::vector<std::vector<std::string>> rows;
    std::optional<ColumnMapping> suggestedMapping;
    bool needsMapping = false;

    bool hasParts() const {
        for (const auto& one : interactions)
            if (one.part != Part::Train) return true;
        return false;
    }
};

struct PlanRequest {
    const FileTree& tree;
    const ImportOptions& options;
    bool forced = false; // a person chose this format: look at content, not at names
    bool alone = false;  // the parts of a split are named one by one: do not look for the other parts
};

/// Nothing when the tree is not of this format; an Error when it is but cannot be read.
using PlanFunction = Result<std::optional<ReadPlan>> (*)(const PlanRequest&);

struct Reader {
    FormatInfo info;
    PlanFunction plan;
};

/// All readers, the most particular first.
std::span<const Reader> readers();

/// The plan of the first reader that knows the tree (or of the chosen one).
Result<ReadPlan> planFor(const PlanRequest& request);

} // namespace recoscope::readers
