// SPDX-License-Identifier: GPL-3.0-or-later
//
// The same questions for every algorithm of the registry. A new model is tried by its row alone.
#include "engine/core/rng.h"
#include "engine/eval/evaluator.h"
#include "engine/io/safetensors.h"
#include "engine/models/registry.h"

#include "tests/conformance/allocation_counter.h"
#include "tests/conformance/conformance.h"
#include "tests/support/small_data.h"
#include "tests/support/slowdown.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <limits>
#include <set>
#include <thread>

using namespace recoscope;
using namespace recoscope::test;

namespace {

constexpr std::int64_t kFewEpochs = 4;

std::vector<UserIndex> someUsers(const Split& split) {
    const std::int32_t count = split.dataset()->userCount();
    return {UserIndex{0}, UserIndex{count / 3}, UserIndex{count - 1}};
}

std::vector<ItemIndex> someItems(const Split& split) {
    const std::int32_t count = split.dataset()->itemCount();
    return {ItemIndex{0}, ItemIndex{count / 2}, ItemIndex{count - 1}};
}

bool scoresAreFinite(const Recommender& model, const Split& split) {
    const Query empty;
    if (!allFinite(scoresOf(model, empty))) return false;
    for (const UserIndex user : someUsers(split))
        if (!allFinite(scoresOf(model, knownUser(split, user))) ||
            !allFinite(scoresOf(model, unknownUser(split, user))))
            return false;
    return true;
}

/// Random scores ignore the history but differ between users; the others without taste give everyone the same
/// list.
bool shouldHaveTaste(const AlgorithmInfo& info) {
    return info.capabilities.personalised && info.id != "random";
}

double metricOnTest(const Recommender& model, const Split& split, const std::string& key, bool ratings) {
    ThreadPool pool({1, 0});
    RunControl control;
    EvaluationOptions options;
    options.cutoffs = {10};
    options.predictsRatings = ratings;
    options.keepPerUser = false;
    const auto found = evaluate(model, split, Target::Test, options, pool, control);
    const MetricValue* metric = found ? found->find(key) : nullptr;
    return metric ? metric->value : std::numeric_limits<double>::quiet_NaN();
}

QByteArray text(const std::string& s) { return QByteArray::fromStdString(s); }

} // namespace

#define ALGORITHM()                                                                                          \
    QFETCH(QString, id);                                                                                     \
    const AlgorithmInfo* const found = findAlgorithm(id.toStdString());                                      \
    QVERIFY(found);                                                                                          \
    const AlgorithmInfo& info = *found

/// Declares the test function and the function that gives it every algorithm as a row.
#define FOR_EVERY_ALGORITHM(name)                                                                            \
    void name##_data() { everyAlgorithm(); }                                                                 \
    void name()

class TestConformance : public QObject {
    Q_OBJECT

    static void everyAlgorithm() {
        QTest::addColumn<QString>("id");
        for (const AlgorithmInfo& info : algorithms()) {
            const std::string id(info.id);
            QTest::newRow(id.c_str()) << QString::fromStdString(id);
        }
    }

private slots:
    void idsAreUniqueAndTyped() {
        std::set<std::string_view> seen;
        for (const AlgorithmInfo& info : algorithms()) {
            QVERIFY2(seen.insert(info.id).second, text(std::string(info.id)));
            QVERIFY2(info.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
                         std::string_view::npos,
                     text(std::string(info.id)));
        }
    }

    FOR_EVERY_ALGORITHM(aPersonCanReadWhatItIs) {
        ALGORITHM();
        QVERIFY(!info.title.empty());
        QVERIFY(!info.family.empty());
        QVERIFY(info.summary.size() > 20);
        QVERIFY(!info.equation.empty());
        QVERIFY(!info.reference.empty());
        for (const ParamSpec& spec : info.schema().specs()) {
            QVERIFY2(!spec.label.empty() && spec.help.size() > 10 && !spec.group.empty(), text(spec.key));
            QVERIFY2(spec.min <= spec.max, text(spec.key));
            QVERIFY2(!spec.logScale || spec.min >= 0.0, text(spec.key));
            QVERIFY2(spec.enabledBy.empty() || info.schema().find(spec.enabledBy), text(spec.key));
            for (const ParamChoice& choice : spec.choices)
                QVERIFY2(!choice.label.empty(), text(spec.key));
        }
    }

