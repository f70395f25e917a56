// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/curve_names.h"

#include "engine/api/events.h"

#include "app/models/run_table_model.h"

#include <QCoreApplication>

#include <array>

namespace recoscope {

namespace {

struct Known {
    const char* key;
    const char* label;
    const char* help;
};

constexpr std::array kKnown{
    Known{"loss", QT_TRANSLATE_NOOP("Curve", "Total"),
          QT_TRANSLATE_NOOP("Curve", "What the training makes small")},
    Known{"validation_loss", QT_TRANSLATE_NOOP("Curve", "Validation"),
          QT_TRANSLATE_NOOP("Curve", "The data part of the loss on the validation part")},
    Known{"reconstruction", QT_TRANSLATE_NOOP("Curve", "Reconstruction"),
          QT_TRANSLATE_NOOP("Curve", "How badly histories are rebuilt from their codes")},
    Known{"kl", QT_TRANSLATE_NOOP("Curve", "KL divergence"),
          QT_TRANSLATE_NOOP("Curve",
                            "How far the codes are from the prior; near 0 they say nothing of the user")},
    Known{"discriminator_loss", QT_TRANSLATE_NOOP("Curve", "Discriminator"),
          QT_TRANSLATE_NOOP("Curve",
                            "How badly real prior draws are told from codes; 0.69 a question is guessing")},
    Known{"generator_loss", QT_TRANSLATE_NOOP("Curve", "Generator"),
          QT_TRANSLATE_NOOP("Curve", "How badly the encoder fools the discriminator")},
    Known{"decoder_loss", QT_TRANSLATE_NOOP("Curve", "Decoder step"),
          QT_TRANSLATE_NOOP("Curve", "The decoder's own updates, without noise")},
    Known{"regularisation", QT_TRANSLATE_NOOP("Curve", "Regularisation"),
          QT_TRANSLATE_NOOP("Curve", "The penalty on large parameters")},
    Known{"mse_per_cell", QT_TRANSLATE_NOOP("Curve", "Squared error a cell"),
          QT_TRANSLATE_NOOP("Curve", "The same loss over all cells of the matrix: what PCA makes small too")},
    Known{"sparsity", QT_TRANSLATE_NOOP("Curve", "Sparsity"),
          QT_TRANSLATE_NOOP("Curve", "The penalty on units that are active too often")},
    Known{"contraction", QT_TRANSLATE_NOOP("Curve", "Contraction"),
          QT_TRANSLATE_NOOP("Curve", "The penalty on codes that move much when the history moves a little")},
    Known{
        "signal:kl_weight", QT_TRANSLATE_NOOP("Curve", "KL weight"),
        QT_TRANSLATE_NOOP("Curve", "How much the KL divergence counts in the loss; annealing lets it grow")},
    Known{"signal:learning_rate", QT_TRANSLATE_NOOP("Curve", "Learning rate"),
          QT_TRANSLATE_NOOP("Curve", "The step of the optimiser, by its schedule")},
    Known{
        "signal:gradient_norm", QT_TRANSLATE_NOOP("Curve", "Gradient norm"),
        QT_TRANSLATE_NOOP("Curve", "Length of the epoch's last gradient; a jump of orders is an explosion")},
    Known{"signal:dead_units", QT_TRANSLATE_NOOP("Curve", "Dead units"),
          QT_TRANSLATE_NOOP("Curve", "Share of units that were the same for every user of the last batch")},
};

const Known* known(const QString& key) {
    for (const Known& one : kKnown)
        if (key == QLatin1String(one.key)) return &one;
    return nullptr;
}

QString words(const char* text) { return QCoreApplication::translate("Curve", text); }

} // namespace

CurveKind curveKind(const QString& key) {
    if (key == QLatin1String("loss") || key == QLatin1String("validation_loss")) return CurveKind::Loss;
    if (key.startsWith(QLatin1String(signalPrefix.data(), static_cast<qsizetype>(signalPrefix.size()))))
        return CurveKind::Signal;
    return metricLabel(key) != key ? CurveKind::Metric : CurveKind::Part;
}

QString curveLabel(const QString& key) {
    if (const Known* one = known(key)) return words(one->label);
    if (curveKind(key) == CurveKind::Metric) return metricLabel(key);
    QString label = key.mid(key.indexOf(QLatin1Char(':')) + 1).replace(QLatin1Char('_'), QLatin1Char(' '));
    if (!label.isEmpty()) label[0] = label[0].toUpper();
    return label;
}

QString curveHelp(const QString& key) {
    const Known* one = known(key);
    return one ? words(one->help) : QString();
}

AxisUnit curveUnit(const QString& key) {
    return key == QLatin1String("signal:dead_units") ? AxisUnit::Percent : AxisUnit::Number;
}

} // namespace recoscope
