// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/dataset_service.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <mutex>
#include <optional>
#include <utility>

namespace recoscope {

namespace {

/// The newest progress of a job on its way to the GUI thread: a newer one replaces the waiting one.
/// Thread-safe.
class ProgressSlot final {
public:
    /// True when nothing was waiting: the caller posts a delivery.
    bool put(double fraction, std::string_view phase) {
        std::lock_guard lock(m_mutex);
        const bool first = !m_waiting;
        m_waiting = {fraction, std::string(phase)};
        return first;
    }
    std::optional<std::pair<double, std::string>> take() {
        std::lock_guard lock(m_mutex);
        return std::exchange(m_waiting, std::nullopt);
    }

private:
    std::mutex m_mutex;
    std::optional<std::pair<double, std::string>> m_waiting;
};

struct Imported {
    ImportResult result;
    DatasetSummary summary;
};

/// One kind of request. A delivery counts only when it carries the newest generation.
struct Kind {
    quint64 generation = 0;
    bool active = false;
    quint64 begin() {
        active = true;
        return ++generation;
    }
    /// False: a newer request or cancel() has taken its place.
    bool end(quint64 of) {
        if (of != generation || !active) return false;
        active = false;
        return true;
    }
    void abandon() {
        active = false;
        ++generation;
    }
};

} // namespace

struct DatasetService::Private {
    DatasetService* q = nullptr;
    Inbox inbox;

    Kind previews, imports, splits;
    bool wasBusy = false;
    std::shared_ptr<RunControl> importControl = std::make_shared<RunControl>();

    QString path;
    ImportOptions options;
    DatasetPtr dataset;
    std::shared_ptr<const ImportReport> report;
    std::shared_ptr<const DatasetSummary> summary;
    SplitSpec spec;          // wanted
    bool splitLater = false; // asked for while an import was on its way
    SplitPtr split;

    std::unique_ptr<ThreadPool> pool; // made and used by the lane alone
    Lane lane;                        // last: joined first

    explicit Private(DatasetService* service)
        : q(service) {}

    bool busy() const { return previews.active || imports.active || splits.active; }
    void tellBusy() {
        if (busy() == wasBusy) return;
        wasBusy = busy();
        emit q->busyChanged(wasBusy);
    }

    /// Lets the last reference to something large die on the lane instead of on the GUI thread.
    template <class T>
    void release(std::shared_ptr<const T> old) {
        if (old) lane.post([held = std::move(old)] {});
    }

    void postProgress(const std::shared_ptr<ProgressSlot>& slot, Kind& kind, quint64 generation,
                      double fraction, std::string_view phase) {
        if (!slot->put(fraction, phase)) return;
        inbox.post([this, slot, &kind, generation] {
            const auto value = slot->take();
            if (value && kind.active && kind.generation == generation)
                emit q->progress(value->first, QString::fromStdString(value->second));
        });
    }

    void startSplit(const SplitSpec& wanted, bool fallBack) {
        const quint64 generation = splits.begin();
        tellBusy();
        const auto slot = std::make_shared<ProgressSlot>();
        lane.postNewest("split", [this, data = dataset, wanted, fallBack, generation, slot] {
            postProgress(slot, splits, generation, 0.0, "splitting");
            auto made = guarded([&]() -> Result<SplitPtr> { return makeSplit(data, wanted); });
            std::optional<Error> trouble;
            if (!made && fallBack) {
                // The settings belonged to other data: say so, and be ready with the default ones.
                trouble = made.error();
                SplitSpec plain;
                plain.seed = wanted.seed;
                made = guarded([&]() -> Result<SplitPtr> { return makeSplit(data, plain); });
            }
            inbox.post([this, generation, result = std::move(made), trouble] {
                if (!splits.end(generation)) return;
                if (result) {
                    release(std::exchange(split, result.value()));
                    spec = split->spec();
                }
                tellBusy();
                if (trouble)
                    emit q->failed(DatasetService::tr(
                                       "The split settings do not fit this data; the default ones are used"),
                                   *trouble);
                if (!result)
                    emit q->failed(DatasetService::tr("Splitting"), result.error());
                else
                    emit q->splitReady(split);
            });
        });
    }

    /// A split that was waiting for an import which came to nothing is for the data that is still there.
    void splitOldData() {
        if (std::exchange(splitLater, false) && dataset) startSplit(spec, false);
    }

