// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QSize>
#include <QString>

#include <functional>

class QPainter;

namespace recoscope {

/// Paints into a file: .svg and .pdf keep text and lines as such, anything else becomes a PNG of twice the
/// size. On an error no file is left behind.
/// @param size  of the picture on screen
Status writePicture(const QString& path, const QSize& size, const QString& title,
                    const std::function<void(QPainter&)>& paint);

} // namespace recoscope
