// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/observe.h"
#include "engine/nn/ops/activation.h"
#include "engine/nn/ops/dense.h"
#include "engine/nn/ops/elementwise.h"
#include "engine/nn/ops/rows.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace recoscope;
using namespace recoscope::nn;

namespace {

/// Two examples of two numbers, three units relu(x W + b), their sum minimised; `table` gets a gradient in
/// the rows that the sparse input shows.
struct Watched {
    std::shared_ptr<Graph<float>> graph = std::make_shared<Graph<float>>();
    ParameterSet<float> parameters;
    NodeId x{}, h{}, loss{};
    SparseId items{};
    ParamId weight{}, bias{}, table{};

    Watched() {
        Matrix<float> w(2, 3);
        w << 1, 0, -1, //
            2, 0, -3;
        weight = parameters.add("weight", ParamRole::Weight, w);
        bias = parameters.add("bias", ParamRole::Bias, Matrix<float>::Constant(1, 3, 0.5f));
        table = parameters.add("table", ParamRole::Weight, Matrix<float>::Constant(4, 3, 0.0f));
        x = graph->input(2);
        items = graph->sparseInput(4);
        const NodeId sum = add(*graph, dense(*graph, parameters, x, weight, std::optional(bias)),
                               sparseDense(*graph, parameters, items, table, std::optional<ParamId>()));
        h = activation(*graph, sum, Activation::Relu);
        graph->observe(h, "hidden");
        loss = sumPerExample(*graph, h);
    }
};

struct Observation {
    std::vector<TensorSummary> summaries;
    double dead = 0.0;
};

/// One pass forward and back with x = (1, 1), (2, 1), of which `batch` are taken; example 0 shows item 1,
/// example 1 item 3 twice as much.
Observation observed(Watched& watched, int batch = 2) {
    Workspace<float> workspace(watched.graph, 2, Keep::ValuesAndGradients);
    workspace.setBatch(batch);
    Map<float> x = workspace.value(watched.x);
    const std::int32_t one[] = {1};
    const std::int32_t three[] = {3};
    auto& items = workspace.sparse(watched.items);
    items.clear();
    items.appendRow(one, 1.0f);
    x.row(0) << 1, 1;
    if (batch > 1) {
        items.appendRow(three, 2.0f);
        x.row(1) << 2, 1;
    }
    Gradients<float> gradients(watched.parameters);
    const Plan plan =
        watched.graph->planTraining(watched.loss, watched.parameters.trained(), watched.parameters.count());
    Step<float> step(plan, watched.parameters, workspace, {.training = true});
    step.forward();
    step.backward(gradients);
    return {summarise(watched.parameters, gradients, workspace), deadShare(workspace)};
}

const TensorSummary* find(const Observation& observation, const char* name, TensorKind kind) {
    for (const TensorSummary& one : observation.summaries)
        if (one.name == name && one.kind == kind) return &one;
    return nullptr;
}

bool near(double a, double b) { return std::abs(a - b) < 1e-6; }

std::int64_t total(const TensorSummary& summary) {
    return std::accumulate(summary.histogram.begin(), summary.histogram.end(), std::int64_t{0});
}

} // namespace

class TestObserve : public QObject {
    Q_OBJECT

private slots:
    void weightsByHand() {
        Watched watched;
        const Observation seen = observed(watched);
        const TensorSummary* weight = find(seen, "weight", TensorKind::Weight);
        QVERIFY(weight);
        // 1 0 -1 2 0 -3: sum -1, squares 15.
        QCOMPARE(weight->count, std::int64_t{6});
        QVERIFY(near(weight->norm, std::sqrt(15.0)));
        QVERIFY(near(weight->mean, -1.0 / 6.0));
        QVERIFY(near(weight->deviation, std::sqrt(15.0 / 6.0 - 1.0 / 36.0)));
        QCOMPARE(weight->min, -3.0);
        QCOMPARE(weight->max, 2.0);
        QCOMPARE(weight->deadShare, 0.0);
        // Equal bins from -3 to 2: a number v falls into bin ⌊(v + 3) bins / 5⌋, the largest into the last.
        const auto bins = static_cast<std::int64_t>(weight->histogram.size());
        QVERIFY(bins >= 10);
        std::vector<std::int64_t> expected(static_cast<std::size_t>(bins), 0);
        for (const int v : {1, 0, -1, 2, 0, -3})
            ++expected[static_cast<std::size_t>(std::min(bins - 1, (v + 3) * bins / 5))];
        QCOMPARE(weight->histogram, expected);
    }

