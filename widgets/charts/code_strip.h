// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

namespace recoscope {

/// A code as a strip: a bar a number, up or down from 0, with what belongs to it. GUI thread.
class CodeStrip final : public QWidget {
    Q_OBJECT
public:
    struct Code {
        std::vector<float> values;
        std::vector<float> deviations; // ±, as whiskers; or empty
        std::vector<float> before;     // ticks; or empty
        std::vector<float> drawn;      // dots; or empty
        bool operator==(const Code&) const = default;
    };
    explicit CodeStrip(QWidget* parent = nullptr);

    void setCode(Code code);
    const Code& code() const { return m_code; }
    /// What the marks mean, for those that are there.
    QString legend() const;

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    double reach() const;
    QRectF plot() const;
    Code m_code;
};

} // namespace recoscope
