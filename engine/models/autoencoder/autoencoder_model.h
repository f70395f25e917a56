// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/autoencoder/autoencoder_design.h"

#include <memory>
#include <mutex>

namespace recoscope {

/// A fitted autoencoder. Scores any history without retraining:
///
///     c = encode(x),  ŝ = decode(c)        x: the history, one number an item
///
/// or, where the parameters say so, by the nearness of the user's code to the items' codes, or by what the
/// users with the nearest codes took. Attributes of users and items join x or c where the parameters say so
/// (see SideInformation); a user with attributes and no history then has a code and a list too. Immutable;
/// any thread (codes of all users and items are made at first use, once).
class AutoencoderModel final : public Recommender, public LatentSpace {
public:
    /// @param network     wiring of `design` for as many items as `histories` has columns
    /// @param parameters  of that network
    /// @param histories   what training saw: for the users' codes and the neighbours' choices
    /// @param side        of the same users and items; null without side information
    AutoencoderModel(DesignPtr design, std::shared_ptr<const CodeNetwork> network,
                     nn::ParameterSet<float> parameters, std::shared_ptr<const UserItemCsr> histories,
                     SidePtr side);

    std::int32_t userCount() const override { return m_histories->rowCount(); }
    std::int32_t itemCount() const override { return m_histories->colCount(); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override;
    /// What the score loses when a history item is left out, for each, and when the user's attributes are:
    /// not additive. O(history) forward passes.
    Result<Explanation> explain(const Query& query, ItemIndex item) const override;
    const MatrixF* itemEmbeddings() const override;
    const MatrixF* userEmbeddings() const override;
    const LatentSpace* latentSpace() const override { return this; }
    bool predictsRatings() const override { return m_design->predictsRatings(); }
    void save(TensorFile& file) const override;

    std::int32_t size() const override;
    void encode(std::span<const Query> queries, Eigen::Ref<MatrixF> codes) const override;
    /// Of a code alone: where attributes join the code, the answer is that for a person without any.
    void decode(Eigen::Ref<const MatrixF> codes, Eigen::Ref<MatrixF> scores) const override;
    Reconstruction reconstruct(const Query& query, std::optional<std::uint64_t> noiseSeed) const override;
    bool generative() const override { return m_network->generative; }
    void samplePrior(Rng& rng, Eigen::Ref<MatrixF> codes) const override;

    const nn::ParameterSet<float>& parameters() const { return m_parameters; }

private:
    struct Codes {
        MatrixF items; // items x d
        MatrixF users; // users x d
    };
    const Codes& codes() const;
    void bind(std::span<const Query> queries, nn::Workspace<float>& workspace) const;
    /// Runs `plan` over the queries in blocks; take(first row, rows, workspace) gets each block's values.
    template <class Take>
    void forEachBlock(std::span<const Query> queries, const nn::Plan& plan, const Take& take) const;
    void scoreByCodes(const MatrixF& userCodes, Eigen::Ref<MatrixF> out) const;

    DesignPtr m_design;
    std::shared_ptr<const CodeNetwork> m_network;
    nn::ParameterSet<float> m_parameters;
    std::shared_ptr<const UserItemCsr> m_histories;
    SidePtr m_side;
    nn::Plan m_encodePlan;
    nn::Plan m_scorePlan;
    nn::Plan m_decodePlan;
    mutable std::once_flag m_codesMade;
    mutable Codes m_codes;
};

/// One batch row from a history: its values as the parameters count them.
void appendHistory(nn::SparseBatch<float>& batch, std::span<const ItemIndex> items,
                   std::span<const float> values, HistoryValues counted, float offset = 0.0f);

} // namespace recoscope
