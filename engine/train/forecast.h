// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"

#include <string>
#include <vector>

namespace recoscope {

/// Counted from the training part. O(users + items + features).
DataShape shapeOf(const Split& split);

/// What this machine does a second, all threads of a pool together.
struct MachineRates {
    double dense = 3e10;         // multiply-adds in large dense products
    double factorisation = 1e10; // multiply-adds in dense factorisations
    double vectors = 2e9;        // multiply-adds in short rows that stand far apart
    double scattered = 2e8;      // single numbers at random places
    bool operator==(const MachineRates&) const = default;
};

/// Timed on this machine: about 0.1 s. The caller keeps the answer.
MachineRates measureRates(ThreadPool& pool);

enum class FitVerdict {
    Unknown, // the algorithm does not count its cost
    Fits,
    Tight,  // more than two thirds of the free memory
    Cannot, // more than the free memory
};
/// "fits", as files and commands write it.
std::string_view fitVerdictKey(FitVerdict verdict);

/// Another algorithm that gives what the asked one would, and fits.
struct ForecastAlternative {
    std::string algorithm; // its id
    std::string title;
    double bytes = 0.0;
    double seconds = 0.0;
    bool operator==(const ForecastAlternative&) const = default;
};

/// What training will take, before it begins: at the peak, beyond the data, without evaluation.
struct Forecast {
    FitVerdict verdict = FitVerdict::Unknown;
    double bytes = 0.0;
    double seconds = 0.0;
    double freeBytes = 0.0; // of the machine; 0: it does not tell
    FitCost cost;
    std::string text; // "EASE on 62,423 items needs 31 GB, this machine has 16 GB free"
    std::vector<ForecastAlternative>
        alternatives; // where it does not fit well: nearest kind first, at most 4
};

/// @param params     as a plan has them; what is left out has its default
/// @param freeBytes  see availableBytes(); 0: unknown, then everything fits
Forecast forecast(const AlgorithmInfo& algorithm, const DataShape& shape, const ParamMap& params,
                  const MachineRates& rates, double freeBytes);

/// Success, or why the run would not fit into the memory that is free now. Small needs are never refused.
Status checkMemory(const AlgorithmInfo& algorithm, const ParamMap& params, const Split& split);

/// "31 GB", "1.4 GB", "640 MB": powers of 1000, two digits at least.
std::string bytesText(double bytes);
/// "under a second", "12 s", "3 min", "2.5 h", "4 days"
std::string roughDuration(double seconds);

} // namespace recoscope
