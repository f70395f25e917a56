// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/features.h"

#include "engine/data/readers/lines.h"
#include "engine/data/readers/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace recoscope::readers {

int FeatureBuilder::column(const std::string& name, FeatureKind kind) {
    for (std::size_t n = 0; n < m_columns.size(); ++n)
        if (m_columns[n].column.name == name)
            return m_columns[n].column.kind == kind ? static_cast<int>(n) : -1;
    Work& work = m_columns.emplace_back();
    work.column.name = name;
    work.column.kind = kind;
    const auto rows = static_cast<std::size_t>(m_rows);
    switch (kind) {
    case FeatureKind::Text:
        work.column.texts.resize(rows);
        break;
    case FeatureKind::Number:
        work.column.numbers.assign(rows, std::numeric_limits<float>::quiet_NaN());
        break;
    case FeatureKind::Token:
        work.column.tokens.assign(rows, -1);
        break;
    case FeatureKind::Tokens:
        work.lists.resize(rows);
        break;
    }
    return static_cast<int>(m_columns.size()) - 1;
}

void FeatureBuilder::setText(int column, std::int32_t row, std::string text) {
    if (column < 0 || text.empty()) return;
    Work& work = m_columns[static_cast<std::size_t>(column)];
    std::string& to = work.column.texts[static_cast<std::size_t>(row)];
    if (to.empty()) to = std::move(text);
    work.any = true;
}

void FeatureBuilder::setNumber(int column, std::int32_t row, float number) {
    if (column < 0 || !std::isfinite(number)) return;
    Work& work = m_columns[static_cast<std::size_t>(column)];
    float& to = work.column.numbers[static_cast<std::size_t>(row)];
    if (std::isnan(to)) to = number;
    work.any = true;
}

std::int32_t FeatureBuilder::tokenOf(Work& work, std::string_view token) {
    const auto next = static_cast<std::int32_t>(work.column.vocabulary.size());
    const auto [at, isNew] = work.tokens.try_emplace(std::string(token), next);
    if (isNew) work.column.vocabulary.emplace_back(token);
    work.any = true;
    return at->second;
}

void FeatureBuilder::setToken(int column, std::int32_t row, std::string_view token) {
    if (column < 0 || token.empty()) return;
    Work& work = m_columns[static_cast<std::size_t>(column)];
    std::int32_t& to = work.column.tokens[static_cast<std::size_t>(row)];
    if (to < 0) to = tokenOf(work, token);
}

void FeatureBuilder::addToken(int column, std::int32_t row, std::string_view token) {
    if (column < 0 || token.empty()) return;
    Work& work = m_columns[static_cast<std::size_t>(column)];
    auto& list = work.lists[static_cast<std::size_t>(row)];
    const std::int32_t number = tokenOf(work, token);
    if (std::find(list.begin(), list.end(), number) == list.end()) list.push_back(number);
}

FeatureTable FeatureBuilder::build() {
    std::vector<FeatureColumn> columns;
    for (Work& work : m_columns) {
        if (!work.any) continue;
        if (work.column.kind == FeatureKind::Tokens) {
            work.column.tokenOffsets.push_back(0);
            for (const auto& list : work.lists) {
                work.column.tokens.insert(work.column.tokens.end(), list.begin(), list.end());
                work.column.tokenOffsets.push_back(static_cast<std::int64_t>(work.column.tokens.size()));
            }
        }
        columns.push_back(std::move(work.column));
    }
    m_columns.clear();
    return FeatureTable(std::move(columns));
}

std::int32_t CatalogueRows::rowOf(std::string_view id) {
    id = trimmed(id);
    const auto found = isValidUtf8(id) ? m_job.ids.find(id) : m_job.ids.find(toUtf8(id));
    if (!found) {
        if (m_unused++ == 0) m_firstUnused = cleanText(id.substr(0, 200));
        return -1;
    }
    if (m_seen[static_cast<std::size_t>(*found)]) {
        ++m_repeated;
        return -1;
    }
    m_seen[static_cast<std::size_t>(*found)] = true;
    return *found;
}

void CatalogueRows::malformed(std::int64_t line, std::string_view text, const std::string& message) {
    m_job.report.add("malformed-catalogue-line", message, m_job.label() + ":" + std::to_string(line),
                     cleanText(text.substr(0, 200)));
}

