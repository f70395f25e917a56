// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/reader.h"
#include "engine/data/split.h"
#include "engine/train/train.h"

#include "app/storage/study_spec.h"

#include <string>
#include <vector>

namespace recoscope {

/// Everything that makes a run again: data, import, filters, split, algorithm, parameters, evaluation. Plain data.
struct Experiment {
    std::string name; // shown; may be empty
    std::string dataPath = "builtin:sample";
    ImportOptions import;
    SplitSpec split;
    TrainingPlan plan;
    StudySpec study; // several runs instead of one
    bool operator==(const Experiment&) const = default;
};

/// All parameters of the algorithm (left alone where they do not fit it) and the names of all metrics, instead of
/// "what is left out has its default".
Experiment completed(Experiment experiment);

/// YAML with RecBole's key names where the meaning is equal (embedding_size, learning_rate, train_batch_size, epochs, seed,
/// topk, valid_metric, stopping_step, eval_args). Every parameter and every evaluation setting is written, also at its
/// default, so that the text keeps its numbers when a default changes. It reads back as completed(experiment).
std::string toYaml(const Experiment& experiment);
/// Unknown keys, wrong types and values out of range are errors that name line and key.
Result<Experiment> experimentFromYaml(const std::string& yaml, const std::string& fileName);
/// As experimentFromYaml; relative data paths are taken from the file's folder.
Result<Experiment> readExperimentFile(const std::string& path);
/// Written to a temporary name and renamed; relative data paths become absolute.
Status writeExperimentFile(const std::string& path, const Experiment& experiment);

/// The experiment with the keys of `yaml` laid over it; another model drops the parameters of the former.
Result<Experiment> overlayYaml(const Experiment& base, const std::string& yaml, const std::string& fileName);

/// Every key a file may use besides the algorithm's own parameters, nested ones with a dot ("evaluation.ideal_list").
std::vector<std::string> experimentKeys();

} // namespace recoscope
