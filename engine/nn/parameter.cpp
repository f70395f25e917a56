// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/parameter.h"

#include "engine/core/check.h"

#include <algorithm>

namespace recoscope::nn {

template <class S>
ParamId ParameterSet<S>::add(std::string name, ParamRole role, Matrix<S> value) {
    RECOSCOPE_CHECK(!find(name), "two parameters of one name");
    m_parameters.push_back({std::move(name), role, std::move(value)});
    return ParamId{count() - 1};
}

template <class S>
std::int64_t ParameterSet<S>::size() const {
    std::int64_t numbers = 0;
    for (const auto& parameter : m_parameters)
        numbers += parameter.value.size();
    return numbers;
}

template <class S>
const Parameter<S>* ParameterSet<S>::find(std::string_view name) const {
    for (const auto& parameter : m_parameters)
        if (parameter.name == name) return &parameter;
    return nullptr;
}

template <class S>
std::vector<ParamId> ParameterSet<S>::trained(std::string_view prefix) const {
    std::vector<ParamId> ids;
    for (std::int32_t p = 0; p < count(); ++p) {
        const auto& parameter = (*this)[ParamId{p}];
        if (parameter.role != ParamRole::Buffer && parameter.name.starts_with(prefix))
            ids.push_back(ParamId{p});
    }
    return ids;
}

template <class S>
Gradients<S>::Gradients(const ParameterSet<S>& parameters) {
    m_slots.resize(static_cast<std::size_t>(parameters.count()));
    for (std::int32_t p = 0; p < parameters.count(); ++p) {
        const auto& parameter = parameters[ParamId{p}];
        if (parameter.role == ParamRole::Buffer) continue;
        Slot& slot = at(ParamId{p});
        slot.matrix = Matrix<S>::Zero(parameter.value.rows(), parameter.value.cols());
        slot.marked.assign(static_cast<std::size_t>(parameter.value.rows()), 0);
        slot.rows.reserve(static_cast<std::size_t>(parameter.value.rows()));
    }
}

template <class S>
void Gradients<S>::clear() {
    for (Slot& slot : m_slots) {
        for (const std::int32_t row : slot.rows)
            slot.marked[static_cast<std::size_t>(row)] = 0;
        slot.rows.clear();
        slot.all = false;
    }
}

template <class S>
auto Gradients<S>::dense(ParamId id) -> Dense {
    Slot& slot = at(id);
    const bool add = slot.all || !slot.rows.empty();
    if (!slot.all && add)
        for (Eigen::Index row = 0; row < slot.matrix.rows(); ++row)
            if (!slot.marked[static_cast<std::size_t>(row)]) slot.matrix.row(row).setZero();
    for (const std::int32_t row : slot.rows)
        slot.marked[static_cast<std::size_t>(row)] = 0;
    slot.rows.clear();
    slot.all = true;
    return {value(id), add};
}

template <class S>
Map<S> Gradients<S>::rows(ParamId id, std::span<const std::int32_t> touched) {
    Slot& slot = at(id);
    if (!slot.all)
        for (const std::int32_t row : touched) {
            std::uint8_t& mark = slot.marked[static_cast<std::size_t>(row)];
            if (mark) continue;
            mark = 1;
            slot.rows.push_back(row);
            slot.matrix.row(row).setZero();
        }
    return value(id);
}

template <class S>
ConstMap<S> Gradients<S>::value(ParamId id) const {
    const Slot& slot = at(id);
    return ConstMap<S>(slot.matrix.data(), slot.matrix.rows(), slot.matrix.cols());
}

template <class S>
Map<S> Gradients<S>::value(ParamId id) {
    Slot& slot = at(id);
    return Map<S>(slot.matrix.data(), slot.matrix.rows(), slot.matrix.cols());
}

template <class S>
double Gradients<S>::squaredNorm(ParamId id) const {
    const Slot& slot = at(id);
    double sum = 0.0;
    const auto addRow = [&](Eigen::Index row) {
        sum += static_cast<double>(slot.matrix.row(row).squaredNorm());
    };
    if (slot.all)
        for (Eigen::Index row = 0; row < slot.matrix.rows(); ++row)
            addRow(row);
    else
        for (const std::int32_t row : slot.rows)
            addRow(row);
    return sum;
}

template class ParameterSet<float>;
template class ParameterSet<double>;
template class Gradients<float>;
template class Gradients<double>;

} // namespace recoscope::nn
