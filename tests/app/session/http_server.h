// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QObject>
#include <QTcpServer>
#include <QTcpSocket>

#include <functional>
#include <vector>

namespace recoscope::test {

struct HttpRequest {
    QByteArray path;
    QHash<QByteArray, QByteArray> headers; // names in lower case
    /// First byte asked for by Range; -1: no Range.
    qint64 rangeStart() const;
};

struct HttpAnswer {
    int status = 200;
    std::vector<std::pair<QByteArray, QByteArray>> headers;
    QByteArray body;
    bool sendLength = true;    // Content-Length; false: the end of the connection is the end of the body
    qint64 breakOffAfter = -1; // bytes of the body, then the connection is closed in the middle
    int bytesPerTick = 0;      // > 0: that many bytes every 10 ms
    bool fallSilent = false;   // after breakOffAfter bytes: leaves the connection open and sends nothing more
};

/// A small HTTP server on loopback that answers as a test tells it to. Lives in the test's thread.
class HttpServer final : public QObject {
    Q_OBJECT
public:
    using Handler = std::function<HttpAnswer(const HttpRequest&)>;

    explicit HttpServer(Handler handler);
    QUrl url(const QString& path) const;
    const std::vector<HttpRequest>& requests() const { return m_requests; }
    /// The usual answer: the file, or its rest as 206 when Range asks for it and If-Range fits.
    static HttpAnswer file(const HttpRequest& request, const QByteArray& content,
                           const QByteArray& etag = "\"v1\"");

private:
    void serve(QTcpSocket* socket, const HttpRequest& request);
    QTcpServer m_server;
    Handler m_handler;
    std::vector<HttpRequest> m_requests;
};

} // namespace recoscope::test
