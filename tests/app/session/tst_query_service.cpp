// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/synthetic.h"
#include "engine/eval/evaluator.h"
#include "engine/models/registry.h"
#include "engine/train/train.h"

#include "app/session/query_service.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QtTest>

#include <atomic>
#include <future>
#include <memory>

using namespace recoscope;

namespace {

/// Gives every item the score that the test says; can be held up.
class FixedModel final : public Recommender {
public:
    FixedModel(std::int32_t users, std::vector<float> scores)
        : m_users(users)
        , m_scores(std::move(scores)) {}
    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_scores.size()); }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        ++calls;
        if (gate.valid()) gate.wait();
        for (Eigen::Index row = 0; row < out.rows(); ++row)
            for (Eigen::Index item = 0; item < out.cols(); ++item)
                out(row, item) = m_scores[static_cast<std::size_t>(item)];
        knownUser = queries.front().user.has_value();
    }
    std::vector<ScoredItem> neighbours(ItemIndex item, int count) const override {
        std::vector<ScoredItem> found;
        for (std::int32_t i = 0; i < itemCount() && static_cast<int>(found.size()) < count; ++i)
            if (i != toInt(item)) found.push_back({ItemIndex{i}, 0.5f});
        return found;
    }
    void save(TensorFile&) const override {}

    mutable std::atomic<int> calls{0};
    mutable std::atomic<bool> knownUser{false};
    std::shared_future<void> gate;

private:
    std::int32_t m_users;
    std::vector<float> m_scores;
};

class NullSink final : public EventSink {
public:
    void post(const TrainingEvent&) override {}
};

/// u0: train i0 i1, validation i2, test i4 i6. u1: train i3. Eight items.
SplitPtr smallSplit(bool withTimes = true) {
    const auto data = test::dataset(2, 8,
                                    {{0, 0, 4, 100, Part::Train},
                                     {0, 1, 2, 300, Part::Train},
                                     {0, 2, 3, 200, Part::Validation},
                                     {0, 4, 5, 400, Part::Test},
                                     {0, 6, 1, 500, Part::Test},
                                     {1, 3, 3, 100, Part::Train},
                                     {1, 5, 3, 100, Part::Train},
                                     {1, 7, 3, 100, Part::Train}},
                                    withTimes, true);
    SplitSpec spec;
    spec.kind = SplitKind::Premade;
    return makeSplit(data, spec).value();
}

} // namespace

class TestQueryService : public QObject {
    Q_OBJECT

    template <class Answer, class Ask, class Signal>
    static std::optional<Answer> waitFor(QueryService& service, Signal signal, Ask ask) {
        QSignalSpy spy(&service, signal);
        const quint64 ticket = ask();
        if (spy.isEmpty() && !spy.wait()) return std::nullopt;
        auto answer = spy.first().first().template value<Answer>();
        if (answer.ticket != ticket) return std::nullopt;
        return answer;
    }
    static std::optional<RecommendAnswer> recommend(std::shared_ptr<const Recommender> model, SplitPtr split,
                                                    int user, int count) {
        QueryService service;
        return waitFor<RecommendAnswer>(service, &QueryService::recommended, [&] {
            return service.recommend(model, split, UserIndex{user}, count, 7);
        });
    }

private slots:
    void listLeavesOutTrainingAndValidationAndMarksHits() {
        const auto split = smallSplit();
        // i1 and i2 would be first but are known; i5 and i6 tie: the lower index is first.
        const auto model = std::make_shared<FixedModel>(2, std::vector<float>{1, 9, 8, 7, 2, 4, 4, 3});
        const auto answer = recommend(model, split, 0, 4);
        QVERIFY(answer);
        QCOMPARE(answer->modelEpoch, 7);
        QCOMPARE(answer->top.size(), std::size_t(4));
        std::vector<std::string> ids;
        for (const auto& row : answer->top)
            ids.push_back(row.id.toStdString());
        QCOMPARE(ids, (std::vector<std::string>{"i3", "i5", "i6", "i7"}));
        QCOMPARE(answer->top[0].rank, 1);
        QCOMPARE(answer->top[0].score, 7.0f);
        QVERIFY(!answer->top[1].heldOutHit);
        QVERIFY(answer->top[2].heldOutHit);
        QCOMPARE(answer->top[2].heldOutRating, 1.0f);
        QVERIFY(!answer->top[0].truth);
        QVERIFY(model->knownUser);
    }

