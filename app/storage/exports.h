// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/thread_pool.h"

#include "app/storage/run_store.h"

#include <functional>
#include <string>

namespace recoscope {

/// A ranked list of one user, ids and scores; the lists of formats.md's CSV and TREC files.
struct RankedUser {
    UserIndex user{};
    std::vector<ScoredItem> items; // best first
};

/// The top `count` candidates of every user, in blocks, handed over in order of the users: nothing is kept,
/// so any number of users fits. Candidates are all items but what the user is known by and what validation
/// holds back.
Status rankAllUsers(const Recommender& model, const Split& split, int count, RunControl& control,
                    const std::function<Status(const RankedUser&)>& take);

/// "user_id,item_id,rank,score" lines with header.
Status writeRecommendationsCsv(const std::string& path, const Recommender& model, const Split& split,
                               int count, RunControl& control);
/// "user Q0 item rank score tag" lines; scores fall strictly with the rank, as trec_eval sorts by them.
Status writeTrecRun(const std::string& path, const Recommender& model, const Split& split, int count,
                    const std::string& tag, RunControl& control);
/// "user 0 item 1" lines of the relevant test interactions.
Status writeTrecQrels(const std::string& path, const Split& split, double relevanceThreshold);
/// "curve,epoch,elapsed_seconds,value" lines.
Status writeCurvesCsv(const std::string& path, const std::vector<Curve>& curves);

enum class TableFormat { Csv, Markdown, Latex };
/// One row a run, one column a metric. With several runs the best of a column is bold, in LaTeX the second
/// underlined; a column whose numbers have different definitions is left unmarked. CSV: one line a number,
/// with its part and its definition. Tables: a validation row says so, and a note below holds the definitions. Runs of
/// one split with values a user are tested: the best of a column has a † where it differs from every other row by more
/// than chance (paired t-test, two-sided, Holm's correction over the column's pairs), and a note says so.
struct MetricRow {
    std::string name;
    Evaluation evaluation;
    Target part = Target::Test;
    std::string splitFingerprint = {}; // of the split that it was measured on; "": not known, and no tests
};
std::string metricTable(const std::vector<MetricRow>& rows, TableFormat format);

/// A whole text to a temporary name, then renamed.
Status writeTextFile(const std::string& path, const std::string& content);
/// A field of a CSV file, quoted where it must be.
std::string csvField(const std::string& field);

} // namespace recoscope