    FOR_EVERY_ALGORITHM(defaultsAreValid) {
        ALGORITHM();
        const auto complete = info.schema().complete({});
        QVERIFY2(complete.ok(), complete.ok() ? "" : text(complete.error().text()));
        QVERIFY(*complete == info.schema().defaults());
        for (const auto& [key, value] : *complete) {
            const auto read = info.schema().parse(key, toText(value));
            QVERIFY2(read.ok() && *read == value, text(key));
        }
        const SplitPtr split = plantedSplit(info);
        const auto trainer = info.makeTrainer({split, *complete, 42});
        QVERIFY2(trainer.ok(), trainer.ok() ? "" : text(trainer.error().text()));
        QVERIFY((*trainer)->plannedEpochs() >= 1);
        QCOMPARE(info.capabilities.iterative, (*trainer)->plannedEpochs() > 1);
    }

    FOR_EVERY_ALGORITHM(anUnknownParameterIsRefused) {
        ALGORITHM();
        const auto trainer =
            info.makeTrainer({plantedSplit(info), {{"no_such_parameter", std::int64_t{1}}}, 42});
        QVERIFY(!trainer.ok());
        QCOMPARE(trainer.error().code, ErrorCode::Invalid);
        QVERIFY2(trainer.error().text().find("no_such_parameter") != std::string::npos,
                 text(trainer.error().text()));
    }

    FOR_EVERY_ALGORITHM(aValueOutsideItsRangeIsRefused) {
        ALGORITHM();
        for (const ParamSpec& spec : info.schema().specs()) {
            if (spec.type != ParamType::Real && spec.type != ParamType::Integer) continue;
            if (!std::isfinite(spec.max)) continue;
            ParamValue beyond = spec.max * 2.0 + 1.0;
            if (spec.type == ParamType::Integer) beyond = static_cast<std::int64_t>(spec.max * 2.0 + 1.0);
            const auto trainer = info.makeTrainer({plantedSplit(info), {{spec.key, beyond}}, 42});
            QVERIFY2(!trainer.ok(), text(spec.key));
            QVERIFY2(trainer.error().text().find(spec.key) != std::string::npos,
                     text(trainer.error().text()));
        }
    }

