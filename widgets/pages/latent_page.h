// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/latent_service.h"
#include "widgets/pages/latent_coloring.h"

#include <QWidget>

#include <optional>

class QButtonGroup;
class QComboBox;
class QLabel;
class QLineEdit;
class QTimer;

namespace recoscope {

class DatasetService;
class LatentPanel;
class ScatterView;
class TrainingService;

/// What a model has learned, as a map: its items' or users' vectors on a plane, coloured by what the data
/// knows of them. Follows a run while it trains. GUI thread.
class LatentPage final : public QWidget {
    Q_OBJECT
public:
    explicit LatentPage(TrainingService* training, QWidget* parent = nullptr);
    ~LatentPage() override;

    /// A run of this session.
    void setRun(const QString& run);
    /// A model that is not of a run of this session, e.g. reopened from the workspace.
    void setModel(std::shared_ptr<const Recommender> model, SplitPtr split, const QString& label, int epoch);
    void setSide(LatentSide side);
    void setMethod(LatentMethod method);
    /// By title; false when the data has nothing of that name.
    bool setColorSource(const QString& title);

    ScatterView* view() const { return m_view; }
    LatentPicturePtr picture() const { return m_picture; }

signals:
    /// Comes before the point's own signal: the run the map is of, "" for a stored model.
    void openingPoint(const QString& run);
    void userActivated(recoscope::UserIndex user);
    void itemActivated(recoscope::ItemIndex item);

protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    struct Shown {
        std::shared_ptr<const Recommender> model;
        SplitPtr split;
        QString label;
        int epoch = 0;
    };
    QWidget* buildTop();
    QWidget* buildTools();
    void fillRuns();
    void takeRun(const QString& run);
    void showModel(Shown shown);
    void request();
    void take(const LatentPicturePtr& picture);
    void fillSources();
    void recolor();
    void emphasise();
    void search();
    void updatePanel();
    void updateInfo();
    void complain(const QString& words);
    void updateWatch();
    void updateStyle();
    std::optional<ColorSource> source() const;

    TrainingService* m_training;
    LatentService* m_service;
    Shown m_shown;
    std::optional<Shown> m_stored;
    QString m_run; // followed; "" for a stored model
    quint64 m_ticket = 0;
    bool m_due = true; // something is to be projected when the page is seen
    LatentPicturePtr m_picture;
    std::vector<ColorSource> m_sources;
    Coloring m_coloring;
    QString m_error;

    QComboBox* m_runs = nullptr;
    QLabel* m_state = nullptr;
    QComboBox* m_side = nullptr;
    QComboBox* m_method = nullptr;
    QComboBox* m_color = nullptr;
    QLineEdit* m_search = nullptr;
    QButtonGroup* m_tools = nullptr;
    ScatterView* m_view = nullptr;
    LatentPanel* m_panel = nullptr;
    QLabel* m_info = nullptr;
    QTimer* m_searchTimer = nullptr;
};

} // namespace recoscope
