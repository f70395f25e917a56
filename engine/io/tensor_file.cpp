// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/tensor_file.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace recoscope {

namespace {
std::int64_t elements(const std::vector<std::int64_t>& shape) {
    std::int64_t count = 1;
    for (const auto extent : shape)
        count *= extent;
    return count;
}

template <class T>
Tensor vectorTensor(std::span<const T> values) {
    return Tensor{{static_cast<std::int64_t>(values.size())}, std::vector<T>(values.begin(), values.end())};
}
} // namespace

void TensorFile::set(std::string name, const MatrixF& matrix) {
    m_tensors[std::move(name)] = Tensor{{matrix.rows(), matrix.cols()},
                                        std::vector<float>(matrix.data(), matrix.data() + matrix.size())};
}
void TensorFile::set(std::string name, std::span<const float> vector) {
    m_tensors[std::move(name)] = vectorTensor(vector);
}
void TensorFile::set(std::string name, std::span<const std::int32_t> vector) {
    m_tensors[std::move(name)] = vectorTensor(vector);
}
void TensorFile::set(std::string name, std::span<const std::int64_t> vector) {
    m_tensors[std::move(name)] = vectorTensor(vector);
}

namespace {
template <class T>
Result<const Tensor*> typed(const std::map<std::string, Tensor, std::less<>>& tensors, std::string_view name,
                            std::size_t dimensions) {
    const auto it = tensors.find(name);
    if (it == tensors.end())
        return Error{ErrorCode::Parse, "The model file lacks a tensor", std::string(name)};
    const Tensor& tensor = it->second;
    if (!std::holds_alternative<std::vector<T>>(tensor.data))
        return Error{ErrorCode::Parse, "A tensor of the model file has another type than expected",
                     std::string(name)};
    if (tensor.shape.size() != dimensions ||
        elements(tensor.shape) != static_cast<std::int64_t>(std::get<std::vector<T>>(tensor.data).size()))
        return Error{ErrorCode::Parse, "A tensor of the model file has another shape than expected",
                     std::string(name)};
    if constexpr (std::is_floating_point_v<T>) {
        const auto& values = std::get<std::vector<T>>(tensor.data);
        if (!std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); }))
            return Error{ErrorCode::Parse, "A tensor of the model file holds something that is not a number",
                         std::string(name)};
    }
    return &tensor;
}

template <class T>
Result<std::vector<T>> vectorOf(const std::map<std::string, Tensor, std::less<>>& tensors,
                                std::string_view name) {
    const auto tensor = typed<T>(tensors, name, 1);
    if (!tensor) return tensor.error();
    return std::get<std::vector<T>>((*tensor)->data);
}
} // namespace

Result<MatrixF> TensorFile::matrix(std::string_view name) const {
    const auto tensor = typed<float>(m_tensors, name, 2);
    if (!tensor) return tensor.error();
    const auto& shape = (*tensor)->shape;
    const auto& data = std::get<std::vector<float>>((*tensor)->data);
    return MatrixF(Eigen::Map<const MatrixF>(data.data(), shape[0], shape[1]));
}

Result<std::vector<float>> TensorFile::floats(std::string_view name) const {
    return vectorOf<float>(m_tensors, name);
}
Result<std::vector<std::int32_t>> TensorFile::ints(std::string_view name) const {
    return vectorOf<std::int32_t>(m_tensors, name);
}
Result<std::vector<std::int64_t>> TensorFile::longs(std::string_view name) const {
    return vectorOf<std::int64_t>(m_tensors, name);
}

Result<std::string> TensorFile::meta(std::string_view key) const {
    const auto it = m_metadata.find(key);
    if (it == m_metadata.end())
        return Error{ErrorCode::Parse, "The model file lacks metadata", std::string(key)};
    return it->second;
}

} // namespace recoscope
