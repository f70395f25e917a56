// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/content/attribute_regression.h"

#include "engine/nn/initialiser.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/rows.h"
#include "engine/nn/optimizer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

namespace recoscope {

namespace {

constexpr int kMostIterations = 300;
constexpr double kSmallEnough = 1e-9; // of the squared residual, beside the right hand side's

std::vector<float> meanOne(std::span<const float> weights) {
    std::vector<float> scaled(weights.begin(), weights.end());
    double sum = 0.0;
    for (const float w : scaled)
        sum += static_cast<double>(w);
    for (float& w : scaled)
        w = sum > 0.0 ? static_cast<float>(static_cast<double>(w) * static_cast<double>(scaled.size()) / sum)
                      : 1.0f;
    return scaled;
}

std::vector<float> asVector(const nn::Matrix<float>& row) { return {row.data(), row.data() + row.size()}; }

} // namespace

std::optional<AttributeRegression>
AttributeRegression::fit(const AttributeCsr& attributes, const MatrixF& targets,
                         std::span<const std::int32_t> rows, std::span<const float> weights,
                         const RegressionOptions& options, ThreadPool& pool, RunControl& control) {
    RECOSCOPE_CHECK(rows.size() == weights.size() && attributes.rowCount() == targets.rows(),
                    "a weight for each row, a target for each row of attributes");
    return options.kind == RegressionKind::Ridge
               ? ridge(attributes, targets, rows, weights, options, control)
               : mlp(attributes, targets, rows, weights, options, pool, control);
}

/// (Σ w x xᵀ + λ D) Z = Σ w x yᵀ with x = (a, 1) and no penalty on the last row of Z.
std::optional<AttributeRegression>
AttributeRegression::ridge(const AttributeCsr& attributes, const MatrixF& targets,
                           std::span<const std::int32_t> rows, std::span<const float> weights,
                           const RegressionOptions& options, RunControl& control) {
    const Eigen::Index features = attributes.colCount();
    const Eigen::Index d = targets.cols();
    const std::vector<float> scaled = meanOne(weights);
    const auto forRow = [&](std::size_t n, auto&& take) { // take(position, value) for each entry of (a, 1)
        const AttributeRow row{rows[n]};
        const auto columns = attributes.cols(row);
        for (std::size_t m = 0; m < columns.size(); ++m)
            take(static_cast<Eigen::Index>(columns[m]), static_cast<double>(attributes.values(row)[m]));
        take(features, 1.0);
    };
    MatrixD right = MatrixD::Zero(features + 1, d);
    for (std::size_t n = 0; n < rows.size(); ++n) {
        if (n % 256 == 0 && !control.keepGoing()) return std::nullopt;
        forRow(n, [&](Eigen::Index at, double x) {
            right.row(at) += static_cast<double>(scaled[n]) * x * targets.row(rows[n]).cast<double>();
        });
    }
    MatrixD solution = MatrixD::Zero(features + 1, d);
    MatrixD residual = right;
    MatrixD direction = residual;
    MatrixD image(features + 1, d);
    Eigen::RowVectorXd prediction(d);
    Eigen::RowVectorXd size = residual.colwise().squaredNorm();
    const Eigen::RowVectorXd start = size;
    for (int iteration = 0; iteration < kMostIterations; ++iteration) {
        if ((size.array() <= kSmallEnough * start.array()).all()) break;
        image.topRows(features) = options.reg * direction.topRows(features);
        image.row(features).setZero();
        for (std::size_t n = 0; n < rows.size(); ++n) {
            if (n % 256 == 0 && !control.keepGoing()) return std::nullopt;
            prediction.setZero();
            forRow(n, [&](Eigen::Index at, double x) { prediction += x * direction.row(at); });
            prediction *= static_cast<double>(scaled[n]);
            forRow(n, [&](Eigen::Index at, double x) { image.row(at) += x * prediction; });
        }
        for (Eigen::Index k = 0; k < d; ++k) {
            const double curvature = direction.col(k).dot(image.col(k));
            if (!(curvature > 0.0) || size[k] <= kSmallEnough * start[k]) {
                direction.col(k).setZero();
                continue;
            }
            const double step = size[k] / curvature;
            solution.col(k) += step * direction.col(k);
            residual.col(k) -= step * image.col(k);
            const double next = residual.col(k).squaredNorm();
            direction.col(k) = residual.col(k) + (next / size[k]) * direction.col(k);
            size[k] = next;
        }
    }
    AttributeRegression result;
    result.m_first = solution.topRows(features).cast<float>();
    for (Eigen::Index k = 0; k < d; ++k)
        result.m_firstBias.push_back(static_cast<float>(solution(features, k)));
    return result;
}

std::optional<AttributeRegression>
AttributeRegression::mlp(const AttributeCsr& attributes, const MatrixF& targets,
                         std::span<const std::int32_t> rows, std::span<const float> weights,
                         const RegressionOptions& options, ThreadPool& pool, RunControl& control) {
    const std::int32_t features = attributes.colCount();
    const auto d = static_cast<std::int32_t>(targets.cols());
    const std::vector<float> scaled = meanOne(weights);
    // Targets are learned around 0 at a common size, and brought back afterwards.
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(d);
    for (const std::int32_t row : rows)
        mean += targets.row(row).cast<double>() / static_cast<double>(std::max<std::size_t>(1, rows.size()));
    double squares = 0.0;
    for (const std::int32_t row : rows)
        squares += (targets.row(row).cast<double>() - mean).squaredNorm();
    const double size =
        std::sqrt(squares / std::max(1.0, static_cast<double>(rows.size()) * static_cast<double>(d)));

    nn::ParameterSet<float> parameters;
    const auto add = [&](const char* name, std::int32_t from, std::int32_t to) {
        return parameters.add(name, nn::ParamRole::Weight,
                              nn::initialised<float>(from, to, {nn::InitialiserKind::GlorotUniform},
                                                     {from, to}, options.seed, name));
    };
    const auto firstWeight = add("map.first", features, options.hidden);
    const auto firstBias =
        parameters.add("map.first.bias", nn::ParamRole::Bias, nn::Matrix<float>::Zero(1, options.hidden));
    const auto secondWeight = add("map.second", options.hidden, d);
    const auto secondBias =
        parameters.add("map.second.bias", nn::ParamRole::Bias, nn::Matrix<float>::Zero(1, d));
    const auto graph = std::make_shared<nn::Graph<float>>();
    const auto input = graph->sparseInput(features);
    const auto wanted = graph->input(d);
    const auto rootWeight = graph->input(1);
    auto h = nn::sparseDense(*graph, parameters, input, firstWeight, std::optional(firstBias));
    h = nn::dropout(*graph, nn::activation(*graph, h, options.activation), options.dropout);
    const auto y = nn::dense(*graph, parameters, h, secondWeight, std::optional(secondBias));
    const auto miss = nn::multiplyRows(*graph, nn::subtract(*graph, y, wanted), rootWeight);
    const auto loss = nn::scale(*graph, nn::sumPerExample(*graph, nn::multiply(*graph, miss, miss)), 1.0 / d);
    const auto plan = graph->planTraining(loss, parameters.trained(), parameters.count());
    const auto batch = static_cast<std::int32_t>(
        std::clamp<std::size_t>(rows.size(), 1, static_cast<std::size_t>(options.batch)));
    nn::Workspace<float> workspace(graph, batch, nn::Keep::ValuesAndGradients);
    nn::Gradients<float> gradients(parameters);
    nn::OptimizerOptions adam;
    adam.weightDecay = options.weightDecay;
    nn::Optimizer<float> optimizer(adam, parameters, parameters.trained());

    std::vector<std::int32_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::uint64_t stepNumber = 0;
    for (std::int32_t epoch = 0; epoch < options.epochs; ++epoch) {
        Rng::stream(options.seed, "attribute_map.order", static_cast<std::uint64_t>(epoch))
            .shuffle(std::span(order));
        for (std::size_t begin = 0; begin < order.size(); begin += static_cast<std::size_t>(batch)) {
            if (!control.keepGoing()) return std::nullopt;
            const auto count =
                static_cast<std::int32_t>(std::min(order.size() - begin, static_cast<std::size_t>(batch)));
            workspace.setBatch(count);
            workspace.sparse(input).clear();
            for (std::int32_t b = 0; b < count; ++b) {
                const auto n = static_cast<std::size_t>(order[begin + static_cast<std::size_t>(b)]);
                const AttributeRow row{rows[n]};
                workspace.sparse(input).appendRow(
                    attributes.cols(row).size(),
                    [&](std::size_t m) { return toInt(attributes.cols(row)[m]); },
                    [&](std::size_t m) { return attributes.values(row)[m]; });
                workspace.value(wanted).row(b) =
                    ((targets.row(rows[n]).cast<double>() - mean) / (size > 0.0 ? size : 1.0)).cast<float>();
                workspace.value(rootWeight)(b, 0) = std::sqrt(scaled[n]);
            }
            nn::Step<float> step(plan, parameters, workspace,
                                 {&pool, &control, true, options.seed, stepNumber++});
            if (!step.forward() || !step.backward(gradients)) return std::nullopt;
            optimizer.step(parameters, gradients, options.learningRate, &pool);
        }
    }
    AttributeRegression result;
    result.m_activation = options.activation;
    result.m_first = parameters[firstWeight].value;
    result.m_firstBias = asVector(parameters[firstBias].value);
    result.m_second = parameters[secondWeight].value * static_cast<float>(size);
    result.m_secondBias = asVector(parameters[secondBias].value);
    for (std::int32_t k = 0; k < d; ++k) {
        float& bias = result.m_secondBias[static_cast<std::size_t>(k)];
        bias = static_cast<float>(static_cast<double>(bias) * size + mean[k]);
    }
    return result;
}

void AttributeRegression::predict(std::span<const FeatureIndex> columns, std::span<const float> values,
                                  float* out) const {
    std::vector<float> hidden(m_firstBias);
    const auto width = static_cast<std::size_t>(m_first.cols());
    for (std::size_t n = 0; n < columns.size(); ++n) {
        const float* const row = m_first.data() + static_cast<Eigen::Index>(columns[n]) * m_first.cols();
        for (std::size_t k = 0; k < width; ++k)
            hidden[k] += values[n] * row[k];
    }
    if (linear()) {
        std::copy(hidden.begin(), hidden.end(), out);
        return;
    }
    std::copy(m_secondBias.begin(), m_secondBias.end(), out);
    for (std::size_t k = 0; k < width; ++k) {
        const auto h = static_cast<float>(nn::activate(m_activation, static_cast<double>(hidden[k])));
        const float* const row = m_second.data() + static_cast<Eigen::Index>(k) * m_second.cols();
        for (std::size_t m = 0; m < m_secondBias.size(); ++m)
            out[m] += h * row[m];
    }
}

void AttributeRegression::save(TensorFile& file, const std::string& prefix) const {
    const std::int32_t shape[] = {linear() ? 1 : 2, static_cast<std::int32_t>(m_activation)};
    file.set(prefix + ".layers", std::span<const std::int32_t>(shape));
    file.set(prefix + ".first", m_first);
    file.set(prefix + ".first.bias", std::span<const float>(m_firstBias));
    if (linear()) return;
    file.set(prefix + ".second", m_second);
    file.set(prefix + ".second.bias", std::span<const float>(m_secondBias));
}

Result<AttributeRegression> AttributeRegression::load(const TensorFile& file, const std::string& prefix) {
    const auto shape = file.ints(prefix + ".layers");
    if (!shape) return shape.error();
    if (shape->size() != 2 || shape->front() < 1 || shape->front() > 2 || shape->back() < 0 ||
        shape->back() > static_cast<std::int32_t>(nn::Activation::Swish))
        return Error{ErrorCode::Parse, "The kind of map is unknown", prefix + ".layers"};
    AttributeRegression map;
    map.m_activation = static_cast<nn::Activation>(shape->back());
    auto first = file.matrix(prefix + ".first");
    if (!first) return first.error();
    auto firstBias = file.floats(prefix + ".first.bias");
    if (!firstBias) return firstBias.error();
    map.m_first = std::move(*first);
    map.m_firstBias = std::move(*firstBias);
    if (static_cast<Eigen::Index>(map.m_firstBias.size()) != map.m_first.cols() || map.m_firstBias.empty())
        return Error{ErrorCode::Parse, "The map's parts do not fit together", prefix + ".first.bias"};
    if (shape->front() == 1) return map;
    auto second = file.matrix(prefix + ".second");
    if (!second) return second.error();
    auto secondBias = file.floats(prefix + ".second.bias");
    if (!secondBias) return secondBias.error();
    map.m_second = std::move(*second);
    map.m_secondBias = std::move(*secondBias);
    if (map.m_second.rows() != map.m_first.cols() || map.m_second.size() == 0 ||
        static_cast<Eigen::Index>(map.m_secondBias.size()) != map.m_second.cols())
        return Error{ErrorCode::Parse, "The map's parts do not fit together", prefix + ".second"};
    return map;
}

} // namespace recoscope
