// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/reader.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QLabel;
class QTableView;
class QWidget;

namespace recoscope {

class PreviewModel;

/// Shows what was found at a path before importing it: format, files, first rows; for delimited text the mapping of
/// columns to user, item, rating and time. Looks at no file itself: asks for a new look by a signal. GUI thread.
class ImportDialog final : public QDialog {
    Q_OBJECT
public:
    ImportDialog(const QString& path, const FormatPreview& preview, const ImportOptions& options,
                 QWidget* parent = nullptr);

    /// The path this dialog is about, as given.
    QString path() const { return m_path; }
    /// What to import with, once accepted.
    ImportOptions options() const;
    /// The answer to previewWanted.
    void setPreview(const FormatPreview& preview);
    void setError(const QString& text);

signals:
    /// The format, delimiter, quote or header was changed: look again.
    void previewWanted(const QString& path, const recoscope::ImportOptions& options);

private:
    void buildMapping(QWidget* parent);
    void fillColumns();
    void updateState();
    void sizeColumns();
    void lookAgain();
    ColumnMapping mappingFromForm() const;

    QString m_path;
    ImportOptions m_options;
    FormatPreview m_preview;
    bool m_filling = false;

    QLabel* m_title = nullptr;
    QLabel* m_description = nullptr;
    QLabel* m_files = nullptr;
    QLabel* m_guess = nullptr; // shown when the columns are not known for sure
    QLabel* m_problem = nullptr;
    QComboBox* m_format = nullptr;
    QComboBox* m_duplicates = nullptr;
    QWidget* m_mapping = nullptr;
    QComboBox* m_delimiter = nullptr;
    QComboBox* m_quote = nullptr;
    QCheckBox* m_header = nullptr;
    QComboBox* m_user = nullptr;
    QComboBox* m_item = nullptr;
    QComboBox* m_rating = nullptr;
    QComboBox* m_time = nullptr;
    QTableView* m_table = nullptr;
    PreviewModel* m_model = nullptr;
    QDialogButtonBox* m_buttons = nullptr;
};

} // namespace recoscope
