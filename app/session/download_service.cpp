// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/download_service.h"

#include "app/session/download_part.h"
#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QPointer>
#include <QRegularExpression>

#include <algorithm>
#include <atomic>
#include <deque>
#include <utility>

namespace recoscope {

namespace {

constexpr qint64 chunkBytes = 256 * 1024;
constexpr int chunksOnTheWay = 8; // read from the network and not yet on the disk
constexpr qint64 progressMilliseconds = 100;
constexpr qint64 speedMilliseconds = 3000;

QString megabytes(qint64 bytes) {
    return QStringLiteral("%1 MB").arg(static_cast<double>(bytes) / 1e6, 0, 'f', 1);
}

/// "bytes 100-199/200" or "bytes */200"; -1 where a number is missing.
struct ContentRange {
    qint64 first = -1;
    qint64 total = -1;
};
ContentRange contentRange(const QNetworkReply& reply) {
    static const QRegularExpression form(QStringLiteral(R"(^bytes (?:(\d+)-\d+|\*)/(\d+|\*)$)"));
    const auto match = form.match(QString::fromLatin1(reply.rawHeader("Content-Range")).trimmed());
    const auto number = [&match](int group) {
        bool ok = false;
        const qint64 value = match.captured(group).toLongLong(&ok);
        return ok ? value : -1;
    };
    return {number(1), number(2)};
}

/// Bytes a second over the last seconds.
class SpeedMeter final {
public:
    void add(qint64 bytes) {
        if (!m_clock.isValid()) m_clock.start();
        const qint64 now = m_clock.elapsed();
        m_samples.emplace_back(now, bytes);
        m_sum += bytes;
        while (m_samples.size() > 1 && m_samples.front().first < now - speedMilliseconds) {
            m_sum -= m_samples.front().second;
            m_samples.pop_front();
        }
    }
    double bytesPerSecond() const {
        if (m_samples.empty()) return 0.0;
        const qint64 span = m_clock.elapsed() - m_samples.front().first;
        return 1000.0 * static_cast<double>(m_sum) / static_cast<double>(std::max<qint64>(span, 100));
    }

private:
    QElapsedTimer m_clock;
    std::deque<std::pair<qint64, qint64>> m_samples;
    qint64 m_sum = 0;
};

/// One download. The GUI thread's, except `file`, which the lane alone touches after the first job.
struct Transfer {
    CatalogueEntry entry;
    std::shared_ptr<PartFile> file;
    std::atomic<bool> cancelled{false};

    QNetworkReply* reply = nullptr;
    FileVersion version; // of the bytes on the disk
    qint64 onDisk = 0;   // when the request was made
    qint64 received = 0; // read from the network, with what was on the disk
    qint64 total = -1;
    int writing = 0;       // chunks on the way to the disk
    bool accepted = false; // the answer's body is the file's
    bool retried = false;  // from the beginning, after the server refused to go on
    bool networkDone = false;
    bool over = false;
    SpeedMeter speed;
    QElapsedTimer sinceProgress;

    qint64 kept() const { return received; }
};
using TransferPtr = std::shared_ptr<Transfer>;

} // namespace

struct DownloadService::Private {
    DownloadService* q = nullptr;
    Inbox inbox;
    QNetworkAccessManager network;
    int silenceLimit = 30'000;
    TransferPtr current;
    Lane lane; // last: joined first

    void begin(const TransferPtr& transfer);
    void request(const TransferPtr& transfer);
    void inspectHeaders(const TransferPtr& transfer);
    void pump(const TransferPtr& transfer);
    void networkFinished(const TransferPtr& transfer);
    void finishWhenWritten(const TransferPtr& transfer);
    void restart(const TransferPtr& transfer);
    void fail(const TransferPtr& transfer, const Error& error);
    void dropReply(const TransferPtr& transfer);
    Error networkError(const Transfer& transfer) const;
    void tellProgress(Transfer& transfer, bool now);

