// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/run_table_model.h"

#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"

#include "app/session/training_service.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

QString seconds(double value) {
    if (value < 60.0) return RunTableModel::tr("%1 s").arg(value, 0, 'f', value < 10.0 ? 2 : 1);
    const auto whole = static_cast<qint64>(std::llround(value));
    if (whole < 3600)
        return RunTableModel::tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    return RunTableModel::tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QLatin1Char('0'));
}

struct ListedMetric {
    double value = 0.0;
    bool test = true;
};

std::optional<ListedMetric> metricOf(const RunRecord& record, const QString& key) {
    const std::string wanted = key.toStdString();
    for (const auto* part : {&record.testMetrics, &record.validationMetrics})
        for (const NamedValue& metric : *part)
            if (metric.key == wanted) return ListedMetric{metric.value, part == &record.testMetrics};
    return std::nullopt;
}

QString algorithmTitle(const RunRecord& record) {
    const AlgorithmInfo* info = findAlgorithm(record.experiment.plan.algorithm);
    return info ? text(info->title) : QString::fromStdString(record.experiment.plan.algorithm);
}

} // namespace

QString metricLabel(const QString& key) {
    const MetricInfo* info = findMetric(key.toStdString());
    if (!info) return key;
    const qsizetype at = key.indexOf(QLatin1Char('@'));
    return text(info->label) + (at < 0 ? QString() : key.mid(at));
}

QString runStatusText(RunStatus status) {
    const char* words = "";
    switch (status) {
    case RunStatus::Queued:
        words = QT_TRANSLATE_NOOP("RunStatus", "Waiting");
        break;
    case RunStatus::Running:
        words = QT_TRANSLATE_NOOP("RunStatus", "Running");
        break;
    case RunStatus::Completed:
        words = QT_TRANSLATE_NOOP("RunStatus", "Completed");
        break;
    case RunStatus::StoppedEarly:
        words = QT_TRANSLATE_NOOP("RunStatus", "Stopped early");
        break;
    case RunStatus::Cancelled:
        words = QT_TRANSLATE_NOOP("RunStatus", "Stopped");
        break;
    case RunStatus::Failed:
        words = QT_TRANSLATE_NOOP("RunStatus", "Failed");
        break;
    case RunStatus::Interrupted:
        words = QT_TRANSLATE_NOOP("RunStatus", "Interrupted");
        break;
    }
    return QCoreApplication::translate("RunStatus", words);
}

QString runTitle(const RunRecord& record) {
    // The name a run gets by itself, "iALS on MovieLens 1M", is the same for every run of a comparison: the
    // id says which.
    const bool made = record.experiment.name.empty() && record.name.startsWith(algorithmTitle(record)) &&
                      record.name.endsWith(record.datasetTitle);
    return record.name.isEmpty() || made ? record.id : record.name;
}

QString metricText(double value) {
    if (!std::isfinite(value)) return QStringLiteral("–");
    return QString::number(value, 'f', std::abs(value) < 10.0 ? 4 : std::abs(value) < 1000.0 ? 2 : 1);
}

QStringList headlineMetrics(const std::vector<RunRecord>& runs) {
    QStringList keys;
    for (const char* wanted : {"ndcg@10", "recall@20", "rmse"})
        for (const RunRecord& run : runs) {
            const auto has = [&](const std::vector<NamedValue>& metrics) {
                return std::any_of(metrics.begin(), metrics.end(),
                                   [&](const NamedValue& metric) { return metric.key == wanted; });
            };
            if (!has(run.testMetrics) && !has(run.validationMetrics)) continue;
            keys << QLatin1String(wanted);
            break;
        }
    return keys;
}

