// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDoubleSpinBox>
#include <QWidget>

class QSlider;

namespace recoscope {

struct NumberRange {
    double min = -1e300;
    double max = 1e300;
    bool integer = false;
    bool logScale = false; // arrows and slider move by factors
};

/// A spin box that shows a number in its shortest form (0.01, 1e-06) and steps 1, 2, 5, 10 … or powers of two
/// for whole numbers on a log scale. Out-of-range input is refused while typing.
class NumberBox final : public QDoubleSpinBox {
    Q_OBJECT
public:
    explicit NumberBox(const NumberRange& range, QWidget* parent = nullptr);

    QString textFromValue(double value) const override;
    double valueFromText(const QString& text) const override;
    QValidator::State validate(QString& input, int& pos) const override;
    void stepBy(int steps) override;

protected:
    void wheelEvent(QWheelEvent* event) override;

private:
    NumberRange m_range;
};

/// A NumberBox, and a slider beside it where the range has two ends. GUI thread.
class NumberField final : public QWidget {
    Q_OBJECT
public:
    explicit NumberField(const NumberRange& range, QWidget* parent = nullptr);

    double value() const;
    void setValue(double value);
    QSlider* slider() const { return m_slider; }
    NumberBox* box() const { return m_box; }

signals:
    void valueChanged(double value);

private:
    double fromSlider(int position) const;
    int toSlider(double value) const;
    void placeSlider();

    NumberRange m_range;
    double m_low = 0.0; // where a log slider leaves zero
    NumberBox* m_box = nullptr;
    QSlider* m_slider = nullptr;
};

} // namespace recoscope
