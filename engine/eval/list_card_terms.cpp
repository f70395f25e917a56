// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/card_terms.h"
#include "engine/eval/co_occurrence.h"
#include "engine/eval/item_categories.h"
#include "engine/eval/list_metrics.h"
#include "engine/eval/metric_definition.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace recoscope {

namespace {

std::string num(double value) { return cardNumber(value); }

/// One line for each item, then their mean.
template <class Line>
void meanOverItems(MetricCard& card, const char* sum, Line&& line) {
    double total = 0.0;
    for (std::size_t i = 0; i < card.list.size(); ++i) {
        auto [value, text] = line(card.list[i]);
        total += value;
        card.terms.push_back(
            {"i = " + std::to_string(i + 1), value, std::move(text), card.list[i], static_cast<int>(i) + 1});
    }
    card.terms.push_back({"Σ", total, sum, {}, 0, false, true});
    card.equation = card.label + " = Σ / items = " + num(total) + " / " + std::to_string(card.list.size()) +
                    " = " + num(card.value);
}

/// One line for each pair of items, then 1 minus the mean.
template <class Cosine>
void pairsOfItems(MetricCard& card, const std::vector<ItemIndex>& items, Cosine&& cosine) {
    double total = 0.0;
    std::size_t pairs = 0;
    for (std::size_t a = 0; a < items.size(); ++a)
        for (std::size_t b = a + 1; b < items.size(); ++b) {
            auto [value, text] = cosine(items[a], items[b]);
            total += value;
            ++pairs;
            const auto rank = [&](ItemIndex item) {
                return std::to_string(std::find(card.list.begin(), card.list.end(), item) -
                                      card.list.begin() + 1);
            };
            card.terms.push_back({rank(items[a]) + " and " + rank(items[b]), value, std::move(text)});
        }
    card.terms.push_back({"Σ", total, "cosines of the pairs", {}, 0, false, true});
    card.equation = card.label + " = 1 − Σ / pairs = 1 − " + num(total) + " / " + std::to_string(pairs) +
                    " = " + num(card.value);
}

void diversity(MetricCard& card, const Dataset& data) {
    const ItemCategories categories(data);
    std::vector<ItemIndex> items;
    for (const ItemIndex item : card.list)
        if (!categories.of(item).empty()) items.push_back(item);
    pairsOfItems(card, items, [&](ItemIndex a, ItemIndex b) {
        const auto of = categories.of(a);
        const auto and_ = categories.of(b);
        std::vector<std::int32_t> common;
        std::set_intersection(of.begin(), of.end(), and_.begin(), and_.end(), std::back_inserter(common));
        return std::pair(static_cast<double>(common.size()) /
                             std::sqrt(static_cast<double>(of.size()) * static_cast<double>(and_.size())),
                         std::to_string(common.size()) + " categories in common, √(" +
                             std::to_string(of.size()) + " · " + std::to_string(and_.size()) + ")");
    });
}

void calibration(MetricCard& card, const Dataset& data, const UserItemCsr& history) {
    const ItemCategories categories(data);
    const auto mix = [&](auto items) {
        std::map<std::int32_t, double> share;
        double weight = 0.0;
        for (const ItemIndex item : items) {
            const auto of = categories.of(item);
            for (const std::int32_t category : of)
                share[category] += 1.0 / static_cast<double>(of.size());
            weight += of.empty() ? 0.0 : 1.0;
        }
        for (auto& [category, part] : share)
            part /= weight;
        return share;
    };
    const auto past = mix(history.cols(card.user));
    auto now = mix(std::span<const ItemIndex>(card.list));
    const FeatureColumn* column = categoryColumn(data);
    double total = 0.0;
    for (const auto& [category, p] : past) {
        const double q = (1.0 - calibrationSmoothing) * now[category] + calibrationSmoothing * p;
        const double part = p * std::log(p / q);
        total += part;
        card.terms.push_back(
            {(column ? column->name : std::string("category")) + " " + std::to_string(category), part,
             "p = " + num(p) + " of the history, " + num(now[category]) + " of the list, q = " + num(q) +
                 ": p · ln(p / q)"});
    }
    card.terms.push_back({"Σ", total, "over the categories of the history", {}, 0, false, true});
    card.equation = card.label + " = Σ = " + num(card.value);
}

} // namespace

void fillListCard(MetricCard& card, std::string_view name, const Split& split, Target target,
                  const EvaluationOptions& options) {
    const ItemUserCsr& users = split.trainByItem();
    if (name == "novelty") {
        double trained = 0.0;
        for (std::int32_t u = 0; u < users.colCount(); ++u)
            trained += split.trainedUser(UserIndex{u}) ? 1.0 : 0.0;
        meanOverItems(card, "bits", [&](ItemIndex item) {
            const std::int32_t took = std::max(1, users.rowSize(item));
            return std::pair(std::log2(trained / took),
                             "−log2(" + std::to_string(took) + " / " + num(trained) + ")");
        });
    } else if (name == "arp") {
        meanOverItems(card, "training users", [&](ItemIndex item) {
            return std::pair(static_cast<double>(users.rowSize(item)),
                             std::string("training users of the item"));
        });
    } else if (name == "tail_share") {
        const std::vector<bool> tail = tailItems(split, options.tail);
        meanOverItems(card, "items of the tail", [&](ItemIndex item) {
            const bool in = tail[static_cast<std::size_t>(item)];
            return std::pair(in ? 1.0 : 0.0, std::string(in ? "of the tail" : "not of the tail"));
        });
    } else if (name == "ild") {
        diversity(card, *split.dataset());
    } else if (name == "ild_cooccurrence") {
        const CoOccurrence common(users, card.list);
        pairsOfItems(card, card.list, [&](ItemIndex a, ItemIndex b) {
            return std::pair(common.cosine(a, b), std::to_string(common.common(a, b)) +
                                                      " users took both, √(" +
                                                      std::to_string(users.rowSize(a)) + " · " +
                                                      std::to_string(users.rowSize(b)) + ")");
        });
    } else if (name == "calibration") {
        calibration(card, *split.dataset(), historyOf(split, target));
    } else {
        card.equation = card.label + " = " + num(card.value);
    }
}

} // namespace recoscope
