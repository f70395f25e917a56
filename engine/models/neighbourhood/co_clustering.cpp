// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/neighbourhood/co_clustering.h"

#include "engine/core/rng.h"
#include "engine/models/linear/item_weights.h"
#include "engine/models/neighbourhood/knn_params.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

namespace recoscope {

namespace {

struct Params {
    std::int32_t userGroups = 5;
    std::int32_t itemGroups = 5;
    std::int32_t epochs = 20;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("user_clusters", &Params::userGroups,
                     {.label = "User groups",
                      .help = "How many groups users are put in. A few are enough.",
                      .min = 1,
                      .max = 200})
            .integer("item_clusters", &Params::itemGroups,
                     {.label = "Item groups",
                      .help = "How many groups items are put in. A few are enough.",
                      .min = 1,
                      .max = 200})
            .integer("epochs", &Params::epochs,
                     {.label = "Epochs",
                      .help = "Rounds of putting users, then items, in their best groups.",
                      .min = 1,
                      .max = 1000,
                      .group = "Training"})
            .build();
    return schema;
}

/// Means and the items' groups: all that a prediction takes beside the history.
struct Groups {
    float mean = 0.0f;                   // of all ratings
    std::vector<float> userGroupMeans;   // C_g
    std::vector<float> itemGroupMeans;   // C_h
    std::vector<float> blockMeans;       // A_gh, row by user group
    std::vector<float> itemMeans;        // m_i
    std::vector<std::int32_t> itemGroup; // -1: no ratings

    std::size_t userGroups() const { return userGroupMeans.size(); }
    std::size_t itemGroups() const { return itemGroupMeans.size(); }
    float block(std::size_t g, std::size_t h) const { return blockMeans[g * itemGroups() + h]; }
    /// What is known of an item beside its group.
    float ofItem(std::size_t g, std::size_t item) const {
        const auto h = static_cast<std::size_t>(itemGroup[item]);
        return block(g, h) + itemMeans[item] - itemGroupMeans[h];
    }
    /// The group that explains a history best; ties go to the lower one.
    std::size_t bestGroup(std::span<const ItemIndex> items, std::span<const float> ratings,
                          float userMean) const {
        std::size_t best = 0;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t g = 0; g < userGroups(); ++g) {
            double sum = 0.0;
            const float own = userMean - userGroupMeans[g];
            for (std::size_t n = 0; n < items.size(); ++n) {
                const auto item = static_cast<std::size_t>(items[n]);
                if (itemGroup[item] < 0) continue;
                const double error = static_cast<double>(ratings[n]) - ofItem(g, item) - own;
                sum += error * error;
            }
            if (sum < least) {
                least = sum;
                best = g;
            }
        }
        return best;
    }
};

/// Immutable; any thread.
class CoClustering final : public Recommender {
public:
    CoClustering(std::int32_t users, Groups groups)
        : m_users(users)
        , m_groups(std::move(groups)) {}

    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_groups.itemMeans.size()); }

    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        for (std::size_t q = 0; q < queries.size(); ++q) {
            const Own own = ownOf(queries[q]);
            float* const scores = out.row(static_cast<Eigen::Index>(q)).data();
            for (std::size_t i = 0; i < m_groups.itemMeans.size(); ++i)
                scores[i] = blockPart(own, i) + itemPart(own, i) + own.beside + m_groups.mean;
        }
    }

    Result<Explanation> explain(const Query& query, ItemIndex item) const override {
        const Own own = ownOf(query);
        const auto i = static_cast<std::size_t>(item);
        Explanation result;
        result.additive = true;
        result.baseline = m_groups.mean;
        result.parts = {
            {"how this user's group rates the item's group", std::nullopt, blockPart(own, i), ""},
            {"the item beside its group", std::nullopt, itemPart(own, i), ""},
            {own.group ? "this user beside the group" : "this user's mean", std::nullopt, own.beside, ""}};
        result.score = result.baseline;
        for (const ExplanationPart& part : result.parts)
            result.score += part.contribution;
        sortByMagnitude(result.parts);
        result.summary = own.group ? "This user is in group " + std::to_string(*own.group + 1) + " of " +
                                         std::to_string(m_groups.userGroups()) + "."
                                   : std::string("Without a history there is no group: the item's mean.");
        return result;
    }

    void save(TensorFile& file) const override {
        saveCount(file, "user.total", m_users);
        file.set("mean", std::span<const float>(&m_groups.mean, 1));
        file.set("user_group.mean", std::span<const float>(m_groups.userGroupMeans));
        file.set("item_group.mean", std::span<const float>(m_groups.itemGroupMeans));
        file.set("block.mean", std::span<const float>(m_groups.blockMeans));
        file.set("item.mean", std::span<const float>(m_groups.itemMeans));
        file.set("item.group", std::span<const std::int32_t>(m_groups.itemGroup));
    }

    static Result<std::shared_ptr<const Recommender>> load(const TensorFile& file) {
        const auto users = loadCount(file, "user.total");
        if (!users) return users.error();
        const auto mean = file.floats("mean");
        if (!mean) return mean.error();
        if (mean->size() != 1) return Error{ErrorCode::Parse, "The mean is not one number", "mean"};
        Groups groups;
        groups.mean = mean->front();
        const std::pair<const char*, std::vector<float>*> lists[] = {
            {"user_group.mean", &groups.userGroupMeans},
            {"item_group.mean", &groups.itemGroupMeans},
            {"block.mean", &groups.blockMeans},
            {"item.mean", &groups.itemMeans}};
        for (const auto& [name, list] : lists) {
            auto values = file.floats(name);
            if (!values) return values.error();
            *list = std::move(*values);
        }
        auto itemGroup = file.ints("item.group");
        if (!itemGroup) return itemGroup.error();
        groups.itemGroup = std::move(*itemGroup);
        if (groups.userGroups() == 0 || groups.itemGroups() == 0 ||
            groups.blockMeans.size() != groups.userGroups() * groups.itemGroups())
            return Error{ErrorCode::Parse, "Expected a mean for each pair of groups", "block.mean"};
        const auto count = static_cast<std::int32_t>(groups.itemGroups());
        if (groups.itemGroup.size() != groups.itemMeans.size() ||
            !std::all_of(groups.itemGroup.begin(), groups.itemGroup.end(),
                         [&](std::int32_t h) { return h >= -1 && h < count; }))
            return Error{ErrorCode::Parse, "Expected a group for each item", "item.group"};
        return std::shared_ptr<const Recommender>(std::make_shared<CoClustering>(*users, std::move(groups)));
    }

