// SPDX-License-Identifier: GPL-3.0-or-later
// Operations and losses against figures that PyTorch computed (tests/data/nn/make_operation_reference.py),
// and what finite differences cannot see.
#include "engine/nn/losses/adversarial.h"
#include "engine/nn/losses/distribution.h"
#include "engine/nn/losses/pairwise.h"
#include "engine/nn/ops/attention.h"
#include "engine/nn/ops/conv1d.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/embedding.h"
#include "engine/nn/ops/gru.h"
#include "engine/nn/ops/heads.h"
#include "engine/nn/ops/normalisation.h"
#include "engine/nn/ops/pooling.h"
#include "engine/nn/ops/rows.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

/// One case of the reference, and a network to run on it.
class Reference {
public:
    explicit Reference(const QString& name = {}) {
        if (name.isEmpty()) return;
        QFile file(QStringLiteral(RECOSCOPE_SOURCE_DIR "/tests/data/nn/operation_reference.json"));
        if (file.open(QIODevice::ReadOnly))
            m_case = QJsonDocument::fromJson(file.readAll()).object()[name].toObject();
    }

    Matrix<double> matrix(const QString& name) const {
        const QJsonObject object = m_case[name].toObject();
        const QJsonArray data = object["data"].toArray();
        Matrix<double> m(object["rows"].toInt(), object["cols"].toInt());
        for (Eigen::Index n = 0; n < m.size(); ++n)
            m.data()[n] = data[static_cast<qsizetype>(n)].toDouble();
        return m;
    }
    NodeId input(const Matrix<double>& value, int rowsPerExample = 1) {
        m_inputs.emplace_back(graph->input(static_cast<std::int32_t>(value.cols()), rowsPerExample), value);
        m_batch = static_cast<int>(value.rows()) / rowsPerExample;
        return m_inputs.back().first;
    }
    NodeId input(const QString& name, int rowsPerExample = 1) { return input(matrix(name), rowsPerExample); }
    ParamId parameter(const QString& name) {
        return parameters.add(name.toStdString(), ParamRole::Weight, matrix(name));
    }
    SparseId sparse(const QString& name) {
        const Matrix<double> dense = matrix(name);
        m_sparse.emplace_back(graph->sparseInput(static_cast<std::int32_t>(dense.cols())), dense);
        m_batch = static_cast<int>(dense.rows());
        return m_sparse.back().first;
    }
    void setIndices(IndexId id, std::vector<std::int32_t> values, int batch) {
        m_indices.emplace_back(id, std::move(values));
        m_batch = batch;
    }

    /// The value of `node`; and, when it is a loss, the gradients of it.
    Matrix<double> run(NodeId node, bool training = false) {
        const std::vector<ParamId> trained = parameters.trained();
        std::vector<NodeId> nodes;
        for (const auto& [id, value] : m_inputs)
            nodes.push_back(id);
        const bool isLoss = graph->shape(node) == Shape{0, 1};
        const Plan plan = isLoss ? graph->planTraining(node, trained, parameters.count(), nodes)
                                 : graph->planForward(std::span(&node, 1));
        workspace = std::make_unique<Workspace<double>>(graph, m_batch, Keep::ValuesAndGradients);
        workspace->setBatch(m_batch);
        for (const auto& [id, value] : m_inputs)
            workspace->value(id) = value;
        for (const auto& [id, values] : m_indices)
            std::copy(values.begin(), values.end(), workspace->indices(id).begin());
        for (const auto& [id, dense] : m_sparse) {
            workspace->sparse(id).clear();
            for (Eigen::Index row = 0; row < dense.rows(); ++row) {
                std::vector<std::int32_t> columns;
                std::vector<double> values;
                for (Eigen::Index col = 0; col < dense.cols(); ++col)
                    if (dense(row, col) != 0.0) {
                        columns.push_back(static_cast<std::int32_t>(col));
                        values.push_back(dense(row, col));
                    }
                workspace->sparse(id).appendRow(columns, std::span<const double>(values));
            }
        }
        Step<double> step(plan, parameters, *workspace, {.training = training, .seed = 1, .step = 1});
        step.forward();
        gradients = std::make_unique<Gradients<double>>(parameters);
        if (isLoss) step.backward(*gradients);
        return workspace->value(node);
    }
    ConstMap<double> gradient(NodeId node) const {
        return static_cast<const Workspace<double>&>(*workspace).gradient(node);
    }

