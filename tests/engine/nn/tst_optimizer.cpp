// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/check.h"
#include "engine/core/thread_pool.h"
#include "engine/nn/optimizer.h"

#include "tests/conformance/allocation_counter.h"

#include <QTest>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <vector>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

using Six = std::array<double, 6>;
constexpr std::array kAllKinds{OptimizerKind::Sgd,     OptimizerKind::Momentum, OptimizerKind::Nesterov,
                               OptimizerKind::Adagrad, OptimizerKind::RmsProp,  OptimizerKind::Adam,
                               OptimizerKind::AdamW,   OptimizerKind::Rprop};

// Half of Σ a (w − t)² is the loss of the trajectories below.
constexpr Six kStart{0.5, -1.25, 2.0, 0.75, -0.1, 0.0};
constexpr Six kCurvature{1.0, 0.5, 2.0, -0.3, 4.0, 0.01};
constexpr Six kTarget{1.0, 1.0, -0.5, 0.2, 0.3, -2.0};

template <class S>
Matrix<S> normalNumbers(std::int64_t rows, std::int64_t cols, std::uint64_t seed) {
    Rng rng(seed);
    Matrix<S> matrix(rows, cols);
    for (std::int64_t n = 0; n < matrix.size(); ++n)
        matrix.data()[n] = static_cast<S>(rng.normal());
    return matrix;
}

template <class S>
bool sameBits(const Matrix<S>& a, const Matrix<S>& b) {
    return a.size() == b.size() &&
           std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(S)) == 0;
}

/// One number, updated as the formulas read, one by one and in double.
struct Scalar {
    double w = 0.0;
    double m = 0.0;
    double v = 0.0;
    int t = 0;

    void step(const OptimizerOptions& o, double g, double rate, bool weight) {
        ++t;
        const double decay = weight ? o.weightDecay : 0.0;
        if (weight && w != 0.0) g += o.l1 * (w / std::abs(w));
        if (o.kind == OptimizerKind::AdamW)
            w = w - rate * decay * w;
        else
            g += decay * w;
        switch (o.kind) {
        case OptimizerKind::Sgd:
            w -= rate * g;
            break;
        case OptimizerKind::Momentum:
            m = o.momentum * m + g;
            w -= rate * m;
            break;
        case OptimizerKind::Nesterov:
            m = o.momentum * m + g;
            w -= rate * (g + o.momentum * m);
            break;
        case OptimizerKind::Adagrad:
            v += g * g;
            w -= rate * g / (std::sqrt(v) + o.epsilon);
            break;
        case OptimizerKind::RmsProp:
            v = o.rmsDecay * v + (1.0 - o.rmsDecay) * g * g;
            w -= rate * g / (std::sqrt(v) + o.epsilon);
            break;
        case OptimizerKind::Adam:
        case OptimizerKind::AdamW: {
            m = o.beta1 * m + (1.0 - o.beta1) * g;
            v = o.beta2 * v + (1.0 - o.beta2) * g * g;
            const double mHat = m / (1.0 - std::pow(o.beta1, t));
            const double vHat = v / (1.0 - std::pow(o.beta2, t));
            w -= rate * mHat / (std::sqrt(vHat) + o.epsilon);
            break;
        }
        case OptimizerKind::Rprop:
            if (t == 1) v = 1.0;
            if (g * m < 0.0) {
                v = std::max(0.5 * v, 1e-5);
                g = 0.0;
            } else if (g * m > 0.0) {
                v = std::min(1.2 * v, 1000.0);
            }
            if (g != 0.0) w -= rate * v * (g / std::abs(g));
            m = g;
            break;
        }
    }
};