    void aConstantTensorHasOneBin() {
        Watched watched;
        const Observation seen = observed(watched);
        const TensorSummary* bias = find(seen, "bias", TensorKind::Weight);
        QVERIFY(bias);
        QCOMPARE(bias->deviation, 0.0);
        QCOMPARE(total(*bias), std::int64_t{3});
        QCOMPARE(*std::max_element(bias->histogram.begin(), bias->histogram.end()), std::int64_t{3});
    }

    void activationsAndDeadUnitsByHand() {
        Watched watched;
        const Observation seen = observed(watched);
        const TensorSummary* h = find(seen, "hidden", TensorKind::Activation);
        QVERIFY(h);
        // x W + b = (3.5, 0.5, -3.5) and (4.5, 0.5, -4.5): the second and third unit say the same of
        // everyone.
        QCOMPARE(h->count, std::int64_t{6});
        QCOMPARE(h->min, 0.0);
        QCOMPARE(h->max, 4.5);
        QVERIFY(near(h->mean, 9.0 / 6.0));
        QVERIFY(near(h->norm, std::sqrt(3.5 * 3.5 + 4.5 * 4.5 + 2 * 0.25)));
        QVERIFY(near(h->deadShare, 2.0 / 3.0));
        QVERIFY(near(seen.dead, 2.0 / 3.0));
    }

    void ofOneExampleNoUnitIsDead() {
        Watched watched;
        const Observation seen = observed(watched, 1);
        QCOMPARE(seen.dead, 0.0);
        QCOMPARE(find(seen, "hidden", TensorKind::Activation)->deadShare, 0.0);
    }

    void gradientsByHandAndOnlyOfTouchedRows() {
        Watched watched;
        const Observation seen = observed(watched);
        // sumPerExample is a mean over the batch: dL/dh = 1/2, through the two units that are on.
        const TensorSummary* weight = find(seen, "weight", TensorKind::Gradient);
        QVERIFY(weight);
        // Rows: ½ (1 + 2), ½ (1 + 1), in two columns each; 0 in the third.
        QVERIFY(near(weight->norm, std::sqrt(2 * (1.5 * 1.5 + 1.0))));
        QCOMPARE(weight->max, 1.5);
        QCOMPARE(weight->min, 0.0);
        const TensorSummary* table = find(seen, "table", TensorKind::Gradient);
        QVERIFY(table);
        // Items 1 and 3, weighed 1 and 2: ½ and 1 in two columns each.
        QCOMPARE(table->count, std::int64_t{6});
        QVERIFY(near(table->norm, std::sqrt(2 * (0.25 + 1.0))));
        QVERIFY(near(table->mean, 0.5));
        QCOMPARE(find(seen, "table", TensorKind::Weight)->count, std::int64_t{12});
    }

    void numbersThatAreNoneAreSaidSo() {
        Watched watched;
        watched.parameters[watched.weight].value(0, 0) = std::numeric_limits<float>::infinity();
        const Observation seen = observed(watched);
        const TensorSummary* weight = find(seen, "weight", TensorKind::Weight);
        QVERIFY(weight);
        QVERIFY(!std::isfinite(weight->norm));
        QVERIFY(weight->histogram.empty());
    }
};

QTEST_APPLESS_MAIN(TestObserve)
#include "tst_observe.moc"
