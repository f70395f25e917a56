// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"

#include "app/session/compare_results.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>

namespace recoscope {

/// Does what CompareService is asked for. It keeps the split, the models and the numbers of the runs that
/// were compared last, so that going back to them takes no time. One thread; methods take as long as they
/// need and end with ErrorCode::Cancelled soon after the control is cancelled.
class CompareWorker final {
public:
    /// Words on what is being done, and the share that is done. From any thread.
    using Progress = std::function<void(const QString& words, double share)>;

    CompareWorker(const QString& workspaceFolder, int threads);
    ~CompareWorker();

    /// Closes the store; on the thread that used it.
    void close() { m_store.reset(); }

    /// Stored numbers where they are what is asked for, else the stored models are scored.
    Result<MeasurementPtr> measure(const CompareRequest& request, RunControl& control,
                                   const Progress& progress);
    Result<std::shared_ptr<const MetricMarks>> mark(const MeasurementPtr& measurement, std::size_t reference,
                                                    RunControl& control);
    Result<std::shared_ptr<const DialectTable>> readDialects(const CompareRequest& request,
                                                             RunControl& control, const Progress& progress);
    Result<std::shared_ptr<const GroupTable>> group(const MeasurementPtr& measurement, const std::string& by,
                                                    RunControl& control, const Progress& progress);
    Result<std::shared_ptr<const PairTable>> comparePairs(const MeasurementPtr& measurement,
                                                          const std::string& metric, RunControl& control,
                                                          const Progress& progress);
    Result<std::shared_ptr<const LeakTable>> findLeaksOf(const MeasurementPtr& measurement,
                                                         RunControl& control, const Progress& progress);
    Result<std::shared_ptr<const StudyTable>> study(const CompareRequest& request,
                                                    const SamplingStudyOptions& options, RunControl& control,
                                                    const Progress& progress);

private:
    struct Kept {
        QString run;
        EvaluationOptions options;
        std::shared_ptr<const Evaluation> evaluation;
        std::size_t bytes = 0;
    };
    Result<RunStore*> store();
    Result<std::vector<RunRecord>> records(const CompareRequest& request);
    Result<SplitPtr> splitFor(const RunRecord& record, const SplitPtr& atHand, RunControl& control,
                              const Progress& progress);
    Result<std::shared_ptr<const Recommender>> model(const RunRecord& record, const Split& split);
    Result<std::shared_ptr<const Evaluation>> score(const RunRecord& record, const Recommender& model,
                                                    const Split& split, const EvaluationOptions& options,
                                                    RunControl& control,
                                                    const std::function<void(double)>& progress);

    QString m_folder;
    ThreadPool m_pool;
    std::unique_ptr<RunStore> m_store; // a reader of its own
    SplitPtr m_split;
    std::map<QString, std::shared_ptr<const Recommender>> m_models;
    std::deque<Kept> m_kept; // newest last
    std::size_t m_keptBytes = 0;
};

} // namespace recoscope
