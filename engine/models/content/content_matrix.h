// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/dataset.h"
#include "engine/data/feature_columns.h"
#include "engine/io/tensor_file.h"
#include "engine/linalg/similarity.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace recoscope {

/// What a list of categories says of an item.
enum class ListReading {
    Names,      // which categories it has
    FlagValues, // how many it has and how many it lacks, whichever they are: a row of 0/1 flags with its
                // values taken as the features, as in the runs of Ferrari Dacrema et al. (TOIS 2021)
};

/// Which attributes of items count as content.
struct ContentSources {
    bool titleWords = true; // free text: each word
    bool lists = true;      // several categories an item: genres, categories
    ListReading listReading = ListReading::Names;
    bool single = true;     // one category an item: brand
    bool bands = true;      // numbers: price, year; cut into bands that hold about as many items each
    std::int32_t bandCount = 8;
    std::int32_t minItems = 2; // what fewer items have is left out: it tells none of the others anything
    bool operator==(const ContentSources&) const = default;
};

class ContentMatrix;
using ContentPtr = std::shared_ptr<const ContentMatrix>;

/// What items are made of: items x features, an entry says how often an item has a feature (1, but for words
/// that a title repeats). Immutable; any
/// thread.
class ContentMatrix final {
public:
    /// Data whose items have none of the chosen attributes is an error. O(values of the table).
    static Result<ContentPtr> fit(const Dataset& dataset, const ContentSources& sources);
    static Result<ContentPtr> load(const TensorFile& file);
    void save(TensorFile& file) const;

    const Csr<ItemIndex, FeatureIndex>& items() const { return m_items; }
    const Csr<FeatureIndex, ItemIndex>& byFeature() const { return m_byFeature; }
    std::int32_t itemCount() const { return m_items.rowCount(); }
    std::int32_t featureCount() const { return m_items.colCount(); }
    /// "genres Comedy", "title harbour", "year 1994 to 1996".
    std::string title(FeatureIndex feature) const { return m_columns.title(feature); }
    /// The names of up to `most` features that both items have, the rarest first: "genres War, title star".
    std::string shared(ItemIndex a, ItemIndex b, std::size_t most) const;
    /// The same rows with weighted entries: items as documents, features as terms.
    Csr<ItemIndex, FeatureIndex> weighted(const WeightingOptions& weighting) const;

private:
    ContentMatrix() = default;
    FeatureColumns m_columns;
    Csr<ItemIndex, FeatureIndex> m_items;
    Csr<FeatureIndex, ItemIndex> m_byFeature;
};

/// The words of a text in lower case, in order: letters and figures; not numbers, single letters and the
/// commonest English words, which tell nothing of what a thing is. Other scripts are kept as they are.
std::vector<std::string> contentWords(std::string_view text);

} // namespace recoscope