void CatalogueRows::finish() {
    const bool items = m_job.side == Side::Item;
    ImportReport counts;
    if (m_unused > 0)
        counts.issues.push_back(
            {items ? "items-without-interactions" : "users-without-interactions",
             items ? "Items of the catalogue that nobody interacted with are not part of the dataset"
                   : "Users of the user file without interactions are not part of the dataset",
             Severity::Note,
             m_unused,
             {{m_job.label(), m_firstUnused}}});
    if (m_repeated > 0)
        counts.issues.push_back(
            {"repeated-catalogue-line",
             "The catalogue describes an id more than once; the first description was kept",
             Severity::Note,
             m_repeated,
             {{m_job.label(), ""}}});
    const auto described = std::count(m_seen.begin(), m_seen.end(), true);
    if (described < m_job.ids.size())
        counts.issues.push_back(
            {items ? "items-without-description" : "users-without-description",
             items ? "Items with interactions are not in the catalogue; they have no title and features"
                   : "Users with interactions are not in the user file; they have no features",
             Severity::Note,
             m_job.ids.size() - described,
             {{m_job.label(), ""}}});
    m_job.report.merge(counts);
}

namespace {

void setField(FeatureJob& job, const FeatureField& field, int column, std::int32_t row, std::string_view text,
              const DelimitedFeatures& shape, bool& recoded) {
    switch (field.kind) {
    case FeatureKind::Text:
        job.builder.setText(column, row, cleanText(text, &recoded));
        break;
    case FeatureKind::Token:
        job.builder.setToken(column, row, cleanText(text, &recoded));
        break;
    case FeatureKind::Number:
        if (const auto number = parseNumber(text);
            number && std::abs(*number) < 1e30 && !(shape.zeroIsMissing && *number == 0))
            job.builder.setNumber(column, row, static_cast<float>(*number));
        else if (field.name == "price" && !number)
            if (const auto price = parsePrice(text)) job.builder.setNumber(column, row, *price);
        break;
    case FeatureKind::Tokens:
        if (text == shape.emptyList) break;
        while (!text.empty()) {
            const std::size_t end = std::min(text.find(field.listSeparator), text.size());
            job.builder.addToken(column, row, cleanText(text.substr(0, end), &recoded));
            text.remove_prefix(std::min(text.size(), end + 1));
        }
        break;
    }
}

} // namespace

FeatureReader delimitedFeatures(DelimitedFeatures shape) {
    return [shape = std::move(shape)](FeatureJob& job) -> Status {
        std::map<int, int> columns;
        int year = -1;
        for (const auto& [number, field] : shape.fields) {
            columns[number] = job.builder.column(field.name, field.kind);
            if (shape.titleYear && field.name == "title")
                year = job.builder.column("year", FeatureKind::Number);
        }
        const int flags = shape.flagsFrom < 0 ? -1 : job.builder.column(shape.flagsName, FeatureKind::Tokens);
        CatalogueRows rows(job);
        bool recoded = false;
        bool skip = shape.header;
        const auto take = [&](std::string_view line, std::int64_t number) {
            if (skip) {
                skip = false;
                return;
            }
            const auto fields = splitLine(line, shape.delimiter, shape.quote);
            if (!fields || static_cast<int>(fields->size()) <= shape.id ||
                trimmed((*fields)[static_cast<std::size_t>(shape.id)]).empty())
                return rows.malformed(number, line,
                                      "A catalogue line has no id or an open quote; it was left out");
            const std::int32_t row = rows.rowOf((*fields)[static_cast<std::size_t>(shape.id)]);
            if (row < 0) return;
            for (const auto& [at, field] : shape.fields) {
                if (at >= static_cast<int>(fields->size())) continue;
                std::string_view text = (*fields)[static_cast<std::size_t>(at)];
                if (const auto codes = shape.codes.find(at); codes != shape.codes.end()) {
                    std::size_t code = codes->second.size();
                    std::from_chars(text.data(), text.data() + text.size(), code);
                    if (code < codes->second.size()) text = codes->second[code];
                }
                setField(job, field, columns[at], row, text, shape, recoded);
                if (year >= 0 && field.name == "title")
                    if (const auto found = yearOfTitle(text))
                        job.builder.setNumber(year, row, static_cast<float>(*found));
            }
            for (std::size_t n = 0; flags >= 0 && n < shape.flags.size(); ++n) {
                const std::size_t at = static_cast<std::size_t>(shape.flagsFrom) + n;
                if (at < fields->size() && trimmed((*fields)[at]) == "1")
                    job.builder.addToken(flags, row, shape.flags[n]);
            }
        };
        const Status read = shape.quote ? forEachRecord(job.tree, job.file, shape.quote, job.control, take)
                                        : forEachLine(job.tree, job.file, job.control, take);
        if (!read) return read;
        rows.finish();
        if (recoded)
            job.report.add("recoded", "Texts were not UTF-8 and were read as Latin-1", job.label(), "",
                           Severity::Note);
        return {};
    };
}

} // namespace recoscope::readers