    /// `work` on the lane, then `then(its result)` here while the transfer is still wanted.
    template <class Work, class Then>
    void onLane(const TransferPtr& transfer, Work work, Then then) {
        lane.post([this, transfer, work = std::move(work), then = std::move(then)] {
            auto result = guarded(work);
            inbox.post([transfer, then, result = std::move(result)] {
                if (!transfer->over) then(result);
            });
        });
    }
};

void DownloadService::Private::begin(const TransferPtr& transfer) {
    onLane(
        transfer,
        [transfer]() -> Result<PartFile::Found> { return transfer->file->open(transfer->cancelled); },
        [this, transfer](const Result<PartFile::Found>& found) {
            if (!found) {
                fail(transfer, found.error());
                return;
            }
            if (found->complete) {
                transfer->over = true;
                current.reset();
                emit q->finished(transfer->file->target());
                return;
            }
            transfer->onDisk = transfer->received = found->bytes;
            transfer->version = found->version;
            request(transfer);
        });
}

void DownloadService::Private::request(const TransferPtr& transfer) {
    QNetworkRequest request(transfer->entry.url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::NoLessSafeRedirectPolicy);
    request.setMaximumRedirectsAllowed(10);
    request.setTransferTimeout(silenceLimit);
    request.setHeader(QNetworkRequest::UserAgentHeader, QStringLiteral("Recoscope"));
    request.setRawHeader("Accept-Encoding",
                         "identity"); // lengths and checksums are of the bytes as published
    if (transfer->onDisk > 0) {
        request.setRawHeader("Range", "bytes=" + QByteArray::number(transfer->onDisk) + '-');
        // "The rest, or all of it when it is another file by now." Weak tags do not promise equal bytes.
        const FileVersion& version = transfer->version;
        const bool strongTag = !version.etag.isEmpty() && !version.etag.startsWith("W/");
        if (strongTag)
            request.setRawHeader("If-Range", version.etag);
        else if (!version.lastModified.isEmpty())
            request.setRawHeader("If-Range", version.lastModified);
    }
    transfer->accepted = false;
    transfer->networkDone = false;
    transfer->total = -1;
    QNetworkReply* reply = network.get(request);
    transfer->reply = reply;
    reply->setReadBufferSize(2 * chunkBytes);
    connect(reply, &QNetworkReply::readyRead, q, [this, transfer, reply] {
        if (transfer->reply == reply) pump(transfer);
    });
    connect(reply, &QNetworkReply::finished, q, [this, transfer, reply] {
        if (transfer->reply == reply) networkFinished(transfer);
    });
}

/// Once an answer: whether its body is what we asked for.
void DownloadService::Private::inspectHeaders(const TransferPtr& transfer) {
    const QNetworkReply& reply = *transfer->reply;
    const int code = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (code != 200 && code != 206) return; // networkFinished() tells
    const qint64 length =
        reply.hasRawHeader("Content-Length") ? reply.rawHeader("Content-Length").toLongLong() : -1;
    const FileVersion version{reply.rawHeader("ETag"), reply.rawHeader("Last-Modified")};
    if (code == 206) {
        const ContentRange range = contentRange(reply);
        const bool changed = !version.etag.isEmpty() && !transfer->version.etag.isEmpty() &&
                             version.etag != transfer->version.etag;
        if (range.first != transfer->onDisk || changed) {
            restart(transfer);
            return;
        }
        transfer->total = range.total >= 0 ? range.total : length >= 0 ? transfer->onDisk + length : -1;
    } else {
        transfer->total = length;
        transfer->onDisk = transfer->received =
            0; // the whole file: the server cannot go on, or the file is another
    }
    transfer->accepted = true;
    transfer->version = version;
    const bool fromStart = code == 200;
    const qint64 needed = transfer->total - transfer->onDisk;
    onLane(
        transfer,
        [transfer, fromStart, version, needed]() -> Status {
            if (fromStart)
                if (const Status status = transfer->file->restart(); !status) return status;
            if (const Status status = transfer->file->reserve(needed); !status) return status;
            return transfer->file->remember(version);
        },
        [this, transfer](const Status& status) {
            if (!status) fail(transfer, status.error());
        });
    tellProgress(*transfer, true);
}

void DownloadService::Private::pump(const TransferPtr& transfer) {
    if (transfer->over || !transfer->reply) return;
    if (!transfer->accepted) inspectHeaders(transfer);
    if (!transfer->accepted && transfer->reply) (void)transfer->reply->readAll(); // the text of an error page
    while (transfer->accepted && transfer->reply && transfer->writing < chunksOnTheWay &&
           transfer->reply->bytesAvailable() > 0) {
        QByteArray chunk = transfer->reply->read(chunkBytes);
        if (chunk.isEmpty()) break;
        transfer->received += chunk.size();
        transfer->speed.add(chunk.size());
        ++transfer->writing;
        onLane(
            transfer,
            [transfer, chunk = std::move(chunk)]() -> Status { return transfer->file->append(chunk); },
            [this, transfer](const Status& status) {
                --transfer->writing;
                if (!status) {
                    fail(transfer, status.error());
                    return;
                }
                pump(transfer);
                finishWhenWritten(transfer);
            });
    }
    if (transfer->accepted) tellProgress(*transfer, false);
}

void DownloadService::Private::networkFinished(const TransferPtr& transfer) {
    if (transfer->over) return;
    QNetworkReply& reply = *transfer->reply;
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 416 && !transfer->accepted) {
        const qint64 total = contentRange(reply).total;
        if (total == transfer->onDisk && total > 0) { // all of it is here already
            transfer->accepted = true;
            transfer->total = total;
        } else {
            restart(transfer);
            return;
        }
    } else if (status >= 400) {
        fail(transfer, networkError(*transfer));
        return;
    }
    pump(transfer);
    if (transfer->over || !transfer->reply) return; // failed, or asked anew
    transfer->networkDone = true;
    finishWhenWritten(transfer);
}

