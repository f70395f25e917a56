// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/main_window.h"

#include <memory>

namespace recoscope {

/// Services and window on a workspace, made as the program makes them.
struct ScreenSession {
    explicit ScreenSession(const QString& workspace);
    /// A run of the workspace by the name it was given; "" when there is none.
    QString run(const QString& name) const;

    DatasetService datasets;
    TrainingService training;
    RunLibrary library;
    MainWindow window;
};

/// The window after four runs on the built-in sample, on the Train page. Null when that took too long.
std::unique_ptr<ScreenSession> trainedSession(const QString& workspace);

/// The same runs and a search, trained into a workspace; then dates, seconds and the trials' ids are set to
/// fixed ones. False when that took too long.
bool fillWorkspace(const QString& workspace);

/// The window on such a workspace, opened anew, with one of its models on the Inspect and the Map page, two
/// runs selected on the Runs page and three on the Compare page. Null when that took too long.
std::unique_ptr<ScreenSession> storedSession(const QString& workspace);

/// Gives the labels that tell of this moment and this machine (seconds, speed, memory, folders) a fixed text.
void fixChangingTexts(MainWindow& window);

} // namespace recoscope
