// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/dataset.h"

#include "engine/core/rng.h"
#include "engine/core/thread_pool.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <string>

namespace recoscope {

namespace {

// Borders depend on the data only, so that sums over blocks do not depend on the thread count.
constexpr std::int64_t rowsABlock = 1 << 16;
constexpr std::int64_t usersABlock = 64;

template <class Body>
void inChunks(ThreadPool* pool, std::int64_t count, std::int64_t chunkSize, Body&& body) {
    if (pool) return pool->forChunks(count, chunkSize, body);
    for (std::int64_t begin = 0, index = 0; begin < count; begin += chunkSize, ++index)
        body(Chunk{begin, std::min(begin + chunkSize, count), index, 0});
}

/// A sum over values in order, cheap enough for every interaction.
class Digest final {
public:
    void add(std::uint64_t value) {
        m_state = (m_state ^ value) * 0x9e3779b97f4a7c15ULL;
        m_state ^= m_state >> 32;
    }
    std::uint64_t value() const { return mix64(m_state); }

private:
    std::uint64_t m_state = 0x2545f4914f6cdd1dULL;
};

/// Digest of [0, count) by blocks: part(digest, n) adds what belongs to n.
template <class Part>
std::uint64_t blockDigest(ThreadPool* pool, std::int64_t count, Part&& part) {
    std::vector<std::uint64_t> blocks(static_cast<std::size_t>(ThreadPool::chunkCount(count, rowsABlock)));
    inChunks(pool, count, rowsABlock, [&](const Chunk& chunk) {
        Digest digest;
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n)
            part(digest, static_cast<std::size_t>(n));
        blocks[static_cast<std::size_t>(chunk.index)] = digest.value();
    });
    Digest whole;
    whole.add(static_cast<std::uint64_t>(count));
    for (const std::uint64_t block : blocks)
        whole.add(block);
    return whole.value();
}

std::string fingerprintOf(const Dataset& dataset, ThreadPool* pool) {
    const auto& rows = dataset.byUser();
    const auto times = dataset.times();
    const auto parts = dataset.parts();
    const auto ids = [pool](const IdMap& map) {
        return blockDigest(pool, map.size(), [&map](Digest& digest, std::size_t n) {
            digest.add(hash64(map.id(static_cast<std::int32_t>(n))));
        });
    };
    Digest digest;
    digest.add(ids(dataset.users()));
    digest.add(ids(dataset.items()));
    digest.add(
        blockDigest(pool, static_cast<std::int64_t>(rows.offsets().size()),
                    [&](Digest& d, std::size_t n) { d.add(static_cast<std::uint64_t>(rows.offsets()[n])); }));
    digest.add(blockDigest(pool, rows.size(), [&](Digest& d, std::size_t n) {
        d.add(static_cast<std::uint64_t>(rows.columns()[n]) << 32 |
              std::bit_cast<std::uint32_t>(rows.values()[n]));
        if (!times.empty()) d.add(static_cast<std::uint64_t>(times[n]));
        if (!parts.empty()) d.add(static_cast<std::uint64_t>(parts[n]));
    }));
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest.value()));
    return text;
}

/// Ratings are few different values; beyond this many the step between them says nothing and counting stops.
constexpr std::size_t distinctCounted = 1000;

void insertDistinct(std::vector<float>& sorted, float value) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
    if ((at == sorted.end() || *at != value) && sorted.size() <= distinctCounted) sorted.insert(at, value);
}

RatingScale scaleOf(const UserItemCsr& rows, bool implicit, ThreadPool* pool) {
    struct Seen {
        float min = std::numeric_limits<float>::max();
        float max = std::numeric_limits<float>::lowest();
        std::vector<float> distinct;
    };
    std::vector<Seen> blocks(static_cast<std::size_t>(ThreadPool::chunkCount(rows.size(), rowsABlock)));
    inChunks(pool, rows.size(), rowsABlock, [&](const Chunk& chunk) {
        Seen& seen = blocks[static_cast<std::size_t>(chunk.index)];
        std::array<float, 64> known; // values seen, by a hash of their bits: saves most searches
        known.fill(std::numeric_limits<float>::quiet_NaN());
        for (std::int64_t n = chunk.begin; n < chunk.end; ++n) {
            const float value = rows.values()[static_cast<std::size_t>(n)];
            seen.min = std::min(seen.min, value);
            seen.max = std::max(seen.max, value);
            float& slot = known[std::bit_cast<std::uint32_t>(value) * 0x9e3779b9U >> 26];
            if (value != slot) insertDistinct(seen.distinct, value);
            slot = value;
        }
    });
    RatingScale scale;
    scale.implicit = implicit;
    scale.min = blocks.front().min;
    scale.max = blocks.front().max;
    std::vector<float> distinct;
    for (const Seen& seen : blocks) {
        scale.min = std::min(scale.min, seen.min);
        scale.max = std::max(scale.max, seen.max);
        for (const float value : seen.distinct)
            insertDistinct(distinct, value);
    }
    for (std::size_t n = 1; n < distinct.size(); ++n) {
        const float step = distinct[n] - distinct[n - 1];
        if (scale.step == 0.0f || step < scale.step) scale.step = step;
    }
    return scale;
}

