// SPDX-License-Identifier: GPL-3.0-or-later
//
// LightGCN, FISM and logistic matrix factorisation against slow calculations of their own equations.
#include "engine/models/factorization/fism.h"
#include "engine/models/factorization/logistic_mf.h"
#include "engine/models/factorization/logistic_mf_model.h"
#include "engine/models/graph/light_gcn.h"

#include "tests/support/small_data.h"

#include <QTest>

#include <cmath>

using namespace recoscope;
using namespace recoscope::test;

namespace {

SplitPtr trainingOnly(const DatasetPtr& data) {
    SplitSpec spec;
    spec.testFraction = 0.0;
    spec.validationFraction = 0.0;
    return std::move(makeSplit(data, spec)).value();
}

std::unique_ptr<Trainer> trainerOf(const AlgorithmInfo& info, const SplitPtr& split, const ParamMap& params) {
    return std::move(info.makeTrainer({split, params, 42})).value();
}

void runEpochs(Trainer& trainer, int epochs) {
    ThreadPool pool({.threads = 2});
    RunControl control;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        EpochContext context{pool, control, epoch, {}, {}};
        QVERIFY(trainer.runEpoch(context).ok());
    }
}

MatrixF scoresOf(const Recommender& model, const Query& query) {
    MatrixF out(1, model.itemCount());
    model.score(std::span(&query, 1), out);
    return out;
}

} // namespace

class TestSampledModels final : public QObject {
    Q_OBJECT
private slots:
    /// With the same seed, vectors of K layers are D^-½ A D^-½ to the powers 0 to K times those of no layer.
    void lightGcnPropagatesAsThePaperSays() {
        const SplitPtr split = trainingOnly(randomDataset(23, 31, 0.2, 6));
        const std::int32_t users = 23;
        const std::int32_t items = 31;
        MatrixD graph = MatrixD::Zero(users + items, users + items);
        for (std::int32_t u = 0; u < users; ++u)
            for (const ItemIndex item : split->train().cols(UserIndex{u}))
                graph(u, users + toInt(item)) = graph(users + toInt(item), u) = 1.0;
        const VectorD degrees = graph.rowwise().sum();
        for (Eigen::Index row = 0; row < graph.rows(); ++row)
            for (Eigen::Index col = 0; col < graph.cols(); ++col)
                if (graph(row, col) > 0.0) graph(row, col) /= std::sqrt(degrees[row] * degrees[col]);
        const ParamMap plain{{"embedding_size", std::int64_t{10}}, {"n_layers", std::int64_t{0}}};
        const auto start = trainerOf(lightGcnInfo(), split, plain)->snapshot();
        MatrixD layer(users + items, 10);
        layer << start->userEmbeddings()->cast<double>(), start->itemEmbeddings()->cast<double>();
        MatrixD sum = layer;
        for (std::int64_t layers = 1; layers <= 3; ++layers) {
            layer = graph * layer;
            sum += layer;
            ParamMap params = plain;
            params["n_layers"] = layers;
            const auto model = trainerOf(lightGcnInfo(), split, params)->snapshot();
            const MatrixD expected = sum / static_cast<double>(layers + 1);
            QVERIFY((model->userEmbeddings()->cast<double>() - expected.topRows(users)).norm() < 1e-5);
            QVERIFY((model->itemEmbeddings()->cast<double>() - expected.bottomRows(items)).norm() < 1e-5);
        }
    }

    /// Small steps along the gradient, computed by a second propagation, lower the loss every time.
    void lightGcnStepsDownTheSlopeOfItsLoss() {
        // Item 1 is all that can be sampled for user 0, and nothing for user 1, so the loss has no noise.
        const SplitPtr split = trainingOnly(dataset(2, 3, {{0, 0}, {1, 1}, {1, 0}, {0, 2}, {1, 2}}));
        const ParamMap params{{"embedding_size", std::int64_t{4}},
                              {"n_layers", std::int64_t{2}},
                              {"learning_rate", 0.001},
                              {"reg_weight", 0.0},
                              {"epochs", std::int64_t{300}}};
        const auto trainer = trainerOf(lightGcnInfo(), split, params);
        ThreadPool pool({.threads = 1});
        RunControl control;
        std::vector<double> losses;
        for (int epoch = 1; epoch <= 60; ++epoch) {
            EpochContext context{pool, control, epoch, {}, {}};
            losses.push_back((*trainer->runEpoch(context)).losses.front().value);
        }
        for (std::size_t n = 1; n < losses.size(); ++n)
            QVERIFY(losses[n] < losses[n - 1] + 1e-6);
        QVERIFY(losses.back() < losses.front() - 0.001);
    }

    /// A user's history as a new node gives what the graph gives, less the user's own vector.
    void lightGcnServesAHistoryItNeverSaw() {
        const SplitPtr split = trainingOnly(randomDataset(40, 30, 0.2, 8));
        const auto trainer = trainerOf(lightGcnInfo(), split,
                                       {{"embedding_size", std::int64_t{8}}, {"n_layers", std::int64_t{2}}});
        runEpochs(*trainer, 3);
        const auto model = trainer->snapshot();
        Query known;
        known.user = UserIndex{5};
        known.items = split->train().cols(UserIndex{5});
        known.values = split->train().values(UserIndex{5});
        Query unknown = known;
        unknown.user.reset();
        const MatrixF a = scoresOf(*model, known);
        const MatrixF b = scoresOf(*model, unknown);
        for (std::int32_t i = 0; i < 30; ++i) {
            const auto why = model->explain(known, ItemIndex{i});
            QVERIFY(why.ok());
            double own = 0.0;
            for (const ExplanationPart& part : why->parts)
                if (!part.item) own += part.contribution;
            QVERIFY(std::abs(static_cast<double>(a(0, i) - b(0, i)) - own) < 1e-5);
        }
    }

