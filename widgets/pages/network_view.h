// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/training_service.h"

#include <QWidget>

class QLabel;
class QTableView;

namespace recoscope {

class HistogramHistory;
class TensorTableModel;

/// The network of a run from the inside: weights, activations and gradients after every epoch, how they are
/// spread, what is wrong with them. The trainer sums them up only while this is seen. GUI thread.
class NetworkView final : public QWidget {
    Q_OBJECT
public:
    explicit NetworkView(TrainingService* training, QWidget* parent = nullptr);
    ~NetworkView() override;

    void setRun(const QString& run);
    /// The run has moved.
    void refresh();
    TensorTableModel* model() const { return m_model; }

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    void fit();
    void drawHistory();

    TrainingService* m_training;
    QString m_run;
    int m_epoch = -1; // of what is shown
    QLabel* m_state = nullptr;
    QTableView* m_table = nullptr;
    TensorTableModel* m_model = nullptr;
    HistogramHistory* m_history = nullptr;
};

} // namespace recoscope
