// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/pages/compare_part.h"

class QLabel;

namespace recoscope {

class CompareTable;
class DifferenceBars;

/// Every pair of runs in one metric, user by user: difference, interval, tests, effect, wins, and a sentence
/// that says what may be claimed. GUI thread.
class ComparePairs final : public ComparePart {
    Q_OBJECT
public:
    explicit ComparePairs(CompareService* service, QWidget* parent = nullptr);

    std::optional<TextTable> table() const override;
    void say(const QString& words) override;
    CompareTopic topic() const override { return CompareTopic::Significance; }

protected:
    void changeEvent(QEvent* event) override;

private:
    void ask() override;
    void clear() override;
    void fill();
    void showPair(int row);
    std::shared_ptr<const PairTable> m_pairs;
    QComboBox* m_metric = nullptr;
    QLabel* m_claim = nullptr;
    QLabel* m_note = nullptr;
    CompareTable* m_table = nullptr;
    DifferenceBars* m_bars = nullptr;
};

} // namespace recoscope