RunRow rowOf(const LiveRun& run) {
    RunRow row{run.record, run.plannedEpochs, run.paused, -1};
    if (row.record.status != RunStatus::Running) return row;
    row.record.epochs = std::max(row.record.epochs, run.lastEpoch.epoch);
    row.record.seconds = std::max(row.record.seconds, run.progress.elapsed);
    if (!row.record.testMetrics.empty()) return row;
    row.record.validationMetrics.clear();
    for (const Curve& curve : run.curves)
        if (!curve.points.empty() && findMetric(curve.key.toStdString()))
            row.record.validationMetrics.push_back({curve.key.toStdString(), curve.points.back().value});
    return row;
}

RunTableModel::RunTableModel(QObject* parent)
    : QAbstractTableModel(parent) {}

void RunTableModel::setRuns(std::vector<RunRow> runs) {
    bool same = runs.size() == m_runs.size();
    for (std::size_t i = 0; same && i < runs.size(); ++i)
        same = runs[i].record.id == m_runs[i].record.id;
    if (same) {
        m_runs = std::move(runs);
        if (!m_runs.empty()) emit dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    // New runs come at one end: in place, so that the selection stays.
    const std::size_t old = m_runs.size();
    bool appended = runs.size() > old;
    for (std::size_t i = 0; appended && i < old; ++i)
        appended = runs[i].record.id == m_runs[i].record.id;
    if (appended) {
        beginInsertRows({}, static_cast<int>(old), static_cast<int>(runs.size()) - 1);
        m_runs = std::move(runs);
        endInsertRows();
        if (old > 0) emit dataChanged(index(0, 0), index(static_cast<int>(old) - 1, columnCount() - 1));
        return;
    }
    const std::size_t added = runs.size() - std::min(old, runs.size());
    bool prepended = runs.size() > old;
    for (std::size_t i = 0; prepended && i < old; ++i)
        prepended = runs[i + added].record.id == m_runs[i].record.id;
    if (prepended) {
        beginInsertRows({}, 0, static_cast<int>(added) - 1);
        m_runs = std::move(runs);
        endInsertRows();
        if (old > 0)
            emit dataChanged(index(static_cast<int>(added), 0), index(rowCount() - 1, columnCount() - 1));
        return;
    }
    beginResetModel();
    m_runs = std::move(runs);
    endResetModel();
}

void RunTableModel::setMetrics(const QStringList& keys) {
    if (keys == m_metrics) return;
    beginResetModel();
    m_metrics = keys;
    endResetModel();
}

void RunTableModel::setColors(const QHash<QString, int>& colors) {
    if (colors == m_colors) return;
    m_colors = colors;
    if (!m_runs.empty()) emit dataChanged(index(0, 0), index(rowCount() - 1, 0), {ColorIndexRole});
}

const RunRow* RunTableModel::rowAt(int row) const {
    return row >= 0 && row < rowCount() ? &m_runs[static_cast<std::size_t>(row)] : nullptr;
}

int RunTableModel::rowOf(const QString& id) const {
    for (std::size_t i = 0; i < m_runs.size(); ++i)
        if (m_runs[i].record.id == id) return static_cast<int>(i);
    return -1;
}

void RunTableModel::setCheckable(bool checkable) {
    m_checkable = checkable;
    if (!m_runs.empty()) emit dataChanged(index(0, 0), index(rowCount() - 1, 0));
}

void RunTableModel::setChecked(const QString& id, bool checked) {
    if (m_checked.contains(id) == checked) return;
    checked ? void(m_checked.insert(id)) : void(m_checked.remove(id));
    const int row = rowOf(id);
    if (row >= 0) emit dataChanged(index(row, 0), index(row, 0), {Qt::CheckStateRole});
    emit checkedChanged();
}

int RunTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_runs.size());
}

int RunTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : FirstMetric + static_cast<int>(m_metrics.size());
}