    std::shared_ptr<Graph<double>> graph = std::make_shared<Graph<double>>();
    ParameterSet<double> parameters;
    std::unique_ptr<Workspace<double>> workspace;
    std::unique_ptr<Gradients<double>> gradients;

private:
    QJsonObject m_case;
    int m_batch = 0;
    std::vector<std::pair<NodeId, Matrix<double>>> m_inputs;
    std::vector<std::pair<SparseId, Matrix<double>>> m_sparse;
    std::vector<std::pair<IndexId, std::vector<std::int32_t>>> m_indices;
};

/// The largest difference; a million when the shapes differ or nothing was read.
double farthest(const Matrix<double>& a, const Matrix<double>& b) {
    if (a.rows() != b.rows() || a.cols() != b.cols() || a.size() == 0) return 1e6;
    return (a - b).cwiseAbs().maxCoeff();
}

constexpr double kClose = 1e-11; // the figures are of size 1, in double

} // namespace

class TestOperations : public QObject {
    Q_OBJECT

private slots:
    void layerNormEqualsPyTorch() {
        Reference r("layer_norm");
        const NodeId x = r.input("x");
        const ParamId gain = r.parameter("gain");
        const NodeId y = layerNorm(*r.graph, r.parameters, x, gain, r.parameter("bias"));
        QVERIFY(farthest(r.run(y), r.matrix("y")) < kClose);
    }

    void batchNormEqualsPyTorchInTrainingAndInUse() {
        Reference r("batch_norm");
        const NodeId x = r.input("x");
        BatchNormParameters ids{r.parameter("gain"), r.parameter("bias"), {}, {}};
        ids.runningMean = r.parameters.add("mean", ParamRole::Buffer, Matrix<double>::Zero(1, 5));
        ids.runningVariance = r.parameters.add("variance", ParamRole::Buffer, Matrix<double>::Ones(1, 5));
        const NodeId y = batchNorm(*r.graph, r.parameters, x, ids);
        QVERIFY(farthest(r.run(y, true), r.matrix("y")) < kClose);
        QVERIFY(farthest(r.parameters[ids.runningMean].value, r.matrix("running_mean")) < kClose);
        QVERIFY(farthest(r.parameters[ids.runningVariance].value, r.matrix("running_variance")) < kClose);
        QVERIFY(farthest(r.run(y), r.matrix("y_in_use")) < kClose);
        QVERIFY(farthest(r.parameters[ids.runningMean].value, r.matrix("running_mean")) < kClose);
    }

    void batchNormOfASingleRowUsesRunningValuesAndKeepsThem() {
        Reference r;
        const NodeId x = r.input(Matrix<double>::Constant(1, 1, 5.0));
        const auto one = [&](const char* name, ParamRole role, double value) {
            return r.parameters.add(name, role, Matrix<double>::Constant(1, 1, value));
        };
        const BatchNormParameters ids{one("gain", ParamRole::Weight, 2.0), one("bias", ParamRole::Bias, 0.5),
                                      one("mean", ParamRole::Buffer, 1.0),
                                      one("variance", ParamRole::Buffer, 4.0)};
        const NodeId y = batchNorm(*r.graph, r.parameters, x, ids, {.epsilon = 0.0});
        QCOMPARE(r.run(y, true)(0, 0), 2.0 * (5.0 - 1.0) / 2.0 + 0.5);
        QCOMPARE(r.parameters[ids.runningMean].value(0, 0), 1.0);
        QCOMPARE(r.parameters[ids.runningVariance].value(0, 0), 4.0);
    }

