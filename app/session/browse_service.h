// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"
#include "engine/data/dataset.h"

#include <QMetaType>
#include <QObject>
#include <QString>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace recoscope {

enum class BrowseKind { Items, Users };

/// Columns of the item and user tables, in this order: id, title (items that have one), interactions, mean
/// rating (explicit data), then one column per feature other than the title. What a model shows and what
/// sortColumn counts.
struct BrowseColumn {
    enum class Role { Id, Title, Interactions, MeanRating, Feature };
    Role role = Role::Id;
    int feature =
        -1;       // of itemFeatures().columns() or userFeatures().columns(), when role is Feature or Title
    QString name; // the feature's name as in the data ("genres"); "" for the others: views name them
    bool numeric = false; // sorted and aligned as numbers
    bool operator==(const BrowseColumn&) const = default;
};
std::vector<BrowseColumn> browseColumns(const Dataset& dataset, BrowseKind kind);
/// The text of one cell, O(length of the text) except MeanRating: O(interactions of the row).
QString browseText(const Dataset& dataset, BrowseKind kind, const BrowseColumn& column, std::int32_t row);

struct BrowseAnswer {
    quint64 ticket = 0;
    BrowseKind kind = BrowseKind::Items;
    std::vector<std::int32_t> rows;    // user or item indices, in the order asked for
    std::optional<std::int32_t> exact; // the row whose id is the text, letter for letter
};

/// Searches and sorts the items or users of a dataset on a lane, never on the GUI thread. The newest question
/// of a kind wins: an older one of that kind is dropped or broken off, and not answered. GUI thread object.
class BrowseService final : public QObject {
    Q_OBJECT
public:
    explicit BrowseService(QObject* parent = nullptr);
    ~BrowseService() override;

    /// Rows in which every word of `text` occurs, whatever its case, in id, title or features; all rows for
    /// "". Rows whose id is the text come first, then rows whose id starts with it, then the others; inside
    /// each group by `sortColumn` (a position in browseColumns; -1: the dataset's order), ties in the
    /// dataset's order; rows without a value are last.
    quint64 browse(DatasetPtr dataset, BrowseKind kind, const QString& text, int sortColumn = -1,
                   Qt::SortOrder order = Qt::AscendingOrder);

signals:
    void browsed(const recoscope::BrowseAnswer& answer);
    void failed(quint64 ticket, const recoscope::Error& error); // no dataset, or no memory

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
