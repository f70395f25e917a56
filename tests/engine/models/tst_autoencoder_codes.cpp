// SPDX-License-Identifier: GPL-3.0-or-later
// Uses of the codes: to recommend, to find neighbours, to rebuild, to wander between users, to make users up.
#include "tests/engine/models/autoencoder_case.h"
#include "tests/support/small_data.h"

#include <algorithm>
#include <numeric>
#include <set>

using namespace recoscope;
using namespace recoscope::test;

namespace {

constexpr int kGroups = 4;
constexpr int kUsers = 120;
constexpr int kItems = 60;

/// Users of group g took half of the items of group g, and few others.
SplitPtr planted() {
    static const SplitPtr split = wholeSplit(plantedDataset(kUsers, kItems, kGroups));
    return split;
}

std::shared_ptr<const Recommender> trained(const AlgorithmInfo& info, const ParamMap& changes = {}) {
    ParamMap all{{"epochs", std::int64_t{30}},
                 {"train_batch_size", std::int64_t{20}},
                 {"learning_rate", 0.005},
                 {"total_anneal_steps", std::int64_t{500}},
                 {"autorec_over", std::string("users")}};
    for (const auto& [key, value] : changes)
        all[key] = value;
    const RunEnded ended = run(info, planted(), {.params = small(info, all)});
    return ended.outcome == RunOutcome::Completed ? ended.model : nullptr;
}

/// The same weights used in another way: loaded with a parameter changed.
std::shared_ptr<const Recommender> usedBy(const AlgorithmInfo& info, const Recommender& model,
                                          const std::string& key, const std::string& value) {
    TensorFile file = saved(model);
    file.setMeta("param." + key, value);
    auto loaded = info.load(file);
    return loaded ? *loaded : nullptr;
}

MatrixF codeOf(const Recommender& model, const Query& query) {
    MatrixF code(1, model.latentSpace()->size());
    model.latentSpace()->encode(std::span(&query, 1), code);
    return code;
}

MatrixF decoded(const Recommender& model, const MatrixF& codes) {
    MatrixF scores(codes.rows(), model.itemCount());
    model.latentSpace()->decode(codes, scores);
    return scores;
}

MatrixF rowOf(const std::vector<float>& scores) {
    return Eigen::Map<const MatrixF>(scores.data(), 1, static_cast<Eigen::Index>(scores.size()));
}

/// Share of the users whose own group's items score more, on average, than the others'.
double personalShare(const Recommender& model) {
    int right = 0;
    for (int u = 0; u < kUsers; ++u) {
        const auto scores = scoresOf(model, unknownUser(*planted(), UserIndex{u}));
        double own = 0.0, other = 0.0;
        for (int i = 0; i < kItems; ++i)
            (i % kGroups == u % kGroups ? own : other) +=
                static_cast<double>(scores[static_cast<std::size_t>(i)]);
        right += own / (kItems / kGroups) > other / (kItems - kItems / kGroups) ? 1 : 0;
    }
    return static_cast<double>(right) / kUsers;
}

double cosine(const MatrixF& a, const MatrixF& b) {
    double dot = 0.0, aa = 0.0, bb = 0.0;
    for (Eigen::Index d = 0; d < a.cols(); ++d) {
        dot += static_cast<double>(a(0, d)) * static_cast<double>(b(0, d));
        aa += static_cast<double>(a(0, d)) * static_cast<double>(a(0, d));
        bb += static_cast<double>(b(0, d)) * static_cast<double>(b(0, d));
    }
    return aa > 0.0 && bb > 0.0 ? dot / std::sqrt(aa * bb) : 0.0;
}

} // namespace

#define FOR_AUTOENCODERS_WITH(key, name)                                                                     \
    void name##_data() { everyAutoencoder(key); }                                                            \
    void name()
#define ALGORITHM()                                                                                          \
    QFETCH(QString, id);                                                                                     \
    const AlgorithmInfo& info = algorithm(id)

class TestAutoencoderCodes final : public QObject {
    Q_OBJECT

private slots:
    FOR_AUTOENCODERS_WITH("recommend_by", everyWayToRecommendIsPersonal) {
        ALGORITHM();
        const auto model = trained(info);
        QVERIFY(model);
        for (const auto& choice : info.schema().find("recommend_by")->choices) {
            const auto used = usedBy(info, *model, "recommend_by", choice.key);
            QVERIFY2(used, choice.key.c_str());
            QVERIFY(answersEverybody(*used, *planted()));
            const double share = personalShare(*used);
            QVERIFY2(share > 0.8, (choice.key + " " + std::to_string(share)).c_str()); // by chance: 0.5
        }
    }

