// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/run_library.h"
#include "app/session/study_comparison.h"
#include "widgets/pages/compare_part.h"

class QComboBox;
class QLabel;

namespace recoscope {

class CompareTable;
class IntervalPlot;

/// The studies that the compared runs belong to, each as one entry: mean and 95 % interval over its seeds or
/// folds, beside runs that belong to none. GUI thread.
class CompareStudies final : public ComparePart {
    Q_OBJECT
public:
    CompareStudies(CompareService* service, RunLibrary* library, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Studies; }
    const std::vector<ComparedStudy>& entries() const { return m_entries; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void ask() override;
    void clear() override;
    void fill();
    QString titleOf(const ComparedStudy& entry) const;
    QString definition(const std::string& key) const;

    RunLibrary* m_library;
    std::vector<ComparedStudy> m_entries;
    QComboBox* m_metric = nullptr;
    CompareTable* m_table = nullptr;
    IntervalPlot* m_plot = nullptr;
    QWidget* m_chart = nullptr;
    QLabel* m_note = nullptr;
};

} // namespace recoscope
