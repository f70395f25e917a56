// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/widgets/screens/picture_difference.h"

#include <QHash>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

namespace recoscope {

namespace {

constexpr int kBlock = 8;
// Of 255. A vanished grid line of the dark theme, one pixel in eight, moves the mean by 2.75; noise of one
// level by 1.
constexpr int kTolerance = 2;

using Sums = std::array<int, 3>;

Sums sumsOf(const QImage& picture, const QRect& block) {
    Sums sums{};
    for (int y = block.top(); y <= block.bottom(); ++y) {
        const auto* line = reinterpret_cast<const QRgb*>(picture.constScanLine(y));
        for (int x = block.left(); x <= block.right(); ++x) {
            sums[0] += qRed(line[x]);
            sums[1] += qGreen(line[x]);
            sums[2] += qBlue(line[x]);
        }
    }
    return sums;
}

} // namespace

PictureDifference difference(const QImage& actual, const QImage& expected) {
    PictureDifference found;
    found.otherSize = actual.size() != expected.size();
    if (found.otherSize) return found;
    const QImage a = actual.convertToFormat(QImage::Format_RGB32);
    const QImage b = expected.convertToFormat(QImage::Format_RGB32);
    for (int y = 0; y < a.height(); y += kBlock)
        for (int x = 0; x < a.width(); x += kBlock) {
            const QRect block = QRect(x, y, kBlock, kBlock) & a.rect();
            const Sums one = sumsOf(a, block), other = sumsOf(b, block);
            const int allowed = kTolerance * block.width() * block.height();
            bool differs = false;
            for (std::size_t channel = 0; channel < one.size(); ++channel)
                differs |= std::abs(one[channel] - other[channel]) > allowed;
            if (differs) found.blocks << block;
        }
    return found;
}

QImage marked(const QImage& actual, const PictureDifference& difference) {
    QImage picture = actual.convertToFormat(QImage::Format_RGB32);
    QPainter painter(&picture);
    painter.fillRect(picture.rect(), QColor(128, 128, 128, 110));
    for (const QRect& block : difference.blocks) {
        painter.drawImage(block.topLeft(), actual, block);
        painter.setPen(Qt::red);
        painter.drawRect(block.adjusted(0, 0, -1, -1));
    }
    return picture;
}

QImage compact(const QImage& picture) {
    const QImage rgb = picture.convertToFormat(QImage::Format_RGB32);
    QHash<QRgb, int> counts;
    for (int y = 0; y < rgb.height(); ++y) {
        const auto* line = reinterpret_cast<const QRgb*>(rgb.constScanLine(y));
        for (int x = 0; x < rgb.width(); ++x)
            ++counts[line[x]];
    }
    std::vector<std::pair<int, QRgb>> byCount;
    for (auto it = counts.constBegin(); it != counts.constEnd(); ++it)
        byCount.emplace_back(-it.value(), it.key());
    std::sort(byCount.begin(), byCount.end());
    const auto near = [](QRgb one, QRgb other) {
        constexpr int alike = 6;
        return std::abs(qRed(one) - qRed(other)) <= alike && std::abs(qGreen(one) - qGreen(other)) <= alike &&
               std::abs(qBlue(one) - qBlue(other)) <= alike;
    };
    // Plain areas stay exactly as they are. After them come the shades of edges, where shades of what is
    // there already would leave no room for rare colours.
    constexpr qsizetype exact = 112, all = 256;
    QList<QRgb> colors;
    for (const auto& [count, each] : byCount) {
        const bool known =
            colors.size() >= exact && std::any_of(colors.begin(), colors.end(),
                                                  [&, color = each](QRgb one) { return near(one, color); });
        if (!known && colors.size() < all) colors << each;
    }
    const QImage fewer =
        rgb.convertToFormat(QImage::Format_Indexed8, colors, Qt::ThresholdDither | Qt::AvoidDither);
    return difference(fewer, rgb).blocks.isEmpty() ? fewer : rgb;
}

} // namespace recoscope
