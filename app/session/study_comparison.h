// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/study_summary.h"

#include "app/storage/run_store.h"

#include <QString>
#include <QStringList>

#include <map>
#include <string>
#include <vector>

namespace recoscope {

/// One entry of a comparison: all runs of a study of seeds or folds together, or a run that belongs to none.
/// The numbers are those that are stored with the runs, of the test part. Plain values.
struct ComparedStudy {
    QString id;    // of the study, or of the run
    QString title; // of a study; a run's is for the view to make
    StudyKind kind = StudyKind::None;
    int runs = 0;                   // that have numbers
    int planned = 0;                // of a study
    std::vector<StudyValue> values; // mean and 95 % interval by Student's t; a run's have none
    std::map<std::string, std::vector<double>> points; // by metric key, a number a run
    bool sameSplits = true;  // as the first study: else the numbers are not of the same test parts
    bool sameReading = true; // metrics are defined as those of the first entry

    const StudyValue* find(const std::string& key) const;
    bool operator==(const ComparedStudy&) const = default;
};

/// The studies that the runs belong to, each once, and the runs that belong to none, in the order of the
/// runs. A trial of a search is a run by itself: its siblings are other models.
/// @param ids   unknown ones are left out
/// @param runs  all of the workspace
std::vector<ComparedStudy> compareStudies(const QStringList& ids, const std::vector<RunRecord>& runs,
                                          const std::vector<StudyRecord>& studies);

} // namespace recoscope
