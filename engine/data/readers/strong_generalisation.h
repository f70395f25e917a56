// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/plan.h"

namespace recoscope::readers {

/// Held-out users with fold-in histories: train, val_foldin, val_heldout, test_foldin, test_heldout, or as the Mult-VAE code
/// names them train, validation_tr, validation_te, test_tr, test_te.
Result<std::optional<ReadPlan>> planStrongGeneralisation(const PlanRequest& request);

} // namespace recoscope::readers
