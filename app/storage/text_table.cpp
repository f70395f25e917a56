// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/text_table.h"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace recoscope {

namespace {

bool endsWith(const std::string& path, std::string_view ending) {
    return path.size() >= ending.size() &&
           std::equal(ending.rbegin(), ending.rend(), path.rbegin(),
                      [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
}

std::string oneLine(const QString& text) {
    QString line = text;
    line.replace(QLatin1Char('\n'), QLatin1Char(' '));
    return line.toStdString();
}

std::string markdownText(const QString& text) {
    QString escaped = text;
    escaped.replace(QLatin1Char('|'), QLatin1String("\\|"));
    return oneLine(escaped);
}

std::string latexText(const QString& text) {
    std::string out;
    for (const char c : oneLine(text)) {
        if (c == '\\')
            out += "\\textbackslash{}";
        else if (c == '~' || c == '^')
            out.append("\\").append(1, c).append("{}");
        else
            out.append(std::string_view("&%$#_{}").find(c) != std::string_view::npos ? "\\" : "")
                .append(1, c);
    }
    return out;
}

std::string joined(const QStringList& cells, const char* between, std::string (*text)(const QString&)) {
    std::string line;
    for (qsizetype n = 0; n < cells.size(); ++n) {
        if (n > 0) line += between;
        line += text(cells[n]);
    }
    return line;
}

std::string csvText(const QString& text) { return csvField(text.toStdString()); }

} // namespace

TableFormat tableFormatOf(const std::string& path) {
    if (endsWith(path, ".md")) return TableFormat::Markdown;
    if (endsWith(path, ".tex")) return TableFormat::Latex;
    return TableFormat::Csv;
}

std::string textOfTable(const TextTable& table, TableFormat format) {
    std::string out;
    switch (format) {
    case TableFormat::Csv:
        for (const QString& note : table.notes)
            out += "# " + oneLine(note) + "\n";
        out += joined(table.headers, ",", csvText) + "\n";
        for (const QStringList& row : table.rows)
            out += joined(row, ",", csvText) + "\n";
        return out;
    case TableFormat::Markdown:
        if (!table.title.isEmpty()) out += "**" + markdownText(table.title) + "**\n\n";
        out += "| " + joined(table.headers, " | ", markdownText) + " |\n|---|";
        for (qsizetype n = 1; n < table.headers.size(); ++n)
            out += "---:|";
        out += "\n";
        for (const QStringList& row : table.rows)
            out += "| " + joined(row, " | ", markdownText) + " |\n";
        out += "\n";
        for (const QString& note : table.notes)
            out += "- " + oneLine(note) + "\n";
        return out;
    case TableFormat::Latex:
        break;
    }
    out = "% needs \\usepackage{booktabs}\n";
    if (!table.title.isEmpty()) out += "% " + oneLine(table.title) + "\n";
    out += "\\begin{tabular}{l" +
           std::string(static_cast<std::size_t>(std::max<qsizetype>(0, table.headers.size() - 1)), 'r') +
           "}\n\\toprule\n" + joined(table.headers, " & ", latexText) + " \\\\\n\\midrule\n";
    for (const QStringList& row : table.rows)
        out += joined(row, " & ", latexText) + " \\\\\n";
    out += "\\bottomrule\n\\end{tabular}\n\n{\\footnotesize\n";
    for (const QString& note : table.notes)
        out += latexText(note) + "\\\\\n";
    return out + "}\n";
}

} // namespace recoscope
