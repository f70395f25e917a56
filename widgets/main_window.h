// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/dataset_service.h"
#include "app/session/run_library.h"
#include "app/session/training_service.h"
#include "app/storage/settings.h"
#include "widgets/style/theme.h"

#include <QMainWindow>

#include <functional>

class QLabel;
class QMenu;
class QPushButton;
class QStackedWidget;
class QTimer;

namespace recoscope {

class ComparePage;
class DataPage;
class InspectPage;
class LatentPage;
class NavigationRail;
class RunsPage;
class SearchPage;
class TrainPage;

/// The look a person chose.
ThemeChoice themeChoice(ThemePreference preference);

/// The window: navigation rail, pages, menu, status bar. It owns no service; they outlive it. GUI thread.
class MainWindow final : public QMainWindow {
    Q_OBJECT
public:
    enum Page { Data, Train, Search, Inspect, Map, Compare, Runs };

    /// Settings hold what is kept between starts: recent files, columns, theme, sizes. Null: nothing is kept, as for
    /// pictures and tests.
    MainWindow(DatasetService* datasets, TrainingService* training, RunLibrary* library,
               Settings* settings = nullptr);
    ~MainWindow() override;

    /// Opens the built-in sample, ready to train: what a first start shows.
    void openSample();
    /// Shows the Data page and imports a file, folder or archive.
    void openPath(const QString& path);
    void showPage(Page page);
    Page page() const;

    DataPage* dataPage() const { return m_data; }
    TrainPage* trainPage() const { return m_train; }
    SearchPage* searchPage() const { return m_search; }
    InspectPage* inspectPage() const { return m_inspect; }
    LatentPage* latentPage() const { return m_latent; }
    ComparePage* comparePage() const { return m_compare; }
    RunsPage* runsPage() const { return m_runs; }

    /// Ask before closing while a run is going on (on by default).
    void setConfirmClose(bool confirm) { m_confirmClose = confirm; }
    /// Size and splitters as they were when the window was closed last.
    void restore();

protected:
    void closeEvent(QCloseEvent* event) override;
    /// Files may be dropped anywhere in the window: charts and fields, which take drops for themselves, are not asked.
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    /// A split to be made before something can go on: inspecting or repeating a stored run on other data.
    struct Pending {
        Experiment experiment;
        QString fingerprint;
        bool importing = false;
        QString run; // what a person calls it
        std::function<void(const SplitPtr&)> then;
    };
    void buildMenus();
    void buildStatusBar();
    void connectPages();
    void updateTitle();
    void updateRunState();
    void updateMemory();
    void remember();
    void fillRecent();
    void setTheme(int choice);
    void setZoom(double zoom);
    void showShortcuts();
    void showAbout();
    /// What was open before a stored run brought its own data or split.
    struct Before {
        QString title;
        QString path;
        ImportOptions options;
        SplitSpec split;
    };
    QWidget* buildNotice();
    void tellOfOtherData(const QString& run, bool otherData);
    void goBack();
    void testRun(const QString& id);
    void withSplitOf(const RunRecord& record, std::function<void(const SplitPtr&)> then);
    void inspectStored(const QString& id);
    void rerun(const QString& id);
    void complain(const QString& title, const QString& words);

    DatasetService* m_datasets;
    TrainingService* m_training;
    RunLibrary* m_library;
    Settings* m_settings;
    DataPage* m_data = nullptr;
    TrainPage* m_train = nullptr;
    SearchPage* m_search = nullptr;
    InspectPage* m_inspect = nullptr;
    LatentPage* m_latent = nullptr;
    ComparePage* m_compare = nullptr;
    RunsPage* m_runs = nullptr;
    QStackedWidget* m_pages = nullptr;
    NavigationRail* m_rail = nullptr;
    QMenu* m_recentMenu = nullptr;
    QAction* m_getAction = nullptr;
    QLabel* m_dataState = nullptr;
    QLabel* m_runState = nullptr;
    QLabel* m_memory = nullptr;
    QLabel* m_workspace = nullptr;
    QTimer* m_memoryTimer = nullptr;
    std::optional<Pending> m_pending;
    std::optional<Before> m_before;
    QWidget* m_notice = nullptr;
    QLabel* m_noticeText = nullptr;
    QPushButton* m_back = nullptr;
    bool m_confirmClose = true;
};

} // namespace recoscope
