// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/train.h"

#include "engine/core/memory_usage.h"
#include "engine/eval/leaks.h"
#include "engine/eval/metric_definition.h"
#include "engine/models/registry.h"
#include "engine/train/early_stopping.h"
#include "engine/train/forecast.h"
#include "engine/train/run_reporter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>
#include <new>

namespace recoscope {

namespace {

constexpr std::string_view validationLossKey = "validation_loss";

std::string quoted(std::string_view text) { return std::string("'").append(text).append("'"); }

Error errorOf(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::bad_alloc&) {
        return {ErrorCode::Limit,
                "There is not enough memory for this model; make it smaller or use less data", ""};
    } catch (const std::exception& exception) {
        return {ErrorCode::Invalid, std::string("An internal check failed: ") + exception.what(), ""};
    } catch (...) {
        return {ErrorCode::Invalid, "An unknown failure ended the run", ""};
    }
}

/// What the algorithm must be given, and the split does not have.
Status checkNeeds(const AlgorithmInfo& algorithm, const Split& split) {
    if (const auto lacks = missingNeed(algorithm.needs, split))
        return Error{ErrorCode::Unsupported,
                     std::string(algorithm.title) + " needs " + *lacks +
                         ", and this data has none; choose another algorithm or other data",
                     "algorithm"};
    if (split.train().empty())
        return Error{ErrorCode::Invalid, "The split leaves no training interactions", "split"};
    return {};
}

/// Interactions without ratings all have the value 1: no higher threshold leaves anything relevant.
Status checkThreshold(const EvaluationOptions& options, const Split& split) {
    if (options.relevanceThreshold <= 1.0 || !split.dataset()->scale().implicit) return {};
    return Error{ErrorCode::Invalid,
                 "The relevance threshold " + toText(options.relevanceThreshold) +
                     " leaves no item relevant: without ratings every interaction counts as 1 (also when an "
                     "implicit threshold made it so). Leave the relevance threshold at 0",
                 "relevance_threshold"};
}

/// Makes sure that the metric early stopping watches is among those computed on validation.
Status addWatchedMetric(std::string_view key, EvaluationOptions& options) {
    if (key == validationLossKey) return {};
    const auto wrong = [&](const std::string& why) {
        return Error{ErrorCode::Invalid, "Early stopping cannot watch " + quoted(key) + ": " + why,
                     "early_stopping.metric"};
    };
    const MetricInfo* info = findMetric(key);
    if (!info) return wrong("there is no such metric");
    if ((info->name == "rmse" || info->name == "mae") && !options.predictsRatings)
        return wrong("this algorithm does not predict ratings on this data");
    const std::size_t at = key.find('@');
    if (!info->hasCutoff && at != std::string_view::npos) return wrong("this metric has no cutoff");
    if (info->hasCutoff) {
        int k = 0;
        const char* end = key.data() + key.size();
        const bool number =
            at != std::string_view::npos && std::from_chars(key.data() + at + 1, end, k).ptr == end && k > 0;
        if (!number) return wrong("it needs a cutoff, as in ndcg@10");
        if (std::find(options.cutoffs.begin(), options.cutoffs.end(), k) == options.cutoffs.end())
            options.cutoffs.push_back(k);
    }
    if (!options.metrics.empty() &&
        std::find(options.metrics.begin(), options.metrics.end(), info->name) == options.metrics.end())
        options.metrics.emplace_back(info->name);
    return {};
}

/// One run. The steps fill in m_end; finish() chooses the model.
class Run final {
public:
    Run(const AlgorithmInfo& algorithm, const TrainingPlan& plan, const SplitPtr& split, ThreadPool& pool,
        RunControl& control, EventSink& events)
        : m_algorithm(algorithm)
        , m_plan(plan)
        , m_split(split)
        , m_pool(pool)
        , m_control(control)
        , m_reporter(control, events) {}

    RunEnded execute();

private:
    enum class Next { GoOn, Stop };

    Status prepare();
    void train();
    Next runEpoch(int epoch);
    Next afterEpoch(int epoch, const EpochResult& result, double seconds);
    Next validate(int epoch, std::optional<double> validationLoss);
    void testModel();
    void chooseModel();
    void warnOf(const std::vector<Leak>& leaks);

    bool evaluatesAfter(int epoch) const {
        return m_hasValidation && (epoch % m_plan.evaluateEvery == 0 || epoch == m_plannedEpochs);
    }
    void keepCopy(int epoch);
    Next cancelled(int epoch);
    Next failed(int epoch, Error error);
    Error lossError(const NamedValue& loss) const;

    const AlgorithmInfo& m_algorithm;
    const TrainingPlan& m_plan;
    const SplitPtr& m_split;
    ThreadPool& m_pool;
    RunControl& m_control;
    RunReporter m_reporter;

