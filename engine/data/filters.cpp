// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/number_text.h"
#include "engine/data/split.h"

#include <cmath>

namespace recoscope {

namespace {

Error invalid(std::string message, std::string field) {
    return Error{ErrorCode::Invalid, std::move(message), std::move(field)};
}

Status checkFilter(const Dataset& dataset, const FilterSpec& filter) {
    if (filter.minRating && !std::isfinite(*filter.minRating))
        return invalid("The lowest rating is not a number", "min_rating");
    if (filter.implicitThreshold && !std::isfinite(*filter.implicitThreshold))
        return invalid("The implicit threshold is not a number", "implicit_threshold");
    if (filter.minUserInteractions < 0)
        return invalid("The least number of interactions of a user cannot be negative",
                       "min_user_interactions");
    if (filter.minItemInteractions < 0)
        return invalid("The least number of interactions of an item cannot be negative",
                       "min_item_interactions");
    if (filter.fromTime || filter.toTime) {
        const char* field = filter.fromTime ? "from_time" : "to_time";
        if (dataset.times().empty()) return invalid("The data has no times to filter by", field);
        if (dataset.timeUnit() == TimeUnit::Order)
            return invalid("The data knows the order of interactions but no dates to filter by", field);
        if (filter.fromTime && filter.toTime && *filter.fromTime > *filter.toTime)
            return invalid("The time range ends before it begins", field);
    }
    return {};
}

/// Which interactions are still in, and how many.
class Kept final {
public:
    explicit Kept(const Dataset& dataset)
        : m_data(dataset)
        , m_keep(static_cast<std::size_t>(dataset.interactionCount()), 1)
        , m_count(dataset.interactionCount()) {}

    std::int64_t count() const { return m_count; }
    bool operator[](std::size_t n) const { return m_keep[n] != 0; }

    template <class Predicate>
    void keepWhere(Predicate&& predicate) {
        for (std::size_t n = 0; n < m_keep.size(); ++n)
            if (m_keep[n] && !predicate(n)) {
                m_keep[n] = 0;
                --m_count;
            }
    }

    /// Removes users below `perUser` and items below `perItem` until both hold: the k-core does not depend on
    /// the order.
    void core(std::int32_t perUser, std::int32_t perItem) {
        if (perUser <= 0 && perItem <= 0) return;
        std::vector<std::int32_t> ofUser;
        std::vector<std::int32_t> ofItem;
        std::int64_t before = -1;
        while (before != m_count && m_count > 0) {
            before = m_count;
            degrees(ofUser, ofItem);
            const auto columns = m_data.byUser().columns();
            for (std::int32_t u = 0; u < m_data.userCount(); ++u) {
                const bool userStays = ofUser[static_cast<std::size_t>(u)] >= perUser;
                for (std::size_t n = begin(u); n < begin(u + 1); ++n)
                    if (m_keep[n] && (!userStays || ofItem[static_cast<std::size_t>(columns[n])] < perItem)) {
                        m_keep[n] = 0;
                        --m_count;
                    }
            }
        }
    }

