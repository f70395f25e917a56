// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/data/readers/reader.h"
#include "engine/eval/candidates.h"
#include "engine/eval/dialects.h"
#include "engine/eval/evaluation_choices.h"
#include "engine/eval/metric_definition.h"

#include "tests/support/fixed_scores.h"
#include "tests/support/naive_metrics.h"
#include "tests/support/real_data.h"
#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>
#include <set>

using namespace recoscope;
using test::FixedScores;

namespace {

const std::vector<std::string> rankingNames = {"ndcg", "recall", "precision", "f1",
                                               "map",  "mrr",    "hr",        "auc"};

/// Scores by user; the last row for whoever the model is not told the name of.
MatrixF someScores(int users, int items) {
    Rng rng(3);
    MatrixF scores(users + 1, items);
    for (Eigen::Index n = 0; n < scores.size(); ++n)
        scores.data()[n] = static_cast<float>(rng.below(30));
    return scores;
}

/// The pre-made parts of another split, as files would have them.
DatasetPtr asFiles(const Split& split) {
    const Dataset& data = *split.dataset();
    DatasetParts parts;
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        parts.users.insert(data.userId(UserIndex{u}));
    for (std::int32_t i = 0; i < data.itemCount(); ++i)
        parts.items.insert(data.itemId(ItemIndex{i}));
    const auto add = [&](const UserItemCsr& from, Part part) {
        for (std::int32_t u = 0; u < data.userCount(); ++u)
            for (std::size_t n = 0; n < from.cols(UserIndex{u}).size(); ++n) {
                parts.rows.users.push_back(UserIndex{u});
                parts.rows.items.push_back(from.cols(UserIndex{u})[n]);
                parts.rows.values.push_back(from.values(UserIndex{u})[n]);
                parts.rows.parts.push_back(part);
            }
    };
    add(split.train(), Part::Train);
    add(split.validation(), Part::Validation);
    add(split.test(), Part::Test);
    parts.provenance.path = "test";
    return std::move(Dataset::make(std::move(parts))).value();
}

/// What the slow reference makes of one user: everything that is no candidate is excluded. Written from the
/// split's parts alone; only the drawn negatives come from where the evaluator has them.
test::NaiveUser naiveUser(const Split& split, Target target, const MatrixF& scores,
                          const EvaluationOptions& options, UserIndex user) {
    const bool test = target == Target::Test;
    const UserItemCsr& held = test ? split.test() : split.validation();
    const UserItemCsr& history = test ? split.testHistory() : split.validationHistory();
    // Known by name where the history is what the model was trained on.
    const bool known = &history == &split.train() && split.train().rowSize(user) > 0;
    test::NaiveUser naive;
    for (Eigen::Index i = 0; i < scores.cols(); ++i)
        naive.scores.push_back(static_cast<double>(scores(known ? toInt(user) : scores.rows() - 1, i)));
    const auto exclude = [&](const UserItemCsr& part) {
        for (const ItemIndex item : part.cols(user))
            naive.excluded.insert(toInt(item));
    };
    if (options.excludeTrain) exclude(history);
    if (test && options.excludeValidationAtTest) exclude(split.validation());
    if (options.ties == Ties::LaterId)
        for (int item = 0; item < split.dataset()->itemCount(); ++item)
            naive.ids.emplace_back(split.dataset()->items().id(item));
    const auto cold = [&](int item) { return split.trainByItem().rowSize(ItemIndex{item}) == 0; };
    const CandidateKind kind = options.candidates.kind;
    for (std::size_t n = 0; n < held.cols(user).size(); ++n) {
        const int item = toInt(held.cols(user)[n]);
        const auto rating = static_cast<double>(held.values(user)[n]);
        if (options.relevanceThreshold != 0.0 && rating < options.relevanceThreshold) continue;
        if (kind == CandidateKind::Cold && !cold(item)) continue;
        naive.relevant.insert(item);
        naive.ratings[item] = rating;
    }
    const auto items = static_cast<int>(scores.cols());
    if (kind == CandidateKind::Cold) {
        for (int item = 0; item < items; ++item)
            if (!cold(item)) naive.excluded.insert(item);
    } else if (kind != CandidateKind::All) {
        std::vector<std::uint8_t> taken(static_cast<std::size_t>(items), 0);
        std::vector<ItemIndex> ones;
        std::set<int> not_drawn = naive.excluded;
        not_drawn.insert(naive.relevant.begin(), naive.relevant.end());
        for (const int item : not_drawn) {
            taken[static_cast<std::size_t>(item)] = 1;
            ones.push_back(ItemIndex{item});
        }
        std::vector<ItemIndex> drawn;
        NegativeDraw(options.candidates, split).draw(user, taken, ones, drawn);
        for (int item = 0; item < items; ++item)
            if (naive.relevant.count(item) == 0 &&
                std::find(drawn.begin(), drawn.end(), ItemIndex{item}) == drawn.end())
                naive.excluded.insert(item);
    }
    return naive;
}

} // namespace

