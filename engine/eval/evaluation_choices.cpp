// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluation_choices.h"

#include <array>

namespace recoscope {

namespace {

template <auto Member>
int read(const EvaluationOptions& options) {
    return static_cast<int>(options.*Member);
}

template <auto Member>
void write(EvaluationOptions& options, int value) {
    using Value = std::remove_reference_t<decltype(options.*Member)>;
    options.*Member = static_cast<Value>(value);
}

using O = EvaluationOptions;

constexpr ChoiceValue gains[] = {{"binary", "1 a hit"},
                                 {"linear", "the rating"},
                                 {"exponential", "2^r − 1"},
                                 {"exponential_above_threshold", "2^(r − threshold + 1) − 1"}};
constexpr ChoiceValue discounts[] = {{"log2_i_plus_1", "log2(i + 1)"}, {"log2_max_i_2", "log2(max(i, 2))"}};
constexpr ChoiceValue ideals[] = {
    {"cut_at_k", "min(k, R)"}, {"all_relevant", "R, not cut"}, {"all_k", "k hits"}};
constexpr ChoiceValue precisions[] = {
    {"k", "k"}, {"list_length", "length of the list"}, {"pooled_capped", "min(k, R), summed over users"}};
constexpr ChoiceValue recalls[] = {{"relevant", "R"}, {"capped", "min(k, R)"}};
constexpr ChoiceValue maps[] = {
    {"capped", "min(k, R)"}, {"relevant", "R"}, {"mean_precision", "mean of precision@1 … @k"}};
constexpr ChoiceValue reciprocals[] = {{"within_k", "first hit within k"}, {"uncut", "first hit anywhere"}};
constexpr ChoiceValue aucs[] = {{"per_user", "mean over users"},
                                {"pooled", "all users in one"},
                                {"weighted", "by each user's relevant items"}};
constexpr ChoiceValue averages[] = {{"pairs", "over pairs"}, {"users_first", "per user, then over users"}};
constexpr ChoiceValue ginis[] = {{"inequality", "Gini"}, {"equality", "1 − Gini"}};
constexpr ChoiceValue tails[] = {{"beyond_80_percent", "outside the items with 80 % of interactions"},
                                 {"least_popular_tenth", "the least popular tenth"}};
constexpr ChoiceValue candidates[] = {{"all", "all items"},
                                      {"uniform", "negatives drawn evenly"},
                                      {"popular", "negatives drawn by popularity"},
                                      {"given", "the negatives that came with the data"},
                                      {"cold", "items without training interactions"}};

constexpr ChoiceValue tieOrders[] = {{"index", "the first in the data"},
                                     {"random", "drawn for each user"},
                                     {"later_id", "the later identifier"}};

constexpr std::array<EvaluationChoice, evaluationChoiceCount> table{{
    {"gain", "What a hit is worth in NDCG", "--gain", gains, read<&O::gain>, write<&O::gain>},
    {"discount", "NDCG's discount at rank i", "--discount", discounts, read<&O::discount>,
     write<&O::discount>},
    {"ideal_list", "NDCG's ideal list", "--ideal", ideals, read<&O::ideal>, write<&O::ideal>},
    {"precision_denominator", "Precision's denominator", "--precision", precisions, read<&O::precision>,
     write<&O::precision>},
    {"recall_denominator", "Recall's denominator", "--recall", recalls, read<&O::recall>, write<&O::recall>},
    {"map_denominator", "MAP's denominator", "--map", maps, read<&O::map>, write<&O::map>},
    {"reciprocal_rank", "How far MRR looks", "--mrr", reciprocals, read<&O::reciprocalRank>,
     write<&O::reciprocalRank>},
    {"auc", "How AUC is averaged", "--auc", aucs, read<&O::auc>, write<&O::auc>},
    {"rating_average", "How RMSE and MAE are averaged", "--rating-average", averages, read<&O::ratingAverage>,
     write<&O::ratingAverage>},
    {"gini", "Which way round Gini is", "--gini", ginis, read<&O::gini>, write<&O::gini>},
    {"tail_items", "Which items are the tail", "--tail", tails, read<&O::tail>, write<&O::tail>},
    {"candidates", "What is ranked", "--candidates", candidates,
     [](const O& options) { return static_cast<int>(options.candidates.kind); },
     [](O& options, int value) { options.candidates.kind = static_cast<CandidateKind>(value); }},
    {"ties", "Which of equal scores stands higher", "--ties", tieOrders, read<&O::ties>, write<&O::ties>},
}};

} // namespace

std::span<const EvaluationChoice> evaluationChoices() { return table; }

const EvaluationChoice* findEvaluationChoice(std::string_view key) {
    for (const EvaluationChoice& choice : table)
        if (choice.key == key) return &choice;
    return nullptr;
}

std::string_view chosenKey(const EvaluationChoice& choice, const EvaluationOptions& options) {
    return choice.values[static_cast<std::size_t>(choice.get(options))].key;
}

} // namespace recoscope
