// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/study_comparison.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace recoscope {

namespace {

/// What a metric's definition depends on, besides its name and cutoff.
EvaluationOptions readingOf(const RunRecord& run) {
    EvaluationOptions options = run.experiment.plan.evaluation;
    const EvaluationOptions usual;
    options.cutoffs = usual.cutoffs;
    options.metrics = usual.metrics;
    options.predictsRatings = usual.predictsRatings;
    options.keepPerUser = usual.keepPerUser;
    return options;
}

bool counts(const RunRecord& run) {
    return (run.status == RunStatus::Completed || run.status == RunStatus::StoppedEarly) &&
           !run.testMetrics.empty();
}

void fill(ComparedStudy& entry, const std::vector<const RunRecord*>& members) {
    std::vector<std::vector<NamedValue>> values;
    for (const RunRecord* run : members) {
        values.push_back(run->testMetrics);
        for (const NamedValue& metric : run->testMetrics)
            if (std::isfinite(metric.value)) entry.points[metric.key].push_back(metric.value);
    }
    entry.runs = static_cast<int>(members.size());
    entry.values = summarise(values);
}

std::set<QString> splitsOf(const std::vector<const RunRecord*>& members) {
    std::set<QString> splits;
    for (const RunRecord* run : members)
        splits.insert(run->splitFingerprint);
    return splits;
}

} // namespace

const StudyValue* ComparedStudy::find(const std::string& key) const {
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const StudyValue& each) { return each.key == key; });
    return found == values.end() ? nullptr : &*found;
}

std::vector<ComparedStudy> compareStudies(const QStringList& ids, const std::vector<RunRecord>& runs,
                                          const std::vector<StudyRecord>& studies) {
    std::vector<ComparedStudy> entries;
    std::vector<std::set<QString>> splits; // as the entries
    std::optional<EvaluationOptions> reading;
    const std::set<QString>* ofFirstStudy = nullptr;
    splits.reserve(static_cast<std::size_t>(ids.size())); // pointers into it stay
    for (const QString& id : ids) {
        const auto run =
            std::find_if(runs.begin(), runs.end(), [&](const RunRecord& each) { return each.id == id; });
        if (run == runs.end()) continue;
        const auto study = std::find_if(studies.begin(), studies.end(), [&](const StudyRecord& each) {
            return each.id == run->study && each.kind != StudyKind::Search;
        });
        ComparedStudy entry;
        std::vector<const RunRecord*> members;
        if (study == studies.end()) {
            entry.id = id;
            if (!run->testMetrics.empty()) members.push_back(&*run);
        } else {
            entry.id = study->id;
            entry.title = study->name;
            entry.kind = study->kind;
            entry.planned = study->planned;
            if (std::any_of(entries.begin(), entries.end(),
                            [&](const ComparedStudy& known) { return known.id == study->id; }))
                continue;
            for (const RunRecord& each : runs)
                if (each.study == study->id && counts(each)) members.push_back(&each);
            std::reverse(members.begin(), members.end()); // the list has the newest first
        }
        fill(entry, members);
        splits.push_back(splitsOf(members));
        if (!reading) reading = readingOf(*run);
        entry.sameReading = std::all_of(members.begin(), members.end(),
                                        [&](const RunRecord* each) { return readingOf(*each) == *reading; });
        if (entry.kind != StudyKind::None && !ofFirstStudy) ofFirstStudy = &splits.back();
        entries.push_back(std::move(entry));
    }
    for (std::size_t n = 0; n < entries.size() && ofFirstStudy; ++n)
        entries[n].sameSplits = splits[n] == *ofFirstStudy;
    return entries;
}

} // namespace recoscope
