// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/negative_sampler.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

void ItemLottery::reset(std::span<const ItemIndex> items, std::span<const float> weights) {
    m_items = items;
    m_ends.clear();
    if (weights.empty()) return;
    m_ends.reserve(items.size());
    double sum = 0.0;
    for (const ItemIndex item : items)
        m_ends.push_back(sum += static_cast<double>(weights[static_cast<std::size_t>(item)]));
}

ItemIndex ItemLottery::draw(Rng& rng) const {
    if (m_ends.empty()) return m_items[rng.below(m_items.size())];
    const double ticket = rng.uniform() * m_ends.back();
    const auto at =
        static_cast<std::size_t>(std::upper_bound(m_ends.begin(), m_ends.end(), ticket) - m_ends.begin());
    return m_items[std::min(at, m_items.size() - 1)];
}

NegativeSampler::NegativeSampler(const UserItemCsr& train, const NegativeOptions& options)
    : m_train(train) {
    const auto items = static_cast<std::size_t>(train.colCount());
    const auto users = static_cast<std::size_t>(train.rowCount());
    const std::size_t words = (items + 63) / 64;
    if (users * words * sizeof(std::uint64_t) <= kMostBitBytes) {
        m_words = words;
        m_bits.assign(users * words, 0);
        for (std::size_t u = 0; u < users; ++u)
            for (const ItemIndex item : train.cols(UserIndex{static_cast<std::int32_t>(u)})) {
                const auto at = static_cast<std::size_t>(item);
                m_bits[u * words + at / 64] |= std::uint64_t{1} << (at % 64);
            }
    }
    if (options.weights == NegativeWeights::Popularity) {
        std::vector<std::int64_t> counts(items, 1);
        for (const ItemIndex item : train.columns())
            ++counts[static_cast<std::size_t>(item)];
        m_weights.reserve(items);
        for (const std::int64_t count : counts)
            m_weights.push_back(static_cast<float>(std::pow(static_cast<double>(count), options.exponent)));
    }
    m_items.reserve(items);
    for (std::size_t i = 0; i < items; ++i)
        m_items.push_back(ItemIndex{static_cast<std::int32_t>(i)});
    m_all.reset(m_items, m_weights);
}

} // namespace recoscope
