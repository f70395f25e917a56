// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/split.h"

#include "engine/core/rng.h"
#include "engine/data/item_order.h"
#include "engine/data/split_builder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace recoscope {

namespace {

struct KindKey {
    SplitKind kind;
    std::string_view key;
};
constexpr std::array<KindKey, 9> kindKeys{{{SplitKind::RandomPerUser, "random_per_user"},
                                           {SplitKind::RandomGlobal, "random_global"},
                                           {SplitKind::LeaveLastOut, "leave_last_out"},
                                           {SplitKind::TimeCut, "time_cut"},
                                           {SplitKind::UserFold, "user_fold"},
                                           {SplitKind::KFold, "k_fold"},
                                           {SplitKind::Premade, "premade"},
                                           {SplitKind::ColdUsers, "cold_users"},
                                           {SplitKind::ColdItems, "cold_items"}}};

using Labels = std::vector<Part>; // one an interaction, in byUser order

Error invalid(std::string message, std::string field) {
    return Error{ErrorCode::Invalid, std::move(message), std::move(field)};
}

std::size_t rowBegin(const Dataset& data, std::int32_t user) {
    return static_cast<std::size_t>(data.byUser().offsets()[static_cast<std::size_t>(user)]);
}

Status checkSpec(const Dataset& data, const SplitSpec& spec) {
    // Written so that NaN fails too.
    const auto share = [](double value) { return value >= 0.0 && value < 1.0; };
    if (!share(spec.testFraction))
        return invalid("The test share must be at least 0 and below 1", "test_fraction");
    if (!share(spec.validationFraction))
        return invalid("The validation share must be at least 0 and below 1", "validation_fraction");
    const bool usesTestShare = spec.kind == SplitKind::RandomPerUser ||
                               spec.kind == SplitKind::RandomGlobal || spec.kind == SplitKind::TimeCut ||
                               spec.kind == SplitKind::UserFold || spec.kind == SplitKind::ColdUsers ||
                               spec.kind == SplitKind::ColdItems;
    if (usesTestShare && spec.testFraction + spec.validationFraction >= 1.0)
        return invalid("Test and validation shares together leave nothing for training",
                       "validation_fraction");
    const bool needsTimes = spec.kind == SplitKind::TimeCut || spec.kind == SplitKind::LeaveLastOut;
    if (needsTimes && data.times().empty())
        return invalid("The data has no times, which this kind of split needs", "kind");
    if (spec.kind == SplitKind::UserFold && !(spec.foldInFraction > 0.0 && spec.foldInFraction < 1.0))
        return invalid("The share of a held-out user's history must be between 0 and 1", "fold_in_fraction");
    if (spec.kind == SplitKind::KFold) {
        if (spec.folds < 2 || spec.folds > 65535)
            return invalid("The number of folds must be from 2 to 65535", "folds");
        if (spec.fold < 0 || spec.fold >= spec.folds)
            return invalid("Fold " + std::to_string(spec.fold) +
                               " does not exist; folds are numbered from 0 to " +
                               std::to_string(spec.folds - 1),
                           "fold");
        if (spec.validationFraction + 1.0 / spec.folds >= 1.0)
            return invalid("The fold and the validation share together leave nothing for training",
                           "validation_fraction");
    }
    if (spec.kind == SplitKind::Premade && data.parts().empty())
        return invalid("The data did not come with parts of its own; choose another kind of split", "kind");
    return {};
}

void randomPerUser(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    std::vector<std::int32_t> order;
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        const std::size_t begin = rowBegin(data, u);
        const std::int64_t n = data.byUser().rowSize(UserIndex{u});
        // The last training interaction is taken from validation first.
        const std::int64_t test = std::min(shareOf(spec.testFraction, n), std::max<std::int64_t>(0, n - 1));
        const std::int64_t validation =
            std::min(shareOf(spec.validationFraction, n), std::max<std::int64_t>(0, n - 1 - test));
        if (test + validation == 0) continue;
        order.resize(static_cast<std::size_t>(n));
        for (std::int32_t k = 0; k < n; ++k)
            order[static_cast<std::size_t>(k)] = k;
        Rng rng = Rng::stream(spec.seed, "split.per_user", 0, static_cast<std::uint64_t>(u));
        const auto held = static_cast<std::size_t>(test + validation);
        rng.drawToFront(std::span(order), held);
        for (std::size_t k = 0; k < held; ++k)
            labels[begin + static_cast<std::size_t>(order[k])] =
                k < static_cast<std::size_t>(test) ? Part::Test : Part::Validation;
    }
}

