// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/explanation.h"
#include "engine/api/latent_space.h"
#include "engine/core/index.h"
#include "engine/core/matrix.h"
#include "engine/core/result.h"
#include "engine/data/feature_table.h"
#include "engine/io/tensor_file.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace recoscope {

/// Who is asking: a history, and optionally the known user it belongs to. The spans are the caller's.
struct Query {
    std::span<const ItemIndex> items;    // ascending, no duplicates
    std::span<const float> values;       // ratings or 1; same length
    std::span<const std::int64_t> times; // seconds; same length, or empty when unknown
    /// Set: the history is this user's training history, so learned user parameters may be used. Unset: fold in.
    std::optional<UserIndex> user;
    const FeatureTable* features = nullptr; // a table and row that describe a user training never saw; optional
    std::int32_t featureRow = 0;
};

struct ScoredItem {
    ItemIndex item{};
    float score = 0.0f;
    bool operator==(const ScoredItem&) const = default;
};

/// A fitted model. Immutable, all members const; any thread.
class Recommender {
public:
    virtual ~Recommender() = default;

    virtual std::int32_t userCount() const = 0;
    virtual std::int32_t itemCount() const = 0;

    /// Scores all items for each query; finite for any history, also an empty one.
    /// @param out  queries.size() x itemCount(), row-major; overwritten.
    virtual void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const = 0;

    /// Whether scores are on the rating scale, so that RMSE and MAE make sense. Says so where it depends on parameters;
    /// AlgorithmCapabilities::predictsRatings says it for all models of an algorithm. Either is enough.
    virtual bool predictsRatings() const { return false; }

    /// Why `item` has its score for this query. ErrorCode::Unsupported where a model cannot say.
    virtual Result<Explanation> explain(const Query& query, ItemIndex item) const;

    /// The items most like `item` as the model sees it, best first, without itself; at most `count`.
    /// Default: cosine between item embeddings; empty when there are none.
    virtual std::vector<ScoredItem> neighbours(ItemIndex item, int count) const;

    /// items x d and users x d, or null when the model has none. Owned by the model.
    virtual const MatrixF* itemEmbeddings() const { return nullptr; }
    virtual const MatrixF* userEmbeddings() const { return nullptr; }

    /// The codes of a model that has them (autoencoders), else null. Owned by the model.
    virtual const LatentSpace* latentSpace() const { return nullptr; }

    /// Everything load() of the algorithm's registry row needs, as named tensors and metadata.
    virtual void save(TensorFile& file) const = 0;
};

} // namespace recoscope
