// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/ranking_model.h"

#include "engine/core/rng.h"
#include "engine/models/factorization/factor_explanation.h"

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

constexpr std::size_t kMostSteps = 20'000;
constexpr int kTries = NegativeSampler::kTries;

/// Gradient steps of one user's factors while items are held.
class FoldIn {
public:
    FoldIn(const MatrixF& items, const VectorF& itemBias, const RankingStep& step,
           std::span<const float> rankWeights, std::span<const ItemIndex> history)
        : m_items(items)
        , m_itemBias(itemBias)
        , m_step(step)
        , m_rankWeights(rankWeights)
        , m_history(history)
        , m_rng(Rng::stream(0, "ranking.fold_in"))
        , m_p(VectorF::Zero(items.cols())) {}

    VectorF run(int passes) {
        const auto most = static_cast<int>(std::max<std::size_t>(1, kMostSteps / m_history.size()));
        for (int pass = 0; pass < std::min(passes, most); ++pass)
            for (const ItemIndex item : m_history)
                visit(item);
        return m_p.allFinite() ? m_p : VectorF(VectorF::Zero(m_p.size()));
    }

private:
    void visit(ItemIndex item) {
        switch (m_step.loss) {
        case RankingLoss::Bpr:
            if (const auto other = draw()) {
                const float x = score(item) - score(*other);
                stepBetween(item, *other, 1.0f / (1.0f + std::exp(x)));
            }
            return;
        case RankingLoss::Warp: {
            const float wanted = score(item);
            for (int n = 1; n <= m_step.tries; ++n) {
                const auto other = draw();
                if (!other) return;
                if (1.0f - wanted + score(*other) <= 0.0f) continue;
                const auto others = static_cast<std::size_t>(m_items.rows()) - m_history.size();
                const std::size_t rank = std::max<std::size_t>(1, others / static_cast<std::size_t>(n));
                stepBetween(item, *other, m_rankWeights[rank]);
                return;
            }
            return;
        }
        case RankingLoss::Squared:
        case RankingLoss::Logistic: {
            stepAlong(item, slope(item, true));
            const int whole = static_cast<int>(m_step.negatives);
            const float rest = m_step.negatives - static_cast<float>(whole);
            const int draws = whole + (rest > 0.0f && m_rng.uniformFloat() < rest ? 1 : 0);
            for (int n = 0; n < draws; ++n) {
                const auto other = draw();
                if (!other) return;
                stepAlong(*other, slope(*other, false));
            }
            return;
        }
        }
    }

    std::optional<ItemIndex> draw() {
        for (int attempt = 0; attempt < kTries; ++attempt) {
            const auto at = m_rng.below(static_cast<std::uint64_t>(m_items.rows()));
            const ItemIndex item{static_cast<std::int32_t>(at)};
            if (!std::binary_search(m_history.begin(), m_history.end(), item)) return item;
        }
        return std::nullopt;
    }
    float score(ItemIndex item) const { return m_items.row(toInt(item)).dot(m_p) + m_itemBias[toInt(item)]; }
    float slope(ItemIndex item, bool chosen) const {
        const float s = score(item);
        if (m_step.loss == RankingLoss::Squared) return (chosen ? 1.0f : 0.0f) - s;
        return chosen ? 1.0f / (1.0f + std::exp(s)) : -1.0f / (1.0f + std::exp(-s));
    }
    void stepBetween(ItemIndex item, ItemIndex other, float g) {
        m_gradient.noalias() =
            g * (m_items.row(toInt(item)) - m_items.row(toInt(other))).transpose() - m_step.regUser * m_p;
        follow();
    }
    void stepAlong(ItemIndex item, float g) {
        m_gradient.noalias() = g * m_items.row(toInt(item)).transpose() - m_step.regUser * m_p;
        follow();
    }
    void follow() {
        if (!m_step.adaGrad) {
            m_p += m_step.rate * m_gradient;
            return;
        }
        m_p += m_step.rate / std::sqrt(m_squares) * m_gradient;
        m_squares += m_gradient.squaredNorm() / static_cast<float>(m_p.size());
    }

    const MatrixF& m_items;
    const VectorF& m_itemBias;
    const RankingStep& m_step;
    std::span<const float> m_rankWeights;
    std::span<const ItemIndex> m_history;
    Rng m_rng;
    VectorF m_p;
    float m_squares = 1.0f; // as training starts
    VectorF m_gradient;
};

} // namespace