private:
    /// What is known of who asks.
    struct Own {
        std::optional<std::size_t> group; // none without a history
        float beside = 0.0f;              // m_u - C_g
        float userMean = 0.0f;
    };

    Own ownOf(const Query& query) const {
        if (query.items.empty()) return {};
        Own own;
        own.userMean = meanOfAll(query.values);
        own.group = m_groups.bestGroup(query.items, query.values, own.userMean);
        own.beside = own.userMean - m_groups.userGroupMeans[*own.group];
        return own;
    }
    // Three parts that with the mean of all ratings make the score: A_gh - mean, m_i - C_h, m_u - C_g. An
    // item without ratings leaves the user's mean, a user without a history the item's.
    float blockPart(const Own& own, std::size_t item) const {
        if (!own.group) return 0.0f;
        if (m_groups.itemGroup[item] < 0) return m_groups.userGroupMeans[*own.group] - m_groups.mean;
        return m_groups.block(*own.group, static_cast<std::size_t>(m_groups.itemGroup[item])) - m_groups.mean;
    }
    float itemPart(const Own& own, std::size_t item) const {
        if (m_groups.itemGroup[item] < 0) return 0.0f;
        const auto h = static_cast<std::size_t>(m_groups.itemGroup[item]);
        return m_groups.itemMeans[item] - (own.group ? m_groups.itemGroupMeans[h] : m_groups.mean);
    }

    std::int32_t m_users;
    Groups m_groups;
};

