// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/data/split.h"

#include <QObject>
#include <QString>

#include <array>
#include <memory>
#include <vector>

namespace recoscope {

enum class LatentSide { Items, Users };
enum class LatentMethod { Pca, Tsne };

/// What to make a picture of.
struct LatentRequest {
    std::shared_ptr<const Recommender> model;
    SplitPtr split;
    int epoch = 0;
    LatentSide side = LatentSide::Items;
    LatentMethod method = LatentMethod::Pca;
};

/// Vectors of a model on a plane. Immutable once delivered.
struct LatentPicture {
    quint64 ticket = 0; // of the request
    LatentSide side = LatentSide::Items;
    LatentMethod method = LatentMethod::Pca;
    int epoch = 0;
    SplitPtr split;
    std::vector<std::int32_t> rows;        // item or user index of each point, ascending
    MatrixF layout;                        // points x 2
    int dimensions = 0;                    // of the vectors
    bool codes = false;                    // made by an encoder from histories, not learned one by one
    std::int32_t untrained = 0;            // items or users without training interactions: not shown
    std::int32_t beyondLimit = 0;          // least active ones that are not shown for want of time
    std::array<double, 2> varianceShare{}; // PCA
    int iterations = 0;                    // t-SNE
    int plannedIterations = 0;
    bool finished = false; // no further picture comes for this ticket
};
using LatentPicturePtr = std::shared_ptr<const LatentPicture>;

/// Whether a model has vectors for a side at all.
bool hasLatentVectors(const Recommender& model, LatentSide side);

/// Projects a model's vectors on one lane, never on the GUI thread. The newest request wins. A t-SNE is
/// delivered while it goes on, and one of a newer snapshot of the same model goes on from the last layout, so
/// that the picture moves with the training instead of starting again. At most one picture waits to be
/// delivered. GUI thread object.
class LatentService final : public QObject {
    Q_OBJECT
public:
    /// @param threads  of the pool; 0: all cores. Workers run at nice 10.
    explicit LatentService(int threads = 0, QObject* parent = nullptr);
    ~LatentService() override; // cancels, joins

    /// Points beyond which the least active ones are left out.
    static constexpr std::int32_t tsneLimit = 10'000;
    static constexpr std::int32_t pcaLimit = 50'000;

    quint64 project(LatentRequest request);
    /// Stops what is going on; nothing more is delivered of it.
    void stop();

signals:
    void pictureReady(const recoscope::LatentPicturePtr& picture);
    void failed(quint64 ticket, const recoscope::Error& error);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
