// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

#include <functional>
#include <string_view>
#include <vector>

namespace recoscope::readers {

/// Files of one pre-made split.
struct PartFiles {
    int train = -1;
    int validation = -1;
    int test = -1;
    bool found() const { return train >= 0 && test >= 0; }
};

/// The split whose training file passes `isTrain` (given its plain name): the opened file, or the only one of
/// a folder or archive. Its partners have "test" and "valid", "validation", "val" or "dev" in place of
/// "train" and lie beside it. Nothing found: train is -1. When parts are named one by one, nothing is found
/// either.
PartFiles findParts(const PlanRequest& request, const std::function<bool(std::string_view name)>& isTrain);

/// Adds the parts in the order train, validation, test, each with the parser that `parserFor` gives its file.
Status addParts(const PartFiles& parts, ReadPlan& plan,
                const std::function<Result<std::shared_ptr<const RowParser>>(int file)>& parserFor);

} // namespace recoscope::readers
