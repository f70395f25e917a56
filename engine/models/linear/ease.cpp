// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/linear/ease.h"

#include "engine/linalg/item_gram.h"
#include "engine/linalg/spd_inverse.h"
#include "engine/models/linear/dense_item_model.h"
#include "engine/models/linear/item_weights.h"

#include <atomic>
#include <cmath>

namespace recoscope {

namespace {

struct Params {
    double reg = 250.0;
    EntryValues values = EntryValues::Ones;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .real("reg_weight", &Params::reg,
                  {.label = "Regularisation (l2)",
                   .help = "Pulls the weights towards 0: the larger, the fewer users' habits count. Some "
                           "hundreds suit most data; it is the one number to tune.",
                   .min = 1e-3,
                   .max = 1e7,
                   .logScale = true})
            .choice(
                "values", &Params::values, entryValueChoices(),
                {.label = "An interaction counts",
                 .help =
                     "What an interaction counts when the weights are fitted and when a history is scored.",
                 .advanced = true})
            .build();
    return schema;
}

class EaseTrainer final : public Trainer {
public:
    EaseTrainer(SplitPtr split, const Params& params)
        : m_split(std::move(split))
        , m_params(params) {}

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const double examples = static_cast<double>(m_split->train().size());
        constexpr double gramShare = 0.2; // of the time, about
        const auto report = [&](double fraction) {
            if (context.progress) context.progress(fraction, fraction * examples);
        };
        const auto weights = std::make_shared<MatrixF>();
        if (!itemGram(m_split->train(), m_split->trainByItem(), m_params.values, *weights, context.pool,
                      context.control, [&](double fraction) { report(gramShare * fraction); }))
            return EpochResult{false, 0.0, {}};
        weights->diagonal().array() += static_cast<float>(m_params.reg);
        switch (invertSpd(*weights, context.pool, context.control,
                          [&](double fraction) { report(gramShare + (1.0 - gramShare) * fraction); })) {
        case InverseOutcome::Cancelled:
            return EpochResult{false, 0.0, {}};
        case InverseOutcome::NotPositiveDefinite:
            return notInvertible();
        case InverseOutcome::Done:
            break;
        }
        bool finite = false;
        if (!toWeights(*weights, context, finite)) return EpochResult{false, 0.0, {}};
        if (!finite) return notInvertible();
        m_weights = weights;
        return EpochResult{true, examples, {}};
    }

    std::shared_ptr<const Recommender> snapshot() const override {
        return std::make_shared<DenseItemModel>(m_split->dataset()->userCount(),
                                                m_split->dataset()->itemCount(), m_params.values, m_weights);
    }

private:
    static Error notInvertible() {
        return {ErrorCode::Numeric,
                "The items' matrix cannot be inverted in single precision; raise the regularisation",
                "reg_weight"};
    }

    /// P becomes B. False when cancelled.
    static bool toWeights(MatrixF& p, EpochContext& context, bool& finite) {
        const VectorF scale = -p.diagonal().cwiseInverse();
        std::atomic<bool> completed{true};
        std::atomic<bool> good{true};
        constexpr std::int64_t rowsPerChunk = 64;
        context.pool.forChunks(p.rows(), rowsPerChunk, [&](const Chunk& chunk) {
            if (!context.control.keepGoing()) {
                completed.store(false, std::memory_order_relaxed);
                return;
            }
            for (std::int64_t i = chunk.begin; i < chunk.end; ++i) {
                p.row(i).array() *= scale.transpose().array();
                p(i, i) = 0.0f;
                if (!p.row(i).allFinite()) good.store(false, std::memory_order_relaxed);
            }
        });
        finite = good.load();
        return completed.load();
    }

    SplitPtr m_split;
    Params m_params;
    std::shared_ptr<const MatrixF> m_weights; // items x items; null: not fitted
};

FitCost cost(const DataShape& shape, const ParamMap&) {
    const double n = shape.items;
    return {.bytes = 2.0 * 4.0 * n * n + 2.0 * 4.0 * 336.0 * n,
            .factorisation = n * n * n / 2.0,
            .scattered = (shape.squaredHistories + shape.interactions) / 2.0,
            .memory = "items² x 4 bytes: the items' matrix, inverted where it stands, and a copy while it is "
                      "stored"};
}

} // namespace

AlgorithmInfo easeInfo() {
    return {
        .id = "ease",
        .title = "EASE",
        .family = "Linear",
        .summary =
            "One weight for every pair of items, fitted in closed form: a linear autoencoder without a "
            "hidden layer. One number to tune, and hard to beat; time and memory grow with the number of "
            "items, not of users.",
        .equation = "ŝ(u, ·) = x_u B;  min ‖X − X B‖² + λ‖B‖², diag(B) = 0\n"
                    "P = (XᵀX + λI)⁻¹;  B_ij = −P_ij / P_jj for i ≠ j",
        .reference = "Steck: Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019",
        .needs = {},
        .capabilities = {.foldIn = true, .explains = true},
        .schema = []() -> const ParamSchema& { return typedSchema().schema(); },
        .makeTrainer = [](const TrainerInput& input) -> Result<std::unique_ptr<Trainer>> {
            const auto params = typedSchema().read(input.params);
            if (!params) return params.error();
            return std::unique_ptr<Trainer>(std::make_unique<EaseTrainer>(input.split, *params));
        },
        .load = &DenseItemModel::load,
        .cost = &cost,
    };
}

} // namespace recoscope
