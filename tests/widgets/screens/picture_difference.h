// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QImage>
#include <QList>
#include <QRect>
#include <QString>

namespace recoscope {

/// Where two pictures of a window differ: squares of 8 x 8 pixels whose mean colour is further apart than
/// antialiasing and rounding bring it. Plain data.
struct PictureDifference {
    bool otherSize = false;
    QList<QRect> blocks;

    /// So little that a person would not call it another picture: the last digit of two or three numbers,
    /// which another instruction set may round differently. A word, a button or a line of a table is more.
    bool negligible() const { return !otherSize && blocks.size() <= 6; }
};

PictureDifference difference(const QImage& actual, const QImage& expected);

/// The actual picture, faded, with the differing squares framed.
QImage marked(const QImage& actual, const PictureDifference& difference);

/// The picture in 256 colours: plain areas as they are, edges in shades that nobody can tell from theirs;
/// less than half the file. The picture itself where a square would differ.
QImage compact(const QImage& picture);

} // namespace recoscope
