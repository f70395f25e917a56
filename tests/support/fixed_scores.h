// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"

#include <mutex>
#include <vector>

namespace recoscope::test {

/// A model whose scores are given: row u for a query of user u, the last row for a query without a known
/// user. It remembers what it was asked. Thread-safe.
class FixedScores final : public Recommender {
public:
    struct Asked {
        std::vector<ItemIndex> items;
        std::vector<std::int64_t> times;
        std::optional<UserIndex> user;
        bool hasFeatures = false;
    };

    FixedScores(std::int32_t users, MatrixF scores)
        : m_users(users)
        , m_scores(std::move(scores)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_scores.cols()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        std::lock_guard lock(m_mutex);
        for (std::size_t n = 0; n < queries.size(); ++n) {
            const Query& query = queries[n];
            const Eigen::Index row = query.user ? toInt(*query.user) : m_scores.rows() - 1;
            out.row(static_cast<Eigen::Index>(n)) = m_scores.row(row);
            m_asked.push_back({{query.items.begin(), query.items.end()},
                               {query.times.begin(), query.times.end()},
                               query.user,
                               query.features != nullptr});
        }
    }
    void save(TensorFile& file) const override { file.set("scores", m_scores); }

    std::vector<Asked> asked() const {
        std::lock_guard lock(m_mutex);
        return m_asked;
    }

private:
    std::int32_t m_users;
    MatrixF m_scores;
    mutable std::mutex m_mutex;
    mutable std::vector<Asked> m_asked;
};

} // namespace recoscope::test
