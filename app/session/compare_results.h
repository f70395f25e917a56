// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/dialects.h"
#include "engine/eval/groups.h"
#include "engine/eval/leaks.h"
#include "engine/eval/sampling_study.h"
#include "engine/eval/significance.h"

#include "app/storage/run_store.h"

#include <QString>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace recoscope {

/// A stored run to be compared, as a person calls it.
struct RunToCompare {
    QString id;
    QString title;
    bool operator==(const RunToCompare&) const = default;
};

/// Which runs, read how.
struct CompareRequest {
    std::vector<RunToCompare> runs; // of one split, in the order in which they are shown
    QString dialect;                // id of a Dialect; "": as each run was tested
    std::vector<int> cutoffs;       // empty: those that each run was tested with
    SplitPtr split;                 // at hand; the data is read again where it is not the runs' own
};

/// One run's numbers on the test part.
struct MeasuredRun {
    RunRecord record;
    QString title;
    EvaluationOptions options;
    std::shared_ptr<const Evaluation> evaluation; // with values a user
    bool stored = false;                          // the numbers that are kept with the run
};

/// The numbers of all runs of a request. Immutable once delivered.
struct Measurement {
    CompareRequest request;
    std::vector<MeasuredRun> runs;
};
using MeasurementPtr = std::shared_ptr<const Measurement>;

/// Which numbers differ from the reference run's by more than chance: paired t, Holm over a metric's runs.
struct MetricMarks {
    MeasurementPtr of;
    std::size_t reference = 0;
    /// By metric key, a value a run: adjusted p; NaN for the reference and where no test is possible.
    std::map<std::string, std::vector<double>> p;
};

/// How each run reads in every dialect.
struct DialectTable {
    CompareRequest request;
    std::vector<std::vector<DialectReading>> runs; // without values a user
};

/// One grouping of the users (or items), for every run.
struct GroupTable {
    MeasurementPtr of;
    std::vector<std::string> names;   // what this data can be grouped by
    std::vector<GroupReport> reports; // a report a run
};

/// A pair of runs in one metric, with its differences user by user as bars.
struct ComparedPair {
    std::size_t a = 0; // places in Measurement::runs
    std::size_t b = 0;
    Comparison comparison;
    double reach = 0.0;             // bars cover −reach to reach, evenly
    std::vector<std::int64_t> bars; // users with a difference other than 0; an even number of bars
};

struct PairTable {
    MeasurementPtr of;
    std::string metric;
    double level = 0.05;
    std::vector<ComparedPair> pairs;
};

/// Ways in which the answer may have got into the question.
struct LeakTable {
    MeasurementPtr of;
    std::vector<Leak> split;             // of the data and its split: every run's
    std::vector<std::vector<Leak>> runs; // of one run's numbers and choice
};

/// One metric of every run as the number of negatives grows.
struct StudyTable {
    CompareRequest request;
    SamplingStudy study;    // a curve a run
    std::int32_t items = 0; // of the data: the full ranking is among about so many
};

} // namespace recoscope