    FOR_AUTOENCODERS_WITH("recommend_by", scoresByCodesEqualASlowReference) {
        ALGORITHM();
        const auto model = trained(info);
        const MatrixF& items = *model->itemEmbeddings();
        std::vector<MatrixF> users;
        for (int u = 0; u < kUsers; ++u)
            users.push_back(codeOf(*model, knownUser(*planted(), UserIndex{u})));
        constexpr int neighbours = 7;
        TensorFile file = saved(*model);
        file.setMeta("param.code_neighbours", std::to_string(neighbours));
        const auto scoresBy = [&](const char* way, const Query& query) {
            file.setMeta("param.recommend_by", way);
            return scoresOf(*std::move(info.load(file)).value(), query);
        };
        for (const int u : {0, 1, 57, kUsers - 1}) {
            const Query query = unknownUser(*planted(), UserIndex{u});
            const MatrixF code = codeOf(*model, query);
            const auto byCosine = scoresBy("cosine", query);
            const auto byDot = scoresBy("dot", query);
            const auto byDistance = scoresBy("euclidean", query);
            for (int i = 0; i < kItems; ++i) {
                const auto n = static_cast<std::size_t>(i);
                const MatrixF item = items.row(i);
                QVERIFY(std::abs(static_cast<double>(byCosine[n]) - cosine(code, item)) < 1e-4);
                const auto dot = static_cast<double>(code.row(0).dot(item.row(0)));
                QVERIFY(std::abs(static_cast<double>(byDot[n]) - dot) < 1e-4 * (1.0 + std::abs(dot)));
                const auto distance = static_cast<double>((code - item).norm());
                QVERIFY(std::abs(static_cast<double>(byDistance[n]) + distance) < 1e-2 * (1.0 + distance));
            }

            std::vector<std::pair<double, int>> nearest; // most alike first
            for (int v = 0; v < kUsers; ++v)
                nearest.emplace_back(-cosine(code, users[static_cast<std::size_t>(v)]), v);
            std::sort(nearest.begin(), nearest.end());
            std::vector<double> expected(kItems, 0.0);
            for (int n = 0; n < neighbours; ++n)
                for (const ItemIndex item :
                     planted()->train().cols(UserIndex{nearest[static_cast<std::size_t>(n)].second}))
                    expected[static_cast<std::size_t>(toInt(item))] -=
                        nearest[static_cast<std::size_t>(n)].first;
            const auto byNeighbours = scoresBy("knn", query);
            for (std::size_t n = 0; n < kItems; ++n)
                QVERIFY(std::abs(static_cast<double>(byNeighbours[n]) - expected[n]) < 1e-4 * neighbours);
        }
    }

    FOR_AUTOENCODERS_WITH({}, theDecodedCodeIsTheScore) {
        ALGORITHM();
        const auto model = trained(info);
        QVERIFY(model && model->latentSpace());
        for (const int u : {0, 5, kUsers - 1})
            for (const Query& query :
                 {knownUser(*planted(), UserIndex{u}), unknownUser(*planted(), UserIndex{u}), Query()}) {
                const MatrixF scores = rowOf(scoresOf(*model, query));
                const MatrixF again = decoded(*model, codeOf(*model, query));
                QVERIFY((scores - again).cwiseAbs().maxCoeff() <=
                        1e-5f * (1.0f + scores.cwiseAbs().maxCoeff()));
            }
    }

    FOR_AUTOENCODERS_WITH({}, thePathBetweenTwoUsersEndsAtThem) {
        ALGORITHM();
        const auto model = trained(info);
        const Query a = knownUser(*planted(), UserIndex{4});
        const Query b = knownUser(*planted(), UserIndex{5}); // of another group
        const MatrixF from = codeOf(*model, a);
        const MatrixF to = codeOf(*model, b);
        MatrixF path(5, from.cols());
        for (int step = 0; step < 5; ++step)
            path.row(step) = (1.0f - 0.25f * static_cast<float>(step)) * from.row(0) +
                             0.25f * static_cast<float>(step) * to.row(0);
        const MatrixF scores = decoded(*model, path);
        QVERIFY(scores.allFinite());
        const MatrixF atStart = rowOf(scoresOf(*model, a));
        const MatrixF atEnd = rowOf(scoresOf(*model, b));
        QVERIFY((scores.row(0) - atStart).cwiseAbs().maxCoeff() < 1e-4f);
        QVERIFY((scores.row(4) - atEnd).cwiseAbs().maxCoeff() < 1e-4f);
        // On the way, the first one's scores are left behind step by step.
        float before = 0.0f;
        for (int step = 1; step < 5; ++step) {
            const float away = (scores.row(step) - atStart).norm();
            QVERIFY(away > before);
            before = away;
        }
    }

    void madeUpUsersFollowThePrior() {
        const auto model = trained(algorithm("mult_vae"), {{"epochs", std::int64_t{1}}});
        QVERIFY(model->latentSpace()->generative());
        MatrixF codes(4000, 8);
        Rng rng(3);
        model->latentSpace()->samplePrior(rng, codes);
        QVERIFY(std::abs(codes.mean()) < 0.03f); // 5 standard errors
        QVERIFY(std::abs(codes.squaredNorm() / static_cast<float>(codes.size()) - 1.0f) < 0.04f);
        QVERIFY(decoded(*model, codes.topRows(50)).allFinite());
        MatrixF again(4000, 8);
        Rng same(3);
        model->latentSpace()->samplePrior(same, again);
        QVERIFY(codes == again);
        for (const char* id : {"gaussian_vae", "aae"})
            QVERIFY2(trained(algorithm(id), {{"epochs", std::int64_t{1}}})->latentSpace()->generative(), id);
        for (const char* id :
             {"autoencoder", "cdae", "mult_dae", "rec_vae"}) // RecVAE's prior follows its users
            QVERIFY2(!trained(algorithm(id), {{"epochs", std::int64_t{1}}})->latentSpace()->generative(), id);
    }

