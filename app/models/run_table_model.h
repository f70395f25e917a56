// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/run_store.h"

#include <QAbstractTableModel>
#include <QHash>
#include <QSet>

#include <vector>

namespace recoscope {

/// "NDCG@10" for "ndcg@10"; the key itself for what no metric is called.
QString metricLabel(const QString& key);
/// "Completed", "Interrupted", … in the person's language.
QString runStatusText(RunStatus status);
/// What tells a run from others: the name a person gave it, else its id.
QString runTitle(const RunRecord& record);
/// Metrics that a list of these runs shows: those that say most, of those the runs have.
QStringList headlineMetrics(const std::vector<RunRecord>& runs);
/// Digits that fit a metric: 0.2731, 12.5.
QString metricText(double value);

/// One run of a list: what is stored, and what only a live run knows.
struct RunRow {
    RunRecord record;
    int plannedEpochs = 0; // 0: unknown
    bool paused = false;
    int colorIndex = -1; // of the curve; -1: not drawn
};

struct LiveRun;
/// The row of a run of this session, with what has happened since it was stored last. Until the test part has
/// been scored its metrics are the newest of the validation part.
RunRow rowOf(const LiveRun& run);

/// Runs as rows. The first column can be ticked: which runs are drawn. Sort by SortRole. GUI thread.
class RunTableModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Name, Status, Algorithm, Dataset, Epochs, Seconds, Created, FirstMetric };
    enum Role {
        IdRole = Qt::UserRole + 1,
        SortRole,       // a number, a date or a text
        StatusRole,     // int of RunStatus
        ColorIndexRole, // int
    };
    explicit RunTableModel(QObject* parent = nullptr);

    /// Rows with the same ids in the same order are updated in place: selection and scroll position stay.
    void setRuns(std::vector<RunRow> runs);
    /// Columns after Created, e.g. "ndcg@10". Values are the test part's; the validation part's, marked as
    /// such, where a run has no test.
    void setMetrics(const QStringList& keys);
    const QStringList& metrics() const { return m_metrics; }
    /// Colours of the curves by run, instead of RunRow::colorIndex.
    void setColors(const QHash<QString, int>& colors);
    const RunRow* rowAt(int row) const;
    int rowOf(const QString& id) const; // -1: not there

    bool checkable() const { return m_checkable; }
    void setCheckable(bool checkable);
    const QSet<QString>& checkedRuns() const { return m_checked; }
    void setChecked(const QString& id, bool checked);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

signals:
    void checkedChanged();

private:
    QVariant display(const RunRow& run, int column) const;
    QVariant sortKey(const RunRow& run, int column) const;
    std::vector<RunRow> m_runs;
    QStringList m_metrics;
    QSet<QString> m_checked;
    QHash<QString, int> m_colors;
    bool m_checkable = false;
};

} // namespace recoscope
