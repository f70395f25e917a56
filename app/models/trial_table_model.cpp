// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/models/trial_table_model.h"

#include "engine/models/registry.h"

#include "app/models/run_table_model.h"

#include <QCoreApplication>

#include <cstdlib>
#include <limits>

namespace recoscope {

namespace {

QString words(const std::string& text) { return QString::fromStdString(text); }

/// Long titles stand in two lines, broken at the space nearest to the middle.
QString inTwoLines(QString title) {
    constexpr qsizetype shortEnough = 10;
    if (title.size() <= shortEnough) return title;
    qsizetype best = -1;
    for (qsizetype at = title.indexOf(QLatin1Char(' ')); at >= 0;
         at = title.indexOf(QLatin1Char(' '), at + 1))
        if (best < 0 || std::abs(2 * at - title.size()) < std::abs(2 * best - title.size())) best = at;
    if (best >= 0) title[best] = QLatin1Char('\n');
    return title;
}

} // namespace

QString trialStateText(TrialState state) {
    const char* text = "";
    switch (state) {
    case TrialState::Waiting:
        text = QT_TRANSLATE_NOOP("TrialState", "Waiting");
        break;
    case TrialState::Running:
        text = QT_TRANSLATE_NOOP("TrialState", "Running");
        break;
    case TrialState::Done:
        text = QT_TRANSLATE_NOOP("TrialState", "Done");
        break;
    case TrialState::Failed:
        text = QT_TRANSLATE_NOOP("TrialState", "Failed");
        break;
    case TrialState::Stopped:
        text = QT_TRANSLATE_NOOP("TrialState", "Stopped");
        break;
    }
    return QCoreApplication::translate("TrialState", text);
}

TrialTableModel::TrialTableModel(QObject* parent)
    : QAbstractTableModel(parent) {}

std::vector<TrialTableModel::Column> TrialTableModel::columnsOf(const StudyView& view) {
    // What is looked for first stands first: the value, how far it is, what was varied.
    std::vector<Column> columns;
    const bool search = view.kind == StudyKind::Search;
    if (search) {
        columns.push_back({What::Number, {}, tr("Trial"), {}});
        columns.push_back({What::Value, {}, metricLabel(view.metric), tr("On the validation part")});
    } else {
        columns.push_back({What::Role, {}, tr("Run over"), tr("What is different in this run")});
        columns.push_back({What::Value,
                           {},
                           view.metric.isEmpty() ? tr("Value") : metricLabel(view.metric),
                           view.tested() ? tr("On the test part") : tr("On the validation part")});
    }
    columns.push_back({What::State, {}, tr("State"), {}});
    if (search) {
        const AlgorithmInfo* info =
            view.experiment ? findAlgorithm(view.experiment->plan.algorithm) : nullptr;
        for (const SearchDimension& each : view.dimensions) {
            if (view.constant(each)) continue;
            const ParamSpec* spec = info ? info->schema().find(each.key) : nullptr;
            columns.push_back(
                {What::Param, each.key, inTwoLines(words(spec ? spec->label : each.key)),
                 spec ? QStringLiteral("<p><b>%1</b> (%2) %3</p>")
                            .arg(words(spec->label).toHtmlEscaped(), words(each.key).toHtmlEscaped(),
                                 words(spec->help).toHtmlEscaped())
                      : QString()});
        }
    }
    columns.push_back({What::Epochs, {}, tr("Epochs"), tr("That were trained")});
    columns.push_back({What::Seconds, {}, tr("Time"), tr("Training and evaluation together")});
    return columns;
}

void TrialTableModel::setView(const StudyView& view) {
    auto columns = columnsOf(view);
    const QString study = view.search.isEmpty() ? view.study : view.search;
    if (study != m_study || columns != m_columns || view.rows.size() < m_rows.size()) {
        beginResetModel();
        m_study = study;
        m_columns = std::move(columns);
        m_rows = view.rows;
        m_best = view.best;
        m_higherIsBetter = view.higherIsBetter;
        endResetModel();
        return;
    }
    const auto before = static_cast<int>(m_rows.size());
    m_best = view.best;
    for (int n = 0; n < before; ++n)
        m_rows[static_cast<std::size_t>(n)] = view.rows[static_cast<std::size_t>(n)];
    if (before > 0) emit dataChanged(index(0, 0), index(before - 1, columnCount() - 1));
    if (static_cast<int>(view.rows.size()) == before) return;
    beginInsertRows({}, before, static_cast<int>(view.rows.size()) - 1);
    m_rows.insert(m_rows.end(), view.rows.begin() + before, view.rows.end());
    endInsertRows();
}

const TrialRow* TrialTableModel::rowAt(int row) const {
    return row >= 0 && row < rowCount() ? &m_rows[static_cast<std::size_t>(row)] : nullptr;
}

bool TrialTableModel::isParameter(int column) const {
    return column >= 0 && column < columnCount() &&
           m_columns[static_cast<std::size_t>(column)].what == What::Param;
}

int TrialTableModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int TrialTableModel::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QVariant TrialTableModel::display(const TrialRow& row, const Column& column) const {
    switch (column.what) {
    case What::Number:
        return QString::number(row.number);
    case What::Role:
        return row.role;
    case What::Value:
        return row.value ? metricText(*row.value) : QStringLiteral("–");
    case What::Param: {
        const auto found = row.params.find(column.key);
        if (found == row.params.end()) return QString();
        // Four digits say which trial it is; the tip has all of them.
        if (const auto* real = std::get_if<double>(&found->second)) return QString::number(*real, 'g', 4);
        return words(toText(found->second));
    }
    case What::Epochs:
        return row.epochs > 0 ? QString::number(row.epochs) : QString();
    case What::Seconds:
        return row.seconds > 0.0
                   ? (row.seconds < 100.0 ? tr("%1 s").arg(row.seconds, 0, 'f', row.seconds < 10.0 ? 2 : 1)
                                          : tr("%1 min").arg(row.seconds / 60.0, 0, 'f', 1))
                   : QString();
    case What::State:
        return trialStateText(row.state);
    }
    return {};
}

QVariant TrialTableModel::sortKey(const TrialRow& row, const Column& column) const {
    switch (column.what) {
    case What::Number:
        return row.number;
    case What::Value:
        // Best first is one click for any metric: what has no value is worst.
        return row.value ? (m_higherIsBetter ? *row.value : -*row.value)
                         : -std::numeric_limits<double>::infinity();
    case What::Param: {
        const auto found = row.params.find(column.key);
        if (found == row.params.end()) return {};
        if (const auto number = asNumber(found->second)) return *number;
        return words(toText(found->second));
    }
    case What::Epochs:
        return row.epochs;
    case What::Seconds:
        return row.seconds;
    case What::State:
        return static_cast<int>(row.state);
    case What::Role:
        return row.number;
    }
    return {};
}

QVariant TrialTableModel::data(const QModelIndex& index, int role) const {
    const TrialRow* row = rowAt(index.row());
    if (!row || index.column() < 0 || index.column() >= columnCount()) return {};
    const Column& column = m_columns[static_cast<std::size_t>(index.column())];
    const bool best = m_best && *m_best == static_cast<std::size_t>(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return display(*row, column);
    case Qt::ToolTipRole:
        if (best && column.what == What::Value) return tr("The best so far");
        if (const auto found = row->params.find(column.key);
            column.what == What::Param && found != row->params.end())
            return words(toText(found->second));
        return row->run.isEmpty() ? QVariant() : QVariant(row->run);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(
            (column.what == What::State || column.what == What::Role ? Qt::AlignLeft : Qt::AlignRight) |
            Qt::AlignVCenter);
    case RunRole:
        return row->run;
    case NumberRole:
        return row->number;
    case SortRole:
        return sortKey(*row, column);
    case BestRole:
        return best;
    case StateRole:
        return static_cast<int>(row->state);
    default:
        return {};
    }
}

QVariant TrialTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
    const Column& column = m_columns[static_cast<std::size_t>(section)];
    if (role == Qt::DisplayRole) return column.title;
    if (role == Qt::ToolTipRole) return column.tip;
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(
            (column.what == What::State || column.what == What::Role ? Qt::AlignLeft : Qt::AlignRight) |
            Qt::AlignVCenter);
    return {};
}

} // namespace recoscope
