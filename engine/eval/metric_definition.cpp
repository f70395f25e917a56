// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/metric_definition.h"

#include "engine/core/param_schema.h"
#include "engine/eval/candidates.h"
#include "engine/eval/item_categories.h"
#include "engine/eval/list_metrics.h"

#include <charconv>

namespace recoscope {

const UserItemCsr& heldOut(const Split& split, Target target) {
    return target == Target::Test ? split.test() : split.validation();
}

const UserItemCsr& historyOf(const Split& split, Target target) {
    return target == Target::Test ? split.testHistory() : split.validationHistory();
}

EvaluationCounts countUsers(const EvaluationOptions& options, const Split& split, Target target) {
    const UserItemCsr& held = heldOut(split, target);
    const UserItemCsr& history = historyOf(split, target);
    const Relevance isOne(options, split);
    EvaluationCounts counts;
    counts.pairs = held.size();
    for (std::int32_t u = 0; u < held.rowCount(); ++u) {
        const UserIndex user{u};
        const auto items = held.cols(user);
        const auto ratings = held.values(user);
        bool relevant = false;
        for (std::size_t n = 0; n < items.size() && !relevant; ++n)
            relevant = isOne(user, items[n], ratings[n]);
        if (!items.empty()) ++counts.rated;
        if (relevant) {
            ++counts.users;
        } else if (!items.empty() || history.rowSize(user) > 0) {
            ++counts.usersWithoutRelevant;
        }
    }
    return counts;
}

namespace {

std::string number(double value) { return toText(ParamValue(value)); }

std::string candidates(const EvaluationOptions& options, const Split& split, Target target) {
    const CandidateSpec& spec = options.candidates;
    std::string text;
    switch (spec.kind) {
    case CandidateKind::Given:
        return spec.ofGiven > 0 ? "relevant+" + std::to_string(spec.ofGiven) + "-given-negatives(seed " +
                                      std::to_string(spec.seed) + ")"
                                : std::string("relevant+given-negatives");
    case CandidateKind::All:
        text = "all";
        break;
    case CandidateKind::Cold:
        text = "items-without-training-interactions";
        break;
    case CandidateKind::Uniform:
    case CandidateKind::Popular:
        text = "relevant+" + std::to_string(spec.negatives) +
               (spec.kind == CandidateKind::Uniform ? "-uniform" : "-by-popularity") + "(seed " +
               std::to_string(spec.seed) + ")";
        break;
    }
    if (options.excludeTrain)
        text += &historyOf(split, target) == &split.train() ? "-minus-train" : "-minus-history";
    if (target == Target::Test && options.excludeValidationAtTest && !split.validation().empty())
        text += "-minus-validation";
    return text;
}

std::string relevant(const EvaluationOptions& options) {
    std::string text = options.relevanceThreshold == 0.0 ? "all" : "r>=" + number(options.relevanceThreshold);
    if (options.candidates.kind == CandidateKind::Cold) text += ",untrained-items";
    return text;
}

std::string ties(const EvaluationOptions& options) {
    switch (options.ties) {
    case Ties::LowerIndex:
        break;
    case Ties::Random:
        return "random(seed " + std::to_string(options.candidates.seed) + ")";
    case Ties::LaterId:
        return "later-id";
    }
    return "index";
}

std::string gainText(const EvaluationOptions& options) {
    switch (options.gain) {
    case Gain::Binary:
        break;
    case Gain::Linear:
        return "r";
    case Gain::Exponential:
        return "2^r-1";
    case Gain::ExponentialAboveThreshold:
        return "2^(r-" + number(options.relevanceThreshold) + "+1)-1";
    }
    return "binary";
}

const char* idealText(IdealList ideal) {
    if (ideal == IdealList::AllRelevant) return "R";
    return ideal == IdealList::AllK ? "k" : "min(k,R)";
}

const char* precisionText(PrecisionDenominator denominator) {
    if (denominator == PrecisionDenominator::ListLength) return "list-length";
    return denominator == PrecisionDenominator::PooledCapped ? "min(k,R)" : "k";
}

const char* aucText(AucForm form) {
    if (form == AucForm::Pooled) return ";pairs=all-users-in-one;equal-scores=half";
    return form == AucForm::Weighted ? ";per=user;weight=R;equal-scores=half;no-pairs=left-out"
                                     : ";per=user;equal-scores=half;no-pairs=0.5";
}

std::string categoriesOf(const Split& split) {
    const FeatureColumn* column = categoryColumn(*split.dataset());
    return ";features=" + (column ? column->name : std::string("none"));
}

/// What is particular to a metric of the lists alone.
std::string listParticulars(std::string_view name, const EvaluationOptions& options, const Split& split) {
    if (name == "gini")
        return options.gini == GiniForm::Equality ? ";of=items-that-are-candidates-for-a-user;1-gini;1=equal"
                                                  : ";of=items-that-are-candidates-for-a-user;0=equal";
    if (name == "novelty") return ";bits=-log2(users(i)/n);n=training-users;unseen=as-one-user";
    if (name == "arp") return ";popularity=training-users";
    if (name == "tail_share")
        return options.tail == TailItems::LeastPopularTenth
                   ? ";tail=least-popular-10%-of-training-items"
                   : ";tail=outside-items-with-80%-of-training-interactions";
    if (name == "ild") return categoriesOf(split) + ";distance=1-cosine-of-sets;without-features=left-out";
    if (name == "ild_cooccurrence") return ";distance=1-cosine-of-training-columns;no-common-user=1";
    if (name == "personalisation") return ";overlap=common/k;pairs=all-users";
    if (name == "calibration")
        return categoriesOf(split) + ";kl=history||list;smoothing=" + number(calibrationSmoothing) +
               ";log=e;weights=equal;without-features=left-out";
    return {};
}

/// What is particular to one metric, from its name to its averaging.
std::string particulars(std::string_view name, int k, const EvaluationOptions& options, const Split& split) {
    const std::string cut = ";k=" + std::to_string(k);
    const std::string recallOf = options.recall == RecallDenominator::Capped ? "min(k,R)" : "R";
    const std::string precisionOf = precisionText(options.precision);
    if (name == "ndcg")
        return cut + ";gain=" + gainText(options) + ";discount=" +
               (options.discount == Discount::LogRankPlusOne ? "log2(i+1)" : "log2(max(i,2))") +
               ";ideal=" + idealText(options.ideal);
    if (name == "recall") return cut + ";of=" + recallOf;
    if (name == "precision")
        return cut + ";of=" + precisionOf +
               (options.precision == PrecisionDenominator::PooledCapped ? ";over=all-users-in-one" : "");
    if (name == "f1")
        return cut + ";mean=harmonic-per-user;recall-of=" + recallOf +
               (options.precision == PrecisionDenominator::K ? "" : ";precision-of=" + precisionOf);
    if (name == "map") {
        if (options.map == MapDenominator::MeanPrecision) return cut + ";mean=precision@1..k,hit-or-not";
        return cut + ";of=" + (options.map == MapDenominator::Capped ? "min(k,R)" : "R");
    }
    if (name == "mrr")
        return options.reciprocalRank == ReciprocalRank::WithinK ? cut + ";rank=first-hit-within-k"
                                                                 : ";rank=first-hit-uncut";
    if (name == "hr") return cut + ";hit=any-within-k";
    if (name == "auc") return aucText(options.auc);
    if (name == "coverage") return cut + ";of=items-that-are-candidates-for-a-user";
    if (name == "truth") return cut + ";of=true-preference;0=mean-of-candidates;1=best-k";
    if (findMetric(name)->kind == MetricKind::List) return cut + listParticulars(name, options, split);
    const RatingScale& scale = split.dataset()->scale();
    return std::string(options.ratingAverage == RatingAverage::Pairs ? ";over=pairs"
                                                                     : ";over=users-of-pairs") +
           ";clip=" + (options.clipRatings ? number(scale.min) + ".." + number(scale.max) : "none");
}

} // namespace

std::string defineMetric(const MetricInfo& info, int k, const EvaluationOptions& options, const Split& split,
                         Target target, const EvaluationCounts& counts) {
    std::string text = std::string(info.name) + particulars(info.name, k, options, split);
    const bool overPairs = info.name == "rmse" || info.name == "mae";
    if (!overPairs) {
        text += ";candidates=" + candidates(options, split, target);
        text += ";relevant=" + relevant(options);
        if (info.name != "auc") text += ";ties=" + ties(options);
        text += target == Target::Test ? ";users=with-test" : ";users=with-validation";
        if (options.candidates.kind == CandidateKind::Given) text += "-and-negatives";
    }
    text += target == Target::Test ? ";part=test" : ";part=validation";
    text += ";split=" + std::string(splitKindKey(split.spec().kind)) + ";rounding=half-up";
    std::int64_t n = counts.users;
    if (overPairs) n = options.ratingAverage == RatingAverage::Pairs ? counts.pairs : counts.rated;
    return text + ";n=" + std::to_string(n);
}

bool isHigherBetter(const MetricInfo& info, const EvaluationOptions& options) {
    if (info.name == "gini" && options.gini == GiniForm::Equality) return true;
    return info.higherIsBetter;
}

namespace {

/// What differs from Recoscope's own reading of a name, as it stands behind the name in brackets.
std::vector<std::string> chosen(std::string_view name, const EvaluationOptions& options) {
    std::vector<std::string> parts;
    const auto add = [&parts](bool differs, const char* text) {
        if (differs) parts.emplace_back(text);
    };
    if (name == "ndcg") {
        add(options.gain == Gain::Linear, "gain r");
        add(options.gain == Gain::Exponential, "gain 2^r−1");
        add(options.gain == Gain::ExponentialAboveThreshold, "gain 2^(r−t+1)−1");
        add(options.discount == Discount::LogRankFromTwo, "log2 max(i, 2)");
        add(options.ideal == IdealList::AllRelevant, "ideal uncut");
        add(options.ideal == IdealList::AllK, "ideal all k");
    }
    if (name == "precision" || name == "f1") {
        add(options.precision == PrecisionDenominator::ListLength, "of the list");
        add(options.precision == PrecisionDenominator::PooledCapped,
            name == "f1" ? "capped precision" : "pooled, capped");
    }
    if (name == "recall") add(options.recall == RecallDenominator::Capped, "capped");
    if (name == "f1") add(options.recall == RecallDenominator::Capped, "capped recall");
    if (name == "map") {
        add(options.map == MapDenominator::Relevant, "÷|R|");
        add(options.map == MapDenominator::MeanPrecision, "mean P@n");
    }
    if (name == "auc") {
        add(options.auc == AucForm::Pooled, "pooled");
        add(options.auc == AucForm::Weighted, "weighted");
    }
    if (name == "rmse" || name == "mae")
        add(options.ratingAverage == RatingAverage::UsersFirst, "per user first");
    add(name == "novelty", "bits");
    if (findMetric(name)->kind != MetricKind::Rating && name != "auc") {
        add(options.ties == Ties::Random, "random ties");
        add(options.ties == Ties::LaterId, "ties by id");
    }
    add(name == "tail_share" && options.tail == TailItems::LeastPopularTenth, "least popular 10 %");
    return parts;
}

std::string candidatesLabel(const CandidateSpec& spec) {
    switch (spec.kind) {
    case CandidateKind::All:
        break;
    case CandidateKind::Uniform:
        return " [" + std::to_string(spec.negatives) + " uniform]";
    case CandidateKind::Popular:
        return " [" + std::to_string(spec.negatives) + " popular]";
    case CandidateKind::Given:
        return spec.ofGiven > 0 ? " [" + std::to_string(spec.ofGiven) + " given negatives]"
                                : std::string(" [given negatives]");
    case CandidateKind::Cold:
        return " [cold items]";
    }
    return {};
}

} // namespace

std::string labelMetric(const MetricInfo& info, int k, const EvaluationOptions& options) {
    std::string label(info.label);
    const bool uncut = info.name == "mrr" && options.reciprocalRank == ReciprocalRank::Uncut;
    if (info.name == "gini" && options.gini == GiniForm::Equality) label = "1 − Gini";
    if (info.hasCutoff && !uncut) label.append("@").append(std::to_string(k));
    std::vector<std::string> parts = chosen(info.name, options);
    if (uncut) parts.insert(parts.begin(), "uncut");
    for (std::size_t n = 0; n < parts.size(); ++n)
        label.append(n == 0 ? " (" : ", ").append(parts[n]);
    if (!parts.empty()) label += ")";
    if (info.kind != MetricKind::Rating) label += candidatesLabel(options.candidates);
    return label;
}

std::string keyOf(const MetricInfo& info, int k) {
    std::string key(info.name);
    if (info.hasCutoff) key.append("@").append(std::to_string(k));
    return key;
}

std::string metricDefinition(std::string_view key, const EvaluationOptions& options, const Split& split,
                             Target target) {
    const MetricInfo* info = findMetric(key);
    if (!info) return {};
    int k = 0;
    if (const std::size_t at = key.find('@'); at != std::string_view::npos)
        std::from_chars(key.data() + at + 1, key.data() + key.size(), k);
    return defineMetric(*info, k, options, split, target, countUsers(options, split, target));
}

} // namespace recoscope
