// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/graph.h"

#include "engine/core/check.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace recoscope::nn {

namespace {

constexpr std::int64_t kAlignment = 64; // bytes

template <class Id>
std::size_t at(Id id) {
    return static_cast<std::size_t>(id);
}

template <class S>
std::int64_t padded(std::int64_t numbers) {
    constexpr auto block = kAlignment / static_cast<std::int64_t>(sizeof(S));
    return (numbers + block - 1) / block * block;
}

} // namespace

template <class S>
NodeId Graph<S>::input(std::int32_t cols, std::int32_t rowsPerExample) {
    m_nodes.push_back({{rowsPerExample, cols}, nullptr});
    return NodeId{nodeCount() - 1};
}

template <class S>
SparseId Graph<S>::sparseInput(std::int32_t cols) {
    m_sparse.push_back({cols, -1, {}});
    return SparseId{static_cast<std::int32_t>(m_sparse.size()) - 1};
}

template <class S>
SparseId Graph<S>::transform(SparseId from, const SparseTransform& transform) {
    m_sparse.push_back({cols(from), static_cast<std::int32_t>(from), transform});
    return SparseId{static_cast<std::int32_t>(m_sparse.size()) - 1};
}

template <class S>
IndexId Graph<S>::indexInput(std::int32_t perExample) {
    m_indices.push_back(perExample);
    return IndexId{static_cast<std::int32_t>(m_indices.size()) - 1};
}

template <class S>
ScalarId Graph<S>::scalar(std::string name, S initial) {
    m_scalars.push_back({std::move(name), initial});
    return ScalarId{static_cast<std::int32_t>(m_scalars.size()) - 1};
}

template <class S>
NodeId Graph<S>::add(std::unique_ptr<const Op<S>> op) {
    for (const NodeId input : op->wiring().inputs)
        RECOSCOPE_CHECK(static_cast<std::int32_t>(input) < nodeCount(), "an input that is not in the graph");
    const Shape shape = op->shape();
    m_nodes.push_back({shape, std::move(op)});
    return NodeId{nodeCount() - 1};
}

template <class S>
void Graph<S>::observe(NodeId node, std::string name) {
    m_observed.push_back({node, std::move(name)});
}

template <class S>
Plan Graph<S>::planForward(std::span<const NodeId> targets, std::span<const NodeId> given) const {
    std::vector<std::uint8_t> needed(m_nodes.size(), 0);
    std::vector<std::uint8_t> neededSparse(m_sparse.size(), 0);
    std::vector<std::uint8_t> isGiven(m_nodes.size(), 0);
    for (const NodeId node : given)
        isGiven[at(node)] = 1;
    for (const NodeId target : targets)
        needed[at(target)] = 1;
    for (std::size_t node = m_nodes.size(); node-- > 0;) {
        if (isGiven[node]) needed[node] = 0;
        if (!needed[node] || !m_nodes[node].op) continue;
        for (const NodeId input : m_nodes[node].op->wiring().inputs)
            needed[at(input)] = 1;
        for (const SparseId sparse : m_nodes[node].op->wiring().sparse)
            neededSparse[at(sparse)] = 1;
    }
    Plan plan;
    plan.nodeGradient.assign(m_nodes.size(), 0);
    for (std::size_t node = 0; node < m_nodes.size(); ++node)
        if (needed[node] && m_nodes[node].op) plan.order.push_back(static_cast<NodeId>(node));
    for (std::size_t sparse = m_sparse.size(); sparse-- > 0;)
        if (neededSparse[sparse] && m_sparse[sparse].from >= 0)
            neededSparse[static_cast<std::size_t>(m_sparse[sparse].from)] = 1;
    for (std::size_t sparse = 0; sparse < m_sparse.size(); ++sparse)
        if (neededSparse[sparse] && m_sparse[sparse].from >= 0)
            plan.transforms.push_back(static_cast<SparseId>(sparse));
    return plan;
}

