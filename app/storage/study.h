// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/experiment.h"
#include "app/storage/yaml_values.h"

#include <QDateTime>
#include <QString>

#include <vector>

namespace recoscope {

QString studyKindKey(StudyKind kind); // "seeds", "folds", "search"

/// One run of a study of seeds or folds: what it is called, and the experiment that makes it again by itself.
struct StudyMember {
    QString role; // "seed 7", "fold 2", "fold 2, seed 7"; folds from 1, as people count
    Experiment experiment;
};
/// The runs of a study of seeds or folds, folds first.
std::vector<StudyMember> membersOf(const Experiment& experiment);

/// What keeps an experiment's several runs from making sense together; success for one run.
Status checkStudy(const Experiment& experiment);

/// The search over an experiment's algorithm, at its first trial.
Result<Search> searchOf(const Experiment& experiment);
/// The metric that a search makes best, and what a trial of it trains: never with the test part.
std::string searchMetric(const Experiment& experiment);
Experiment trialExperiment(const Experiment& experiment, const Trial& trial);
/// Success, or why a search cannot be judged on this split: without a validation part it would tune on test
/// data.
Status checkSearch(const Experiment& experiment, const Split& split);
/// "trial 13"
QString trialRole(int number);

/// What a trial that is over counts with; empty where it failed or has no such number.
TrialValue trialValue(const std::vector<NamedValue>& metrics, const std::string& key);

/// What a study is called where nobody gave it a name: "iALS on MovieLens 100K".
QString studyTitle(const Experiment& experiment, const QString& data);

/// 16 hex digits over the experiment and its data, by which a study that was cut off is found again. The
/// number of trials does not count where more of them may follow (random, tpe).
QString studyKey(const Experiment& experiment, const QString& datasetFingerprint);

// Keys of experiment files: seeds, seeds_vary, search, and eval_args.fold with "all".
Status takeSeeds(const YamlContext& context, const YAML::Node& node, std::string_view key, StudySpec& out);
Status takeSeedsVary(const YamlContext& context, const YAML::Node& node, std::string_view key,
                     StudySpec& out);
Status takeSearch(const YamlContext& context, const YAML::Node& node, std::string_view key, StudySpec& out);
Status takeFold(const YamlContext& context, const YAML::Node& node, std::string_view key, Experiment& out);
/// Lines that read back as the same; empty for one run.
std::string studyYaml(const StudySpec& study);

enum class StudyStatus { Running, Completed };

/// A study of a workspace.
struct StudyRecord {
    QString id;  // "search-1f3a", typed by people
    QString key; // see studyKey()
    StudyKind kind = StudyKind::Seeds;
    QString name;
    QDateTime created;
    StudyStatus status = StudyStatus::Running;
    QString algorithm;
    QString experiment; // YAML, with the study's own keys
    QString metric;     // search: what is made best
    QString winner;     // search: the best run, once all are done
    int planned = 0;    // runs
    int runs = 0;       // there are; read only
};

} // namespace recoscope
