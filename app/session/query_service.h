// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/data/split.h"
#include "engine/eval/metric_card.h"

#include "app/session/code_query.h"

#include <QObject>
#include <QString>

#include <memory>
#include <vector>

namespace recoscope {

struct HistoryRow {
    ItemIndex item{};
    QString id;
    QString title;
    float rating = 0.0f;
    qint64 time = -1; // seconds; -1: unknown
};
struct RecommendedRow {
    int rank = 0; // from 1
    ItemIndex item{};
    QString id;
    QString title;
    QString features; // genres or categories
    float score = 0.0f;
    bool heldOutHit = false;   // in the user's test part
    float heldOutRating = 0.0f;
    std::optional<float> truth; // true preference, synthetic data only
};
struct HeldOutRow {
    ItemIndex item{};
    QString id;
    QString title;
    float rating = 0.0f;
    int rank = 0; // the model's rank for it among the candidates, from 1
};
struct RecommendAnswer {
    quint64 ticket = 0;
    UserIndex user{};
    int modelEpoch = 0;
    std::vector<HistoryRow> history; // newest first, or as in the data
    std::vector<RecommendedRow> top;
    std::vector<HeldOutRow> heldOut;
};
struct NeighbourAnswer {
    quint64 ticket = 0;
    ItemIndex item{};
    std::vector<RecommendedRow> neighbours; // score is the similarity
};
struct ExplainAnswer {
    quint64 ticket = 0;
    ItemIndex item{};
    Explanation explanation;
};

/// Whose number is to be calculated step by step, and how it is read.
struct MetricCardRequest {
    std::shared_ptr<const Recommender> model;
    SplitPtr split;
    Target target = Target::Test;
    EvaluationOptions options;
    std::string dialect; // laid over the options; empty: none
    UserIndex user{};
    std::string key; // "ndcg@10"
};
struct MetricCardAnswer {
    quint64 ticket = 0;
    MetricCard card;
};

/// Scores, explains and searches on one query lane, never on the GUI thread. The newest question of a kind wins: an older
/// one that has not started is dropped. GUI thread object.
class QueryService final : public QObject {
    Q_OBJECT
public:
    explicit QueryService(QObject* parent = nullptr);
    ~QueryService() override;

    quint64 recommend(std::shared_ptr<const Recommender> model, SplitPtr split, UserIndex user, int count, int modelEpoch = 0);
    quint64 neighbours(std::shared_ptr<const Recommender> model, SplitPtr split, ItemIndex item, int count);
    quint64 explain(std::shared_ptr<const Recommender> model, SplitPtr split, UserIndex user, ItemIndex item);
    /// The calculation of one user's metric.
    quint64 explainMetric(MetricCardRequest request);
    /// For models with codes: a user through encoder and decoder, a code between two users, a made-up user.
    quint64 code(CodeRequest request);
    quint64 blend(BlendRequest request);
    quint64 drawUser(DrawRequest request);

signals:
    void recommended(const recoscope::RecommendAnswer& answer);
    void neighboursFound(const recoscope::NeighbourAnswer& answer);
    void explained(const recoscope::ExplainAnswer& answer);
    void metricExplained(const recoscope::MetricCardAnswer& answer);
    void codeFound(const recoscope::CodeAnswer& answer);
    void decoded(const recoscope::DecodedAnswer& answer); // of blend() and drawUser()
    void failed(quint64 ticket, const recoscope::Error& error);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
