// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/knn_params.h"

namespace recoscope {

namespace {

TypedSchema<KnnParams> makeSchema(bool ofUsers) {
    const std::string rows = ofUsers ? "users" : "items";
    const std::string row = ofUsers ? "user" : "item";
    TypedSchema<KnnParams>::Builder builder;
    builder
        .integer("k", &KnnParams::k,
                 {.label = "Neighbours (k)",
                  .help = "How many of the most similar " + rows + " each " + row +
                          " keeps. Ties go to the lower index.",
                  .min = 1,
                  .max = 1'000'000,
                  .logScale = true})
        .choice(
            "similarity", &KnnParams::similarity,
            {{SimilarityKind::Cosine, {"cosine", "Cosine", "a·b / (|a||b| + shrink + 1e-6)"}},
             {SimilarityKind::Pearson,
              {"pearson", "Pearson",
               "Cosine of ratings after each " + row +
                   "'s own mean is taken away; missing "
                   "ratings count as the mean"}},
             {SimilarityKind::Jaccard,
              {"jaccard", "Jaccard",
               "Shared / all interactions: |a∩b| / (|a∪b| + shrink + 1e-6); values do not matter"}},
             {SimilarityKind::AdjustedCosine,
              {"adjusted_cosine", "Adjusted cosine",
               ofUsers
                   ? "Cosine of ratings after each item's mean is taken away"
                   : "Cosine of ratings after each user's mean is taken away, so that strict and generous "
                     "users count alike"}}},
            {.label = "Similarity", .help = "How alike two " + rows + " are."})
        .real("shrink", &KnnParams::shrink,
              {.label = "Shrink",
               .help = "Added to the similarity's denominator, so that pairs with little in common count "
                       "less. 0: off.",
               .min = 0.0,
               .max = 1e6})
        .choice("scoring", &KnnParams::scoring,
                {{KnnScoring::Implicit,
                  {"implicit", "Implicit (sum)",
                   ofUsers ? "Sum of similarity times the neighbour's interaction: a ranking score"
                           : "Sum of similarity times the history's interactions: a ranking score"}},
                 {KnnScoring::Explicit,
                  {"explicit", "Explicit (rating)",
                   "Mean of the " + row +
                       " plus the weighted average of the neighbours' deviations from their means: a "
                       "predicted rating"}}},
                {.label = "Scoring", .help = "Whether a score ranks or predicts a rating."})
        .choice("values", &KnnParams::values,
                {{EntryValues::Ones, {"ones", "1", "Every interaction counts 1, whatever its rating"}},
                 {EntryValues::Given, {"ratings", "Rating", "An interaction counts its rating"}}},
                {.label = "An interaction counts",
                 .help = "With implicit scoring: what an interaction counts in the similarity and in the "
                         "score. Pearson and "
                         "adjusted cosine always compare ratings; explicit scoring always uses ratings.",
                 .advanced = true,
                 .enabledBy = "scoring",
                 .enabledWhen = {"implicit"}});
    if (ofUsers)
        builder.choice(
            "neighbourhood", &KnnParams::neighbourhood,
            {{UserNeighbourhood::Own,
              {"own", "The user's own nearest",
               "A user is scored by the k users most "
               "similar to him, as in textbooks"}},
             {UserNeighbourhood::Reverse,
              {"reverse", "Those who hold the user near",
               "A user is scored by everybody who has him among their own k nearest: k kept per column of "
               "W"}}},
            {.label = "Neighbourhood", .help = "Whose interactions score a user.", .advanced = true});
    builder
        .choice("weighting", &KnnParams::weighting,
                {{Weighting::None, {"none", "None", "Interactions as they are"}},
                 {Weighting::TfIdf,
                  {"tfidf", "TF-IDF", "√x · ln(N / (1 + df)): what few " + rows + " share counts more"}},
                 {Weighting::Bm25,
                  {"bm25", "BM25",
                   "x(K1+1) / (K1(1−B+B·|" + row + "|/mean)+x) · ln(N / (1 + df)): as TF-IDF, and long " +
                       rows + " count less"}}},
                {.label = "Weighting",
                 .help = "Weights of interactions before comparing, with " + rows +
                         " as documents; N is the number of " + rows + ". Jaccard does not look at them."})
        .choice(
            "weighting_target", &KnnParams::weightingTarget,
            {{WeightingTarget::Similarity,
              {"similarity", "Similarity only", "The profile that is multiplied stays as it is"}},
             {WeightingTarget::SimilarityAndProfile,
              {"similarity_and_profile", "Similarity and profile",
               "The profile that is multiplied is weighted too"}}},
            {.label = "Weight",
             .help = "What the weighting is applied to. Two different models that papers call by one name.",
             .advanced = true,
             .enabledBy = "weighting",
             .enabledWhen = {"tfidf", "bm25"}})
        .real("bm25_k1", &KnnParams::bm25K1,
              {.label = "BM25 K1",
               .help = "How fast repeated or large values saturate.",
               .min = 0.0,
               .max = 1000.0,
               .advanced = true,
               .enabledBy = "weighting",
               .enabledWhen = {"bm25"}})
        .real("bm25_b", &KnnParams::bm25B,
              {.label = "BM25 B",
               .help = "How much long " + rows + " are discounted: 0 not at all, 1 fully.",
               .min = 0.0,
               .max = 1.0,
               .advanced = true,
               .enabledBy = "weighting",
               .enabledWhen = {"bm25"}});
    return builder.build();
}

bool comparesRatings(const KnnParams& params) {
    return params.similarity == SimilarityKind::Pearson ||
           params.similarity == SimilarityKind::AdjustedCosine;
}

} // namespace

SimilarityOptions KnnParams::similarityOptions() const {
    const bool ratings = explicitScoring() || comparesRatings(*this);
    return {similarity, ratings ? EntryValues::Given : values, shrink, weightingOptions()};
}

const TypedSchema<KnnParams>& itemKnnSchema() {
    static const auto schema = makeSchema(false);
    return schema;
}

const TypedSchema<KnnParams>& userKnnSchema() {
    static const auto schema = makeSchema(true);
    return schema;
}

Status checkKnn(const KnnParams& params, const Split& split) {
    const bool implicit = split.dataset()->scale().implicit;
    if (implicit && params.explicitScoring())
        return Error{ErrorCode::Invalid,
                     "Explicit scoring predicts ratings and this data has none; choose implicit", "scoring"};
    if (implicit && comparesRatings(params))
        return Error{
            ErrorCode::Invalid,
            "Pearson and adjusted cosine compare ratings and this data has none; choose cosine or Jaccard",
            "similarity"};
    if (params.explicitScoring() && params.weightsProfile())
        return Error{
            ErrorCode::Invalid,
            "Explicit scoring predicts ratings, so only the similarity can be weighted, not the profile",
            "weighting_target"};
    return {};
}

float meanOfAll(std::span<const float> values) {
    double sum = 0.0;
    for (const float value : values)
        sum += value;
    return values.empty() ? 0.0f : static_cast<float>(sum / static_cast<double>(values.size()));
}

void saveKnnParams(TensorFile& file, const TypedSchema<KnnParams>& schema, const KnnParams& params) {
    for (const auto& [key, value] : schema.write(params))
        file.setMeta("param." + key, toText(value));
}

Result<KnnParams> loadKnnParams(const TensorFile& file, const TypedSchema<KnnParams>& schema) {
    ParamMap map;
    for (const ParamSpec& spec : schema.schema().specs()) {
        const auto text = file.meta("param." + spec.key);
        if (!text) return text.error();
        const auto value = schema.schema().parse(spec.key, *text);
        if (!value) return value.error();
        map[spec.key] = *value;
    }
    return schema.read(map);
}

} // namespace recoscope
