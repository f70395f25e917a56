// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/result.h"
#include "engine/data/csr.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace recoscope {

/// One named array in row-major order. Shapes as in NumPy.
struct Tensor {
    std::vector<std::int64_t> shape;
    std::variant<std::vector<float>, std::vector<std::int32_t>, std::vector<std::int64_t>> data;
    bool operator==(const Tensor&) const = default;
};

/// A model's named tensors and text metadata: what a safetensors file holds. Plain data with typed access.
class TensorFile final {
public:
    void set(std::string name, const MatrixF& matrix);
    void set(std::string name, std::span<const float> vector);
    void set(std::string name, std::span<const std::int32_t> vector);
    void set(std::string name, std::span<const std::int64_t> vector);
    /// Stores name.offsets, name.columns, name.values and name.cols.
    template <class Row, class Col>
    void set(const std::string& name, const Csr<Row, Col>& matrix);
    void setMeta(std::string key, std::string value) { m_metadata[std::move(key)] = std::move(value); }

    /// Reads are checked: a missing name, another type or shape, NaN or infinity is an ErrorCode::Parse that names the tensor.
    Result<MatrixF> matrix(std::string_view name) const;
    Result<std::vector<float>> floats(std::string_view name) const;
    Result<std::vector<std::int32_t>> ints(std::string_view name) const;
    Result<std::vector<std::int64_t>> longs(std::string_view name) const;
    template <class Row, class Col>
    Result<Csr<Row, Col>> csr(const std::string& name) const;
    Result<std::string> meta(std::string_view key) const;

    const std::map<std::string, Tensor, std::less<>>& tensors() const { return m_tensors; }
    std::map<std::string, Tensor, std::less<>>& tensors() { return m_tensors; }
    const std::map<std::string, std::string, std::less<>>& metadata() const { return m_metadata; }
    bool operator==(const TensorFile&) const = default;

private:
    std::map<std::string, Tensor, std::less<>> m_tensors;
    std::map<std::string, std::string, std::less<>> m_metadata;
};

template <class Row, class Col>
void TensorFile::set(const std::string& name, const Csr<Row, Col>& matrix) {
    std::vector<std::int32_t> columns(static_cast<std::size_t>(matrix.size()));
    for (std::size_t n = 0; n < columns.size(); ++n) columns[n] = static_cast<std::int32_t>(matrix.columns()[n]);
    const std::int64_t cols = matrix.colCount();
    set(name + ".offsets", matrix.offsets());
    set(name + ".columns", std::span<const std::int32_t>(columns));
    set(name + ".values", matrix.values());
    set(name + ".cols", std::span<const std::int64_t>(&cols, 1));
}

template <class Row, class Col>
Result<Csr<Row, Col>> TensorFile::csr(const std::string& name) const {
    auto offsets = longs(name + ".offsets");
    if (!offsets) return offsets.error();
    const auto plain = ints(name + ".columns");
    if (!plain) return plain.error();
    auto values = floats(name + ".values");
    if (!values) return values.error();
    const auto cols = longs(name + ".cols");
    if (!cols) return cols.error();
    if (cols->size() != 1 || cols->front() < 0 || cols->front() > INT32_MAX)
        return Error{ErrorCode::Parse, "The column count is not one number", name + ".cols"};
    std::vector<Col> columns(plain->size());
    for (std::size_t n = 0; n < columns.size(); ++n) columns[n] = static_cast<Col>((*plain)[n]);
    auto result = Csr<Row, Col>::fromArrays(static_cast<std::int32_t>(cols->front()), std::move(*offsets),
                                            std::move(columns), std::move(*values));
    if (!result) return Error{ErrorCode::Parse, result.error().message, name + ", " + result.error().where};
    return result;
}

} // namespace recoscope
