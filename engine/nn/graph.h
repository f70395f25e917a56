// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/run_control.h"
#include "engine/nn/op.h"

#include <memory>
#include <string>
#include <vector>

namespace recoscope::nn {

/// Which operations a step runs, and for what a gradient is wanted. Made once by Graph, used for every step.
struct Plan {
    std::vector<NodeId> order;               // operations, in order of creation
    std::vector<SparseId> transforms;        // sparse transforms they need
    std::vector<std::uint8_t> nodeGradient;  // by node
    std::vector<std::uint8_t> paramGradient; // by parameter
    NodeId loss{};                           // where backward starts; a node of one number
};

/// The structure of a network: nodes, operations, and what is bound before a step. Built once, then const and
/// shared by any thread; values live in a Workspace, parameters in a ParameterSet.
template <class S>
class Graph final {
public:
    /// A dense matrix that the caller fills in before each step.
    NodeId input(std::int32_t cols, std::int32_t rowsPerExample = 1);
    SparseId sparseInput(std::int32_t cols);
    SparseId transform(SparseId from, const SparseTransform& transform);
    IndexId indexInput(std::int32_t perExample = 1);
    ScalarId scalar(std::string name, S initial);
    NodeId add(std::unique_ptr<const Op<S>> op);
    /// Makes a node visible to whoever looks into training, under this name.
    void observe(NodeId node, std::string name);

    std::int32_t nodeCount() const { return static_cast<std::int32_t>(m_nodes.size()); }
    std::int32_t sparseCount() const { return static_cast<std::int32_t>(m_sparse.size()); }
    Shape shape(NodeId node) const { return m_nodes[static_cast<std::size_t>(node)].shape; }
    std::int32_t cols(NodeId node) const { return shape(node).cols; }
    std::int32_t cols(SparseId sparse) const { return m_sparse[static_cast<std::size_t>(sparse)].cols; }
    std::int32_t perExample(IndexId indices) const { return m_indices[static_cast<std::size_t>(indices)]; }
    std::int32_t rowsOf(NodeId node, std::int32_t batch) const {
        const Shape s = shape(node);
        return s.rowsPerExample == 0 ? 1 : batch * s.rowsPerExample;
    }

    struct Observed {
        NodeId node;
        std::string name;
    };
    const std::vector<Observed>& observed() const { return m_observed; }

    /// What it takes to compute `targets` when the values of `given` are there already.
    Plan planForward(std::span<const NodeId> targets, std::span<const NodeId> given = {}) const;
    /// The same for `loss`, with gradients for the `trained` parameters (of `parameterCount` in all) and for
    /// `nodes`.
    Plan planTraining(NodeId loss, std::span<const ParamId> trained, std::int32_t parameterCount,
                      std::span<const NodeId> nodes = {}) const;

private:
    template <class>
    friend class Workspace;
    template <class>
    friend class Step;
    struct Node {
        Shape shape;
        std::unique_ptr<const Op<S>> op; // null: an input
    };
    struct Sparse {
        std::int32_t cols = 0;
        std::int32_t from = -1; // -1: an input
        SparseTransform transform;
    };
    struct Scalar {
        std::string name;
        S initial;
    };
    std::vector<Node> m_nodes;
    std::vector<Sparse> m_sparse;
    std::vector<std::int32_t> m_indices; // per example
    std::vector<Scalar> m_scalars;
    std::vector<Observed> m_observed;
};

enum class Keep { Values, ValuesAndGradients };

/// Memory for one step at a time: values, gradients and scratch in one aligned arena, made once for the
/// largest batch. One thread (operations use the pool inside).
template <class S>
class Workspace final {
public:
    Workspace(std::shared_ptr<const Graph<S>> graph, std::int32_t batchCapacity, Keep keep);

    const Graph<S>& graph() const { return *m_graph; }
    std::int32_t batchCapacity() const { return m_capacity; }
    std::int64_t bytes() const;

    /// Before a step: how many examples, and what goes in.
    void setBatch(std::int32_t examples);
    std::int32_t batch() const { return m_batch; }
    SparseBatch<S>& sparse(SparseId id) { return m_sparse[static_cast<std::size_t>(id)]; }
    const SparseBatch<S>& sparse(SparseId id) const { return m_sparse[static_cast<std::size_t>(id)]; }
    /// batch x perExample, row by row; the caller fills it in.
    std::span<std::int32_t> indices(IndexId id);
    std::span<const std::int32_t> indices(IndexId id) const;
    S& scalar(ScalarId id) { return m_scalars[static_cast<std::size_t>(id)]; }
    S scalar(ScalarId id) const { return m_scalars[static_cast<std::size_t>(id)]; }

