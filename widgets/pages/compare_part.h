// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/compare_service.h"

#include <QPair>
#include <QVector>
#include <QWidget>

#include <optional>

class QComboBox;
class QLayout;

namespace recoscope {

/// One tab of the Compare page: it shows one thing about the runs that are compared, and asks the service for
/// it when a person looks at it. GUI thread.
class ComparePart : public QWidget {
    Q_OBJECT
public:
    explicit ComparePart(CompareService* service, QWidget* parent = nullptr);

    /// The runs to look at; null while there are none.
    void setMeasurement(const MeasurementPtr& measurement);
    const MeasurementPtr& measurement() const { return m_measurement; }
    /// The table as it is shown, to be written to a file; nothing while there is none.
    virtual std::optional<TextTable> table() const = 0;
    /// Words instead of the contents: what is going on, what went wrong or what to do.
    virtual void say(const QString& words) = 0;
    virtual CompareTopic topic() const = 0;

protected:
    /// Asks the service; called once for a measurement, when the tab is visible.
    virtual void ask() = 0;
    virtual void clear() = 0;
    /// Asks again, now or when the tab is shown.
    void askAgain();
    /// Whether an answer is to what is shown now.
    bool fits(const MeasurementPtr& of) const { return m_measurement && of == m_measurement; }
    void showEvent(QShowEvent* event) override;

    CompareService* m_service;

private:
    MeasurementPtr m_measurement;
    bool m_asked = false;
};

/// A field with a name for those who cannot see it; it does not grow with its longest entry.
QComboBox* compareBox(const char* objectName, const QString& accessibleName);
/// Fields with their labels in a line that goes on below where the width ends.
QLayout* compareBar(const QVector<QPair<QString, QComboBox*>>& fields);

/// Keys and names of the metrics that every run has, in the order of the first; keeps what was chosen, else
/// NDCG@10, else the first. True when the chosen key is another than before.
/// @param perUser  only metrics with a value a user
bool fillMetrics(QComboBox* box, const Measurement& measurement, bool perUser);

} // namespace recoscope