    std::unique_ptr<Trainer> m_trainer;
    int m_plannedEpochs = 0;
    int m_epoch = 0; // under way
    EvaluationOptions m_testOptions;
    EvaluationOptions m_validationOptions;
    bool m_hasValidation = false;
    bool m_stopsEarly = false;
    std::optional<EarlyStopper> m_stopper; // also without early stopping: marks the best evaluation

    /// A model with the epoch it is of, and its evaluation on validation if there was one.
    struct Kept {
        std::shared_ptr<const Recommender> model;
        int epoch = 0;
        std::shared_ptr<const Evaluation> validation;
    };
    Kept m_last;      // the last finished epoch's: what is left when the next one fails or is cancelled
    Kept m_best;      // only with early stopping
    Kept m_validated; // without early stopping: the last that was evaluated, kept when the run is cancelled
    RunEnded m_end;
};

RunEnded Run::execute() {
    try {
        if (const Status ready = prepare(); !ready) {
            failed(0, ready.error());
            m_last = {}; // nothing was trained
        } else {
            train();
        }
        chooseModel();
        testModel();
    } catch (...) {
        failed(m_epoch, errorOf(std::current_exception()));
        chooseModel();
    }
    m_end.seconds = m_reporter.elapsed();
    m_reporter.post(m_end);
    return std::move(m_end);
}

Status Run::prepare() {
    if (!m_split) return Error{ErrorCode::Invalid, "There is no data to train on", "split"};
    if (const Status needs = checkNeeds(m_algorithm, *m_split); !needs) return needs;
    if (const Status reachable = checkThreshold(m_plan.evaluation, *m_split); !reachable) return reachable;
    if (m_plan.evaluateEvery < 0)
        return Error{ErrorCode::Invalid, "Epochs between evaluations cannot be negative", "evaluate_every"};
    if (!m_plan.ignoreMemory)
        if (const Status fits = checkMemory(m_algorithm, m_plan.params, *m_split); !fits) return fits;
    auto trainer = m_algorithm.makeTrainer({m_split, m_plan.params, m_plan.seed});
    if (!trainer) return trainer.error();
    m_trainer = std::move(*trainer);
    m_plannedEpochs = std::max(0, m_trainer->plannedEpochs());
    keepCopy(0); // also tells whether these parameters predict ratings

    m_testOptions = m_plan.evaluation;
    const bool predictsRatings = m_algorithm.capabilities.predictsRatings || m_last.model->predictsRatings();
    m_testOptions.predictsRatings = predictsRatings && !m_split->dataset()->scale().implicit;
    if (const Status known = checkEvaluationOptions(m_testOptions); !known) return known;
    m_validationOptions = m_testOptions;

    const bool wanted = m_plan.evaluateEvery > 0 && !m_split->validation().empty();
    m_hasValidation = wanted && (m_testOptions.predictsRatings ||
                                 countUsers(m_testOptions, *m_split, Target::Validation).users > 0);
    m_stopsEarly = m_plan.earlyStopping.enabled && m_hasValidation;
    const std::string& metric = m_plan.earlyStopping.metric;
    if (m_stopsEarly)
        if (const Status added = addWatchedMetric(metric, m_validationOptions); !added) return added;
    const MetricInfo* info = findMetric(metric);
    m_stopper.emplace(m_plan.earlyStopping.patience, m_plan.earlyStopping.minDelta,
                      info ? info->higherIsBetter : false);

    m_reporter.post(RunStarted{std::string(m_algorithm.id), m_plannedEpochs, m_split->dataset()->userCount(),
                               m_split->dataset()->itemCount(), m_split->train().size(),
                               m_pool.threadCount()});
    warnOf(findLeaks(*m_split));
    if (wanted && !m_hasValidation)
        m_reporter.log(LogLevel::Warning,
                       "No user has a relevant validation item, so the model is not validated");
    if (m_plan.earlyStopping.enabled && !m_stopsEarly && m_plannedEpochs > 1)
        m_reporter.log(
            LogLevel::Info,
            "There is no validation, so training cannot stop early and the last epoch's model is kept");
    return {};
}

void Run::train() {
    if (!m_control.keepGoing()) {
        cancelled(1);
        return;
    }
    for (int epoch = 1; epoch <= m_plannedEpochs; ++epoch) {
        m_epoch = epoch;
        if (runEpoch(epoch) == Next::Stop) return;
        if (epoch == m_plannedEpochs) break;
        const bool goOn = m_control.atEpochBoundary([&] {
            m_reporter.post(SnapshotReady{epoch, m_last.model});
        });
        if (!goOn) {
            cancelled(epoch + 1);
            return;
        }
    }
    m_end.outcome = RunOutcome::Completed;
    m_end.reason =
        m_plannedEpochs == 1 ? "Fitted" : "Finished all " + std::to_string(m_plannedEpochs) + " epochs";
}

Run::Next Run::runEpoch(int epoch) {
    m_reporter.beginPhase(epoch, "training");
    EpochContext context{
        m_pool, m_control, epoch,
        [this](double fraction, double examples) { m_reporter.progress(fraction, examples); },
        [this, epoch] {
            m_reporter.post(SnapshotReady{epoch, m_trainer->snapshot(), true});
        }};
    const double start = m_reporter.elapsed();
    const Result<EpochResult> result = m_trainer->runEpoch(context);
    const double seconds = m_reporter.elapsed() - start;
    m_end.trainSeconds += seconds;
    if (!result)
        return result.error().code == ErrorCode::Cancelled ? cancelled(epoch) : failed(epoch, result.error());
    if (!result->completed) return cancelled(epoch);
    for (const NamedValue& loss : result->losses)
        if (!std::isfinite(loss.value)) return failed(epoch, lossError(loss));
    return afterEpoch(epoch, *result, seconds);
}

Run::Next Run::afterEpoch(int epoch, const EpochResult& result, double seconds) {
    std::optional<double> validationLoss;
    if (evaluatesAfter(epoch)) {
        m_reporter.beginPhase(epoch, "evaluating");
        EpochContext context{m_pool, m_control, epoch, {}, {}};
        validationLoss = m_trainer->validationLoss(context);
        if (m_control.cancelled()) {
            validationLoss.reset(); // may be of a part only
        } else if (validationLoss && !std::isfinite(*validationLoss)) {
            return failed(epoch, lossError({std::string(validationLossKey), *validationLoss}));
        }
    }
    m_end.epochs = epoch;
    keepCopy(epoch);

    EpochFinished finished{epoch,
                           seconds,
                           m_reporter.elapsed(),
                           seconds > 0.0 ? result.examples / seconds : 0.0,
                           result.losses,
                           residentBytes(),
                           {},
                           {}};
    for (const NamedValue& signal : result.signalValues)
        finished.signalValues.push_back({std::string(signalPrefix) + signal.key, signal.value});
    if (!result.tensors.empty())
        finished.tensors = std::make_shared<const std::vector<TensorSummary>>(result.tensors);
    if (validationLoss) finished.losses.push_back({std::string(validationLossKey), *validationLoss});
    m_control.epochTrained();
    m_reporter.post(finished);
    return evaluatesAfter(epoch) ? validate(epoch, validationLoss) : Next::GoOn;
}

Run::Next Run::validate(int epoch, std::optional<double> validationLoss) {
    auto found = evaluate(*m_last.model, *m_split, Target::Validation, m_validationOptions, m_pool, m_control,
                          [this](double fraction) { m_reporter.progress(fraction, 0.0); });
    if (!found)
        return found.error().code == ErrorCode::Cancelled ? cancelled(epoch + 1)
                                                          : failed(epoch, found.error());
    m_last.validation = std::make_shared<const Evaluation>(std::move(*found));

    const EarlyStopping& rule = m_plan.earlyStopping;
    std::optional<double> watched = rule.metric == validationLossKey ? validationLoss : std::nullopt;
    if (const MetricValue* metric = m_last.validation->find(rule.metric)) watched = metric->value;
    if (!watched && m_stopsEarly) {
        m_stopsEarly = false;
        m_reporter.log(LogLevel::Warning,
                       std::string(m_algorithm.title) + " gives no " + rule.metric +
                           ", so training cannot stop early and the last epoch's model is kept");
    }
    const bool best = watched && m_stopper->improves(*watched);
    if (best && m_stopsEarly) m_best = m_last;
    if (!m_stopsEarly) m_validated = m_last;

    Evaluated evaluated{epoch, m_reporter.elapsed(), m_last.validation->seconds, {}, best};
    for (const MetricValue& metric : m_last.validation->metrics)
        evaluated.metrics.push_back({metric.key, metric.value});
    m_reporter.post(evaluated);

    if (!m_stopsEarly || !m_stopper->shouldStop() || epoch == m_plannedEpochs) return Next::GoOn;
    m_end.outcome = RunOutcome::StoppedEarly;
    m_end.reason = "Stopped after epoch " + std::to_string(epoch) + ": " + rule.metric +
                   " was best in epoch " + std::to_string(m_best.epoch);
    return Next::Stop;
}

void Run::keepCopy(int epoch) {
    // Every epoch: should the next one turn out NaN or be cancelled, this is the model that is left, and
    // validation and snapshots use the same copy. It costs one pass over the parameters.
    m_last = {m_trainer->snapshot(), epoch, nullptr};
}

Run::Next Run::cancelled(int epoch) {
    m_end.outcome = RunOutcome::Cancelled;
    m_end.reason =
        "Stopped by hand in epoch " + std::to_string(std::min(epoch, std::max(1, m_plannedEpochs)));
    // Nothing finished yet: what the first epoch reached is better than the untrained model.
    if (m_end.epochs == 0) keepCopy(0);
    return Next::Stop;
}

Run::Next Run::failed(int epoch, Error error) {
    m_end.outcome = RunOutcome::Failed;
    m_end.reason =
        (epoch > 0 ? "Failed in epoch " + std::to_string(epoch) + ": " : std::string()) + error.message;
    m_end.error = std::move(error);
    return Next::Stop;
}

Error Run::lossError(const NamedValue& loss) const {
    std::string text =
        "The " + quoted(loss.key) + (std::isnan(loss.value) ? " became NaN" : " became infinite");
    // The step size is what usually does it; say how large it was.
    for (const char* key : {"learning_rate", "reg_weight", "regularization"}) {
        const auto complete = m_algorithm.schema().complete(m_plan.params);
        if (!complete || !complete->contains(key)) continue;
        const bool isStep = std::string_view(key) == "learning_rate";
        text += std::string("; ") + (isStep ? "lower " : "raise ") + key + ", which was " +
                toText(complete->at(key));
        return {ErrorCode::Numeric, text, key};
    }
    return {ErrorCode::Numeric, text, loss.key};
}

void Run::chooseModel() {
    m_trainer.reset(); // its memory is not needed any more
    // Whatever the moment of the stop: a model that has been evaluated is kept with its numbers.
    const bool cancelled = m_end.outcome == RunOutcome::Cancelled;
    const Kept& finished = cancelled && !m_last.validation && m_validated.model ? m_validated : m_last;
    const Kept& kept = m_stopsEarly && m_best.model ? m_best : finished;
    if (cancelled) {
        if (kept.epoch > 0) m_end.reason += "; the model of epoch " + std::to_string(kept.epoch) + " is kept";
        m_end.reason += kept.validation ? "; not tested" : "; neither validated nor tested";
    }
    m_end.model = kept.model;
    m_end.bestEpoch = kept.epoch;
    m_end.validation = kept.validation;
}

void Run::warnOf(const std::vector<Leak>& leaks) {
    for (const Leak& leak : leaks)
        m_reporter.log(LogLevel::Warning, (leak.hint ? "Maybe a leak: " : "A leak: ") + leakText(leak));
}

void Run::testModel() {
    const bool ended = m_end.outcome == RunOutcome::Completed || m_end.outcome == RunOutcome::StoppedEarly;
    if (!ended || !m_plan.evaluateTest || m_split->test().empty() || !m_end.model) return;
    if (!m_testOptions.predictsRatings && countUsers(m_testOptions, *m_split, Target::Test).users == 0) {
        m_reporter.log(LogLevel::Warning, "No user has a relevant test item, so the model is not tested");
        return;
    }
    m_reporter.beginPhase(std::max(1, m_end.epochs), "evaluating");
    auto found = evaluate(*m_end.model, *m_split, Target::Test, m_testOptions, m_pool, m_control,
                          [this](double fraction) { m_reporter.progress(fraction, 0.0); });
    if (found) {
        m_end.test = std::make_shared<const Evaluation>(std::move(*found));
        warnOf(findEvaluationLeaks(*m_end.test, *m_split, Target::Test, m_testOptions));
    } else if (found.error().code == ErrorCode::Cancelled) {
        m_end.outcome = RunOutcome::Cancelled;
        m_end.reason = "Stopped by hand during the test evaluation; not tested";
    } else {
        failed(0, found.error());
    }
}

} // namespace

