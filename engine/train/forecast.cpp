// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/forecast.h"

#include "engine/core/memory_usage.h"
#include "engine/core/number_text.h"
#include "engine/models/registry.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>

namespace recoscope {

namespace {

constexpr double tightShare = 2.0 / 3.0;
constexpr double neverRefused = 256e6; // bytes: estimates of small runs are not worth a refusal
constexpr std::size_t mostAlternatives = 4;

double columnsOf(const FeatureTable& table) {
    double columns = 0.0;
    for (const FeatureColumn& column : table.columns())
        columns += column.kind == FeatureKind::Number ? 1.0
                   : column.kind == FeatureKind::Token || column.kind == FeatureKind::Tokens
                       ? static_cast<double>(column.vocabulary.size())
                       : 0.0;
    return columns;
}

double secondsOf(const FitCost& cost, const MachineRates& rates) {
    return cost.dense / rates.dense + cost.factorisation / rates.factorisation +
           cost.vectors / rates.vectors + cost.scattered / rates.scattered;
}

FitVerdict verdictOf(double bytes, double freeBytes) {
    if (freeBytes <= 0.0) return FitVerdict::Fits;
    if (bytes > freeBytes) return FitVerdict::Cannot;
    return bytes > tightShare * freeBytes ? FitVerdict::Tight : FitVerdict::Fits;
}

/// Whether data that is enough for one is enough for the other, and whether it answers the same question.
bool standsIn(const AlgorithmInfo& other, const AlgorithmInfo& asked) {
    return other.id != asked.id && other.cost && other.capabilities.personalised &&
           other.capabilities.predictsRatings == asked.capabilities.predictsRatings &&
           enoughFor(other.needs, asked.needs);
}

std::vector<ForecastAlternative> alternativesOf(const AlgorithmInfo& asked, const DataShape& shape,
                                                const MachineRates& rates, double freeBytes) {
    struct Found {
        bool sameFamily;
        ForecastAlternative alternative;
    };
    std::vector<Found> found;
    for (const AlgorithmInfo& other : algorithms()) {
        if (!standsIn(other, asked)) continue;
        const FitCost cost = other.cost(shape, {});
        if (verdictOf(cost.bytes, freeBytes) != FitVerdict::Fits) continue;
        found.push_back(
            {other.family == asked.family,
             {std::string(other.id), std::string(other.title), cost.bytes, secondsOf(cost, rates)}});
    }
    std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
        if (a.sameFamily != b.sameFamily) return a.sameFamily;
        return a.alternative.seconds < b.alternative.seconds;
    });
    std::vector<ForecastAlternative> alternatives;
    for (Found& each : found)
        if (alternatives.size() < mostAlternatives) alternatives.push_back(std::move(each.alternative));
    return alternatives;
}

} // namespace

DataShape shapeOf(const Split& split) {
    const UserItemCsr& train = split.train();
    DataShape shape;
    shape.users = train.rowCount();
    shape.items = train.colCount();
    shape.interactions = static_cast<double>(train.size());
    for (std::int32_t u = 0; u < train.rowCount(); ++u) {
        const double length = train.rowSize(UserIndex{u});
        shape.squaredHistories += length * length;
    }
    for (std::int32_t i = 0; i < split.trainByItem().rowCount(); ++i) {
        const double length = split.trainByItem().rowSize(ItemIndex{i});
        shape.squaredAudiences += length * length;
        shape.audiences.push_back(static_cast<float>(length));
    }
    std::sort(shape.audiences.begin(), shape.audiences.end(), std::greater<>());
    shape.userFeatures = columnsOf(split.dataset()->userFeatures());
    shape.itemFeatures = columnsOf(split.dataset()->itemFeatures());
    return shape;
}

std::string_view fitVerdictKey(FitVerdict verdict) {
    switch (verdict) {
    case FitVerdict::Fits:
        return "fits";
    case FitVerdict::Tight:
        return "tight";
    case FitVerdict::Cannot:
        return "cannot";
    case FitVerdict::Unknown:
        break;
    }
    return "unknown";
}

std::string bytesText(double bytes) {
    constexpr const char* units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    int unit = 0;
    while (bytes >= 999.5 && unit < 5) {
        bytes /= 1000.0;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit > 1 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
    return text;
}

std::string roughDuration(double seconds) {
    const auto written = [](double value, const char* unit) {
        char text[32];
        std::snprintf(text, sizeof text, value < 9.95 && unit[0] != 's' ? "%.1f %s" : "%.0f %s", value, unit);
        return std::string(text);
    };
    if (!(seconds >= 1.0)) return "under a second";
    if (seconds < 100.0) return written(seconds, "s");
    if (seconds < 100.0 * 60.0) return written(seconds / 60.0, "min");
    if (seconds < 48.0 * 3600.0) return written(seconds / 3600.0, "h");
    return written(seconds / 86400.0, "days");
}

Forecast forecast(const AlgorithmInfo& algorithm, const DataShape& shape, const ParamMap& params,
                  const MachineRates& rates, double freeBytes) {
    Forecast out;
    out.freeBytes = freeBytes;
    const std::string title(algorithm.title);
    if (!algorithm.cost) {
        out.text = "What " + title + " needs is not known beforehand";
        return out;
    }
    out.cost = algorithm.cost(shape, params);
    out.bytes = out.cost.bytes;
    out.seconds = secondsOf(out.cost, rates);
    out.verdict = verdictOf(out.bytes, freeBytes);
    out.text = title + " on " + readableNumber(shape.items) + " items needs " + bytesText(out.bytes);
    if (freeBytes > 0.0) out.text += ", this machine has " + bytesText(freeBytes) + " free";
    if (out.verdict != FitVerdict::Cannot)
        out.text += "; training takes " + (out.seconds < 1.0 ? std::string() : std::string("about ")) +
                    roughDuration(out.seconds);
    if (out.verdict == FitVerdict::Cannot || out.verdict == FitVerdict::Tight)
        out.alternatives = alternativesOf(algorithm, shape, rates, freeBytes);
    return out;
}

Status checkMemory(const AlgorithmInfo& algorithm, const ParamMap& params, const Split& split) {
    if (!algorithm.cost) return {};
    const DataShape shape = shapeOf(split);
    const double needed = algorithm.cost(shape, params).bytes;
    if (needed <= neverRefused) return {};
    const auto available = static_cast<double>(availableBytes());
    if (available <= 0.0 || needed <= available) return {};
    const Forecast found = forecast(algorithm, shape, params, {}, available);
    std::string message = found.text;
    if (!found.cost.memory.empty()) message += " (" + found.cost.memory + ")";
    if (!found.alternatives.empty()) {
        message += ". What fits: ";
        for (std::size_t n = 0; n < found.alternatives.size(); ++n)
            message += (n == 0 ? "" : ", ") + found.alternatives[n].title + " (" +
                       bytesText(found.alternatives[n].bytes) + ")";
        message += "; or keep only items with more interactions";
    } else {
        message += ". Keep only items with more interactions, or make the model smaller";
    }
    return Error{ErrorCode::Limit, message, "algorithm"};
}

} // namespace recoscope
