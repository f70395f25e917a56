// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/query_service.h"

#include <QAbstractTableModel>

#include <vector>

namespace recoscope {

/// A ranked list of items: recommendations of a user, or neighbours of an item. GUI thread.
class RecommendationModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum class Kind { Recommendations, Neighbours };
    enum Role { ItemRole = Qt::UserRole + 1, HitRole }; // int: item index; bool: held-out hit

    explicit RecommendationModel(Kind kind, QObject* parent = nullptr);
    /// Keeps selections where the list only changes its content.
    void setRows(std::vector<RecommendedRow> rows);
    const RecommendedRow* rowAt(int row) const;
    int hitCount() const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    enum class Column { Rank, Title, Features, Score, Hit, Truth };
    Column columnAt(int section) const { return m_columns[static_cast<std::size_t>(section)]; }
    Kind m_kind;
    std::vector<RecommendedRow> m_rows;
    std::vector<Column> m_columns;
};

/// A user's history. GUI thread.
class HistoryModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Title, Rating, Time, ColumnCount };
    enum Role { ItemRole = Qt::UserRole + 1 };
    explicit HistoryModel(QObject* parent = nullptr);
    void setRows(std::vector<HistoryRow> rows);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<HistoryRow> m_rows;
};

/// A user's held-out items and where the model ranks them. GUI thread.
class HeldOutModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Title, Rating, Rank, ColumnCount };
    enum Role { ItemRole = Qt::UserRole + 1 };
    explicit HeldOutModel(QObject* parent = nullptr);
    void setRows(std::vector<HeldOutRow> rows);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<HeldOutRow> m_rows;
};

} // namespace recoscope
