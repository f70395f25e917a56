// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/browse_service.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <QStringList>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace recoscope {

namespace {

QString text(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}

const FeatureTable& featuresOf(const Dataset& dataset, BrowseKind kind) {
    return kind == BrowseKind::Items ? dataset.itemFeatures() : dataset.userFeatures();
}

std::int32_t rowTotal(const Dataset& dataset, BrowseKind kind) {
    return kind == BrowseKind::Items ? dataset.itemCount() : dataset.userCount();
}

std::string_view idOf(const Dataset& dataset, BrowseKind kind, std::int32_t row) {
    return kind == BrowseKind::Items ? dataset.itemId(ItemIndex{row}) : dataset.userId(UserIndex{row});
}

std::span<const float> ratingsOf(const Dataset& dataset, BrowseKind kind, std::int32_t row) {
    return kind == BrowseKind::Items ? dataset.byItem().values(ItemIndex{row})
                                     : dataset.byUser().values(UserIndex{row});
}

double meanRating(std::span<const float> ratings) {
    if (ratings.empty()) return std::numeric_limits<double>::quiet_NaN();
    double sum = 0.0;
    for (const float rating : ratings)
        sum += static_cast<double>(rating);
    return sum / static_cast<double>(ratings.size());
}

std::string folded(std::string_view utf8) {
    const bool ascii =
        std::all_of(utf8.begin(), utf8.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
    if (!ascii) return text(utf8).toCaseFolded().toStdString();
    std::string lower(utf8);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

/// What is worked out once for a dataset and kind, by the lane alone: what to search in, and each sorted
/// column's order.
struct Index {
    std::weak_ptr<const Dataset> dataset;
    std::vector<std::string> haystacks;             // id, title and features, folded, by lines
    std::map<int, std::vector<std::int32_t>> ranks; // by column; equal values have equal ranks, -1: no value
};

template <class Value, class Missing>
std::vector<std::int32_t> ranksOf(const std::vector<Value>& values, Missing missing) {
    std::vector<std::int32_t> order;
    for (std::size_t row = 0; row < values.size(); ++row)
        if (!missing(values[row])) order.push_back(static_cast<std::int32_t>(row));
    const auto at = [&values](std::int32_t row) -> const Value& {
        return values[static_cast<std::size_t>(row)];
    };
    std::sort(order.begin(), order.end(), [&at](std::int32_t a, std::int32_t b) { return at(a) < at(b); });
    std::vector<std::int32_t> ranks(values.size(), -1);
    std::int32_t rank = 0;
    for (std::size_t n = 0; n < order.size(); ++n) {
        if (n > 0 && at(order[n - 1]) < at(order[n])) ++rank;
        ranks[static_cast<std::size_t>(order[n])] = rank;
    }
    return ranks;
}

std::vector<std::int32_t> ranksOfNumbers(const std::vector<double>& values) {
    return ranksOf(values, [](double value) { return std::isnan(value); });
}

std::vector<std::int32_t> ranksOfTexts(const std::vector<std::string>& values) {
    return ranksOf(values, [](const std::string& value) { return value.empty(); });
}

/// Ids sort as numbers when all of them are.
std::vector<std::int32_t> ranksOfIds(const Dataset& dataset, BrowseKind kind) {
    const std::int32_t rows = rowTotal(dataset, kind);
    std::vector<double> numbers;
    for (std::int32_t row = 0; row < rows; ++row) {
        const std::string_view id = idOf(dataset, kind, row);
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
        if (error != std::errc() || end != id.data() + id.size()) break;
        numbers.push_back(static_cast<double>(number));
    }
    if (numbers.size() == static_cast<std::size_t>(rows)) return ranksOfNumbers(numbers);
    std::vector<std::string> ids;
    for (std::int32_t row = 0; row < rows; ++row)
        ids.push_back(folded(idOf(dataset, kind, row)));
    return ranksOfTexts(ids);
}

std::vector<std::int32_t> ranksOfColumn(const Dataset& dataset, BrowseKind kind, const BrowseColumn& column) {
    const auto rows = static_cast<std::size_t>(rowTotal(dataset, kind));
    std::vector<double> numbers;
    switch (column.role) {
    case BrowseColumn::Role::Id:
        return ranksOfIds(dataset, kind);
    case BrowseColumn::Role::Interactions:
        for (std::size_t row = 0; row < rows; ++row)
            numbers.push_back(
                static_cast<double>(ratingsOf(dataset, kind, static_cast<std::int32_t>(row)).size()));
        return ranksOfNumbers(numbers);
    case BrowseColumn::Role::MeanRating:
        for (std::size_t row = 0; row < rows; ++row)
            numbers.push_back(meanRating(ratingsOf(dataset, kind, static_cast<std::int32_t>(row))));
        return ranksOfNumbers(numbers);
    case BrowseColumn::Role::Title:
    case BrowseColumn::Role::Feature:
        break;
    }
    const FeatureColumn& feature =
        featuresOf(dataset, kind).columns()[static_cast<std::size_t>(column.feature)];
    if (feature.kind == FeatureKind::Number) {
        numbers.assign(feature.numbers.begin(), feature.numbers.end());
        return ranksOfNumbers(numbers);
    }
    std::vector<std::string> texts;
    for (std::size_t row = 0; row < rows; ++row)
        texts.push_back(folded(feature.display(static_cast<std::int32_t>(row))));
    return ranksOfTexts(texts);
}

std::vector<std::string> haystacksOf(const Dataset& dataset, BrowseKind kind) {
    std::vector<std::string> haystacks(static_cast<std::size_t>(rowTotal(dataset, kind)));
    for (std::size_t row = 0; row < haystacks.size(); ++row) {
        std::string all(idOf(dataset, kind, static_cast<std::int32_t>(row)));
        for (const FeatureColumn& column : featuresOf(dataset, kind).columns()) {
            all += '\n';
            all += column.display(static_cast<std::int32_t>(row));
        }
        haystacks[row] = folded(all);
    }
    return haystacks;
}

struct Question {
    quint64 ticket = 0;
    DatasetPtr dataset;
    BrowseKind kind = BrowseKind::Items;
    QString text;
    int sortColumn = -1;
    Qt::SortOrder order = Qt::AscendingOrder;
};

/// Group of a row for a searched id: 0 the id itself, 1 ids that begin with it, 2 others.
int idGroup(std::string_view haystack, const std::string& wanted) {
    if (wanted.empty() || haystack.substr(0, wanted.size()) != wanted) return 2;
    return haystack.size() == wanted.size() || haystack[wanted.size()] == '\n' ? 0 : 1;
}

/// Nothing once a newer question has come.
std::optional<BrowseAnswer> answer(const Question& question, Index& index,
                                   const std::atomic<quint64>& newest) {
    const Dataset& dataset = *question.dataset;
    const auto outdated = [&] { return newest.load(std::memory_order_relaxed) != question.ticket; };
    if (index.dataset.lock() != question.dataset) index = Index{question.dataset, {}, {}};

    BrowseAnswer result;
    result.ticket = question.ticket;
    result.kind = question.kind;
    const std::string wanted = question.text.trimmed().toStdString();
    const auto exact = (question.kind == BrowseKind::Items ? dataset.items() : dataset.users()).find(wanted);
    if (!wanted.empty()) result.exact = exact;

    const std::int32_t rows = rowTotal(dataset, question.kind);
    std::array<std::vector<std::int32_t>, 3> groups;
    if (wanted.empty()) {
        for (std::int32_t row = 0; row < rows; ++row)
            groups[2].push_back(row);
    } else {
        if (index.haystacks.empty()) index.haystacks = haystacksOf(dataset, question.kind);
        std::vector<std::string> words;
        for (const QString& word : question.text.simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts))
            words.push_back(folded(word.toStdString()));
        const std::string id = folded(wanted);
        for (std::int32_t row = 0; row < rows; ++row) {
            if (row % 1024 == 0 && outdated()) return std::nullopt;
            const std::string& haystack = index.haystacks[static_cast<std::size_t>(row)];
            if (std::all_of(words.begin(), words.end(), [&](const std::string& word) {
                    return haystack.find(word) != std::string::npos;
                }))
                groups[static_cast<std::size_t>(idGroup(haystack, id))].push_back(row);
        }
    }
    const auto columns = browseColumns(dataset, question.kind);
    if (question.sortColumn >= 0 && question.sortColumn < static_cast<int>(columns.size())) {
        auto& ranks = index.ranks[question.sortColumn];
        if (ranks.empty())
            ranks =
                ranksOfColumn(dataset, question.kind, columns[static_cast<std::size_t>(question.sortColumn)]);
        const bool descending = question.order == Qt::DescendingOrder;
        for (auto& group : groups)
            std::stable_sort(group.begin(), group.end(), [&](std::int32_t a, std::int32_t b) {
                const std::int32_t rankA = ranks[static_cast<std::size_t>(a)];
                const std::int32_t rankB = ranks[static_cast<std::size_t>(b)];
                if (rankA < 0 || rankB < 0) return rankA >= 0 && rankB < 0;
                return descending ? rankA > rankB : rankA < rankB;
            });
    }
    if (outdated()) return std::nullopt;
    for (const auto& group : groups)
        result.rows.insert(result.rows.end(), group.begin(), group.end());
    return result;
}

} // namespace

std::vector<BrowseColumn> browseColumns(const Dataset& dataset, BrowseKind kind) {
    using Role = BrowseColumn::Role;
    std::vector<BrowseColumn> columns{{Role::Id, -1, {}, false}};
    const auto& features = featuresOf(dataset, kind).columns();
    int title = -1;
    for (std::size_t n = 0; n < features.size() && kind == BrowseKind::Items; ++n)
        if (features[n].name == "title") title = static_cast<int>(n);
    if (title >= 0) columns.push_back({Role::Title, title, {}, false});
    columns.push_back({Role::Interactions, -1, {}, true});
    if (!dataset.scale().implicit) columns.push_back({Role::MeanRating, -1, {}, true});
    for (std::size_t n = 0; n < features.size(); ++n)
        if (static_cast<int>(n) != title)
            columns.push_back({Role::Feature, static_cast<int>(n), text(features[n].name),
                               features[n].kind == FeatureKind::Number});
    return columns;
}

QString browseText(const Dataset& dataset, BrowseKind kind, const BrowseColumn& column, std::int32_t row) {
    switch (column.role) {
    case BrowseColumn::Role::Id:
        return text(idOf(dataset, kind, row));
    case BrowseColumn::Role::Interactions:
        return QString::number(ratingsOf(dataset, kind, row).size());
    case BrowseColumn::Role::MeanRating: {
        const double mean = meanRating(ratingsOf(dataset, kind, row));
        return std::isnan(mean) ? QString() : QString::number(mean, 'f', 2);
    }
    case BrowseColumn::Role::Title:
    case BrowseColumn::Role::Feature:
        break;
    }
    return QString::fromStdString(
        featuresOf(dataset, kind).columns()[static_cast<std::size_t>(column.feature)].display(row));
}

struct BrowseService::Private {
    Inbox inbox;
    quint64 lastTicket = 0;
    // Both kinds; read by the lane to break off.
    std::array<std::atomic<quint64>, 2> newest{};
    std::array<Index, 2> indices; // the lane's
    Lane lane;                    // last: joined first
};

BrowseService::BrowseService(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>()) {}

BrowseService::~BrowseService() {
    for (auto& ticket : d->newest)
        ticket.store(0, std::memory_order_relaxed);
}

quint64 BrowseService::browse(DatasetPtr dataset, BrowseKind kind, const QString& searched, int sortColumn,
                              Qt::SortOrder order) {
    const quint64 ticket = ++d->lastTicket;
    if (!dataset) {
        d->inbox.post([this, ticket] {
            emit failed(ticket, Error{ErrorCode::NotFound, "There is no data to search", ""});
        });
        return ticket;
    }
    const auto slot = static_cast<std::size_t>(kind);
    d->newest[slot].store(ticket, std::memory_order_relaxed);
    d->lane.postNewest(kind == BrowseKind::Items ? "items" : "users",
                       [this, p = d.get(), slot,
                        question = Question{ticket, std::move(dataset), kind, searched, sortColumn, order}] {
                           auto found = guarded([&]() -> Result<std::optional<BrowseAnswer>> {
                               return answer(question, p->indices[slot], p->newest[slot]);
                           });
                           if (!found) {
                               p->inbox.post([this, ticket = question.ticket, error = found.error()] {
                                   emit failed(ticket, error);
                               });
                               return;
                           }
                           if (!*found) return; // a newer question is waiting
                           p->inbox.post([this, p, slot, result = std::move(**found)] {
                               if (p->newest[slot].load(std::memory_order_relaxed) == result.ticket)
                                   emit browsed(result);
                           });
                       });
    return ticket;
}

} // namespace recoscope
