// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/run_library.h"
#include "app/session/search_service.h"
#include "app/session/study_view.h"

#include <QWidget>

class QLabel;
class QStackedWidget;
class QTimer;

namespace recoscope {

class CompareTable;
class DatasetService;
class SearchResults;
class SearchSetup;

/// Searching for good parameters, and running them over seeds or folds: sets one up, runs several in turn,
/// shows those of this session and what the workspace has of earlier ones; renames and deletes them. GUI
/// thread.
class SearchPage final : public QWidget {
    Q_OBJECT
public:
    SearchPage(TrainingService* training, DatasetService* datasets, RunLibrary* library,
               QWidget* parent = nullptr);
    ~SearchPage() override;

    /// Starts what is set up; its id, or "" with the reason shown to the person.
    QString start();
    /// A search of this session or a study of the workspace, by id.
    void showStudy(const QString& id);
    QString shown() const { return m_shown; }
    /// Goes on with a stored search on its own split.
    void goOn(const QString& study, const SplitPtr& split);
    /// What the Train page has, unless a person has changed something here.
    void suggest(const TrainingPlan& plan);
    /// What the Train page has, whatever is set up here.
    void takePlan(const TrainingPlan& plan);
    void rename(const QString& study, const QString& name);
    /// A study that is worked on is not deleted, and that is said.
    void remove(const QString& study, StudyRuns runs);

    SearchSetup* setup() const { return m_setup; }
    SearchResults* results() const { return m_results; }
    SearchService* service() const { return m_service; }

signals:
    void useRequested(const recoscope::TrainingPlan& plan);
    void inspectRequested(const QString& run);
    void openRequested(const QString& run);
    void dataRequested();
    /// The answer is setup()->setPlan().
    void trainPlanRequested();
    /// A stored search wants its split: goOn() is the answer. The run is any of its.
    void splitRequested(const QString& study, const QString& run);

protected:
    void showEvent(QShowEvent* event) override;

private:
    void refresh();
    void fillList();
    void showShown();
    void goOnShown();
    void askName();
    void askDelete();
    bool idle(const StudyView& view) const;
    void say(const QString& problem);
    std::optional<StudyView> viewOfId(const QString& id) const;
    const RunRecord* findRun(const QString& run) const;

    TrainingService* m_training;
    RunLibrary* m_library;
    DatasetService* m_datasets;
    SearchService* m_service;
    std::vector<StudyView> m_stored; // of the library, read anew when it is
    QString m_shown;
    QString m_asked;            // the study that is renamed or deleted
    std::vector<QString> m_ids; // by row of the list
    bool m_filling = false;
    bool m_stale = true;  // something has changed while the page was hidden
    bool m_listed = true; // the library has
    SearchSetup* m_setup = nullptr;
    QLabel* m_message = nullptr;
    CompareTable* m_list = nullptr;
    QStackedWidget* m_stack = nullptr;
    QTimer* m_soon = nullptr;
    SearchResults* m_results = nullptr;
};

} // namespace recoscope