    Map<S> value(NodeId id);
    ConstMap<S> value(NodeId id) const;
    /// The gradient of the last backward; empty where none was wanted.
    ConstMap<S> gradient(NodeId id) const;

private:
    template <class>
    friend class Step;
    struct AlignedFree {
        void operator()(S* memory) const;
    };
    std::shared_ptr<const Graph<S>> m_graph;
    std::int32_t m_capacity = 0;
    std::int32_t m_batch = 0;
    std::int64_t m_arenaSize = 0;
    std::unique_ptr<S, AlignedFree> m_arena;
    std::vector<S*> m_values;    // by node
    std::vector<S*> m_gradients; // by node; null without
    std::vector<S*> m_scratch;   // by node; null without
    std::vector<std::int64_t> m_scratchSizes;
    std::vector<std::uint8_t> m_hasGradient; // by node: something was written in this backward
    std::vector<SparseBatch<S>> m_sparse;
    std::vector<std::vector<std::int32_t>> m_indices;
    std::vector<S> m_scalars;
    GemmScratch<S> m_gemm;
};

/// What is the same for all steps of an epoch, or of a model's use.
struct StepOptions {
    ThreadPool* pool = nullptr;    // null: the calling thread does it all
    RunControl* control = nullptr; // asked between operations
    bool training = false;         // dropout and noise act, batch statistics are used
    std::uint64_t seed = 0;        // with `step`, keys all random numbers
    std::uint64_t step = 0;
};

/// One forward and, perhaps, one backward pass over a plan. Operations see values, gradients and parameters
/// through it.
template <class S>
class Step final {
public:
    /// `parameters` is written only where an operation keeps buffers (running means), and only in training.
    Step(const Plan& plan, ParameterSet<S>& parameters, Workspace<S>& workspace, const StepOptions& options);
    /// For use: parameters stay as they are.
    Step(const Plan& plan, const ParameterSet<S>& parameters, Workspace<S>& workspace,
         const StepOptions& options);

    /// False when cancelled: values are then incomplete.
    bool forward();
    /// After forward(): gradients of the plan's loss, into nodes and `gradients` (cleared first). False when
    /// cancelled.
    bool backward(Gradients<S>& gradients);

    // What operations use:
    std::int32_t batch() const { return m_workspace.m_batch; }
    bool training() const { return m_options.training; }
    ThreadPool* pool() const { return m_options.pool; }
    GemmScratch<S>& gemmScratch() { return m_workspace.m_gemm; }

    Map<S> value(NodeId id) { return m_workspace.value(id); }
    Map<S> out() { return m_workspace.value(m_node); }
    ConstMap<S> outGradient() const { return m_workspace.gradient(m_node); }
    bool wantsGradient(NodeId id) const { return m_plan.nodeGradient[static_cast<std::size_t>(id)] != 0; }
    bool wantsGradient(ParamId id) const {
        return !m_plan.paramGradient.empty() && m_plan.paramGradient[static_cast<std::size_t>(id)] != 0;
    }
    /// Ask once for each use of an input: what was asked before counts as written.
    GradientView<S> gradient(NodeId id);
    const Matrix<S>& parameter(ParamId id) const { return m_parameters[id].value; }
    /// A buffer to keep up to date; null when not training.
    Matrix<S>* buffer(ParamId id);
    GradientView<S> gradient(ParamId id);
    Map<S> gradientRows(ParamId id, std::span<const std::int32_t> rows) {
        return m_gradients->rows(id, rows);
    }
    SparseBatch<S>& sparse(SparseId id) { return m_workspace.sparse(id); }
    std::span<const std::int32_t> indices(IndexId id) const {
        return static_cast<const Workspace<S>&>(m_workspace).indices(id);
    }
    S scalar(ScalarId id) const { return m_workspace.scalar(id); }
    /// Of the operation at hand, as large as its scratchSize(batch()).
    std::span<S> scratch();
    /// Random numbers of the operation at hand, the same in forward and backward and for any thread count.
    Rng random(std::uint64_t block) const;

private:
    bool keepGoing() const { return !m_options.control || m_options.control->keepGoing(); }
    const Plan& m_plan;
    const ParameterSet<S>& m_parameters;
    ParameterSet<S>* m_buffers = nullptr;
    Workspace<S>& m_workspace;
    StepOptions m_options;
    Gradients<S>* m_gradients = nullptr;
    NodeId m_node{}; // the operation at hand
};

extern template class Graph<float>;
extern template class Graph<double>;
extern template class Workspace<float>;
extern template class Workspace<double>;
extern template class Step<float>;
extern template class Step<double>;

} // namespace recoscope::nn
