// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/rng.h"

#include <Eigen/Core>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::nn {

template <class S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class S>
using Map = Eigen::Map<Matrix<S>>;
template <class S>
using ConstMap = Eigen::Map<const Matrix<S>>;

enum class ParamId : std::int32_t {};

enum class ParamRole {
    Weight, // trained, takes part in weight decay
    Bias,   // trained, no decay
    Buffer, // not trained: running means, frozen copies
};

template <class S>
struct Parameter {
    std::string name; // "encoder.0.weight": the tensor's name in a model file too
    ParamRole role = ParamRole::Weight;
    Matrix<S> value;
    double decayShare = 1.0; // of the optimiser's weight decay
};

/// All parameters of a network, in the order they were added. A plain value: a copy is a snapshot.
template <class S>
class ParameterSet final {
public:
    /// Names are unique.
    ParamId add(std::string name, ParamRole role, Matrix<S> value);

    std::int32_t count() const { return static_cast<std::int32_t>(m_parameters.size()); }
    /// Numbers in all parameters.
    std::int64_t size() const;
    Parameter<S>& operator[](ParamId id) { return m_parameters[static_cast<std::size_t>(id)]; }
    const Parameter<S>& operator[](ParamId id) const { return m_parameters[static_cast<std::size_t>(id)]; }
    const Parameter<S>* find(std::string_view name) const;
    /// The ids of all parameters whose name begins with `prefix`, buffers left out.
    std::vector<ParamId> trained(std::string_view prefix = {}) const;

    std::span<const Parameter<S>> all() const { return m_parameters; }
    std::span<Parameter<S>> all() { return m_parameters; }

private:
    std::vector<Parameter<S>> m_parameters;
};

/// Gradients of a ParameterSet. Only rows that an operation touched are valid: an input layer over 27,000
/// items that a batch shows 3,000 of has 3,000 rows to add up, and to update. One thread, but for disjoint
/// rows.
template <class S>
class Gradients final {
public:
    explicit Gradients(const ParameterSet<S>& parameters);

    /// Forgets all; touches no memory of the gradients themselves.
    void clear();

    /// For an operation that writes every row. `add`: there is something already, add to it; else overwrite.
    struct Dense {
        Map<S> matrix;
        bool add;
    };
    Dense dense(ParamId id);
    /// For an operation that adds to some rows (ascending or not, duplicates allowed): those become valid,
    /// new ones zero.
    Map<S> rows(ParamId id, std::span<const std::int32_t> touched);

    bool touched(ParamId id) const { return at(id).all || !at(id).rows.empty(); }
    bool allRows(ParamId id) const { return at(id).all; }
    /// The valid rows when not all are, in the order of first touch.
    std::span<const std::int32_t> touchedRows(ParamId id) const { return at(id).rows; }
    ConstMap<S> value(ParamId id) const;
    Map<S> value(ParamId id);
    /// Sum of squares over the valid rows.
    double squaredNorm(ParamId id) const;
    std::int32_t count() const { return static_cast<std::int32_t>(m_slots.size()); }

private:
    struct Slot {
        Matrix<S> matrix;
        bool all = false;
        std::vector<std::int32_t> rows;
        std::vector<std::uint8_t> marked; // by row
    };
    const Slot& at(ParamId id) const { return m_slots[static_cast<std::size_t>(id)]; }
    Slot& at(ParamId id) { return m_slots[static_cast<std::size_t>(id)]; }
    std::vector<Slot> m_slots;
};

extern template class ParameterSet<float>;
extern template class ParameterSet<double>;
extern template class Gradients<float>;
extern template class Gradients<double>;

} // namespace recoscope::nn