/// Largest distance to Scalar over five steps of a matrix with odd sizes and a bias, with both penalties.
template <class S>
double distanceToFormula(OptimizerKind kind) {
    const OptimizerOptions options{
        .kind = kind, .momentum = 0.7, .beta2 = 0.98, .epsilon = 1e-3, .weightDecay = 0.03, .l1 = 0.02};
    ParameterSet<S> set;
    const ParamId weight = set.add("weight", ParamRole::Weight, normalNumbers<S>(5, 37, 1));
    const ParamId bias = set.add("bias", ParamRole::Bias, normalNumbers<S>(1, 19, 2));
    set[weight].value(0, 0) = S(0); // where |w| has no slope
    const std::vector<ParamId> which{weight, bias};
    std::vector<std::vector<Scalar>> expected;
    for (const ParamId id : which) {
        auto& scalars = expected.emplace_back();
        for (std::int64_t n = 0; n < set[id].value.size(); ++n)
            scalars.push_back({.w = static_cast<double>(set[id].value.data()[n])});
    }
    Optimizer<S> optimizer(options, set, which);
    Gradients<S> gradients(set);
    double distance = 0.0;
    for (int t = 0; t < 5; ++t) {
        const double rate = 0.1 / (1.0 + t);
        gradients.clear();
        for (std::size_t p = 0; p < which.size(); ++p) {
            const Matrix<S>& value = set[which[p]].value;
            auto matrix = gradients.dense(which[p]).matrix;
            matrix = normalNumbers<S>(value.rows(), value.cols(), 10 + static_cast<std::uint64_t>(t));
            for (std::size_t n = 0; n < expected[p].size(); ++n)
                expected[p][n].step(options, static_cast<double>(matrix.data()[n]), rate, p == 0);
        }
        optimizer.step(set, gradients, rate, nullptr);
        for (std::size_t p = 0; p < which.size(); ++p)
            for (std::size_t n = 0; n < expected[p].size(); ++n)
                distance = std::max(distance, std::abs(expected[p][n].w -
                                                       static_cast<double>(set[which[p]].value.data()[n])));
    }
    return distance;
}

/// A parameter after four steps with gradients in some rows, other rows each step, and once in all.
struct SparseRun {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    bool asDense = false; // the same gradients, with zeros written to all other rows
    ThreadPool* pool = nullptr;
};
template <class S>
Matrix<S> runOnRows(const OptimizerOptions& options, const SparseRun& run) {
    ParameterSet<S> set;
    const ParamId id = set.add("w", ParamRole::Weight, normalNumbers<S>(run.rows, run.cols, 3));
    Optimizer<S> optimizer(options, set, {id});
    Gradients<S> gradients(set);
    Rng rng(4);
    for (int t = 0; t < 4; ++t) {
        gradients.clear();
        std::vector<std::int32_t> touched;
        for (std::int32_t row = 0; row < run.rows; ++row)
            if (rng.below(3) == 0) touched.push_back(row);
        rng.shuffle(std::span(touched));
        const Matrix<S> numbers = normalNumbers<S>(run.rows, run.cols, 20 + static_cast<std::uint64_t>(t));
        if (t == 2) {
            gradients.dense(id).matrix = numbers;
        } else if (run.asDense) {
            auto all = gradients.dense(id).matrix;
            all.setZero();
            for (const std::int32_t row : touched)
                all.row(row) = numbers.row(row);
        } else {
            auto some = gradients.rows(id, touched);
            for (const std::int32_t row : touched)
                some.row(row) = numbers.row(row);
        }
        optimizer.step(set, gradients, 0.05, run.pool);
    }
    return set[id].value;
}

} // namespace

class TestOptimizer : public QObject {
    Q_OBJECT

