// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"
#include "engine/nn/parameter.h"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace recoscope::nn {

/// First values of a parameter. i and o are how many numbers a unit takes in and gives out (fan-in, fan-out),
/// gain is Initialiser::gain:
///
///     Zeros, Constant          0, scale
///     Uniform                  U(-scale, scale)
///     Normal                   N(0, scale²)
///     TruncatedNormal          N(0, scale²), drawn again while beyond 2 scale: deviation 0.8796 scale
///     GlorotUniform            U(-b, b), b = gain √(6 / (i + o))
///     GlorotNormal             N(0, gain² 2 / (i + o))
///     HeUniform, HeNormal      U(-b, b), b = gain √(6 / i);  N(0, gain² 2 / i)
///     LecunUniform             U(-b, b), b = gain √(1 / i): what PyTorch gives a linear layer and its bias
///     LecunNormal              N(0, gain² / i)
///     Orthogonal               gain Q: rows (or columns, if fewer) of length gain at right angles, from the
///     QR
///                              factorisation of a normal matrix, R's diagonal made positive; O(rows cols
///                              min(rows, cols))
///
/// Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
/// 2010, eq. 12 and 16. He, Zhang, Ren & Sun, "Delving deep into rectifiers", ICCV 2015, eq. 10. LeCun,
/// Bottou, Orr & Müller, "Efficient BackProp", 1998, eq. 16. Saxe, McClelland & Ganguli, "Exact solutions to
/// the nonlinear dynamics of learning in deep linear neural networks", ICLR 2014. Differs from the papers:
/// LeCun et al. scale the inputs' deviation in, here it is 1; LecunUniform has a third of the variance of eq.
/// 16, as in PyTorch.
enum class InitialiserKind {
    Zeros,
    Constant,
    Uniform,
    Normal,
    TruncatedNormal,
    GlorotUniform,
    GlorotNormal,
    HeUniform,
    HeNormal,
    LecunUniform,
    LecunNormal,
    Orthogonal,
};

struct Initialiser {
    InitialiserKind kind = InitialiserKind::GlorotUniform;
    double scale = 0.01; // Constant, Uniform, Normal, TruncatedNormal
    double gain = 1.0;   // all that look at the fans, and Orthogonal
    bool operator==(const Initialiser&) const = default;
};

/// Said by the layer, not read off the matrix: weights that face the items are stored items x hidden in an
/// encoder and in a decoder, and a gather takes in one row only. Both positive where the kind looks at them.
struct Fans {
    std::int64_t in = 1;
    std::int64_t out = 1;
};

/// Overwrites `matrix`, in the order of its memory, with numbers of Rng::stream(seed, name): a parameter's
/// first values do not depend on which others the network has. float and double draw the same numbers, but
/// for rounding.
template <class S>
void initialise(Matrix<S>& matrix, const Initialiser& initialiser, Fans fans, std::uint64_t seed,
                std::string_view name);

template <class S>
Matrix<S> initialised(std::int64_t rows, std::int64_t cols, const Initialiser& initialiser, Fans fans,
                      std::uint64_t seed, std::string_view name) {
    Matrix<S> matrix(rows, cols);
    initialise<S>(matrix, initialiser, fans, seed, name);
    return matrix;
}

/// For parameter forms. Keys are stable.
std::vector<std::pair<InitialiserKind, ParamChoice>> initialiserChoices();

extern template void initialise<float>(Matrix<float>&, const Initialiser&, Fans, std::uint64_t,
                                       std::string_view);
extern template void initialise<double>(Matrix<double>&, const Initialiser&, Fans, std::uint64_t,
                                        std::string_view);

} // namespace recoscope::nn
