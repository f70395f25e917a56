// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/storage/nearest_text.h"

#include <QDir>
#include <QSaveFile>

#include <cmath>

namespace recoscope::cli {

namespace {

const char* typeName(ParamType type) {
    switch (type) {
    case ParamType::Flag:
        return "flag";
    case ParamType::Integer:
        return "integer";
    case ParamType::Real:
        return "real";
    case ParamType::Choice:
        return "choice";
    case ParamType::Text:
        return "text";
    }
    return "";
}

/// What a value may be: a range, or the choices.
std::string allowedText(const ParamSpec& spec) {
    if (spec.type == ParamType::Flag) return "true, false";
    if (spec.type == ParamType::Text) return "text";
    std::string range;
    if (spec.type == ParamType::Choice) {
        for (const ParamChoice& choice : spec.choices)
            range.append(range.empty() ? "" : ", ").append(choice.key);
        return range;
    }
    return rangeText(spec);
}

std::vector<std::string> capabilitiesOf(const AlgorithmInfo& info) {
    const AlgorithmCapabilities& can = info.capabilities;
    std::vector<std::string> list;
    if (can.personalised) list.emplace_back("personalised");
    if (can.foldIn) list.emplace_back("unseen histories");
    if (can.coldItems) list.emplace_back("cold items");
    if (can.explains) list.emplace_back("explains");
    if (can.predictsRatings) list.emplace_back("predicts ratings");
    if (can.embeddings) list.emplace_back("embeddings");
    if (can.iterative) list.emplace_back("epochs");
    return list;
}

std::string commas(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words)
        out.append(out.empty() ? "" : ", ").append(word);
    return out;
}

Json valueJson(const ParamValue& value) {
    return std::visit([](const auto& plain) { return Json(plain); }, value);
}

Json parameterJson(const ParamSpec& spec) {
    Json json{
        {"key", spec.key},          {"type", typeName(spec.type)}, {"default", valueJson(spec.defaultValue)},
        {"label", spec.label},      {"help", spec.help},           {"group", spec.group},
        {"range", allowedText(spec)}, {"log_scale", spec.logScale},  {"advanced", spec.advanced}};
    if (std::isfinite(spec.min)) json["min"] = spec.min;
    if (std::isfinite(spec.max)) json["max"] = spec.max;
    if (!spec.choices.empty()) {
        json["choices"] = Json::array();
        for (const ParamChoice& choice : spec.choices)
            json["choices"].push_back({{"key", choice.key}, {"label", choice.label}, {"help", choice.help}});
    }
    if (!spec.enabledBy.empty()) {
        json["enabled_by"] = spec.enabledBy;
        json["enabled_when"] = spec.enabledWhen;
    }
    return json;
}

Json algorithmJson(const AlgorithmInfo& info) {
    return {{"id", text(info.id)},
            {"title", text(info.title)},
            {"family", text(info.family)},
            {"summary", text(info.summary)},
            {"equation", text(info.equation)},
            {"reference", text(info.reference)},
            {"needs", namesOf(info.needs)},
            {"capabilities", capabilitiesOf(info)}};
}

int runAlgorithms(const Arguments& arguments) {
    if (arguments.has("--json")) {
        Json list = Json::array();
        for (const AlgorithmInfo& info : algorithms())
            list.push_back(algorithmJson(info));
        printJson({{"algorithms", std::move(list)}});
        return ExitOk;
    }
    Table table({"id", "family", "title", "needs", "can"});
    for (const AlgorithmInfo& info : algorithms())
        table.add({text(info.id), text(info.family), text(info.title), commas(namesOf(info.needs)),
                   commas(capabilitiesOf(info))});
    print(table.text());
    return ExitOk;
}

int runDescribe(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "describe needs one algorithm: recoscope-cli describe ID");
    const std::string id = arguments.positional().first().toStdString();
    const AlgorithmInfo* info = findAlgorithm(id);
    if (!info) {
        std::vector<std::string> known;
        for (const AlgorithmInfo& each : algorithms())
            known.push_back(text(each.id));
        const std::string nearest = didYouMean(id, known);
        return fail(arguments, {ErrorCode::NotFound,
                                "There is no algorithm '" + id + "'" + nearest +
                                    (nearest.empty() ? "; " : " ") + "'recoscope-cli algorithms' lists them",
                                ""});
    }
    if (arguments.has("--json")) {
        Json json = algorithmJson(*info);
        json["parameters"] = Json::array();
        for (const ParamSpec& spec : info->schema().specs())
            json["parameters"].push_back(parameterJson(spec));
        printJson(json);
        return ExitOk;
    }
    print(text(info->title) + " (" + id + ", " + text(info->family) + ")\n\n" + text(info->summary) + "\n\n" +
          text(info->equation) + "\n\n" + text(info->reference) + "\n");
    if (const auto needs = namesOf(info->needs); !needs.empty()) print("\nneeds: " + commas(needs) + "\n");
    print("can: " + commas(capabilitiesOf(*info)) + "\n\n");
    if (info->schema().specs().empty()) {
        print("no parameters\n");
        return ExitOk;
    }
    Table table({"parameter", "default", "range", "meaning"});
    for (const ParamSpec& spec : info->schema().specs())
        table.add({spec.key, toText(spec.defaultValue), allowedText(spec), spec.help});
    print(table.text());
    return ExitOk;
}

