// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/charts/axis_ticks.h"

#include <QString>

namespace recoscope {

/// What a curve of a run is of, told by its key.
enum class CurveKind {
    Loss,   // "loss", "validation_loss": what is made small
    Part,   // a term of the loss, or a second network's loss
    Signal, // what steers or tells of the training, each in its own unit
    Metric, // of the lists, on the validation part
};
CurveKind curveKind(const QString& key);

/// Plain words for a loss, a part or a signal: "KL divergence", "Gradient norm".
QString curveLabel(const QString& key);
/// One sentence on what it is and how to read it; "" where there is nothing to add.
QString curveHelp(const QString& key);
AxisUnit curveUnit(const QString& key);

} // namespace recoscope
