// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/evaluator.h"

#include <array>

namespace recoscope {

std::span<const MetricInfo> metricInfos() {
    static constexpr std::array<MetricInfo, 20> table{{
        {"ndcg", "NDCG", "Σ_{hits i ≤ k} 1/log2(i+1)  /  Σ_{i ≤ min(k,R)} 1/log2(i+1)",
         "How close the list is to the best possible one, where a hit counts more the higher it stands.",
         true, true},
        {"recall", "Recall", "hits in the first k / R",
         "The share of a user's held-out items that made the list.", true, true},
        {"precision", "Precision", "hits in the first k / k",
         "The share of the list that the user really took.", true, true},
        {"f1", "F1", "2 · precision · recall / (precision + recall)",
         "One number for precision and recall: high only when both are.", true, true},
        {"map", "MAP", "Σ_{hits i ≤ k} precision@i / min(k,R)",
         "Precision measured at every hit and averaged: rewards hits that come early and close together.",
         true, true},
        {"mrr", "MRR", "1 / rank of the first hit within k, 0 without one",
         "How far down the user has to read to the first good item.", true, true},
        {"hr", "HR", "1 if any of the first k is a hit, else 0",
         "The share of users who find at least one good item.", true, true},
        {"auc", "AUC", "P(score of a relevant item > score of another candidate), ties ½",
         "How often a held-out item is scored above one the user did not take; 0.5 is chance.", false, true},
        {"rmse", "RMSE", "√( Σ (prediction − rating)² / pairs )",
         "The typical error of a predicted rating, in stars; large errors count more.", false, false,
         MetricKind::Rating},
        {"mae", "MAE", "Σ |prediction − rating| / pairs",
         "The average error of a predicted rating, in stars.", false, false, MetricKind::Rating},
        {"coverage", "Coverage", "distinct items in all lists / items that could be in one",
         "How much of the catalogue is ever recommended to anyone.", true, true, MetricKind::List},
        {"gini", "Gini", "Σ_j (2j − n − 1) · c_j / (n · Σ c), c ascending: how often each item is in a list",
         "How unequally the items are recommended: 0 is all alike, near 1 is the same few to everyone.", true,
         false, MetricKind::List},
        {"novelty", "Novelty", "mean of −log2(users who took the item / users) over the list",
         "How little known the list is, in bits: one more bit is half as many users who know the item.", true,
         true, MetricKind::List},
        {"arp", "ARP", "mean number of training users of the list's items",
         "The average popularity of what is recommended; high where a model plays safe.", true, false,
         MetricKind::List},
        {"tail_share", "Tail share", "items of the tail in the first k / k",
         "The share of the list that lies outside the few items that most interactions are about.", true,
         true, MetricKind::List},
        {"ild", "ILD", "mean of 1 − cosine of the categories over all pairs of the list",
         "How different the items of one list are in kind: 0 is all the same genres, 1 is nothing in common.",
         true, true, MetricKind::List},
        {"ild_cooccurrence", "ILD co-occurrence",
         "mean of 1 − cosine of the training columns over all pairs of the list",
         "How different the items of one list are in who takes them.", true, true, MetricKind::List},
        {"personalisation", "Personalisation", "mean of 1 − |common items| / k over all pairs of users",
         "How different the lists of two users are: 0 is the same list for everyone.", true, true,
         MetricKind::List},
        {"calibration", "Calibration KL", "Σ_g p(g) · ln( p(g) / (0.99 · q(g) + 0.01 · p(g)) )",
         "How far the list's mix of genres is from that of the user's history: 0 is the same mix.", true,
         false, MetricKind::List},
        {"truth", "Truth",
         "(mean true preference of the list − of all candidates) / (of the k best candidates − of all)",
         "How close the list is to the best one possible: 0 is chance, 1 is perfect. Only synthetic data knows.",
         true, true},
    }};
    return table;
}

const MetricInfo* findMetric(std::string_view nameOrKey) {
    const std::string_view name = nameOrKey.substr(0, nameOrKey.find('@'));
    for (const MetricInfo& info : metricInfos())
        if (info.name == name) return &info;
    return nullptr;
}

} // namespace recoscope
