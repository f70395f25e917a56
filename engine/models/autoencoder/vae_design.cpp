// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/autoencoder/vae_design.h"

#include "engine/nn/ops/gaussian.h"

namespace recoscope {

namespace {

constexpr nn::ScalarId kKlWeight{1};

} // namespace

CodeNetwork VaeDesign::build(const DataSize& size, std::uint64_t seed) const {
    const std::int32_t items = size.items;
    const VaeParams& params = vaeParams();
    CodeNetwork network;
    auto graph = std::make_shared<nn::Graph<float>>();
    const LayerSizes sizes = params.sizes(size);
    const Encoder encoder = addEncoder(network.parameters, sizes, true, seed);
    const Decoder decoder = addDecoder(network.parameters, sizes, params.tied ? &encoder : nullptr, seed);
    network.history = graph->sparseInput(items);
    network.target = graph->sparseInput(items);
    addSideInputs(*graph, sizes, network);
    network.noisy = graph->transform(network.history, params.noise());
    const Code code = wireEncoder(*graph, network.parameters, encoder, network, params.layers());
    network.code = code.mean;
    network.logVariance = code.logVariance;
    network.latent = nn::gaussianSample(*graph, code.mean, *code.logVariance);
    network.output = wireDecoder(*graph, network.parameters, decoder, network, params.layers());
    network.reconstruction = nn::reconstructionLoss(*graph, network.output, network.target, likelihood());
    const nn::NodeId kl = nn::klToStandardNormal(*graph, code.mean, *code.logVariance);
    const nn::ScalarId one = graph->scalar("one", 1.0f);
    const nn::ScalarId weight = graph->scalar("kl_weight", 0.0f);
    RECOSCOPE_CHECK(weight == kKlWeight, "the weight's place in the graph");
    const nn::NodeId loss = nn::weightedSum(*graph, {network.reconstruction, kl}, {one, weight});
    network.objectives.push_back({.loss = loss,
                                  .trained = network.parameters.trained(),
                                  .parts = {{"reconstruction", network.reconstruction}, {"kl", kl}}});
    switch (likelihood().loss) {
    case nn::ReconstructionLoss::Multinomial:
        network.scale = OutputScale::Softmax;
        break;
    case nn::ReconstructionLoss::CrossEntropy:
        network.scale = OutputScale::Sigmoid;
        break;
    case nn::ReconstructionLoss::SquaredError:
    case nn::ReconstructionLoss::Gaussian:
        network.scale = OutputScale::Linear;
        break;
    }
    network.generative = true;
    network.graph = std::move(graph);
    return network;
}

void VaeDesign::beforeStep(const StepTime& time, nn::Workspace<float>& workspace) const {
    workspace.scalar(kKlWeight) =
        static_cast<float>(nn::annealedWeight(vaeParams().klAnnealing(), time.step));
}

void VaeDesign::addSignals(const StepTime&, const nn::Workspace<float>& workspace,
                           std::vector<NamedValue>& signalValues) const {
    signalValues.push_back({"kl_weight", static_cast<double>(workspace.scalar(kKlWeight))});
}

} // namespace recoscope