/// Labels exactly `test` and `validation` of the interactions that are Train, every choice equally likely, in
/// one pass (selection sampling: Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S).
void chooseFromTrain(Rng rng, std::int64_t test, std::int64_t validation, Labels& labels) {
    auto left = static_cast<std::uint64_t>(std::count(labels.begin(), labels.end(), Part::Train));
    auto wantTest = static_cast<std::uint64_t>(test);
    auto wantValidation = static_cast<std::uint64_t>(validation);
    for (Part& label : labels) {
        if (label != Part::Train) continue;
        const std::uint64_t draw = rng.below(left--);
        if (draw < wantTest) {
            label = Part::Test;
            --wantTest;
        } else if (draw < wantTest + wantValidation) {
            label = Part::Validation;
            --wantValidation;
        }
        if (wantTest + wantValidation == 0) return;
    }
}

void randomGlobal(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    const std::int64_t n = data.interactionCount();
    const std::int64_t test = std::min(shareOf(spec.testFraction, n), n - 1);
    const std::int64_t validation = std::min(shareOf(spec.validationFraction, n), n - 1 - test);
    if (test + validation > 0)
        chooseFromTrain(Rng::stream(spec.seed, "split.global"), test, validation, labels);
}

void leaveLastOut(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    const auto times = data.times();
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        const std::size_t begin = rowBegin(data, u);
        const std::size_t end = rowBegin(data, u + 1);
        if (end - begin < 2) continue;
        // Equal times go by a seeded mix of the pair: the index would favour items that appear late in the
        // file.
        const auto newer = [&](std::size_t a, std::size_t b) {
            if (times[a] != times[b]) return times[a] > times[b];
            const auto key = [&](std::size_t n) {
                return mix64(mix64(spec.seed + static_cast<std::uint64_t>(u)) +
                             static_cast<std::uint64_t>(toInt(data.byUser().columns()[n])));
            };
            const std::uint64_t keyA = key(a);
            const std::uint64_t keyB = key(b);
            return keyA != keyB ? keyA > keyB : a > b;
        };
        std::size_t last = begin;
        std::size_t second = end;
        for (std::size_t n = begin + 1; n < end; ++n) {
            if (newer(n, last)) {
                second = last;
                last = n;
            } else if (second == end || newer(n, second)) {
                second = n;
            }
        }
        labels[last] = Part::Test;
        if (spec.validationFraction > 0.0 && end - begin >= 3) labels[second] = Part::Validation;
    }
}

Status timeCut(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    std::vector<std::int64_t> sorted(data.times().begin(), data.times().end());
    const auto n = static_cast<std::int64_t>(sorted.size());
    const std::int64_t test = std::min(shareOf(spec.testFraction, n), n - 1);
    const std::int64_t validation = std::min(shareOf(spec.validationFraction, n), n - 1 - test);
    // One date for all: what carries the time of the cut itself belongs to the newer part.
    const auto timeAtRank = [&](std::int64_t rank) {
        std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
        return sorted[static_cast<std::size_t>(rank)];
    };
    const std::int64_t oldest = *std::min_element(sorted.begin(), sorted.end());
    const auto tooOld = [&](std::int64_t cut, const char* field) -> Status {
        if (cut > oldest) return {};
        return invalid(
            "So many interactions share the oldest time that no date leaves training data before it", field);
    };
    std::int64_t testFrom = std::numeric_limits<std::int64_t>::max();
    if (test > 0) {
        testFrom = timeAtRank(n - test);
        if (const Status s = tooOld(testFrom, "test_fraction"); !s) return s;
    }
    std::int64_t validationFrom = testFrom;
    if (validation > 0) {
        validationFrom = timeAtRank(n - test - validation);
        if (const Status s = tooOld(validationFrom, "validation_fraction"); !s) return s;
    }
    for (std::size_t k = 0; k < labels.size(); ++k) {
        const std::int64_t time = data.times()[k];
        if (test > 0 && time >= testFrom)
            labels[k] = Part::Test;
        else if (validation > 0 && time >= validationFrom)
            labels[k] = Part::Validation;
    }
    return {};
}