/// Rows grouped by user, each user's in the order of the file.
struct Grouped {
    std::vector<std::int64_t> starts; // users + 1
    std::vector<std::uint32_t> order; // empty: the rows already stand user by user
    std::uint32_t row(std::int64_t n) const {
        return order.empty() ? static_cast<std::uint32_t>(n) : order[static_cast<std::size_t>(n)];
    }
};

Grouped groupByUser(const InteractionColumns& in, std::int32_t users, std::int32_t items, ThreadPool* pool) {
    const auto rows = static_cast<std::int64_t>(in.users.size());
    std::vector<char> ordered(static_cast<std::size_t>(ThreadPool::chunkCount(rows, rowsABlock)), 1);
    inChunks(pool, rows, rowsABlock, [&](const Chunk& chunk) {
        std::int32_t previous =
            chunk.begin == 0 ? 0 : toInt(in.users[static_cast<std::size_t>(chunk.begin) - 1]);
        bool ascending = true;
        bool inside = true;
        for (auto n = static_cast<std::size_t>(chunk.begin); n < static_cast<std::size_t>(chunk.end); ++n) {
            const std::int32_t user = toInt(in.users[n]);
            inside =
                inside && user >= 0 && user < users && toInt(in.items[n]) >= 0 && toInt(in.items[n]) < items;
            ascending = ascending && user >= previous;
            previous = user;
        }
        RECOSCOPE_CHECK(inside, "user or item outside the id map");
        ordered[static_cast<std::size_t>(chunk.index)] = ascending;
    });
    Grouped grouped;
    grouped.starts.assign(static_cast<std::size_t>(users) + 1, 0);
    for (const UserIndex user : in.users)
        ++grouped.starts[static_cast<std::size_t>(user) + 1];
    for (std::size_t n = 1; n < grouped.starts.size(); ++n)
        grouped.starts[n] += grouped.starts[n - 1];
    if (std::find(ordered.begin(), ordered.end(), 0) == ordered.end()) return grouped;
    std::vector<std::int64_t> cursor(grouped.starts.begin(), grouped.starts.end() - 1);
    grouped.order.resize(in.users.size());
    for (std::size_t n = 0; n < in.users.size(); ++n)
        grouped.order[static_cast<std::size_t>(cursor[static_cast<std::size_t>(in.users[n])]++)] =
            static_cast<std::uint32_t>(n);
    return grouped;
}

/// The rows of one (user, item), in the order of the file, become one: which row's time and part are kept,
/// and the value. The merged value of mean, sum and max takes those of the last row.
struct Merged {
    std::uint32_t row = 0;
    float value = 0.0f;
};

template <class RowAt>
Merged mergeRows(const InteractionColumns& in, std::size_t count, DuplicatePolicy policy, RowAt&& rowAt) {
    const std::uint32_t first = rowAt(0);
    const std::uint32_t last = rowAt(count - 1);
    Merged merged{last, in.values[last]};
    if (count == 1 || policy == DuplicatePolicy::KeepLast) return merged;
    if (policy == DuplicatePolicy::KeepFirst) return {first, in.values[first]};
    double sum = 0.0;
    float high = in.values[first];
    for (std::size_t n = 0; n < count; ++n) {
        sum += static_cast<double>(in.values[rowAt(n)]);
        high = std::max(high, in.values[rowAt(n)]);
    }
    if (policy == DuplicatePolicy::Mean) merged.value = static_cast<float>(sum / static_cast<double>(count));
    if (policy == DuplicatePolicy::Sum) merged.value = static_cast<float>(sum);
    if (policy == DuplicatePolicy::Max) merged.value = high;
    return merged;
}

