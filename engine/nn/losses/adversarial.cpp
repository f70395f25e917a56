// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/losses/adversarial.h"

#include "engine/core/check.h"

#include <cmath>

namespace recoscope::nn {

namespace {

template <class S>
class Adversarial final : public Op<S> {
public:
    Adversarial(NodeId logits, Verdict wanted, const AdversarialOptions& options)
        : Op<S>("adversarial loss", {0, 1}, {{logits}})
        , m_loss(options.loss)
        , m_target(wanted == Verdict::Real ? 1.0 - options.smoothing : 0.0)
        , m_sign(wanted == Verdict::Real ? -1.0 : 1.0) {}

    void forward(Step<S>& step) const override {
        const Map<S> logits = step.value(this->input(0));
        double total = 0.0;
        for (Eigen::Index row = 0; row < logits.rows(); ++row) {
            const double l = static_cast<double>(logits(row, 0));
            switch (m_loss) {
            case AdversarialLoss::CrossEntropy:
                total += std::max(l, 0.0) + std::log1p(std::exp(-std::abs(l))) - m_target * l;
                break;
            case AdversarialLoss::LeastSquares:
                total += 0.5 * (l - m_target) * (l - m_target);
                break;
            case AdversarialLoss::Wasserstein:
                total += m_sign * l;
                break;
            }
        }
        step.out()(0, 0) =
            static_cast<S>(total / static_cast<double>(std::max<Eigen::Index>(1, logits.rows())));
    }

    void backward(Step<S>& step) const override {
        if (!step.wantsGradient(this->input(0))) return;
        const Map<S> logits = step.value(this->input(0));
        const double upstream = static_cast<double>(step.outGradient()(0, 0)) /
                                static_cast<double>(std::max<Eigen::Index>(1, logits.rows()));
        GradientView<S> view = step.gradient(this->input(0));
        for (Eigen::Index row = 0; row < logits.rows(); ++row) {
            const double l = static_cast<double>(logits(row, 0));
            double slope = m_sign;
            if (m_loss == AdversarialLoss::CrossEntropy) slope = 1.0 / (1.0 + std::exp(-l)) - m_target;
            if (m_loss == AdversarialLoss::LeastSquares) slope = l - m_target;
            const S dl = static_cast<S>(upstream * slope);
            view.matrix(row, 0) = view.add ? view.matrix(row, 0) + dl : dl;
        }
    }

private:
    AdversarialLoss m_loss;
    double m_target;
    double m_sign;
};

} // namespace

template <class S>
NodeId adversarialLoss(Graph<S>& graph, NodeId logits, Verdict wanted, const AdversarialOptions& options) {
    RECOSCOPE_CHECK(graph.cols(logits) == 1, "a discriminator says one number a row");
    RECOSCOPE_CHECK(options.smoothing >= 0.0 && options.smoothing < 1.0, "a smoothing outside [0, 1)");
    return graph.add(std::make_unique<Adversarial<S>>(logits, wanted, options));
}

template NodeId adversarialLoss(Graph<float>&, NodeId, Verdict, const AdversarialOptions&);
template NodeId adversarialLoss(Graph<double>&, NodeId, Verdict, const AdversarialOptions&);

} // namespace recoscope::nn
