// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/small_data.h"

#include "engine/core/rng.h"

namespace recoscope::test {

namespace {
DatasetParts emptyParts(int users, int items) {
    DatasetParts parts;
    for (int u = 0; u < users; ++u) parts.users.insert("u" + std::to_string(u));
    for (int i = 0; i < items; ++i) parts.items.insert("i" + std::to_string(i));
    parts.provenance.path = "test";
    parts.provenance.title = "test";
    return parts;
}

DatasetPtr make(DatasetParts parts) { return std::move(Dataset::make(std::move(parts))).value(); }

void add(DatasetParts& parts, int user, int item, float value) {
    parts.rows.users.push_back(UserIndex{user});
    parts.rows.items.push_back(ItemIndex{item});
    parts.rows.values.push_back(value);
}
} // namespace

DatasetPtr dataset(int users, int items, std::initializer_list<Row> rows, bool withTimes, bool withParts) {
    DatasetParts parts = emptyParts(users, items);
    for (const Row& row : rows) {
        add(parts, row.user, row.item, row.value);
        if (withTimes) parts.rows.times.push_back(row.time);
        if (withParts) parts.rows.parts.push_back(row.part);
    }
    if (withTimes) parts.timeUnit = TimeUnit::Seconds;
    return make(std::move(parts));
}

DatasetPtr plantedDataset(int users, int items, int groups, std::uint64_t seed) {
    DatasetParts parts = emptyParts(users, items);
    Rng rng(seed);
    for (int u = 0; u < users; ++u) {
        for (int i = 0; i < items; ++i) {
            const bool own = u % groups == i % groups;
            if (rng.uniform() >= (own ? 0.5 : 0.05)) continue;
            const double rating = (own ? 4.3 : 2.2) + 0.6 * rng.normal();
            add(parts, u, i, static_cast<float>(std::min(5.0, std::max(1.0, static_cast<double>(static_cast<int>(rating + 0.5))))));
            parts.rows.times.push_back(1'000'000'000 + static_cast<std::int64_t>(rng.below(100'000'000)));
        }
    }
    parts.timeUnit = TimeUnit::Seconds;
    return make(std::move(parts));
}

DatasetPtr randomDataset(int users, int items, double density, std::uint64_t seed) {
    DatasetParts parts = emptyParts(users, items);
    Rng rng(seed);
    for (int u = 0; u < users; ++u)
        for (int i = 0; i < items; ++i)
            if (rng.uniform() < density) add(parts, u, i, static_cast<float>(1 + rng.below(5)));
    if (parts.rows.users.empty()) add(parts, 0, 0, 3.0f);
    return make(std::move(parts));
}

} // namespace recoscope::test