template <class S>
Plan Graph<S>::planTraining(NodeId loss, std::span<const ParamId> trained, std::int32_t parameterCount,
                            std::span<const NodeId> nodes) const {
    RECOSCOPE_CHECK(shape(loss) == (Shape{0, 1}), "a loss is one number");
    Plan plan = planForward(std::span(&loss, 1));
    plan.loss = loss;
    plan.paramGradient.assign(static_cast<std::size_t>(parameterCount), 0);
    for (const ParamId id : trained)
        plan.paramGradient[at(id)] = 1;
    for (const NodeId node : nodes)
        plan.nodeGradient[at(node)] = 1;
    for (const NodeId node : plan.order) {
        const auto& wiring = m_nodes[at(node)].op->wiring();
        const bool wanted = std::any_of(wiring.parameters.begin(), wiring.parameters.end(),
                                        [&](ParamId id) { return plan.paramGradient[at(id)] != 0; }) ||
                            std::any_of(wiring.inputs.begin(), wiring.inputs.end(),
                                        [&](NodeId id) { return plan.nodeGradient[at(id)] != 0; });
        if (wanted) plan.nodeGradient[at(node)] = 1;
    }
    return plan;
}

template <class S>
void Workspace<S>::AlignedFree::operator()(S* memory) const {
    std::free(memory);
}

template <class S>
Workspace<S>::Workspace(std::shared_ptr<const Graph<S>> graph, std::int32_t batchCapacity, Keep keep)
    : m_graph(std::move(graph))
    , m_capacity(batchCapacity)
    , m_batch(batchCapacity) {
    const std::size_t nodes = m_graph->m_nodes.size();
    m_scratchSizes.assign(nodes, 0);
    m_hasGradient.assign(nodes, 0);
    std::int64_t total = 0;
    std::vector<std::int64_t> sizes(nodes);
    for (std::size_t n = 0; n < nodes; ++n) {
        const auto id = static_cast<NodeId>(n);
        sizes[n] = padded<S>(std::int64_t{m_graph->rowsOf(id, batchCapacity)} * m_graph->cols(id));
        if (m_graph->m_nodes[n].op) m_scratchSizes[n] = m_graph->m_nodes[n].op->scratchSize(batchCapacity);
        total += sizes[n] + padded<S>(m_scratchSizes[n]);
        if (keep == Keep::ValuesAndGradients) total += sizes[n];
    }
    m_arenaSize = std::max<std::int64_t>(total, padded<S>(1));
    m_arena.reset(
        static_cast<S*>(std::aligned_alloc(kAlignment, static_cast<std::size_t>(m_arenaSize) * sizeof(S))));
    if (!m_arena) throw std::bad_alloc();
    if (keep == Keep::ValuesAndGradients) std::fill_n(m_arena.get(), m_arenaSize, S(0));
    S* next = m_arena.get();
    for (std::size_t n = 0; n < nodes; ++n) {
        m_values.push_back(next);
        next += sizes[n];
        m_gradients.push_back(keep == Keep::ValuesAndGradients ? next : nullptr);
        if (keep == Keep::ValuesAndGradients) next += sizes[n];
        m_scratch.push_back(m_scratchSizes[n] > 0 ? next : nullptr);
        next += padded<S>(m_scratchSizes[n]);
    }
    for (const auto& sparse : m_graph->m_sparse)
        m_sparse.emplace_back(sparse.cols);
    for (const std::int32_t perExample : m_graph->m_indices)
        m_indices.emplace_back(static_cast<std::size_t>(perExample) *
                               static_cast<std::size_t>(batchCapacity));
    for (const auto& scalar : m_graph->m_scalars)
        m_scalars.push_back(scalar.initial);
}

template <class S>
std::int64_t Workspace<S>::bytes() const {
    return m_arenaSize * static_cast<std::int64_t>(sizeof(S));
}

template <class S>
void Workspace<S>::setBatch(std::int32_t examples) {
    RECOSCOPE_CHECK(examples >= 0 && examples <= m_capacity, "a batch beyond the workspace's capacity");
    m_batch = examples;
}

template <class S>
std::span<std::int32_t> Workspace<S>::indices(IndexId id) {
    const auto perExample = static_cast<std::size_t>(m_graph->m_indices[at(id)]);
    return std::span(m_indices[at(id)]).first(perExample * static_cast<std::size_t>(m_batch));
}

template <class S>
std::span<const std::int32_t> Workspace<S>::indices(IndexId id) const {
    const auto perExample = static_cast<std::size_t>(m_graph->m_indices[at(id)]);
    return std::span(m_indices[at(id)]).first(perExample * static_cast<std::size_t>(m_batch));
}

