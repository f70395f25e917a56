// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/matrix.h"
#include "engine/core/run_control.h"
#include "engine/core/thread_pool.h"
#include "engine/data/csr.h"
#include "engine/data/feature_columns.h"
#include "engine/io/tensor_file.h"
#include "engine/nn/ops/activation.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace recoscope {

/// A user or an item, as a row of attributes. Never a bare int.
enum class AttributeRow : std::int32_t {};

using AttributeCsr = Csr<AttributeRow, FeatureIndex>;

enum class RegressionKind {
    Ridge, // y = W a + b
    Mlp,   // y = W₂ f(W₁ a + b₁) + b₂
};

struct RegressionOptions {
    RegressionKind kind = RegressionKind::Ridge;
    double reg = 10.0; // ridge: λ
    std::int32_t hidden = 64;
    nn::Activation activation = nn::Activation::Tanh;
    double dropout = 0.2;
    double learningRate = 0.003;
    double weightDecay = 1e-4;
    std::int32_t epochs = 60;
    std::int32_t batch = 128;
    std::uint64_t seed = 42;
};

/// Vectors from attributes. Immutable; any thread.
class AttributeRegression final {
public:
    /// Fits y of each chosen row from its attributes:
    ///
    ///   ridge  minimises Σ_n w_n |y_n − W a_n − b|² + λ |W|², by conjugate gradients, one run for all
    ///   columns MLP    minimises the weighted mean of |y_n − ŷ_n|² by Adam over `epochs` passes
    ///
    /// @param rows      of `attributes` and `targets` that take part
    /// @param weights   one for each of `rows`; scaled to mean 1
    /// Nothing when cancelled. O(iterations · values · columns of targets).
    static std::optional<AttributeRegression> fit(const AttributeCsr& attributes, const MatrixF& targets,
                                                  std::span<const std::int32_t> rows,
                                                  std::span<const float> weights,
                                                  const RegressionOptions& options, ThreadPool& pool,
                                                  RunControl& control);

    /// Columns of attributes, and numbers of a vector.
    std::int32_t inputs() const { return static_cast<std::int32_t>(m_first.rows()); }
    std::int32_t outputs() const {
        return static_cast<std::int32_t>(linear() ? m_first.cols() : m_second.cols());
    }
    bool linear() const { return m_second.size() == 0; }
    /// @param out  outputs() floats, overwritten
    void predict(std::span<const FeatureIndex> columns, std::span<const float> values, float* out) const;
    /// Of a linear map: a row of W, and b.
    const MatrixF& weights() const { return m_first; }
    const std::vector<float>& intercept() const { return m_firstBias; }

    void save(TensorFile& file, const std::string& prefix) const;
    static Result<AttributeRegression> load(const TensorFile& file, const std::string& prefix);

private:
    AttributeRegression() = default;
    static std::optional<AttributeRegression> ridge(const AttributeCsr& attributes, const MatrixF& targets,
                                                    std::span<const std::int32_t> rows,
                                                    std::span<const float> weights,
                                                    const RegressionOptions& options, RunControl& control);
    static std::optional<AttributeRegression> mlp(const AttributeCsr& attributes, const MatrixF& targets,
                                                  std::span<const std::int32_t> rows,
                                                  std::span<const float> weights,
                                                  const RegressionOptions& options, ThreadPool& pool,
                                                  RunControl& control);

    MatrixF m_first; // inputs x hidden, or x outputs where linear
    std::vector<float> m_firstBias;
    MatrixF m_second; // hidden x outputs; empty where linear
    std::vector<float> m_secondBias;
    nn::Activation m_activation = nn::Activation::Identity;
};

} // namespace recoscope