    static void addKinds() {
        QTest::addColumn<int>("kind");
        for (const auto& [kind, choice] : optimizerChoices())
            QTest::newRow(choice.key.c_str()) << static_cast<int>(kind);
    }

private slots:
    // Five steps of torch.optim in PyTorch 1.13.1 (Debian's python3-torch), torch.float64 throughout: w =
    // kStart as a leaf, in each step zero_grad(), (0.5 * a * (w - t)**2).sum().backward(), step(); then
    // w.tolist(). Learning rate 0.1, other arguments as in the options here (RMSprop's alpha is rmsDecay).
    void equalsPyTorch_data() {
        QTest::addColumn<OptimizerOptions>("options");
        QTest::addColumn<Six>("expected");
        using enum OptimizerKind;
        QTest::newRow("SGD") << OptimizerOptions{.kind = Sgd}
                             << Six{0.704755,           -0.7410071093749999, 0.3192,
                                    0.8376007408649999, 0.26889599999999997, -0.009980019990002};
        QTest::newRow("SGD, weight_decay")
            << OptimizerOptions{.kind = Sgd, .weightDecay = 0.05}
            << Six{0.6925927127171875, -0.7180680110195312, 0.30224035743124983,
                   0.8170181885742187, 0.2667430738878125,  -0.009880717842592};
        QTest::newRow("SGD, momentum, weight_decay")
            << OptimizerOptions{.kind = Momentum, .momentum = 0.8, .weightDecay = 0.05}
            << Six{0.9239287137171875, -0.04875933351953125, -1.4940855185687503,
                   0.9062331260742189, 0.5067354496878125,   -0.022779988140192};
        QTest::newRow("SGD, nesterov") << OptimizerOptions{.kind = Nesterov, .momentum = 0.8}
                                       << Six{0.9785018224,       0.06680508152500002, -1.163486464,
                                              1.0136607220721232, 0.35273653248,       -0.028375716008561952};
        QTest::newRow("Adagrad") << OptimizerOptions{.kind = Adagrad, .epsilon = 1e-8}
                                 << Six{0.7773082121820729, -0.9356084828349629, 1.6846950872049913,
                                        1.1016227714566704, 0.1634419553313936,  -0.3132382916890115};
        QTest::newRow("RMSprop") << OptimizerOptions{.kind = RmsProp, .rmsDecay = 0.9, .epsilon = 1e-8}
                                 << Six{0.9978253721189612, -0.2843524282291413, 1.02305224801745,
                                        2.0052430761497564, 0.2999896871759833,  -0.9510716593985368};
        QTest::newRow("Adam") << OptimizerOptions{.kind = Adam}
                              << Six{0.9721855434692556, -0.752539949584572, 1.5022246492755824,
                                     1.251938738390305,  0.3553892040141067, -0.49704396040832255};
        QTest::newRow("Adam, betas, eps, weight_decay")
            << OptimizerOptions{.kind = Adam,
                                .beta1 = 0.8,
                                .beta2 = 0.95,
                                .epsilon = 1e-2,
                                .weightDecay = 0.05}
            << Six{0.9468444157089235, -0.758329167451679,  1.5043995581319984,
                   1.224348938467014,  0.34079811093361145, -0.28962824373723883};
        QTest::newRow("AdamW") << OptimizerOptions{.kind = AdamW, .weightDecay = 0.05}
                               << Six{0.9566399743851229, -0.7267511314222329, 1.4579535955161333,
                                      1.2284613428827784, 0.3530617950151831,  -0.4921015975134827};
        // With step_sizes=(1e-6, 100).
        QTest::newRow("Rprop") << OptimizerOptions{.kind = Rprop}
                               << Six{1.0368,  -0.5058399999999998, 1.2558399999999998,
                                      1.49416, 0.43679999999999997, -0.7441599999999999};
    }
    void equalsPyTorch() {
        QFETCH(OptimizerOptions, options);
        QFETCH(Six, expected);
        ParameterSet<double> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<double>(2, 3));
        std::copy(kStart.begin(), kStart.end(), set[id].value.data());
        Optimizer<double> optimizer(options, set, {id});
        Gradients<double> gradients(set);
        for (int t = 0; t < 5; ++t) {
            gradients.clear();
            double* g = gradients.dense(id).matrix.data();
            for (std::size_t n = 0; n < 6; ++n)
                g[n] = kCurvature[n] * (set[id].value.data()[n] - kTarget[n]);
            optimizer.step(set, gradients, 0.1, nullptr);
        }
        for (std::size_t n = 0; n < 6; ++n)
            QVERIFY2(std::abs(set[id].value.data()[n] - expected[n]) < 1e-13,
                     qPrintable(QString::number(set[id].value.data()[n], 'g', 17)));
    }

    // torch.optim.SparseAdam of PyTorch 1.13.1 in float64, three steps with the sparse gradients below, lr
    // 0.1, eps 1e-300 (SparseAdam has its eps elsewhere; without one they agree).
    void lazyAdamEqualsPyTorchsSparseAdam() {
        ParameterSet<double> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<double>(3, 2));
        set[id].value << 0.5, -1.0, 2.0, 0.25, -0.75, 1.5;
        Optimizer<double> optimizer({.epsilon = 0.0, .lazyRows = true}, set, {id});
        Gradients<double> gradients(set);
        const auto step = [&](std::vector<std::int32_t> rows, std::vector<std::array<double, 2>> numbers) {
            gradients.clear();
            auto matrix = gradients.rows(id, rows);
            for (std::size_t n = 0; n < rows.size(); ++n)
                matrix.row(rows[n]) << numbers[n][0], numbers[n][1];
            optimizer.step(set, gradients, 0.1, nullptr);
        };
        step({0, 2}, {{1.0, 2.0}, {-0.5, 0.25}});
        step({2}, {{0.5, 0.5}});
        step({2, 1}, {{0.1, 0.2}, {3.0, -1.0}});
        const Six expected{
            0.4, -1.1, 1.9361186400601484, 0.31388135993985156, -0.6682432128098371, 1.2117077105253606};
        for (std::size_t n = 0; n < 6; ++n)
            QVERIFY(std::abs(set[id].value.data()[n] - expected[n]) < 1e-14);
    }

    void followsItsFormula_data() { addKinds(); }
    void followsItsFormula() {
        QFETCH(int, kind);
        // Rounding of five steps; a wrong sign, epsilon or penalty is off by more than 1e-3.
        QCOMPARE_LT(distanceToFormula<double>(OptimizerKind{kind}), 1e-13);
        QCOMPARE_LT(distanceToFormula<float>(OptimizerKind{kind}), 3e-6);
    }

    void firstStepOfAdamIsTheLearningRateWhateverTheGradient() {
        ParameterSet<double> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<double>::Ones(1, 3));
        Optimizer<double> optimizer({.kind = OptimizerKind::Adam}, set, {id});
        Gradients<double> gradients(set);
        gradients.dense(id).matrix << 1000.0, -0.001, 0.0;
        optimizer.step(set, gradients, 0.01, nullptr);
        QVERIFY(std::abs(set[id].value(0, 0) - 0.99) < 1e-12);
        QVERIFY(std::abs(set[id].value(0, 1) - 1.01) < 1e-6); // epsilon is 1e-5 of this gradient
        QCOMPARE(set[id].value(0, 2), 1.0);
    }

    void penaltiesSpareBiases() {
        ParameterSet<double> set;
        const ParamId weight = set.add("w", ParamRole::Weight, Matrix<double>::Constant(1, 2, -2.0));
        const ParamId bias = set.add("b", ParamRole::Bias, Matrix<double>::Constant(1, 2, -2.0));
        Optimizer<double> optimizer({.kind = OptimizerKind::Sgd, .weightDecay = 0.1, .l1 = 0.3}, set,
                                    {weight, bias});
        Gradients<double> gradients(set);
        gradients.dense(weight).matrix.setZero();
        gradients.dense(bias).matrix.setZero();
        optimizer.step(set, gradients, 0.5, nullptr);
        QCOMPARE(set[weight].value(0, 1), -2.0 + 0.5 * (0.1 * 2.0 + 0.3));
        QCOMPARE(set[bias].value(0, 1), -2.0);
    }

    void aParameterTakesItsShareOfTheWeightDecay() {
        ParameterSet<double> set;
        std::vector<ParamId> all;
        for (const double share : {1.0, 0.25, 0.0}) {
            all.push_back(set.add("w" + std::to_string(all.size()), ParamRole::Weight,
                                  Matrix<double>::Constant(1, 1, 2.0)));
            set[all.back()].decayShare = share;
        }
        Optimizer<double> optimizer({.kind = OptimizerKind::Sgd, .weightDecay = 0.1}, set, all);
        Gradients<double> gradients(set);
        for (const ParamId id : all)
            gradients.dense(id).matrix.setZero();
        optimizer.step(set, gradients, 0.5, nullptr);
        QCOMPARE(set[all[0]].value(0, 0), 2.0 * (1.0 - 0.5 * 0.1));
        QCOMPARE(set[all[1]].value(0, 0), 2.0 * (1.0 - 0.5 * 0.025));
        QCOMPARE(set[all[2]].value(0, 0), 2.0);
    }

    void decayOfAdamWStandsApartFromItsGradient() {
        // With a gradient of zero Adam's moments stay zero and only the factor 1 - rate * decay is left; with
        // the penalty in the gradient the first step would be of size 0.1.
        ParameterSet<double> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<double>::Constant(1, 1, 4.0));
        Optimizer<double> optimizer({.kind = OptimizerKind::AdamW, .weightDecay = 0.2}, set, {id});
        Gradients<double> gradients(set);
        gradients.dense(id).matrix.setZero();
        for (int t = 0; t < 3; ++t)
            optimizer.step(set, gradients, 0.1, nullptr);
        QCOMPARE(set[id].value(0, 0), 4.0 * 0.98 * 0.98 * 0.98);
    }

    void lazyRowsThatAreNotTouchedStayAsTheyAre_data() { addKinds(); }
    void lazyRowsThatAreNotTouchedStayAsTheyAre() {
        QFETCH(int, kind);
        ParameterSet<float> set;
        const ParamId id = set.add("w", ParamRole::Weight, normalNumbers<float>(4, 9, 5));
        Optimizer<float> optimizer({.kind = OptimizerKind{kind}, .weightDecay = 0.1, .l1 = 0.1}, set, {id});
        Gradients<float> gradients(set);
        gradients.dense(id).matrix.setOnes();
        optimizer.step(set, gradients, 0.1, nullptr); // moments of all rows are set up
        const Matrix<float> before = set[id].value;
        gradients.clear();
        const std::array<std::int32_t, 2> touched{3, 1};
        gradients.rows(id, touched).setConstant(0.5f); // what is written to other rows is not valid
        optimizer.step(set, gradients, 0.1, nullptr);
        for (const int row : {0, 2})
            QVERIFY(set[id].value.row(row) == before.row(row));
        for (const int row : {1, 3})
            QVERIFY((set[id].value.row(row).array() != before.row(row).array()).all());
    }

    void rowsThatAreNotTouchedGetAGradientOfZeroWhenNotLazy_data() { addKinds(); }
    void rowsThatAreNotTouchedGetAGradientOfZeroWhenNotLazy() {
        QFETCH(int, kind);
        for (const double penalty : {0.0, 0.1}) {
            OptimizerOptions options{.kind = OptimizerKind{kind}, .weightDecay = penalty, .l1 = penalty};
            options.lazyRows = false;
            const SparseRun rows{.rows = 53, .cols = 11};
            const SparseRun dense{.rows = 53, .cols = 11, .asDense = true};
            const double distance =
                (runOnRows<double>(options, rows) - runOnRows<double>(options, dense)).cwiseAbs().maxCoeff();
            QCOMPARE_LT(distance, 1e-14);
            options.lazyRows = true;
            const double lazy =
                (runOnRows<double>(options, rows) - runOnRows<double>(options, dense)).cwiseAbs().maxCoeff();
            const bool zeroMoves = penalty > 0.0 || (options.kind != OptimizerKind::Sgd &&
                                                     options.kind != OptimizerKind::Adagrad);
            // RMSProp alone does not move at a zero gradient, but its memory fades.
            QCOMPARE(lazy > 1e-6, zeroMoves);
        }
    }

    void bitsDoNotDependOnThreads_data() { addKinds(); }
    void bitsDoNotDependOnThreads() {
        QFETCH(int, kind);
        ThreadPool one({.threads = 1});
        ThreadPool two({.threads = 2});
        for (const bool lazy : {true, false}) {
            OptimizerOptions options{.kind = OptimizerKind{kind}, .weightDecay = 0.01};
            options.lazyRows = lazy;
            const auto run = [&](ThreadPool* pool) {
                return runOnRows<float>(options, {.rows = 307, .cols = 259, .pool = pool}); // 5 chunks
            };
            const Matrix<float> alone = run(nullptr);
            QVERIFY(alone.allFinite());
            QVERIFY(sameBits(alone, run(&one)));
            QVERIFY(sameBits(alone, run(&two)));
        }
    }

    void parametersWithoutAGradientOrNotAskedForStay() {
        ParameterSet<double> set;
        const ParamId left = set.add("left", ParamRole::Weight, Matrix<double>::Ones(2, 2));
        const ParamId trained = set.add("trained", ParamRole::Weight, Matrix<double>::Ones(2, 2));
        const ParamId other = set.add("other", ParamRole::Weight, Matrix<double>::Ones(2, 2));
        Optimizer<double> optimizer({.weightDecay = 0.1, .lazyRows = false}, set, {left, trained});
        Gradients<double> gradients(set);
        for (int t = 0; t < 3; ++t) {
            gradients.clear();
            gradients.dense(trained).matrix.setOnes();
            gradients.dense(other).matrix.setOnes();
            optimizer.step(set, gradients, 0.1, nullptr);
        }
        QVERIFY((set[left].value.array() == 1.0).all());
        QVERIFY((set[other].value.array() == 1.0).all());
        QVERIFY((set[trained].value.array() < 0.9).all());
        // The bias correction of what comes in late begins at its own first step.
        gradients.clear();
        gradients.dense(left).matrix.setConstant(7.0);
        optimizer.step(set, gradients, 0.1, nullptr);
        QVERIFY(std::abs(set[left].value(0, 0) - 0.9) < 1e-8);
    }

    void resetStartsAnew_data() { addKinds(); }
    void resetStartsAnew() {
        QFETCH(int, kind);
        ParameterSet<float> set;
        const ParamId id = set.add("w", ParamRole::Weight, normalNumbers<float>(3, 5, 6));
        const Matrix<float> start = set[id].value;
        Optimizer<float> optimizer({.kind = OptimizerKind{kind}}, set, {id});
        Gradients<float> gradients(set);
        const auto threeSteps = [&] {
            set[id].value = start;
            for (int t = 0; t < 3; ++t) {
                gradients.clear();
                gradients.dense(id).matrix = normalNumbers<float>(3, 5, 30 + static_cast<std::uint64_t>(t));
                optimizer.step(set, gradients, 0.1, nullptr);
            }
            return set[id].value;
        };
        const Matrix<float> first = threeSteps();
        optimizer.reset();
        QVERIFY(sameBits(first, threeSteps()));
        QVERIFY(sameBits(first, threeSteps()) ==
                (OptimizerKind{kind} == OptimizerKind::Sgd)); // it remembers nothing
    }

    void aStepAllocatesNothing_data() { addKinds(); }
    void aStepAllocatesNothing() {
        QFETCH(int, kind);
        if (!test::canCountAllocations()) QSKIP("a sanitizer brings its own allocator");
        ThreadPool pool({.threads = 2});
        ParameterSet<float> set;
        const ParamId dense = set.add("dense", ParamRole::Weight, normalNumbers<float>(200, 300, 7));
        const ParamId rows = set.add("rows", ParamRole::Weight, normalNumbers<float>(200, 300, 8));
        Gradients<float> gradients(set);
        gradients.dense(dense).matrix.setOnes();
        const std::array<std::int32_t, 3> touched{199, 0, 100};
        auto some = gradients.rows(rows, touched);
        for (const std::int32_t row : touched)
            some.row(row).setOnes();
        for (const bool lazy : {true, false}) {
            OptimizerOptions options{.kind = OptimizerKind{kind}, .weightDecay = 0.1};
            options.lazyRows = lazy;
            Optimizer<float> optimizer(options, set, {dense, rows});
            const std::int64_t before = test::allocationCount();
            for (int t = 0; t < 3; ++t)
                optimizer.step(set, gradients, 0.001, &pool);
            QCOMPARE(test::allocationCount() - before, std::int64_t{0});
        }
    }

    void takesMemoryForItsMomentsOnly() {
        ParameterSet<float> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<float>::Zero(10, 7));
        set.add("other", ParamRole::Weight, Matrix<float>::Zero(1000, 7));
        const auto bytes = [&](OptimizerKind kind) {
            return Optimizer<float>({.kind = kind}, set, {id}).bytes();
        };
        QCOMPARE(bytes(OptimizerKind::Sgd), 0);
        QCOMPARE(bytes(OptimizerKind::Momentum), 70 * 4);
        QCOMPARE(bytes(OptimizerKind::Adagrad), 70 * 4);
        QCOMPARE(bytes(OptimizerKind::AdamW), 2 * 70 * 4);
        QCOMPARE(bytes(OptimizerKind::Rprop), 2 * 70 * 4);
    }

    void nanStaysInItsPlace_data() { addKinds(); }
    void nanStaysInItsPlace() {
        QFETCH(int, kind);
        ParameterSet<float> set;
        const ParamId id = set.add("w", ParamRole::Weight, Matrix<float>::Ones(1, 40));
        Optimizer<float> optimizer({.kind = OptimizerKind{kind}, .weightDecay = 0.1}, set, {id});
        Gradients<float> gradients(set);
        gradients.dense(id).matrix.setOnes();
        gradients.value(id)(0, 17) = std::numeric_limits<float>::quiet_NaN();
        optimizer.step(set, gradients, 0.1, nullptr);
        for (int col = 0; col < 40; ++col)
            QCOMPARE(std::isnan(set[id].value(0, col)), col == 17);
    }

    void buffersAndDecayRatesOfOneAreRefused() {
        ParameterSet<float> set;
        const ParamId buffer = set.add("mean", ParamRole::Buffer, Matrix<float>::Zero(1, 1));
        QVERIFY_THROWS_EXCEPTION(CheckFailed, Optimizer<float>({}, set, {buffer}));
        QVERIFY_THROWS_EXCEPTION(CheckFailed, Optimizer<float>({.beta2 = 1.0}, set, {}));
        QVERIFY_THROWS_EXCEPTION(CheckFailed, Optimizer<float>({.momentum = -0.1}, set, {}));
    }

    void emptyParametersAreNoTrouble() {
        ThreadPool pool({.threads = 2});
        ParameterSet<float> set;
        const ParamId noRows = set.add("no rows", ParamRole::Weight, Matrix<float>(0, 5));
        const ParamId noCols = set.add("no cols", ParamRole::Weight, Matrix<float>(5, 0));
        Optimizer<float> optimizer({.lazyRows = false}, set, {noRows, noCols});
        Gradients<float> gradients(set);
        gradients.dense(noRows);
        const std::array<std::int32_t, 1> touched{2};
        gradients.rows(noCols, touched);
        optimizer.step(set, gradients, 0.1, &pool);
        QCOMPARE(set.size(), std::int64_t{0});
    }

    void choicesNameEveryKindOnce() {
        std::set<OptimizerKind> kinds;
        std::set<std::string> keys;
        for (const auto& [kind, choice] : optimizerChoices()) {
            kinds.insert(kind);
            keys.insert(choice.key);
            QVERIFY(!choice.label.empty() && !choice.help.empty());
        }
        QCOMPARE(kinds.size(), kAllKinds.size());
        QCOMPARE(keys.size(), kAllKinds.size());
    }
};

QTEST_APPLESS_MAIN(TestOptimizer)
#include "tst_optimizer.moc"
