// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/dataset_service.h"

#include <QPointer>
#include <QWidget>

class QLabel;
class QMenu;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTabWidget;
class QToolButton;
class QTreeView;

namespace recoscope {

class BrowseService;
class BrowseTable;
class DataOverview;
class DownloadService;
class ImportDialog;
class ImportIssueModel;
class Settings;
class SplitPanel;

/// Opening data, seeing what it holds, filtering and splitting it. All work is the DatasetService's; this page asks and
/// shows. GUI thread.
class DataPage final : public QWidget {
    Q_OBJECT
public:
    enum class Ask {
        Always,        // show the preview first
        WhenUncertain, // only where a person must choose the columns
    };

    explicit DataPage(DatasetService* datasets, QWidget* parent = nullptr);
    ~DataPage() override;

    /// A file, folder, .zip, .gz, or "builtin:sample".
    void openPath(const QString& path, Ask ask = Ask::Always);
    void openSample();
    void chooseFile();
    void chooseFolder();
    void getDataset();
    /// Where opened files and chosen columns are remembered; outlives the page. Null: nothing is.
    void setSettings(Settings* settings);
    /// Where downloads go; tests choose another place.
    void setDownloadFolder(const QString& folder) { m_downloadFolder = folder; }
    /// For pictures and tours: 0 overview, 1 items, 2 users, 3 import report.
    void showTab(int tab);

signals:
    /// A path is imported by a person's wish.
    void opened(const QString& path, const recoscope::ImportOptions& options);
    /// A user or item was double-clicked.
    void userActivated(recoscope::UserIndex user);
    void itemActivated(recoscope::ItemIndex item);

private:
    QWidget* buildHeader();
    QWidget* buildReport();
    void fillRecent();
    void showPreview(const QString& path, const FormatPreview& preview);
    void import(const QString& path, const ImportOptions& options);
    void showDataset();
    void showFiltered();
    void showError(const QString& what, const Error& error);
    void setBusy(bool busy);

    DatasetService* m_datasets;
    Settings* m_settings = nullptr;
    BrowseService* m_browse;
    DownloadService* m_downloads;
    QPointer<ImportDialog> m_dialog;
    QString m_pendingPath;
    QString m_pendingHeader; // as it is seen without a person's mapping, which is how the next file is seen, too
    ImportOptions m_pendingOptions;
    Ask m_ask = Ask::Always;
    QString m_downloadFolder;

    QLabel* m_title = nullptr;
    QLabel* m_source = nullptr;
    QLabel* m_filtered = nullptr; // what the filters leave, when there are any
    QLabel* m_synthetic = nullptr;
    QMenu* m_recent = nullptr;
    QToolButton* m_recentButton = nullptr;
    QWidget* m_work = nullptr;
    QProgressBar* m_bar = nullptr;
    QLabel* m_phase = nullptr;
    QLabel* m_problem = nullptr;
    QTabWidget* m_tabs = nullptr;
    DataOverview* m_overview = nullptr;
    BrowseTable* m_items = nullptr;
    BrowseTable* m_users = nullptr;
    SplitPanel* m_split = nullptr;
    QLabel* m_rows = nullptr;
    QTreeView* m_issues = nullptr;
    ImportIssueModel* m_issueModel = nullptr;
};

} // namespace recoscope