    /// The gradient over all columns, one by one, in double.
    void logisticMfStepsAlongTheFullGradient() {
        constexpr std::int64_t d = 5;
        constexpr std::int64_t stride = 16;
        constexpr std::int64_t cols = 37;
        Rng rng(4);
        MatrixF fixed = MatrixF::Zero(cols, stride);
        for (Eigen::Index r = 0; r < cols; ++r)
            for (Eigen::Index f = 0; f < d + 2; ++f)
                fixed(r, f) = f == d ? 1.0f : static_cast<float>(rng.normal());
        MatrixF own = MatrixF::Zero(1, stride);
        for (Eigen::Index f = 0; f < d + 1; ++f)
            own(0, f) = static_cast<float>(rng.normal());
        own(0, d + 1) = 1.0f;
        const MatrixF before = own;
        const std::vector<std::int32_t> chosen{3, 4, 20};
        const std::vector<float> values{1.0f, 5.0f, 2.0f};
        const LogisticObjective objective{2.0f, 0.3f, 0.1f, true};
        VectorF squares = VectorF::Constant(stride, 4.0f);
        double loss = 0.0;
        LogisticScratch scratch;
        const LogisticHistory history{chosen.data(), values};
        logisticStep(objective, {fixed.data(), cols, stride, d, true}, std::span(&history, 1), own.data(),
                     squares.data(), &loss, scratch);
        VectorD gradient = VectorD::Zero(d + 1);
        double expectedLoss = 0.0;
        for (Eigen::Index c = 0; c < cols; ++c) {
            const VectorD y = fixed.row(c).head(d + 2).cast<double>().transpose();
            const double s = before.row(0).head(d + 2).cast<double>().dot(y);
            double weight = 0.0;
            for (std::size_t n = 0; n < chosen.size(); ++n)
                if (chosen[n] == c) weight = 2.0 * static_cast<double>(values[n]);
            const double p = 1.0 / (1.0 + std::exp(-s));
            gradient += (weight * (1.0 - p) - p) * y.head(d + 1);
            expectedLoss += -weight * std::log(p) - std::log(1.0 - p);
        }
        gradient.head(d) -= 0.3 * before.row(0).head(d).cast<double>().transpose();
        QVERIFY(std::abs(loss - expectedLoss) < 1e-3);
        for (Eigen::Index f = 0; f <= d; ++f) {
            const double step = 0.1 * gradient[f] / std::sqrt(4.0 + gradient[f] * gradient[f]);
            QVERIFY(std::abs(static_cast<double>(own(0, f) - before(0, f)) - step) < 1e-4);
        }
        QCOMPARE(own(0, d + 1), 1.0f);
    }

    /// One batch of all users from a given start, against the sums of the header pair by pair.
    void fismStepsAlongTheGradientOfItsBatch() {
        const SplitPtr split = trainingOnly(randomDataset(9, 14, 0.4, 2));
        const std::int64_t d = 3;
        const ParamMap params{{"embedding_size", d},   {"negatives", 0.0}, {"reg", 0.1},  {"reg_bias", 0.2},
                              {"learning_rate", 0.07}, {"init_std", 0.4},  {"alpha", 0.5}};
        const auto trainer = trainerOf(fismInfo(), split, params);
        const auto tensors = [](const Recommender& model) {
            TensorFile file;
            model.save(file);
            return std::pair<MatrixD, MatrixD>(file.matrix("item.given")->cast<double>(),
                                               file.matrix("item.wanted")->cast<double>());
        };
        const auto [p, q] = tensors(*trainer->snapshot());
        runEpochs(*trainer, 1);
        const auto [newP, newQ] = tensors(*trainer->snapshot());
        MatrixD gradientP = MatrixD::Zero(p.rows(), d);
        MatrixD gradientQ = MatrixD::Zero(p.rows(), d);
        for (std::int32_t u = 0; u < 9; ++u) {
            const auto history = split->train().cols(UserIndex{u});
            const double share = std::pow(std::max(1.0, static_cast<double>(history.size()) - 1.0), -0.5);
            for (const ItemIndex item : history) {
                Eigen::RowVectorXd others = Eigen::RowVectorXd::Zero(d);
                for (const ItemIndex other : history)
                    if (other != item) others += p.row(toInt(other));
                const double e = 1.0 - share * others.dot(q.row(toInt(item)));
                gradientQ.row(toInt(item)) += e * share * others - 0.1 * q.row(toInt(item));
                gradientP.row(toInt(item)) -= 0.1 * p.row(toInt(item));
                for (const ItemIndex other : history)
                    if (other != item) gradientP.row(toInt(other)) += e * share * q.row(toInt(item));
            }
        }
        for (Eigen::Index i = 0; i < p.rows(); ++i) {
            const auto step = [&](const MatrixD& gradient) {
                const double squares = 1.0 + gradient.row(i).squaredNorm() / static_cast<double>(d);
                return Eigen::RowVectorXd(0.07 / std::sqrt(squares) * gradient.row(i));
            };
            QVERIFY((newP.row(i) - p.row(i) - step(gradientP)).norm() < 1e-5);
            QVERIFY((newQ.row(i) - q.row(i) - step(gradientQ)).norm() < 1e-5);
        }
    }
};

QTEST_GUILESS_MAIN(TestSampledModels)
#include "tst_sampled_models.moc"
