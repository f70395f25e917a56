// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/train.h"

#include "app/session/query_service.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QtTest>

#include <cmath>

using namespace recoscope;

namespace {

/// A code of one number: the mean item index of a history. Item i is rebuilt as exp(-|i - code|). Noise drops
/// the history's first item.
class LineModel final : public Recommender, public LatentSpace {
public:
    LineModel(std::int32_t users, std::int32_t items, float shift = 0.0f, bool random = true)
        : m_users(users)
        , m_items(items)
        , m_shift(shift)
        , m_random(random) {}
    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return m_items; }
    void score(std::span<const Query> queries, Eigen::Ref<MatrixF> out) const override {
        MatrixF codes(static_cast<Eigen::Index>(queries.size()), 1);
        encode(queries, codes);
        decode(codes, out);
    }
    void save(TensorFile&) const override {}
    const LatentSpace* latentSpace() const override { return this; }

    std::int32_t size() const override { return 1; }
    void encode(std::span<const Query> queries, Eigen::Ref<MatrixF> codes) const override {
        for (std::size_t n = 0; n < queries.size(); ++n) {
            float sum = 0.0f;
            for (const ItemIndex item : queries[n].items)
                sum += static_cast<float>(toInt(item));
            codes(static_cast<Eigen::Index>(n), 0) =
                m_shift + sum / static_cast<float>(std::max<std::size_t>(1, queries[n].items.size()));
        }
    }
    void decode(Eigen::Ref<const MatrixF> codes, Eigen::Ref<MatrixF> scores) const override {
        for (Eigen::Index n = 0; n < codes.rows(); ++n)
            for (std::int32_t item = 0; item < m_items; ++item)
                scores(n, item) = std::exp(-std::abs(static_cast<float>(item) - codes(n, 0)));
    }
    Reconstruction reconstruct(const Query& query, std::optional<std::uint64_t> seed) const override {
        Reconstruction out;
        out.input.assign(query.items.size(), 1.0f);
        out.noisyInput = out.input;
        Query heard = query;
        if (seed && !query.items.empty()) {
            out.noisyInput.front() = 0.0f;
            heard.items = query.items.subspan(1);
            heard.values = query.values.subspan(1);
        }
        MatrixF code(1, 1);
        encode(std::span(&heard, 1), code);
        out.code = code.row(0).transpose();
        if (seed && m_random) out.deviation = VectorF::Constant(1, 0.25f);
        MatrixF scores(1, m_items);
        decode(code, scores);
        out.output = scores.row(0).transpose();
        out.rebuilt = out.output / out.output.sum();
        return out;
    }
    bool generative() const override { return m_random; }

private:
    std::int32_t m_users;
    std::int32_t m_items;
    float m_shift;
    bool m_random;
};

/// u0: i0 i1 i6, mean 7/3. u1: i7. Eight items.
SplitPtr split() {
    const auto data = test::dataset(2, 8,
                                    {{0, 0, 4, 100, Part::Train},
                                     {0, 1, 2, 300, Part::Train},
                                     {0, 6, 3, 200, Part::Train},
                                     {0, 4, 5, 400, Part::Test},
                                     {1, 7, 3, 100, Part::Train}},
                                    true, true);
    SplitSpec spec;
    spec.kind = SplitKind::Premade;
    return makeSplit(data, spec).value();
}

std::vector<int> items(const std::vector<CodeItem>& rows) {
    std::vector<int> out;
    for (const CodeItem& row : rows)
        out.push_back(toInt(row.item));
    return out;
}

} // namespace

class TestCodeQuery final : public QObject {
    Q_OBJECT
private slots:
    void asManyItemsRiseAsFall() {
        const auto model = std::make_shared<LineModel>(2, 8);
        const auto answer = codeOf({.model = model, .split = split(), .user = UserIndex{0}, .count = 4});
        QVERIFY2(answer.ok(), answer.ok() ? "" : answer.error().text().c_str());
        // Distance from 7/3: i2 1/3, i3 2/3, i1 4/3, i4 5/3, i0 7/3, i5 8/3, i6 11/3.
        QCOMPARE(items(answer->top), (std::vector<int>{2, 3, 1, 4}));
        QCOMPARE(items(answer->history), (std::vector<int>{1, 0, 6}));
        QCOMPARE(answer->history[0].rank, 3);
        QCOMPARE(answer->history[2].rank, 7);
        QCOMPARE(answer->kept, 1);
        QCOMPARE(answer->fell(), 2);
        QCOMPARE(items(answer->rose), (std::vector<int>{2, 3}));
        QVERIFY(answer->shares);
        QVERIFY(answer->top[2].inHistory && !answer->top[0].inHistory);
        QCOMPARE(answer->code.size(), std::size_t(1));
        QVERIFY(std::abs(answer->code[0] - 7.0f / 3.0f) < 1e-6f);
        QCOMPARE(answer->deviation, (std::vector<float>{0.25f}));
        QVERIFY(answer->drawn.empty());
        QCOMPARE(answer->dropped, 0);
        QCOMPARE(answer->keptBefore, -1);
        QCOMPARE(answer->top[0].rankBefore, 0);
    }

    void noiseTellsWhatItDropped() {
        const auto model = std::make_shared<LineModel>(2, 8);
        const auto answer =
            codeOf({.model = model, .split = split(), .user = UserIndex{0}, .noiseSeed = 5, .count = 4});
        QVERIFY(answer.ok());
        QCOMPARE(answer->dropped, 1);
        for (const CodeItem& row : answer->history)
            QCOMPARE(row.dropped, toInt(row.item) == 0);
        QVERIFY(std::abs(answer->code[0] - 7.0f / 3.0f) < 1e-6f); // of the whole history
        QCOMPARE(answer->drawn, (std::vector<float>{3.5f}));      // mean of i1 and i6
        QCOMPARE(toInt(answer->top[0].item), 3);                  // ties with i4: the lower index
    }

