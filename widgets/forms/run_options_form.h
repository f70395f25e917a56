// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/train.h"

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;

namespace recoscope {

class NumberBox;

/// Everything of a training plan besides algorithm and parameters: seed, evaluation, early stopping. GUI
/// thread.
class RunOptionsForm final : public QWidget {
    Q_OBJECT
public:
    explicit RunOptionsForm(QWidget* parent = nullptr);

    /// Writes its part into the plan.
    void apply(TrainingPlan& plan) const;
    void setPlan(const TrainingPlan& plan);
    /// "5, 10, 20" to {5, 10, 20}, ascending, each once; empty when the text is not that.
    static std::vector<int> cutoffsFromText(const QString& text);
    bool valid() const;
    /// The metric that fits an algorithm ("rmse", or "ndcg" at the usual cutoff), unless a person chose
    /// another.
    void suggestMetric(const QString& name);

    /// Of the current split: what is ranked follows it, unless a person chose.
    void setSplitKind(SplitKind kind);
    CandidateKind candidates() const;

signals:
    void changed();

private:
    void refresh();
    void setCandidates(CandidateKind kind);
    NumberBox* m_seed = nullptr;
    NumberBox* m_every = nullptr;
    QLineEdit* m_cutoffs = nullptr;
    QLabel* m_cutoffsError = nullptr;
    NumberBox* m_threshold = nullptr;
    QCheckBox* m_early = nullptr;
    QComboBox* m_metric = nullptr;
    NumberBox* m_patience = nullptr;
    NumberBox* m_minDelta = nullptr;
    QCheckBox* m_test = nullptr;
    QComboBox* m_candidates = nullptr;
    bool m_metricChosen = false;
    bool m_candidatesChosen = false;
    SplitKind m_splitKind = SplitKind::RandomPerUser;
    TrainingPlan m_rest; // what the form does not show is kept as set
};

} // namespace recoscope
