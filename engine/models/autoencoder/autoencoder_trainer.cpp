// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/models/autoencoder/autoencoder_model.h"
#include "engine/nn/observe.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace recoscope {

namespace {

/// Trains any design: batches of users in a new order each epoch, one step an objective of the pass at hand.
class AutoencoderTrainer final : public Trainer {
public:
    AutoencoderTrainer(DesignPtr design, const TrainerInput& input, SidePtr side)
        : m_design(std::move(design))
        , m_split(input.split)
        , m_side(std::move(side))
        , m_seed(input.seed)
        , m_rows(m_design->rows(input.split))
        , m_network(std::make_shared<const CodeNetwork>(
              m_design->build({.users = m_rows.train->rowCount(),
                               .items = m_rows.train->colCount(),
                               .userColumns = m_side ? m_side->userColumns() : 0,
                               .itemColumns = m_side ? m_side->itemColumns() : 0},
                              input.seed)))
        , m_parameters(m_network->parameters)
        , m_gradients(m_parameters)
        , m_workspace(m_network->graph, batchCapacity(), nn::Keep::ValuesAndGradients)
        , m_learningRate(m_design->params().scheduleOptions(), m_design->params().learningRate,
                         m_design->params().epochs, stepsPerEpoch()) {
        for (const CodeObjective& objective : m_network->objectives) {
            m_plans.push_back(
                m_network->graph->planTraining(objective.loss, objective.trained, m_parameters.count()));
            m_optimizers.emplace_back(m_design->params().optimizerOptions(), m_parameters, objective.trained);
            m_sums.emplace_back(objective.parts.size() + 1, 0.0);
        }
        m_validationPlan = m_network->graph->planForward(std::span(&m_network->reconstruction, 1));
        const UserItemCsr& train = *m_rows.train;
        std::vector<std::int64_t> lengths;
        std::vector<std::int64_t> sideLengths;
        for (std::int32_t u = 0; u < train.rowCount(); ++u)
            if (train.rowSize(UserIndex{u}) > 0) {
                m_users.push_back(u);
                lengths.push_back(train.rowSize(UserIndex{u}));
                if (m_side)
                    sideLengths.push_back(m_side->mostEntries(UserIndex{u}, train.cols(UserIndex{u})));
            }
        // Room for the batch of the longest histories, so that no step ever has to ask for more.
        const std::int64_t most = largestBatch(lengths);
        const std::int64_t mostBeside = largestBatch(sideLengths);
        for (std::int32_t n = 0; n < m_network->graph->sparseCount(); ++n) {
            const nn::SparseId id{n};
            const bool beside = id == m_network->sideInput || id == m_network->sideCode;
            m_workspace.sparse(id).reserve(batchCapacity(), beside ? mostBeside : most);
        }
        if (m_side) m_scratch = m_side->makeScratch();
    }

    int plannedEpochs() const override { return m_design->params().epochs; }

    Result<EpochResult> runEpoch(EpochContext& context) override;

    std::shared_ptr<const Recommender> snapshot() const override {
        return m_design->makeModel(m_design, m_network, m_parameters, m_rows.train, m_side);
    }

    std::optional<double> validationLoss(EpochContext& context) const override;

private:
    std::int32_t batchCapacity() const {
        return std::max(1, std::min(m_design->params().batchSize, m_rows.train->rowCount()));
    }
    std::int64_t stepsPerEpoch() const {
        const auto batches =
            ThreadPool::chunkCount(std::max<std::int64_t>(1, trainedUsers()), batchCapacity());
        return batches * static_cast<std::int64_t>(m_network->passes.size());
    }
    std::int64_t trainedUsers() const {
        std::int64_t users = 0;
        for (std::int32_t u = 0; u < m_rows.train->rowCount(); ++u)
            users += m_rows.train->rowSize(UserIndex{u}) > 0 ? 1 : 0;
        return users;
    }
    /// Entries of the batch that has the most.
    std::int64_t largestBatch(std::vector<std::int64_t>& lengths) const {
        std::sort(lengths.begin(), lengths.end(), std::greater<>());
        const auto rows = std::min(lengths.size(), static_cast<std::size_t>(batchCapacity()));
        return std::accumulate(lengths.begin(), lengths.begin() + static_cast<std::ptrdiff_t>(rows),
                               std::int64_t{0});
    }
    void bind(std::span<const std::int32_t> users, const UserItemCsr& histories, const UserItemCsr& targets,
              nn::Workspace<float>& workspace, SideInformation::Scratch& scratch) const;
    /// One step of each objective of a pass. False when cancelled; parameters are then those of the last
    /// whole step.
    bool trainBatch(std::span<const std::size_t> objectives, EpochContext& context);
    /// Whether the losses are numbers, and what the last step left still makes numbers.
    Status checkFinite(EpochContext& context);
    void addResults(EpochContext& context, const nn::StepOptions& options, EpochResult& result);

