// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/number_field.h"

#include "engine/core/param_schema.h"

#include "widgets/style/theme.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QSignalBlocker>
#include <QSlider>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

constexpr int kSliderSteps = 600;

/// Two significant digits: what a hand on a slider means.
double rounded(double value) {
    if (value == 0.0) return 0.0;
    const double power = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 1.0);
    return QString::number(std::round(value / power) * power, 'g', 2).toDouble();
}

/// The next value of 1, 2, 5, 10 … above (direction 1) or below (-1).
double nextRound(double value, int direction) {
    if (value <= 0.0) return value;
    const double power = std::floor(std::log10(value));
    double best = value;
    for (double p = power - 1.0; p <= power + 1.0; p += 1.0)
        for (const double m : {1.0, 2.0, 5.0}) {
            const double candidate = QString::number(m * std::pow(10.0, p), 'g', 2).toDouble();
            if (direction > 0 && candidate > value * 1.0001 && (best == value || candidate < best))
                best = candidate;
            if (direction < 0 && candidate < value * 0.9999 && (best == value || candidate > best))
                best = candidate;
        }
    return best;
}

} // namespace

NumberBox::NumberBox(const NumberRange& range, QWidget* parent)
    : QDoubleSpinBox(parent)
    , m_range(range) {
    setDecimals(range.integer ? 0 : 24); // far below any parameter, so that setValue() does not round
    setRange(std::max(range.min, -1e300), std::min(range.max, 1e300));
    setKeyboardTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAlignment(Qt::AlignRight);
    setCorrectionMode(QAbstractSpinBox::CorrectToPreviousValue);
}

QString NumberBox::textFromValue(double value) const {
    if (m_range.integer) return QString::number(value, 'f', 0);
    return QString::fromStdString(toText(ParamValue(value)));
}

double NumberBox::valueFromText(const QString& text) const { return QLocale::c().toDouble(text.trimmed()); }

QValidator::State NumberBox::validate(QString& input, int&) const {
    const QString text = input.trimmed();
    if (text.isEmpty() || text == QLatin1String("-")) return QValidator::Intermediate;
    bool ok = false;
    const double value = QLocale::c().toDouble(text, &ok);
    if (!ok) {
        const QString more = text + QLatin1Char('0'); // "1e", "1e-", "0." on the way to a number
        QLocale::c().toDouble(more, &ok);
        return ok && !m_range.integer ? QValidator::Intermediate : QValidator::Invalid;
    }
    if (m_range.integer && value != std::floor(value)) return QValidator::Invalid;
    return value >= minimum() && value <= maximum() ? QValidator::Acceptable : QValidator::Intermediate;
}

void NumberBox::stepBy(int steps) {
    double next = value();
    const int direction = steps > 0 ? 1 : -1;
    for (int i = 0; i < std::abs(steps); ++i) {
        if (!m_range.logScale) {
            next += direction * (m_range.integer                    ? 1.0
                                 : m_range.max - m_range.min <= 2.0 ? 0.05
                                 : std::abs(next) >= 10.0           ? 1.0
                                                                    : 0.1);
            next = QString::number(next, 'g', 10).toDouble();
        } else if (next <= 0.0) {
            next = direction > 0 ? (m_range.integer ? 1.0 : std::min(1e-4, m_range.max / 1e4)) : next;
        } else if (m_range.integer) {
            const double power =
                direction > 0 ? std::floor(std::log2(next)) + 1.0 : std::ceil(std::log2(next)) - 1.0;
            next = power < 0.0 ? 0.0 : std::pow(2.0, power);
        } else {
            next = nextRound(next, direction);
        }
    }
    setValue(std::clamp(next, minimum(), maximum()));
    selectAll();
}

void NumberBox::wheelEvent(QWheelEvent* event) {
    // The page scrolls; a value only moves when the person is in the field.
    if (hasFocus())
        QDoubleSpinBox::wheelEvent(event);
    else
        event->ignore();
}

NumberField::NumberField(const NumberRange& range, QWidget* parent)
    : QWidget(parent)
    , m_range(range) {
    m_box = new NumberBox(range, this);
    Theme::keepWidth(m_box, 96, 110);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::small);
    row->addWidget(m_box);
    const bool twoEnds = std::abs(range.min) < 1e100 && std::abs(range.max) < 1e100;
    if (twoEnds) {
        m_low = range.min > 0.0 ? range.min : std::max(range.max * 1e-6, 1e-8);
        m_slider = new QSlider(Qt::Horizontal, this);
        m_slider->setRange(0, kSliderSteps);
        m_slider->setPageStep(kSliderSteps / 10);
        m_slider->setMinimumWidth(60);
        m_slider->setFocusPolicy(Qt::StrongFocus);
        row->addWidget(m_slider, 1);
        connect(m_slider, &QSlider::valueChanged, this,
                [this](int position) { m_box->setValue(fromSlider(position)); });
    } else {
        row->addStretch(1);
    }
    setFocusProxy(m_box);
    connect(m_box, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        placeSlider();
        emit valueChanged(value);
    });
}

double NumberField::value() const { return m_box->value(); }

void NumberField::setValue(double value) {
    m_box->setValue(value);
    placeSlider();
}

void NumberField::placeSlider() {
    if (!m_slider || m_slider->isSliderDown()) return;
    const QSignalBlocker quiet(m_slider);
    m_slider->setValue(toSlider(m_box->value()));
}

double NumberField::fromSlider(int position) const {
    if (position <= 0) return m_range.min;
    if (position >= kSliderSteps) return m_range.max;
    const double share = static_cast<double>(position) / kSliderSteps;
    double value = m_range.min + share * (m_range.max - m_range.min);
    if (m_range.logScale) value = m_low * std::pow(m_range.max / m_low, share);
    if (m_range.integer) return std::round(value < 100.0 ? value : rounded(value));
    return std::clamp(rounded(value), m_range.min, m_range.max);
}

int NumberField::toSlider(double value) const {
    double share = (value - m_range.min) / std::max(m_range.max - m_range.min, 1e-300);
    if (m_range.logScale)
        share = value <= m_low ? 0.0 : std::log(value / m_low) / std::log(m_range.max / m_low);
    return static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kSliderSteps));
}

} // namespace recoscope
