// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/query_service.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QSpinBox;
class QTableView;

namespace recoscope {

class MetricCardModel;

/// One metric of one user with every number in it: formula, terms, result, so that it can be done again on
/// paper. All of it comes from the QueryService. GUI thread.
class MetricCardView final : public QWidget {
    Q_OBJECT
public:
    explicit MetricCardView(QueryService* queries, QWidget* parent = nullptr);

    struct Subject {
        std::shared_ptr<const Recommender> model;
        SplitPtr split;
        UserIndex user{};
        EvaluationOptions options; // as the run was evaluated
    };
    void setSubject(Subject subject);
    /// "ndcg@10", "auc"
    void setMetric(const QString& key);
    QString metric() const;
    /// "recoscope", "trec_eval", …; "" is as the run was evaluated.
    void setDialect(const QString& id);
    /// Shows what it was asked for.
    bool settled() const { return m_settled; }

signals:
    void itemActivated(recoscope::ItemIndex item);

protected:
    void showEvent(QShowEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QWidget* buildTools();
    void ask();
    void take(const MetricCard& card);
    void say(const QString& words);
    void writeEquation();

    QueryService* m_queries;
    Subject m_subject;
    quint64 m_ticket = 0;
    bool m_stale = false; // something has changed while hidden
    bool m_settled = false;
    MetricCard m_card;
    MetricCardModel* m_model = nullptr;
    QComboBox* m_metric = nullptr;
    QSpinBox* m_cutoff = nullptr;
    QLabel* m_cutoffLabel = nullptr;
    QComboBox* m_dialect = nullptr;
    QComboBox* m_part = nullptr;
    QLabel* m_title = nullptr;
    QLabel* m_meaning = nullptr;
    QLabel* m_formula = nullptr;
    QLabel* m_facts = nullptr;
    QTableView* m_table = nullptr;
    QLabel* m_equation = nullptr;
    QLabel* m_note = nullptr;
};

} // namespace recoscope
