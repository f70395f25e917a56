// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/compare_part.h"

class QComboBox;
class QLabel;

namespace recoscope {

class MetricTableModel;
class MetricTableView;

/// All metrics of the compared runs: a column a run, the best bold, the second underlined, † where a number
/// differs from the reference run's by more than chance. GUI thread.
class CompareMetrics final : public ComparePart {
    Q_OBJECT
public:
    explicit CompareMetrics(CompareService* service, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Marks; }
    /// Place of the run that the marks are against.
    int reference() const;

private:
    void ask() override;
    void clear() override;
    void takeMarks(const MetricMarks& marks);
    void showDetails();
    MetricTableModel* m_model = nullptr;
    MetricTableView* m_view = nullptr;
    QComboBox* m_reference = nullptr;
    QLabel* m_legend = nullptr;
    QLabel* m_details = nullptr;
};

} // namespace recoscope
