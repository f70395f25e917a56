// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/premade.h"

#include "engine/data/readers/amazon.h"
#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/part_files.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

namespace recoscope::readers {

Result<std::optional<ReadPlan>> planPremade(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    const PartFiles parts = findParts(request, [](std::string_view name) {
        return endsWith(name, ".csv") || endsWith(name, ".tsv") || endsWith(name, ".txt") ||
               endsWith(name, ".dat") || endsWith(name, ".data");
    });
    if (!parts.found()) return std::optional<ReadPlan>();
    ReadPlan plan;
    plan.title = "Pre-made split";
    plan.name = datasetName(tree, parts.train);
    plan.description = parts.validation >= 0
                           ? "Interactions already cut into a training, a validation and a test file."
                           : "Interactions already cut into a training and a test file.";
    std::optional<DelimitedShape> trainShape;
    const auto parserFor = [&](int file) -> Result<std::shared_ptr<const RowParser>> {
        const auto lines = headLines(tree, file);
        if (!lines) return lines.error();
        const auto guess = guessTable(*lines);
        if (!guess || guess->columns > 1000)
            return Error{ErrorCode::Parse, "The file has no user and item column", tree.label(file) + ":1"};
        DelimitedShape shape = guess->shape;
        // The parts are cut from one table: where a part alone leaves a doubt, the training file decides.
        if (trainShape && !guess->certain && trainShape->delimiter == shape.delimiter) {
            const bool header = shape.header;
            shape = *trainShape;
            shape.header = header;
        }
        if (!trainShape) trainShape = shape;
        return delimitedParser(shape);
    };
    if (auto added = addParts(parts, plan, parserFor); !added) return added.error();
    if (auto catalogue = amazonCatalogue(tree, parts.train)) plan.features.push_back(std::move(*catalogue));
    return std::optional(std::move(plan));
}

} // namespace recoscope::readers
