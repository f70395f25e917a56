// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/algorithm_info.h"

#include <QStandardItemModel>
#include <QWidget>

class QAction;
class QLineEdit;
class QSortFilterProxyModel;
class QTreeView;

namespace recoscope {

/// The registry as a tree of families and algorithms. Plain values: title, and the id in AlgorithmIdRole.
class AlgorithmModel final : public QStandardItemModel {
    Q_OBJECT
public:
    static constexpr int AlgorithmIdRole = Qt::UserRole + 1;
    static constexpr int SearchRole =
        Qt::UserRole + 2; // title, id, family, summary: what the search looks through
    explicit AlgorithmModel(QObject* parent = nullptr);
};

/// A searchable list of all algorithms, grouped by family. GUI thread.
class AlgorithmPicker final : public QWidget {
    Q_OBJECT
public:
    explicit AlgorithmPicker(QWidget* parent = nullptr);

    /// Null until something is selected.
    const AlgorithmInfo* current() const;
    /// False when unknown.
    bool select(std::string_view id);
    QLineEdit* search() const { return m_search; }
    QTreeView* view() const { return m_view; }

signals:
    void currentChanged(const recoscope::AlgorithmInfo* info);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    /// Of what the search shows: the one whose title or id is what was typed, else whose title begins with or
    /// has it, else the first. Invalid when nothing is shown.
    QModelIndex bestMatch() const;

    AlgorithmModel* m_model = nullptr;
    QSortFilterProxyModel* m_filter = nullptr;
    QLineEdit* m_search = nullptr;
    QAction* m_magnifier = nullptr;
    QTreeView* m_view = nullptr;
};

} // namespace recoscope
