// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/compare_worker.h"

#include "app/session/run_test.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

namespace recoscope {

namespace {

constexpr std::size_t kMostKept = std::size_t{256} << 20; // bytes of evaluations
constexpr std::size_t kHalfBars = 12;                     // on either side of no difference

Error cancelled() { return {ErrorCode::Cancelled, "Cancelled", ""}; }

std::string quoted(const QString& title) { return "'" + title.toStdString() + "'"; }

std::size_t bytesOf(const Evaluation& evaluation) {
    std::size_t bytes = evaluation.users.size() * sizeof(UserIndex) +
                        evaluation.topItems.size() * sizeof(ItemIndex) + sizeof(Evaluation);
    for (const MetricValue& metric : evaluation.metrics)
        bytes += metric.perUser.size() * sizeof(double) + metric.definition.size() + sizeof(MetricValue);
    return bytes;
}

/// The cutoff of "ndcg@10"; 0 where there is none.
int cutoffOf(const std::string& key) {
    const std::size_t at = key.find('@');
    return at == std::string::npos ? 0 : std::atoi(key.c_str() + at + 1);
}

/// Stored numbers of these cutoffs alone; nothing where one of them was not measured.
std::shared_ptr<const Evaluation> ofCutoffs(Evaluation stored, const std::vector<int>& cutoffs) {
    if (cutoffs.empty()) return std::make_shared<const Evaluation>(std::move(stored));
    std::set<int> there;
    for (const MetricValue& metric : stored.metrics)
        there.insert(cutoffOf(metric.key));
    if (std::any_of(cutoffs.begin(), cutoffs.end(), [&](int k) { return !there.contains(k); }))
        return nullptr;
    std::erase_if(stored.metrics, [&](const MetricValue& metric) {
        const int k = cutoffOf(metric.key);
        return k > 0 && std::find(cutoffs.begin(), cutoffs.end(), k) == cutoffs.end();
    });
    return std::make_shared<const Evaluation>(std::move(stored));
}

QString scoring(const QString& title) {
    return QCoreApplication::translate("recoscope::CompareService", "Scoring the model of %1").arg(title);
}

std::vector<ComparedRun> comparedRuns(const Measurement& measurement) {
    std::vector<ComparedRun> runs;
    for (const MeasuredRun& run : measurement.runs)
        runs.push_back({run.title.toStdString(), run.evaluation.get()});
    return runs;
}

const MetricValue* perUserMetric(const Evaluation& evaluation, const std::string& key) {
    const MetricValue* metric = evaluation.find(key);
    return metric && !metric->perUser.empty() && metric->perUser.size() == evaluation.users.size() ? metric
                                                                                                   : nullptr;
}

/// a − b for every user of both, users ascending; users without the number in both are left out.
std::vector<double> differences(const Evaluation& a, const Evaluation& b, const std::string& key) {
    std::vector<double> all;
    const MetricValue* left = perUserMetric(a, key);
    const MetricValue* right = perUserMetric(b, key);
    if (!left || !right) return all;
    for (std::size_t i = 0, j = 0; i < a.users.size() && j < b.users.size();) {
        if (a.users[i] != b.users[j]) {
            ++(a.users[i] < b.users[j] ? i : j);
            continue;
        }
        const double difference = left->perUser[i++] - right->perUser[j++];
        if (std::isfinite(difference)) all.push_back(difference);
    }
    return all;
}

void fillBars(ComparedPair& pair, const std::vector<double>& all) {
    for (const double difference : all)
        pair.reach = std::max(pair.reach, std::abs(difference));
    pair.bars.assign(2 * kHalfBars, 0);
    if (pair.reach <= 0.0) return;
    for (const double difference : all) {
        if (difference == 0.0) continue;
        const auto far = std::min(kHalfBars - 1, static_cast<std::size_t>(std::abs(difference) / pair.reach *
                                                                          static_cast<double>(kHalfBars)));
        ++pair.bars[difference > 0.0 ? kHalfBars + far : kHalfBars - 1 - far];
    }
}

/// What decided the run's parameters, as far as the store knows.
RunChoice choiceOf(const RunRecord& record) {
    RunChoice choice;
    choice.name = record.id.toStdString();
    choice.algorithm = record.experiment.plan.algorithm;
    choice.splitFingerprint = record.splitFingerprint.toStdString();
    choice.params = completed(record.experiment).plan.params;
    choice.seed = record.experiment.plan.seed;
    choice.validated = !record.validationMetrics.empty();
    choice.tested = !record.testMetrics.empty();
    return choice;
}

} // namespace

CompareWorker::CompareWorker(const QString& workspaceFolder, int threads)
    : m_folder(workspaceFolder)
    , m_pool({threads, 10}) {}

CompareWorker::~CompareWorker() = default;

Result<RunStore*> CompareWorker::store() {
    if (!m_store) {
        auto opened = RunStore::open(m_folder, RunStore::Access::ReadOnly);
        if (!opened) return opened.error();
        m_store = std::move(*opened);
    }
    return m_store.get();
}

Result<std::vector<RunRecord>> CompareWorker::records(const CompareRequest& request) {
    auto opened = store();
    if (!opened) return opened.error();
    std::vector<RunRecord> found;
    for (const RunToCompare& run : request.runs) {
        auto record = (*opened)->find(run.id);
        if (!record) return record.error();
        if (!found.empty() && found.front().splitFingerprint != record->splitFingerprint)
            return Error{ErrorCode::Invalid, "Only runs on the same data and split can be compared",
                         run.id.toStdString()};
        found.push_back(std::move(*record));
    }
    if (found.empty()) return Error{ErrorCode::Invalid, "No run was chosen", "runs"};
    // Models of runs that are not compared any more are of no use.
    std::erase_if(m_models, [&](const auto& kept) {
        return std::none_of(found.begin(), found.end(),
                            [&](const RunRecord& record) { return record.id == kept.first; });
    });
    return found;
}

Result<SplitPtr> CompareWorker::splitFor(const RunRecord& record, const SplitPtr& atHand, RunControl& control,
                                         const Progress& progress) {
    const std::string fingerprint = record.splitFingerprint.toStdString();
    const SplitPtr known = atHand && atHand->fingerprint() == fingerprint ? atHand : m_split;
    if (!known || known->fingerprint() != fingerprint)
        progress(QCoreApplication::translate("recoscope::CompareService", "Reading %1 again")
                     .arg(record.datasetTitle),
                 0.0);
    auto split = splitOf(record, known, m_pool, control);
    if (!split) return split.error();
    if ((*split)->test().empty())
        return Error{ErrorCode::NotFound, "This split has no test part to compare runs on", "split"};
    return m_split = std::move(*split);
}

Result<std::shared_ptr<const Recommender>> CompareWorker::model(const RunRecord& record, const Split& split) {
    auto& kept = m_models[record.id];
    if (!kept) {
        if (!record.hasModel)
            return Error{
                ErrorCode::NotFound,
                "No model is stored with " + quoted(record.id) +
                    ", so it cannot be scored again; take it out of the comparison, or train it again",
                record.id.toStdString()};
        auto opened = store();
        if (!opened) return opened.error();
        auto loaded = (*opened)->model(record.id);
        if (!loaded) return loaded.error();
        kept = std::move(*loaded);
    }
    if (kept->itemCount() != split.dataset()->itemCount())
        return Error{ErrorCode::Parse, "The model knows another number of items than the data has",
                     record.id.toStdString()};
    return kept;
}

Result<std::shared_ptr<const Evaluation>> CompareWorker::score(const RunRecord& record,
                                                               const Recommender& model, const Split& split,
                                                               const EvaluationOptions& options,
                                                               RunControl& control,
                                                               const std::function<void(double)>& progress) {
    for (const Kept& kept : m_kept)
        if (kept.run == record.id && kept.options == options) return kept.evaluation;
    auto evaluation = evaluate(model, split, Target::Test, options, m_pool, control, progress);
    if (!evaluation) return evaluation.error();
    Kept fresh{record.id, options, std::make_shared<const Evaluation>(std::move(*evaluation)), 0};
    fresh.bytes = bytesOf(*fresh.evaluation);
    m_keptBytes += fresh.bytes;
    m_kept.push_back(fresh);
    while (m_keptBytes > kMostKept && m_kept.size() > 1) {
        m_keptBytes -= m_kept.front().bytes;
        m_kept.pop_front();
    }
    return fresh.evaluation;
}

Result<MeasurementPtr> CompareWorker::measure(const CompareRequest& request, RunControl& control,
                                              const Progress& progress) {
    auto found = records(request);
    if (!found) return found.error();
    const Dialect* dialect = nullptr;
    if (!request.dialect.isEmpty()) {
        dialect = findDialect(request.dialect.toStdString());
        if (!dialect) return dialectIds(request.dialect.toStdString()).error();
    }
    Measurement measurement{request, {}};
    const auto count = static_cast<double>(found->size());
    SplitPtr split;
    for (std::size_t n = 0; n < found->size(); ++n) {
        const RunRecord& record = (*found)[n];
        const QString title = request.runs[n].title;
        if (control.cancelled()) return cancelled();
        MeasuredRun run{record, title, record.experiment.plan.evaluation, nullptr, false};
        if (!dialect) {
            auto stored = m_store->evaluation(record.id, Target::Test);
            if (stored) run.evaluation = ofCutoffs(std::move(*stored), request.cutoffs);
            run.stored = run.evaluation != nullptr;
        }
        if (!run.evaluation) {
            if (!split) {
                auto own = splitFor(record, request.split, control, progress);
                if (!own) return own.error();
                split = std::move(*own);
            }
            auto loaded = model(record, *split);
            if (!loaded) return loaded.error();
            // In a dialect all runs are read alike: thresholds and metrics are those of the first.
            run.options = testOptions(record, **loaded, *split);
            if (dialect) {
                EvaluationOptions alike = found->front().experiment.plan.evaluation;
                alike.predictsRatings = run.options.predictsRatings;
                run.options = inDialect(alike, *dialect, *split);
            }
            if (!request.cutoffs.empty()) run.options.cutoffs = request.cutoffs;
            auto scored = score(record, **loaded, *split, run.options, control, [&](double share) {
                progress(scoring(title), (static_cast<double>(n) + share) / count);
            });
            if (!scored) return scored.error();
            run.evaluation = std::move(*scored);
        }
        measurement.runs.push_back(std::move(run));
    }
    return std::make_shared<const Measurement>(std::move(measurement));
}

Result<std::shared_ptr<const MetricMarks>> CompareWorker::mark(const MeasurementPtr& measurement,
                                                               std::size_t reference, RunControl& control) {
    if (reference >= measurement->runs.size())
        return Error{ErrorCode::Invalid, "There is no such run to compare with", "reference"};
    MetricMarks marks;
    marks.of = measurement;
    marks.reference = reference;
    const std::vector<ComparedRun> runs = comparedRuns(*measurement);
    SignificanceOptions options;
    options.resamples = 0; // no interval is shown in this table
    for (const MetricValue& metric : runs[reference].evaluation->metrics) {
        if (control.cancelled()) return cancelled();
        if (!perUserMetric(*runs[reference].evaluation, metric.key)) continue;
        // Only runs whose number is defined alike; Holm's correction is over those.
        std::vector<ComparedRun> alike;
        std::vector<std::size_t> places;
        std::size_t which = 0;
        for (std::size_t n = 0; n < runs.size(); ++n) {
            const MetricValue* other = perUserMetric(*runs[n].evaluation, metric.key);
            if (!other || other->definition != metric.definition) continue;
            if (n == reference)
                which = alike.size();
            else
                places.push_back(n);
            alike.push_back(runs[n]);
        }
        if (alike.size() < 2) continue;
        const auto compared = compareWithOthers(alike, which, metric.key, options, &control);
        if (control.cancelled()) return cancelled();
        if (!compared) continue; // fewer than two users: nothing to say of this metric
        auto& p = marks.p[metric.key];
        p.assign(runs.size(), std::numeric_limits<double>::quiet_NaN());
        for (std::size_t n = 0; n < compared->size() && n < places.size(); ++n)
            p[places[n]] = (*compared)[n].adjustedT;
    }
    return std::make_shared<const MetricMarks>(std::move(marks));
}

Result<std::shared_ptr<const DialectTable>>
CompareWorker::readDialects(const CompareRequest& request, RunControl& control, const Progress& progress) {
    auto found = records(request);
    if (!found) return found.error();
    auto split = splitFor(found->front(), request.split, control, progress);
    if (!split) return split.error();
    DialectTable table{request, {}};
    std::vector<std::string> ids;
    for (const Dialect& dialect : dialects())
        ids.emplace_back(dialect.id);
    const auto count = static_cast<double>(found->size());
    for (std::size_t n = 0; n < found->size(); ++n) {
        const RunRecord& record = (*found)[n];
        auto loaded = model(record, **split);
        if (!loaded) return loaded.error();
        EvaluationOptions options = found->front().experiment.plan.evaluation;
        options.predictsRatings = testOptions(record, **loaded, **split).predictsRatings;
        options.keepPerUser = false;
        if (!request.cutoffs.empty()) options.cutoffs = request.cutoffs;
        auto readings = evaluateDialects(
            **loaded, **split, Target::Test, options, ids, m_pool, control, [&](double share) {
                progress(scoring(request.runs[n].title), (static_cast<double>(n) + share) / count);
            });
        if (!readings) return readings.error();
        for (DialectReading& reading : *readings)
            reading.evaluation.topItems.clear();
        table.runs.push_back(std::move(*readings));
    }
    return std::make_shared<const DialectTable>(std::move(table));
}

Result<std::shared_ptr<const GroupTable>> CompareWorker::group(const MeasurementPtr& measurement,
                                                               const std::string& by, RunControl& control,
                                                               const Progress& progress) {
    auto split = splitFor(measurement->runs.front().record, measurement->request.split, control, progress);
    if (!split) return split.error();
    GroupTable table{measurement, groupNames(*(*split)->dataset()), {}};
    const auto count = static_cast<double>(measurement->runs.size());
    for (std::size_t n = 0; n < measurement->runs.size(); ++n) {
        const MeasuredRun& run = measurement->runs[n];
        if (control.cancelled()) return cancelled();
        std::shared_ptr<const Evaluation> evaluation = run.evaluation;
        if (by == "items") {
            auto loaded = model(run.record, **split);
            if (!loaded) return loaded.error();
            EvaluationOptions lists = run.options;
            lists.metrics = {"recall"};
            lists.keepPerUser = false;
            auto scored = score(run.record, **loaded, **split, lists, control, [&](double share) {
                progress(scoring(run.title), (static_cast<double>(n) + share) / count);
            });
            if (!scored) return scored.error();
            evaluation = std::move(*scored);
        }
        auto report = groupBy(by, *evaluation, **split, Target::Test, run.options);
        if (!report) return report.error();
        table.reports.push_back(std::move(*report));
    }
    return std::make_shared<const GroupTable>(std::move(table));
}

Result<std::shared_ptr<const PairTable>> CompareWorker::comparePairs(const MeasurementPtr& measurement,
                                                                     const std::string& metric,
                                                                     RunControl& control,
                                                                     const Progress& progress) {
    if (measurement->runs.size() < 2)
        return Error{ErrorCode::Invalid, "Significance needs two runs or more", "runs"};
    progress(QCoreApplication::translate("recoscope::CompareService", "Comparing the runs user by user"),
             0.0);
    if (control.cancelled()) return cancelled();
    const SignificanceOptions options;
    auto compared = compareAll(comparedRuns(*measurement), metric, options, &control);
    if (!compared) return compared.error();
    PairTable table{measurement, metric, options.level, {}};
    std::size_t at = 0;
    for (std::size_t a = 0; a < measurement->runs.size(); ++a)
        for (std::size_t b = a + 1; b < measurement->runs.size(); ++b) {
            if (control.cancelled()) return cancelled();
            ComparedPair pair{a, b, std::move((*compared)[at++]), 0.0, {}};
            fillBars(pair,
                     differences(*measurement->runs[a].evaluation, *measurement->runs[b].evaluation, metric));
            table.pairs.push_back(std::move(pair));
        }
    return std::make_shared<const PairTable>(std::move(table));
}

Result<std::shared_ptr<const LeakTable>>
CompareWorker::findLeaksOf(const MeasurementPtr& measurement, RunControl& control, const Progress& progress) {
    auto split = splitFor(measurement->runs.front().record, measurement->request.split, control, progress);
    if (!split) return split.error();
    progress(QCoreApplication::translate("recoscope::CompareService", "Looking for leaks"), 0.0);
    LeakTable table{measurement, findLeaks(**split), {}};
    if (control.cancelled()) return cancelled();
    auto opened = store();
    if (!opened) return opened.error();
    auto all = (*opened)->list();
    if (!all) return all.error();
    std::vector<RunChoice> choices;
    for (const RunRecord& record : *all)
        choices.push_back(choiceOf(record));
    for (const MeasuredRun& run : measurement->runs) {
        if (control.cancelled()) return cancelled();
        auto leaks = findEvaluationLeaks(*run.evaluation, **split, Target::Test, run.options);
        auto chosen = findChoiceLeaks(choiceOf(run.record), choices);
        std::move(chosen.begin(), chosen.end(), std::back_inserter(leaks));
        table.runs.push_back(std::move(leaks));
    }
    return std::make_shared<const LeakTable>(std::move(table));
}

Result<std::shared_ptr<const StudyTable>> CompareWorker::study(const CompareRequest& request,
                                                               const SamplingStudyOptions& options,
                                                               RunControl& control,
                                                               const Progress& progress) {
    auto found = records(request);
    if (!found) return found.error();
    auto split = splitFor(found->front(), request.split, control, progress);
    if (!split) return split.error();
    std::vector<std::shared_ptr<const Recommender>> models;
    std::vector<StudiedModel> studied;
    for (std::size_t n = 0; n < found->size(); ++n) {
        auto loaded = model((*found)[n], **split);
        if (!loaded) return loaded.error();
        models.push_back(std::move(*loaded));
        studied.push_back({request.runs[n].title.toStdString(), models.back().get()});
    }
    EvaluationOptions evaluation = found->front().experiment.plan.evaluation;
    if (const Dialect* dialect = findDialect(request.dialect.toStdString()))
        evaluation = inDialect(evaluation, *dialect, **split);
    const QString words =
        QCoreApplication::translate("recoscope::CompareService", "Ranking among more and more negatives");
    auto curves = studySampling(studied, **split, Target::Test, evaluation, options, m_pool, control,
                                [&](double share) { progress(words, share); });
    if (!curves) return curves.error();
    return std::make_shared<const StudyTable>(
        StudyTable{request, std::move(*curves), (*split)->dataset()->itemCount()});
}

} // namespace recoscope
