// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QByteArray>
#include <QCryptographicHash>
#include <QFile>
#include <QString>
#include <QUrl>

#include <atomic>

namespace recoscope {

/// What identifies one version of a file on its server. Empty where the server does not say.
struct FileVersion {
    QByteArray etag;
    QByteArray lastModified;
    bool known() const { return !etag.isEmpty() || !lastModified.isEmpty(); }
    bool operator==(const FileVersion&) const = default;
};

/// The file side of a download: bytes go to TARGET.part, what is needed to resume to TARGET.part.json;
/// checksums grow with the bytes; finish() renames. One thread.
class PartFile final {
public:
    struct Found {
        bool complete = false; // TARGET is there already, and its checksum is right
        qint64 bytes = 0;      // of an earlier try, to go on from
        FileVersion version;
    };

    /// @param md5, sha256  hex, or "": not known
    PartFile(QString target, QUrl url, QString md5, QString sha256);

    /// Looks at what is there and gets ready to append. Reads an earlier try once for its checksum: O(bytes
    /// on disk).
    Result<Found> open(const std::atomic<bool>& cancelled);
    /// Throws the bytes away: the next append() is the first byte.
    Status restart();
    /// Needs `bytes` more on this disk. An Error when they are known not to fit.
    Status reserve(qint64 bytes) const;
    Status remember(const FileVersion& version);
    Status append(const QByteArray& bytes);
    /// Checks the checksums, then renames to TARGET. A wrong checksum leaves nothing behind.
    Status finish();

    qint64 bytes() const { return m_bytes; }
    QString target() const { return m_target; }

private:
    Status hash(QFile& file, const std::atomic<bool>& cancelled);
    Status compare() const;
    void discard();
    Error fileError(const char* what, const QFile& file) const;
    QString sidecarPath() const { return m_part.fileName() + QStringLiteral(".json"); }

    QString m_target;
    QUrl m_url;
    QString m_md5Wanted;
    QString m_sha256Wanted;
    QFile m_part;
    qint64 m_bytes = 0;
    QCryptographicHash m_md5{QCryptographicHash::Md5};
    QCryptographicHash m_sha256{QCryptographicHash::Sha256};
};

} // namespace recoscope
