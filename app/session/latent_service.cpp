// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/latent_service.h"

#include "engine/api/split_query.h"
#include "engine/linalg/projection.h"
#include "engine/linalg/tsne.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

namespace recoscope {

namespace {

constexpr int kColdIterations = 750;
constexpr int kWarmIterations = 250;
constexpr int kSettled = 400;    // iterations before a layout from nothing gives way to a newer snapshot
constexpr int kWarmAtLeast = 40; // the same for one that goes on from an earlier layout
constexpr int kSlice = 10;       // iterations between two looks at what is wanted
constexpr auto kFrame = std::chrono::milliseconds(80);
constexpr std::int64_t kQueriesPerChunk = 32;

std::int32_t interactions(const Split& split, LatentSide side, std::int32_t row) {
    return side == LatentSide::Items ? split.trainByItem().rowSize(ItemIndex{row})
                                     : split.train().rowSize(UserIndex{row});
}

/// Those with training interactions, the most active ones where they are too many, by index.
std::vector<std::int32_t> chosenRows(const LatentRequest& request, LatentPicture& picture) {
    const Split& split = *request.split;
    const std::int32_t count =
        request.side == LatentSide::Items ? split.trainByItem().rowCount() : split.train().rowCount();
    std::vector<std::int32_t> rows;
    for (std::int32_t row = 0; row < count; ++row)
        if (interactions(split, request.side, row) > 0) rows.push_back(row);
    picture.untrained = count - static_cast<std::int32_t>(rows.size());
    const std::int32_t limit =
        request.method == LatentMethod::Tsne ? LatentService::tsneLimit : LatentService::pcaLimit;
    if (static_cast<std::int32_t>(rows.size()) > limit) {
        picture.beyondLimit = static_cast<std::int32_t>(rows.size()) - limit;
        std::stable_sort(rows.begin(), rows.end(), [&](std::int32_t a, std::int32_t b) {
            return interactions(split, request.side, a) > interactions(split, request.side, b);
        });
        rows.resize(static_cast<std::size_t>(limit));
        std::sort(rows.begin(), rows.end());
    }
    return rows;
}

const MatrixF* embeddings(const Recommender& model, LatentSide side) {
    return side == LatentSide::Items ? model.itemEmbeddings() : model.userEmbeddings();
}

/// The rows' vectors: learned ones where there are any, else what the encoder makes of the user's history, or
/// of a history of the one item. Empty when cancelled.
MatrixF vectorsOf(const LatentRequest& request, LatentPicture& picture, ThreadPool& pool,
                  RunControl& control) {
    const Recommender& model = *request.model;
    const auto count = static_cast<std::int64_t>(picture.rows.size());
    if (const MatrixF* learned = embeddings(model, request.side)) {
        MatrixF points(count, learned->cols());
        for (std::int64_t n = 0; n < count; ++n)
            points.row(n) = learned->row(picture.rows[static_cast<std::size_t>(n)]);
        return points;
    }
    const LatentSpace& space = *model.latentSpace();
    picture.codes = true;
    MatrixF points(count, space.size());
    pool.forChunks(count, kQueriesPerChunk, [&](const Chunk& chunk) {
        if (!control.keepGoing()) return;
        std::vector<ItemIndex> single(static_cast<std::size_t>(kQueriesPerChunk));
        const std::vector<float> one{1.0f};
        std::vector<Query> queries;
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
            const std::int32_t row = picture.rows[static_cast<std::size_t>(n)];
            if (request.side == LatentSide::Users) {
                queries.push_back(queryFor(model, *request.split, request.split->train(), UserIndex{row}));
            } else {
                const auto at = static_cast<std::size_t>(n - chunk.begin);
                single[at] = ItemIndex{row};
                Query query;
                query.items = std::span(single).subspan(at, 1);
                query.values = one;
                queries.push_back(query);
            }
        }
        MatrixF codes(chunk.end - chunk.begin, space.size());
        space.encode(queries, codes);
        points.middleRows(chunk.begin, chunk.end - chunk.begin) = codes;
    });
    return control.cancelled() ? MatrixF() : points;
}

Status check(const LatentRequest& request) {
    if (!request.model) return Error{ErrorCode::NotFound, "There is no model yet; train one first", ""};
    if (!request.split) return Error{ErrorCode::NotFound, "There is no data yet; open a dataset first", ""};
    const Dataset& data = *request.split->dataset();
    if (request.model->itemCount() != data.itemCount() || request.model->userCount() != data.userCount())
        return Error{ErrorCode::Invalid, "The model was trained on other data or filters", ""};
    if (!hasLatentVectors(*request.model, request.side))
        return Error{ErrorCode::Unsupported,
                     request.side == LatentSide::Items ? "This model has no vectors of items"
                                                       : "This model has no vectors of users",
                     ""};
    const MatrixF* learned = embeddings(*request.model, request.side);
    const std::int32_t rows = request.side == LatentSide::Items ? data.itemCount() : data.userCount();
    if (learned && learned->rows() != rows)
        return Error{ErrorCode::Invalid, "The model's vectors do not fit its data", ""};
    return {};
}

/// A newer request of the same kind may go on from this one's layout.
bool sameKind(const LatentRequest& a, const LatentRequest& b) {
    return a.split == b.split && a.side == b.side && a.method == b.method;
}

} // namespace

bool hasLatentVectors(const Recommender& model, LatentSide side) {
    return embeddings(model, side) || model.latentSpace();
}

struct LatentService::Private {
    struct Job {
        quint64 ticket = 0;
        LatentRequest request;
        std::shared_ptr<RunControl> control = std::make_shared<RunControl>();
    };

