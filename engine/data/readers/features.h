// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/data/dataset.h"
#include "engine/data/readers/file_tree.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace recoscope::readers {

enum class Side { User, Item };

/// Collects columns over the users or items of a dataset, one value at a time; what is given first stays. One
/// thread.
class FeatureBuilder final {
public:
    explicit FeatureBuilder(std::int32_t rows)
        : m_rows(rows) {}
    /// Number of a column, made when it is not there. A name keeps its first kind.
    int column(const std::string& name, FeatureKind kind);
    void setText(int column, std::int32_t row, std::string text);
    void setNumber(int column, std::int32_t row, float number);
    /// Empty values are missing ones.
    void setToken(int column, std::int32_t row, std::string_view token);
    void addToken(int column, std::int32_t row, std::string_view token);

    /// Columns in which anything is set.
    FeatureTable build();

private:
    struct Work {
        FeatureColumn column;
        std::unordered_map<std::string, std::int32_t> tokens;
        std::vector<std::vector<std::int32_t>> lists; // Tokens
        bool any = false;
    };
    std::int32_t tokenOf(Work& work, std::string_view token);
    std::int32_t m_rows;
    std::vector<Work> m_columns;
};

/// What a reader of a feature file works with.
struct FeatureJob {
    const FileTree& tree;
    int file = 0;
    Side side = Side::Item;
    const IdMap& ids; // of the side
    FeatureBuilder& builder;
    ImportReport& report;
    RunControl* control = nullptr;

    std::string label() const { return tree.label(file); }
};

/// Looks up the rows of a catalogue by id; counts those without interactions and those given twice, for the
/// report.
class CatalogueRows final {
public:
    explicit CatalogueRows(FeatureJob& job)
        : m_job(job)
        , m_seen(static_cast<std::size_t>(job.ids.size()), false) {}
    /// The row, or -1 for an id that has no interactions or was there before.
    std::int32_t rowOf(std::string_view id);
    void malformed(std::int64_t line, std::string_view text, const std::string& message);
    /// Writes the counts into the report.
    void finish();

private:
    FeatureJob& m_job;
    std::vector<bool> m_seen;
    std::int64_t m_unused = 0;
    std::int64_t m_repeated = 0;
    std::string m_firstUnused;
};

using FeatureReader = std::function<Status(FeatureJob&)>;

/// One column of a delimited feature file.
struct FeatureField {
    std::string name;
    FeatureKind kind = FeatureKind::Text;
    char listSeparator = '|'; // Tokens; ' ' as well
};

struct DelimitedFeatures {
    std::string delimiter = ",";
    char quote = 0;
    bool header = false;
    int id = 0;
    std::map<int, FeatureField> fields; // by column number
    bool zeroIsMissing = false;         // a Number column's 0 says nothing
    bool titleYear = false;             // a column "year" from "(1995)" at the end of the title
    std::string emptyList;              // "(no genres listed)": no category at all
    /// Columns of flags: a "1" in column n is the category flags[n - flagsFrom]; name of the resulting
    /// column.
    int flagsFrom = -1;
    std::vector<std::string> flags;
    std::string flagsName;
    /// Codes of a Token column that stand for words (occupation of MovieLens 1M); by column number.
    std::map<int, std::vector<std::string>> codes;
};

FeatureReader delimitedFeatures(DelimitedFeatures shape);

} // namespace recoscope::readers
