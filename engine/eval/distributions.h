// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace recoscope {

/// Regularised incomplete beta function I_x(a, b); a, b > 0, x in [0, 1]. Continued fraction (Abramowitz &
/// Stegun 26.5.8) by Lentz's method, to about 1e-14 relative.
double incompleteBeta(double a, double b, double x);

/// P(|T| >= |t|) for Student's t. 0 for infinite t, NaN without degrees of freedom.
double studentTwoSided(double t, double degrees);

/// P(|Z| >= |z|) for the standard normal.
double normalTwoSided(double z);

} // namespace recoscope
