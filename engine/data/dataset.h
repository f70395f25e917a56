// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/result.h"
#include "engine/data/csr.h"
#include "engine/data/feature_table.h"
#include "engine/data/id_map.h"
#include "engine/data/import_report.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace recoscope {

class ThreadPool;

/// What to do with several rows of one (user, item).
enum class DuplicatePolicy { KeepLast, KeepFirst, Mean, Sum, Max };

/// Which part of a pre-made split a row belongs to. History parts are the fold-in histories of held-out users.
enum class Part : std::uint8_t { Train, Validation, Test, ValidationHistory, TestHistory };

/// Where a dataset came from, enough to make it again.
struct Provenance {
    std::string path;          // file, folder or archive; "builtin:sample" and "generated:…" for synthetic data
    std::string format;        // reader id: "ml-1m", "amazon-2018-reviews", …
    std::string title;         // what a person calls it
    std::uint64_t bytes = 0;   // size of the files that were read
    std::string fingerprint;   // 16 hex digits over ids, interactions and times; equal data, equal fingerprint
    std::string importOptions; // JSON of ImportOptions; "" for defaults
    bool synthetic = false;
    bool operator==(const Provenance&) const = default;
};

struct RatingScale {
    float min = 1.0f;
    float max = 1.0f;
    float step = 0.0f;     // smallest difference between ratings seen; 0 when there is one value only
    bool implicit = false; // no rating column: all values are 1
    bool operator==(const RatingScale&) const = default;
};

enum class TimeUnit { None, Order, Seconds, Milliseconds }; // as found in the file; stored times are seconds

/// Rows in the order of the file, columns of equal length (times and parts may be empty).
struct InteractionColumns {
    std::vector<UserIndex> users;
    std::vector<ItemIndex> items;
    std::vector<float> values;
    std::vector<std::int64_t> times; // seconds since 1970, or the row's order
    std::vector<Part> parts;
};

/// Pairs of user and item that stood in two parts of a pre-made split: a leak between them.
struct PartOverlap {
    Part lost = Part::Train; // they were taken out of this part
    Part kept = Part::Test;
    std::int64_t count = 0;
    std::vector<std::pair<std::string, std::string>> examples; // ids of users and items, the first few
    bool operator==(const PartOverlap&) const = default;
};

/// "training", "validation", "test", "validation history", "test history"
const char* partName(Part part);

/// For synthetic data: what every user would truly rate every item. users x items.
struct GroundTruth {
    MatrixF preference;
};

/// Pairs of user and item that came with the data as negatives to rank the held-out items with (NCF).
struct GivenNegatives {
    std::vector<UserIndex> users; // columns of equal length, in any order; repeated pairs are one
    std::vector<ItemIndex> items;
};

/// Everything Dataset::make needs.
struct DatasetParts {
    IdMap users;
    IdMap items;
    InteractionColumns rows;
    FeatureTable userFeatures; // user ids' order; may be empty
    FeatureTable itemFeatures;
    bool implicit = false;
    TimeUnit timeUnit = TimeUnit::None;
    DuplicatePolicy duplicates = DuplicatePolicy::KeepLast;
    std::vector<PartOverlap> overlaps; // known from before; make() adds those it finds
    Provenance provenance; // fingerprint is filled in by make()
    std::shared_ptr<const GroundTruth> truth;
    GivenNegatives negatives; // may be empty
};

/// Users, items, their interactions and features. Immutable; any thread; shared as std::shared_ptr<const Dataset>.
class Dataset final {
public:
    /// Sorts, merges duplicates (counted in `report` when given: duplicates, rowsUsed) and checks. No interactions at
    /// all is an error. A pair that stands in several parts stays in the one held out furthest (test before validation before
    /// the histories before training), whose rows alone are merged; the report says how many. The result is the same with and without a pool. O(rows log(rows of a user) + users + items).
    static Result<std::shared_ptr<const Dataset>> make(DatasetParts parts, ImportReport* report = nullptr,
                                                       ThreadPool* pool = nullptr);

    std::int32_t userCount() const { return m_byUser.rowCount(); }
    std::int32_t itemCount() const { return m_byUser.colCount(); }
    std::int64_t interactionCount() const { return m_byUser.size(); }
    double density() const;

    const UserItemCsr& byUser() const { return m_byUser; }
    const ItemUserCsr& byItem() const { return m_byItem; }
    /// Times in byUser() order, seconds or order; empty when the data has none.
    std::span<const std::int64_t> times() const { return m_times; }
    TimeUnit timeUnit() const { return m_timeUnit; }
    /// Part of each interaction in byUser() order; empty unless the data came with a pre-made split.
    std::span<const Part> parts() const { return m_parts; }
    /// Pairs that stood in two parts when the files were read, by the two parts. Not part of the fingerprint.
    const std::vector<PartOverlap>& overlaps() const { return m_overlaps; }
    const RatingScale& scale() const { return m_scale; }

    const IdMap& users() const { return m_users; }
    const IdMap& items() const { return m_items; }
    std::string_view userId(UserIndex user) const { return m_users.id(toInt(user)); }
    std::string_view itemId(ItemIndex item) const { return m_items.id(toInt(item)); }
    /// The item's title, or its id where there is none.
    std::string itemTitle(ItemIndex item) const;

    const FeatureTable& userFeatures() const { return m_userFeatures; }
    const FeatureTable& itemFeatures() const { return m_itemFeatures; }
    const Provenance& provenance() const { return m_provenance; }
    /// Null unless the data is synthetic and its truth is kept.
    const std::shared_ptr<const GroundTruth>& truth() const { return m_truth; }
    /// The negatives that came with the data, values 1; without entries where none did. Not part of the fingerprint.
    const UserItemCsr& negatives() const { return m_negatives; }

private:
    Dataset() = default;
    IdMap m_users;
    IdMap m_items;
    UserItemCsr m_byUser;
    ItemUserCsr m_byItem;
    std::vector<std::int64_t> m_times;
    std::vector<Part> m_parts;
    std::vector<PartOverlap> m_overlaps;
    TimeUnit m_timeUnit = TimeUnit::None;
    RatingScale m_scale;
    FeatureTable m_userFeatures;
    FeatureTable m_itemFeatures;
    Provenance m_provenance;
    std::shared_ptr<const GroundTruth> m_truth;
    UserItemCsr m_negatives;
};

using DatasetPtr = std::shared_ptr<const Dataset>;

} // namespace recoscope
