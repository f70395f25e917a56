// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/split.h"
#include "engine/data/synthetic.h"
#include "engine/data/synthetic_math.h"

#include <QFile>
#include <QtTest>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

using namespace recoscope;

namespace {

double gini(std::vector<double> counts) {
    std::sort(counts.begin(), counts.end());
    double weighted = 0.0;
    for (std::size_t n = 0; n < counts.size(); ++n)
        weighted += static_cast<double>(n + 1) * counts[n];
    const double n = static_cast<double>(counts.size());
    return 2.0 * weighted / (n * std::accumulate(counts.begin(), counts.end(), 0.0)) - (n + 1.0) / n;
}

double topTenth(std::vector<double> counts) {
    std::sort(counts.rbegin(), counts.rend());
    const auto tenth = static_cast<std::ptrdiff_t>(counts.size() / 10);
    return std::accumulate(counts.begin(), counts.begin() + tenth, 0.0) /
           std::accumulate(counts.begin(), counts.end(), 0.0);
}

double median(std::vector<double> counts) {
    std::nth_element(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2),
                     counts.end());
    return counts[counts.size() / 2];
}

std::vector<double> perUser(const Dataset& data) {
    std::vector<double> counts;
    for (std::int32_t u = 0; u < data.userCount(); ++u)
        counts.push_back(data.byUser().rowSize(UserIndex{u}));
    return counts;
}
std::vector<double> perItem(const Dataset& data) {
    std::vector<double> counts;
    for (std::int32_t i = 0; i < data.itemCount(); ++i)
        counts.push_back(data.byItem().rowSize(ItemIndex{i}));
    return counts;
}

DatasetPtr make(const SyntheticRecipe& recipe) {
    auto result = generateDataset(recipe);
    return result.ok() ? *result : nullptr;
}

const DatasetPtr& sample() {
    static const DatasetPtr data = make(sampleRecipe());
    return data;
}

/// Over interactions, ratings and times, independent of how datasets make theirs.
std::uint64_t fingerprint(const Dataset& data) {
    std::uint64_t hash = 0;
    for (std::size_t n = 0; n < data.times().size(); ++n) {
        hash = mix64(hash + static_cast<std::uint64_t>(toInt(data.byUser().columns()[n])));
        hash = mix64(hash + static_cast<std::uint64_t>(data.byUser().values()[n] * 2.0f));
        hash = mix64(hash + static_cast<std::uint64_t>(data.times()[n]));
    }
    for (const std::int64_t offset : data.byUser().offsets())
        hash = mix64(hash + static_cast<std::uint64_t>(offset));
    return hash;
}

/// Recall@10 over users with test items: scores must be -inf where an item is no candidate.
template <class Score>
double recallAtTen(const Split& split, Score&& score) {
    double sum = 0.0;
    int users = 0;
    const std::int32_t items = split.dataset()->itemCount();
    for (std::int32_t u = 0; u < split.dataset()->userCount(); ++u) {
        const UserIndex user{u};
        if (split.test().rowSize(user) == 0) continue;
        std::vector<double> scores = score(user);
        for (const ItemIndex item : split.train().cols(user))
            scores[static_cast<std::size_t>(item)] = -HUGE_VAL;
        std::vector<std::int32_t> order(static_cast<std::size_t>(items));
        std::iota(order.begin(), order.end(), 0);
        std::partial_sort(
            order.begin(), order.begin() + 10, order.end(), [&](std::int32_t a, std::int32_t b) {
                return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
            });
        int hits = 0;
        for (int n = 0; n < 10; ++n)
            hits += split.test().contains(user, ItemIndex{order[static_cast<std::size_t>(n)]}) ? 1 : 0;
        sum += hits / std::min(10.0, static_cast<double>(split.test().rowSize(user)));
        ++users;
    }
    return sum / users;
}

} // namespace

