// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/compare_service.h"
#include "app/session/dataset_service.h"
#include "app/session/run_library.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTabWidget;
class QTimer;

namespace recoscope {

class ComparePart;
class CompareRunList;

/// Stored runs of the same data side by side: metrics in any dialect, significance, groups, full and sampled
/// candidates, warnings. GUI thread.
class ComparePage final : public QWidget {
    Q_OBJECT
public:
    /// @param datasets  whose current split is used where it is the runs'; may be null.
    explicit ComparePage(RunLibrary* library, DatasetService* datasets = nullptr, QWidget* parent = nullptr);
    ~ComparePage() override;

    /// Ticks these runs, of those that can be compared with the first.
    void setRuns(const QStringList& ids);
    QStringList runs() const;
    enum Tab { Metrics, Studies, Dialects, Significance, Groups, Sampling, Warnings };
    void showTab(Tab tab);
    /// "" as tested, else the id of a dialect.
    void setDialect(const QString& id);
    /// Writes the table of the tab that is shown, as the name ends: .csv, .md or .tex.
    void exportTo(const QString& path);
    CompareService* service() const { return m_service; }
    /// Null until the chosen runs have been measured.
    MeasurementPtr measurement() const { return m_measurement; }

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* buildTools();
    QWidget* buildProgress();
    void choose();
    void measure();
    void take(const MeasurementPtr& measurement);
    void showError(CompareTopic topic, const Error& error);
    void updateState();
    void describeReading();
    void hintAtStudies();
    void askAndExport();
    void tell(const QString& words, bool problem);
    std::vector<int> cutoffs() const;
    ComparePart* part(CompareTopic topic) const;
    ComparePart* currentPart() const;

    RunLibrary* m_library;
    DatasetService* m_datasets;
    CompareService* m_service;
    MeasurementPtr m_measurement;
    bool m_stale = false; // chosen while the page was hidden
    CompareRunList* m_list = nullptr;
    QComboBox* m_dialect = nullptr;
    QComboBox* m_cutoffs = nullptr;
    QPushButton* m_export = nullptr;
    QLabel* m_reading = nullptr;
    QLabel* m_studies = nullptr;
    QLabel* m_message = nullptr;
    QLabel* m_empty = nullptr;
    QStackedWidget* m_stack = nullptr;
    QTabWidget* m_tabs = nullptr;
    std::vector<ComparePart*> m_parts; // in the order of the tabs
    QWidget* m_progress = nullptr;
    QProgressBar* m_bar = nullptr;
    QLabel* m_doing = nullptr;
    QTimer* m_progressSoon = nullptr;
};

} // namespace recoscope
