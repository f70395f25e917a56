// SPDX-License-Identifier: GPL-3.0-or-later
// A small variational autoencoder is trained as PyTorch trains it: tests/data/nn/make_trajectory_reference.py
// says how the figures were made.
#include "engine/nn/losses/reconstruction.h"
#include "engine/nn/ops/activation.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/gaussian.h"
#include "engine/nn/optimizer.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <cmath>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

constexpr int kItems = 7;
constexpr int kHidden = 4;
constexpr int kCode = 3;
constexpr double kRate = 0.05;
constexpr double kDecay = 0.03;
constexpr double kTolerance = 1e-10; // with lazy rows, which PyTorch does not have: 0.05

const std::vector<std::vector<std::int32_t>> kHistories{
    {0, 1, 3}, {1, 2}, {0, 2, 3, 5}, {3, 5}, {0, 4, 5, 6}};

struct Network {
    std::shared_ptr<Graph<double>> graph = std::make_shared<Graph<double>>();
    ParameterSet<double> parameters;
    SparseId history{};
    NodeId reconstruction{}, kl{}, loss{};
    ScalarId beta{};

    ParamId parameter(const char* name, ParamRole role, int rows, int cols) {
        Matrix<double> value(rows, cols);
        for (Eigen::Index n = 0; n < value.size(); ++n)
            value.data()[n] = 0.6 * std::sin(1.0 + parameters.count() + 0.7 * static_cast<double>(n));
        return parameters.add(name, role, std::move(value));
    }
    ParamId weight(const char* name, int rows, int cols) {
        return parameter(name, ParamRole::Weight, rows, cols);
    }
    ParamId bias(const char* name, int cols) { return parameter(name, ParamRole::Bias, 1, cols); }

    Network() {
        Graph<double>& g = *graph;
        using Bias = std::optional<ParamId>;
        history = g.sparseInput(kItems);
        const SparseId scaled = g.transform(history, {.normalise = true});
        const ParamId w0 = weight("encoder.0.weight", kItems, kHidden);
        const Bias b0 = bias("encoder.0.bias", kHidden);
        const ParamId w1 = weight("encoder.1.weight", kHidden, kCode);
        const Bias b1 = bias("encoder.1.bias", kCode);
        const ParamId v = weight("encoder.log_variance.weight", kHidden, kCode);
        const Bias c = bias("encoder.log_variance.bias", kCode);
        const ParamId u0 = weight("decoder.0.weight", kHidden, kCode);
        const Bias d0 = bias("decoder.0.bias", kHidden);
        const ParamId u1 = weight("decoder.1.weight", kItems, kHidden);
        const Bias d1 = bias("decoder.1.bias", kItems);
        const NodeId h = activation(g, sparseDense(g, parameters, scaled, w0, b0), Activation::Tanh);
        const NodeId mean = dense(g, parameters, h, w1, b1);
        const NodeId logVariance = dense(g, parameters, h, v, c);
        const NodeId code = gaussianSample(g, mean, logVariance);
        const NodeId back =
            activation(g, dense(g, parameters, code, u0, d0, WeightLayout::OutputByInput), Activation::Tanh);
        const NodeId output = dense(g, parameters, back, u1, d1, WeightLayout::OutputByInput);
        reconstruction = reconstructionLoss(g, output, history, {.loss = ReconstructionLoss::Multinomial});
        kl = klToStandardNormal(g, mean, logVariance);
        const ScalarId one = g.scalar("one", 1.0);
        beta = g.scalar("beta", 0.0);
        loss = weightedSum(g, {reconstruction, kl}, {one, beta});
    }
};

/// Trains the network step by step, without noise.
class Training {
public:
    void step(int number) {
        m_workspace.setBatch(3);
        SparseBatch<double>& history = m_workspace.sparse(network.history);
        history.clear();
        const std::size_t first = number % 2 == 1 ? 0 : 2;
        for (std::size_t user = first; user < first + 3; ++user)
            history.appendRow(kHistories[user], 1.0);
        m_workspace.scalar(network.beta) = 0.1 * number;
        Step<double> pass(m_plan, network.parameters, m_workspace, {});
        pass.forward();
        pass.backward(m_gradients);
        m_optimizer.step(network.parameters, m_gradients, kRate, nullptr);
    }
    double value(NodeId node) const { return m_workspace.value(node)(0, 0); }
    /// Rows that nothing touched are zero.
    Matrix<double> gradient(ParamId id) const {
        const Gradients<double>& gradients = m_gradients;
        if (gradients.allRows(id)) return gradients.value(id);
        const Matrix<double>& value = network.parameters[id].value;
        Matrix<double> result = Matrix<double>::Zero(value.rows(), value.cols());
        for (const std::int32_t row : gradients.touchedRows(id))
            result.row(row) = gradients.value(id).row(row);
        return result;
    }

    Network network;

private:
    Plan m_plan =
        network.graph->planTraining(network.loss, network.parameters.trained(), network.parameters.count());
    Workspace<double> m_workspace{network.graph, 3, Keep::ValuesAndGradients};
    Gradients<double> m_gradients{network.parameters};
    Optimizer<double> m_optimizer{{.kind = OptimizerKind::Adam, .weightDecay = kDecay, .lazyRows = false},
                                  network.parameters,
                                  network.parameters.trained()};
};

/// The largest difference from a list of numbers; 1 where their count differs.
double distance(const Matrix<double>& found, const QJsonArray& expected) {
    if (found.size() != expected.size() || found.size() == 0) return 1.0;
    double largest = 0.0;
    for (Eigen::Index n = 0; n < found.size(); ++n)
        largest = std::max(largest, std::abs(found.data()[n] - expected[n].toDouble(1e9)));
    return largest;
}

} // namespace

class TestTrajectory : public QObject {
    Q_OBJECT

private slots:
    void lossesGradientsAndWeightsAreThoseOfPyTorch() {
        QFile file(QStringLiteral(RECOSCOPE_SOURCE_DIR "/tests/data/nn/trajectory_reference.json"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QJsonArray steps = QJsonDocument::fromJson(file.readAll()).object()["steps"].toArray();
        QCOMPARE(steps.size(), qsizetype{5});
        Training training;
        int compared = 0;
        for (int number = 1; number <= 5; ++number) {
            training.step(number);
            const QJsonObject expected = steps[number - 1].toObject();
            const auto near = [&](NodeId node, const char* key) {
                return std::abs(training.value(node) - expected[key].toDouble()) < kTolerance;
            };
            QVERIFY(near(training.network.reconstruction, "reconstruction"));
            QVERIFY(near(training.network.kl, "kl"));
            QVERIFY(near(training.network.loss, "loss"));
            const QJsonObject gradients = expected["gradients"].toObject();
            const QJsonObject weights = expected["parameters"].toObject(); // after steps 1, 2 and 5
            for (std::int32_t n = 0; n < training.network.parameters.count(); ++n) {
                const ParamId id{n};
                const Parameter<double>& parameter = training.network.parameters[id];
                const QString name = QString::fromStdString(parameter.name);
                const QByteArray where = name.toUtf8() + " in step " + QByteArray::number(number);
                QVERIFY2(distance(training.gradient(id), gradients[name].toArray()) < kTolerance, where);
                if (weights.isEmpty()) continue;
                QVERIFY2(distance(parameter.value, weights[name].toArray()) < kTolerance, where);
                ++compared;
            }
        }
        QCOMPARE(compared, 3 * 10);
    }
};

QTEST_APPLESS_MAIN(TestTrajectory)
#include "tst_trajectory.moc"
