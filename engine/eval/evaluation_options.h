// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace recoscope {

enum class Target { Validation, Test };

// What frameworks mean by one name differs part by part. The first of each is Recoscope's own;
// evaluation_choices.h has keys and words for all of them, dialects.h the sets that frameworks use.

/// What a hit on an item rated r is worth in NDCG, never less than 0. t: the relevance threshold.
enum class Gain {
    Binary,                   // 1
    Linear,                   // r
    Exponential,              // 2^r − 1
    ExponentialAboveThreshold // 2^(r − t + 1) − 1
};

/// By what the gain at rank i is divided in NDCG.
enum class Discount { LogRankPlusOne, LogRankFromTwo }; // log2(i + 1), or log2(max(i, 2))

/// The list that NDCG's denominator is made of.
enum class IdealList {
    CutAtK,      // the min(k, R) best: the usual
    AllRelevant, // all R, not cut at k: the dialect of Ferrari Dacrema et al. (TOIS 2021)
    AllK,        // k hits, also where R is smaller; binary gain only
};

enum class PrecisionDenominator {
    K,
    ListLength,   // of the list, where it is shorter than k
    PooledCapped, // hits of all users over the sum of min(k, R)
};
enum class RecallDenominator { Relevant, Capped }; // |R|, or min(k, |R|)
enum class MapDenominator {
    Capped,        // Σ precision@i at hits i, over min(k, |R|)
    Relevant,      // the same over |R|
    MeanPrecision, // the mean of precision@1 … precision@k, hit or not
};
enum class ReciprocalRank { WithinK, Uncut }; // 0 beyond k, or the rank in the whole ranking
enum class AucForm {
    PerUser,  // mean over users
    Pooled,   // one curve over the scores of all users
    Weighted, // mean over users, by the number of relevant items; users without pairs left out
};
enum class RatingAverage { Pairs, UsersFirst }; // over pairs, or the mean over users of each user's error
enum class GiniForm { Inequality, Equality };   // Gini, or 1 − Gini

/// The items that few take, for the tail share.
enum class TailItems {
    BeyondMostInteractions, // outside the items that together carry 80 % of the training interactions
    LeastPopularTenth,      // RecBole's: the tenth of the trained items with the fewest interactions
};

/// What is ranked for a user besides the relevant held-out items.
enum class CandidateKind {
    All,     // every item that is not excluded
    Uniform, // so many negatives, drawn evenly
    Popular, // so many negatives, drawn in proportion to their training interactions
    Given,   // the negatives that came with the data
    Cold,    // items without training interactions; other held-out items do not count as relevant
};

/// Which of several candidates with equal scores stands higher. AUC counts them half whatever is chosen.
enum class Ties {
    LowerIndex, // the one that is first in the data
    Random,     // drawn for each user, by the candidates' seed
    LaterId,    // the one whose identifier is later, byte by byte: as trec_eval sorts its documents
};

struct CandidateSpec {
    CandidateKind kind = CandidateKind::All;
    int negatives = 99;      // Uniform, Popular: at most so many for each user
    int ofGiven = 0;         // Given: so many of them for each user, drawn evenly; 0: all
    // What is drawn for a user (negatives, random ties) depends on this and the split alone.
    std::uint64_t seed = 42;
    bool operator==(const CandidateSpec&) const = default;
};

struct EvaluationOptions {
    std::vector<int> cutoffs = {5, 10, 20};
    /// Names without cutoff: ndcg recall precision f1 map mrr hr auc rmse mae coverage gini novelty arp
    /// tail_share ild ild_cooccurrence personalisation calibration truth. Empty: all that apply.
    std::vector<std::string> metrics = {};
    double relevanceThreshold = 0.0; // held-out interactions rated at or above are relevant; 0: all are
    bool excludeTrain = true;        // the query's history is no candidate
    bool excludeValidationAtTest = true;
    IdealList ideal = IdealList::CutAtK;
    RecallDenominator recall = RecallDenominator::Relevant;
    MapDenominator map = MapDenominator::Capped;
    TailItems tail = TailItems::BeyondMostInteractions;
    bool predictsRatings = false; // scores are ratings: RMSE and MAE are computed
    bool clipRatings = true;      // predictions are clipped to the dataset's scale first
    bool keepPerUser = true;
    Gain gain = Gain::Binary;
    Discount discount = Discount::LogRankPlusOne;
    PrecisionDenominator precision = PrecisionDenominator::K;
    ReciprocalRank reciprocalRank = ReciprocalRank::WithinK;
    AucForm auc = AucForm::PerUser;
    RatingAverage ratingAverage = RatingAverage::Pairs;
    GiniForm gini = GiniForm::Inequality;
    CandidateSpec candidates = {};
    Ties ties = Ties::LowerIndex;
    bool operator==(const EvaluationOptions&) const = default;
};

} // namespace recoscope
