// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/exports.h"

#include "engine/api/split_query.h"
#include "engine/eval/significance.h"
#include "engine/linalg/top_k.h"

#include "app/storage/line_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

/// Rows of a block of users scored at once; bounded memory for any number of items.
std::int32_t blockSize(std::int32_t items) {
    return std::clamp(static_cast<std::int32_t>((std::int64_t{8} << 20) / std::max(items, 1)), 1, 256);
}

std::string number(double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, end.ptr};
}
std::string number(float value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, end.ptr};
}

/// White space separates the fields of TREC files.
std::string trecField(std::string_view id) {
    std::string out(id);
    for (char& c : out)
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') c = '_';
    return out.empty() ? "_" : out;
}

/// Which rows have the best and the second best value of a column; -1: none.
std::pair<int, int> bestRows(const std::vector<MetricRow>& rows, const std::string& key) {
    int best = -1;
    int second = -1;
    const auto valueOf = [&](int row) {
        return rows[static_cast<std::size_t>(row)].evaluation.find(key)->value;
    };
    const std::string* definition = nullptr;
    for (const MetricRow& row : rows) {
        const MetricValue* metric = row.evaluation.find(key);
        if (!metric) continue;
        if (row.part != rows.front().part) return {-1, -1};
        if (definition && *definition != metric->definition)
            return {-1, -1}; // not the same number: nothing is better
        definition = &metric->definition;
    }
    for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
        const MetricValue* metric = rows[static_cast<std::size_t>(row)].evaluation.find(key);
        if (!metric || !std::isfinite(metric->value)) continue;
        const auto better = [&](int other) {
            return other < 0 ||
                   (metric->higherIsBetter ? metric->value > valueOf(other) : metric->value < valueOf(other));
        };
        if (better(best)) {
            second = best;
            best = row;
        } else if (better(second)) {
            second = row;
        }
    }
    return {best, second};
}

/// Whether the best row of a column differs from every other by more than chance; nothing where no test is
/// possible.
std::optional<bool> beatsAll(const std::vector<MetricRow>& rows, const std::string& key, int best,
                             const SignificanceOptions& options) {
    std::vector<ComparedRun> runs;
    for (const MetricRow& row : rows) {
        if (row.splitFingerprint.empty() || row.splitFingerprint != rows.front().splitFingerprint)
            return std::nullopt;
        runs.push_back({row.name, &row.evaluation});
    }
    if (best < 0 || runs.size() < 2) return std::nullopt;
    const auto table = compareWithOthers(runs, static_cast<std::size_t>(best), key, options);
    if (!table) return std::nullopt;
    return std::all_of(table->begin(), table->end(), [](const Comparison& c) { return c.significant; });
}

std::string latexText(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\textbackslash{}";
        } else if (c == '~' || c == '^') {
            out.append("\\").append(1, c).append("{}");
        } else {
            if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) out += '\\';
            out += c;
        }
    }
    return out;
}

const char* partName(Target part) { return part == Target::Test ? "test" : "validation"; }

/// A row's name, with its part where that is not the test part.
std::string nameOf(const MetricRow& row) {
    return row.part == Target::Test ? row.name : row.name + " (validation)";
}

/// Lines that say what the numbers of a table are: the part, and each different definition.
std::vector<std::string> notesOf(const std::vector<MetricRow>& rows) {
    std::vector<std::string> notes;
    const auto add = [&](std::string note) {
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
    };
    for (const MetricRow& row : rows)
        add(std::string("Part: ") + partName(row.part));
    for (const MetricRow& row : rows)
        for (const MetricValue& metric : row.evaluation.metrics)
            add(metric.label + ": " + metric.definition);
    return notes;
}

std::string rounded(double value) {
    if (!std::isfinite(value)) return "-";
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.4f", value);
    return buffer;
}

} // namespace

