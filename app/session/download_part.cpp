// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/download_part.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QStorageInfo>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#ifdef __unix__
#include <unistd.h>
#endif

namespace recoscope {

namespace {

constexpr qint64 hashBlock = 1 << 20;

std::filesystem::path stdPath(const QString& path) { return std::filesystem::path(path.toStdString()); }

std::string megabytes(qint64 bytes) {
    return QString::number(static_cast<double>(bytes) / 1e6, 'f', 1).toStdString() + " MB";
}

} // namespace

PartFile::PartFile(QString target, QUrl url, QString md5, QString sha256)
    : m_target(std::move(target))
    , m_url(std::move(url))
    , m_md5Wanted(std::move(md5))
    , m_sha256Wanted(std::move(sha256))
    , m_part(m_target + QStringLiteral(".part")) {}

Error PartFile::fileError(const char* what, const QFile& file) const {
    const QStorageInfo disk(QFileInfo(m_target).absolutePath());
    const bool full = file.error() == QFileDevice::ResourceError ||
                      file.errorString() == qt_error_string(ENOSPC) ||
                      (disk.isValid() && disk.bytesAvailable() < hashBlock);
    if (full)
        return Error{ErrorCode::Io,
                     "The disk is full. What has come so far is kept: make room and start again to go on",
                     m_target.toStdString()};
    return Error{ErrorCode::Io, std::string(what) + ": " + file.errorString().toStdString(),
                 file.fileName().toStdString()};
}

Status PartFile::hash(QFile& file, const std::atomic<bool>& cancelled) {
    m_md5.reset();
    m_sha256.reset();
    while (!file.atEnd()) {
        if (cancelled) return Error{ErrorCode::Cancelled, "Cancelled", ""};
        const QByteArray block = file.read(hashBlock);
        if (block.isEmpty()) return fileError("The file cannot be read", file);
        m_md5.addData(block);
        if (!m_sha256Wanted.isEmpty()) m_sha256.addData(block);
    }
    return {};
}

Status PartFile::compare() const {
    const auto differs = [](const QCryptographicHash& hash, const QString& wanted) {
        return !wanted.isEmpty() &&
               QString::fromLatin1(hash.result().toHex()).compare(wanted, Qt::CaseInsensitive) != 0;
    };
    if (differs(m_md5, m_md5Wanted))
        return Error{ErrorCode::Io,
                     "The file is damaged: its MD5 is " + m_md5.result().toHex().toStdString() +
                         ", the publisher says " + m_md5Wanted.toStdString() +
                         ". Nothing of it is kept; start again to load it anew",
                     m_target.toStdString()};
    if (differs(m_sha256, m_sha256Wanted))
        return Error{ErrorCode::Io,
                     "The file is damaged: its SHA-256 is " + m_sha256.result().toHex().toStdString() +
                         ", the publisher says " + m_sha256Wanted.toStdString() +
                         ". Nothing of it is kept; start again to load it anew",
                     m_target.toStdString()};
    return {};
}

Result<PartFile::Found> PartFile::open(const std::atomic<bool>& cancelled) {
    const QString folder = QFileInfo(m_target).absolutePath();
    if (!QDir().mkpath(folder))
        return Error{ErrorCode::Io,
                     "The folder for downloads cannot be made: no permission, or a file is in the way",
                     folder.toStdString()};

    Found found;
    const bool checkable = !m_md5Wanted.isEmpty() || !m_sha256Wanted.isEmpty();
    if (QFile whole(m_target); checkable && whole.open(QIODevice::ReadOnly)) {
        if (const Status status = hash(whole, cancelled); !status) return status.error();
        if (compare()) {
            found.complete = true;
            return found;
        }
    }

    if (QFile sidecar(sidecarPath()); sidecar.open(QIODevice::ReadOnly)) {
        const QJsonObject saved = QJsonDocument::fromJson(sidecar.readAll()).object();
        if (saved[QStringLiteral("url")].toString() == m_url.toString()) {
            found.version.etag = saved[QStringLiteral("etag")].toString().toLatin1();
            found.version.lastModified = saved[QStringLiteral("last_modified")].toString().toLatin1();
        }
    }
    // Unbuffered, so that a full disk is seen by the write that meets it.
    if (!m_part.open(QIODevice::ReadWrite | QIODevice::Unbuffered))
        return fileError("The file cannot be written", m_part);
    m_bytes = m_part.size();
    // Without a version there is no telling whether the rest still belongs to the beginning.
    if (m_bytes > 0 && !found.version.known()) {
        if (const Status status = restart(); !status) return status.error();
    } else if (m_bytes > 0) {
        if (const Status status = hash(m_part, cancelled); !status) return status.error();
    } else {
        m_md5.reset();
        m_sha256.reset();
    }
    found.bytes = m_bytes;
    return found;
}

Status PartFile::restart() {
    m_md5.reset();
    m_sha256.reset();
    m_bytes = 0;
    if (m_part.size() > 0 && (!m_part.resize(0) || !m_part.seek(0)))
        return fileError("The file cannot be written", m_part);
    return {};
}

Status PartFile::reserve(qint64 bytes) const {
    const QStorageInfo disk(QFileInfo(m_target).absolutePath());
    if (!disk.isValid() || bytes <= disk.bytesAvailable()) return {};
    return Error{ErrorCode::Io,
                 "There is not enough room on the disk: " + megabytes(bytes) + " are needed, " +
                     megabytes(disk.bytesAvailable()) + " are free",
                 m_target.toStdString()};
}

Status PartFile::remember(const FileVersion& version) {
    const QJsonObject saved{{QStringLiteral("url"), m_url.toString()},
                            {QStringLiteral("etag"), QString::fromLatin1(version.etag)},
                            {QStringLiteral("last_modified"), QString::fromLatin1(version.lastModified)}};
    QSaveFile file(sidecarPath());
    if (!file.open(QIODevice::WriteOnly) || file.write(QJsonDocument(saved).toJson()) < 0 || !file.commit())
        return Error{ErrorCode::Io, "The file cannot be written: " + file.errorString().toStdString(),
                     sidecarPath().toStdString()};
    return {};
}

Status PartFile::append(const QByteArray& bytes) {
    qint64 done = 0;
    while (done < bytes.size()) {
        const qint64 written = m_part.write(bytes.constData() + done, bytes.size() - done);
        if (written <= 0) return fileError("The file cannot be written", m_part);
        done += written;
    }
    m_bytes += bytes.size();
    m_md5.addData(bytes);
    if (!m_sha256Wanted.isEmpty()) m_sha256.addData(bytes);
    return {};
}

void PartFile::discard() {
    m_part.close();
    m_part.remove();
    QFile::remove(sidecarPath());
    m_bytes = 0;
}

Status PartFile::finish() {
    if (const Status status = compare(); !status) {
        discard();
        return status;
    }
#ifdef __unix__
    fsync(m_part.handle()); // the name must not be there before the bytes are
#endif
    m_part.close();
    std::error_code error;
    std::filesystem::rename(stdPath(m_part.fileName()), stdPath(m_target), error);
    if (error)
        return Error{ErrorCode::Io, "The finished file cannot be renamed: " + error.message(),
                     m_target.toStdString()};
    QFile::remove(sidecarPath());
    return {};
}

} // namespace recoscope
