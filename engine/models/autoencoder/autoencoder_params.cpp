// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/autoencoder_params.h"

#include <charconv>

namespace recoscope {

Result<std::vector<std::int32_t>> parseWidths(std::string_view text) {
    std::vector<std::int32_t> widths;
    const auto isSpace = [](char c) { return c == ' ' || c == '\t' || c == '[' || c == ']'; };
    std::size_t at = 0;
    const auto skip = [&] {
        while (at < text.size() && isSpace(text[at]))
            ++at;
    };
    skip();
    while (at < text.size()) {
        std::int32_t width = 0;
        const auto [stop, failure] = std::from_chars(text.data() + at, text.data() + text.size(), width);
        if (failure != std::errc() || width < 1 || width > 65536)
            return Error{
                ErrorCode::Invalid,
                "Hidden layers are widths from 1 to 65,536 separated by commas, such as 600, 200; got '" +
                    std::string(text) + "'",
                "mlp_hidden_size"};
        widths.push_back(width);
        at = static_cast<std::size_t>(stop - text.data());
        skip();
        if (at >= text.size()) break;
        if (text[at] != ',')
            return Error{ErrorCode::Invalid,
                         "Hidden layers are separated by commas, such as 600, 200; got '" +
                             std::string(text) + "'",
                         "mlp_hidden_size"};
        ++at;
        skip();
    }
    if (widths.size() > 16) return Error{ErrorCode::Invalid, "More than 16 hidden layers", "mlp_hidden_size"};
    return widths;
}

std::vector<std::int32_t> AutoencoderParams::hiddenSizes() const {
    const auto widths = parseWidths(hidden);
    RECOSCOPE_CHECK(widths, "hidden layers that were not checked");
    return *widths;
}

LayerSizes AutoencoderParams::sizes(const DataSize& size) const {
    LayerSizes result = sizes(size.items);
    result.sideInput = size.itemColumns;
    if (userFeatures == UserFeatures::Input) result.sideInput += size.userColumns;
    if (userFeatures == UserFeatures::Code) result.sideCode = size.userColumns;
    return result;
}

nn::OptimizerOptions AutoencoderParams::optimizerOptions() const {
    nn::OptimizerOptions options;
    options.kind = optimizer;
    options.weightDecay = weightDecay;
    options.l1 = l1;
    options.lazyRows = lazyRows;
    return options;
}

nn::ScheduleOptions AutoencoderParams::scheduleOptions() const {
    nn::ScheduleOptions options;
    options.kind = schedule;
    options.gamma = scheduleGamma;
    options.stepEpochs = scheduleEpochs;
    options.warmUpEpochs = warmUpEpochs;
    return options;
}

} // namespace recoscope
