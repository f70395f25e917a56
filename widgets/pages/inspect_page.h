// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/query_service.h"

#include <QWidget>

#include <memory>
#include <optional>

class QAbstractItemModel;
class QComboBox;
class QLabel;
class QSpinBox;
class QStackedWidget;
class QTabWidget;
class QTableView;

namespace recoscope {

class BrowseService;
class BrowseTable;
class CodeView;
class DatasetService;
class ExplanationModel;
class HeldOutModel;
class HistoryModel;
class MetricCardView;
class RecommendationModel;
class TrainingService;

/// One user under one model: history, recommendations with held-out hits, why an item is there and what is like it.
/// Follows a run while it trains. All scoring is the QueryService's. GUI thread.
class InspectPage final : public QWidget {
    Q_OBJECT
public:
    InspectPage(TrainingService* training, DatasetService* datasets, QWidget* parent = nullptr);
    ~InspectPage() override;

    /// Indices are those of the current model's dataset (after filters).
    void showUser(UserIndex user);
    /// By id, in whatever dataset the model has; false when it is not there.
    bool showUserId(const QString& id);
    void showItem(ItemIndex item);
    /// A model that is not of a run of this session, e.g. reopened from the workspace.
    /// @param options  as its run was evaluated, for the metric card.
    void setModel(std::shared_ptr<const Recommender> model, SplitPtr split, const QString& label, int epoch,
                  const EvaluationOptions& options = {});
    /// A run of this session.
    void setRun(const QString& run);
    std::optional<UserIndex> user() const { return m_user; }
    /// The user's code, for models that have one.
    CodeView* codeView() const { return m_code; }
    /// Shows it, where the model has codes; else the lists.
    void showCode(bool on);
    bool hasCode() const;
    /// One metric of the user, step by step.
    MetricCardView* metricCard() const { return m_card; }
    void showMetric();

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;

private:
    struct Shown {
        std::shared_ptr<const Recommender> model;
        SplitPtr split;
        QString label;
        int epoch = 0;
        bool midEpoch = false;
        EvaluationOptions options = {};
    };
    QWidget* buildTop();
    void updateCode();
    QWidget* buildCentre();
    QWidget* buildSide();
    QTableView* makeTable(QAbstractItemModel* model, int stretchColumn);
    void fillRuns();
    void takeRun(const QString& run);
    void showModel(Shown shown);
    void ask();
    void askItem();
    void selectItem();
    void take(const RecommendAnswer& answer);
    void updateWatch();

    TrainingService* m_training;
    DatasetService* m_datasets;
    QueryService* m_queries;
    BrowseService* m_browse;
    Shown m_shown;
    std::shared_ptr<const Recommender> m_before; // the snapshot before m_shown's, of the same run
    QString m_shownRun;                          // whose model m_shown is
    bool m_selecting = false; // the page moves the selection, not the person
    std::optional<Shown> m_stored; // from setModel
    QString m_run;                 // the run followed; "" for a stored model
    std::optional<UserIndex> m_user;
    std::optional<ItemIndex> m_item;
    quint64 m_recommendTicket = 0;
    quint64 m_neighbourTicket = 0;
    quint64 m_explainTicket = 0;

    QComboBox* m_runs = nullptr;
    QLabel* m_state = nullptr;
    QSpinBox* m_count = nullptr;
    QStackedWidget* m_stack = nullptr;
    QTabWidget* m_tabs = nullptr;
    CodeView* m_code = nullptr;
    MetricCardView* m_card = nullptr;
    BrowseTable* m_users = nullptr;
    QLabel* m_userTitle = nullptr;
    QLabel* m_userText = nullptr;
    QLabel* m_topTitle = nullptr;
    QTableView* m_top = nullptr;
    RecommendationModel* m_topModel = nullptr;
    QLabel* m_itemTitle = nullptr;
    QLabel* m_why = nullptr;
    QTabWidget* m_itemTabs = nullptr;
    QTableView* m_reasons = nullptr;
    ExplanationModel* m_reasonModel = nullptr;
    QTableView* m_similar = nullptr;
    RecommendationModel* m_similarModel = nullptr;
    QLabel* m_historyTitle = nullptr;
    QTableView* m_history = nullptr;
    HistoryModel* m_historyModel = nullptr;
    QLabel* m_heldOutTitle = nullptr;
    QTableView* m_heldOut = nullptr;
    HeldOutModel* m_heldOutModel = nullptr;
};

} // namespace recoscope
