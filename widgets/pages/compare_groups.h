// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/compare_part.h"

class QLabel;
class QScrollArea;

namespace recoscope {

class CompareTable;
class GroupBars;

/// One metric by groups of users (an attribute, activity) or by popularity of the items: whom a run serves
/// well. GUI thread.
class CompareGroups final : public ComparePart {
    Q_OBJECT
public:
    explicit CompareGroups(CompareService* service, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Groups; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void ask() override;
    void clear() override;
    void take(const std::shared_ptr<const GroupTable>& table);
    void fill();
    QString by() const;
    QString metric() const;
    std::shared_ptr<const GroupTable> m_groups;
    QString m_wanted = QStringLiteral("ndcg@10"); // a person's choice, also where a grouping has not got it
    QComboBox* m_by = nullptr;
    QComboBox* m_metric = nullptr;
    QLabel* m_summary = nullptr;
    QLabel* m_legend = nullptr;
    QLabel* m_note = nullptr;
    GroupBars* m_bars = nullptr;
    QScrollArea* m_scroll = nullptr;
    CompareTable* m_table = nullptr;
};

} // namespace recoscope