    void degrees(std::vector<std::int32_t>& ofUser, std::vector<std::int32_t>& ofItem) const {
        ofUser.assign(static_cast<std::size_t>(m_data.userCount()), 0);
        ofItem.assign(static_cast<std::size_t>(m_data.itemCount()), 0);
        const auto columns = m_data.byUser().columns();
        for (std::int32_t u = 0; u < m_data.userCount(); ++u)
            for (std::size_t n = begin(u); n < begin(u + 1); ++n)
                if (m_keep[n]) {
                    ++ofUser[static_cast<std::size_t>(u)];
                    ++ofItem[static_cast<std::size_t>(columns[n])];
                }
    }

private:
    std::size_t begin(std::int32_t user) const {
        return static_cast<std::size_t>(m_data.byUser().offsets()[static_cast<std::size_t>(user)]);
    }
    const Dataset& m_data;
    std::vector<std::uint8_t> m_keep; // in byUser order
    std::int64_t m_count;
};

/// Old indices with at least one interaction, ascending; `to` receives the new index of each old one, or -1.
std::vector<std::int32_t> renumber(const std::vector<std::int32_t>& degrees, std::vector<std::int32_t>& to) {
    std::vector<std::int32_t> old;
    to.assign(degrees.size(), -1);
    for (std::size_t n = 0; n < degrees.size(); ++n)
        if (degrees[n] > 0) {
            to[n] = static_cast<std::int32_t>(old.size());
            old.push_back(static_cast<std::int32_t>(n));
        }
    return old;
}

std::string note(const FilterSpec& filter) {
    std::string text;
    const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (filter.minRating) add("ratings ≥ " + numberText(*filter.minRating));
    if (filter.implicitThreshold) add("implicit from ratings ≥ " + numberText(*filter.implicitThreshold));
    if (filter.fromTime) add("from time " + std::to_string(*filter.fromTime));
    if (filter.toTime) add("to time " + std::to_string(*filter.toTime));
    if (filter.minUserInteractions > 0)
        add("users ≥ " + std::to_string(filter.minUserInteractions) + " interactions");
    if (filter.minItemInteractions > 0)
        add("items ≥ " + std::to_string(filter.minItemInteractions) + " interactions");
    return text;
}

Result<DatasetPtr> rebuilt(const Dataset& data, const FilterSpec& filter, const Kept& kept) {
    std::vector<std::int32_t> ofUser;
    std::vector<std::int32_t> ofItem;
    kept.degrees(ofUser, ofItem);
    std::vector<std::int32_t> newUser;
    std::vector<std::int32_t> newItem;
    const std::vector<std::int32_t> users = renumber(ofUser, newUser);
    const std::vector<std::int32_t> items = renumber(ofItem, newItem);

    DatasetParts parts;
    for (const std::int32_t u : users)
        parts.users.insert(data.users().id(u));
    for (const std::int32_t i : items)
        parts.items.insert(data.items().id(i));
    if (!data.userFeatures().empty()) parts.userFeatures = data.userFeatures().selected(users);
    if (!data.itemFeatures().empty()) parts.itemFeatures = data.itemFeatures().selected(items);
    parts.timeUnit = data.timeUnit();
    parts.implicit = data.scale().implicit || filter.implicitThreshold.has_value();
    parts.provenance = data.provenance();
    parts.overlaps = data.overlaps();
    parts.provenance.title += " (" + note(filter) + ")";
    if (data.truth()) {
        const MatrixF& old = data.truth()->preference;
        auto truth = std::make_shared<GroundTruth>();
        truth->preference.resize(static_cast<Eigen::Index>(users.size()),
                                 static_cast<Eigen::Index>(items.size()));
        for (std::size_t u = 0; u < users.size(); ++u)
            for (std::size_t i = 0; i < items.size(); ++i)
                truth->preference(static_cast<Eigen::Index>(u), static_cast<Eigen::Index>(i)) =
                    old(users[u], items[i]);
        parts.truth = std::move(truth);
    }

    if (const UserItemCsr& negatives = data.negatives(); !negatives.empty())
        for (const std::int32_t u : users)
            for (const ItemIndex item : negatives.cols(UserIndex{u})) {
                const std::int32_t stays = newItem[static_cast<std::size_t>(item)];
                if (stays < 0) continue;
                parts.negatives.users.push_back(UserIndex{newUser[static_cast<std::size_t>(u)]});
                parts.negatives.items.push_back(ItemIndex{stays});
            }

    InteractionColumns& rows = parts.rows;
    const auto count = static_cast<std::size_t>(kept.count());
    rows.users.reserve(count);
    rows.items.reserve(count);
    rows.values.reserve(count);
    if (!data.times().empty()) rows.times.reserve(count);
    if (!data.parts().empty()) rows.parts.reserve(count);
    const UserItemCsr& from = data.byUser();
    for (const std::int32_t u : users) {
        const auto end = static_cast<std::size_t>(from.rowEnd(UserIndex{u}));
        for (auto n = static_cast<std::size_t>(from.rowBegin(UserIndex{u})); n < end; ++n) {
            if (!kept[n]) continue;
            rows.users.push_back(UserIndex{newUser[static_cast<std::size_t>(u)]});
            rows.items.push_back(ItemIndex{newItem[static_cast<std::size_t>(from.columns()[n])]});
            rows.values.push_back(filter.implicitThreshold ? 1.0f : from.values()[n]);
            if (!data.times().empty()) rows.times.push_back(data.times()[n]);
            if (!data.parts().empty()) rows.parts.push_back(data.parts()[n]);
        }
    }
    return Dataset::make(std::move(parts));
}

} // namespace

Result<DatasetPtr> filterDataset(const DatasetPtr& dataset, const FilterSpec& filter) {
    RECOSCOPE_CHECK(dataset != nullptr, "no dataset");
    if (!filter.any()) return dataset;
    if (const Status status = checkFilter(*dataset, filter); !status) return status.error();

    Kept kept(*dataset);
    const auto values = dataset->byUser().values();
    const auto times = dataset->times();
    const auto nothingLeft = [&kept](const char* field, const std::string& why) -> Status {
        if (kept.count() > 0) return {};
        return invalid("No interaction is left: " + why, field);
    };
    // Ratings are floats, so a bound given in decimal (3.3) is compared as the float that the file's 3.3
    // became.
    if (filter.minRating) {
        const auto low = static_cast<float>(*filter.minRating);
        kept.keepWhere([&](std::size_t n) { return values[n] >= low; });
        if (const Status s =
                nothingLeft("min_rating", "all ratings are below " + numberText(*filter.minRating));
            !s)
            return s.error();
    }
    if (filter.implicitThreshold) {
        const auto low = static_cast<float>(*filter.implicitThreshold);
        kept.keepWhere([&](std::size_t n) { return values[n] >= low; });
        if (const Status s = nothingLeft("implicit_threshold",
                                         "all ratings are below " + numberText(*filter.implicitThreshold));
            !s)
            return s.error();
    }
    if (filter.fromTime) {
        kept.keepWhere([&](std::size_t n) { return times[n] >= *filter.fromTime; });
        if (const Status s = nothingLeft("from_time", "everything is older"); !s) return s.error();
    }
    if (filter.toTime) {
        kept.keepWhere([&](std::size_t n) { return times[n] <= *filter.toTime; });
        if (const Status s = nothingLeft("to_time", "everything is newer"); !s) return s.error();
    }
    kept.core(filter.minUserInteractions, filter.minItemInteractions);
    if (const Status s =
            nothingLeft(filter.minUserInteractions > 0 ? "min_user_interactions" : "min_item_interactions",
                        "no user and item have that many interactions with each other");
        !s)
        return s.error();
    return rebuilt(*dataset, filter, kept);
}

} // namespace recoscope