class TestProtocols final : public QObject {
    Q_OBJECT
private slots:
    void everySplitAndCandidatesEqualTheSlowReference_data() {
        QTest::addColumn<int>("kind");
        for (const auto kind : {SplitKind::RandomPerUser, SplitKind::RandomGlobal, SplitKind::LeaveLastOut,
                                SplitKind::TimeCut, SplitKind::UserFold, SplitKind::KFold, SplitKind::Premade,
                                SplitKind::ColdUsers, SplitKind::ColdItems})
            QTest::newRow(std::string(splitKindKey(kind)).c_str()) << static_cast<int>(kind);
    }
    void everySplitAndCandidatesEqualTheSlowReference() {
        QFETCH(int, kind);
        const DatasetPtr data = test::plantedDataset(60, 45, 3, 5);
        SplitSpec spec{
            .kind = static_cast<SplitKind>(kind), .testFraction = 0.25, .validationFraction = 0.15};
        const auto made = spec.kind == SplitKind::Premade
                              ? makeSplit(asFiles(**makeSplit(data, {.seed = 9})), spec)
                              : makeSplit(data, spec);
        QVERIFY2(made.ok(), made.ok() ? "" : made.error().text().c_str());
        const Split& split = **made;
        const MatrixF scores = someScores(60, 45);
        const FixedScores model(60, scores);
        ThreadPool pool({.threads = 2});
        RunControl control;
        Rng rng(static_cast<std::uint64_t>(kind));
        int compared = 0;
        for (const CandidateKind candidates :
             {CandidateKind::All, CandidateKind::Uniform, CandidateKind::Popular, CandidateKind::Cold})
            for (const Target target : {Target::Test, Target::Validation}) {
                EvaluationOptions options{.cutoffs = {1, 5, 30}, .metrics = rankingNames};
                for (const EvaluationChoice& choice : evaluationChoices())
                    choice.set(options, static_cast<int>(rng.below(choice.values.size())));
                if (options.ideal == IdealList::AllK) options.gain = Gain::Binary;
                if (options.ties == Ties::Random) options.ties = Ties::LaterId; // no reference draws the same
                options.relevanceThreshold = rng.below(2) == 0 ? 0.0 : 4.0;
                options.candidates = {.kind = candidates, .negatives = 7};
                const auto found = evaluate(model, split, target, options, pool, control);
                std::vector<UserIndex> users;
                std::vector<test::NaiveUser> reference;
                for (int u = 0; u < 60; ++u) {
                    test::NaiveUser naive = naiveUser(split, target, scores, options, UserIndex{u});
                    if (naive.relevant.empty()) continue;
                    users.push_back(UserIndex{u});
                    reference.push_back(std::move(naive));
                }
                if (users.empty()) { // no cold items, no validation part
                    QVERIFY(!found);
                    continue;
                }
                QVERIFY2(found.ok(), found.ok() ? "" : found.error().text().c_str());
                QCOMPARE(found->users, users);
                for (const MetricValue& metric : found->metrics) {
                    const std::size_t at = metric.key.find('@');
                    const std::string name = metric.key.substr(0, at);
                    const int k = at == std::string::npos ? 0 : std::stoi(metric.key.substr(at + 1));
                    QVERIFY2(std::abs(metric.value - test::naiveMean(name, reference, k, options)) < 1e-9,
                             metric.definition.c_str());
                    for (std::size_t row = 0; row < metric.perUser.size(); ++row)
                        QVERIFY2(std::abs(metric.perUser[row] -
                                          test::naiveMetric(name, reference[row], k, options)) < 1e-9,
                                 metric.definition.c_str());
                    ++compared;
                }
            }
        QVERIFY(compared >= 22); // at least the test part with all items, and one more
    }

