// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor_summary.h"

#include <QImage>
#include <QWidget>

#include <vector>

namespace recoscope {

/// How the numbers of a tensor are spread, epoch by epoch: a column an epoch, values upwards, the darker the
/// more numbers. A line marks the mean. GUI thread.
class HistogramHistory final : public QWidget {
    Q_OBJECT
public:
    explicit HistogramHistory(QWidget* parent = nullptr);

    /// @param past  one an epoch, ascending; copied into bins of one common scale at once
    void setHistory(const QString& title, const std::vector<int>& epochs,
                    const std::vector<const TensorSummary*>& past);
    void clear(const QString& reason);
    /// Share of an epoch's numbers in a row of the picture, 0 at the bottom.
    double share(int column, int row) const;
    int rows() const { return kRows; }
    double low() const { return m_low; }
    double high() const { return m_high; }

    QSize sizeHint() const override { return {320, 220}; }
    QSize minimumSizeHint() const override { return {160, 110}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    static constexpr int kRows = 64;
    QRect plot() const;
    QString m_title;
    QString m_reason;
    std::vector<int> m_epochs;
    std::vector<double> m_shares; // columns x rows
    std::vector<double> m_means;
    double m_low = 0.0;
    double m_high = 1.0;
};

} // namespace recoscope
