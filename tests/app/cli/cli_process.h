// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QStringList>

#include <nlohmann/json.hpp>

namespace recoscope::test {

struct CliResult {
    int exitCode = -1;
    QByteArray out;
    QByteArray err;
    /// The whole of stdout as one JSON object; null (discarded) when it is anything else.
    nlohmann::json json() const { return nlohmann::json::parse(out.begin(), out.end(), nullptr, false); }
};

/// Runs recoscope-cli with a workspace of the test's own.
inline CliResult runCli(const QString& workspace, const QStringList& arguments, int timeout = 120'000) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("RECOSCOPE_WORKSPACE", workspace);
    process.setProcessEnvironment(environment);
    process.start(RECOSCOPE_CLI, arguments);
    if (!process.waitForFinished(timeout)) {
        process.kill();
        process.waitForFinished();
    }
    CliResult result;
    result.exitCode = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    result.out = process.readAllStandardOutput();
    result.err = process.readAllStandardError();
    return result;
}

} // namespace recoscope::test
