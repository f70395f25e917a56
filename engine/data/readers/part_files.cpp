// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/part_files.h"

#include "engine/data/readers/sniff.h"

#include <string>

namespace recoscope::readers {

namespace {

/// The file beside `train` with another word in the place of "train".
int partner(const FileTree& tree, int train, std::string_view word) {
    std::string name = plainName(tree, train);
    const std::size_t at = name.rfind("train");
    if (at == std::string::npos) return -1;
    std::size_t length = 5;
    if (name.compare(at, 8, "training") == 0) length = 8;
    name.replace(at, length, word);
    return beside(tree, train, name);
}

} // namespace

PartFiles findParts(const PlanRequest& request, const std::function<bool(std::string_view)>& isTrain) {
    PartFiles parts;
    if (request.alone) return parts;
    const FileTree& tree = request.tree;
    int train = -1;
    for (std::size_t n = 0; n < tree.files().size(); ++n) {
        const auto file = static_cast<int>(n);
        if (tree.selected() >= 0 && tree.selected() != file) continue;
        const std::string name = plainName(tree, file);
        if (name.find("train") == std::string::npos || !isTrain(name) || partner(tree, file, "test") < 0)
            continue;
        if (train >= 0 && plainName(tree, train) != name)
            return parts; // two splits in one folder: a person must choose
        if (train < 0 || tree.files()[static_cast<std::size_t>(train)].gzip) train = file;
    }
    if (train < 0) return parts;
    parts.train = train;
    parts.test = partner(tree, train, "test");
    for (const auto* word : {"valid", "validation", "val", "dev"})
        if (parts.validation < 0) parts.validation = partner(tree, train, word);
    return parts;
}

Status addParts(const PartFiles& parts, ReadPlan& plan,
                const std::function<Result<std::shared_ptr<const RowParser>>(int)>& parserFor) {
    const auto add = [&](int file, Part part) -> Status {
        if (file < 0) return {};
        auto parser = parserFor(file);
        if (!parser) return parser.error();
        plan.interactions.push_back({file, part, std::move(*parser)});
        return {};
    };
    if (auto added = add(parts.train, Part::Train); !added) return added;
    if (auto added = add(parts.validation, Part::Validation); !added) return added;
    return add(parts.test, Part::Test);
}

} // namespace recoscope::readers
