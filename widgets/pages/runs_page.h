// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/models/run_log.h"
#include "app/session/run_library.h"
#include "app/session/training_service.h"

#include <QHash>
#include <QSet>
#include <QWidget>

class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QSortFilterProxyModel;
class QTabWidget;
class QTimer;

namespace recoscope {

class MetricTableModel;
class MetricTableView;
class RunCharts;
class RunListView;
class RunParameterView;
class RunTableModel;

/// The runs of the workspace: a list to search and sort, and curves, metrics, parameters and log of what is
/// selected; several runs are overlaid and compared. All reading and writing is the RunLibrary's. GUI thread.
class RunsPage final : public QWidget {
    Q_OBJECT
public:
    explicit RunsPage(RunLibrary* library, QWidget* parent = nullptr);
    ~RunsPage() override;

    /// Runs of this session are shown as they are now, not as they were stored last.
    void setTraining(const TrainingService* training);

    void selectRuns(const QStringList& ids);
    QStringList selectedRuns() const;
    /// For pictures and tours: 0 metrics, 1 parameters, 2 log, 3 notes.
    void showTab(int tab);
    /// Tests answer the question before deleting themselves.
    void setConfirmDelete(bool confirm) { m_confirmDelete = confirm; }
    void deleteSelected();
    /// Writes what is selected, as the name ends: .yaml the experiment of one run; .csv, .md, .tex a table of
    /// the metrics of all.
    void exportTo(const QString& path);

signals:
    void inspectRequested(const QString& id);
    void rerunRequested(const QString& id);
    void setUpRequested(const QString& id);
    void testRequested(const QString& id);
    void compareRequested(const QStringList& ids);

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    QWidget* buildList();
    QWidget* buildDetails();
    bool eventFilter(QObject* watched, QEvent* event) override;
    void fill();
    void follow();
    void scrollToSelection();
    const LiveRun* liveRun(const RunRecord& stored) const;
    const RunRecord* shownRecord(const QString& id) const;
    void bringDetails();
    void updateButtons();
    void selectionMoved();
    void showDetails();
    void renameSelected();
    void exportSelected();
    void showLog(const RunDetails* run);
    void clearLog();
    void saveNotes();
    void say(const QString& words, bool problem);
    std::vector<const RunDetails*> shownDetails() const;

    RunLibrary* m_library;
    const TrainingService* m_training = nullptr;
    QHash<QString, RunDetails> m_details; // of selected runs; curves of those that go on are the service's
    QSet<QString> m_going;                // selected runs whose details follow the service
    QString m_notesOf;
    RunLog m_logged; // of m_logOf, as far as it is shown
    QString m_logOf;
    bool m_confirmDelete = true;

    RunTableModel* m_model = nullptr;
    QSortFilterProxyModel* m_sorted = nullptr;
    RunListView* m_list = nullptr;
    QLineEdit* m_search = nullptr;
    QLabel* m_message = nullptr;
    QPushButton* m_inspect = nullptr;
    QPushButton* m_test = nullptr;
    QPushButton* m_compare = nullptr;
    QPushButton* m_rerun = nullptr;
    QPushButton* m_setUp = nullptr;
    QPushButton* m_rename = nullptr;
    QPushButton* m_export = nullptr;
    QPushButton* m_delete = nullptr;
    QLabel* m_title = nullptr;
    RunCharts* m_charts = nullptr;
    QTabWidget* m_tabs = nullptr;
    MetricTableModel* m_metricModel = nullptr;
    MetricTableView* m_metrics = nullptr;
    RunParameterView* m_parameters = nullptr;
    QPlainTextEdit* m_log = nullptr;
    QPlainTextEdit* m_notes = nullptr;
    QTimer* m_notesTimer = nullptr;
    QTimer* m_followTimer = nullptr;
};

} // namespace recoscope
