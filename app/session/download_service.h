// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QObject>
#include <QString>
#include <QUrl>

#include <memory>
#include <vector>

namespace recoscope {

/// One public dataset of datasets/catalogue.json.
struct CatalogueEntry {
    QString id;      // "ml-1m"
    QString title;   // "MovieLens 1M"
    QString group;   // "MovieLens", "Amazon 2018", "Amazon 2023"
    QString summary; // one sentence: what is in it
    QUrl url;
    qint64 bytes = 0;     // 0: unknown
    qint64 aboutBytes = 0;  // estimated where `bytes` is unknown; 0: not
    qint64 atMostBytes = 0; // of the whole that this is a part of, where nothing better is known; 0: not
    QString md5;          // hex; "" where the publisher gives none
    QString sha256;
    QString licence;      // text a person accepts before the download
    QString citation;
    qint64 interactions = 0, users = 0, items = 0; // 0: unknown
};
Result<std::vector<CatalogueEntry>> readCatalogue(const QString& path = QStringLiteral(":/datasets/catalogue.json"));

/// Downloads one catalogue entry at a time into a folder: to NAME.part with resume (HTTP Range), checksum, then rename. GUI
/// thread object; the disk is touched on a lane of its own, and a slow disk slows the transfer down instead of filling memory.
class DownloadService final : public QObject {
    Q_OBJECT
public:
    explicit DownloadService(QObject* parent = nullptr);
    ~DownloadService() override;

    /// Goes on from an earlier try where the server still has the same file. A running download gives way (its .part stays).
    void start(const CatalogueEntry& entry, const QString& folder);
    void cancel(); // keeps the .part file for a later resume
    bool active() const;
    /// How long a server may stay silent before the transfer counts as broken; 30 s at first.
    void setSilenceLimit(int milliseconds);

signals:
    void progress(qint64 received, qint64 total, double bytesPerSecond); // total -1: unknown
    void finished(const QString& path);
    void failed(const recoscope::Error& error); // offline, broken transfer, wrong checksum, full disk: says which
private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
