// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/strong_generalisation.h"

#include "engine/data/readers/delimited_rows.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"

#include <array>
#include <string>

namespace recoscope::readers {

namespace {

struct Names {
    std::string_view validationHistory;
    std::string_view validation;
    std::string_view testHistory;
    std::string_view test;
};
constexpr std::array<Names, 2> namings = {{{"val_foldin", "val_heldout", "test_foldin", "test_heldout"},
                                           {"validation_tr", "validation_te", "test_tr", "test_te"}}};

} // namespace

Result<std::optional<ReadPlan>> planStrongGeneralisation(const PlanRequest& request) {
    const FileTree& tree = request.tree;
    if (request.alone) return std::optional<ReadPlan>();
    for (const std::string_view extension : {".tsv", ".csv", ".txt"}) {
        const int train = candidate(tree, "train" + std::string(extension));
        if (train < 0) continue;
        for (const Names& names : namings) {
            const auto file = [&](std::string_view name) {
                return beside(tree, train, std::string(name) + std::string(extension));
            };
            const std::array<std::pair<int, Part>, 5> files = {
                {{train, Part::Train},
                 {file(names.validationHistory), Part::ValidationHistory},
                 {file(names.validation), Part::Validation},
                 {file(names.testHistory), Part::TestHistory},
                 {file(names.test), Part::Test}}};
            if (files[3].first < 0 || files[4].first < 0) continue;
            ReadPlan plan;
            plan.title = "Held-out users";
            plan.name = datasetName(tree, train);
            plan.description = "Training users, and held-out users whose histories are folded in and scored "
                               "against the rest.";
            for (const auto& [number, part] : files) {
                if (number < 0) continue;
                const auto lines = headLines(tree, number);
                if (!lines) return lines.error();
                const auto guess = guessTable(*lines);
                if (!guess)
                    return Error{ErrorCode::Parse, "The file has no user and item column",
                                 tree.label(number) + ":1"};
                plan.interactions.push_back({number, part, delimitedParser(guess->shape)});
            }
            if (const int other = file("test_heldout_plus_lowrated"); other >= 0)
                plan.ignored.push_back(tree.files()[static_cast<std::size_t>(other)].shown +
                                       ": another ground truth of the same test users; test_heldout is used");
            return std::optional(std::move(plan));
        }
    }
    return std::optional<ReadPlan>();
}

} // namespace recoscope::readers
