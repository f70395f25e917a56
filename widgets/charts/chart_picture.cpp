// SPDX-License-Identifier: GPL-3.0-or-later
// A CurveChart as a picture: PNG, SVG, PDF.
#include "widgets/charts/chart_picture.h"

#include "widgets/style/theme.h"

#include <QImage>
#include <QPageLayout>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>

namespace recoscope {

namespace {

constexpr int kScreenDpi = 96;

Error cannotWrite(const QString& path, const QString& why) {
    return {ErrorCode::Io, "The picture cannot be written: " + why.toStdString(), path.toStdString()};
}

} // namespace

Status writePicture(const QString& path, const QSize& size, const QString& title,
                    const std::function<void(QPainter&)>& paint) {
    QSaveFile file(path); // a picture is whole or not there
    if (!file.open(QIODevice::WriteOnly)) return cannotWrite(path, file.errorString());
    bool painted = false;
    const auto draw = [&](QPainter& painter) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.fillRect(QRect({0, 0}, size), Theme::current().colors().surface);
        paint(painter);
        painted = painter.end();
    };
    if (path.endsWith(QLatin1String(".svg"), Qt::CaseInsensitive)) {
        QSvgGenerator svg;
        svg.setOutputDevice(&file);
        svg.setSize(size);
        svg.setViewBox(QRect({0, 0}, size));
        svg.setResolution(kScreenDpi);
        svg.setTitle(title);
        QPainter painter(&svg);
        draw(painter);
    } else if (path.endsWith(QLatin1String(".pdf"), Qt::CaseInsensitive)) {
        QPdfWriter pdf(&file);
        pdf.setTitle(title);
        pdf.setResolution(kScreenDpi);
        pdf.setPageSize(
            QPageSize(QSizeF(size) * 72.0 / kScreenDpi, QPageSize::Point, QString(), QPageSize::ExactMatch));
        pdf.setPageMargins({});
        QPainter painter(&pdf);
        draw(painter);
    } else {
        constexpr int sharper = 2;
        QImage image(size * sharper, QImage::Format_ARGB32_Premultiplied);
        image.setDevicePixelRatio(sharper);
        QPainter painter(&image);
        draw(painter);
        const QByteArray format = path.endsWith(QLatin1String(".jpg"), Qt::CaseInsensitive) ? "jpg" : "png";
        painted = painted && image.save(&file, format);
    }
    if (!painted) return cannotWrite(path, QStringLiteral("drawing failed"));
    if (!file.commit()) return cannotWrite(path, file.errorString());
    return {};
}

} // namespace recoscope
