// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/compare_service.h"

#include "app/session/compare_worker.h"
#include "app/session/inbox.h"
#include "app/session/lane.h"
#include "app/storage/exports.h"

#include <atomic>
#include <chrono>
#include <map>
#include <utility>

namespace recoscope {

namespace {

constexpr std::int64_t kBetweenMoves = 100; // ms

std::int64_t milliseconds() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string keyOf(CompareTopic topic) { return std::to_string(static_cast<int>(topic)); }

} // namespace

struct CompareService::Private {
    struct Asked {
        quint64 ticket = 0;
        std::shared_ptr<RunControl> control;
    };

    CompareService* service = nullptr;
    Inbox inbox;
    quint64 lastTicket = 0;
    std::map<CompareTopic, Asked> asked; // and not answered
    CompareWorker worker;                // used by the lane alone
    Lane lane;                           // last: joined first

    Private(CompareService* owner, const QString& folder, int threads)
        : service(owner)
        , worker(folder, threads) {}

    bool current(CompareTopic topic, quint64 ticket) const {
        const auto found = asked.find(topic);
        return found != asked.end() && found->second.ticket == ticket;
    }

    void drop(CompareTopic topic) {
        const auto found = asked.find(topic);
        if (found == asked.end()) return;
        found->second.control->cancel();
        asked.erase(found);
    }

    CompareWorker::Progress progress(CompareTopic topic, quint64 ticket) {
        const auto last = std::make_shared<std::atomic<std::int64_t>>(0);
        return [this, topic, ticket, last](const QString& words, double share) {
            const std::int64_t now = milliseconds();
            std::int64_t before = last->load(std::memory_order_relaxed);
            if (now - before < kBetweenMoves || !last->compare_exchange_strong(before, now)) return;
            inbox.post([this, topic, ticket, words, share] {
                if (current(topic, ticket)) emit service->moved(topic, words, share);
            });
        };
    }

    /// `work(control, progress)` on the lane, then `deliver(answer)` here, unless something newer was asked
    /// for.
    template <class Work, class Deliver>
    void ask(CompareTopic topic, Work work, Deliver deliver) {
        const bool before = !asked.empty();
        drop(topic);
        const quint64 ticket = ++lastTicket;
        const auto control = std::make_shared<RunControl>();
        asked[topic] = {ticket, control};
        if (!before) emit service->busyChanged(true);
        lane.postNewest(keyOf(topic), [this, topic, ticket, control, work = std::move(work),
                                       deliver = std::move(deliver)]() mutable {
            using Answer = decltype(work(*control, progress(topic, ticket)));
            auto answer = std::make_shared<Answer>(guarded([&]() -> Answer {
                if (control->cancelled()) return Error{ErrorCode::Cancelled, "Cancelled", ""};
                return work(*control, progress(topic, ticket));
            }));
            work = nullptr; // what it holds may be large, and is not the GUI thread's to free
            inbox.post([this, topic, ticket, answer, deliver] {
                if (!current(topic, ticket)) return;
                asked.erase(topic);
                if (*answer)
                    deliver(*answer);
                else
                    emit service->failed(topic, answer->error());
                if (asked.empty()) emit service->busyChanged(false);
            });
        });
    }
};

CompareService::CompareService(const QString& workspaceFolder, int threads, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, workspaceFolder, threads)) {}

CompareService::~CompareService() {
    for (auto& [topic, one] : d->asked)
        one.control->cancel();
    // SQLite connections do not move between threads: the lane that opened the store closes it.
    d->lane.post([p = d.get()] { p->worker.close(); });
    d->lane.finish();
}

void CompareService::measure(CompareRequest request) {
    using Work = std::function<Result<MeasurementPtr>(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Metrics,
           Work([p = d.get(), request = std::move(request)](RunControl& control,
                                                            const CompareWorker::Progress& progress) {
               return p->worker.measure(request, control, progress);
           }),
           [this](const Result<MeasurementPtr>& answer) { emit measured(*answer); });
}

void CompareService::mark(MeasurementPtr measurement, std::size_t reference) {
    using Answer = Result<std::shared_ptr<const MetricMarks>>;
    using Work = std::function<Answer(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Marks,
           Work([p = d.get(), measurement = std::move(measurement),
                 reference](RunControl& control, const CompareWorker::Progress&) {
               return p->worker.mark(measurement, reference, control);
           }),
           [this](const Answer& answer) { emit marked(*answer); });
}

