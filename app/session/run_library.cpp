// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/run_library.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <algorithm>
#include <atomic>
#include <functional>
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
    int pending = 0;                      // jobs posted and not answered
    std::atomic<bool> listWaiting{false}; // a list is queued whose reading has not begun
    std::atomic<bool> closing{false};     // reading is of no use any more; changes are still made

    std::unique_ptr<RunStore> store; // opened, used and closed by the lane alone
    Lane lane;

    void changePending(int by) {
        const bool before = pending > 0;
        pending += by;
        if ((pending > 0) != before) emit q->busyChanged(pending > 0);
    }

    /// On the lane.
    Result<RunStore*> opened() {
        if (!store) {
            auto fresh = RunStore::open(folder);
            if (!fresh) return fresh.error();
            store = std::move(*fresh);
        }
        return store.get();
    }

    /// `work(store)` on the lane, then `deliver(result)` here; an error goes to failed(id).
    template <class Answer, class Work, class Deliver>
    void ask(const QString& id, Work work, Deliver deliver) {
        changePending(+1);
        lane.post([this, id, work = std::move(work), deliver = std::move(deliver)] {
            const bool isChange = std::is_same_v<Answer, Status>;
            if (closing && !isChange) return;
            Answer answer = guarded([&]() -> Answer {
                if (std::is_same_v<Answer, RunList>)
                    listWaiting = false; // what changes from here on needs another look
                auto ready = opened();
                if (!ready) return ready.error();
                return work(**ready);
            });
            inbox.post([this, id, deliver, result = std::move(answer)]() mutable {
                changePending(-1);
                if (!result)
                    emit q->failed(id, result.error());
                else
                    deliver(result);
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
    d->lane.post([p = d.get()] { p->store.reset(); });
    d->lane.finish();
}

QString RunLibrary::folder() const { return d->folder; }

void RunLibrary::refresh() {
    if (d->listWaiting.exchange(true)) return;
    d->ask<RunList>(
        {}, [](RunStore& store) { return store.list(); },
        [p = d.get()](RunList& list) {
            p->runs = std::move(*list);
            emit p->q->listed();
        });
}

const std::vector<RunRecord>& RunLibrary::runs() const { return d->runs; }

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

bool RunLibrary::busy() const { return d->pending > 0; }

} // namespace recoscope
