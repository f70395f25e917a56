// SPDX-License-Identifier: GPL-3.0-or-later
// Measures the engine beside the figures that other programs reached on two cores. Not a test: a table to
// read.
#include "tests/bench/work.h"

#include <charconv>
#include <cstdio>
#include <cstring>

using namespace recoscope;
using namespace recoscope::bench;

namespace {

constexpr const char* usage =
    "usage: recoscope_bench [options]\n"
    "  --data FILE           ratings.dat of MovieLens 1M (default: ml-1m below $RECOSCOPE_DATA)\n"
    "  --only NAME           read, ials, rank, biased_mf, item_knn, ease, slim, bpr, lightgcn or mult_vae; may be repeated\n"
    "  --set ALGO.KEY=VALUE  a parameter, e.g. ials.reg=0.01; may be repeated\n"
    "  --repeats N           of each measure; the median is shown (default 5)\n"
    "  --threads N           default: all cores\n"
    "  --scale               20 million generated interactions instead\n"
    "  --growth              every algorithm at 1, 5 and 20 million generated interactions instead; --only IDs\n"
    "  --millions N          1, 5 or 20: growth at this size only\n"
    "  --patience SECONDS    growth cuts an epoch off then, and leaves out fits expected to take longer (150)\n"
    "  --smoke               tiny generated data: only checks that everything runs\n"
    "  --json FILE           the same as JSON\n";

bool readNumber(const std::string& text, int& number) {
    const char* end = text.data() + text.size();
    return std::from_chars(text.data(), end, number).ptr == end && number > 0;
}

bool readSet(const std::string& text, Options& options) {
    const std::size_t equals = text.find('=');
    const std::size_t dot = text.find('.');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals) return false;
    options.set[text.substr(0, dot)][text.substr(dot + 1, equals - dot - 1)] = text.substr(equals + 1);
    return true;
}

bool readArguments(int count, char** arguments, Options& options) {
    for (int n = 1; n < count; ++n) {
        const std::string name = arguments[n];
        if (name == "--scale") {
            options.scale = true;
            continue;
        }
        if (name == "--growth") {
            options.growth = true;
            continue;
        }
        if (name == "--smoke") {
            options.smoke = true;
            continue;
        }
        if (n + 1 == count) return false;
        const std::string value = arguments[++n];
        bool good = true;
        if (name == "--data") {
            options.data = value;
        } else if (name == "--only") {
            options.only.insert(value);
        } else if (name == "--json") {
            options.jsonPath = value;
        } else if (name == "--set") {
            good = readSet(value, options);
        } else if (name == "--repeats") {
            good = readNumber(value, options.repeats);
        } else if (name == "--millions") {
            good = readNumber(value, options.millions) &&
                   (options.millions == 1 || options.millions == 5 || options.millions == 20);
        } else if (name == "--patience") {
            int seconds = 0;
            good = readNumber(value, seconds);
            options.patience = seconds;
        } else if (name == "--threads") {
            good = readNumber(value, options.threads);
        } else {
            good = false;
        }
        if (!good) return false;
    }
    return true;
}

} // namespace

int main(int count, char** arguments) {
    Options options;
    if (!readArguments(count, arguments, options)) {
        std::fputs(usage, stderr);
        return 2;
    }
    ThreadPool pool({.threads = options.threads});
    const bool large = options.scale || options.growth;
    Report report(pool.threadCount(), options.smoke || large ? 1 : options.repeats);
    Status done;
    if (options.smoke || !large) done = measureMovieLens(report, pool, options);
    if (done && (options.smoke || options.scale)) done = measureScale(report, pool, options);
    if (done && (options.smoke || options.growth)) done = measureGrowth(report, pool, options);
    const int missed = report.finish();
    if (!options.jsonPath.empty() && !report.writeJson(options.jsonPath))
        done = Error{ErrorCode::Io, "The JSON could not be written", options.jsonPath};
    if (!done) {
        std::fprintf(stderr, "recoscope_bench: %s\n", done.error().text().c_str());
        return 2;
    }
    return missed;
}
