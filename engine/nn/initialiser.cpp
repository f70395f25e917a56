// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/initialiser.h"

#include "engine/core/check.h"

#include <Eigen/QR>

#include <cmath>

namespace recoscope::nn {

namespace {

template <class S>
void fillUniform(Matrix<S>& matrix, double bound, Rng& rng) {
    S* values = matrix.data();
    for (Eigen::Index n = 0; n < matrix.size(); ++n)
        values[n] = static_cast<S>(bound * (2.0 * rng.uniform() - 1.0));
}

template <class S>
void fillNormal(Matrix<S>& matrix, double deviation, Rng& rng) {
    S* values = matrix.data();
    for (Eigen::Index n = 0; n < matrix.size(); ++n)
        values[n] = static_cast<S>(deviation * rng.normal());
}

template <class S>
void fillTruncatedNormal(Matrix<S>& matrix, double deviation, Rng& rng) {
    S* values = matrix.data();
    for (Eigen::Index n = 0; n < matrix.size(); ++n) {
        double z = rng.normal();
        while (std::abs(z) > 2.0)
            z = rng.normal();
        values[n] = static_cast<S>(deviation * z);
    }
}

template <class S>
void fillOrthogonal(Matrix<S>& matrix, double gain, Rng& rng) {
    const bool wide = matrix.cols() > matrix.rows();
    const Eigen::Index longer = wide ? matrix.cols() : matrix.rows();
    const Eigen::Index shorter = wide ? matrix.rows() : matrix.cols();
    Eigen::MatrixXd normal(longer, shorter);
    for (double& x : normal.reshaped())
        x = rng.normal();
    const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> qr(normal); // in place
    // Q alone depends on the algorithm's signs; with a positive diagonal of R it is uniform over all such
    // matrices.
    Eigen::VectorXd scale(shorter);
    for (Eigen::Index n = 0; n < shorter; ++n)
        scale[n] = normal(n, n) < 0.0 ? -gain : gain;
    Eigen::MatrixXd q = Eigen::MatrixXd::Identity(longer, shorter);
    q.applyOnTheLeft(qr.householderQ());
    q *= scale.asDiagonal();
    if (wide)
        matrix = q.transpose().template cast<S>();
    else
        matrix = q.template cast<S>();
}

} // namespace

template <class S>
void initialise(Matrix<S>& matrix, const Initialiser& initialiser, Fans fans, std::uint64_t seed,
                std::string_view name) {
    Rng rng = Rng::stream(seed, name);
    const auto in = static_cast<double>(fans.in);
    const auto both = static_cast<double>(fans.in + fans.out);
    const double scale = initialiser.scale;
    const double gain = initialiser.gain;
    RECOSCOPE_CHECK(fans.in > 0 && fans.out > 0, "fan-in and fan-out must be positive");
    switch (initialiser.kind) {
    case InitialiserKind::Zeros:
        matrix.setZero();
        break;
    case InitialiserKind::Constant:
        matrix.setConstant(static_cast<S>(scale));
        break;
    case InitialiserKind::Uniform:
        fillUniform(matrix, scale, rng);
        break;
    case InitialiserKind::Normal:
        fillNormal(matrix, scale, rng);
        break;
    case InitialiserKind::TruncatedNormal:
        fillTruncatedNormal(matrix, scale, rng);
        break;
    case InitialiserKind::GlorotUniform:
        fillUniform(matrix, gain * std::sqrt(6.0 / both), rng);
        break;
    case InitialiserKind::GlorotNormal:
        fillNormal(matrix, gain * std::sqrt(2.0 / both), rng);
        break;
    case InitialiserKind::HeUniform:
        fillUniform(matrix, gain * std::sqrt(6.0 / in), rng);
        break;
    case InitialiserKind::HeNormal:
        fillNormal(matrix, gain * std::sqrt(2.0 / in), rng);
        break;
    case InitialiserKind::LecunUniform:
        fillUniform(matrix, gain * std::sqrt(1.0 / in), rng);
        break;
    case InitialiserKind::LecunNormal:
        fillNormal(matrix, gain * std::sqrt(1.0 / in), rng);
        break;
    case InitialiserKind::Orthogonal:
        fillOrthogonal(matrix, gain, rng);
        break;
    }
}

std::vector<std::pair<InitialiserKind, ParamChoice>> initialiserChoices() {
    return {
        {InitialiserKind::Zeros, {"zeros", "Zeros", "All 0: for biases"}},
        {InitialiserKind::Constant, {"constant", "Constant", "All the same number"}},
        {InitialiserKind::Uniform, {"uniform", "Uniform", "Evenly between −scale and scale"}},
        {InitialiserKind::Normal, {"normal", "Normal", "Normal with deviation scale"}},
        {InitialiserKind::TruncatedNormal,
         {"truncated_normal", "Truncated normal", "Normal with deviation scale, nothing beyond 2 of them"}},
        {InitialiserKind::GlorotUniform,
         {"xavier_uniform", "Glorot (Xavier) uniform",
          "Evenly within ±√(6 / (in + out)): for tanh and sigmoid"}},
        {InitialiserKind::GlorotNormal,
         {"xavier_normal", "Glorot (Xavier) normal",
          "Normal, variance 2 / (in + out): for tanh and sigmoid"}},
        {InitialiserKind::HeUniform,
         {"he_uniform", "He (Kaiming) uniform", "Evenly within ±√(6 / in): for ReLU"}},
        {InitialiserKind::HeNormal,
         {"he_normal", "He (Kaiming) normal", "Normal, variance 2 / in: for ReLU"}},
        {InitialiserKind::LecunUniform,
         {"lecun_uniform", "LeCun uniform",
          "Evenly within ±√(1 / in): PyTorch's default for a linear layer"}},
        {InitialiserKind::LecunNormal, {"lecun_normal", "LeCun normal", "Normal, variance 1 / in: for SELU"}},
        {InitialiserKind::Orthogonal,
         {"orthogonal", "Orthogonal", "Rows or columns at right angles, of equal length"}},
    };
}

template void initialise<float>(Matrix<float>&, const Initialiser&, Fans, std::uint64_t, std::string_view);
template void initialise<double>(Matrix<double>&, const Initialiser&, Fans, std::uint64_t, std::string_view);

} // namespace recoscope::nn
