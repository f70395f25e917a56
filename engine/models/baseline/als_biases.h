// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/split.h"
#include "engine/io/tensor_file.h"

#include <span>
#include <vector>

namespace recoscope {

/// What a user or item deviates from the mean of all ratings by: b_ui = mu + b_u + b_i, fitted by alternating
/// least squares. One thread drives it.
///
///   b_i = sum over u of (r_ui - mu - b_u) / (regItem + |U_i|),   then
///   b_u = sum over i of (r_ui - mu - b_i) / (regUser + |I_u|)
///
/// Reference: Koren, "Factor in the neighbors: scalable and accurate collaborative filtering", ACM TKDD 4(1),
/// 2010, section 2.1, with the alternation and defaults of Hug, "Surprise", JOSS 5(52), 2020.
class AlsBiases final {
public:
    AlsBiases(SplitPtr split, double regUser, double regItem);

    /// Items, then users. O(ratings) on all threads; the same bits for any thread count. False when
    /// cancelled: the biases are then partly of this pass.
    bool pass(ThreadPool& pool, RunControl& control);
    /// The mean squared error on the training ratings. O(ratings).
    double trainingError() const;
    /// The same on other ratings; users without training ratings have no bias.
    double errorOn(const UserItemCsr& ratings) const;

    double mean() const { return m_mean; }
    const std::vector<double>& users() const { return m_users; }
    const std::vector<double>& items() const { return m_items; }

private:
    SplitPtr m_split;
    double m_regUser;
    double m_regItem;
    double m_mean = 0.0;
    std::vector<double> m_users;
    std::vector<double> m_items;
};

/// The biases that a model keeps: those of users follow from their histories, which serves any history.
struct ItemBiases {
    float mean = 0.0f;
    float regUser = 15.0f;
    std::vector<float> items;

    float ofItem(std::size_t item) const { return mean + items[item]; }
    /// The user's bias, from the history alone.
    float userBias(std::span<const ItemIndex> history, std::span<const float> ratings) const {
        double sum = 0.0;
        for (std::size_t n = 0; n < history.size(); ++n)
            sum += static_cast<double>(ratings[n]) - static_cast<double>(mean) -
                   static_cast<double>(items[static_cast<std::size_t>(history[n])]);
        const double weight = static_cast<double>(regUser) + static_cast<double>(history.size());
        return weight > 0.0 ? static_cast<float>(sum / weight) : 0.0f;
    }
    bool operator==(const ItemBiases&) const = default;
};

/// What a model keeps of the biases.
ItemBiases itemBiases(const AlsBiases& biases, double regUser);
void saveItemBiases(TensorFile& file, const ItemBiases& biases);
Result<ItemBiases> loadItemBiases(const TensorFile& file);

} // namespace recoscope
