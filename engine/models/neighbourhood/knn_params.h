// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/data/split.h"
#include "engine/io/tensor_file.h"
#include "engine/linalg/similarity.h"

#include <cstdint>
#include <span>
#include <vector>

namespace recoscope {

/// What a neighbourhood model's score is.
enum class KnnScoring {
    Implicit, // a sum over the history or the neighbours
    Explicit, // a mean-centred weighted average on the rating scale
};

/// What the weighting is applied to.
enum class WeightingTarget { Similarity, SimilarityAndProfile };

/// Whose rows score a user.
enum class UserNeighbourhood {
    Own,     // the user's own k nearest, as in textbooks
    Reverse, // those who hold the user among their own k nearest
};

/// Parameters of ItemKNN and UserKNN; `neighbourhood` is UserKNN's alone.
struct KnnParams {
    std::int32_t k = 100;
    SimilarityKind similarity = SimilarityKind::Cosine;
    double shrink = 0.0;
    KnnScoring scoring = KnnScoring::Implicit;
    EntryValues values = EntryValues::Ones;
    Weighting weighting = Weighting::None;
    WeightingTarget weightingTarget = WeightingTarget::Similarity;
    double bm25K1 = 1.2;
    double bm25B = 0.75;
    UserNeighbourhood neighbourhood = UserNeighbourhood::Own;
    bool operator==(const KnnParams&) const = default;

    bool explicitScoring() const { return scoring == KnnScoring::Explicit; }
    bool weightsProfile() const {
        return weighting != Weighting::None && weightingTarget == WeightingTarget::SimilarityAndProfile;
    }
    WeightingOptions weightingOptions() const { return {weighting, bm25K1, bm25B}; }
    SimilarityOptions similarityOptions() const;
    /// What an interaction counts in the profile that is scored.
    EntryValues profileValues() const { return explicitScoring() ? EntryValues::Given : values; }
    float profileValue(float rating) const { return profileValues() == EntryValues::Ones ? 1.0f : rating; }
};

const TypedSchema<KnnParams>& itemKnnSchema();
const TypedSchema<KnnParams>& userKnnSchema();

/// Refuses what makes no sense together: ratings asked of data without, a weighted profile that should be a
/// rating.
Status checkKnn(const KnnParams& params, const Split& split);

/// The mean; 0 of nothing.
float meanOfAll(std::span<const float> values);
/// The mean of each row's values; `otherwise` where a row is empty.
template <class Row, class Col>
std::vector<float> rowMeans(const Csr<Row, Col>& matrix, float otherwise) {
    std::vector<float> means;
    means.reserve(static_cast<std::size_t>(matrix.rowCount()));
    for (std::int32_t row = 0; row < matrix.rowCount(); ++row)
        means.push_back(matrix.rowSize(Row{row}) > 0 ? meanOfAll(matrix.values(Row{row})) : otherwise);
    return means;
}

/// Parameters as a model file's metadata, and back.
void saveKnnParams(TensorFile& file, const TypedSchema<KnnParams>& schema, const KnnParams& params);
Result<KnnParams> loadKnnParams(const TensorFile& file, const TypedSchema<KnnParams>& schema);

} // namespace recoscope
