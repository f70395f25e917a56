// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/dataset.h"

#include "engine/core/rng.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <set>

namespace recoscope {

namespace {

std::string fingerprintOf(const Dataset& dataset) {
    std::uint64_t hash = mix64(static_cast<std::uint64_t>(dataset.interactionCount()));
    const auto add = [&hash](std::uint64_t value) { hash = (hash ^ value) * 0x100000001b3ULL + (hash >> 29); };
    for (std::int32_t u = 0; u < dataset.userCount(); ++u) add(hash64(dataset.users().id(u)));
    for (std::int32_t i = 0; i < dataset.itemCount(); ++i) add(hash64(dataset.items().id(i)));
    const auto& rows = dataset.byUser();
    for (const auto offset : rows.offsets()) add(static_cast<std::uint64_t>(offset));
    for (std::int64_t n = 0; n < rows.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        add(static_cast<std::uint64_t>(rows.columns()[at]) << 32 | std::bit_cast<std::uint32_t>(rows.values()[at]));
    }
    for (const auto time : dataset.times()) add(static_cast<std::uint64_t>(time));
    for (const auto part : dataset.parts()) add(static_cast<std::uint64_t>(part));
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(mix64(hash)));
    return text;
}

RatingScale scaleOf(const UserItemCsr& rows, bool implicit) {
    RatingScale scale;
    scale.implicit = implicit;
    std::set<float> distinct; // ratings are few values; stop counting where they are not
    float low = rows.values().front();
    float high = low;
    for (const float value : rows.values()) {
        low = std::min(low, value);
        high = std::max(high, value);
        if (distinct.size() <= 1000) distinct.insert(value);
    }
    scale.min = low;
    scale.max = high;
    float previous = low;
    for (const float value : distinct) {
        if (value > previous && (scale.step == 0.0f || value - previous < scale.step)) scale.step = value - previous;
        previous = value;
    }
    return scale;
}

} // namespace

double Dataset::density() const {
    return static_cast<double>(interactionCount()) / (static_cast<double>(userCount()) * itemCount());
}

std::string Dataset::itemTitle(ItemIndex item) const {
    const FeatureColumn* titles = m_itemFeatures.find("title");
    std::string title = titles ? titles->display(toInt(item)) : std::string();
    return title.empty() ? std::string(itemId(item)) : title;
}

