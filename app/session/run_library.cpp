// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/run_library.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"
#include "app/session/run_test.h"
#include "app/storage/exports.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <type_traits>
#include <utility>

namespace recoscope {

namespace {

using RunList = Result<std::vector<RunRecord>>;

/// Null where the run has no such evaluation.
Result<std::shared_ptr<const Evaluation>> optionalEvaluation(const RunStore& store, const QString& id,
                                                             Target target) {
    auto evaluation = store.evaluation(id, target);
    if (evaluation) return std::make_shared<const Evaluation>(std::move(*evaluation));
    if (evaluation.error().code == ErrorCode::NotFound) return std::shared_ptr<const Evaluation>();
    return evaluation.error();
}

Result<RunDetails> detailsOf(const RunStore& store, const QString& id) {
    RunDetails details;
    auto record = store.find(id);
    if (!record) return record.error();
    details.record = std::move(*record);
    auto curves = store.curves(details.record.id);
    if (!curves) return curves.error();
    details.curves = std::move(*curves);
    auto log = store.log(details.record.id);
    if (!log) return log.error();
    details.log = std::move(*log);
    auto test = optionalEvaluation(store, details.record.id, Target::Test);
    if (!test) return test.error();
    details.test = std::move(*test);
    auto validation = optionalEvaluation(store, details.record.id, Target::Validation);
    if (!validation) return validation.error();
    details.validation = std::move(*validation);
    return details;
}

Status keepTest(RunStore& store, const QString& id, const Evaluation& evaluation) {
    const auto record = store.find(id);
    if (!record) return record.error();
    if (const Status kept = store.saveEvaluation(id, Target::Test, evaluation); !kept) return kept;
    const QString reason = reasonAfterTest(record->reason);
    return reason == record->reason ? Status() : store.setStatus(id, record->status, reason);
}

Status writeMetrics(const RunStore& store, const QStringList& ids, const QString& path) {
    std::vector<MetricRow> rows;
    for (const QString& id : ids) {
        const auto record = store.find(id);
        if (!record) return record.error();
        Target part = Target::Test;
        auto evaluation = store.evaluation(record->id, part);
        if (!evaluation) {
            part = Target::Validation;
            evaluation = store.evaluation(record->id, part);
        }
        if (!evaluation)
            return Error{evaluation.error().code, "This run has no metrics to export", record->id.toStdString()};
        rows.push_back({record->name.toStdString(), std::move(*evaluation), part,
                        record->splitFingerprint.toStdString()});
    }
    TableFormat format = TableFormat::Csv;
    if (path.endsWith(QLatin1String(".md"), Qt::CaseInsensitive)) format = TableFormat::Markdown;
    if (path.endsWith(QLatin1String(".tex"), Qt::CaseInsensitive)) format = TableFormat::Latex;
    return writeTextFile(path.toStdString(), metricTable(rows, format));
}

Status removeRun(RunStore& store, const QString& id) {
    const auto record = store.find(id);
    if (!record) return record.error();
    if (record->status == RunStatus::Queued || record->status == RunStatus::Running)
        return Error{ErrorCode::Invalid, "The run is still going; stop it before deleting it",
                     id.toStdString()};
    return store.remove(record->id);
}

} // namespace

struct RunLibrary::Private {
    RunLibrary* q = nullptr;
    QString folder;
    Inbox inbox;
    std::vector<RunRecord> runs;
    std::vector<StudyRecord> studies;
    int pending = 0;                      // jobs posted and not answered
    std::atomic<bool> listWaiting{false}; // a list is queued whose reading has not begun
    std::atomic<bool> closing{false};     // reading is of no use any more; changes are still made

    std::unique_ptr<RunStore> store; // opened, used and closed by the lane alone
    Lane lane;

    std::set<QString> tests;          // asked for and not answered
    RunControl testControl;           // cancelled when the library closes
    std::unique_ptr<ThreadPool> pool; // made and used by the test lane alone
    Lane testLane;                    // last: joined first