/// A cell of a Markdown table.
std::string cell(std::string words) {
    std::string out;
    for (const char c : words) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

std::string markdown(const AlgorithmInfo& info) {
    std::string out = "# " + text(info.title) + "\n\n" + text(info.summary) + "\n\n```\n" +
                      text(info.equation) + "\n```\n\n" + "* Id: `" + text(info.id) +
                      "`\n* Family: " + text(info.family) + "\n* Reference: " + text(info.reference) + "\n";
    if (const auto needs = namesOf(info.needs); !needs.empty()) out += "* Needs: " + commas(needs) + "\n";
    out += "* Can: " + commas(capabilitiesOf(info)) + "\n";
    if (info.schema().specs().empty()) return out + "\nIt has no parameters.\n";
    out += "\n| Parameter | Default | Range | Meaning |\n|---|---|---|---|\n";
    for (const ParamSpec& spec : info.schema().specs()) {
        out += "| `" + spec.key + "` | " + toText(spec.defaultValue) + " | " + cell(allowedText(spec)) +
               " | **" + cell(spec.label) + "**: " + cell(spec.help);
        for (const ParamChoice& choice : spec.choices)
            out += "<br>`" + choice.key +
                   "`: " + cell(choice.label + (choice.help.empty() ? "" : ", " + choice.help));
        out += " |\n";
    }
    return out;
}

Status writeFile(const QString& path, const std::string& content) {
    QSaveFile file(path);
    const auto size = static_cast<qint64>(content.size());
    if (file.open(QIODevice::WriteOnly) && file.write(content.data(), size) == size && file.commit())
        return {};
    return Error{ErrorCode::Io, "The file cannot be written: " + file.errorString().toStdString(),
                 path.toStdString()};
}

int runDocs(const Arguments& arguments) {
    if (arguments.positional().size() != 1)
        return usage(arguments, "docs needs one folder: recoscope-cli docs DIR");
    const QDir folder(arguments.positional().first());
    if (!folder.mkpath("."))
        return fail(arguments, {ErrorCode::Io, "The folder cannot be made", folder.path().toStdString()});
    std::string index = "# Algorithms\n\n| Algorithm | Family | What it does |\n|---|---|---|\n";
    Json files = Json::array();
    for (const AlgorithmInfo& info : algorithms()) {
        const std::string name = text(info.id) + ".md";
        index += "| [" + text(info.title) + "](" + name + ") | " + text(info.family) + " | " +
                 cell(text(info.summary)) + " |\n";
        if (Status status = writeFile(folder.filePath(QString::fromStdString(name)), markdown(info)); !status)
            return fail(arguments, status.error());
        files.push_back(name);
    }
    if (Status status = writeFile(folder.filePath("README.md"), index); !status)
        return fail(arguments, status.error());
    files.push_back("README.md");
    if (arguments.has("--json"))
        printJson({{"folder", folder.absolutePath().toStdString()}, {"files", std::move(files)}});
    else
        print(std::to_string(files.size()) + " files in " + folder.absolutePath().toStdString() + "\n");
    return ExitOk;
}

} // namespace

std::vector<Command> algorithmCommands() {
    const Option json{"--json", "", "one JSON object on stdout"};
    return {{"algorithms", "algorithms [--json]", "Lists the algorithms.", {json}, runAlgorithms},
            {"describe",
             "describe ID [--json]",
             "An algorithm with its equation, reference and parameters.",
             {json},
             runDescribe},
            {"docs",
             "docs DIR [--json]",
             "Writes a page of documentation for each algorithm as Markdown.",
             {json},
             runDocs}};
}

} // namespace recoscope::cli
