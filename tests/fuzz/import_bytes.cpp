// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/fuzz/import_bytes.h"

#include "engine/data/readers/reader.h"

#include <cmath>
#include <cstdio>

namespace recoscope::test {

namespace {

std::string faultOf(const ImportResult& result) {
    const Dataset& data = *result.dataset;
    if (data.interactionCount() == 0) return "a dataset without interactions";
    if (data.users().size() != data.userCount() || data.items().size() != data.itemCount())
        return "ids and matrix of different size";
    for (const float value : data.byUser().values())
        if (!std::isfinite(value)) return "a value that is not finite";
    if (!data.times().empty() && static_cast<std::int64_t>(data.times().size()) != data.interactionCount())
        return "times are missing";
    if (!data.parts().empty() && static_cast<std::int64_t>(data.parts().size()) != data.interactionCount())
        return "parts are missing";
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        if (data.byUser().rowSize(UserIndex{u}) == 0) return "a user without interactions";
    for (std::int32_t i = 0; i < data.itemCount(); ++i)
        if (data.byItem().rowSize(ItemIndex{i}) == 0) return "an item without interactions";
    for (const auto* table : {&data.itemFeatures(), &data.userFeatures()})
        for (const auto& column : table->columns())
            if (column.rowCount() != (table == &data.itemFeatures() ? data.itemCount() : data.userCount()))
                return "a feature of another length";
    std::int64_t lost = 0;
    for (const auto& issue : result.report.issues)
        for (const auto* kind :
             {"too-few-columns", "empty-id", "id-too-long", "malformed-rating", "missing-rating",
              "malformed-time", "nul-byte", "unclosed-quote", "malformed-json", "missing-field"})
            if (issue.kind == kind) lost += issue.count;
    if (result.report.rowsRead != result.report.rowsUsed + result.report.duplicates + lost)
        return "rows are not accounted for";
    return {};
}

} // namespace

std::string importBytes(const std::string& folder, const std::string& name, const std::uint8_t* bytes,
                        std::size_t size, const std::string& format) {
    const std::string path = folder + "/" + name;
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (!file) return "the test file cannot be written";
    const bool written = size == 0 || std::fwrite(bytes, 1, size, file) == size;
    std::fclose(file);
    if (!written) return "the test file cannot be written";
    ImportOptions options;
    options.format = format;
    const auto preview = previewPath(path, options);
    if (!preview.ok() && preview.error().message.empty()) return "a preview error without a message";
    const auto result = importPath(path, options, {});
    if (!result.ok()) return result.error().message.empty() ? "an error without a message" : "";
    if (!preview.ok()) return "imported what the preview refused";
    return faultOf(*result);
}

} // namespace recoscope::test
