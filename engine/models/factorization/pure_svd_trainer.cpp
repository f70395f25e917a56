// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/factorization/pure_svd_trainer.h"

#include "engine/models/factorization/pure_svd_model.h"

namespace recoscope {

namespace {

struct Params {
    int factors = 32;
    CellValues values = CellValues::Ones;
    int oversampling = 10;
    int powerIterations = 20;
};

const TypedSchema<Params>& typedSchema() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Dimensions",
                      .help = "Length d of a code: how many directions of taste are kept. Few blur, many "
                              "learn noise; 10 to 100 is usual.",
                      .min = 1,
                      .max = 2048,
                      .logScale = true})
            .choice("values", &Params::values,
                    {{CellValues::Ones, {"ones", "Ones", "Every interaction counts 1"}},
                     {CellValues::AsGiven, {"ratings", "Ratings", "The rating itself; missing cells are 0"}}},
                    {.label = "Values",
                     .help = "What stands in an observed cell of the matrix. Missing cells are 0 either way, "
                             "so ratings say that a bad film is still nearer than an unknown one."})
            .integer("power_iterations", &Params::powerIterations,
                     {.label = "Power iterations",
                      .help = "Further passes over the data that sharpen the directions. With 0 the weaker "
                              "ones are a guess; beyond 20 nothing changes in a ranking.",
                      .min = 0,
                      .max = 100,
                      .advanced = true,
                      .group = "Training"})
            .integer("oversampling", &Params::oversampling,
                     {.label = "Oversampling",
                      .help = "Directions that are followed beyond those kept, so that the last of them are "
                              "right too.",
                      .min = 0,
                      .max = 1000,
                      .advanced = true,
                      .group = "Training"})
            .build();
    return schema;
}

constexpr std::int64_t kUsersPerChunk = 64;

class SvdTrainer final : public Trainer {
public:
    SvdTrainer(SplitPtr split, const Params& params, std::uint64_t seed, Centring centring)
        : m_split(std::move(split)) {
        m_options.rank = params.factors;
        m_options.oversampling = params.oversampling;
        m_options.powerIterations = params.powerIterations;
        m_options.values = params.values;
        m_options.seed = seed;
        m_options.centring = centring;
        const UserItemCsr& train = m_split->train();
        m_model = std::make_shared<SvdModel>(
            MatrixF::Zero(train.rowCount(), params.factors),
            SvdSpace(MatrixF::Zero(train.colCount(), params.factors),
                     centring == Centring::ColumnMeans ? VectorF(VectorF::Zero(train.colCount())) : VectorF(),
                     params.values));
    }

    int plannedEpochs() const override { return 1; }

    Result<EpochResult> runEpoch(EpochContext& context) override {
        const UserItemCsr& train = m_split->train();
        const auto examples = static_cast<double>(train.size());
        const auto found = truncatedSvd(train, m_split->trainByItem(), m_options, context.pool,
                                        context.control, [&](double fraction) {
                                            if (context.progress)
                                                context.progress(fraction, fraction * examples);
                                        });
        if (!found) return EpochResult{false, 0.0, {}};
        SvdSpace space(found->v.cast<float>(),
                       m_options.centring == Centring::ColumnMeans ? VectorF(found->mean.cast<float>())
                                                                   : VectorF(),
                       m_options.values);
        MatrixF users(train.rowCount(), m_options.rank);
        context.pool.forChunks(train.rowCount(), kUsersPerChunk, [&](const Chunk& chunk) {
            for (std::int64_t u = chunk.begin; u < chunk.end && context.control.keepGoing(); ++u) {
                const UserIndex user{static_cast<std::int32_t>(u)};
                space.code(train.cols(user), train.values(user), users.row(u).data());
            }
        });
        if (context.control.cancelled()) return EpochResult{false, 0.0, {}};
        m_model = std::make_shared<SvdModel>(std::move(users), std::move(space));
        const double cells = static_cast<double>(found->rows) * static_cast<double>(train.colCount());
        return EpochResult{true, examples, {{"loss", cells > 0.0 ? found->squaredError() / cells : 0.0}}};
    }

    /// Models are immutable, so the current one is its own copy.
    std::shared_ptr<const Recommender> snapshot() const override { return m_model; }

private:
    SplitPtr m_split;
    SvdOptions m_options;
    std::shared_ptr<const Recommender> m_model;
};

} // namespace

const ParamSchema& svdSchema() { return typedSchema().schema(); }

Result<std::unique_ptr<Trainer>> makeSvdTrainer(const TrainerInput& input, Centring centring) {
    const auto params = typedSchema().read(input.params);
    if (!params) return params.error();
    return std::unique_ptr<Trainer>(std::make_unique<SvdTrainer>(input.split, *params, input.seed, centring));
}

} // namespace recoscope