RankingModel::RankingModel(MatrixF users, MatrixF items, VectorF itemBias, const RankingFold& fold)
    : m_users(std::move(users))
    , m_items(std::move(items))
    , m_itemBias(std::move(itemBias))
    , m_fold(fold) {
    if (fold.step.loss == RankingLoss::Warp) m_rankWeights = warpWeights(itemCount());
}

VectorF RankingModel::userOf(const Query& query) const {
    if (query.user && toInt(*query.user) >= 0 && toInt(*query.user) < userCount())
        return m_users.row(toInt(*query.user)).transpose();
    if (query.items.empty()) return VectorF::Zero(m_items.cols());
    return FoldIn(m_items, m_itemBias, m_fold.step, m_rankWeights, query.items).run(m_fold.passes);
}

void RankingModel::score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const {
    MatrixF p(static_cast<Eigen::Index>(queries.size()), m_items.cols());
    for (std::size_t q = 0; q < queries.size(); ++q)
        p.row(static_cast<Eigen::Index>(q)) = userOf(queries[q]).transpose();
    out.noalias() = p * m_items.transpose();
    out.rowwise() += m_itemBias.transpose();
}

Result<Explanation> RankingModel::explain(const Query& query, ItemIndex item) const {
    Explanation why;
    if (m_fold.step.itemBias)
        why.parts.push_back({"item bias", std::nullopt, static_cast<double>(m_itemBias[toInt(item)]),
                             "how the item does with everybody"});
    addFactorParts(userOf(query), m_items.row(toInt(item)), why);
    finishParts(why);
    why.summary = "How well the factors of user and item fit, and how the item does with everybody. Scores "
                  "say an order, not a rating.";
    return why;
}

void RankingModel::save(TensorFile& file) const {
    file.set("user.factors", m_users);
    file.set("item.factors", m_items);
    file.set("item.bias",
             std::span<const float>(m_itemBias.data(), static_cast<std::size_t>(m_itemBias.size())));
    const RankingStep& step = m_fold.step;
    const std::int32_t kinds[] = {static_cast<std::int32_t>(step.loss), step.adaGrad ? 1 : 0,
                                  step.itemBias ? 1 : 0, step.tries, m_fold.passes};
    const float numbers[] = {step.rate, step.regUser, step.negatives};
    file.set("fold_in.kinds", std::span<const std::int32_t>(kinds));
    file.set("fold_in.numbers", std::span<const float>(numbers));
}

Result<std::shared_ptr<const Recommender>> RankingModel::load(const TensorFile& file) {
    auto users = file.matrix("user.factors");
    if (!users) return users.error();
    auto items = file.matrix("item.factors");
    if (!items) return items.error();
    const auto bias = file.floats("item.bias");
    if (!bias) return bias.error();
    const auto kinds = file.ints("fold_in.kinds");
    if (!kinds) return kinds.error();
    const auto numbers = file.floats("fold_in.numbers");
    if (!numbers) return numbers.error();
    if (users->cols() != items->cols() || items->cols() < 1)
        return Error{ErrorCode::Parse, "User and item factors differ in length", "item.factors"};
    if (static_cast<Eigen::Index>(bias->size()) != items->rows())
        return Error{ErrorCode::Parse, "Not one bias for each item", "item.bias"};
    const std::vector<std::int32_t>& k = *kinds;
    if (k.size() != 5 || k[0] < 0 || k[0] > static_cast<std::int32_t>(RankingLoss::Logistic) || k[1] < 0 ||
        k[1] > 1 || k[2] < 0 || k[2] > 1 || k[3] < 1 || k[4] < 0)
        return Error{ErrorCode::Parse, "The kind of loss is unknown", "fold_in.kinds"};
    const std::vector<float>& n = *numbers;
    if (n.size() != 3 || n[0] < 0.0f || n[1] < 0.0f || n[2] < 0.0f || n[2] > 1000.0f)
        return Error{ErrorCode::Parse, "Rate, regularisation and number of sampled items are no such numbers",
                     "fold_in.numbers"};
    RankingFold fold;
    fold.step.loss = static_cast<RankingLoss>(k[0]);
    fold.step.adaGrad = k[1] == 1;
    fold.step.itemBias = k[2] == 1;
    fold.step.tries = k[3];
    fold.passes = k[4];
    fold.step.rate = n[0];
    fold.step.regUser = n[1];
    fold.step.negatives = n[2];
    VectorF itemBias = Eigen::Map<const VectorF>(bias->data(), items->rows());
    return std::shared_ptr<const Recommender>(
        std::make_shared<RankingModel>(std::move(*users), std::move(*items), std::move(itemBias), fold));
}

} // namespace recoscope
