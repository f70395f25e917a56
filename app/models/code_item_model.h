// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/code_query.h"

#include <QAbstractTableModel>

#include <vector>

namespace recoscope {

/// Items on the way through a model's code: a history as it goes in, or what comes out. GUI thread.
class CodeItemModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum class Kind {
        History, // what went in, and what became of it
        Rebuilt, // what comes out
        Decoded, // of a code between two users, or a made-up one
    };
    enum Role {
        ItemRole = Qt::UserRole + 1, // int: item index
        HitRole,                     // bool: kept of the history
        ShareRole,                   // double: the bar of a cell, of the longest
    };
    explicit CodeItemModel(Kind kind, QObject* parent = nullptr);

    /// @param shares  `rebuilt` is a share of a whole, written as percent
    /// @param kept    ranks up to this count as kept
    void setRows(std::vector<CodeItem> rows, bool shares, int kept);
    /// Of Decoded: whose history has the item, by row.
    void setRows(const DecodedAnswer& answer);
    const CodeItem* rowAt(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    enum class Column { Rank, Title, Features, Input, Rebuilt, Result, Change, Known, FirstRank };
    Column columnAt(int section) const { return m_columns[static_cast<std::size_t>(section)]; }
    QString cell(std::size_t row, Column column) const;
    QString toolTip(const CodeItem& row) const;

    Kind m_kind;
    std::vector<Column> m_columns;
    std::vector<CodeItem> m_rows;
    std::vector<QString> m_known;
    bool m_shares = false;
    bool m_compared = false;
    int m_kept = 0;
    float m_most = 0.0f;
};

/// "▲ 12": twelve ranks nearer to the top than before; "▼ 3"; "=" unchanged; "" where there is no before.
QString rankChange(int rank, int before);

} // namespace recoscope