void CompareService::readDialects(CompareRequest request) {
    using Answer = Result<std::shared_ptr<const DialectTable>>;
    using Work = std::function<Answer(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Dialects,
           Work([p = d.get(), request = std::move(request)](RunControl& control,
                                                            const CompareWorker::Progress& progress) {
               return p->worker.readDialects(request, control, progress);
           }),
           [this](const Answer& answer) { emit dialectsRead(*answer); });
}

void CompareService::group(MeasurementPtr measurement, const std::string& by) {
    using Answer = Result<std::shared_ptr<const GroupTable>>;
    using Work = std::function<Answer(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Groups,
           Work([p = d.get(), measurement = std::move(measurement),
                 by](RunControl& control, const CompareWorker::Progress& progress) {
               return p->worker.group(measurement, by, control, progress);
           }),
           [this](const Answer& answer) { emit grouped(*answer); });
}

void CompareService::comparePairs(MeasurementPtr measurement, const std::string& metric) {
    using Answer = Result<std::shared_ptr<const PairTable>>;
    using Work = std::function<Answer(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Significance,
           Work([p = d.get(), measurement = std::move(measurement),
                 metric](RunControl& control, const CompareWorker::Progress& progress) {
               return p->worker.comparePairs(measurement, metric, control, progress);
           }),
           [this](const Answer& answer) { emit pairsCompared(*answer); });
}

void CompareService::findLeaks(MeasurementPtr measurement) {
    using Answer = Result<std::shared_ptr<const LeakTable>>;
    using Work = std::function<Answer(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Warnings,
           Work([p = d.get(), measurement = std::move(measurement)](RunControl& control,
                                                                    const CompareWorker::Progress& progress) {
               return p->worker.findLeaksOf(measurement, control, progress);
           }),
           [this](const Answer& answer) { emit leaksFound(*answer); });
}

void CompareService::study(CompareRequest request, SamplingStudyOptions options) {
    using Answer = Result<std::shared_ptr<const StudyTable>>;
    using Work = std::function<Answer(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Sampling,
           Work([p = d.get(), request = std::move(request),
                 options = std::move(options)](RunControl& control, const CompareWorker::Progress& progress) {
               return p->worker.study(request, options, control, progress);
           }),
           [this](const Answer& answer) { emit studied(*answer); });
}

void CompareService::exportMetrics(MeasurementPtr measurement, const QString& path) {
    using Work = std::function<Result<QString>(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Export,
           Work([measurement = std::move(measurement),
                 path](RunControl&, const CompareWorker::Progress&) -> Result<QString> {
               std::vector<MetricRow> rows;
               for (const MeasuredRun& run : measurement->runs)
                   rows.push_back({run.title.toStdString(), *run.evaluation, Target::Test,
                                   run.record.splitFingerprint.toStdString()});
               const Status written =
                   writeTextFile(path.toStdString(), metricTable(rows, tableFormatOf(path.toStdString())));
               if (!written) return written.error();
               return path;
           }),
           [this](const Result<QString>& answer) { emit exported(*answer); });
}

void CompareService::exportTable(TextTable table, const QString& path) {
    using Work = std::function<Result<QString>(RunControl&, const CompareWorker::Progress&)>;
    d->ask(CompareTopic::Export,
           Work([table = std::move(table), path](RunControl&,
                                                 const CompareWorker::Progress&) -> Result<QString> {
               const Status written =
                   writeTextFile(path.toStdString(), textOfTable(table, tableFormatOf(path.toStdString())));
               if (!written) return written.error();
               return path;
           }),
           [this](const Result<QString>& answer) { emit exported(*answer); });
}

void CompareService::cancel() {
    for (auto& [topic, one] : d->asked)
        one.control->cancel();
}

void CompareService::forget(CompareTopic topic) {
    if (!d->asked.contains(topic)) return;
    d->drop(topic);
    d->lane.drop(keyOf(topic));
    if (d->asked.empty()) emit busyChanged(false);
}

bool CompareService::busy() const { return !d->asked.empty(); }

bool CompareService::busyWith(CompareTopic topic) const { return d->asked.contains(topic); }

} // namespace recoscope