class CoClusteringTrainer final : public Trainer {
public:
    CoClusteringTrainer(SplitPtr split, const Params& params, std::uint64_t seed)
        : m_split(std::move(split))
        , m_params(params)
        , m_userMeans(rowMeans(m_split->train(), 0.0f))
        , m_userGroup(m_userMeans.size()) {
        const auto userGroups = static_cast<std::size_t>(params.userGroups);
        const auto itemGroups = static_cast<std::size_t>(params.itemGroups);
        const float mean = meanOfAll(m_split->train().values());
        m_groups.mean = mean;
        m_groups.itemMeans = rowMeans(m_split->trainByItem(), mean);
        m_groups.userGroupMeans.assign(userGroups, mean);
        m_groups.itemGroupMeans.assign(itemGroups, mean);
        m_groups.blockMeans.assign(userGroups * itemGroups, mean);
        m_groups.itemGroup.resize(m_groups.itemMeans.size());
        m_blockSums.resize(m_groups.blockMeans.size());
        Rng rng = Rng::stream(seed, "co_clustering");
        for (std::size_t& g : m_userGroup)
            g = static_cast<std::size_t>(rng.below(userGroups));
        for (std::size_t i = 0; i < m_groups.itemGroup.size(); ++i) {
            const auto h = static_cast<std::int32_t>(rng.below(itemGroups));
            m_groups.itemGroup[i] =
                m_split->trainByItem().rowSize(ItemIndex{static_cast<std::int32_t>(i)}) > 0 ? h : -1;
        }
    }

    int plannedEpochs() const override { return m_params.epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const bool completed = computeMeans(context.control) && assignUsers(context) &&
                               computeMeans(context.control) && assignItems(context) &&
                               computeMeans(context.control);
        if (!completed) return EpochResult{false, 0.0, {}};
        const double loss = errorOn(m_split->train());
        if (!std::isfinite(loss))
            return Error{ErrorCode::Numeric, "Means are not finite: the ratings are too large",
                         "user_clusters"};
        return EpochResult{true, static_cast<double>(m_split->train().size()), {{"loss", loss}}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<CoClustering>(m_split->dataset()->userCount(), m_groups);
    }

    std::optional<double> validationLoss(EpochContext&) const override {
        return errorOn(m_split->validation());
    }

private:
    struct Sum {
        double ratings = 0.0;
        double count = 0.0;
        float mean(float otherwise) const {
            return count > 0.0 ? static_cast<float>(ratings / count) : otherwise;
        }
    };

    bool computeMeans(RunControl& control) {
        const UserItemCsr& train = m_split->train();
        const std::size_t itemGroups = m_groups.itemGroups();
        std::fill(m_blockSums.begin(), m_blockSums.end(), Sum{});
        for (std::int32_t u = 0; u < train.rowCount(); ++u) {
            if (!control.keepGoing()) return false;
            Sum* const sums = m_blockSums.data() + m_userGroup[static_cast<std::size_t>(u)] * itemGroups;
            const auto items = train.cols(UserIndex{u});
            const auto ratings = train.values(UserIndex{u});
            for (std::size_t n = 0; n < items.size(); ++n) {
                Sum& sum = sums[m_groups.itemGroup[static_cast<std::size_t>(items[n])]];
                sum.ratings += static_cast<double>(ratings[n]);
                sum.count += 1.0;
            }
        }
        for (std::size_t g = 0; g < m_groups.userGroups(); ++g) {
            Sum all;
            for (std::size_t h = 0; h < itemGroups; ++h)
                add(all, m_blockSums[g * itemGroups + h]);
            m_groups.userGroupMeans[g] = all.mean(m_groups.mean);
        }
        for (std::size_t h = 0; h < itemGroups; ++h) {
            Sum all;
            for (std::size_t g = 0; g < m_groups.userGroups(); ++g)
                add(all, m_blockSums[g * itemGroups + h]);
            m_groups.itemGroupMeans[h] = all.mean(m_groups.mean);
        }
        for (std::size_t b = 0; b < m_blockSums.size(); ++b)
            m_groups.blockMeans[b] = m_blockSums[b].mean(m_groups.mean);
        return true;
    }

    static void add(Sum& all, const Sum& part) {
        all.ratings += part.ratings;
        all.count += part.count;
    }

    bool assignUsers(EpochContext& context) {
        const UserItemCsr& train = m_split->train();
        std::atomic<bool> completed{true};
        context.pool.forChunks(train.rowCount(), rowsPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t u = chunk.begin; u < chunk.end; ++u) {
                if (!context.control.keepGoing()) {
                    completed.store(false, std::memory_order_relaxed);
                    return;
                }
                const UserIndex user{static_cast<std::int32_t>(u)};
                const auto at = static_cast<std::size_t>(u);
                if (train.rowSize(user) > 0)
                    m_userGroup[at] =
                        m_groups.bestGroup(train.cols(user), train.values(user), m_userMeans[at]);
            }
        });
        return completed.load();
    }

    bool assignItems(EpochContext& context) {
        const ItemUserCsr& byItem = m_split->trainByItem();
        std::atomic<bool> completed{true};
        context.pool.forChunks(byItem.rowCount(), rowsPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
                if (!context.control.keepGoing()) {
                    completed.store(false, std::memory_order_relaxed);
                    return;
                }
                const ItemIndex item{static_cast<std::int32_t>(i)};
                if (byItem.rowSize(item) > 0)
                    m_groups.itemGroup[static_cast<std::size_t>(i)] =
                        static_cast<std::int32_t>(bestItemGroup(item));
            }
        });
        return completed.load();
    }

    std::size_t bestItemGroup(ItemIndex item) const {
        const auto users = m_split->trainByItem().cols(item);
        const auto ratings = m_split->trainByItem().values(item);
        const float own = m_groups.itemMeans[static_cast<std::size_t>(item)];
        std::size_t best = 0;
        double least = std::numeric_limits<double>::infinity();
        for (std::size_t h = 0; h < m_groups.itemGroups(); ++h) {
            double sum = 0.0;
            for (std::size_t n = 0; n < users.size(); ++n) {
                const auto user = static_cast<std::size_t>(users[n]);
                const std::size_t g = m_userGroup[user];
                const double error = static_cast<double>(ratings[n]) - m_groups.block(g, h) -
                                     (m_userMeans[user] - m_groups.userGroupMeans[g]) -
                                     (own - m_groups.itemGroupMeans[h]);
                sum += error * error;
            }
            if (sum < least) {
                least = sum;
                best = h;
            }
        }
        return best;
    }

    /// Mean squared error with the groups as they are; users without training ratings have the mean.
    double errorOn(const UserItemCsr& part) const {
        double sum = 0.0;
        for (std::int32_t u = 0; u < part.rowCount(); ++u) {
            const auto user = static_cast<std::size_t>(u);
            const std::size_t g = m_userGroup[user];
            const bool known = m_split->trainedUser(UserIndex{u});
            const auto items = part.cols(UserIndex{u});
            const auto ratings = part.values(UserIndex{u});
            for (std::size_t n = 0; n < items.size(); ++n) {
                const auto item = static_cast<std::size_t>(items[n]);
                double predicted = known ? m_userMeans[user] : m_groups.itemMeans[item];
                if (known && m_groups.itemGroup[item] >= 0)
                    predicted += static_cast<double>(m_groups.ofItem(g, item)) - m_groups.userGroupMeans[g];
                sum += (static_cast<double>(ratings[n]) - predicted) *
                       (static_cast<double>(ratings[n]) - predicted);
            }
        }
        return part.empty() ? 0.0 : sum / static_cast<double>(part.size());
    }

    static constexpr std::int64_t rowsPerChunk = 16;
    SplitPtr m_split;
    Params m_params;
    std::vector<float> m_userMeans;
    std::vector<std::size_t> m_userGroup;
    Groups m_groups;
    std::vector<Sum> m_blockSums;
};

