// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/item_order.h"

namespace recoscope {

Result<DatasetPtr> withItemsInOrder(const Dataset& data, std::span<const std::int32_t> order) {
    RECOSCOPE_CHECK(static_cast<std::int64_t>(order.size()) == data.itemCount(), "one place for each item");
    DatasetParts parts;
    parts.users = data.users();
    std::vector<ItemIndex> place(order.size());
    for (std::size_t n = 0; n < order.size(); ++n) {
        parts.items.insert(data.items().id(order[n]));
        place[static_cast<std::size_t>(order[n])] = ItemIndex{static_cast<std::int32_t>(n)};
    }
    parts.userFeatures = data.userFeatures();
    if (!data.itemFeatures().empty()) parts.itemFeatures = data.itemFeatures().selected(order);
    parts.implicit = data.scale().implicit;
    parts.timeUnit = data.timeUnit();
    parts.provenance = data.provenance();
    parts.overlaps = data.overlaps();
    if (data.truth()) {
        auto truth = std::make_shared<GroundTruth>();
        truth->preference.resize(data.truth()->preference.rows(), data.truth()->preference.cols());
        for (std::size_t n = 0; n < order.size(); ++n)
            truth->preference.col(static_cast<Eigen::Index>(n)) = data.truth()->preference.col(order[n]);
        parts.truth = std::move(truth);
    }
    const UserItemCsr& rows = data.byUser();
    for (std::int32_t u = 0; u < rows.rowCount(); ++u) {
        const UserIndex user{u};
        for (const ItemIndex item : rows.cols(user)) {
            parts.rows.users.push_back(user);
            parts.rows.items.push_back(place[static_cast<std::size_t>(item)]);
        }
        if (data.negatives().empty()) continue;
        for (const ItemIndex item : data.negatives().cols(user)) {
            parts.negatives.users.push_back(user);
            parts.negatives.items.push_back(place[static_cast<std::size_t>(item)]);
        }
    }
    parts.rows.values.assign(rows.values().begin(), rows.values().end());
    parts.rows.times.assign(data.times().begin(), data.times().end());
    parts.rows.parts.assign(data.parts().begin(), data.parts().end());
    return Dataset::make(std::move(parts));
}

} // namespace recoscope