Status rankAllUsers(const Recommender& model, const Split& split, int count, RunControl& control,
                    const std::function<Status(const RankedUser&)>& take) {
    const Dataset& data = *split.dataset();
    const std::int32_t block = blockSize(data.itemCount());
    std::vector<std::int32_t> best(static_cast<std::size_t>(std::clamp(count, 0, data.itemCount())));
    std::vector<Query> queries;
    MatrixF scores(block, data.itemCount());
    constexpr float excluded = -std::numeric_limits<float>::infinity();
    for (std::int32_t begin = 0; begin < data.userCount(); begin += block) {
        if (!control.keepGoing()) return Error{ErrorCode::Cancelled, "Cancelled", ""};
        const std::int32_t rows = std::min(block, data.userCount() - begin);
        queries.clear();
        for (std::int32_t n = 0; n < rows; ++n)
            queries.push_back(queryFor(model, split, split.testHistory(), UserIndex{begin + n}));
        model.score(queries, scores.topRows(rows));
        for (std::int32_t n = 0; n < rows; ++n) {
            const UserIndex user{begin + n};
            for (const ItemIndex item : queries[static_cast<std::size_t>(n)].items)
                scores(n, toInt(item)) = excluded;
            for (const ItemIndex item : split.validation().cols(user))
                scores(n, toInt(item)) = excluded;
            const float* row = scores.data() + static_cast<std::ptrdiff_t>(n) * data.itemCount();
            const int found = topK({row, static_cast<std::size_t>(data.itemCount())}, best);
            RankedUser ranked{user, {}};
            for (int k = 0; k < found; ++k) {
                const std::int32_t item = best[static_cast<std::size_t>(k)];
                ranked.items.push_back({ItemIndex{item}, row[item]});
            }
            if (Status status = take(ranked); !status) return status;
        }
    }
    return {};
}

Status writeRecommendationsCsv(const std::string& path, const Recommender& model, const Split& split,
                               int count, RunControl& control) {
    LineFile file(path);
    if (Status status = file.open(); !status) return status;
    if (Status status = file.add("user_id,item_id,rank,score\n"); !status) return status;
    const Dataset& data = *split.dataset();
    const Status ranked = rankAllUsers(model, split, count, control, [&](const RankedUser& user) -> Status {
        const std::string id = csvField(std::string(data.userId(user.user)));
        int rank = 0;
        for (const ScoredItem& item : user.items)
            if (Status status = file.add(id + "," + csvField(std::string(data.itemId(item.item))) + "," +
                                         std::to_string(++rank) + "," + number(item.score) + "\n");
                !status)
                return status;
        return {};
    });
    return ranked ? file.commit() : ranked;
}

Status writeTrecRun(const std::string& path, const Recommender& model, const Split& split, int count,
                    const std::string& tag, RunControl& control) {
    LineFile file(path);
    if (Status status = file.open(); !status) return status;
    const Dataset& data = *split.dataset();
    const Status ranked = rankAllUsers(model, split, count, control, [&](const RankedUser& user) -> Status {
        const std::string id = trecField(data.userId(user.user));
        int rank = 0;
        float last = std::numeric_limits<float>::infinity();
        for (const ScoredItem& item : user.items) {
            // Ties would be broken by item id there, and by index here.
            last = item.score < last ? item.score
                                     : std::nextafter(last, -std::numeric_limits<float>::infinity());
            if (Status status =
                    file.add(id + " Q0 " + trecField(data.itemId(item.item)) + " " + std::to_string(++rank) +
                             " " + number(last) + " " + trecField(tag) + "\n");
                !status)
                return status;
        }
        return {};
    });
    return ranked ? file.commit() : ranked;
}

Status writeTrecQrels(const std::string& path, const Split& split, double relevanceThreshold) {
    LineFile file(path);
    if (Status status = file.open(); !status) return status;
    const Dataset& data = *split.dataset();
    for (std::int32_t u = 0; u < data.userCount(); ++u) {
        const auto items = split.test().cols(UserIndex{u});
        const auto values = split.test().values(UserIndex{u});
        for (std::size_t n = 0; n < items.size(); ++n) {
            if (relevanceThreshold != 0.0 && static_cast<double>(values[n]) < relevanceThreshold) continue;
            if (Status status = file.add(trecField(data.userId(UserIndex{u})) + " 0 " +
                                         trecField(data.itemId(items[n])) + " 1\n");
                !status)
                return status;
        }
    }
    return file.commit();
}

Status writeCurvesCsv(const std::string& path, const std::vector<Curve>& curves) {
    LineFile file(path);
    if (Status status = file.open(); !status) return status;
    if (Status status = file.add("curve,epoch,elapsed_seconds,value\n"); !status) return status;
    for (const Curve& curve : curves)
        for (const CurvePoint& point : curve.points)
            if (Status status =
                    file.add(csvField(curve.key.toStdString()) + "," + std::to_string(point.epoch) + "," +
                             number(point.elapsed) + "," + number(point.value) + "\n");
                !status)
                return status;
    return file.commit();
}

