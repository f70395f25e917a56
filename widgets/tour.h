// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/latent_service.h"
#include "widgets/main_window.h"

#include <QImage>
#include <QString>

#include <functional>

namespace recoscope {

/// Drives the real window as a person would, for pictures and for the demonstration without a display. It
/// waits inside nested event loops; use it from main() only. GUI thread.
class Tour final {
public:
    Tour(MainWindow& window, DatasetService& datasets, TrainingService& training, RunLibrary& library);

    /// Runs the event loop until the condition holds; false when the time is over.
    bool wait(const std::function<bool()>& condition, int milliseconds);
    /// Lets layouts, queries and charts come to rest.
    void settle(int milliseconds = 250);

    /// Opens a path (or "builtin:sample") and waits for its split. Empty on success, else what went wrong.
    QString open(const QString& path);
    /// Presses Start for an algorithm; its id, or "" when it did not start.
    QString start(std::string_view algorithm);
    bool waitForCurve(const QString& run, int milliseconds);
    bool waitForEnd(const QString& run, int milliseconds);
    /// Shows the user with the most held-out interactions of a run's split on the Inspect page.
    void inspect(const QString& run);

    /// Shows a run's items on the Map page and waits for the picture to be finished.
    bool map(const QString& run, LatentMethod method);

    /// The Map page in use: points that are selected and found, a category that stands out, the users.
    void takeMapPictures(const QString& run, const std::function<void(const QString&, const QImage&)>& save);

    /// Trains an adversarial autoencoder, then a variational one with its network observed, to a pause in the
    /// middle of an epoch, with the user's code open; false when they did not get there.
    bool lookIn();
    /// Loss parts, signals, network and code as they are after lookIn(), at a size.
    void takeInsidePictures(const QSize& size,
                            const std::function<void(const QString& page, const QImage&)>& save);

    /// A small search to its end and a second one under way, paused; false when they did not get there.
    bool search();

    /// The Compare page with these runs, tab by tab, as they are when they have come to rest.
    void takeComparePictures(const QSize& size, const QStringList& runs,
                             const std::function<void(const QString& page, const QImage&)>& save);

    /// Every page as it is now, at a size: calls save with "train", "data", ….
    void takePictures(const QSize& size, const std::function<void(const QString& page, const QImage&)>& save);

private:
    MainWindow& m_window;
    DatasetService& m_datasets;
    TrainingService& m_training;
    RunLibrary& m_library;
    QString m_adversarial;
    QString m_variational;
    QString m_seeds;         // a study over seeds
    QStringList m_ofStudies; // a run of each
    std::optional<UserIndex> m_typical; // found some of what was held out, and missed some
};

} // namespace recoscope