    void changesSinceTheSnapshotBeforeAreRanksAndCodes() {
        const auto before = std::make_shared<LineModel>(2, 8, 3.0f);
        const auto now = std::make_shared<LineModel>(2, 8);
        const auto answer =
            codeOf({.model = now, .before = before, .split = split(), .user = UserIndex{0}, .count = 3});
        QVERIFY(answer.ok());
        QVERIFY(std::abs(answer->codeBefore[0] - 16.0f / 3.0f) < 1e-5f);
        // Around 16/3: i5, i6, i4, i7, i3, i2, …
        QCOMPARE(answer->top[0].rankBefore, 6);
        QCOMPARE(answer->history.back().rankBefore, 2); // i6
        QCOMPARE(answer->keptBefore, 1);                // i6 alone was among the first three
    }

    void betweenTwoUsersTheListMovesFromOneToTheOther() {
        const auto model = std::make_shared<LineModel>(2, 8);
        const auto at = [&](double share) {
            return blend({.model = model,
                          .split = split(),
                          .first = UserIndex{0},
                          .second = UserIndex{1},
                          .share = share,
                          .count = 2})
                .value();
        };
        QCOMPARE(toInt(at(0.0).top[0].item), 2);
        QCOMPARE(at(0.0).top[0].rankBefore, 1);
        QCOMPARE(toInt(at(1.0).top[0].item), 7);
        QVERIFY(at(1.0).inSecond[0]);
        QVERIFY(!at(1.0).inFirst[0]);
        QCOMPARE(at(1.0).top[0].rankBefore, 8); // i7 is last for the first user
        QVERIFY(std::abs(at(0.5).code[0] - 14.0f / 3.0f) < 1e-5f);
        QCOMPARE(toInt(at(0.5).top[0].item), 5);
    }

    void drawnUsersFollowTheSeed() {
        const auto model = std::make_shared<LineModel>(2, 8);
        const auto one = drawUser({.model = model, .split = split(), .seed = 1, .count = 3});
        const auto same = drawUser({.model = model, .split = split(), .seed = 1, .count = 3});
        const auto other = drawUser({.model = model, .split = split(), .seed = 2, .count = 3});
        QVERIFY(one.ok() && same.ok() && other.ok());
        QVERIFY(one->madeUp);
        QCOMPARE(one->top.size(), std::size_t(3));
        QCOMPARE(one->code, same->code);
        QVERIFY(one->code != other->code);
        const auto plain = std::make_shared<LineModel>(2, 8, 0.0f, false);
        const auto refused = drawUser({.model = plain, .split = split(), .seed = 1, .count = 3});
        QVERIFY(!refused.ok());
        QCOMPARE(refused.error().code, ErrorCode::Unsupported);
    }

    void refusalsAreErrors() {
        const auto model = std::make_shared<LineModel>(2, 8);
        QVERIFY(!codeOf({.model = nullptr, .split = split()}).ok());
        QVERIFY(!codeOf({.model = model, .split = split(), .user = UserIndex{9}}).ok());
        const auto otherData = std::make_shared<LineModel>(2, 9);
        QVERIFY(!codeOf({.model = otherData, .split = split()}).ok());
    }

    void serviceAnswersOffTheCallersThread() {
        QueryService service;
        const auto model = std::make_shared<LineModel>(2, 8);
        QSignalSpy codes(&service, &QueryService::codeFound);
        QSignalSpy decoded(&service, &QueryService::decoded);
        QSignalSpy failed(&service, &QueryService::failed);
        const quint64 ticket = service.code({.model = model, .split = split(), .user = UserIndex{0}});
        QCOMPARE(codes.count(), 0); // not yet: it is the lane's work
        QTRY_COMPARE(codes.count(), 1);
        QCOMPARE(codes.front().front().value<CodeAnswer>().ticket, ticket);
        service.drawUser({.model = model, .split = split()});
        QTRY_COMPARE(decoded.count(), 1);
        service.blend({.model = model, .split = split(), .first = UserIndex{0}, .second = UserIndex{44}});
        QTRY_COMPARE(failed.count(), 1);
    }

    void trainedVariationalModelHasDeviationsAndNoise() {
        const SplitPtr planted = makeSplit(test::plantedDataset(), {}).value();
        class Silent final : public EventSink {
        public:
            void post(const TrainingEvent&) override {}
        } events;
        ThreadPool pool({.threads = 2});
        RunControl control;
        TrainingPlan plan;
        plan.algorithm = "mult_vae";
        plan.params["epochs"] = std::int64_t{30};
        plan.earlyStopping.enabled = false;
        plan.evaluateTest = false;
        const RunEnded ended = train(plan, planted, pool, control, events);
        QVERIFY(ended.model && ended.model->latentSpace());
        const auto plain = codeOf({.model = ended.model, .split = planted, .user = UserIndex{0}});
        QVERIFY(plain.ok());
        QCOMPARE(plain->deviation.size(), plain->code.size());
        QVERIFY(plain->shares && plain->generative);
        QVERIFY(plain->kept > 0);
        const auto noisy =
            codeOf({.model = ended.model, .split = planted, .user = UserIndex{0}, .noiseSeed = 3});
        QVERIFY(noisy.ok());
        QCOMPARE(noisy->code, plain->code);
        QVERIFY(noisy->drawn != plain->code);
        QVERIFY(noisy->dropped > 0 && noisy->dropped < static_cast<int>(noisy->history.size()));
    }
};

QTEST_GUILESS_MAIN(TestCodeQuery)
#include "tst_code_query.moc"
