// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/baseline/als_biases.h"

#include <atomic>
#include <cmath>

namespace recoscope {

namespace {

constexpr std::int64_t rowsPerChunk = 64;

double meanOf(std::span<const float> values) {
    double sum = 0.0;
    for (const float value : values)
        sum += static_cast<double>(value);
    return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

/// One side's biases while the other's are held.
template <class Row, class Col>
bool half(const Csr<Row, Col>& ratings, double mean, double reg, const std::vector<double>& others,
          std::vector<double>& biases, ThreadPool& pool, RunControl& control) {
    std::atomic<bool> completed{true};
    pool.forChunks(ratings.rowCount(), rowsPerChunk, [&](const Chunk& chunk) {
        for (std::int64_t r = chunk.begin; r < chunk.end; ++r) {
            if (!control.keepGoing()) {
                completed.store(false, std::memory_order_relaxed);
                return;
            }
            const Row row{static_cast<std::int32_t>(r)};
            const auto cols = ratings.cols(row);
            const auto values = ratings.values(row);
            double sum = 0.0;
            for (std::size_t n = 0; n < cols.size(); ++n)
                sum += static_cast<double>(values[n]) - mean - others[static_cast<std::size_t>(cols[n])];
            const double weight = reg + static_cast<double>(cols.size());
            biases[static_cast<std::size_t>(r)] = weight > 0.0 ? sum / weight : 0.0;
        }
    });
    return completed.load();
}

} // namespace

AlsBiases::AlsBiases(SplitPtr split, double regUser, double regItem)
    : m_split(std::move(split))
    , m_regUser(regUser)
    , m_regItem(regItem)
    , m_mean(meanOf(m_split->train().values()))
    , m_users(static_cast<std::size_t>(m_split->dataset()->userCount()), 0.0)
    , m_items(static_cast<std::size_t>(m_split->dataset()->itemCount()), 0.0) {}

bool AlsBiases::pass(ThreadPool& pool, RunControl& control) {
    return half(m_split->trainByItem(), m_mean, m_regItem, m_users, m_items, pool, control) &&
           half(m_split->train(), m_mean, m_regUser, m_items, m_users, pool, control);
}

double AlsBiases::trainingError() const { return errorOn(m_split->train()); }

double AlsBiases::errorOn(const UserItemCsr& ratings) const {
    double sum = 0.0;
    for (std::int32_t u = 0; u < ratings.rowCount(); ++u) {
        const auto items = ratings.cols(UserIndex{u});
        const auto values = ratings.values(UserIndex{u});
        for (std::size_t n = 0; n < items.size(); ++n) {
            const double error = static_cast<double>(values[n]) - m_mean -
                                 m_users[static_cast<std::size_t>(u)] -
                                 m_items[static_cast<std::size_t>(items[n])];
            sum += error * error;
        }
    }
    return ratings.empty() ? 0.0 : sum / static_cast<double>(ratings.size());
}

ItemBiases itemBiases(const AlsBiases& biases, double regUser) {
    ItemBiases result{static_cast<float>(biases.mean()), static_cast<float>(regUser), {}};
    result.items.assign(biases.items().begin(), biases.items().end());
    return result;
}

void saveItemBiases(TensorFile& file, const ItemBiases& biases) {
    const float numbers[] = {biases.mean, biases.regUser};
    file.set("item.bias", std::span<const float>(biases.items));
    file.set("mean_and_reg_user", std::span<const float>(numbers));
}

Result<ItemBiases> loadItemBiases(const TensorFile& file) {
    auto items = file.floats("item.bias");
    if (!items) return items.error();
    const auto numbers = file.floats("mean_and_reg_user");
    if (!numbers) return numbers.error();
    if (numbers->size() != 2 || numbers->back() < 0.0f)
        return Error{ErrorCode::Parse, "Expected the mean and the users' regularisation",
                     "mean_and_reg_user"};
    return ItemBiases{numbers->front(), numbers->back(), std::move(*items)};
}

} // namespace recoscope