    void gruEqualsPyTorch() {
        Reference r("gru");
        const NodeId x = r.input("x", 5);
        const ParamId w = r.parameter("input");
        const ParamId u = r.parameter("recurrent");
        const ParamId b = r.parameter("input_bias");
        const GruParameters ids{w, u, b, r.parameter("recurrent_bias")};
        QVERIFY(farthest(r.run(gru(*r.graph, r.parameters, x, ids)), r.matrix("states")) < kClose);
        Matrix<double> mask = Matrix<double>::Ones(10, 1);
        mask(8, 0) = mask(9, 0) = 0.0; // the second example has three rows
        const NodeId states = gru(*r.graph, r.parameters, x, ids, r.input(mask, 5));
        QVERIFY(farthest(r.run(rowOfExample(*r.graph, states, -1)), r.matrix("last")) < kClose);
    }

    void attentionEqualsPyTorch() {
        Reference r("attention");
        const NodeId x = r.input("x", 4);
        const NodeId mask = r.input("mask", 4);
        MultiHeadParameters ids{r.parameter("query"), r.parameter("key"), r.parameter("value"),
                                r.parameter("output")};
        ids.queryBias = r.parameter("query_bias");
        ids.keyBias = r.parameter("key_bias");
        ids.valueBias = r.parameter("value_bias");
        ids.outputBias = r.parameter("output_bias");
        const NodeId y = selfAttention(*r.graph, r.parameters, x, ids, {.heads = 2, .causal = true}, mask);
        QVERIFY(farthest(r.run(y), r.matrix("y")) < kClose);
    }

    void conv1dEqualsPyTorch() {
        Reference r("conv1d");
        const NodeId x = r.input("x", 7);
        const ParamId w = r.parameter("weight");
        const ParamId even = r.parameter("even_weight");
        const ParamId b = r.parameter("bias");
        const auto convolved = [&](ConvPadding padding) {
            return r.run(
                conv1d(*r.graph, r.parameters, x, w, b, {.kernel = 3, .dilation = 2, .padding = padding}));
        };
        QVERIFY(farthest(convolved(ConvPadding::None), r.matrix("none")) < kClose);
        QVERIFY(farthest(convolved(ConvPadding::Same), r.matrix("same")) < kClose);
        QVERIFY(farthest(convolved(ConvPadding::Causal), r.matrix("causal")) < kClose);
        const NodeId four = conv1d(*r.graph, r.parameters, x, even, b, {.kernel = 4});
        QVERIFY(farthest(r.run(four), r.matrix("even")) < kClose);
    }

    void compositePriorAndGaussianDivergenceEqualPyTorch() {
        Reference r("composite_prior");
        CompositePriorInputs in{.z = r.input("z"),
                                .mean = r.input("mean"),
                                .logVariance = r.input("log_variance"),
                                .oldMean = r.input("old_mean"),
                                .oldLogVariance = r.input("old_log_variance")};
        in.weights = r.input("weights");
        QVERIFY(farthest(r.run(compositePriorKl(*r.graph, in)), r.matrix("loss")) < kClose);
        const NodeId between =
            klBetweenGaussians(*r.graph, in.mean, in.logVariance, in.oldMean, in.oldLogVariance, in.weights);
        QVERIFY(farthest(r.run(between), r.matrix("between")) < kClose);
    }

    void logisticLossEqualsPyTorch() {
        Reference r("logistic");
        const NodeId y = r.input("y");
        const NodeId loss = logisticLoss(*r.graph, r.parameters, y, r.sparse("x"), {.scale = 0.7});
        QVERIFY(farthest(r.run(loss), r.matrix("loss")) < kClose);
    }

    void adversarialCrossEntropyEqualsPyTorch() {
        Reference r("adversarial");
        const NodeId logits = r.input("logits");
        const NodeId real = adversarialLoss(*r.graph, logits, Verdict::Real, {.smoothing = 0.1});
        QVERIFY(farthest(r.run(real), r.matrix("real")) < kClose);
        const NodeId fake = adversarialLoss(*r.graph, logits, Verdict::Fake, {.smoothing = 0.1});
        QVERIFY(farthest(r.run(fake), r.matrix("fake")) < kClose);
    }