    void theFoldsOfKFoldCoverEveryInteractionOnce() {
        const DatasetPtr data = test::plantedDataset(40, 30, 3, 6);
        const FixedScores model(40, someScores(40, 30));
        ThreadPool pool({.threads = 2});
        RunControl control;
        std::int64_t pairs = 0;
        for (int fold = 0; fold < 4; ++fold) {
            const auto split = makeSplit(data, {.kind = SplitKind::KFold, .folds = 4, .fold = fold});
            QVERIFY(split.ok());
            const auto found =
                evaluate(model, **split, Target::Test, {.predictsRatings = true}, pool, control);
            QVERIFY(found.ok());
            pairs += found->find("rmse")->count;
            QVERIFY(found->find("rmse")->definition.find("split=k_fold") != std::string::npos);
        }
        QCOMPARE(pairs, data->interactionCount());
    }

    void popularityOnNegativesThatCameWithAmazonMusic() {
        RECOSCOPE_REAL_DATA(path, "ncf-amazon-music");
        const auto imported = importPath(path, {}, {});
        QVERIFY(imported.ok());
        const auto split = makeSplit(imported->dataset, {.kind = SplitKind::Premade});
        QVERIFY(split.ok());
        const Dataset& data = *imported->dataset;
        // 1776 users with 99 each, repeated ones counted once; the item held out is among them for 18 users.
        QVERIFY(data.negatives().size() > 1776 * 97 && data.negatives().size() <= 1776 * 99);
        MatrixF scores(1, data.itemCount());
        for (std::int32_t i = 0; i < data.itemCount(); ++i)
            scores(0, i) = static_cast<float>((*split)->trainByItem().rowSize(ItemIndex{i}));
        const FixedScores popularity(data.userCount(), scores.replicate(data.userCount(), 1));
        ThreadPool pool({.threads = 2});
        RunControl control;
        const EvaluationOptions options =
            inDialect({.cutoffs = {10}, .metrics = {"hr", "ndcg"}}, *findDialect("ncf_99"), **split);
        QCOMPARE(options.candidates.kind, CandidateKind::Given);
        const auto found = evaluate(popularity, **split, Target::Test, options, pool, control);
        QVERIFY(found.ok());
        QCOMPARE(found->users.size(), std::size_t{1776});
        // Counted by a script of a few lines over the text files, ties by first appearance.
        QVERIFY(std::abs(found->find("hr@10")->value - 0.25) < 1e-12);
        QVERIFY(std::abs(found->find("ndcg@10")->value - 0.130913052736338) < 1e-12);
        QCOMPARE(found->find("hr@10")->label, std::string("HR@10 [given negatives]"));
        // Among all 12,929 items it is another story.
        const auto full =
            evaluate(popularity, **split, Target::Test, {.cutoffs = {10}, .metrics = {"hr"}}, pool, control);
        QVERIFY(full->find("hr@10")->value < 0.05);
    }
};

QTEST_GUILESS_MAIN(TestProtocols)
#include "tst_protocols.moc"