    FOR_EVERY_ALGORITHM(scoresAreFiniteFromBeforeTheFirstEpochOn) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const auto trainer = info.makeTrainer({split, {}, 42});
        QVERIFY(trainer.ok());
        const auto untrained = (*trainer)->snapshot();
        QCOMPARE(untrained->userCount(), split->dataset()->userCount());
        QCOMPARE(untrained->itemCount(), split->dataset()->itemCount());
        QVERIFY(scoresAreFinite(*untrained, *split));
        const RunEnded end = run(info, split);
        QVERIFY2(end.outcome == RunOutcome::Completed, text(end.reason));
        QVERIFY(scoresAreFinite(*end.model, *split));
    }

    FOR_EVERY_ALGORITHM(lossesAreGivenWhereItIterates) {
        ALGORITHM();
        if (!info.capabilities.iterative) QSKIP("fitted in one go");
        RunControl control;
        EventList events;
        const RunEnded end = run(info, plantedSplit(info),
                                 {.params = shortened(info, kFewEpochs), .validate = true}, control, events);
        QCOMPARE(end.outcome, RunOutcome::Completed);
        int epochs = 0;
        for (const TrainingEvent& event : events.events) {
            const auto* epoch = std::get_if<EpochFinished>(&event);
            if (!epoch) continue;
            ++epochs;
            QVERIFY(!epoch->losses.empty());
            QCOMPARE(epoch->losses.front().key, std::string("loss"));
            QCOMPARE(epoch->losses.back().key, std::string("validation_loss"));
            for (const NamedValue& loss : epoch->losses)
                QVERIFY2(std::isfinite(loss.value), text(loss.key));
            QVERIFY(epoch->examplesPerSecond > 0.0);
        }
        QCOMPARE(epochs, end.epochs);
    }

    FOR_EVERY_ALGORITHM(theSameSeedGivesTheSameBitsForOneAndTwoThreads) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const ParamMap params = shortened(info, kFewEpochs);
        const TensorFile one = saved(*run(info, split, {.threads = 1, .params = params}).model);
        QCOMPARE(difference(one, saved(*run(info, split, {.threads = 2, .params = params}).model)),
                 std::string());
        QCOMPARE(difference(one, saved(*run(info, split, {.threads = 1, .params = params}).model)),
                 std::string());
    }

    FOR_EVERY_ALGORITHM(itBeatsTheBaselineOnAPlantedSet) {
        ALGORITHM();
        if (!shouldHaveTaste(info)) QSKIP("not personalised");
        const SplitPtr split = plantedSplit(info);
        const RunEnded end = run(info, split);
        QVERIFY2(end.model, text(end.reason));
        if (info.capabilities.predictsRatings) {
            // Users and items are alike on average, so only a model that sees the groups beats the mean of
            // all ratings; 4,000 ratings are few for the defaults of one.
            const RunEnded mean = run(*findAlgorithm("global_mean"), split);
            const double rmse = metricOnTest(*end.model, *split, "rmse", true);
            const double baseline = metricOnTest(*mean.model, *split, "rmse", true);
            QVERIFY2(rmse < 0.95 * baseline,
                     QByteArray::number(rmse) + " against " + QByteArray::number(baseline));
        } else {
            const RunEnded popularity = run(*findAlgorithm("popularity"), split);
            const double ndcg = metricOnTest(*end.model, *split, "ndcg@10", false);
            const double baseline = metricOnTest(*popularity.model, *split, "ndcg@10", false);
            QVERIFY2(ndcg > 1.3 * baseline,
                     QByteArray::number(ndcg) + " against " + QByteArray::number(baseline));
        }
    }

    FOR_EVERY_ALGORITHM(aUserTrainingNeverSawIsServedFromTheHistory) {
        ALGORITHM();
        if (!info.capabilities.foldIn || !shouldHaveTaste(info))
            QSKIP("does not fold in histories, or ignores them");
        const SplitPtr split = plantedSplit(info, SplitKind::UserFold);
        const RunEnded end = run(info, split);
        QVERIFY2(end.model, text(end.reason));
        const bool ratings = info.capabilities.predictsRatings;
        const RunEnded plain = run(*findAlgorithm(ratings ? "global_mean" : "popularity"), split);
        const std::string key = ratings ? "rmse" : "ndcg@10";
        const double mine = metricOnTest(*end.model, *split, key, ratings);
        const double baseline = metricOnTest(*plain.model, *split, key, ratings);
        QVERIFY2(ratings ? mine < 0.95 * baseline : mine > 1.3 * baseline,
                 QByteArray::number(mine) + " against " + QByteArray::number(baseline));
    }

    FOR_EVERY_ALGORITHM(saveAndLoadGiveTheSameBits) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const auto model = run(info, split, {.params = shortened(info, kFewEpochs)}).model;
        const TensorFile file = saved(*model);
        const QTemporaryDir folder;
        const std::string path = folder.filePath("model.safetensors").toStdString();
        const Status written = writeSafetensors(path, file);
        QVERIFY2(written.ok(), written.ok() ? "" : text(written.error().text()));
        const auto read = readSafetensors(path);
        QVERIFY2(read.ok(), read.ok() ? "" : text(read.error().text()));
        QCOMPARE(difference(file, *read), std::string());
        for (const TensorFile* source : {&file, &*read}) {
            const auto loaded = info.load(*source);
            QVERIFY2(loaded.ok(), loaded.ok() ? "" : text(loaded.error().text()));
            QCOMPARE((*loaded)->userCount(), model->userCount());
            QCOMPARE((*loaded)->itemCount(), model->itemCount());
            QCOMPARE((*loaded)->predictsRatings(), model->predictsRatings());
            QCOMPARE(difference(file, saved(**loaded)), std::string());
            for (const UserIndex user : someUsers(*split)) {
                QVERIFY(scoresOf(**loaded, knownUser(*split, user)) ==
                        scoresOf(*model, knownUser(*split, user)));
                QVERIFY(scoresOf(**loaded, unknownUser(*split, user)) ==
                        scoresOf(*model, unknownUser(*split, user)));
            }
        }
    }

    FOR_EVERY_ALGORITHM(aCorruptedModelIsRefused) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const TensorFile file = saved(*run(info, split, {.params = shortened(info, 1)}).model);
        QVERIFY(!info.load(TensorFile()).ok());
        for (const auto& [name, tensor] : file.tensors()) {
            TensorFile missing = file;
            missing.tensors().erase(name);
            QVERIFY2(!info.load(missing).ok(), text(name + " is missing"));

            TensorFile otherType = file;
            Tensor& replaced = otherType.tensors().at(name);
            const auto count =
                static_cast<std::size_t>(std::visit([](const auto& v) { return v.size(); }, tensor.data));
            if (std::holds_alternative<std::vector<float>>(tensor.data))
                replaced.data = std::vector<std::int32_t>(count, 1);
            else
                replaced.data = std::vector<float>(count, 1.0f);
            QVERIFY2(!info.load(otherType).ok(), text(name + " has another type"));

            TensorFile wrong = file;
            std::visit(
                [](auto& values) {
                    using T = typename std::decay_t<decltype(values)>::value_type;
                    if (values.empty()) return;
                    if constexpr (std::is_floating_point_v<T>)
                        values.back() = std::numeric_limits<T>::quiet_NaN();
                    else
                        values.assign(values.size(), std::numeric_limits<T>::min());
                },
                wrong.tensors().at(name).data);
            if (count > 0)
                QVERIFY2(!info.load(wrong).ok(), text(name + " holds NaN or nothing but the least integer"));

            // One value short: refused, or a model that is whole in itself.
            TensorFile cut = file;
            Tensor& shorter = cut.tensors().at(name);
            if (count == 0 || shorter.shape.size() != 1) continue;
            --shorter.shape.front();
            std::visit([](auto& values) { values.pop_back(); }, shorter.data);
            const auto loaded = info.load(cut);
            if (loaded.ok()) QVERIFY2(allFinite(scoresOf(**loaded, Query{})), text(name + " is cut"));
        }
    }

    FOR_EVERY_ALGORITHM(cancelInTheFirstEpochLeavesAUsableModel) {
        ALGORITHM();
        const SplitPtr split = largeSplit(info);
        RunControl control;
        EventList events;
        std::thread canceller;
        std::clock_t cpuAtCancel = 0;
        std::chrono::steady_clock::time_point cancelled;
        events.onEvent = [&](const TrainingEvent& event) {
            if (!std::holds_alternative<RunStarted>(event)) return;
            canceller = std::thread([&] {
                std::this_thread::sleep_for(
                    std::chrono::milliseconds(5)); // into the first epoch, not a wait for it
                cpuAtCancel = std::clock();
                cancelled = std::chrono::steady_clock::now();
                control.cancel();
            });
        };
        const RunEnded end = run(info, split, {.threads = 2}, control, events);
        const auto ended = std::chrono::steady_clock::now();
        const std::clock_t cpuAtEnd = std::clock();
        canceller.join();
        QVERIFY2(end.outcome == RunOutcome::Cancelled || end.outcome == RunOutcome::Completed,
                 text(end.reason));
        // Processor time is what an idle machine would take; a busy one may take longer by the clock on the
        // wall.
        if (ended > cancelled) {
            const double seconds = static_cast<double>(cpuAtEnd - cpuAtCancel) / CLOCKS_PER_SEC;
            QVERIFY2(seconds < 0.2 * slowdown, QByteArray::number(seconds));
            QVERIFY(ended - cancelled < std::chrono::seconds(3));
        }
        QVERIFY(end.model);
        QVERIFY(scoresAreFinite(*end.model, *split));
    }

    FOR_EVERY_ALGORITHM(pauseAndResumeGiveTheSameBits) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const ParamMap params = shortened(info, kFewEpochs);
        const TensorFile undisturbed = saved(*run(info, split, {.threads = 2, .params = params}).model);
        RunControl control;
        EventList events;
        std::atomic<bool> over{false};
        std::thread disturber([&] {
            while (!over.load()) {
                control.pause();
                std::this_thread::yield();
                control.resume();
                std::this_thread::yield();
            }
        });
        const RunEnded end = run(info, split, {.threads = 2, .params = params}, control, events);
        over = true;
        disturber.join();
        QCOMPARE(end.outcome, RunOutcome::Completed);
        QCOMPARE(difference(undisturbed, saved(*end.model)), std::string());
    }

    FOR_EVERY_ALGORITHM(aSnapshotStaysUnchangedWhileTrainingGoesOn) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        auto trainer = info.makeTrainer({split, shortened(info, kFewEpochs), 42});
        QVERIFY(trainer.ok());
        ThreadPool pool({2, 0});
        RunControl control;
        const int epochs = (*trainer)->plannedEpochs();
        std::shared_ptr<const Recommender> first = (*trainer)->snapshot();
        TensorFile firstTensors = saved(*first);
        for (int epoch = 1; epoch <= epochs; ++epoch) {
            EpochContext context{pool, control, epoch, {}};
            QVERIFY((*trainer)->runEpoch(context).ok());
            QCOMPARE(difference(firstTensors, saved(*first)), std::string());
            const auto next = (*trainer)->snapshot();
            // And training does change the model, else this test could not fail.
            if (info.capabilities.iterative) QVERIFY(!difference(firstTensors, saved(*next)).empty());
            if (epoch == 1) {
                first = next;
                firstTensors = saved(*first);
            }
        }
    }

    FOR_EVERY_ALGORITHM(explanationsAddUp) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const auto model = run(info, split, {.params = shortened(info, kFewEpochs)}).model;
        const Query empty;
        std::vector<Query> queries{empty};
        for (const UserIndex user : someUsers(*split)) {
            queries.push_back(knownUser(*split, user));
            queries.push_back(unknownUser(*split, user));
        }
        for (const Query& query : queries) {
            const std::vector<float> scores = scoresOf(*model, query);
            for (const ItemIndex item : someItems(*split)) {
                const auto why = model->explain(query, item);
                if (!why) {
                    QCOMPARE(why.error().code, ErrorCode::Unsupported);
                    QVERIFY2(!info.capabilities.explains, "promises to explain");
                    continue;
                }
                double sum = why->baseline;
                double size = 1.0 + std::abs(why->baseline);
                for (const ExplanationPart& part : why->parts) {
                    QVERIFY(part.item || !part.label.empty());
                    sum += part.contribution;
                    size += std::abs(part.contribution);
                }
                const double score = scores[static_cast<std::size_t>(toInt(item))];
                QVERIFY2(std::abs(why->score - score) < 1e-3 * size,
                         QByteArray::number(why->score) + " explained, " + QByteArray::number(score) +
                             " scored");
                if (info.capabilities.explains) QVERIFY(why->additive);
                if (why->additive)
                    QVERIFY2(std::abs(sum - why->score) < 1e-4 * size, QByteArray::number(sum) + " in sum, " +
                                                                           QByteArray::number(why->score) +
                                                                           " said");
                for (std::size_t n = 1; n < why->parts.size(); ++n)
                    QVERIFY(std::abs(why->parts[n - 1].contribution) >= std::abs(why->parts[n].contribution));
            }
        }
    }

    FOR_EVERY_ALGORITHM(neighboursAndEmbeddingsAreWhatTheySay) {
        ALGORITHM();
        const SplitPtr split = plantedSplit(info);
        const auto model = run(info, split, {.params = shortened(info, kFewEpochs)}).model;
        for (const ItemIndex item : someItems(*split)) {
            const auto near = model->neighbours(item, 7);
            QVERIFY(near.size() <= 7);
            for (std::size_t n = 0; n < near.size(); ++n) {
                QVERIFY(near[n].item != item);
                QVERIFY(std::isfinite(near[n].score));
                QVERIFY(n == 0 || near[n - 1].score >= near[n].score);
            }
            QVERIFY(model->neighbours(item, 0).empty());
        }
        QCOMPARE(model->itemEmbeddings() != nullptr, info.capabilities.embeddings);
        if (const MatrixF* items = model->itemEmbeddings()) {
            QCOMPARE(static_cast<std::int32_t>(items->rows()), model->itemCount());
            QVERIFY(items->allFinite());
        }
        if (const MatrixF* users = model->userEmbeddings()) {
            QCOMPARE(static_cast<std::int32_t>(users->rows()), model->userCount());
            QVERIFY(users->allFinite());
        }
    }

    FOR_EVERY_ALGORITHM(theSmallestDataIsFitted) {
        ALGORITHM();
        if (needsFeatures(info)) QSKIP("needs features");
        const bool times = info.needs.times;
        const DatasetPtr oneUser = dataset(1, 3, {{0, 0, 4, 1}, {0, 1, 2, 2}, {0, 2, 5, 3}}, times);
        const DatasetPtr oneItem = dataset(3, 1, {{0, 0, 4, 1}, {1, 0, 2, 2}, {2, 0, 5, 3}}, times);
        const DatasetPtr onePair = dataset(1, 1, {{0, 0, 3, 1}}, times);
        // Item 3 and user 3 have no interaction.
        const DatasetPtr unseen =
            dataset(4, 4, {{0, 0, 4, 1}, {0, 1, 3, 2}, {1, 1, 5, 3}, {1, 2, 1, 4}, {2, 0, 2, 5}}, times);
        for (const DatasetPtr& data : {oneUser, oneItem, onePair, unseen}) {
            const SplitPtr split = wholeSplit(data);
            const RunEnded end = run(info, split, {.threads = 2});
            QVERIFY2(end.outcome == RunOutcome::Completed, text(end.reason));
            QVERIFY(scoresAreFinite(*end.model, *split));
            const UserIndex lastUser{data->userCount() - 1};
            const ItemIndex lastItem{data->itemCount() - 1};
            for (const Query& query : {Query{}, knownUser(*split, lastUser), unknownUser(*split, lastUser)}) {
                const auto why = end.model->explain(query, lastItem);
                if (why) QVERIFY(std::isfinite(why->score));
            }
            for (const ScoredItem& near : end.model->neighbours(lastItem, 5))
                QVERIFY(std::isfinite(near.score));
            // A history of the item that nobody has.
            const float value = 4.0f;
            Query odd;
            odd.items = std::span(&lastItem, 1);
            odd.values = std::span(&value, 1);
            QVERIFY(allFinite(scoresOf(*end.model, odd)));
        }
    }

    FOR_EVERY_ALGORITHM(aSteadyEpochDoesNotAllocate) {
        ALGORITHM();
        if (!info.capabilities.iterative) QSKIP("fitted in one go");
        if (!canCountAllocations()) QSKIP("a sanitizer has its own allocator");
        auto trainer = info.makeTrainer({plantedSplit(info), {}, 42});
        QVERIFY(trainer.ok());
        ThreadPool pool({2, 0});
        RunControl control;
        std::vector<std::int64_t> counts;
        for (int epoch = 1; epoch <= 4; ++epoch) {
            EpochContext context{pool, control, epoch, {}};
            const std::int64_t before = allocationCount();
            QVERIFY((*trainer)->runEpoch(context).ok());
            counts.push_back(allocationCount() - before);
        }
        QVERIFY2(counts[0] > 0, "the counter counts");
        // The result's list of losses, and no more: 200 users in 80 or so batches would show.
        QVERIFY2(counts[2] <= 16 && counts[3] <= 16,
                 QByteArray::number(qlonglong(counts[2])) + ", " + QByteArray::number(qlonglong(counts[3])));
    }
};

QTEST_GUILESS_MAIN(TestConformance)
#include "tst_conformance.moc"
