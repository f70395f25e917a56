// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/leaks.h"
#include "engine/train/forecast.h"

#include <QObject>
#include <QString>

#include <memory>
#include <vector>

namespace recoscope {

struct ForecastAnswer {
    quint64 ticket = 0;
    QString algorithm; // its id
    Forecast forecast;
};

/// What is to be known before a run is started: time and memory, and what is wrong with the split. Counts and
/// measures on a lane of its own; the machine's rates are measured once, a split's shape once a split. GUI
/// thread object.
class ForecastService final : public QObject {
    Q_OBJECT
public:
    /// @param threads  of the pool whose rates are measured; 0: all cores.
    explicit ForecastService(int threads = 0, QObject* parent = nullptr);
    ~ForecastService() override;

    /// The newest question wins; its answer is forecastReady(). An unknown algorithm is not answered.
    quint64 ask(const QString& algorithm, const ParamMap& params, const SplitPtr& split);
    /// leaksFound() follows, also where nothing is wrong. The newest split wins.
    void checkSplit(const SplitPtr& split);

signals:
    void forecastReady(const recoscope::ForecastAnswer& answer);
    void leaksFound(const recoscope::SplitPtr& split, const std::vector<recoscope::Leak>& leaks);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