QVariant RunTableModel::display(const RunRow& run, int column) const {
    const RunRecord& record = run.record;
    switch (column) {
    case Name:
        return runTitle(record);
    case Status:
        if (record.status == RunStatus::Running && run.paused) return tr("Paused");
        if (record.status == RunStatus::Running && run.plannedEpochs > 1)
            return tr("Running %1/%2").arg(record.epochs).arg(run.plannedEpochs);
        return runStatusText(record.status);
    case Algorithm:
        return algorithmTitle(record);
    case Dataset:
        return record.datasetTitle;
    case Epochs:
        if (record.status == RunStatus::Queued) return QStringLiteral("–");
        if (run.plannedEpochs > record.epochs)
            return tr("%1 of %2").arg(record.epochs).arg(run.plannedEpochs);
        return QString::number(record.epochs);
    case Seconds:
        return record.status == RunStatus::Queued ? QStringLiteral("–") : seconds(record.seconds);
    case Created:
        return record.created.toLocalTime().toString(QStringLiteral("yyyy-MM-dd HH:mm:ss"));
    default: {
        const auto value = metricOf(record, m_metrics.value(column - FirstMetric));
        if (!value) return QStringLiteral("–");
        // A value of the validation part is no match for the test part's: it says what it is.
        return value->test ? metricText(value->value) : tr("%1 val.").arg(metricText(value->value));
    }
    }
}

QVariant RunTableModel::sortKey(const RunRow& run, int column) const {
    switch (column) {
    case Epochs:
        return run.record.epochs;
    case Seconds:
        return run.record.seconds;
    case Created:
        return run.record.created;
    default:
        break;
    }
    if (column < FirstMetric) return display(run, column);
    const auto value = metricOf(run.record, m_metrics.value(column - FirstMetric));
    return value ? value->value : -std::numeric_limits<double>::infinity();
}

QVariant RunTableModel::data(const QModelIndex& index, int role) const {
    const RunRow* run = rowAt(index.row());
    if (!run || !index.isValid()) return {};
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return display(*run, column);
    case Qt::TextAlignmentRole:
        return static_cast<int>((column >= Epochs && column != Created ? Qt::AlignRight : Qt::AlignLeft) |
                                Qt::AlignVCenter);
    case Qt::CheckStateRole:
        if (m_checkable && column == Name)
            return static_cast<int>(m_checked.contains(run->record.id) ? Qt::Checked : Qt::Unchecked);
        return {};
    case Qt::ToolTipRole: {
        QStringList lines{QStringLiteral("%1 (%2)").arg(runTitle(run->record), run->record.id)};
        if (!run->record.reason.isEmpty()) lines << run->record.reason;
        if (!run->record.notes.isEmpty()) lines << run->record.notes;
        return lines.join(QLatin1Char('\n'));
    }
    case IdRole:
        return run->record.id;
    case SortRole:
        return sortKey(*run, column);
    case StatusRole:
        return static_cast<int>(run->record.status);
    case ColorIndexRole:
        return m_colors.value(run->record.id, run->colorIndex);
    default:
        return {};
    }
}

bool RunTableModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    const RunRow* run = rowAt(index.row());
    if (!run || role != Qt::CheckStateRole || index.column() != Name || !m_checkable) return false;
    setChecked(run->record.id, value.toInt() == Qt::Checked);
    return true;
}

Qt::ItemFlags RunTableModel::flags(const QModelIndex& index) const {
    if (!index.isValid()) return QAbstractTableModel::flags(index);
    Qt::ItemFlags flags = QAbstractTableModel::flags(index) | Qt::ItemNeverHasChildren;
    if (m_checkable && index.column() == Name) flags |= Qt::ItemIsUserCheckable;
    return flags;
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::TextAlignmentRole)
        return static_cast<int>((section >= Epochs && section != Created ? Qt::AlignRight : Qt::AlignLeft) |
                                Qt::AlignVCenter);
    if (role != Qt::DisplayRole) return {};
    switch (section) {
    case Name:
        return tr("Run");
    case Status:
        return tr("State");
    case Algorithm:
        return tr("Algorithm");
    case Dataset:
        return tr("Dataset");
    case Epochs:
        return tr("Epochs");
    case Seconds:
        return tr("Time");
    case Created:
        return tr("Started");
    default:
        return metricLabel(m_metrics.value(section - FirstMetric));
    }
}

} // namespace recoscope