void DownloadService::Private::finishWhenWritten(const TransferPtr& transfer) {
    if (transfer->over || !transfer->networkDone || transfer->writing > 0) return;
    if (transfer->reply->bytesAvailable() > 0 && transfer->accepted) return; // pump() goes on
    const auto code = transfer->reply->error();
    const bool all = transfer->accepted && (transfer->total < 0 ? code == QNetworkReply::NoError
                                                                : transfer->received == transfer->total);
    if (!all) {
        fail(transfer, networkError(*transfer));
        return;
    }
    tellProgress(*transfer, true);
    transfer->networkDone = false; // only once
    onLane(
        transfer, [transfer]() -> Status { return transfer->file->finish(); },
        [this, transfer](const Status& status) {
            if (!status) {
                fail(transfer, status.error());
                return;
            }
            transfer->over = true;
            dropReply(transfer);
            current.reset();
            emit q->finished(transfer->file->target());
        });
}

/// Asks for the whole file, once; the second time in vain is an error.
void DownloadService::Private::restart(const TransferPtr& transfer) {
    dropReply(transfer);
    if (std::exchange(transfer->retried, true)) {
        fail(transfer,
             Error{ErrorCode::Io, "The server does not send the part of the file that it was asked for",
                   transfer->entry.url.toString().toStdString()});
        return;
    }
    transfer->onDisk = transfer->received = 0;
    transfer->version = {};
    onLane(
        transfer, [transfer]() -> Status { return transfer->file->restart(); },
        [this, transfer](const Status& status) {
            if (status)
                request(transfer);
            else
                fail(transfer, status.error());
        });
}

void DownloadService::Private::dropReply(const TransferPtr& transfer) {
    QNetworkReply* reply = std::exchange(transfer->reply, nullptr);
    if (!reply) return;
    reply->disconnect(q);
    reply->abort();
    reply->deleteLater();
}