constexpr std::size_t partCount = 5;

/// Pairs of user and item that stood in more than one part: by the part that lost them and the one that has
/// them.
struct PartOverlaps {
    static constexpr std::size_t examplesKept = 3;
    std::array<std::array<std::int64_t, partCount>, partCount> counts{};
    std::array<std::array<std::vector<std::pair<UserIndex, ItemIndex>>, partCount>, partCount> examples;
    std::int64_t pairs = 0;

    void add(const PartOverlaps& other) {
        pairs += other.pairs;
        for (std::size_t lost = 0; lost < partCount; ++lost)
            for (std::size_t kept = 0; kept < partCount; ++kept) {
                counts[lost][kept] += other.counts[lost][kept];
                for (const auto& pair : other.examples[lost][kept])
                    if (examples[lost][kept].size() < examplesKept) examples[lost][kept].push_back(pair);
            }
    }
};

constexpr std::array<const char*, partCount> partNames{"training", "validation", "test", "validation history",
                                                       "test history"};

/// A pair in several parts belongs to the one that is held out furthest, so that nothing of a test is trained
/// on.
Part furthest(Part a, Part b) {
    constexpr std::array<int, partCount> rank{0, 3, 4, 1, 2};
    return rank[static_cast<std::size_t>(a)] < rank[static_cast<std::size_t>(b)] ? b : a;
}

std::string overlapText(const PartOverlaps& overlaps) {
    std::string kinds;
    for (std::size_t lost = 0; lost < partCount; ++lost)
        for (std::size_t kept = 0; kept < partCount; ++kept) {
            const std::int64_t count = overlaps.counts[lost][kept];
            if (count == 0) continue;
            kinds.append(kinds.empty() ? "" : "; ")
                .append(std::to_string(count))
                .append(count == 1 ? " pair of user and item stands" : " pairs of user and item stand")
                .append(" in both the ")
                .append(partNames[lost])
                .append(" and the ")
                .append(partNames[kept])
                .append(count == 1 ? " part; it was" : " part; they were")
                .append(" taken out of the ")
                .append(partNames[lost])
                .append(" part");
        }
    return kinds;
}

struct Sorted {
    std::vector<std::int64_t> offsets;
    std::vector<ItemIndex> columns;
    std::vector<float> values;
    std::vector<std::int64_t> times;
    std::vector<Part> parts;
    PartOverlaps overlaps;

    /// Takes the gaps out that merged rows left behind each user's rows.
    void close(const std::vector<std::int64_t>& starts, const std::vector<std::int32_t>& counts) {
        offsets.assign(starts.size(), 0);
        for (std::size_t u = 0; u < counts.size(); ++u) {
            const auto from = static_cast<std::size_t>(starts[u]);
            const auto to = static_cast<std::size_t>(offsets[u]);
            const auto count = static_cast<std::size_t>(counts[u]);
            offsets[u + 1] = offsets[u] + counts[u];
            if (from == to) continue;
            const auto move = [&](auto& column) {
                if (!column.empty())
                    std::move(column.begin() + static_cast<std::ptrdiff_t>(from),
                              column.begin() + static_cast<std::ptrdiff_t>(from + count),
                              column.begin() + static_cast<std::ptrdiff_t>(to));
            };
            move(columns);
            move(values);
            move(times);
            move(parts);
        }
        const auto used = static_cast<std::size_t>(offsets.back());
        const auto shrink = [used](auto& column) {
            if (column.size() <= used) return;
            column.resize(used);
            column.shrink_to_fit();
        };
        shrink(columns);
        shrink(values);
        shrink(times);
        shrink(parts);
    }
};

/// Moves the keys of the part that keeps a pair to the front; returns how many they are.
template <class RowAt>
std::size_t keepOnePart(const InteractionColumns& in, std::span<std::uint64_t> keys, RowAt&& rowAt,
                        PartOverlaps& overlaps) {
    Part kept = in.parts[rowAt(0)];
    for (std::size_t m = 1; m < keys.size(); ++m)
        kept = furthest(kept, in.parts[rowAt(m)]);
    std::array<bool, partCount> lost{};
    std::size_t count = 0;
    for (std::size_t m = 0; m < keys.size(); ++m) {
        const Part part = in.parts[rowAt(m)];
        if (part == kept)
            keys[count++] = keys[m];
        else
            lost[static_cast<std::size_t>(part)] = true;
    }
    overlaps.pairs += count < keys.size();
    for (std::size_t part = 0; part < partCount; ++part) {
        if (!lost[part]) continue;
        ++overlaps.counts[part][static_cast<std::size_t>(kept)];
        auto& examples = overlaps.examples[part][static_cast<std::size_t>(kept)];
        if (examples.size() < PartOverlaps::examplesKept)
            examples.emplace_back(in.users[rowAt(0)], in.items[rowAt(0)]);
    }
    return count;
}