class TestSynthetic final : public QObject {
    Q_OBJECT
private slots:
    void theSamplesRecipeIsTheShippedFile() {
        QFile file(QStringLiteral(RECOSCOPE_SOURCE_DIR "/datasets/sample-recipe.json"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto json = nlohmann::json::parse(file.readAll().toStdString());
        const SyntheticRecipe sampled = sampleRecipe();
        QCOMPARE(json.size(), std::size_t{8});
        QCOMPARE(json.at("users").get<std::int32_t>(), sampled.users);
        QCOMPARE(json.at("items").get<std::int32_t>(), sampled.items);
        QCOMPARE(json.at("interactions").get<std::int64_t>(), sampled.interactions);
        QCOMPARE(json.at("tastes").get<std::int32_t>(), sampled.tastes);
        QCOMPARE(json.at("noise").get<double>(), sampled.noise);
        QCOMPARE(json.at("exposure_bias").get<double>(), sampled.exposureBias);
        QCOMPARE(json.at("seed").get<std::uint64_t>(), sampled.seed);
        QCOMPARE(json.at("keep_truth").get<bool>(), sampled.keepTruth);
    }

    void recipesHavePathsThatReadBack() {
        QCOMPARE(recipePath(sampleRecipe()), std::string("builtin:sample"));
        QVERIFY(*recipeFromPath("builtin:sample") == sampleRecipe());
        SyntheticRecipe recipe;
        recipe.users = 138'000;
        recipe.items = 27'000;
        recipe.interactions = 20'000'000;
        recipe.seed = UINT64_MAX;
        QCOMPARE(recipePath(recipe),
                 std::string(
                     "generated:users=138000,items=27000,interactions=20000000,seed=18446744073709551615"));
        QVERIFY(*recipeFromPath(recipePath(recipe)) == recipe);
        recipe.tastes = 12;
        recipe.noise = 0.1;
        recipe.exposureBias = 1.0 / 3.0;
        recipe.keepTruth = false;
        QVERIFY(*recipeFromPath(recipePath(recipe)) == recipe);
        QVERIFY(*recipeFromPath("generated:") == SyntheticRecipe{});
        QCOMPARE(recipeFromPath("generated:users=7")->users, 7);
    }

    void aPathThatIsNoRecipeIsAnError_data() {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QString>("where");
        QTest::newRow("a file") << "/home/x/ratings.csv"
                                << "/home/x/ratings.csv";
        QTest::newRow("another builtin") << "builtin:other"
                                         << "builtin:other";
        QTest::newRow("unknown key") << "generated:people=5"
                                     << "people";
        QTest::newRow("no value") << "generated:users"
                                  << "users";
        QTest::newRow("empty value") << "generated:users="
                                     << "users";
        QTest::newRow("word") << "generated:users=many"
                              << "users";
        QTest::newRow("trailing") << "generated:users=5x,items=3"
                                  << "users";
        QTest::newRow("too large") << "generated:users=99999999999"
                                   << "users";
        QTest::newRow("negative seed") << "generated:seed=-1"
                                       << "seed";
        QTest::newRow("truth") << "generated:keep_truth=2"
                               << "keep_truth";
        QTest::newRow("two commas") << "generated:users=5,,items=3"
                                    << "";
    }
    void aPathThatIsNoRecipeIsAnError() {
        QFETCH(QString, path);
        QFETCH(QString, where);
        const auto recipe = recipeFromPath(path.toStdString());
        QVERIFY(!recipe.ok());
        QCOMPARE(recipe.error().where, where.toStdString());
    }

    void countsAreExact_data() {
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::addColumn<int>("interactions");
        QTest::newRow("one of each") << 1 << 1 << 1;
        QTest::newRow("one user") << 1 << 40 << 30;
        QTest::newRow("one item") << 10 << 1 << 10;
        QTest::newRow("one each") << 50 << 20 << 50;
        QTest::newRow("as dense as can be") << 30 << 40 << 900;
        QTest::newRow("ml-latest-small") << 610 << 9724 << 100'836;
        QTest::newRow("more items than interactions") << 10 << 500 << 200;
    }
    void countsAreExact() {
        QFETCH(int, users);
        QFETCH(int, items);
        QFETCH(int, interactions);
        SyntheticRecipe recipe;
        recipe.users = users;
        recipe.items = items;
        recipe.interactions = interactions;
        const auto data = generateDataset(recipe);
        QVERIFY2(data.ok(), data.ok() ? "" : data.error().text().c_str());
        QCOMPARE((*data)->userCount(), users);
        QCOMPARE((*data)->itemCount(), items);
        QCOMPARE((*data)->interactionCount(),
                 std::int64_t{interactions}); // no pair twice, as duplicates are merged
        for (const double count : perUser(**data))
            QVERIFY(count >= 1);
        if (interactions >= 2 * items)
            for (const double count : perItem(**data))
                QVERIFY(count >= 1);
        QVERIFY((*data)->provenance().synthetic);
        QCOMPARE((*data)->provenance().path, recipePath(recipe));
    }

    void theSameRecipeIsTheSameDataOnEveryMachine() {
        // Known from this implementation: a change of the generator changes the sample that published numbers
        // are from.
        QCOMPARE(QString::number(fingerprint(*sample()), 16), QStringLiteral("1036b14dd446d611"));
        QCOMPARE(sample()->itemTitle(ItemIndex{0}), std::string("Teaching Ivo (1973)"));
        const DatasetPtr again = make(sampleRecipe());
        QCOMPARE(again->provenance().fingerprint, sample()->provenance().fingerprint);
        QVERIFY(again->truth()->preference == sample()->truth()->preference);
        SyntheticRecipe other;
        other.seed = 2;
        QVERIFY(fingerprint(*make(other)) != fingerprint(*sample()));
        SyntheticRecipe untrue;
        untrue.keepTruth = false;
        QCOMPARE(fingerprint(*make(untrue)), fingerprint(*sample()));
    }

    void ownExpAndLogAreExpAndLog() {
        Rng rng(8);
        for (int n = 0; n < 20'000; ++n) {
            const double x = 60.0 * rng.uniform() - 30.0;
            QVERIFY(std::abs(synthetic::exactExp(x) / std::exp(x) - 1.0) < 1e-14);
            const double y = std::exp(x);
            QVERIFY(std::abs(synthetic::exactLog(y) - std::log(y)) < 1e-14 * std::max(1.0, std::abs(x)));
        }
        QCOMPARE(synthetic::exactExp(0.0), 1.0);
        QCOMPARE(synthetic::exactLog(1.0), 0.0);
        double sum = 0.0;
        double squares = 0.0;
        for (int n = 0; n < 100'000; ++n) {
            const double x = synthetic::exactNormal(rng);
            sum += x;
            squares += x * x;
        }
        QVERIFY(std::abs(sum / 100'000) < 0.015);
        QVERIFY(std::abs(squares / 100'000 - 1.0) < 0.02);
    }

    // The columns are what the real data has (computed with pandas from u.data and ratings.dat).
    void curvesAreThoseOfMovieLens_data() {
        QTest::addColumn<int>("users");
        QTest::addColumn<int>("items");
        QTest::addColumn<int>("interactions");
        QTest::addColumn<double>("itemGini");
        QTest::addColumn<double>("itemTop");
        QTest::addColumn<double>("itemMedianOverMean");
        QTest::addColumn<double>("userGini");
        QTest::addColumn<double>("userTop");
        QTest::addColumn<double>("userMedianOverMean");
        QTest::newRow("ml-100k") << 943 << 1682 << 100'000 << 0.629 << 0.427 << 0.454 << 0.472 << 0.319
                                 << 0.613;
        QTest::newRow("ml-1m") << 6040 << 3706 << 1'000'209 << 0.634 << 0.444 << 0.456 << 0.529 << 0.381
                               << 0.580;
        QTest::newRow("ml-latest-small")
            << 610 << 9724 << 100'836 << 0.716 << 0.600 << 0.289 << 0.604 << 0.477 << 0.426;
    }
    void curvesAreThoseOfMovieLens() {
        QFETCH(int, users);
        QFETCH(int, items);
        QFETCH(int, interactions);
        SyntheticRecipe recipe;
        recipe.users = users;
        recipe.items = items;
        recipe.interactions = interactions;
        recipe.keepTruth = false;
        const DatasetPtr data = make(recipe);
        QVERIFY(data);
        const auto compare = [](const char* name, double made, const char* column, double tolerance) {
            const double real = *static_cast<const double*>(QTest::qData(column, QMetaType::Double));
            const QString text =
                QStringLiteral("%1: %2 here, %3 there").arg(QLatin1String(name)).arg(made).arg(real);
            qInfo("%s", qPrintable(text));
            return std::abs(made - real) <= tolerance ? QString() : text;
        };
        const std::vector<double> byItem = perItem(*data);
        const std::vector<double> byUser = perUser(*data);
        const double meanItem = static_cast<double>(interactions) / items;
        const double meanUser = static_cast<double>(interactions) / users;
        // Equal popularity would have Gini 0.1 and a top tenth of 0.11.
        QStringList off{compare("item Gini", gini(byItem), "itemGini", 0.07),
                        compare("item top tenth", topTenth(byItem), "itemTop", 0.07),
                        compare("item median / mean", median(byItem) / meanItem, "itemMedianOverMean", 0.12),
                        compare("user Gini", gini(byUser), "userGini", 0.09),
                        compare("user top tenth", topTenth(byUser), "userTop", 0.09),
                        compare("user median / mean", median(byUser) / meanUser, "userMedianOverMean", 0.13)};
        off.removeAll(QString());
        QVERIFY2(off.isEmpty(), qPrintable(off.join(QStringLiteral("; "))));
        QVERIFY(*std::max_element(byItem.begin(), byItem.end()) < 0.8 * users);
        QCOMPARE(*std::min_element(byUser.begin(), byUser.end()), 20.0);
    }

    void ratingsAreHalfStarsSpreadLikeMovieLens() {
        const auto values = sample()->byUser().values();
        std::vector<double> share(11, 0.0);
        double sum = 0.0;
        double squares = 0.0;
        for (const float value : values) {
            QVERIFY(value >= 0.5f && value <= 5.0f && value * 2.0f == std::floor(value * 2.0f));
            share[static_cast<std::size_t>(value * 2.0f)] += 1.0 / static_cast<double>(values.size());
            sum += value;
            squares += static_cast<double>(value) * value;
        }
        const double mean = sum / static_cast<double>(values.size());
        const double deviation = std::sqrt(squares / static_cast<double>(values.size()) - mean * mean);
        QVERIFY(std::abs(mean - 3.50) < 0.15);      // ml-latest-small: 3.502
        QVERIFY(std::abs(deviation - 1.04) < 0.12); // 1.043
        // ml-latest-small, from half a star to five.
        const std::vector<double> real{0.014, 0.028, 0.018, 0.075, 0.055, 0.199, 0.130, 0.266, 0.085, 0.131};
        for (std::size_t n = 0; n < real.size(); ++n)
            QVERIFY2(std::abs(share[n + 1] - real[n]) < 0.035,
                     qPrintable(QStringLiteral("%1 stars: %2").arg(0.5 * double(n + 1)).arg(share[n + 1])));
        QCOMPARE(sample()->scale().step, 0.5f);
        QVERIFY(!sample()->scale().implicit);
    }

    void filmsHaveTitlesYearsAndGenres() {
        SyntheticRecipe recipe;
        recipe.users = 300;
        recipe.items = 20'000;
        recipe.interactions = 6000;
        const DatasetPtr data = make(recipe);
        const FeatureTable& films = data->itemFeatures();
        std::set<std::string> titles;
        for (std::int32_t i = 0; i < data->itemCount(); ++i) {
            const std::string title = data->itemTitle(ItemIndex{i});
            QVERIFY2(titles.insert(title).second, title.c_str());
            const std::string year = films.find("year")->display(i);
            QVERIFY(year.size() == 4 && year >= "1900" && year <= "2015");
            QVERIFY(title.ends_with(" (" + year + ")"));
            const auto genres = films.find("genres")->tokensOf(i);
            QVERIFY(genres.size() >= 1 && genres.size() <= 3);
            QCOMPARE(std::set(genres.begin(), genres.end()).size(), genres.size());
        }
        for (const char* name : {"gender", "age", "occupation"}) {
            const FeatureColumn* column = data->userFeatures().find(name);
            QVERIFY(column);
            QCOMPARE(std::set(column->tokens.begin(), column->tokens.end()).size(),
                     column->vocabulary.size());
        }
    }

    void theTruthIsWhatRatingsAreMadeFrom() {
        const DatasetPtr& data = sample();
        QVERIFY(data->truth());
        const MatrixF& truth = data->truth()->preference;
        QCOMPARE(truth.rows(), Eigen::Index{data->userCount()});
        QCOMPARE(truth.cols(), Eigen::Index{data->itemCount()});
        QVERIFY(truth.minCoeff() > 0.5f && truth.maxCoeff() < 5.0f);
        double error = 0.0;
        double seen = 0.0;
        for (std::int32_t u = 0; u < data->userCount(); ++u)
            for (std::size_t n = 0; n < data->byUser().cols(UserIndex{u}).size(); ++n) {
                const float there = truth(u, toInt(data->byUser().cols(UserIndex{u})[n]));
                const double off = data->byUser().values(UserIndex{u})[n] - there;
                error += off * off;
                seen += there;
            }
        const double count = static_cast<double>(data->interactionCount());
        const double rmse = std::sqrt(error / count);
        // The noise of 0.5 and the rounding to half or whole stars (0.14, 0.29); ratings of another pair
        // would be 1.3 off.
        QVERIFY2(rmse > 0.45 && rmse < 0.62, qPrintable(QString::number(rmse)));
        // Missing not at random: people watch what they like.
        QVERIFY(seen / count > truth.mean() + 0.4);

        SyntheticRecipe blind;
        blind.exposureBias = 0.0;
        const DatasetPtr met = make(blind);
        double blindly = 0.0;
        for (std::int32_t u = 0; u < met->userCount(); ++u)
            for (const ItemIndex item : met->byUser().cols(UserIndex{u}))
                blindly += met->truth()->preference(u, toInt(item));
        // Popular films are still better ones.
        QVERIFY(blindly / count < met->truth()->preference.mean() + 0.3);
    }

    void truthIsKeptOnlyWhereItIsSmallAndWanted() {
        SyntheticRecipe recipe;
        recipe.users = 600;
        recipe.items = 42'000; // 25.2 million pairs
        recipe.interactions = 20'000;
        QVERIFY(!make(recipe)->truth());
        recipe = {};
        recipe.keepTruth = false;
        QVERIFY(!make(recipe)->truth());
    }

    void tastesCanBeLearned() {
        const SplitPtr split = *makeSplit(sample(), {.validationFraction = 0.0});
        const std::int32_t items = split->dataset()->itemCount();
        std::vector<double> popularity;
        for (std::int32_t i = 0; i < items; ++i)
            popularity.push_back(split->trainByItem().rowSize(ItemIndex{i}));
        const double popular = recallAtTen(*split, [&](UserIndex) { return popularity; });
        // Item cosine, summed over the history: the simplest personal model.
        MatrixF x = MatrixF::Zero(split->dataset()->userCount(), items);
        for (std::int32_t u = 0; u < x.rows(); ++u)
            for (const ItemIndex item : split->train().cols(UserIndex{u}))
                x(u, toInt(item)) = 1.0f;
        MatrixF similar = x.transpose() * x;
        const VectorF norms = similar.diagonal().array().sqrt().max(1.0f).matrix();
        similar.diagonal().setZero();
        for (std::int32_t i = 0; i < items; ++i)
            for (std::int32_t j = 0; j < items; ++j)
                similar(i, j) /= norms[i] * norms[j];
        const MatrixF scores = x * similar;
        const double neighbours = recallAtTen(*split, [&](UserIndex user) {
            const auto row = scores.row(toInt(user));
            return std::vector<double>(row.begin(), row.end());
        });
        qInfo("recall@10 (capped): popularity %.3f, item neighbours %.3f", popular, neighbours);
        QVERIFY(popular > 0.1 && popular < 0.35);
        QVERIFY(neighbours > 1.25 * popular);
    }

    void whoOneIsSaysSomethingAboutTastes() {
        // The variance between age bands of what they think of each film, against the same with users dealt
        // out anew.
        const DatasetPtr& data = sample();
        const MatrixF& truth = data->truth()->preference;
        const std::vector<std::int32_t>& age = data->userFeatures().find("age")->tokens;
        const auto between = [&](const std::vector<std::int32_t>& group) {
            MatrixF means = MatrixF::Zero(7, truth.cols());
            std::vector<float> sizes(7, 0.0f);
            for (std::int32_t u = 0; u < truth.rows(); ++u) {
                means.row(group[static_cast<std::size_t>(u)]) += truth.row(u);
                sizes[static_cast<std::size_t>(group[static_cast<std::size_t>(u)])] += 1.0f;
            }
            double sum = 0.0;
            for (int g = 0; g < 7; ++g)
                for (Eigen::Index i = 0; i < truth.cols(); ++i) {
                    const float off = means(g, i) / sizes[static_cast<std::size_t>(g)] - truth.col(i).mean();
                    sum += sizes[static_cast<std::size_t>(g)] * off * off;
                }
            return sum;
        };
        std::vector<std::int32_t> dealt = age;
        Rng(1).shuffle(std::span(dealt));
        QVERIFY(between(age) > 3.0 * between(dealt));
    }

    void peopleComeInSittings() {
        const DatasetPtr& data = sample();
        QCOMPARE(data->timeUnit(), TimeUnit::Seconds);
        double sittings = 0.0;
        for (std::int32_t u = 0; u < data->userCount(); ++u) {
            const auto begin = data->times().begin() + data->byUser().rowBegin(UserIndex{u});
            std::vector<std::int64_t> times(begin, begin + data->byUser().rowSize(UserIndex{u}));
            std::sort(times.begin(), times.end());
            QVERIFY(times.front() >= 1'451'606'400); // 2016, when the newest film is out
            QVERIFY(times.back() < 1'451'606'400 + 20LL * 366 * 86'400);
            sittings += 1.0;
            for (std::size_t n = 1; n < times.size(); ++n)
                sittings += times[n] - times[n - 1] > 3600 ? 1.0 : 0.0;
        }
        const double mean = sittings / data->userCount();
        QVERIFY2(mean > 2.0 && mean < 6.0, qPrintable(QString::number(mean))); // ml-1m: 3.6, ml-100k: 2.9
    }

    void aCancelledGenerationSaysSo() {
        RunControl control;
        control.cancel();
        const auto data = generateDataset(sampleRecipe(), &control);
        QVERIFY(!data.ok());
        QCOMPARE(data.error().code, ErrorCode::Cancelled);
    }

    void whatCannotBeMadeIsRefusedWithTheField() {
        const auto refused = [](auto change) {
            SyntheticRecipe recipe;
            change(recipe);
            const auto data = generateDataset(recipe);
            return data.ok() ? std::string("(not refused)") : data.error().where;
        };
        QCOMPARE(refused([](auto& r) { r.users = 0; }), std::string("users"));
        QCOMPARE(refused([](auto& r) { r.items = -1; }), std::string("items"));
        QCOMPARE(refused([](auto& r) { r.interactions = 599; }), std::string("interactions"));
        QCOMPARE(refused([](auto& r) { r.interactions = 600 * 675 + 1; }), std::string("interactions"));
        QCOMPARE(refused([](auto& r) { r.interactions = INT64_MAX; }), std::string("interactions"));
        QCOMPARE(refused([](auto& r) { r.tastes = 0; }), std::string("tastes"));
        QCOMPARE(refused([](auto& r) { r.noise = -0.1; }), std::string("noise"));
        QCOMPARE(refused([](auto& r) { r.noise = std::nan(""); }), std::string("noise"));
        QCOMPARE(refused([](auto& r) { r.exposureBias = 1.1; }), std::string("exposure_bias"));
    }
};

QTEST_APPLESS_MAIN(TestSynthetic)
#include "tst_synthetic.moc"
