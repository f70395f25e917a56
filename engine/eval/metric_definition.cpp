// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/metric_definition.h"

#include "engine/core/param_schema.h"
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

bool isRelevant(float rating, const EvaluationOptions& options) {
    // 0 means "all are", also for scales that go below zero.
    return options.relevanceThreshold == 0.0 || static_cast<double>(rating) >= options.relevanceThreshold;
}

EvaluationCounts countUsers(const EvaluationOptions& options, const Split& split, Target target) {
    const UserItemCsr& held = heldOut(split, target);
    const UserItemCsr& history = historyOf(split, target);
    EvaluationCounts counts;
    counts.pairs = held.size();
    for (std::int32_t u = 0; u < held.rowCount(); ++u) {
        bool relevant = false;
        for (const float rating : held.values(UserIndex{u}))
            relevant = relevant || isRelevant(rating, options);
        if (relevant) {
            ++counts.users;
        } else if (held.rowSize(UserIndex{u}) > 0 || history.rowSize(UserIndex{u}) > 0) {
            ++counts.usersWithoutRelevant;
        }
    }
    return counts;
}

namespace {

std::string number(double value) { return toText(ParamValue(value)); }

std::string candidates(const EvaluationOptions& options, const Split& split, Target target) {
    std::string text = "all";
    if (options.excludeTrain)
        text += &historyOf(split, target) == &split.train() ? "-minus-train" : "-minus-history";
    if (target == Target::Test && options.excludeValidationAtTest && !split.validation().empty())
        text += "-minus-validation";
    return text;
}

std::string categoriesOf(const Split& split) {
    const FeatureColumn* column = categoryColumn(*split.dataset());
    return ";features=" + (column ? column->name : std::string("none"));
}

/// What is particular to a metric of the lists alone.
std::string listParticulars(std::string_view name, const EvaluationOptions& options, const Split& split) {
    if (name == "gini") return ";of=items-that-are-candidates-for-a-user;0=equal";
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
    if (name == "ndcg")
        return cut + ";gain=binary;discount=log2(i+1);ideal=" +
               (options.ideal == IdealList::CutAtK ? "min(k,R)" : "R");
    if (name == "recall")
        return cut + ";of=" + (options.recall == RecallDenominator::Capped ? "min(k,R)" : "R");
    if (name == "precision") return cut + ";of=k";
    if (name == "f1")
        return cut + ";mean=harmonic-per-user;recall-of=" +
               (options.recall == RecallDenominator::Capped ? "min(k,R)" : "R");
    if (name == "map") return cut + ";of=" + (options.map == MapDenominator::Capped ? "min(k,R)" : "R");
    if (name == "mrr") return cut + ";rank=first-hit-within-k";
    if (name == "hr") return cut + ";hit=any-within-k";
    if (name == "auc") return ";per=user;equal-scores=half;no-pairs=0.5";
    if (name == "coverage") return cut + ";of=items-that-are-candidates-for-a-user";
    if (name == "truth") return cut + ";of=true-preference;0=mean-of-candidates;1=best-k";
    if (findMetric(name)->kind == MetricKind::List) return cut + listParticulars(name, options, split);
    const RatingScale& scale = split.dataset()->scale();
    return ";over=pairs;clip=" +
           (options.clipRatings ? number(scale.min) + ".." + number(scale.max) : "none");
}

} // namespace

std::string defineMetric(const MetricInfo& info, int k, const EvaluationOptions& options, const Split& split,
                         Target target, const EvaluationCounts& counts) {
    std::string text = std::string(info.name) + particulars(info.name, k, options, split);
    const bool overPairs = info.name == "rmse" || info.name == "mae";
    if (!overPairs) {
        text += ";candidates=" + candidates(options, split, target);
        text += ";relevant=" +
                (options.relevanceThreshold == 0.0 ? "all" : "r>=" + number(options.relevanceThreshold));
        if (info.name != "auc") text += ";ties=index";
        text += target == Target::Test ? ";users=with-test" : ";users=with-validation";
    }
    text += target == Target::Test ? ";part=test" : ";part=validation";
    text += ";split=" + std::string(splitKindKey(split.spec().kind)) + ";rounding=half-up";
    return text + ";n=" + std::to_string(overPairs ? counts.pairs : counts.users);
}

std::string labelMetric(const MetricInfo& info, int k, const EvaluationOptions& options) {
    std::string label(info.label);
    if (info.hasCutoff) label.append("@").append(std::to_string(k));
    if (info.name == "ndcg" && options.ideal == IdealList::AllRelevant) label += " (ideal uncut)";
    if (info.name == "recall" && options.recall == RecallDenominator::Capped) label += " (capped)";
    if (info.name == "map" && options.map == MapDenominator::Relevant) label += " (÷|R|)";
    if (info.name == "novelty") label += " (bits)";
    if (info.name == "tail_share" && options.tail == TailItems::LeastPopularTenth)
        label += " (least popular 10 %)";
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