void DownloadService::Private::fail(const TransferPtr& transfer, const Error& error) {
    if (std::exchange(transfer->over, true)) return;
    transfer->cancelled = true;
    dropReply(transfer);
    if (current == transfer) current.reset();
    emit q->failed(error);
}

Error DownloadService::Private::networkError(const Transfer& transfer) const {
    const QNetworkReply& reply = *transfer.reply;
    const std::string where = transfer.entry.url.toString().toStdString();
    const std::string host = reply.url().host().toStdString();
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 404 || status == 410)
        return Error{ErrorCode::NotFound,
                     "The server no longer has this file (status " + std::to_string(status) + ")", where};
    if (status >= 400)
        return Error{ErrorCode::Io,
                     "The server refuses with status " + std::to_string(status) +
                         "; try again later. What has come so far is kept",
                     where};
    if (transfer.accepted) {
        const std::string of =
            transfer.total > 0 ? " of " + megabytes(transfer.total).toStdString() : std::string();
        return Error{ErrorCode::Io,
                     "The transfer broke off after " + megabytes(transfer.received).toStdString() + of +
                         ". What has come is kept: start again to go on from there",
                     where};
    }
    switch (reply.error()) {
    case QNetworkReply::HostNotFoundError:
    case QNetworkReply::ConnectionRefusedError:
    case QNetworkReply::NetworkSessionFailedError:
    case QNetworkReply::TemporaryNetworkFailureError:
    case QNetworkReply::UnknownNetworkError:
        return Error{ErrorCode::Io,
                     "There is no connection to " + host +
                         ": this computer is offline, or the server is down (" +
                         reply.errorString().toStdString() + ")",
                     where};
    case QNetworkReply::TimeoutError:
    case QNetworkReply::OperationCanceledError: // what Qt calls a transfer timeout
        return Error{ErrorCode::Io,
                     host + " does not answer: this computer is offline, or the server is busy", where};
    case QNetworkReply::SslHandshakeFailedError:
        return Error{ErrorCode::Io,
                     "The connection to " + host + " is not secure: " + reply.errorString().toStdString(),
                     where};
    default:
        return Error{ErrorCode::Io,
                     "The transfer from " + host + " failed: " + reply.errorString().toStdString(), where};
    }
}

void DownloadService::Private::tellProgress(Transfer& transfer, bool now) {
    if (!now && transfer.sinceProgress.isValid() && transfer.sinceProgress.elapsed() < progressMilliseconds)
        return;
    transfer.sinceProgress.restart();
    emit q->progress(transfer.received, transfer.total, transfer.speed.bytesPerSecond());
}

DownloadService::DownloadService(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>()) {
    d->q = this;
}

DownloadService::~DownloadService() {
    if (!d->current) return;
    d->current->over = true;
    d->current->cancelled = true;
    d->dropReply(d->current);
}

void DownloadService::start(const CatalogueEntry& entry, const QString& folder) {
    if (const TransferPtr old = std::exchange(d->current, nullptr)) {
        old->over = true;
        old->cancelled = true;
        d->dropReply(old);
    }
    QString name = QFileInfo(entry.url.path()).fileName();
    if (name.isEmpty()) name = entry.id;
    const auto transfer = std::make_shared<Transfer>();
    transfer->entry = entry;
    transfer->file =
        std::make_shared<PartFile>(folder + QLatin1Char('/') + name, entry.url, entry.md5, entry.sha256);
    d->current = transfer;
    d->begin(transfer);
}

void DownloadService::cancel() {
    if (!d->current) return;
    const TransferPtr transfer = d->current;
    const qint64 kept = transfer->kept();
    std::string message = "Cancelled";
    if (kept > 0)
        message += "; " + megabytes(kept).toStdString() + " are kept: start again to go on from there";
    d->fail(transfer, Error{ErrorCode::Cancelled, message, transfer->entry.url.toString().toStdString()});
}

bool DownloadService::active() const { return d->current != nullptr; }
void DownloadService::setSilenceLimit(int milliseconds) { d->silenceLimit = milliseconds; }

} // namespace recoscope
