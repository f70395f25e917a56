// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/download_service.h"

#include <QDialog>

#include <vector>

class QCheckBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QTextBrowser;
class QTreeWidget;

namespace recoscope {

/// The public datasets of the catalogue: what they hold, their terms, and the download. The dialog stays usable while a
/// download runs; closing it cancels, and the next start resumes. GUI thread.
class GetDatasetDialog final : public QDialog {
    Q_OBJECT
public:
    /// @param folder  where downloads go; shown, created on the first download by the service.
    GetDatasetDialog(std::vector<CatalogueEntry> entries, DownloadService* downloads, const QString& folder,
                     QWidget* parent = nullptr);

    /// The downloaded file once the dialog was accepted.
    QString downloadedPath() const { return m_path; }
    void done(int result) override;

private:
    void showEntry();
    void startOrCancel();
    void setRunning(bool running);
    void say(const QString& text, bool problem);
    const CatalogueEntry* current() const;

    std::vector<CatalogueEntry> m_entries;
    DownloadService* m_downloads;
    QString m_folder;
    QString m_path;
    bool m_running = false;

    QLineEdit* m_search = nullptr;
    QTreeWidget* m_tree = nullptr;
    QLabel* m_title = nullptr;
    QLabel* m_figures = nullptr;
    QTextBrowser* m_terms = nullptr;
    QCheckBox* m_accept = nullptr;
    QLabel* m_target = nullptr;
    QProgressBar* m_bar = nullptr;
    QLabel* m_state = nullptr;
    QPushButton* m_start = nullptr;
};

} // namespace recoscope