    void theMixturesDrawsLieInTheRing() {
        constexpr int clouds = 6;
        constexpr double radius = 50.0;
        const auto model = trained(algorithm("aae"), {{"epochs", std::int64_t{1}},
                                                      {"prior", std::string("mixture")},
                                                      {"prior_components", std::int64_t{clouds}},
                                                      {"prior_radius", radius}});
        MatrixF codes(600, 8);
        Rng rng(4);
        model->latentSpace()->samplePrior(rng, codes);
        std::set<int> met;
        for (Eigen::Index n = 0; n < codes.rows(); ++n) {
            const auto x = static_cast<double>(codes(n, 0));
            const auto y = static_cast<double>(codes(n, 1));
            // In the plane of the first two numbers, within 6 deviations of one of the centres.
            const int cloud =
                (static_cast<int>(std::lround(std::atan2(y, x) / (2.0 * M_PI / clouds))) + clouds) % clouds;
            const double angle = 2.0 * M_PI * cloud / clouds;
            QVERIFY(std::hypot(x - radius * std::cos(angle), y - radius * std::sin(angle)) < 6.0);
            met.insert(cloud);
            QVERIFY(codes.row(n).tail(6).cwiseAbs().maxCoeff() < 6.0f);
        }
        QCOMPARE(met.size(), std::size_t{clouds});
        // The saved model knows its prior.
        const auto loaded = algorithm("aae").load(saved(*model));
        QVERIFY(loaded.ok());
        MatrixF again(600, 8);
        Rng same(4);
        (*loaded)->latentSpace()->samplePrior(same, again);
        QVERIFY(codes == again);
    }

    FOR_AUTOENCODERS_WITH({}, theSeedDecidesTheNoise) {
        ALGORITHM();
        const auto model =
            trained(info, {{"dropout_prob", 0.5}, {"corruption_ratio", 0.5}, {"epochs", std::int64_t{2}}});
        const Query query = knownUser(*planted(), UserIndex{3});
        const LatentSpace& space = *model->latentSpace();
        const Reconstruction plain = space.reconstruct(query);
        QCOMPARE(plain.input.size(), query.items.size());
        QVERIFY(plain.input == plain.noisyInput);
        QCOMPARE(plain.deviation.size(), Eigen::Index{0});
        QVERIFY((rowOf(scoresOf(*model, query)).row(0).transpose() - plain.output).cwiseAbs().maxCoeff() <
                1e-4f);
        if (plain.rebuilt != plain.output) // on a scale of 0 to 1
            QVERIFY(plain.rebuilt.minCoeff() >= 0.0f && plain.rebuilt.maxCoeff() <= 1.0f);
        const Reconstruction one = space.reconstruct(query, 9);
        const Reconstruction same = space.reconstruct(query, 9);
        const Reconstruction other = space.reconstruct(query, 10);
        QVERIFY(one.input == plain.input);
        QVERIFY(one.noisyInput == same.noisyInput);
        QVERIFY(one.output == same.output && one.code == same.code);
        QVERIFY(one.noisyInput != plain.noisyInput);
        QVERIFY(one.noisyInput != other.noisyInput);
        QVERIFY(std::count(one.noisyInput.begin(), one.noisyInput.end(), 0.0f) > 0);
        QCOMPARE(one.deviation.size() > 0, id == "mult_vae" || id == "gaussian_vae" || id == "rec_vae");
    }

    FOR_AUTOENCODERS_WITH({}, aSavedModelHasTheSameSpace) {
        ALGORITHM();
        const auto model = trained(info, {{"epochs", std::int64_t{3}}});
        const auto loaded = info.load(saved(*model));
        QVERIFY(loaded.ok());
        const LatentSpace& space = *(*loaded)->latentSpace();
        QCOMPARE(space.size(), model->latentSpace()->size());
        QCOMPARE(space.generative(), model->latentSpace()->generative());
        QVERIFY(*(*loaded)->itemEmbeddings() == *model->itemEmbeddings());
        QVERIFY(*(*loaded)->userEmbeddings() == *model->userEmbeddings());
        const Query query = unknownUser(*planted(), UserIndex{7});
        QVERIFY(codeOf(**loaded, query) == codeOf(*model, query));
        const MatrixF codes = MatrixF::Constant(2, space.size(), 0.3f);
        QVERIFY(decoded(**loaded, codes) == decoded(*model, codes));
        QVERIFY(space.reconstruct(query, 5).output == model->latentSpace()->reconstruct(query, 5).output);
    }
};

QTEST_GUILESS_MAIN(TestAutoencoderCodes)
#include "tst_autoencoder_codes.moc"
