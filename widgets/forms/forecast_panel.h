// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/forecast_service.h"

#include <QWidget>

class QLabel;

namespace recoscope {

/// What a run would take, in one line: time and memory; a warning with other algorithms to click where it
/// does not fit; and what is wrong with the split, where something is. GUI thread.
class ForecastPanel final : public QWidget {
    Q_OBJECT
public:
    explicit ForecastPanel(QWidget* parent = nullptr);

    /// What would be run now; a null split says nothing. Cheap enough for every key that is typed.
    void setPlan(const QString& algorithm, const ParamMap& params, const SplitPtr& split);
    /// Shows an answer; setPlan() leads to one by itself.
    void show(const Forecast& forecast);
    void show(const std::vector<Leak>& leaks);
    using QWidget::show;

signals:
    void algorithmChosen(const QString& id); // one of the alternatives

protected:
    void changeEvent(QEvent* event) override;

private:
    void describeLeaks();
    QString alternatives(const Forecast& forecast) const;

    ForecastService* m_service;
    quint64 m_ticket = 0;
    SplitPtr m_split;
    Forecast m_forecast;
    std::vector<Leak> m_leaks;
    bool m_unfolded = false;
    QLabel* m_line = nullptr;
    QLabel* m_warning = nullptr;
    QLabel* m_leakText = nullptr;
};

} // namespace recoscope
