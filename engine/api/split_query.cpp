// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/split_query.h"

#include <algorithm>

namespace recoscope {

Query queryFor(const Recommender& model, const Split& split, const UserItemCsr& history, UserIndex user) {
    Query query;
    query.items = history.cols(user);
    query.values = history.values(user);
    const bool isTrainRow = &history == &split.train();
    if (isTrainRow && !split.trainTimes().empty())
        query.times = split.trainTimes().subspan(static_cast<std::size_t>(history.rowBegin(user)),
                                                 static_cast<std::size_t>(history.rowSize(user)));
    // Learned user parameters belong to the training history; another history is folded in.
    const auto trained = split.train().cols(user);
    const bool asTrained =
        isTrainRow || std::equal(trained.begin(), trained.end(), query.items.begin(), query.items.end());
    const FeatureTable& features = split.dataset()->userFeatures();
    if (split.trainedUser(user) && asTrained && toInt(user) < model.userCount()) {
        query.user = user;
    } else if (!features.empty()) {
        query.features = &features;
        query.featureRow = toInt(user);
    }
    return query;
}

} // namespace recoscope
