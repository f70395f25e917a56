// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/linear/slim.h"

#include "engine/linalg/elastic_net.h"
#include "engine/linalg/item_gram.h"
#include "engine/models/linear/item_rows.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace recoscope {

namespace {

struct Params {
    double alpha = 0.2;
    double l1Ratio = 0.02;
    bool positiveOnly = true;
    std::int32_t k = 500;
    EntryValues values = EntryValues::Ones;
    std::int32_t rounds = 100;
    double tolerance = 1e-2;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .real("alpha", &Params::alpha,
                  {.label = "Alpha",
                   .help = "Strength of both penalties together, for each user. Larger weights fewer users' "
                           "habits.",
                   .min = 1e-6,
                   .max = 1000.0,
                   .logScale = true})
            .real(
                "l1_ratio", &Params::l1Ratio,
                {.label = "L1 ratio",
                 .help = "The share of the penalty that makes weights exactly 0; the rest only shrinks them.",
                 .min = 0.0,
                 .max = 1.0})
            .flag("positive_only", &Params::positiveOnly,
                  {.label = "Positive only",
                   .help = "Allows no weights below 0: items can only speak for others."})
            .integer("k", &Params::k,
                     {.label = "Neighbours (k)",
                      .help = "How many weights each item keeps, the largest. Ties go to the lower index.",
                      .min = 1,
                      .max = 1'000'000,
                      .logScale = true})
            .choice(
                "values", &Params::values, entryValueChoices(),
                {.label = "An interaction counts",
                 .help =
                     "What an interaction counts when the weights are fitted and when a history is scored.",
                 .advanced = true})
            .integer("max_iter", &Params::rounds,
                     {.label = "Rounds",
                      .help = "At most this many rounds over all items for one item's weights.",
                      .min = 1,
                      .max = 100'000,
                      .logScale = true,
                      .advanced = true})
            .real(
                "tolerance", &Params::tolerance,
                {.label = "Tolerance",
                 .help = "An item is done when no weight of it moves by more than this share of its largest.",
                 .min = 0.0,
                 .max = 1.0,
                 .advanced = true})
            .build();
    return schema;
}

class SlimTrainer final : public Trainer {
public:
    SlimTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params)
        , m_weights(toCsr(ItemRows(static_cast<std::size_t>(m_split->dataset()->itemCount())))) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        constexpr double gramShare = 0.05; // of the time, about
        const auto report = [&](double fraction) {
            if (context.progress) context.progress(fraction, fraction * examples);
        };
        MatrixF gram;
        if (!itemGram(m_split->train(), m_split->trainByItem(), m_params.values, gram, context.pool,
                      context.control, [&](double fraction) { report(gramShare * fraction); }))
            return EpochResult{false, 0.0, {}};
        const ElasticNetOptions options = optionsFor();
        const std::int64_t items = gram.rows();
        ItemRows rows(static_cast<std::size_t>(items));
        std::vector<std::unique_ptr<Scratch>> scratch(static_cast<std::size_t>(context.pool.threadCount()));
        std::atomic<std::int64_t> done{0};
        std::atomic<bool> completed{true};
        std::atomic<bool> finite{true};
        context.pool.forChunks(items, ElasticNet::kColumns, [&](const Chunk& chunk) {
            auto& own = scratch[static_cast<std::size_t>(chunk.thread)];
            if (!own) own = std::make_unique<Scratch>(gram, options);
            if (!own->net.fit(chunk.begin, chunk.end, context.control)) {
                completed.store(false, std::memory_order_relaxed);
                return;
            }
            for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
                own->net.weights(i - chunk.begin, own->column);
                for (const float weight : own->column)
                    if (!std::isfinite(weight)) finite.store(false, std::memory_order_relaxed);
                keepLargest(own->column, m_params.k, !m_params.positiveOnly, own->best,
                            rows[static_cast<std::size_t>(i)]);
            }
            const std::int64_t sofar = done.fetch_add(chunk.end - chunk.begin) + chunk.end - chunk.begin;
            if (chunk.thread == 0)
                report(gramShare +
                       (1.0 - gramShare) * static_cast<double>(sofar) / static_cast<double>(items));
        });
        if (!completed.load()) return EpochResult{false, 0.0, {}};
        if (!finite.load())
            return Error{ErrorCode::Numeric, "Weights grow without bound; raise alpha or lower the L1 ratio",
                         "alpha"};
        m_weights = toCsr(std::move(rows));
        return EpochResult{true, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<SparseItemModel>(m_split->dataset()->userCount(), m_params.values,
                                                 ItemWeights(m_weights));
    }

private:
    /// One thread's.
    struct Scratch {
        Scratch(const MatrixF& gram, const ElasticNetOptions& options)
            : net(gram, options) {}
        ElasticNet net;
        std::vector<float> column;
        std::vector<std::int32_t> best;
    };

    ElasticNetOptions optionsFor() const {
        std::int64_t users = 0;
        for (std::int32_t u = 0; u < m_split->train().rowCount(); ++u)
            users += m_split->trainedUser(UserIndex{u}) ? 1 : 0;
        const double strength = m_params.alpha * static_cast<double>(users);
        return {strength * m_params.l1Ratio, strength * (1.0 - m_params.l1Ratio), m_params.positiveOnly,
                m_params.rounds, m_params.tolerance};
    }

    SplitPtr m_split;
    Params m_params;
    ItemItemCsr m_weights; // by target
};

FitCost cost(const DataShape& shape, const ParamMap& params) {
    FitCost result =
        sparseItemCost(shape, params, Params{}.k, (shape.squaredHistories + shape.interactions) / 2.0);
    const double n = shape.items;
    constexpr double threads = 2.0;
    constexpr double rounds = 18.0; // whole ones; on MovieLens 1M, and generated data twenty times its size
    // Nobody's slope passes the L1 penalty for an item that fewer people have.
    const auto given = typedSchema().read(params);
    const double penalty = given ? given->alpha * given->l1Ratio * shape.users : 0.0;
    const double taking = given && given->values == EntryValues::Ones ? shape.itemsAbove(penalty) : n;
    result.bytes += 4.0 * n * n + threads * 4.0 * (3.0 * ElasticNet::kColumns + 64.0) * n;
    result.dense = rounds * taking * taking * n;
    result.memory = "items² x 4 bytes for the co-occurrences, items x k weights x 8 bytes, three times";
    return result;
}

} // namespace

AlgorithmInfo slimInfo() {
    return {
        .id = "slim",
        .title = "SLIM",
        .family = "Linear",
        .summary =
            "Learns which few items speak for each item, by an elastic net on everybody's histories. Slower "
            "to fit than EASE, with fewer weights and as accurate.",
        .equation = "ŝ(u, ·) = x_u W\n"
                    "for each j: min_w 1/(2n) ‖x_j − X w‖² + α (ρ‖w‖₁ + (1−ρ)/2 ‖w‖²), w_j = 0, w ≥ 0",
        .reference = "Ning & Karypis: SLIM: Sparse Linear Methods for Top-N Recommender Systems, ICDM 2011",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<SlimTrainer>(input.split, *params));
        },
        .load = &SparseItemModel::load,
        .cost = &cost,
    };
}

} // namespace recoscope
