// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/trainer.h"
#include "engine/linalg/truncated_svd.h"

#include <memory>

namespace recoscope {

/// Parameters of PureSVD and PCA, and how both are trained: one truncated SVD of the training matrix.
const ParamSchema& svdSchema();
Result<std::unique_ptr<Trainer>> makeSvdTrainer(const TrainerInput& input, Centring centring);

} // namespace recoscope
