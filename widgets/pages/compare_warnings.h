// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/compare_part.h"

class QLabel;

namespace recoscope {

class CompareTable;

/// Leaks found in the data, the split and the runs, with counts and examples. GUI thread.
class CompareWarnings final : public ComparePart {
    Q_OBJECT
public:
    explicit CompareWarnings(CompareService* service, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Warnings; }

private:
    void ask() override;
    void clear() override;
    void fill(const LeakTable& table);
    void showExamples(int row);
    std::vector<Leak> m_leaks; // by row
    QLabel* m_summary = nullptr;
    CompareTable* m_table = nullptr;
    QLabel* m_details = nullptr;
};

} // namespace recoscope
