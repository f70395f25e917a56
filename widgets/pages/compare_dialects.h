// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/compare_part.h"

class QLabel;

namespace recoscope {

class CompareTable;

/// How each run reads in every dialect, in one metric: the same lists, other definitions. GUI thread.
class CompareDialects final : public ComparePart {
    Q_OBJECT
public:
    explicit CompareDialects(CompareService* service, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Dialects; }

private:
    void ask() override;
    void clear() override;
    void fill();
    void showDetails(int row);
    QString metric() const;
    std::shared_ptr<const DialectTable> m_readings;
    QComboBox* m_metric = nullptr;
    QLabel* m_summary = nullptr;
    CompareTable* m_table = nullptr;
    QLabel* m_details = nullptr;
};

} // namespace recoscope