    void changePending(int by) {
        const bool before = pending > 0;
        pending += by;
        if ((pending > 0) != before) emit q->busyChanged(pending > 0);
    }

    /// On the lane. A workspace that cannot be written is read all the same, and what is wrong with it is told.
    Result<RunStore*> opened() {
        if (!store) {
            auto fresh = RunStore::open(folder);
            if (!fresh) {
                if (fresh.error().code != ErrorCode::Io) return fresh.error();
                auto readOnly = RunStore::open(folder, RunStore::Access::ReadOnly);
                if (!readOnly) return fresh.error();
                inbox.post([this, error = fresh.error()] { emit q->failed({}, error); });
                fresh = std::move(readOnly);
            }
            store = std::move(*fresh);
        }
        return store.get();
    }

    /// `work(store)` on the lane, then `deliver(result)` here; an error goes to failed(id).
    template <class Answer, class Work, class Deliver>
    void ask(const QString& id, Work work, Deliver deliver, std::function<void()> onError = {}) {
        changePending(+1);
        lane.post([this, id, work = std::move(work), deliver = std::move(deliver), onError = std::move(onError)] {
            const bool isChange = std::is_same_v<Answer, Status>;
            if (closing && !isChange) return;
            Answer answer = guarded([&]() -> Answer {
                if (std::is_same_v<Answer, RunList>)
                    listWaiting = false; // what changes from here on needs another look
                auto ready = opened();
                if (!ready) return ready.error();
                return work(**ready);
            });
            inbox.post([this, id, deliver, onError, result = std::move(answer)]() mutable {
                changePending(-1);
                if (result) return deliver(result);
                if (onError) onError();
                emit q->failed(id, result.error());
            });
        });
    }

    void endTest(const QString& id, const Result<std::shared_ptr<const Evaluation>>& result) {
        tests.erase(id);
        if (result)
            emit q->tested(id, *result);
        else if (result.error().code != ErrorCode::Cancelled)
            emit q->failed(id, result.error());
    }

    /// On the library's thread: the record is read, the rest is work.
    void test(const RunRecord& record, const SplitPtr& split, const std::shared_ptr<const Recommender>& model) {
        testLane.post([this, record, split, model] {
            auto answer = guarded([&]() -> Result<std::shared_ptr<const Evaluation>> {
                if (!testControl.keepGoing()) return Error{ErrorCode::Cancelled, "Cancelled", ""};
                if (!pool)
                    pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.threads = 0, .niceness = 10});
                std::atomic<int> told{-1}; // percent
                auto found = testRun(record, *model, split, *pool, testControl, [&](double share) {
                    const int percent = static_cast<int>(share * 100.0);
                    if (told.exchange(percent) == percent) return;
                    inbox.post([this, id = record.id, share] { emit q->testMoved(id, share); });
                });
                if (!found) return found.error();
                return std::make_shared<const Evaluation>(std::move(*found));
            });
            inbox.post([this, record, result = std::move(answer)] {
                if (!result) return endTest(record.id, result);
                ask<Status>(
                    record.id,
                    [id = record.id, evaluation = *result](RunStore& target) {
                        return keepTest(target, id, *evaluation);
                    },
                    [this, id = record.id, result](const Status&) {
                        q->refresh();
                        endTest(id, result);
                    },
                    [this, id = record.id] { tests.erase(id); });
            });
        });
    }

    void change(const QString& id, std::function<Status(RunStore&)> work, std::function<void()> done = {}) {
        ask<Status>(id, std::move(work), [this, done = std::move(done)](const Status&) {
            q->refresh();
            if (done) done();
        });
    }
};

RunLibrary::RunLibrary(const QString& workspaceFolder, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>()) {
    d->q = this;
    d->folder = workspaceFolder;
}

RunLibrary::~RunLibrary() {
    // SQLite connections do not move between threads: the lane that opened the store closes it.
    d->closing = true;
    d->testControl.cancel();
    d->testLane.finish();
    d->lane.post([p = d.get()] { p->store.reset(); });
    d->lane.finish();
}