Status userFold(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    // Held-out users need a history and something to find: at least two interactions.
    std::vector<std::int32_t> users;
    std::int64_t active = 0;
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        active += data.byUser().rowSize(UserIndex{u}) > 0 ? 1 : 0;
        if (data.byUser().rowSize(UserIndex{u}) >= 2) users.push_back(u);
    }
    const std::int64_t test = shareOf(spec.testFraction, active);
    const std::int64_t validation = shareOf(spec.validationFraction, active);
    if (test > static_cast<std::int64_t>(users.size()))
        return invalid("Only " + std::to_string(users.size()) + " users have two or more interactions; " +
                           std::to_string(test) + " were asked for",
                       "test_fraction");
    if (test + validation > static_cast<std::int64_t>(users.size()))
        return invalid("Too few users have two or more interactions", "validation_fraction");
    Rng::stream(spec.seed, "split.users").shuffle(std::span(users));
    std::vector<std::size_t> order;
    for (std::int64_t k = 0; k < test + validation; ++k) {
        const std::int32_t u = users[static_cast<std::size_t>(k)];
        const std::size_t begin = rowBegin(data, u);
        const std::int64_t n = data.byUser().rowSize(UserIndex{u});
        const auto history =
            static_cast<std::size_t>(std::clamp<std::int64_t>(shareOf(spec.foldInFraction, n), 1, n - 1));
        order.resize(static_cast<std::size_t>(n));
        for (std::size_t m = 0; m < order.size(); ++m)
            order[m] = begin + m;
        Rng::stream(spec.seed, "split.fold_in", 0, static_cast<std::uint64_t>(u)).shuffle(std::span(order));
        for (std::size_t m = 0; m < order.size(); ++m)
            labels[order[m]] = m < history ? (k < test ? Part::TestHistory : Part::ValidationHistory)
                                           : (k < test ? Part::Test : Part::Validation);
    }
    return {};
}

/// Chooses among the rows with interactions; what is chosen goes to a held-out part whole.
template <class Row, class Col>
std::vector<Part> chooseCold(const Csr<Row, Col>& rows, const SplitSpec& spec, std::string_view purpose) {
    std::vector<std::int32_t> known;
    for (std::int32_t row = 0; row < rows.rowCount(); ++row)
        if (rows.rowSize(Row{row}) > 0) known.push_back(row);
    const auto count = static_cast<std::int64_t>(known.size());
    // The last one that training has is taken from validation first.
    const std::int64_t test =
        std::min(shareOf(spec.testFraction, count), std::max<std::int64_t>(0, count - 1));
    const std::int64_t validation =
        std::min(shareOf(spec.validationFraction, count), std::max<std::int64_t>(0, count - 1 - test));
    Rng::stream(spec.seed, purpose).shuffle(std::span(known));
    std::vector<Part> parts(static_cast<std::size_t>(rows.rowCount()), Part::Train);
    for (std::int64_t n = 0; n < test + validation; ++n)
        parts[static_cast<std::size_t>(known[static_cast<std::size_t>(n)])] =
            n < test ? Part::Test : Part::Validation;
    return parts;
}

void coldUsers(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    const auto parts = chooseCold(data.byUser(), spec, "split.cold_users");
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        std::fill(labels.begin() + static_cast<std::ptrdiff_t>(rowBegin(data, u)),
                  labels.begin() + static_cast<std::ptrdiff_t>(rowBegin(data, u + 1)),
                  parts[static_cast<std::size_t>(u)]);
}