    LatentService* service = nullptr;
    Inbox inbox;
    quint64 lastTicket = 0;

    std::mutex mutex;
    std::optional<Job> wanted;                   // the newest, not started
    std::shared_ptr<RunControl> running;         // of the job that goes on
    std::optional<LatentRequest> runningRequest; // its kind; without the model
    LatentPicturePtr waiting;                    // to be delivered
    quint64 cancelledUpTo = 0;                   // nothing of these tickets is delivered

    // Of the lane only.
    std::optional<LatentRequest> lastRequest; // without the model
    std::vector<std::int32_t> lastRows;
    MatrixF lastLayout;

    ThreadPool pool;
    Lane lane; // last: joined first

    Private(LatentService* owner, int threads)
        : service(owner)
        , pool({threads, 10}) {}

    ~Private() {
        const std::lock_guard lock(mutex);
        wanted.reset();
        if (running) running->cancel();
    }

    bool newerWaits() {
        const std::lock_guard lock(mutex);
        return wanted.has_value();
    }

    void deliver(LatentPicture picture) {
        auto shared = std::make_shared<const LatentPicture>(std::move(picture));
        {
            const std::lock_guard lock(mutex);
            if (std::exchange(waiting, std::move(shared))) return; // one is on its way and will bring this
        }
        inbox.post([this] {
            LatentPicturePtr newest;
            {
                const std::lock_guard lock(mutex);
                newest = std::exchange(waiting, nullptr);
                if (!newest || newest->ticket <= cancelledUpTo) return;
            }
            emit service->pictureReady(newest);
        });
    }

    void work() {
        Job job;
        {
            const std::lock_guard lock(mutex);
            if (!wanted) return;
            job = std::move(*wanted);
            wanted.reset();
            running = job.control;
            runningRequest = job.request;
            runningRequest->model.reset();
        }
        const Status status = guarded([&]() -> Status { return run(job); });
        {
            const std::lock_guard lock(mutex);
            running.reset();
            runningRequest.reset();
        }
        if (status || status.error().code == ErrorCode::Cancelled) return;
        inbox.post(
            [this, ticket = job.ticket, error = status.error()] { emit service->failed(ticket, error); });
    }

    void remember(const Job& job, const LatentPicture& picture) {
        lastRequest = job.request;
        lastRequest->model.reset();
        lastRows = picture.rows;
        lastLayout = picture.layout;
    }

    Status run(const Job& job) {
        if (const Status status = check(job.request); !status) return status;
        LatentPicture picture;
        picture.ticket = job.ticket;
        picture.side = job.request.side;
        picture.method = job.request.method;
        picture.epoch = job.request.epoch;
        picture.split = job.request.split;
        picture.rows = chosenRows(job.request, picture);
        const MatrixF points = vectorsOf(job.request, picture, pool, *job.control);
        if (job.control->cancelled()) return {};
        picture.dimensions = static_cast<int>(points.cols());
        const bool follows = lastRequest && sameKind(*lastRequest, job.request) && lastRows == picture.rows;
        if (job.request.method == LatentMethod::Pca) {
            auto plane = pcaProjection(points, pool, *job.control);
            if (!plane) return plane.error();
            picture.layout = std::move(plane->layout);
            picture.varianceShare = plane->varianceShare;
            if (follows) keepOrientation(lastLayout, picture.layout);
            picture.finished = true;
            remember(job, picture);
            deliver(std::move(picture));
            return {};
        }
        return runTsne(job, points, std::move(picture), follows);
    }

    Status runTsne(const Job& job, const MatrixF& points, LatentPicture picture, bool follows) {
        auto tsne = Tsne::make(points, {}, pool, *job.control, follows ? &lastLayout : nullptr);
        if (!tsne) return tsne.error();
        picture.plannedIterations = tsne->warmStarted() ? kWarmIterations : kColdIterations;
        const int atLeast = tsne->warmStarted() ? kWarmAtLeast : kSettled;
        auto lastFrame = std::chrono::steady_clock::now() - kFrame;
        while (tsne->iterations() < picture.plannedIterations) {
            if (!tsne->advance(kSlice, pool, *job.control)) return {};
            picture.iterations = tsne->iterations();
            const bool leave = picture.iterations >= atLeast && newerWaits();
            picture.finished = leave || picture.iterations >= picture.plannedIterations;
            if (picture.iterations >= atLeast || tsne->warmStarted()) {
                picture.layout = tsne->layout();
                remember(job, picture);
            }
            const auto now = std::chrono::steady_clock::now();
            if (picture.finished || now - lastFrame >= kFrame) {
                lastFrame = now;
                picture.layout = tsne->layout();
                deliver(picture);
            }
            if (leave) break;
        }
        return {};
    }
};

LatentService::LatentService(int threads, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this, threads)) {}

LatentService::~LatentService() = default;

quint64 LatentService::project(LatentRequest request) {
    const quint64 ticket = ++d->lastTicket;
    {
        const std::lock_guard lock(d->mutex);
        // Another kind of picture is wanted: the old one is of no use. A newer snapshot waits for it to
        // settle.
        if (d->running && !(d->runningRequest && sameKind(*d->runningRequest, request))) {
            d->running->cancel();
            d->cancelledUpTo = ticket - 1;
        }
        d->wanted.emplace();
        d->wanted->ticket = ticket;
        d->wanted->request = std::move(request);
    }
    d->lane.postNewest("latent", [this] { d->work(); });
    return ticket;
}

void LatentService::stop() {
    const std::lock_guard lock(d->mutex);
    d->wanted.reset();
    d->cancelledUpTo = d->lastTicket;
    if (d->running) d->running->cancel();
}

} // namespace recoscope