QString RunLibrary::folder() const { return d->folder; }

void RunLibrary::refresh() {
    if (d->listWaiting.exchange(true)) return;
    const auto studies = std::make_shared<std::vector<StudyRecord>>();
    d->ask<RunList>(
        {},
        [studies](RunStore& store) -> RunList {
            auto found = store.studies();
            if (!found) return found.error();
            *studies = std::move(*found);
            return store.list();
        },
        [p = d.get(), studies](RunList& list) {
            p->runs = std::move(*list);
            p->studies = std::move(*studies);
            emit p->q->listed();
        });
}

const std::vector<RunRecord>& RunLibrary::runs() const { return d->runs; }

const std::vector<StudyRecord>& RunLibrary::studies() const { return d->studies; }

const RunRecord* RunLibrary::find(const QString& id) const {
    const auto found =
        std::find_if(d->runs.begin(), d->runs.end(), [&id](const RunRecord& run) { return run.id == id; });
    return found == d->runs.end() ? nullptr : &*found;
}

std::optional<Experiment> RunLibrary::experimentOf(const QString& id) const {
    const RunRecord* record = find(id);
    if (!record) return std::nullopt;
    return record->experiment;
}

void RunLibrary::rename(const QString& id, const QString& name) {
    d->change(id, [id, name](RunStore& store) { return store.rename(id, name); });
}

void RunLibrary::annotate(const QString& id, const QString& notes) {
    d->change(id, [id, notes](RunStore& store) { return store.annotate(id, notes); });
}

void RunLibrary::remove(const QString& id) {
    d->change(
        id, [id](RunStore& store) { return removeRun(store, id); }, [this, id] { emit removed(id); });
}

void RunLibrary::renameStudy(const QString& study, const QString& name) {
    d->change(study, [study, name](RunStore& store) { return store.renameStudy(study, name); });
}

void RunLibrary::removeStudy(const QString& study, StudyRuns runs) {
    d->change(
        study, [study, runs](RunStore& store) { return store.removeStudy(study, runs); },
        [this, study] { emit studyRemoved(study); });
}

void RunLibrary::loadDetails(const QString& id) {
    d->ask<Result<RunDetails>>(
        id, [id](RunStore& store) { return detailsOf(store, id); },
        [this](const Result<RunDetails>& details) { emit detailsLoaded(*details); });
}

void RunLibrary::loadModel(const QString& id) {
    using Loaded = Result<std::shared_ptr<const Recommender>>;
    d->ask<Loaded>(
        id, [id](RunStore& store) { return store.model(id); },
        [this, id](const Loaded& model) { emit modelLoaded(id, *model); });
}

void RunLibrary::test(const QString& id, const SplitPtr& split, const std::shared_ptr<const Recommender>& model) {
    if (!d->tests.insert(id).second) return;
    using Found = Result<std::pair<RunRecord, std::shared_ptr<const Recommender>>>;
    d->ask<Found>(
        id,
        [id, model](RunStore& store) -> Found {
            auto record = store.find(id);
            if (!record) return record.error();
            if (model) return std::pair(std::move(*record), model);
            auto stored = store.model(record->id);
            if (!stored) return stored.error();
            return std::pair(std::move(*record), std::move(*stored));
        },
        [p = d.get(), split](const Found& found) { p->test(found->first, split, found->second); },
        [p = d.get(), id] { p->tests.erase(id); });
}

bool RunLibrary::testing(const QString& id) const { return d->tests.contains(id); }

void RunLibrary::exportMetrics(const QStringList& ids, const QString& path) {
    d->ask<Status>(
        ids.join(QStringLiteral(", ")),
        [ids, path](RunStore& store) { return writeMetrics(store, ids, path); },
        [this, path](const Status&) { emit exported(path); });
}

bool RunLibrary::busy() const { return d->pending > 0; }

} // namespace recoscope
