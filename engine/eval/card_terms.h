// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/eval/metric_card.h"
#include "engine/eval/user_ranker.h"

#include <string>

namespace recoscope {

/// A number as cards write it: six significant digits.
std::string cardNumber(double value);

/// Adds terms, equation and value of a metric of the ranking.
void fillRankingCard(MetricCard& card, RankMetric metric, const UserRanking& ranking,
                     const EvaluationOptions& options);
/// Of RMSE or MAE over the user's held-out pairs.
/// @param scores  of all items.
void fillRatingCard(MetricCard& card, bool squared, std::span<const float> scores, const UserItemCsr& held,
                    const RatingScale& scale, bool clip);
/// Adds the terms of a metric of the list alone; card.list and card.value are there.
void fillListCard(MetricCard& card, std::string_view name, const Split& split, Target target,
                  const EvaluationOptions& options);

} // namespace recoscope
