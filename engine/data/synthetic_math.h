// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/rng.h"

/// exp, log and normal numbers from additions, multiplications, divisions and square roots alone. IEEE 754
/// fixes every bit of those, but not of the C library's functions, and a generated dataset must not depend on
/// the C library. The definitions are compiled with -ffp-contract=off (no fused multiply-add), which is why
/// they are not inline.
namespace recoscope::synthetic {

/// e^x for |x| < 700, to about 1e-15.
double exactExp(double x);
/// ln x for x > 0, to about 1e-15.
double exactLog(double x);
/// Standard normal (Marsaglia polar method; one of the pair is dropped, so that a stream has no hidden
/// state).
double exactNormal(Rng& rng);

} // namespace recoscope::synthetic
