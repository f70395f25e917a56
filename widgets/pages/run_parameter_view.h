// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/run_library.h"

#include <QStringList>
#include <QTableView>

class QStandardItemModel;

namespace recoscope {

/// What stored runs were set to: a row a setting, a column a run; what differs is bold. GUI thread.
class RunParameterView final : public QTableView {
    Q_OBJECT
public:
    explicit RunParameterView(QWidget* parent = nullptr);
    void setRuns(const std::vector<const RunDetails*>& runs);

private:
    QStandardItemModel* m_model = nullptr;
    QStringList m_of; // runs whose settings are shown
};

} // namespace recoscope
