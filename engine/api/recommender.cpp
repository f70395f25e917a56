// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/recommender.h"

#include "engine/linalg/top_k.h"

#include <limits>

namespace recoscope {

Result<Explanation> Recommender::explain(const Query&, ItemIndex) const {
    return Error{ErrorCode::Unsupported, "This algorithm cannot say why an item has its score", ""};
}

std::vector<ScoredItem> Recommender::neighbours(ItemIndex item, int count) const {
    const MatrixF* embeddings = itemEmbeddings();
    const auto row = static_cast<Eigen::Index>(toInt(item));
    if (!embeddings || count <= 0 || row >= embeddings->rows()) return {};
    VectorF similarity = *embeddings * embeddings->row(row).transpose();
    const float own = embeddings->row(row).norm();
    for (Eigen::Index n = 0; n < similarity.size(); ++n) {
        const float norms = own * embeddings->row(n).norm();
        similarity[n] = norms > 0.0f ? similarity[n] / norms : 0.0f;
    }
    similarity[row] = -std::numeric_limits<float>::infinity();
    std::vector<std::int32_t> best(static_cast<std::size_t>(count));
    const int found = topK({similarity.data(), static_cast<std::size_t>(similarity.size())}, best);
    std::vector<ScoredItem> result;
    for (int n = 0; n < found; ++n)
        result.push_back({ItemIndex{best[static_cast<std::size_t>(n)]}, similarity[best[static_cast<std::size_t>(n)]]});
    return result;
}

} // namespace recoscope
