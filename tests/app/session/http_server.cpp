// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/session/http_server.h"

#include <QTimer>
#include <QUrl>

#include <memory>

namespace recoscope::test {

qint64 HttpRequest::rangeStart() const {
    const QByteArray range = headers.value("range");
    if (!range.startsWith("bytes=") || !range.endsWith('-')) return -1;
    return range.mid(6, range.size() - 7).toLongLong();
}

HttpServer::HttpServer(Handler handler)
    : m_handler(std::move(handler)) {
    connect(&m_server, &QTcpServer::newConnection, this, [this] {
        while (QTcpSocket* socket = m_server.nextPendingConnection()) {
            connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            auto buffer = std::make_shared<QByteArray>();
            connect(socket, &QTcpSocket::readyRead, this, [this, socket, buffer] {
                *buffer += socket->readAll();
                const qsizetype end = buffer->indexOf("\r\n\r\n");
                if (end < 0) return;
                HttpRequest request;
                const auto lines = buffer->left(end).split('\n');
                request.path = lines.front().split(' ').value(1);
                for (qsizetype n = 1; n < lines.size(); ++n) {
                    const qsizetype colon = lines[n].indexOf(':');
                    request.headers[lines[n].left(colon).trimmed().toLower()] =
                        lines[n].mid(colon + 1).trimmed();
                }
                buffer->clear();
                m_requests.push_back(request);
                serve(socket, request);
            });
        }
    });
    m_server.listen(QHostAddress::LocalHost);
}

QUrl HttpServer::url(const QString& path) const {
    return QUrl(QStringLiteral("http://127.0.0.1:%1%2").arg(m_server.serverPort()).arg(path));
}

HttpAnswer HttpServer::file(const HttpRequest& request, const QByteArray& content, const QByteArray& etag) {
    HttpAnswer answer;
    answer.headers = {{"ETag", etag}, {"Accept-Ranges", "bytes"}};
    const qint64 start = request.rangeStart();
    const QByteArray condition = request.headers.value("if-range");
    if (start < 0 || (!condition.isEmpty() && condition != etag)) {
        answer.body = content;
        return answer;
    }
    const QByteArray total = QByteArray::number(content.size());
    if (start >= content.size()) {
        answer.status = 416;
        answer.headers.emplace_back("Content-Range", "bytes */" + total);
        return answer;
    }
    answer.status = 206;
    answer.headers.emplace_back("Content-Range", "bytes " + QByteArray::number(start) + '-' +
                                                     QByteArray::number(content.size() - 1) + '/' + total);
    answer.body = content.mid(start);
    return answer;
}

void HttpServer::serve(QTcpSocket* socket, const HttpRequest& request) {
    const HttpAnswer answer = m_handler(request);
    QByteArray head = "HTTP/1.1 " + QByteArray::number(answer.status) + " Status\r\nConnection: close\r\n";
    for (const auto& [name, value] : answer.headers)
        head += name + ": " + value + "\r\n";
    if (answer.sendLength) head += "Content-Length: " + QByteArray::number(answer.body.size()) + "\r\n";
    socket->write(head + "\r\n");
    const QByteArray body = answer.breakOffAfter >= 0 ? answer.body.left(answer.breakOffAfter) : answer.body;
    if (answer.bytesPerTick <= 0) {
        socket->write(body);
        if (!answer.fallSilent) socket->disconnectFromHost();
        return;
    }
    auto* timer = new QTimer(socket);
    auto sent = std::make_shared<qint64>(0);
    connect(timer, &QTimer::timeout, socket, [=] {
        socket->write(body.mid(*sent, answer.bytesPerTick));
        *sent += answer.bytesPerTick;
        if (*sent < body.size()) return;
        timer->stop();
        if (!answer.fallSilent) socket->disconnectFromHost();
    });
    timer->start(10);
}

} // namespace recoscope::test