Result<DatasetPtr> Dataset::make(DatasetParts parts, ImportReport* report) {
    const InteractionColumns& in = parts.rows;
    const std::size_t rows = in.users.size();
    RECOSCOPE_CHECK(in.items.size() == rows && in.values.size() == rows, "columns of different length");
    RECOSCOPE_CHECK(in.times.empty() || in.times.size() == rows, "times of another length");
    RECOSCOPE_CHECK(in.parts.empty() || in.parts.size() == rows, "parts of another length");
    if (rows == 0) return Error{ErrorCode::Parse, "The data has no interactions", parts.provenance.path};
    const std::int32_t users = parts.users.size();
    const std::int32_t items = parts.items.size();

    // Order by user, then item, then row: two stable counting sorts.
    std::vector<std::int64_t> itemStart(static_cast<std::size_t>(items) + 1, 0);
    std::vector<std::int64_t> userStart(static_cast<std::size_t>(users) + 1, 0);
    for (std::size_t n = 0; n < rows; ++n) {
        RECOSCOPE_CHECK(toInt(in.users[n]) >= 0 && toInt(in.users[n]) < users, "user outside the id map");
        RECOSCOPE_CHECK(toInt(in.items[n]) >= 0 && toInt(in.items[n]) < items, "item outside the id map");
        ++itemStart[static_cast<std::size_t>(in.items[n]) + 1];
        ++userStart[static_cast<std::size_t>(in.users[n]) + 1];
    }
    for (std::size_t n = 1; n < itemStart.size(); ++n) itemStart[n] += itemStart[n - 1];
    for (std::size_t n = 1; n < userStart.size(); ++n) userStart[n] += userStart[n - 1];
    std::vector<std::uint32_t> byItem(rows);
    std::vector<std::uint32_t> order(rows);
    for (std::size_t n = 0; n < rows; ++n)
        byItem[static_cast<std::size_t>(itemStart[static_cast<std::size_t>(in.items[n])]++)] = static_cast<std::uint32_t>(n);
    {
        std::vector<std::int64_t> cursor(userStart.begin(), userStart.end() - 1);
        for (const auto n : byItem)
            order[static_cast<std::size_t>(cursor[static_cast<std::size_t>(in.users[n])]++)] = n;
    }

    // Merge runs of the same pair by the policy. Time and part follow the row that is kept; the merged value of mean, sum
    // and max takes those of the last row.
    std::vector<std::int64_t> offsets(static_cast<std::size_t>(users) + 1, 0);
    std::vector<ItemIndex> columns;
    std::vector<float> values;
    auto dataset = std::shared_ptr<Dataset>(new Dataset());
    columns.reserve(rows);
    values.reserve(rows);
    if (!in.times.empty()) dataset->m_times.reserve(rows);
    if (!in.parts.empty()) dataset->m_parts.reserve(rows);
    for (std::int32_t u = 0; u < users; ++u) {
        auto n = static_cast<std::size_t>(userStart[static_cast<std::size_t>(u)]);
        const auto end = static_cast<std::size_t>(userStart[static_cast<std::size_t>(u) + 1]);
        while (n < end) {
            std::size_t last = n;
            while (last + 1 < end && in.items[order[last + 1]] == in.items[order[n]]) ++last;
            std::size_t kept = order[last];
            float value = in.values[kept];
            if (last > n) {
                double sum = 0.0;
                float high = in.values[order[n]];
                for (std::size_t m = n; m <= last; ++m) {
                    sum += in.values[order[m]];
                    high = std::max(high, in.values[order[m]]);
                }
                switch (parts.duplicates) {
                case DuplicatePolicy::KeepLast: break;
                case DuplicatePolicy::KeepFirst:
                    kept = order[n];
                    value = in.values[kept];
                    break;
                case DuplicatePolicy::Mean: value = static_cast<float>(sum / static_cast<double>(last - n + 1)); break;
                case DuplicatePolicy::Sum: value = static_cast<float>(sum); break;
                case DuplicatePolicy::Max: value = high; break;
                }
            }
            columns.push_back(in.items[kept]);
            values.push_back(value);
            if (!in.times.empty()) dataset->m_times.push_back(in.times[kept]);
            if (!in.parts.empty()) dataset->m_parts.push_back(in.parts[kept]);
            n = last + 1;
        }
        offsets[static_cast<std::size_t>(u) + 1] = static_cast<std::int64_t>(columns.size());
    }
    if (report) {
        report->rowsUsed = static_cast<std::int64_t>(columns.size());
        report->duplicates = static_cast<std::int64_t>(rows - columns.size());
    }
    auto matrix = UserItemCsr::fromArrays(items, std::move(offsets), std::move(columns), std::move(values));
    if (!matrix) return Error{ErrorCode::Parse, matrix.error().message, parts.provenance.path + ", " + matrix.error().where};
    dataset->m_byUser = std::move(*matrix);
    dataset->m_byItem = dataset->m_byUser.transposed();
    dataset->m_users = std::move(parts.users);
    dataset->m_items = std::move(parts.items);
    dataset->m_timeUnit = parts.timeUnit;
    dataset->m_scale = scaleOf(dataset->m_byUser, parts.implicit);
    dataset->m_userFeatures = std::move(parts.userFeatures);
    dataset->m_itemFeatures = std::move(parts.itemFeatures);
    dataset->m_provenance = std::move(parts.provenance);
    dataset->m_truth = std::move(parts.truth);
    dataset->m_provenance.fingerprint = fingerprintOf(*dataset);
    return DatasetPtr(std::move(dataset));
}

} // namespace recoscope