Sorted sortRows(const InteractionColumns& in, const Grouped& grouped, DuplicatePolicy policy,
                ThreadPool* pool) {
    const auto users = static_cast<std::int64_t>(grouped.starts.size()) - 1;
    Sorted out;
    out.columns.resize(in.items.size());
    out.values.resize(in.items.size());
    out.times.resize(in.times.size());
    out.parts.resize(in.parts.size());
    std::vector<std::int32_t> counts(static_cast<std::size_t>(users));
    std::vector<PartOverlaps> overlaps(static_cast<std::size_t>(ThreadPool::chunkCount(users, usersABlock)));
    std::vector<std::vector<std::uint64_t>> scratch(static_cast<std::size_t>(pool ? pool->threadCount() : 1));
    inChunks(pool, users, usersABlock, [&](const Chunk& chunk) {
        auto& keys =
            scratch[static_cast<std::size_t>(chunk.thread)]; // item, then the row's place among the user's
        for (std::int64_t u = chunk.begin; u < chunk.end; ++u) {
            const std::int64_t begin = grouped.starts[static_cast<std::size_t>(u)];
            const std::int64_t end = grouped.starts[static_cast<std::size_t>(u) + 1];
            keys.clear();
            for (std::int64_t n = begin; n < end; ++n)
                keys.push_back(static_cast<std::uint64_t>(in.items[grouped.row(n)]) << 32 |
                               static_cast<std::uint64_t>(n - begin));
            if (!std::is_sorted(keys.begin(), keys.end())) std::sort(keys.begin(), keys.end());
            auto to = static_cast<std::size_t>(begin);
            for (std::size_t n = 0; n < keys.size();) {
                std::size_t last = n + 1;
                while (last < keys.size() && keys[last] >> 32 == keys[n] >> 32)
                    ++last;
                const auto rowAt = [&](std::size_t m) {
                    return grouped.row(begin + static_cast<std::int64_t>(keys[n + m] & 0xffffffffU));
                };
                std::size_t count = last - n;
                if (!in.parts.empty() && count > 1)
                    count = keepOnePart(in, std::span(keys).subspan(n, count), rowAt,
                                        overlaps[static_cast<std::size_t>(chunk.index)]);
                const Merged merged = mergeRows(in, count, policy, rowAt);
                out.columns[to] = ItemIndex{static_cast<std::int32_t>(keys[n] >> 32)};
                out.values[to] = merged.value;
                if (!in.times.empty()) out.times[to] = in.times[merged.row];
                if (!in.parts.empty()) out.parts[to] = in.parts[merged.row];
                ++to;
                n = last;
            }
            counts[static_cast<std::size_t>(u)] =
                static_cast<std::int32_t>(to - static_cast<std::size_t>(begin));
        }
    });
    for (const PartOverlaps& each : overlaps)
        out.overlaps.add(each);
    out.close(grouped.starts, counts);
    return out;
}

Result<UserItemCsr> negativesOf(const GivenNegatives& given, std::int32_t users, std::int32_t items) {
    RECOSCOPE_CHECK(given.users.size() == given.items.size(), "columns of different length");
    if (given.users.empty()) return UserItemCsr();
    std::vector<Entry<UserIndex, ItemIndex>> entries;
    entries.reserve(given.users.size());
    for (std::size_t n = 0; n < given.users.size(); ++n)
        entries.push_back({given.users[n], given.items[n], 1.0f});
    const auto before = [](const auto& a, const auto& b) {
        return a.row != b.row ? a.row < b.row : a.col < b.col;
    };
    std::sort(entries.begin(), entries.end(), before);
    entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
    return UserItemCsr::fromEntries(users, items, entries);
}