void coldItems(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    const auto parts = chooseCold(data.byItem(), spec, "split.cold_items");
    const auto items = data.byUser().columns();
    for (std::size_t n = 0; n < labels.size(); ++n)
        labels[n] = parts[static_cast<std::size_t>(items[n])];
}

void kFold(const Dataset& data, const SplitSpec& spec, Labels& labels) {
    // All folds come from one shuffle that depends on the seed only, so they partition the data; sizes differ
    // by one at most.
    std::vector<std::uint16_t> folds(labels.size());
    for (std::size_t n = 0; n < folds.size(); ++n)
        folds[n] = static_cast<std::uint16_t>(n % static_cast<std::size_t>(spec.folds));
    Rng::stream(spec.seed, "split.k_fold").shuffle(std::span(folds));
    std::int64_t left = 0;
    for (std::size_t n = 0; n < folds.size(); ++n) {
        if (folds[n] == spec.fold)
            labels[n] = Part::Test;
        else
            ++left;
    }
    const std::int64_t validation = std::min(shareOf(spec.validationFraction, data.interactionCount()),
                                             std::max<std::int64_t>(0, left - 1));
    if (validation > 0)
        chooseFromTrain(
            Rng::stream(spec.seed, "split.k_fold.validation", static_cast<std::uint64_t>(spec.fold)), 0,
            validation, labels);
}

/// The rows with a label that `chosen(user, label)` wants, as a matrix over all users and items.
template <class Chosen>
UserItemCsr rowsOf(const Dataset& data, std::span<const Part> parts, Chosen&& chosen) {
    const UserItemCsr& from = data.byUser();
    std::vector<std::int64_t> offsets(1, 0);
    offsets.reserve(static_cast<std::size_t>(data.userCount()) + 1);
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        std::int64_t count = offsets.back();
        for (std::size_t n = rowBegin(data, u); n < rowBegin(data, u + 1); ++n)
            count += chosen(u, parts[n]) ? 1 : 0;
        offsets.push_back(count);
    }
    std::vector<ItemIndex> columns;
    std::vector<float> values;
    columns.reserve(static_cast<std::size_t>(offsets.back()));
    values.reserve(static_cast<std::size_t>(offsets.back()));
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        for (std::size_t n = rowBegin(data, u); n < rowBegin(data, u + 1); ++n)
            if (chosen(u, parts[n])) {
                columns.push_back(from.columns()[n]);
                values.push_back(from.values()[n]);
            }
    auto result =
        UserItemCsr::fromArrays(data.itemCount(), std::move(offsets), std::move(columns), std::move(values));
    RECOSCOPE_CHECK(result.ok(), "a part of a valid matrix is valid");
    return std::move(*result);
}

std::string fingerprintOf(const Dataset& data, std::span<const Part> parts) {
    std::uint64_t hash = hash64(data.provenance().fingerprint);
    std::uint64_t word = 0;
    for (std::size_t n = 0; n < parts.size(); ++n) {
        word = word << 4 | static_cast<std::uint64_t>(parts[n]);
        if (n % 16 == 15 || n + 1 == parts.size()) hash = mix64(hash + word * 0x9e3779b97f4a7c15ULL);
    }
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

} // namespace

std::int64_t shareOf(double share, std::int64_t n) {
    const double product = share * static_cast<double>(n);
    return static_cast<std::int64_t>(std::floor(product + 0.5 + 1e-9));
}

std::string_view splitKindKey(SplitKind kind) {
    for (const auto& entry : kindKeys)
        if (entry.kind == kind) return entry.key;
    RECOSCOPE_CHECK(false, "a split kind without a key");
    return {};
}

Result<SplitKind> splitKindFromKey(std::string_view key) {
    std::string known;
    for (const auto& entry : kindKeys) {
        if (entry.key == key) return entry.kind;
        known += (known.empty() ? "" : ", ") + std::string(entry.key);
    }
    return invalid("Unknown kind of split '" + std::string(key) + "'; known are " + known, "kind");
}

