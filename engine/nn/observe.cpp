// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/observe.h"

#include <algorithm>
#include <cmath>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kBins = 40;

/// Units (columns) with the same value in every row.
std::int64_t deadUnits(const ConstMap<float>& values) {
    std::int64_t dead = 0;
    for (Eigen::Index unit = 0; unit < values.cols(); ++unit)
        if (values.col(unit).minCoeff() == values.col(unit).maxCoeff()) ++dead;
    return dead;
}

TensorSummary summaryOf(std::string name, TensorKind kind, const ConstMap<float>& values) {
    TensorSummary summary;
    summary.name = std::move(name);
    summary.kind = kind;
    summary.count = values.size();
    if (values.size() == 0) return summary;
    double sum = 0.0;
    double squares = 0.0;
    for (Eigen::Index n = 0; n < values.size(); ++n) {
        const auto value = static_cast<double>(values.data()[n]);
        sum += value;
        squares += value * value;
    }
    const auto count = static_cast<double>(values.size());
    summary.norm = std::sqrt(squares);
    summary.mean = sum / count;
    summary.deviation = std::sqrt(std::max(0.0, squares / count - summary.mean * summary.mean));
    summary.min = static_cast<double>(values.minCoeff());
    summary.max = static_cast<double>(values.maxCoeff());
    if (!std::isfinite(squares)) return summary;
    summary.histogram.assign(static_cast<std::size_t>(kBins), 0);
    const double width = (summary.max - summary.min) / static_cast<double>(kBins);
    for (Eigen::Index n = 0; n < values.size(); ++n) {
        const double place =
            width > 0.0 ? (static_cast<double>(values.data()[n]) - summary.min) / width : 0.0;
        ++summary.histogram[static_cast<std::size_t>(
            std::clamp<std::int64_t>(std::int64_t(place), 0, kBins - 1))];
    }
    return summary;
}

} // namespace

double deadShare(const Workspace<float>& workspace) {
    if (workspace.batch() < 2) return 0.0;
    std::int64_t dead = 0;
    std::int64_t units = 0;
    for (const auto& observed : workspace.graph().observed()) {
        const ConstMap<float> values = workspace.value(observed.node);
        dead += deadUnits(values);
        units += values.cols();
    }
    return units > 0 ? static_cast<double>(dead) / static_cast<double>(units) : 0.0;
}

std::vector<TensorSummary> summarise(const ParameterSet<float>& parameters, const Gradients<float>& gradients,
                                     const Workspace<float>& workspace) {
    std::vector<TensorSummary> summaries;
    for (std::int32_t p = 0; p < parameters.count(); ++p) {
        const ParamId id{p};
        const auto& parameter = parameters[id];
        summaries.push_back(summaryOf(
            parameter.name, TensorKind::Weight,
            ConstMap<float>(parameter.value.data(), parameter.value.rows(), parameter.value.cols())));
        if (!gradients.touched(id)) continue;
        if (gradients.allRows(id)) {
            summaries.push_back(summaryOf(parameter.name, TensorKind::Gradient, gradients.value(id)));
            continue;
        }
        const auto rows = gradients.touchedRows(id);
        Matrix<float> touched(static_cast<Eigen::Index>(rows.size()), parameter.value.cols());
        for (std::size_t n = 0; n < rows.size(); ++n)
            touched.row(static_cast<Eigen::Index>(n)) = gradients.value(id).row(rows[n]);
        summaries.push_back(summaryOf(parameter.name, TensorKind::Gradient,
                                      ConstMap<float>(touched.data(), touched.rows(), touched.cols())));
    }
    for (const auto& observed : workspace.graph().observed()) {
        const ConstMap<float> values = workspace.value(observed.node);
        TensorSummary summary = summaryOf(observed.name, TensorKind::Activation, values);
        if (values.cols() > 0 && values.rows() > 1)
            summary.deadShare = static_cast<double>(deadUnits(values)) / static_cast<double>(values.cols());
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

} // namespace recoscope::nn
