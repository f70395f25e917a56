// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/io/tensor_file.h"
#include "engine/models/content/content_matrix.h"

namespace recoscope {

/// The parameters that every content-based algorithm has, in one place: P has the members titleWords, lists,
/// single, bands, bandCount and minItems of ContentSources, and weighting, bm25K1 and bm25B.
struct ContentParams : ContentSources {
    Weighting weighting = Weighting::TfIdf;
    double bm25K1 = 1.2;
    double bm25B = 0.75;
    bool operator==(const ContentParams&) const = default;

    WeightingOptions weightingOptions() const { return {weighting, bm25K1, bm25B}; }
};

template <class P>
void addContentSources(typename TypedSchema<P>::Builder& builder) {
    const auto member = [](auto ContentSources::*pointer) {
        using T = std::remove_reference_t<decltype(std::declval<ContentSources&>().*pointer)>;
        return static_cast<T P::*>(pointer);
    };
    builder
        .flag("genres", member(&ContentSources::lists),
              {.label = "Genres and categories",
               .help = "Count the lists of categories that items have: genres, categories.",
               .group = "Content"})
        .choice("genres_as", member(&ContentSources::listReading),
                {{ListReading::Names, {"names", "Names", "Which genres an item has"}},
                 {ListReading::FlagValues,
                  {"flag_values", "Values of flags",
                   "How many genres an item has and how many it lacks, whichever they are. Published tables "
                   "were made so (Ferrari Dacrema et al., TOIS 2021); of use to compare with them"}}},
                {.label = "Genres count by",
                 .help = "What two items must share to be alike.",
                 .advanced = true,
                 .group = "Content",
                 .enabledBy = "genres",
                 .enabledWhen = {"true"}})
        .flag("brands", member(&ContentSources::single),
              {.label = "Brands",
               .help = "Count attributes of which an item has one: brand, author, publisher.",
               .group = "Content"})
        .flag("title_words", member(&ContentSources::titleWords),
              {.label = "Words of titles",
               .help = "Count the words of free texts, without numbers and the commonest words.",
               .group = "Content"})
        .flag("number_bands", member(&ContentSources::bands),
              {.label = "Bands of numbers",
               .help = "Count numbers such as price and year, cut into bands that hold about as many items "
                       "each.",
               .group = "Content"})
        .integer("bands", member(&ContentSources::bandCount),
                 {.label = "Bands a number",
                  .help = "How many bands a number is cut into.",
                  .min = 2,
                  .max = 1000,
                  .advanced = true,
                  .group = "Content",
                  .enabledBy = "number_bands",
                  .enabledWhen = {"true"}})
        .integer("min_items", member(&ContentSources::minItems),
                 {.label = "Items a feature",
                  .help =
                      "Features that fewer items have are left out. What one item alone has relates it to "
                      "no other.",
                  .min = 1,
                  .max = 1'000'000,
                  .logScale = true,
                  .advanced = true,
                  .group = "Content"});
}

template <class P>
void addContentWeighting(typename TypedSchema<P>::Builder& builder, const std::string& what) {
    const auto member = [](auto ContentParams::*pointer) {
        using T = std::remove_reference_t<decltype(std::declval<ContentParams&>().*pointer)>;
        return static_cast<T P::*>(pointer);
    };
    builder
        .choice("weighting", member(&ContentParams::weighting),
                {{Weighting::None, {"none", "None", "Entries as they are"}},
                 {Weighting::TfIdf,
                  {"tfidf", "TF-IDF", "√x · ln(N / (1 + df)): what few items have counts more"}},
                 {Weighting::Bm25,
                  {"bm25", "BM25",
                   "x(K1+1) / (K1(1−B+B·|item|/mean)+x) · ln(N / (1 + df)): as TF-IDF, and items with many "
                   "entries count less"}}},
                {.label = "Weighting",
                 .help = "Weights of " + what + ", with items as documents; N is the number of items."})
        .real("bm25_k1", member(&ContentParams::bm25K1),
              {.label = "BM25 K1",
               .help = "How fast large values saturate.",
               .min = 0.0,
               .max = 1000.0,
               .advanced = true,
               .enabledBy = "weighting",
               .enabledWhen = {"bm25"}})
        .real("bm25_b", member(&ContentParams::bm25B),
              {.label = "BM25 B",
               .help = "How much items with many entries are discounted: 0 not at all, 1 fully.",
               .min = 0.0,
               .max = 1.0,
               .advanced = true,
               .enabledBy = "weighting",
               .enabledWhen = {"bm25"}});
}

/// Parameters as a model file's metadata, and back.
template <class P>
void saveParams(TensorFile& file, const TypedSchema<P>& schema, const P& params) {
    for (const auto& [key, value] : schema.write(params))
        file.setMeta("param." + key, toText(value));
}

template <class P>
Result<P> loadParams(const TensorFile& file, const TypedSchema<P>& schema) {
    ParamMap map;
    for (const ParamSpec& spec : schema.schema().specs()) {
        const auto text = file.meta("param." + spec.key);
        if (!text) continue; // younger than the file: it has its default
        const auto value = schema.schema().parse(spec.key, *text);
        if (!value) return value.error();
        map[spec.key] = *value;
    }
    return schema.read(map);
}

} // namespace recoscope
