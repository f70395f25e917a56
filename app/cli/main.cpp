// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/output.h"
#include "app/isa_level.h"
#include "app/storage/nearest_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <exception>

namespace recoscope::cli {

const std::vector<Command>& commands() {
    static const std::vector<Command> all = [] {
        std::vector<Command> list;
        for (const auto& group : {dataCommands(), algorithmCommands(), trainCommands(), forecastCommands(),
                                  studyCommands(), queryCommands(), runCommands(), compareCommands(), exportCommands()})
            list.insert(list.end(), group.begin(), group.end());
        return list;
    }();
    return all;
}

namespace {

const Command* findCommand(const QString& name) {
    for (const Command& command : commands())
        if (name == QString::fromStdString(command.name)) return &command;
    return nullptr;
}

std::string commandHelp(const Command& command) {
    std::string out = command.summary + "\n\nusage: recoscope-cli " + command.usage + "\n";
    if (command.options.empty()) return out;
    std::size_t widest = 0;
    for (const Option& option : command.options)
        widest = std::max(widest, option.name.size() + 1 + option.value.size());
    out += "\noptions:\n";
    for (const Option& option : command.options) {
        // Padding counts characters, not bytes: "…" is three bytes wide.
        const std::string left = option.name + (option.value.empty() ? "" : " " + option.value);
        const auto characters = static_cast<std::size_t>(std::count_if(
            left.begin(), left.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
        out += "  " + left + std::string(widest + 2 - std::min(widest, characters), ' ') + option.help + "\n";
    }
    return out;
}

std::string overview() {
    std::string out = "Recoscope on the command line: data, training, evaluation and stored runs.\n\n"
                      "usage: recoscope-cli COMMAND …\n\ncommands:\n";
    for (const Command& command : commands())
        out += "  " + command.name + std::string(12 - command.name.size(), ' ') + command.summary + "\n";
    out += "  help        This, or 'help COMMAND' for the options of one.\n\n"
           "With --json a command prints exactly one JSON object on stdout. Exit codes: 0 ok, 1 failed, 2 "
           "usage, 130 stopped by Ctrl+C.\n\n"
           "example: recoscope-cli train --data builtin:sample --algorithm ials\n"
           "         recoscope-cli recommend latest --user 1 -k 10\n";
    return out;
}

int run(const QStringList& words) {
    const QString name = words.value(0);
    const Arguments none;
    if (name.isEmpty()) {
        std::fputs(overview().c_str(), stderr);
        return ExitUsage;
    }
    if (name == "--version") {
        print("recoscope-cli " + QCoreApplication::applicationVersion().toStdString() + ", built for " +
              std::string(isaLevelName(compiledIsaLevel())) + "\n");
        return ExitOk;
    }
    if (name == "help" || name == "--help" || name == "-h") {
        if (words.size() < 2) {
            print(overview());
            return ExitOk;
        }
    }
    const QString wanted = name == "help" ? words[1] : name;
    const Command* command = findCommand(wanted);
    if (!command) {
        std::vector<std::string> known;
        for (const Command& each : commands())
            known.push_back(each.name);
        if (words.contains("--json"))
            if (const auto json = Arguments::parse(std::vector<Option>{{"--json", "", ""}}, {"--json"}))
                return usage(*json, "There is no command '" + wanted.toStdString() + "'" +
                                        didYouMean(wanted.toStdString(), known));
        return usage(none, "There is no command '" + wanted.toStdString() + "'" +
                               didYouMean(wanted.toStdString(), known));
    }
    const QStringList rest = words.mid(1);
    if (name == "help" || rest.contains("--help") || rest.contains("-h")) {
        print(commandHelp(*command));
        return ExitOk;
    }
    const auto arguments = Arguments::parse(command->options, rest);
    if (!arguments) {
        std::fprintf(stderr, "recoscope-cli: %s\nusage: recoscope-cli %s\n", arguments.error().text().c_str(),
                     command->usage.c_str());
        if (rest.contains("--json"))
            printJson({{"error", {{"message", arguments.error().message}, {"where", "command line"}}}});
        return ExitUsage;
    }
    try {
        return command->run(*arguments);
    } catch (const std::bad_alloc&) {
        return fail(
            *arguments,
            {ErrorCode::Limit, "There is not enough memory for this; use less data or a smaller model", ""});
    } catch (const std::exception& failure) {
        return fail(*arguments,
                    {ErrorCode::Invalid, std::string("An internal check failed: ") + failure.what(), ""});
    }
}

} // namespace

} // namespace recoscope::cli

int main(int argc, char** argv) {
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName("recoscope-cli");
    QCoreApplication::setApplicationVersion(RECOSCOPE_VERSION);
    // Numbers in files and on the command line have a point, whatever the country.
    std::setlocale(LC_NUMERIC, "C");
    return recoscope::cli::run(QCoreApplication::arguments().mid(1));
}
