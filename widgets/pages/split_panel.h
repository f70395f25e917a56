// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/dataset_service.h"

#include <QWidget>

#include <memory>
#include <optional>

class QCheckBox;
class QComboBox;
class QDateEdit;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QPushButton;
class QSpinBox;

namespace recoscope {

/// The form of filters and split, and what they leave. Asks by a signal; shows the split it is given. GUI thread.
class SplitPanel final : public QWidget {
    Q_OBJECT
public:
    explicit SplitPanel(QWidget* parent = nullptr);

    /// Offers what this data can do: time filters from its first to its last day, pre-made with parts.
    void setDataset(const DatasetPtr& dataset, const std::shared_ptr<const DatasetSummary>& summary = {});
    /// Shows what a split leaves, and its spec in the form.
    void setSplit(const SplitPtr& split);
    void setError(const QString& text);
    void setBusy(bool busy);
    SplitSpec spec() const;

signals:
    void splitWanted(const recoscope::SplitSpec& spec);

private:
    void showSpec(const SplitSpec& spec);
    void updateState();
    SplitKind kind() const;
    QWidget* filterGroup();
    QWidget* splitGroup();

    DatasetPtr m_dataset;
    SplitPtr m_split;
    std::optional<std::int64_t> m_cut; // the time that the test part begins at
    bool m_busy = false;
    bool m_filling = false;

    QCheckBox* m_minRatingOn = nullptr;
    QDoubleSpinBox* m_minRating = nullptr;
    QCheckBox* m_implicitOn = nullptr;
    QDoubleSpinBox* m_implicit = nullptr;
    QCheckBox* m_fromOn = nullptr;
    QDateEdit* m_from = nullptr;
    QCheckBox* m_toOn = nullptr;
    QDateEdit* m_to = nullptr;
    QSpinBox* m_minUser = nullptr;
    QSpinBox* m_minItem = nullptr;

    QFormLayout* m_splitForm = nullptr;
    QComboBox* m_kind = nullptr;
    QLabel* m_kindHelp = nullptr;
    QLabel* m_testLabel = nullptr;
    QDoubleSpinBox* m_test = nullptr;
    QLabel* m_validationLabel = nullptr;
    QDoubleSpinBox* m_validation = nullptr;
    QLabel* m_foldsLabel = nullptr;
    QSpinBox* m_folds = nullptr;
    QLabel* m_foldLabel = nullptr;
    QSpinBox* m_fold = nullptr;
    QLabel* m_foldInLabel = nullptr;
    QDoubleSpinBox* m_foldIn = nullptr;
    QLabel* m_seedLabel = nullptr;
    QSpinBox* m_seed = nullptr;

    QPushButton* m_apply = nullptr;
    QLabel* m_changed = nullptr; // the form is not what the counts beside it are of
    QLabel* m_result = nullptr;
    QLabel* m_problem = nullptr;
};

} // namespace recoscope