Result<SplitPtr> SplitBuilder::build(DatasetPtr dataset, SplitSpec spec, std::span<const Part> parts) {
    RECOSCOPE_CHECK(dataset && static_cast<std::int64_t>(parts.size()) == dataset->interactionCount(),
                    "one label an interaction");
    const Dataset& data = *dataset;
    std::array<std::int64_t, 5> counts{};
    for (const Part part : parts)
        ++counts[static_cast<std::size_t>(part)];
    const auto has = [&counts](Part part) { return counts[static_cast<std::size_t>(part)] > 0; };
    if (!has(Part::Train)) return invalid("No interaction is left for training", "train");

    auto split = std::shared_ptr<Split>(new Split());
    const auto only = [&](Part wanted) {
        return rowsOf(data, parts, [wanted](std::int32_t, Part part) { return part == wanted; });
    };
    split->m_train = only(Part::Train);
    split->m_trainByItem = split->m_train.transposed();
    split->m_validation = only(Part::Validation);
    split->m_test = only(Part::Test);
    const auto history = [&](Part historyPart, const UserItemCsr& heldOut) -> std::optional<UserItemCsr> {
        if (!has(historyPart)) return std::nullopt;
        return rowsOf(data, parts, [&](std::int32_t user, Part part) {
            return part == historyPart || (part == Part::Train && heldOut.rowSize(UserIndex{user}) > 0);
        });
    };
    split->m_validationHistory = history(Part::ValidationHistory, split->m_validation);
    split->m_testHistory = history(Part::TestHistory, split->m_test);
    if (!data.times().empty()) {
        split->m_trainTimes.reserve(static_cast<std::size_t>(split->m_train.size()));
        for (std::size_t n = 0; n < parts.size(); ++n)
            if (parts[n] == Part::Train) split->m_trainTimes.push_back(data.times()[n]);
    }
    split->m_fingerprint = fingerprintOf(data, parts);
    split->m_spec = std::move(spec);
    split->m_dataset = std::move(dataset);
    return SplitPtr(std::move(split));
}

Result<SplitPtr> makeSplit(const DatasetPtr& dataset, const SplitSpec& spec) {
    auto filtered = filterDataset(dataset, spec.filter);
    if (!filtered) return filtered.error();
    if (const Status status = checkSpec(**filtered, spec); !status) return status.error();
    if (spec.kind == SplitKind::ColdItems) {
        // Files tend to name popular items first, and ties go to the lower index: a model that cannot tell new
        // items apart would rank them by popularity all the same.
        std::vector<std::int32_t> order(static_cast<std::size_t>((*filtered)->itemCount()));
        std::iota(order.begin(), order.end(), 0);
        Rng::stream(spec.seed, "split.item_order").shuffle(std::span(order));
        filtered = withItemsInOrder(**filtered, order);
        if (!filtered) return filtered.error();
    }
    const Dataset& data = **filtered;
    if (spec.kind == SplitKind::Premade) {
        const auto parts = data.parts();
        return SplitBuilder::build(std::move(*filtered), spec, parts);
    }
    Labels labels(static_cast<std::size_t>(data.interactionCount()), Part::Train);
    Status status;
    switch (spec.kind) {
    case SplitKind::RandomPerUser:
        randomPerUser(data, spec, labels);
        break;
    case SplitKind::RandomGlobal:
        randomGlobal(data, spec, labels);
        break;
    case SplitKind::LeaveLastOut:
        leaveLastOut(data, spec, labels);
        break;
    case SplitKind::TimeCut:
        status = timeCut(data, spec, labels);
        break;
    case SplitKind::UserFold:
        status = userFold(data, spec, labels);
        break;
    case SplitKind::KFold:
        kFold(data, spec, labels);
        break;
    case SplitKind::ColdUsers:
        coldUsers(data, spec, labels);
        break;
    case SplitKind::ColdItems:
        coldItems(data, spec, labels);
        break;
    case SplitKind::Premade:
        break;
    }
    if (!status) return status.error();
    return SplitBuilder::build(std::move(*filtered), spec, labels);
}

} // namespace recoscope
