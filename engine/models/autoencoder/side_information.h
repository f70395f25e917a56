// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/data/dataset.h"
#include "engine/data/feature_columns.h"
#include "engine/models/autoencoder/autoencoder_params.h"

#include <memory>
#include <vector>

namespace recoscope {

class SideInformation;
using SidePtr = std::shared_ptr<const SideInformation>;

/// What an autoencoder knows besides histories: the attributes of users and of items as numbers, and how a
/// row of a batch is made of them. A row for the input holds the user's columns (where they join the input),
/// then the history's profile: the mean over its items of their columns. A row for the code holds the user's
/// columns.
///
/// A user is described by the row that training had for them, else by the query's features, else by nothing.
/// Immutable; any thread, each with a scratch of its own.
class SideInformation final {
public:
    /// Memory that is used again from row to row.
    struct Scratch {
        std::vector<FeatureIndex> columns;
        std::vector<float> values;
        std::vector<float> sums;          // by item column; 0 between rows
        std::vector<std::uint8_t> marked; // by item column; 0 between rows
        std::vector<FeatureIndex> touched;
    };

    /// What the parameters ask for; null when that is nothing. Data that lacks it is an error that names the
    /// parameter.
    static Result<SidePtr> fit(const AutoencoderParams& params, const Dataset& dataset);
    /// The same as saved, for that many users and items; checked.
    static Result<SidePtr> load(const AutoencoderParams& params, const TensorFile& file,
                                const DataSize& size);
    void save(TensorFile& file) const;

    std::int32_t userColumns() const { return m_userColumns.count(); }
    std::int32_t itemColumns() const { return m_itemColumns.count(); }
    /// Whether anything is known of whoever asks, besides the history.
    bool describes(const Query& query) const;

    Scratch makeScratch() const;
    /// One row for each of the network's side inputs. Allocates nothing for known users and a scratch of
    /// makeScratch().
    void append(const CodeNetwork& network, const Query& query, nn::Workspace<float>& workspace,
                Scratch& scratch) const;
    /// The most entries that append() makes for a known user with this history, in an input of either kind.
    std::int64_t mostEntries(UserIndex user, std::span<const ItemIndex> history) const;

private:
    SideInformation() = default;
    void takeUser(const Query& query, Scratch& scratch) const;
    void takeProfile(std::span<const ItemIndex> history, Scratch& scratch) const;

    bool m_userAtInput = false;
    FeatureColumns m_userColumns;
    FeatureColumns m_itemColumns;
    Csr<UserIndex, FeatureIndex> m_users; // users x userColumns()
    Csr<ItemIndex, FeatureIndex> m_items; // items x itemColumns()
};

/// Empties the network's side inputs before the rows of a batch are appended.
void clearSide(const CodeNetwork& network, nn::Workspace<float>& workspace);
/// Rows of people of whom nothing is known.
void appendNobody(const CodeNetwork& network, std::int32_t rows, nn::Workspace<float>& workspace);

} // namespace recoscope
