// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/run_recorder.h"

#include "app/storage/run_store.h"

#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

namespace recoscope {

namespace {

using namespace std::chrono_literals;
constexpr auto gatherTime = 150ms; // between two transactions: each costs a sync of the disk
constexpr auto retryTime = 1s;
constexpr std::size_t mostKept = 1'000'000; // events, while nothing can be stored

} // namespace

struct RunRecorder::Private {
    QString workspace;
    QString run;
    std::function<void(const Error&)> onError;

    std::mutex mutex;
    std::condition_variable changed;
    std::vector<TrainingEvent> queue;
    bool urgent = false;  // the run has ended
    bool closing = false; // no more events

    Status result; // written by the thread, read after the join
    std::thread thread;

    void work();
    /// Leaves in `batch` what is not stored yet.
    Status write(std::unique_ptr<RunStore>& store, std::vector<TrainingEvent>& batch) const;
};

Status RunRecorder::Private::write(std::unique_ptr<RunStore>& store,
                                   std::vector<TrainingEvent>& batch) const {
    if (!store) {
        auto opened = RunStore::open(workspace);
        if (!opened) return opened.error();
        store = std::move(*opened);
    }
    // The end is stored by itself: it alone can fail half (the model file) and may be repeated.
    const bool ends = std::holds_alternative<RunEnded>(batch.back());
    const std::size_t count = batch.size() - (ends ? 1 : 0);
    if (count > 0) {
        if (Status status = store->append(run, std::span(batch.data(), count)); !status) return status;
        batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (!ends) return {};
    if (Status status = store->append(run, batch.front()); !status) return status;
    batch.clear();
    return {};
}

void RunRecorder::Private::work() {
    std::unique_ptr<RunStore> store;
    std::vector<TrainingEvent> batch;
    bool told = false;
    while (true) {
        bool last = false;
        {
            std::unique_lock lock(mutex);
            if (batch.empty()) changed.wait(lock, [&] { return closing || !queue.empty(); });
            // Gather a little, unless the end has come.
            changed.wait_for(lock,
                             batch.empty() ? std::chrono::milliseconds(gatherTime)
                                           : std::chrono::milliseconds(retryTime),
                             [&] { return closing || (urgent && batch.empty()); });
            batch.insert(batch.end(), std::make_move_iterator(queue.begin()),
                         std::make_move_iterator(queue.end()));
            queue.clear();
            urgent = false;
            last = closing;
        }
        if (batch.size() > mostKept) batch.erase(batch.begin(), batch.end() - mostKept);
        if (!batch.empty()) {
            try {
                result = write(store, batch);
            } catch (const std::exception& failure) {
                result = Error{ErrorCode::Limit, std::string("The run cannot be stored: ") + failure.what(),
                               run.toStdString()};
            }
            if (result) {
                told = false;
            } else if ((!told || last) && onError) {
                onError(result.error());
                told = true;
            }
        }
        if (last) return;
    }
}

RunRecorder::RunRecorder(const QString& workspace, const QString& run,
                         std::function<void(const Error&)> onError)
    : d(std::make_unique<Private>()) {
    d->workspace = workspace;
    d->run = run;
    d->onError = std::move(onError);
    d->thread = std::thread([this] { d->work(); });
}

RunRecorder::~RunRecorder() { (void)finish(); }

void RunRecorder::post(const TrainingEvent& event) {
    // Not stored: progress is for eyes, and a snapshot would keep a copy of the model alive.
    if (std::holds_alternative<Progress>(event) || std::holds_alternative<SnapshotReady>(event)) return;
    {
        const std::scoped_lock lock(d->mutex);
        d->queue.push_back(event);
        d->urgent = std::holds_alternative<RunEnded>(event);
    }
    d->changed.notify_one();
}

Status RunRecorder::finish() {
    if (d->thread.joinable()) {
        {
            const std::scoped_lock lock(d->mutex);
            d->closing = true;
        }
        d->changed.notify_one();
        d->thread.join();
    }
    return d->result;
}

} // namespace recoscope