    void finishImport(quint64 generation, const QString& importedPath, const ImportOptions& importedOptions,
                      const Result<std::shared_ptr<Imported>>& result) {
        if (!imports.end(generation)) return;
        if (!result) {
            splitOldData();
            tellBusy();
            emit q->failed(DatasetService::tr("Opening %1").arg(importedPath), result.error());
            return;
        }
        Imported& data = *result.value();
        path = importedPath;
        options = importedOptions;
        report = std::make_shared<const ImportReport>(std::move(data.result.report));
        summary = std::make_shared<const DatasetSummary>(std::move(data.summary));
        release(std::exchange(split, nullptr));
        release(std::exchange(dataset, std::move(data.result.dataset)));

        splitLater = false;
        SplitSpec wanted = spec;
        if (!dataset->parts().empty())
            wanted.kind = SplitKind::Premade; // the data says how it wants to be split
        else if (wanted.kind == SplitKind::Premade)
            wanted.kind = SplitSpec{}.kind;
        startSplit(wanted, true);
        emit q->imported(dataset);
    }
};

DatasetService::DatasetService(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this)) {}

DatasetService::~DatasetService() { d->importControl->cancel(); }

void DatasetService::preview(const QString& path, const ImportOptions& options) {
    const quint64 generation = d->previews.begin();
    d->tellBusy();
    d->lane.postNewest("preview", [p = d.get(), path, options, generation] {
        auto found =
            guarded([&]() -> Result<FormatPreview> { return previewPath(path.toStdString(), options); });
        p->inbox.post([p, path, generation, result = std::move(found)] {
            if (!p->previews.end(generation)) return;
            p->tellBusy();
            if (result)
                emit p->q->previewReady(path, result.value());
            else
                emit p->q->failed(tr("Looking at %1").arg(path), result.error());
        });
    });
}

void DatasetService::import(const QString& path, const ImportOptions& options) {
    d->importControl->cancel(); // the newest wins
    d->importControl = std::make_shared<RunControl>();
    const quint64 generation = d->imports.begin();
    d->tellBusy();
    const auto slot = std::make_shared<ProgressSlot>();
    d->lane.postNewest("import", [p = d.get(), path, options, generation, slot, control = d->importControl] {
        auto done = guarded([&]() -> Result<std::shared_ptr<Imported>> {
            if (!p->pool)
                p->pool = std::make_unique<ThreadPool>(ThreadPoolOptions{.threads = 0, .niceness = 10});
            ImportContext context;
            context.pool = p->pool.get();
            context.control = control.get();
            context.progress = [&](double fraction, std::string_view phase) {
                p->postProgress(slot, p->imports, generation, 0.95 * fraction, phase);
            };
            auto result = importPath(path.toStdString(), options, context);
            if (!result) return result.error();
            if (!control->keepGoing())
                return Error{ErrorCode::Cancelled, "Opening was cancelled", path.toStdString()};
            p->postProgress(slot, p->imports, generation, 0.95, "summarising");
            auto imported = std::make_shared<Imported>();
            imported->result = std::move(*result);
            imported->summary = summarise(*imported->result.dataset);
            return imported;
        });
        p->inbox.post([p, generation, path, options, result = std::move(done)] {
            p->finishImport(generation, path, options, result);
        });
    });
}

void DatasetService::split(const SplitSpec& spec) {
    d->spec = spec;
    if (d->imports.active) {
        d->splitLater = true; // finishImport() splits with it
        return;
    }
    if (!d->dataset) {
        d->inbox.post([p = d.get()] {
            emit p->q->failed(tr("Splitting"), Error{ErrorCode::NotFound, "Open a dataset first", ""});
        });
        return;
    }
    d->startSplit(spec, false);
}

void DatasetService::cancel() {
    if (!busy()) return;
    const bool opening = d->imports.active;
    const bool splitting = d->splits.active;
    d->importControl->cancel();
    d->lane.drop("preview");
    d->lane.drop("import");
    d->lane.drop("split");
    d->previews.abandon();
    d->imports.abandon();
    d->splits.abandon();
    d->splitLater = false;
    if (d->split) d->spec = d->split->spec();
    d->inbox.post([p = d.get(), opening, splitting] {
        p->tellBusy();
        const QString what = opening     ? tr("Opening")
                             : splitting ? tr("Splitting")
                                         : tr("Looking at the file");
        emit p->q->failed(what, Error{ErrorCode::Cancelled, "Cancelled", ""});
    });
}

bool DatasetService::busy() const { return d->busy(); }
QString DatasetService::path() const { return d->path; }
ImportOptions DatasetService::importOptions() const { return d->options; }
DatasetPtr DatasetService::dataset() const { return d->dataset; }
SplitPtr DatasetService::currentSplit() const { return d->split; }
std::shared_ptr<const ImportReport> DatasetService::report() const { return d->report; }
std::shared_ptr<const DatasetSummary> DatasetService::summary() const { return d->summary; }

} // namespace recoscope