    void heldOutItemsHaveTheirRankAmongTheCandidates() {
        const auto answer = recommend(
            std::make_shared<FixedModel>(2, std::vector<float>{1, 9, 8, 7, 2, 4, 4, 3}), smallSplit(), 0, 1);
        QVERIFY(answer);
        QCOMPARE(answer->heldOut.size(), std::size_t(2));
        QCOMPARE(answer->heldOut[0].id, QString("i6")); // candidates i3 i5 i6 i7 i4
        QCOMPARE(answer->heldOut[0].rank, 3);
        QCOMPARE(answer->heldOut[1].id, QString("i4"));
        QCOMPARE(answer->heldOut[1].rank, 5);
        QCOMPARE(answer->heldOut[1].rating, 5.0f);
    }

    void historyIsNewestFirst() {
        const auto answer =
            recommend(std::make_shared<FixedModel>(2, std::vector<float>(8)), smallSplit(), 0, 3);
        QVERIFY(answer);
        QCOMPARE(answer->history.size(), std::size_t(2));
        QCOMPARE(answer->history[0].id, QString("i1"));
        QCOMPARE(answer->history[0].time, 300);
        QCOMPARE(answer->history[0].rating, 2.0f);
        QCOMPARE(answer->history[1].id, QString("i0"));
    }

    void historyWithoutTimesIsInTheDatasOrder() {
        const auto answer =
            recommend(std::make_shared<FixedModel>(2, std::vector<float>(8)), smallSplit(false), 0, 3);
        QVERIFY(answer);
        QCOMPARE(answer->history[0].id, QString("i0"));
        QCOMPARE(answer->history[0].time, -1);
    }

    void countLargerThanTheCandidatesGivesAllOfThem() {
        const auto answer =
            recommend(std::make_shared<FixedModel>(2, std::vector<float>(8)), smallSplit(), 0, 1000);
        QVERIFY(answer);
        QCOMPARE(answer->top.size(), std::size_t(5));
    }

    void listsAndRanksAgreeWithTheEvaluator() {
        const SplitPtr split = makeSplit(test::plantedDataset(), {}).value();
        TrainingPlan plan;
        plan.algorithm = "ials";
        plan.params["epochs"] = std::int64_t{3};
        ThreadPool pool({.threads = 2});
        RunControl control;
        NullSink sink;
        const RunEnded ended = train(plan, split, pool, control, sink);
        QVERIFY(ended.model);
        const auto evaluation = evaluate(*ended.model, *split, Target::Test,
                                         {.cutoffs = {10}, .metrics = {"mrr", "ndcg"}}, pool, control)
                                    .value();
        const MetricValue* mrr = evaluation.find("mrr@10");
        QVERIFY(mrr);
        for (std::size_t n = 0; n < evaluation.users.size(); n += 17) {
            const auto answer = recommend(ended.model, split, toInt(evaluation.users[n]), 10);
            QVERIFY(answer);
            for (std::size_t k = 0; k < 10; ++k)
                QCOMPARE(answer->top[k].item, evaluation.topItems[n * 10 + k]);
            const int rank = answer->heldOut.front().rank;
            QVERIFY(std::abs(mrr->perUser[n] - (rank <= 10 ? 1.0 / rank : 0.0)) < 1e-12);
        }
    }

    void userThatTrainingNeverSawIsFoldedIn() {
        SplitSpec spec;
        spec.kind = SplitKind::UserFold;
        const SplitPtr split = makeSplit(test::plantedDataset(), spec).value();
        int heldOut = 0;
        while (split->test().rowSize(UserIndex{heldOut}) == 0)
            ++heldOut;
        const auto model = std::make_shared<FixedModel>(200, std::vector<float>(120));
        const auto answer = recommend(model, split, heldOut, 5);
        QVERIFY(answer);
        QVERIFY(!model->knownUser);
        QCOMPARE(answer->history.size(),
                 static_cast<std::size_t>(split->testHistory().rowSize(UserIndex{heldOut})));
        QVERIFY(answer->history.size() > 0);
    }

