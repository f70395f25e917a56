// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/forecast_service.h"

#include "engine/core/memory_usage.h"
#include "engine/models/registry.h"

#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <optional>

namespace recoscope {

struct ForecastService::Private {
    Inbox inbox;
    quint64 lastTicket = 0;
    quint64 lastCheck = 0;
    int threads = 0;
    std::optional<MachineRates> rates; // these three are the lane's
    std::weak_ptr<const Split> known;
    DataShape shape;
    Lane lane; // last: joined first

    /// On the lane.
    Forecast answer(const AlgorithmInfo& info, const ParamMap& params, const SplitPtr& split) {
        if (known.lock() != split) {
            shape = shapeOf(*split);
            known = split;
        }
        if (!rates && info.cost) {
            ThreadPool pool({threads, 10});
            rates = measureRates(pool);
        }
        return forecast(info, shape, params, rates.value_or(MachineRates{}),
                        static_cast<double>(availableBytes()));
    }
};

ForecastService::ForecastService(int threads, QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>()) {
    d->threads = threads;
}

ForecastService::~ForecastService() = default;

quint64 ForecastService::ask(const QString& algorithm, const ParamMap& params, const SplitPtr& split) {
    const quint64 ticket = ++d->lastTicket;
    const AlgorithmInfo* info = findAlgorithm(algorithm.toStdString());
    if (!info || !split) return ticket;
    d->lane.postNewest("forecast", [this, ticket, algorithm, info, params, split] {
        auto result = guarded([&]() -> Result<Forecast> { return d->answer(*info, params, split); });
        if (!result) return; // no answer is better than a wrong one
        d->inbox.post([this, ticket, algorithm, found = std::move(*result)] {
            if (ticket == d->lastTicket) emit forecastReady({ticket, algorithm, found});
        });
    });
    return ticket;
}

void ForecastService::checkSplit(const SplitPtr& split) {
    const quint64 check = ++d->lastCheck;
    if (!split) return;
    d->lane.postNewest("leaks", [this, check, split] {
        auto result = guarded([&]() -> Result<std::vector<Leak>> { return findLeaks(*split); });
        if (!result) return;
        d->inbox.post([this, check, split, found = std::move(*result)] {
            if (check == d->lastCheck) emit leaksFound(split, found);
        });
    });
}

} // namespace recoscope
