// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/data/dataset.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace recoscope {

/// Which interactions take part, applied before splitting, in this order. The result is a dataset of its own: users
/// and items left without interactions are gone (they are no candidates).
struct FilterSpec {
    std::optional<double> minRating;         // drop interactions rated below
    std::optional<double> implicitThreshold; // ratings at or above become 1, others are dropped
    std::optional<std::int64_t> fromTime;    // seconds, inclusive
    std::optional<std::int64_t> toTime;      // seconds, inclusive
    std::int32_t minUserInteractions = 0;    // k-core: repeated until both hold
    std::int32_t minItemInteractions = 0;
    bool operator==(const FilterSpec&) const = default;
    bool any() const { return !(*this == FilterSpec{}); }
};

enum class SplitKind {
    RandomPerUser, // a share of each user's interactions
    RandomGlobal,  // a share of all interactions
    LeaveLastOut,  // each user's newest is test, the one before validation
    TimeCut,       // one date for all: the newest share is test
    UserFold,      // strong generalisation: users that training never sees, their histories folded in
    KFold,         // fold `fold` of `folds` is test, over all interactions
    Premade,       // the parts that came with the files
    ColdUsers,     // whole users that training never sees, with nothing but their attributes: no history
    ColdItems,     // whole items that training never sees, with nothing but their attributes
};

/// Key used in files and commands ("random_per_user"), and back.
std::string_view splitKindKey(SplitKind kind);
Result<SplitKind> splitKindFromKey(std::string_view key);

struct SplitSpec {
    SplitKind kind = SplitKind::RandomPerUser;
    double testFraction = 0.2;
    double validationFraction = 0.1; // of all interactions (users for UserFold and ColdUsers, items for ColdItems); 0: none
    int folds = 5;
    int fold = 0;                 // 0-based
    double foldInFraction = 0.8;  // UserFold: share of a held-out user's interactions that is the history
    std::uint64_t seed = 42;
    FilterSpec filter;
    bool operator==(const SplitSpec&) const = default;
};

/// Training, validation and test interactions of one dataset: disjoint, same users and items. Immutable; any thread.
/// Rounding: fractions are of all interactions (of the user's, of the data's; of the users for UserFold), and a count is
/// round-half-up of share * n. RandomPerUser leaves every user at least one training interaction: validation gives way
/// first, then test. LeaveLastOut needs two interactions for test and three for validation, takes no validation when
/// validationFraction is 0, and orders equal times by the seed. TimeCut gives all interactions at the cut's own time to
/// the newer part, so parts may be larger than asked. UserFold holds out users with two or more interactions. KFold's
/// folds differ by one interaction at most. ColdUsers and ColdItems hold out whole a share of the users (items) that have
/// interactions, one or more staying in training: no history or no training interaction, so only attributes tell of them.
/// ColdItems has its items in an order drawn by the seed: ties go to the lower index, which in a file tells of popularity.
class Split final {
public:
    /// The (filtered) dataset that all indices refer to.
    const DatasetPtr& dataset() const { return m_dataset; }
    const SplitSpec& spec() const { return m_spec; }

    const UserItemCsr& train() const { return m_train; }
    const ItemUserCsr& trainByItem() const { return m_trainByItem; }
    const UserItemCsr& validation() const { return m_validation; }
    const UserItemCsr& test() const { return m_test; }
    /// Training times in train() order; empty when the data has none.
    std::span<const std::int64_t> trainTimes() const { return m_trainTimes; }

    /// What a user is known by when a part is scored: the training row, or for UserFold and pre-made fold-in files the
    /// held-out user's history, which training never saw.
    const UserItemCsr& validationHistory() const { return m_validationHistory ? *m_validationHistory : m_train; }
    const UserItemCsr& testHistory() const { return m_testHistory ? *m_testHistory : m_train; }
    /// False where the user has no training interactions: such a user has no learned parameters.
    bool trainedUser(UserIndex user) const { return m_train.rowSize(user) > 0; }

    /// 16 hex digits over the dataset's fingerprint and the parts.
    const std::string& fingerprint() const { return m_fingerprint; }

private:
    friend class SplitBuilder;
    Split() = default;
    DatasetPtr m_dataset;
    SplitSpec m_spec;
    UserItemCsr m_train;
    ItemUserCsr m_trainByItem;
    UserItemCsr m_validation;
    UserItemCsr m_test;
    std::optional<UserItemCsr> m_validationHistory;
    std::optional<UserItemCsr> m_testHistory;
    std::vector<std::int64_t> m_trainTimes;
    std::string m_fingerprint;
};

using SplitPtr = std::shared_ptr<const Split>;

/// The dataset that is left by the filters; the same one when nothing is filtered. Nothing left is an error that names
/// the filter. O(interactions * k-core rounds).
Result<DatasetPtr> filterDataset(const DatasetPtr& dataset, const FilterSpec& filter);

/// Filters, then splits. Same dataset, spec and seed: same split. Errors name the field of the spec.
Result<SplitPtr> makeSplit(const DatasetPtr& dataset, const SplitSpec& spec);

} // namespace recoscope