    void syntheticDataShowsTheTruth() {
        SyntheticRecipe recipe;
        recipe.users = 60;
        recipe.items = 50;
        recipe.interactions = 1000;
        const DatasetPtr data = generateDataset(recipe).value();
        const SplitPtr split = makeSplit(data, {}).value();
        const auto model = std::make_shared<FixedModel>(
            data->userCount(), std::vector<float>(static_cast<std::size_t>(data->itemCount())));
        const auto answer = recommend(model, split, 3, 5);
        QVERIFY(answer);
        for (const auto& row : answer->top) {
            QVERIFY(row.truth);
            QCOMPARE(*row.truth, data->truth()->preference(3, toInt(row.item)));
            QVERIFY(!row.features.isEmpty()); // genres
        }
    }

    void neighboursAndExplanationsAreAnswered() {
        QueryService service;
        const auto split = smallSplit();
        const auto model = std::make_shared<FixedModel>(2, std::vector<float>(8));
        const auto near = waitFor<NeighbourAnswer>(service, &QueryService::neighboursFound, [&] {
            return service.neighbours(model, split, ItemIndex{2}, 3);
        });
        QVERIFY(near);
        QCOMPARE(near->neighbours.size(), std::size_t(3));
        QCOMPARE(near->neighbours[2].id, QString("i3"));
        QCOMPARE(near->neighbours[2].rank, 3);

        ThreadPool pool({.threads = 1});
        RunControl control;
        NullSink sink;
        TrainingPlan plan;
        plan.algorithm = "popularity";
        const auto popular = train(plan, split, pool, control, sink).model;
        const auto why = waitFor<ExplainAnswer>(service, &QueryService::explained, [&] {
            return service.explain(popular, split, UserIndex{0}, ItemIndex{3});
        });
        QVERIFY(why);
        QCOMPARE(why->explanation.score, 1.0); // one user trained with i3
    }

    void impossibleQuestionsFail() {
        QueryService service;
        QSignalSpy failed(&service, &QueryService::failed);
        const auto split = smallSplit();
        const auto model = std::make_shared<FixedModel>(2, std::vector<float>(8));
        const auto last = [&] { return failed.last().at(1).value<Error>(); };
        service.recommend(nullptr, split, UserIndex{0}, 5);
        QTRY_COMPARE(failed.size(), 1);
        QCOMPARE(last().code, ErrorCode::NotFound);
        service.recommend(model, split, UserIndex{2}, 5);
        QTRY_COMPARE(failed.size(), 2);
        QCOMPARE(last().code, ErrorCode::NotFound);
        service.recommend(std::make_shared<FixedModel>(2, std::vector<float>(9)), split, UserIndex{0}, 5);
        QTRY_COMPARE(failed.size(), 3);
        QVERIFY(last().message.find("other data") != std::string::npos);
        const quint64 ticket = service.explain(model, split, UserIndex{0}, ItemIndex{1});
        QTRY_COMPARE(failed.size(), 4);
        QCOMPARE(last().code, ErrorCode::Unsupported);
        QCOMPARE(failed.last().first().toULongLong(), ticket);
    }

    void newestQuestionOfAKindReplacesTheWaitingOnes() {
        QueryService service;
        QSignalSpy answered(&service, &QueryService::recommended);
        const auto split = smallSplit();
        const auto model = std::make_shared<FixedModel>(2, std::vector<float>(8));
        std::promise<void> gate;
        model->gate = gate.get_future().share();
        const quint64 first = service.recommend(model, split, UserIndex{0}, 5);
        QTRY_COMPARE(model->calls.load(), 1); // it has begun: it will be answered
        quint64 last = 0;
        for (int n = 0; n < 10; ++n)
            last = service.recommend(model, split, UserIndex{1}, 5);
        gate.set_value();
        QTRY_COMPARE(answered.size(), 2);
        QCOMPARE(answered[0].first().value<RecommendAnswer>().ticket, first);
        QCOMPARE(answered[1].first().value<RecommendAnswer>().ticket, last);
        QCOMPARE(model->calls.load(), 2);
    }
};

QTEST_GUILESS_MAIN(TestQueryService)
#include "tst_query_service.moc"