    void stopGradientPassesValuesOnly() {
        Reference r;
        const Matrix<double> value = Matrix<double>::Constant(2, 3, 1.5);
        const NodeId x = r.input(value);
        const NodeId stopped = stopGradient(*r.graph, x);
        // d/dx of x · stop(x) is stop(x), where that of x² would be 2 x; over the batch of two.
        const NodeId loss = sumPerExample(*r.graph, multiply(*r.graph, x, stopped));
        QCOMPARE(r.run(loss)(0, 0), 3.0 * 1.5 * 1.5);
        QVERIFY(farthest(r.gradient(x), value / 2.0) < kClose);
    }

    void reversedGradientIsTheGradientTimesMinusTheFactor() {
        Reference r;
        const NodeId x = r.input(Matrix<double>::Constant(1, 3, 2.0));
        const NodeId reversed = reverseGradient(*r.graph, x, r.graph->scalar("lambda", 0.25));
        QCOMPARE(r.run(sumPerExample(*r.graph, reversed))(0, 0), 6.0);
        QVERIFY(farthest(r.gradient(x), Matrix<double>::Constant(1, 3, -0.25)) < kClose);
    }

    void paddingIsGatheredAsZerosAndGetsNoGradient() {
        Reference r;
        Matrix<double> table(3, 2);
        table << 1, 2, 3, 4, 5, 6;
        const ParamId id = r.parameters.add("table", ParamRole::Weight, table);
        const IndexId indices = r.graph->indexInput(3);
        r.setIndices(indices, {-1, 2, -1, 2, -1, 0}, 2);
        const NodeId y = gather(*r.graph, r.parameters, id, indices);
        const NodeId loss = sumPerExample(*r.graph, y);
        QCOMPARE(r.run(loss)(0, 0), (11.0 + 11.0 + 3.0) / 2.0);
        QVERIFY(r.workspace->value(y).row(0).isZero(0.0));
        QVERIFY(!r.gradients->allRows(id));
        QCOMPARE(r.gradients->touchedRows(id).size(), std::size_t{2});
        QCOMPARE(r.gradients->value(id)(2, 1), 1.0);
        QCOMPARE(r.gradients->value(id)(0, 0), 0.5);
    }

    void gatheringOnlyPaddingTouchesNothing() {
        Reference r;
        const ParamId id = r.parameters.add("table", ParamRole::Weight, Matrix<double>::Ones(3, 2));
        const IndexId indices = r.graph->indexInput(2);
        r.setIndices(indices, {-1, -1}, 1);
        QCOMPARE(r.run(sumPerExample(*r.graph, gather(*r.graph, r.parameters, id, indices)))(0, 0), 0.0);
        QVERIFY(!r.gradients->touched(id));
    }

    void zeroRowsHaveNoDirectionAndStayFinite() {
        Reference r;
        const NodeId x = r.input(Matrix<double>::Zero(2, 3));
        const NodeId cosine = relateRows(*r.graph, x, x, RowRelation::Cosine);
        const NodeId distance = relateRows(*r.graph, x, x, RowRelation::Distance);
        const NodeId both = concatenate(*r.graph, {cosine, distance, normaliseRows(*r.graph, x)});
        QCOMPARE(r.run(sumPerExample(*r.graph, both))(0, 0), 0.0);
        QVERIFY(r.gradient(x).allFinite());
    }

    void softmaxOfHugeNumbersStaysFinite() {
        Reference r;
        Matrix<double> value(1, 3);
        value << 1e4, -1e4, 1e4;
        const NodeId x = r.input(value);
        const Matrix<double> y = r.run(softmax(*r.graph, x));
        QCOMPARE(y(0, 0), 0.5);
        QCOMPARE(y(0, 1), 0.0);
        QVERIFY(r.run(logSoftmax(*r.graph, x)).allFinite());
    }

    void warpWeighsByTheHarmonicSumOfTheRank() {
        QCOMPARE(warpWeight(0), 0.0);
        QCOMPARE(warpWeight(1), 1.0);
        QCOMPARE(warpWeight(3), 1.0 + 1.0 / 2.0 + 1.0 / 3.0);
    }
};

QTEST_APPLESS_MAIN(TestOperations)
#include "tst_operations.moc"
