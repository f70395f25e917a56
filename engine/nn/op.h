// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/thread_pool.h"
#include "engine/linalg/gemm.h"
#include "engine/nn/parameter.h"
#include "engine/nn/sparse_batch.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::nn {

enum class NodeId : std::int32_t {};   // a matrix in the graph
enum class SparseId : std::int32_t {}; // a sparse batch
enum class IndexId : std::int32_t {};  // a list of indices for each example
enum class ScalarId : std::int32_t {}; // a number set before each step: a loss weight

/// Rows of a node: `rowsPerExample` for each example of the batch, or a single row when 0 (a loss).
struct Shape {
    std::int32_t rowsPerExample = 1;
    std::int32_t cols = 1;
    bool operator==(const Shape&) const = default;
};

template <class S>
class Step;

/// One matrix-level operation: a node of the graph. Immutable; what it keeps from forward to backward lies in
/// the step's workspace. Contract: forward writes value(out); backward adds Jᵀ · gradient(out) to the
/// gradient of every input and parameter that wants one.
template <class S>
class Op {
public:
    struct Wiring {
        std::vector<NodeId> inputs = {};
        std::vector<ParamId> parameters = {};
        std::vector<SparseId> sparse = {};
        std::vector<IndexId> indices = {};
    };
    Op(std::string_view kind, Shape shape, Wiring wiring)
        : m_kind(kind)
        , m_shape(shape)
        , m_wiring(std::move(wiring)) {}
    virtual ~Op() = default;

    std::string_view kind() const { return m_kind; } // "dense"; of static storage
    Shape shape() const { return m_shape; }
    const Wiring& wiring() const { return m_wiring; }
    /// Numbers that are kept from forward to backward, for a batch of that many examples.
    virtual std::int64_t scratchSize(std::int64_t /*batch*/) const { return 0; }

    virtual void forward(Step<S>& step) const = 0;
    virtual void backward(Step<S>& step) const = 0;

protected:
    NodeId input(std::size_t n) const { return m_wiring.inputs[n]; }
    ParamId parameter(std::size_t n) const { return m_wiring.parameters[n]; }
    SparseId sparse(std::size_t n) const { return m_wiring.sparse[n]; }

private:
    std::string_view m_kind;
    Shape m_shape;
    Wiring m_wiring;
};

/// A gradient to be filled in: added to when `add`, else overwritten (its memory holds nothing yet).
template <class S>
struct GradientView {
    Map<S> matrix;
    bool add;
};

/// Calls body(Chunk) as ThreadPool::forChunks does, on the calling thread when there is no pool.
template <class Body>
void forChunks(ThreadPool* pool, std::int64_t count, std::int64_t chunkSize, Body&& body) {
    if (pool) {
        pool->forChunks(count, chunkSize, body);
        return;
    }
    for (std::int64_t begin = 0, index = 0; begin < count; begin += chunkSize, ++index)
        body(Chunk{begin, std::min(count, begin + chunkSize), index, 0});
}

/// Rows a chunk should have so that it is worth a thread's while; depends on the shape only.
constexpr std::int64_t rowsPerChunk(std::int64_t cols, std::int64_t work = 16384) {
    return cols <= 0 ? work : std::max<std::int64_t>(1, work / cols);
}

/// target (+)= expression, by what the view says.
template <class Target, class Expression>
void assignOrAdd(bool add, Target&& target, const Expression& expression) {
    if (add)
        target += expression;
    else
        target = expression;
}

} // namespace recoscope::nn
