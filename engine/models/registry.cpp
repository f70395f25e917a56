// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "engine/models/autoencoder/adversarial_ae.h"
#include "engine/models/autoencoder/autoencoder.h"
#include "engine/models/autoencoder/autorec.h"
#include "engine/models/autoencoder/gaussian_vae.h"
#include "engine/models/autoencoder/mult_vae.h"
#include "engine/models/autoencoder/rec_vae.h"
#include "engine/models/baseline/bias_als.h"
#include "engine/models/baseline/global_mean.h"
#include "engine/models/baseline/item_mean.h"
#include "engine/models/baseline/popularity.h"
#include "engine/models/baseline/random.h"
#include "engine/models/baseline/user_mean.h"
#include "engine/models/content/attribute_map.h"
#include "engine/models/content/content_knn.h"
#include "engine/models/content/content_profile.h"
#include "engine/models/factorization/biased_mf.h"
#include "engine/models/factorization/bpr_mf.h"
#include "engine/models/factorization/fism.h"
#include "engine/models/factorization/funk_svd.h"
#include "engine/models/factorization/ials.h"
#include "engine/models/factorization/logistic_mf.h"
#include "engine/models/factorization/neural_mf.h"
#include "engine/models/factorization/nmf.h"
#include "engine/models/factorization/pca.h"
#include "engine/models/factorization/pure_svd.h"
#include "engine/models/factorization/rating_nmf.h"
#include "engine/models/factorization/svdpp.h"
#include "engine/models/factorization/warp.h"
#include "engine/models/graph/light_gcn.h"
#include "engine/models/graph/p3alpha.h"
#include "engine/models/graph/rp3beta.h"
#include "engine/models/hybrid/switching_hybrid.h"
#include "engine/models/hybrid/weighted_hybrid.h"
#include "engine/models/linear/ease.h"
#include "engine/models/linear/slim.h"
#include "engine/models/neighbourhood/co_clustering.h"
#include "engine/models/neighbourhood/item_knn.h"
#include "engine/models/neighbourhood/knn_baseline.h"
#include "engine/models/neighbourhood/slope_one.h"
#include "engine/models/neighbourhood/user_knn.h"

#include <array>

namespace recoscope {

std::span<const AlgorithmInfo> algorithms() {
    // Adding a model: one file pair, one row here, beside its family.
    static const std::array table{
        randomInfo(),
        popularityInfo(),
        globalMeanInfo(),
        userMeanInfo(),
        itemMeanInfo(),
        biasAlsInfo(),
        itemKnnInfo(),
        userKnnInfo(),
        knnBaselineInfo(),
        slopeOneInfo(),
        coClusteringInfo(),
        p3alphaInfo(),
        rp3betaInfo(),
        lightGcnInfo(),
        easeInfo(),
        slimInfo(),
        contentKnnInfo(),
        hybridKnnInfo(),
        contentProfileInfo(),
        attributeMapInfo(),
        biasedMfInfo(),
        svdppInfo(),
        ratingNmfInfo(),
        bprMfInfo(),
        warpInfo(),
        funkSvdInfo(),
        logisticMfInfo(),
        neuralMfInfo(),
        fismInfo(),
        ialsInfo(),
        nmfInfo(),
        pureSvdInfo(),
        pcaInfo(),
        autoencoderInfo(),
        autorecInfo(),
        cdaeInfo(),
        multDaeInfo(),
        multVaeInfo(),
        gaussianVaeInfo(),
        recVaeInfo(),
        adversarialAeInfo(),
        weightedHybridInfo(),
        switchingHybridInfo(),
    };
    return table;
}

const AlgorithmInfo* findAlgorithm(std::string_view id) {
    for (const auto& info : algorithms())
        if (info.id == id) return &info;
    return nullptr;
}

Result<const AlgorithmInfo*> requireAlgorithm(std::string_view id) {
    if (const AlgorithmInfo* info = findAlgorithm(id)) return info;
    std::string known;
    for (const auto& info : algorithms()) known += (known.empty() ? "" : ", ") + std::string(info.id);
    return Error{ErrorCode::NotFound, "Unknown algorithm '" + std::string(id) + "'; known are " + known, "algorithm"};
}

} // namespace recoscope