FitCost cost(const DataShape& shape, const ParamMap& params) {
    const double groups = numberIn(params, "user_clusters").value_or(Params{}.userGroups) +
                          numberIn(params, "item_clusters").value_or(Params{}.itemGroups);
    return {.bytes = 24.0 * (shape.users + shape.items),
            .scattered = numberIn(params, "epochs").value_or(Params{}.epochs) * shape.interactions * (groups + 4.0),
            .memory = "a mean and a group for each user and item"};
}

} // namespace

AlgorithmInfo coClusteringInfo() {
    return {
        .id = "co_clustering",
        .title = "Co-clustering",
        .family = "Neighbourhood",
        .summary = "Puts users and items in groups at once and predicts how a group of users rates a group "
                   "of items, "
                   "beside the means of both. Quick, small, and easy to read.",
        .equation = "r̂(u, i) = A_gh + (m_u − C_g) + (m_i − C_h)\n"
                    "g: group of u, h: group of i; min Σ (r_ui − r̂(u, i))² over the groups",
        .reference =
            "George & Merugu: A Scalable Collaborative Filtering Framework Based on Co-clustering, ICDM 2005",
        .needs = {.ratings = true},
        .capabilities = {.foldIn = true, .explains = true, .predictsRatings = true, .iterative = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(
                std::make_unique<CoClusteringTrainer>(input.split, *params, input.seed));
        },
        .load = &CoClustering::load,
        .cost = &cost,
    };
}

} // namespace recoscope