std::string metricTable(const std::vector<MetricRow>& rows, TableFormat format) {
    std::vector<std::pair<std::string, std::string>> columns; // key, label
    for (const MetricRow& row : rows)
        for (const MetricValue& metric : row.evaluation.metrics)
            if (std::none_of(columns.begin(), columns.end(),
                             [&](const auto& known) { return known.first == metric.key; }))
                columns.emplace_back(metric.key, metric.label);
    std::string out;
    if (format == TableFormat::Csv) {
        // One line a number, so that each has its definition beside it.
        out = "run,part,metric,value,count,definition\n";
        for (const MetricRow& row : rows)
            for (const MetricValue& metric : row.evaluation.metrics)
                out += csvField(row.name) + "," + partName(row.part) + "," + metric.key + "," +
                       number(metric.value) + "," + std::to_string(metric.count) + "," +
                       csvField(metric.definition) + "\n";
        return out;
    }
    std::vector<std::vector<std::string>> cells(rows.size());
    const SignificanceOptions tests{.resamples = 0}; // no intervals are shown
    const std::string mark = "†";
    bool tested = false;
    for (const auto& [key, label] : columns) {
        const auto [best, second] = rows.size() > 1 ? bestRows(rows, key) : std::pair{-1, -1};
        const auto beats = beatsAll(rows, key, best, tests);
        tested = tested || beats;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            const MetricValue* metric = rows[row].evaluation.find(key);
            std::string cell = metric ? rounded(metric->value) : "-";
            if (static_cast<int>(row) == best)
                cell = format == TableFormat::Latex ? "\\textbf{" + cell + "}" : "**" + cell + "**";
            if (static_cast<int>(row) == best && beats.value_or(false))
                cell += format == TableFormat::Latex ? "$^{\\dagger}$" : " " + mark;
            if (static_cast<int>(row) == second && format == TableFormat::Latex)
                cell = "\\underline{" + cell + "}";
            cells[row].push_back(std::move(cell));
        }
    }
    std::vector<std::string> notes = notesOf(rows);
    if (tested)
        notes.insert(notes.begin(),
                     mark +
                         ": differs from every other row of the column; paired t-test over the same users, "
                         "two-sided, p < 0.05 after Holm's correction over the column's pairs with the "
                         "best. Where no best has the mark, the table does not show that it is better");
    if (format == TableFormat::Markdown) {
        out = "| run |";
        for (const auto& column : columns)
            out += " " + column.second + " |";
        out += "\n|---|";
        for (std::size_t n = 0; n < columns.size(); ++n)
            out += "---:|";
        out += "\n";
        for (std::size_t row = 0; row < rows.size(); ++row) {
            std::string name;
            for (const char c : nameOf(rows[row]))
                name.append(c == '|' ? "\\" : "").append(1, c);
            out += "| " + name + " |";
            for (const std::string& cell : cells[row])
                out += " " + cell + " |";
            out += "\n";
        }
        out += "\n";
        for (const std::string& note : notes)
            out += "- " + note + "\n";
        return out;
    }
    out = "% needs \\usepackage{booktabs}\n\\begin{tabular}{l" + std::string(columns.size(), 'r') +
          "}\n\\toprule\nrun";
    for (const auto& column : columns)
        out += " & " + latexText(column.second);
    out += " \\\\\n\\midrule\n";
    for (std::size_t row = 0; row < rows.size(); ++row) {
        out += latexText(nameOf(rows[row]));
        for (const std::string& cell : cells[row])
            out += " & " + cell;
        out += " \\\\\n";
    }
    out += "\\bottomrule\n\\end{tabular}\n\n{\\footnotesize\n";
    for (const std::string& note : notes)
        out += (note.rfind(mark, 0) == 0 ? "$^{\\dagger}$" + latexText(note.substr(mark.size()))
                                         : latexText(note)) +
               "\\\\\n";
    return out + "}\n";
}

Status writeTextFile(const std::string& path, const std::string& content) {
    LineFile file(path);
    if (Status status = file.open(); !status) return status;
    if (Status status = file.add(content); !status) return status;
    return file.commit();
}

std::string csvField(const std::string& field) {
    if (field.find_first_of(",\"\n\r") == std::string::npos) return field;
    std::string out = "\"";
    for (const char c : field) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

} // namespace recoscope
