// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/latent_space.h"
#include "engine/models/registry.h"

#include "tests/conformance/conformance.h"

#include <QTest>

#include <cmath>
#include <string>
#include <vector>

namespace recoscope::test {

inline std::vector<const AlgorithmInfo*> autoencoders() {
    std::vector<const AlgorithmInfo*> found;
    for (const AlgorithmInfo& info : algorithms())
        if (info.family == "Autoencoder") found.push_back(&info);
    return found;
}

/// A row of test data for each autoencoder; with `key`, for each that has this parameter.
inline void everyAutoencoder(std::string_view key = {}) {
    QTest::addColumn<QString>("id");
    for (const AlgorithmInfo* info : autoencoders())
        if (key.empty() || info->schema().find(key))
            QTest::newRow(std::string(info->id).c_str())
                << QString::fromUtf8(info->id.data(), qsizetype(info->id.size()));
}

inline const AlgorithmInfo& algorithm(const QString& id) { return *findAlgorithm(id.toStdString()); }

/// `params`, without those that the algorithm does not have.
inline ParamMap fitting(const AlgorithmInfo& info, ParamMap params) {
    std::erase_if(params, [&](const auto& entry) { return !info.schema().find(entry.first); });
    return params;
}

/// A network that trains at once, with `changes`.
inline ParamMap small(const AlgorithmInfo& info, const ParamMap& changes = {}) {
    ParamMap params = fitting(info, {{"mlp_hidden_size", std::string("16")},
                                     {"latent_dimension", std::int64_t{8}},
                                     {"hidden_size", std::int64_t{8}},
                                     {"hidden_dimension", std::int64_t{16}},
                                     {"discriminator_size", std::int64_t{8}},
                                     {"epochs", std::int64_t{3}},
                                     {"train_batch_size", std::int64_t{64}}});
    for (const auto& [key, value] : fitting(info, changes))
        params[key] = value;
    return params;
}

/// The curve of a loss part, or of a signal under "signal:<key>".
inline std::vector<double> curve(const EventList& events, std::string_view key) {
    std::vector<double> values;
    for (const TrainingEvent& event : events.events)
        if (const auto* finished = std::get_if<EpochFinished>(&event)) {
            for (const NamedValue& loss : finished->losses)
                if (loss.key == key) values.push_back(loss.value);
            for (const NamedValue& signalValue : finished->signalValues)
                if (signalValue.key == key) values.push_back(signalValue.value);
        }
    return values;
}

/// Whether all scores are finite: of users as training knows them, of the same folded in, of an empty
/// history.
inline bool answersEverybody(const Recommender& model, const Split& split) {
    for (std::int32_t u = 0; u < split.dataset()->userCount(); ++u)
        if (!allFinite(scoresOf(model, knownUser(split, UserIndex{u}))) ||
            !allFinite(scoresOf(model, unknownUser(split, UserIndex{u}))))
            return false;
    return allFinite(scoresOf(model, Query()));
}

/// Whether a curve ends lower than it began, in a number.
inline bool falls(const std::vector<double>& losses) {
    return losses.size() > 1 && std::isfinite(losses.back()) && losses.back() < losses.front();
}

} // namespace recoscope::test