Status checkPlan(const TrainingPlan& plan, const Split& split) {
    const auto algorithm = requireAlgorithm(plan.algorithm);
    if (!algorithm) return algorithm.error();
    if (const auto params = (*algorithm)->schema().complete(plan.params); !params) return params.error();
    if (const Status needs = checkNeeds(**algorithm, split); !needs) return needs;
    if (const Status reachable = checkThreshold(plan.evaluation, split); !reachable) return reachable;
    return plan.ignoreMemory ? Status() : checkMemory(**algorithm, plan.params, split);
}

RunEnded trainWith(const AlgorithmInfo& algorithm, const TrainingPlan& plan, const SplitPtr& split,
                   ThreadPool& pool, RunControl& control, EventSink& events) {
    return Run(algorithm, plan, split, pool, control, events).execute();
}

RunEnded train(const TrainingPlan& plan, const SplitPtr& split, ThreadPool& pool, RunControl& control,
               EventSink& events) {
    const auto algorithm = requireAlgorithm(plan.algorithm);
    if (algorithm) return trainWith(**algorithm, plan, split, pool, control, events);
    RunEnded ended;
    ended.outcome = RunOutcome::Failed;
    ended.reason = algorithm.error().message;
    ended.error = algorithm.error();
    RunReporter(control, events).post(ended);
    return ended;
}

} // namespace recoscope