/// Adds what was found to what is known from before, by the two parts.
void addOverlaps(const PartOverlaps& found, const IdMap& users, const IdMap& items,
                 std::vector<PartOverlap>& overlaps) {
    for (std::size_t lost = 0; lost < partCount; ++lost)
        for (std::size_t kept = 0; kept < partCount; ++kept) {
            if (found.counts[lost][kept] == 0) continue;
            PartOverlap overlap{static_cast<Part>(lost), static_cast<Part>(kept), found.counts[lost][kept], {}};
            for (const auto& [user, item] : found.examples[lost][kept])
                overlap.examples.emplace_back(users.id(toInt(user)), items.id(toInt(item)));
            overlaps.push_back(std::move(overlap));
        }
}

} // namespace

const char* partName(Part part) { return partNames[static_cast<std::size_t>(part)]; }

double Dataset::density() const {
    return static_cast<double>(interactionCount()) / (static_cast<double>(userCount()) * itemCount());
}

std::string Dataset::itemTitle(ItemIndex item) const {
    const FeatureColumn* titles = m_itemFeatures.find("title");
    std::string title = titles ? titles->display(toInt(item)) : std::string();
    return title.empty() ? std::string(itemId(item)) : title;
}

Result<DatasetPtr> Dataset::make(DatasetParts parts, ImportReport* report, ThreadPool* pool) {
    InteractionColumns& in = parts.rows;
    const std::size_t rows = in.users.size();
    RECOSCOPE_CHECK(in.items.size() == rows && in.values.size() == rows, "columns of different length");
    RECOSCOPE_CHECK(in.times.empty() || in.times.size() == rows, "times of another length");
    RECOSCOPE_CHECK(in.parts.empty() || in.parts.size() == rows, "parts of another length");
    if (rows == 0) return Error{ErrorCode::Parse, "The data has no interactions", parts.provenance.path};
    if (rows > std::numeric_limits<std::uint32_t>::max())
        return Error{ErrorCode::Limit, "The data has more than 4,294 million interactions",
                     parts.provenance.path};
    const std::int32_t users = parts.users.size();
    const std::int32_t items = parts.items.size();

    Sorted sorted;
    {
        const Grouped grouped = groupByUser(in, users, items, pool);
        sorted = sortRows(in, grouped, parts.duplicates, pool);
    }
    in = {}; // what follows needs the room
    const std::size_t used = sorted.columns.size();
    if (report) {
        report->rowsUsed = static_cast<std::int64_t>(used);
        report->duplicates = static_cast<std::int64_t>(rows - used);
        if (sorted.overlaps.pairs > 0) {
            ImportReport mixed;
            mixed.issues.push_back({"pair-in-two-parts",
                                    overlapText(sorted.overlaps),
                                    Severity::Warning,
                                    sorted.overlaps.pairs,
                                    {}});
            report->merge(mixed);
        }
    }
    auto dataset = std::shared_ptr<Dataset>(new Dataset());
    auto matrix = UserItemCsr::fromArrays(items, std::move(sorted.offsets), std::move(sorted.columns),
                                          std::move(sorted.values));
    if (!matrix)
        return Error{ErrorCode::Parse, matrix.error().message,
                     parts.provenance.path + ", " + matrix.error().where};
    dataset->m_byUser = std::move(*matrix);
    dataset->m_byItem = dataset->m_byUser.transposed();
    dataset->m_times = std::move(sorted.times);
    dataset->m_parts = std::move(sorted.parts);
    dataset->m_overlaps = std::move(parts.overlaps);
    addOverlaps(sorted.overlaps, parts.users, parts.items, dataset->m_overlaps);
    dataset->m_users = std::move(parts.users);
    dataset->m_items = std::move(parts.items);
    dataset->m_timeUnit = parts.timeUnit;
    dataset->m_scale = scaleOf(dataset->m_byUser, parts.implicit, pool);
    dataset->m_userFeatures = std::move(parts.userFeatures);
    dataset->m_itemFeatures = std::move(parts.itemFeatures);
    dataset->m_provenance = std::move(parts.provenance);
    dataset->m_truth = std::move(parts.truth);
    auto negatives = negativesOf(parts.negatives, dataset->userCount(), dataset->itemCount());
    if (!negatives) return negatives.error();
    dataset->m_negatives = std::move(*negatives);
    dataset->m_provenance.fingerprint = fingerprintOf(*dataset, pool);
    return DatasetPtr(std::move(dataset));
}

} // namespace recoscope
