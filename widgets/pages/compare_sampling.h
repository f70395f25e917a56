// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/compare_part.h"

class QLabel;

namespace recoscope {

class CompareTable;
class CurveChart;

/// One metric as the number of sampled negatives grows, beside the full ranking, and which runs change places
/// on the way. GUI thread.
class CompareSampling final : public ComparePart {
    Q_OBJECT
public:
    explicit CompareSampling(CompareService* service, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Sampling; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void ask() override;
    void clear() override;
    void fill();
    std::shared_ptr<const StudyTable> m_studied;
    QComboBox* m_metric = nullptr;
    QComboBox* m_kind = nullptr;
    QLabel* m_summary = nullptr;
    CurveChart* m_chart = nullptr;
    CompareTable* m_table = nullptr;
};

} // namespace recoscope