template <class S>
Map<S> Workspace<S>::value(NodeId id) {
    return Map<S>(m_values[at(id)], m_graph->rowsOf(id, m_batch), m_graph->cols(id));
}

template <class S>
ConstMap<S> Workspace<S>::value(NodeId id) const {
    return ConstMap<S>(m_values[at(id)], m_graph->rowsOf(id, m_batch), m_graph->cols(id));
}

template <class S>
ConstMap<S> Workspace<S>::gradient(NodeId id) const {
    if (!m_gradients[at(id)] || !m_hasGradient[at(id)]) return ConstMap<S>(nullptr, 0, 0);
    return ConstMap<S>(m_gradients[at(id)], m_graph->rowsOf(id, m_batch), m_graph->cols(id));
}

template <class S>
Step<S>::Step(const Plan& plan, ParameterSet<S>& parameters, Workspace<S>& workspace,
              const StepOptions& options)
    : m_plan(plan)
    , m_parameters(parameters)
    , m_buffers(options.training ? &parameters : nullptr)
    , m_workspace(workspace)
    , m_options(options) {}

template <class S>
Step<S>::Step(const Plan& plan, const ParameterSet<S>& parameters, Workspace<S>& workspace,
              const StepOptions& options)
    : m_plan(plan)
    , m_parameters(parameters)
    , m_workspace(workspace)
    , m_options(options) {}

template <class S>
bool Step<S>::forward() {
    for (const SparseId id : m_plan.transforms) {
        const auto& sparse = m_workspace.graph().m_sparse[at(id)];
        m_workspace.sparse(id).assignTransformed(m_workspace.sparse(static_cast<SparseId>(sparse.from)),
                                                 sparse.transform, m_options.training, m_options.seed,
                                                 m_options.step);
    }
    for (const NodeId node : m_plan.order) {
        if (!keepGoing()) return false;
        m_node = node;
        m_workspace.graph().m_nodes[at(node)].op->forward(*this);
    }
    return true;
}

template <class S>
bool Step<S>::backward(Gradients<S>& gradients) {
    m_gradients = &gradients;
    gradients.clear();
    std::fill(m_workspace.m_hasGradient.begin(), m_workspace.m_hasGradient.end(), std::uint8_t{0});
    *m_workspace.m_gradients[at(m_plan.loss)] = S(1);
    m_workspace.m_hasGradient[at(m_plan.loss)] = 1;
    for (std::size_t n = m_plan.order.size(); n-- > 0;) {
        const NodeId node = m_plan.order[n];
        // Nothing downstream may have wanted this node's gradient, or passed one on.
        if (!m_plan.nodeGradient[at(node)] || !m_workspace.m_hasGradient[at(node)]) continue;
        if (!keepGoing()) return false;
        m_node = node;
        m_workspace.graph().m_nodes[at(node)].op->backward(*this);
    }
    return true;
}

template <class S>
GradientView<S> Step<S>::gradient(NodeId id) {
    std::uint8_t& written = m_workspace.m_hasGradient[at(id)];
    const bool add = written != 0;
    written = 1;
    return {Map<S>(m_workspace.m_gradients[at(id)], m_workspace.graph().rowsOf(id, batch()),
                   m_workspace.graph().cols(id)),
            add};
}

template <class S>
GradientView<S> Step<S>::gradient(ParamId id) {
    const auto dense = m_gradients->dense(id);
    return {dense.matrix, dense.add};
}

template <class S>
Matrix<S>* Step<S>::buffer(ParamId id) {
    return m_buffers ? &(*m_buffers)[id].value : nullptr;
}

template <class S>
std::span<S> Step<S>::scratch() {
    const auto size = m_workspace.graph().m_nodes[at(m_node)].op->scratchSize(batch());
    return {m_workspace.m_scratch[at(m_node)], static_cast<std::size_t>(size)};
}

template <class S>
Rng Step<S>::random(std::uint64_t block) const {
    return Rng::stream(m_options.seed, "operation", m_options.step,
                       (static_cast<std::uint64_t>(m_node) << 40U) + block);
}

template class Graph<float>;
template class Graph<double>;
template class Workspace<float>;
template class Workspace<double>;
template class Step<float>;
template class Step<double>;

} // namespace recoscope::nn
