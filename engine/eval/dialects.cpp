// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/eval/dialects.h"

#include "engine/eval/evaluation_choices.h"

#include <algorithm>
#include <array>

namespace recoscope {

namespace {

using O = EvaluationOptions;

void asTois(O& options, const Split&) { options.ideal = IdealList::AllRelevant; }

void asRecBole(O& options, const Split&) {
    options.auc = AucForm::Pooled;
    options.tail = TailItems::LeastPopularTenth;
}

void asLensKit(O& options, const Split&) {
    options.discount = Discount::LogRankFromTwo;
    options.recall = RecallDenominator::Capped;
    options.precision = PrecisionDenominator::ListLength;
}

void asElliot(O& options, const Split&) {
    options.gain = Gain::ExponentialAboveThreshold;
    options.map = MapDenominator::MeanPrecision;
    options.gini = GiniForm::Equality;
}

void asTrecEval(O& options, const Split&) {
    options.gain = Gain::Linear;
    options.map = MapDenominator::Relevant;
    options.reciprocalRank = ReciprocalRank::Uncut;
    options.ties = Ties::LaterId;
}

void asMultVae(O& options, const Split&) { options.recall = RecallDenominator::Capped; }

void asNcf(O& options, const Split& split) {
    const bool given = !split.dataset()->negatives().empty();
    options.candidates = {.kind = given ? CandidateKind::Given : CandidateKind::Uniform};
}

void asCornac(O& options, const Split&) {
    options.reciprocalRank = ReciprocalRank::Uncut;
    options.ratingAverage = RatingAverage::UsersFirst;
}

void asImplicit(O& options, const Split&) { options.precision = PrecisionDenominator::PooledCapped; }

void asRecTools(O& options, const Split&) {
    options.ideal = IdealList::AllK;
    options.map = MapDenominator::Relevant;
}

constexpr std::array<Dialect, 11> table{{
    {"recoscope", "Recoscope",
     "The usual readings: binary NDCG with its ideal list over min(k, R), recall over R, precision over k, "
     "MAP over "
     "min(k, R), all items ranked.",
     "Järvelin & Kekäläinen, TOIS 2002", [](O&, const Split&) {}},
    {"recbole", "RecBole",
     "AUC is one curve over the scores of all users; the tail is the least popular tenth.",
     "Zhao et al., RecBole, CIKM 2021", asRecBole},
    {"lenskit", "LensKit",
     "NDCG divides by log2(max(i, 2)), so that ranks 1 and 2 count alike; recall is over min(k, R), "
     "precision over "
     "the length of the list.",
     "Ekstrand, LensKit for Python, CIKM 2020", asLensKit},
    {"elliot", "Elliot",
     "A hit is worth 2^(r − threshold + 1) − 1 in NDCG; MAP is the mean of precision@1 … precision@k, hit or "
     "not; Gini "
     "is reported as 1 − Gini.",
     "Anelli et al., Elliot, SIGIR 2021", asElliot},
    {"trec_eval", "trec_eval",
     "A hit is worth its rating in NDCG; MAP is over R; the reciprocal rank looks beyond k; of equal scores "
     "the later identifier stands higher.",
     "NIST, trec_eval 9", asTrecEval},
    {"mult_vae", "Mult-VAE", "Recall is over min(k, R).", "Liang, Krishnan, Hoffman & Jebara, WWW 2018",
     asMultVae},
    {"ncf_99", "NCF, 99 negatives",
     "The held-out items are ranked among 99 negatives of the user only (those that came with the data, else "
     "drawn "
     "evenly), which flatters every model.",
     "He et al., WWW 2017; Krichene & Rendle, KDD 2020", asNcf},
    {"tois", "TOIS evaluation", "NDCG's ideal list holds all R relevant items, not cut at k.",
     "Ferrari Dacrema, Boglio, Cremonesi & Jannach, TOIS 2021", asTois},
    {"cornac", "Cornac", "The reciprocal rank looks beyond k; RMSE and MAE are averaged per user first.",
     "Salah, Truong & Lauw, JMLR 2020", asCornac},
    {"implicit", "implicit", "Precision is the hits of all users over the sum of min(k, R).",
     "Frederickson, implicit 0.7", asImplicit},
    {"rectools", "RecTools",
     "NDCG's ideal list is k hits, also for users with fewer relevant items; MAP is over R.", "MTS, RecTools",
     asRecTools},
}};

} // namespace

std::span<const Dialect> dialects() { return table; }

const Dialect* findDialect(std::string_view id) {
    for (const Dialect& dialect : table)
        if (dialect.id == id) return &dialect;
    return nullptr;
}

Result<std::vector<std::string>> dialectIds(std::string_view text) {
    std::vector<std::string> ids;
    const auto add = [&ids](std::string_view id) {
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.emplace_back(id);
    };
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        std::string_view id = text.substr(0, comma);
        text.remove_prefix(std::min(comma + 1, text.size()));
        while (!id.empty() && id.front() == ' ')
            id.remove_prefix(1);
        while (!id.empty() && id.back() == ' ')
            id.remove_suffix(1);
        if (id.empty()) continue;
        if (id == "all") {
            for (const Dialect& dialect : table)
                add(dialect.id);
        } else if (findDialect(id)) {
            add(id);
        } else {
            std::string known;
            for (const Dialect& dialect : table)
                known.append(known.empty() ? "" : ", ").append(dialect.id);
            return Error{ErrorCode::NotFound,
                         "There is no dialect '" + std::string(id) + "'; known are " + known + ", all",
                         "dialect"};
        }
    }
    if (ids.empty()) return Error{ErrorCode::Invalid, "No dialect is named", "dialect"};
    return ids;
}

EvaluationOptions inDialect(EvaluationOptions options, const Dialect& dialect, const Split& split) {
    for (const EvaluationChoice& choice : evaluationChoices())
        choice.set(options, 0);
    options.candidates = {};
    dialect.apply(options, split);
    return options;
}

Result<std::vector<DialectReading>> evaluateDialects(const Recommender& model, const Split& split,
                                                     Target target, const EvaluationOptions& options,
                                                     std::span<const std::string> ids, ThreadPool& pool,
                                                     RunControl& control,
                                                     const std::function<void(double fraction)>& progress) {
    std::vector<DialectReading> readings;
    std::vector<EvaluationOptions> each;
    for (const std::string& id : ids) {
        const Dialect* dialect = findDialect(id);
        if (!dialect) return dialectIds(id).error();
        each.push_back(inDialect(options, *dialect, split));
        readings.push_back({dialect, each.back(), {}});
    }
    auto evaluations = evaluateEach(model, split, target, each, pool, control, progress);
    if (!evaluations) return evaluations.error();
    for (std::size_t n = 0; n < readings.size(); ++n)
        readings[n].evaluation = std::move((*evaluations)[n]);
    return readings;
}

} // namespace recoscope