    DesignPtr m_design;
    SplitPtr m_split;
    SidePtr m_side; // null without side information
    SideInformation::Scratch m_scratch;
    std::uint64_t m_seed;
    TrainingRows m_rows;
    std::shared_ptr<const CodeNetwork> m_network;
    nn::ParameterSet<float> m_parameters;
    nn::Gradients<float> m_gradients;
    nn::Workspace<float> m_workspace;
    nn::LearningRate m_learningRate;
    std::vector<nn::Plan> m_plans; // by objective
    std::vector<nn::Optimizer<float>> m_optimizers;
    std::vector<std::vector<double>> m_sums; // by objective: loss, then parts; each times its rows
    std::vector<double> m_counts;            // by objective: rows seen
    nn::Plan m_validationPlan;
    std::vector<std::int32_t> m_users; // with a history
    std::vector<std::int32_t> m_order;
    StepTime m_time;
    double m_gradientNorm = 0.0; // of the epoch's last step of the first objective
};

void AutoencoderTrainer::bind(std::span<const std::int32_t> users, const UserItemCsr& histories,
                              const UserItemCsr& targets, nn::Workspace<float>& workspace,
                              SideInformation::Scratch& scratch) const {
    workspace.setBatch(static_cast<std::int32_t>(users.size()));
    const HistoryValues counted = m_design->params().values;
    const auto fill = [&](nn::SparseId id, const UserItemCsr& rows) {
        auto& batch = workspace.sparse(id);
        batch.clear();
        for (const std::int32_t user : users)
            appendHistory(batch, rows.cols(UserIndex{user}), rows.values(UserIndex{user}), counted,
                          m_design->offset());
    };
    fill(m_network->history, histories);
    fill(m_network->target, targets);
    if (m_network->user) std::copy(users.begin(), users.end(), workspace.indices(*m_network->user).begin());
    if (!m_side) return;
    clearSide(*m_network, workspace);
    for (const std::int32_t user : users) {
        const Query query{.items = histories.cols(UserIndex{user}),
                          .values = histories.values(UserIndex{user}),
                          .times = {},
                          .user = UserIndex{user}};
        m_side->append(*m_network, query, workspace, scratch);
    }
}

bool AutoencoderTrainer::trainBatch(std::span<const std::size_t> objectives, EpochContext& context) {
    const AutoencoderParams& params = m_design->params();
    const nn::GradientClipOptions clip{params.clip, params.clipLimit};
    for (const std::size_t index : objectives) {
        const CodeObjective& objective = m_network->objectives[index];
        const nn::StepOptions options{.pool = &context.pool,
                                      .control = &context.control,
                                      .training = true,
                                      .seed = m_seed,
                                      .step = static_cast<std::uint64_t>(m_time.step) * 8 + index};
        nn::Step<float> step(m_plans[index], m_parameters, m_workspace, options);
        if (!step.forward() || !step.backward(m_gradients)) return false;
        if (clip.kind != nn::GradientClipKind::None)
            m_gradientNorm = nn::clipGradients<float>(m_gradients, objective.trained, clip, &context.pool);
        m_optimizers[index].step(m_parameters, m_gradients, m_learningRate.at(m_time.step), &context.pool);
        const double rows = m_workspace.batch();
        m_counts[index] += rows;
        m_sums[index][0] += rows * static_cast<double>(m_workspace.value(objective.loss)(0, 0));
        for (std::size_t part = 0; part < objective.parts.size(); ++part)
            m_sums[index][part + 1] +=
                rows * static_cast<double>(m_workspace.value(objective.parts[part].node)(0, 0));
    }
    return true;
}

Result<EpochResult> AutoencoderTrainer::runEpoch(EpochContext& context) {
    m_counts.assign(m_network->objectives.size(), 0.0);
    for (auto& sums : m_sums)
        std::fill(sums.begin(), sums.end(), 0.0);
    m_time.epoch = context.epoch;
    m_time.seed = m_seed;
    const auto passes = m_design->passes(*m_network, context.epoch);
    const auto batch = static_cast<std::size_t>(batchCapacity());
    const double total = static_cast<double>(m_users.size() * passes.size());
    double examples = 0.0;
    for (m_time.pass = 0; m_time.pass < passes.size(); ++m_time.pass) {
        m_design->beforePass(m_time, m_parameters);
        m_order = m_users;
        Rng rng = Rng::stream(m_seed, "batches", static_cast<std::uint64_t>(context.epoch), m_time.pass);
        rng.shuffle(std::span(m_order));
        for (std::size_t first = 0; first < m_order.size(); first += batch) {
            const auto users = std::span(m_order).subspan(first, std::min(batch, m_order.size() - first));
            bind(users, *m_rows.train, *m_rows.train, m_workspace, m_scratch);
            m_design->beforeStep(m_time, m_workspace);
            if (!trainBatch(passes[m_time.pass], context)) return EpochResult{.completed = false};
            ++m_time.step;
            examples += static_cast<double>(m_workspace.sparse(m_network->history).size());
            const double done = static_cast<double>(m_time.pass * m_users.size() + first + users.size());
            if (context.progress) context.progress(done / total, examples);
            if (!context.afterBatch()) return EpochResult{.completed = false};
        }
    }
    EpochResult result;
    result.examples = examples;
    addResults(context, {}, result);
    if (const Status finite = checkFinite(context); !finite) return finite.error();
    if (m_counts[0] > 0.0) m_learningRate.report(result.losses.front().value); // layers alone are no measure
    return result;
}

Status AutoencoderTrainer::checkFinite(EpochContext& context) {
    bool finite = true;
    for (const auto& sums : m_sums)
        finite = finite && std::isfinite(sums[0]);
    if (finite && !m_users.empty()) {
        // The losses are from before each step: a last step that went too far shows in none of them.
        const auto some = std::span(m_users).first(
            std::min({m_users.size(), static_cast<std::size_t>(batchCapacity()), std::size_t{8}}));
        bind(some, *m_rows.train, *m_rows.train, m_workspace, m_scratch);
        nn::Step<float> step(m_validationPlan, m_parameters, m_workspace, {.pool = &context.pool});
        step.forward();
        finite = std::isfinite(m_workspace.value(m_network->reconstruction)(0, 0));
    }
    if (finite) return {};
    return Error{ErrorCode::Numeric,
                 "The loss is not a number any more; use a smaller learning rate, or clip gradients",
                 "learning_rate"};
}

void AutoencoderTrainer::addResults(EpochContext& context, const nn::StepOptions&, EpochResult& result) {
    for (std::size_t index = 0; index < m_sums.size(); ++index) {
        const CodeObjective& objective = m_network->objectives[index];
        const double rows = m_counts[index];
        if (rows == 0.0) continue; // of another phase
        const double loss = m_sums[index][0] / rows;
        if (result.losses.empty()) result.losses.push_back({"loss", loss});
        if (index > 0) result.losses.push_back({objective.key, loss});
        for (std::size_t part = 0; part < objective.parts.size(); ++part)
            result.losses.push_back(
                {objective.parts[part].key, objective.parts[part].factor * m_sums[index][part + 1] / rows});
    }
    m_design->addSignals(m_time, m_workspace, result.signalValues);
    result.signalValues.push_back(
        {"learning_rate", m_learningRate.at(std::max<std::int64_t>(0, m_time.step - 1))});
    if (m_design->params().clip == nn::GradientClipKind::None) {
        double squares = 0.0;
        for (std::int32_t p = 0; p < m_gradients.count(); ++p)
            squares += nn::squaredNorm<float>(m_gradients, nn::ParamId{p}, &context.pool);
        m_gradientNorm = std::sqrt(squares);
    }
    result.signalValues.push_back({"gradient_norm", m_gradientNorm});
    result.signalValues.push_back({"dead_units", nn::deadShare(m_workspace)});
    if (context.control.observed()) result.tensors = nn::summarise(m_parameters, m_gradients, m_workspace);
}

std::optional<double> AutoencoderTrainer::validationLoss(EpochContext& context) const {
    const UserItemCsr& validation = *m_rows.validation;
    std::vector<std::int32_t> users;
    for (std::int32_t u = 0; u < validation.rowCount(); ++u)
        if (validation.rowSize(UserIndex{u}) > 0) users.push_back(u);
    if (users.empty()) return std::nullopt;
    const auto batch = std::min<std::size_t>(users.size(), static_cast<std::size_t>(batchCapacity()));
    nn::Workspace<float> workspace(m_network->graph, static_cast<std::int32_t>(batch), nn::Keep::Values);
    SideInformation::Scratch scratch;
    if (m_side) scratch = m_side->makeScratch();
    double sum = 0.0;
    for (std::size_t first = 0; first < users.size(); first += batch) {
        const auto block = std::span(users).subspan(first, std::min(batch, users.size() - first));
        bind(block, *m_rows.validationHistory, validation, workspace, scratch);
        nn::Step<float> step(m_validationPlan, m_parameters, workspace,
                             {.pool = &context.pool, .control = &context.control});
        if (!step.forward()) return std::nullopt;
        sum += static_cast<double>(block.size()) *
               static_cast<double>(workspace.value(m_network->reconstruction)(0, 0));
    }
    return sum / static_cast<double>(users.size());
}

} // namespace

Result<std::unique_ptr<Trainer>> makeAutoencoderTrainer(const DesignPtr& design, const TrainerInput& input) {
    if (design->params().values == HistoryValues::Ratings && input.split->dataset()->scale().implicit)
        return Error{ErrorCode::Unsupported, "This data has no ratings; let every interaction count 1",
                     "values"};
    auto side = SideInformation::fit(design->params(), *input.split->dataset());
    if (!side) return side.error();
    return std::unique_ptr<Trainer>(std::make_unique<AutoencoderTrainer>(design, input, std::move(*side)));
}

} // namespace recoscope
