// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/experiment_options.h"

#include "engine/eval/evaluation_choices.h"
#include "engine/models/registry.h"

#include <QDate>
#include <QDir>
#include <QFileInfo>
#include <QTimeZone>

#include <nlohmann/json.hpp>

namespace recoscope::cli {

namespace {

enum class Shape { Value, List, True, False, Minimum, Path };

/// An option and the key of experiment files that it sets.
struct Row {
    const char* option;
    const char* value;
    const char* key;
    Shape shape;
    const char* help;
};

constexpr Row dataRows[] = {
    {"--data", "PATH", "data_path", Shape::Path,
     "file, folder, .zip or .gz; builtin:sample; generated:users=…,items=…,interactions=…,seed=…"},
    {"--train", "FILE", "data_path", Shape::Path, "training part of a pre-made split"},
    {"--validation", "FILE", "validation_path", Shape::Path, "its validation part"},
    {"--test", "FILE", "test_path", Shape::Path, "its test part"},
    {"--features", "PATH", "features_path", Shape::Path,
     "other data with attributes of the same items and users, joined by id"},
    {"--format", "ID", "format", Shape::Value, "do not detect the format (list: import --formats)"},
    {"--duplicates", "POLICY", "duplicates", Shape::Value,
     "of repeated (user, item): last, first, mean, sum, max"},
};

constexpr Row splitRows[] = {
    {"--test-fraction", "X", "eval_args.test_fraction", Shape::Value, "share of the test part (0.2)"},
    {"--validation-fraction", "X", "eval_args.validation_fraction", Shape::Value,
     "share of the validation part (0.1); 0: none"},
    {"--folds", "N", "eval_args.folds", Shape::Value, "k_fold: how many (5)"},
    {"--fold", "N", "eval_args.fold", Shape::Value, "k_fold: which is the test part, from 0"},
    {"--fold-in-fraction", "X", "eval_args.fold_in_fraction", Shape::Value,
     "user_fold: share of a held-out user's history that is shown (0.8)"},
    {"--split-seed", "N", "eval_args.split_seed", Shape::Value, "seed of the split alone"},
    {"--implicit-threshold", "X", "implicit_threshold", Shape::Value,
     "ratings at or above become 1, others are dropped"},
    {"--min-user", "N", "user_inter_num_interval", Shape::Minimum,
     "only users with N interactions or more (k-core with --min-item)"},
    {"--min-item", "N", "item_inter_num_interval", Shape::Minimum, "only items with N interactions or more"},
    {"--min-rating", "X", "val_interval.rating", Shape::Minimum, "only interactions rated X or more"},
};

constexpr Row trainingRows[] = {
    {"--algorithm", "ID", "model", Shape::Value, "see 'recoscope-cli algorithms'"},
    {"--seed", "N", "seed", Shape::Value, "of training and split (42)"},
    {"--name", "TEXT", "name", Shape::Value, "what the run is called"},
    {"--valid-metric", "METRIC", "valid_metric", Shape::Value,
     "early stopping looks at this (ndcg@10; rmse for rating predictors), or validation_loss"},
    {"--patience", "N", "stopping_step", Shape::Value,
     "evaluations without improvement before training stops (10)"},
    {"--min-delta", "X", "stopping_min_delta", Shape::Value, "what counts as an improvement (0)"},
    {"--no-early-stopping", "", "early_stopping", Shape::False,
     "train to the last epoch and keep the last model"},
    {"--eval-every", "N", "eval_step", Shape::Value,
     "epochs between evaluations on validation (1); 0: never"},
    {"--no-test", "", "evaluate_test", Shape::False, "do not score the test part"},
};

constexpr Row plainEvaluationRows[] = {
    {"--cutoffs", "K,K…", "topk", Shape::List, "lengths of the lists (5,10,20)"},
    {"--metrics", "NAME,…", "metrics", Shape::List,
     "ndcg recall precision f1 map mrr hr auc rmse mae coverage gini novelty arp tail_share ild ild_cooccurrence "
     "personalisation calibration truth (all that apply)"},
    {"--relevance-threshold", "X", "evaluation.relevance_threshold", Shape::Value,
     "held-out ratings at or above are relevant (all are)"},
    {"--rank-seen", "", "evaluation.exclude_train", Shape::False, "items of the history are candidates, too"},
    {"--rank-validation", "", "evaluation.exclude_validation_at_test", Shape::False,
     "validation items are candidates at test time"},
    {"--no-clip", "", "evaluation.clip_ratings", Shape::False,
     "predicted ratings are not clipped to the scale"},
    {"--negatives", "N", "evaluation.candidate_negatives", Shape::Value,
     "with --candidates uniform or popular: how many for each user (99)"},
    {"--candidate-seed", "N", "evaluation.candidate_seed", Shape::Value, "what is drawn (42)"},
};

/// With one option for each choice that frameworks disagree on.
std::span<const Row> evaluationRows() {
    static const auto texts = [] {
        std::vector<std::pair<std::string, std::string>> keysAndHelp;
        for (const EvaluationChoice& choice : evaluationChoices()) {
            std::string help = std::string(choice.title) + ": ";
            for (const ChoiceValue& value : choice.values)
                help.append(&value == choice.values.data() ? "" : ", ").append(value.key);
            keysAndHelp.emplace_back("evaluation." + std::string(choice.key), std::move(help));
        }
        return keysAndHelp;
    }();
    static const auto rows = [] {
        std::vector<Row> all(std::begin(plainEvaluationRows), std::end(plainEvaluationRows));
        for (std::size_t n = 0; n < texts.size(); ++n)
            all.push_back({evaluationChoices()[n].option.data(), "KEY", texts[n].first.c_str(), Shape::Value,
                           texts[n].second.c_str()});
        return all;
    }();
    return rows;
}

std::vector<Option> toOptions(std::span<const Row> rows) {
    std::vector<Option> options;
    for (const Row& row : rows)
        options.push_back({row.option, row.value, row.help, false});
    return options;
}

/// A JSON string is a double-quoted scalar of YAML.
std::string scalar(const QString& text) {
    return nlohmann::json(text.toStdString()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

QString absolute(const QString& path) {
    if (path.startsWith("builtin:") || path.startsWith("generated:")) return path;
    return QDir::cleanPath(QFileInfo(path).absoluteFilePath());
}

std::string written(const Row& row, const QString& value) {
    switch (row.shape) {
    case Shape::True:
        return "true";
    case Shape::False:
        return "false";
    case Shape::Minimum:
        return scalar("[" + value + ",inf)");
    case Shape::Path:
        return scalar(absolute(value));
    case Shape::List: {
        std::string list = "[";
        for (const QString& part : value.split(',', Qt::SkipEmptyParts))
            list.append(list.size() > 1 ? ", " : "").append(scalar(part.trimmed()));
        return list.append("]");
    }
    case Shape::Value:
        break;
    }
    return scalar(value);
}

/// One small YAML document for one key, nested where it has a dot.
std::string document(const std::string& key, const std::string& value) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) return key + ": " + value + "\n";
    return key.substr(0, dot) + ": {" + key.substr(dot + 1) + ": " + value + "}\n";
}

/// Seconds, or a date such as 2015-03-01.
std::optional<QString> seconds(const QString& text) {
    bool number = false;
    text.toLongLong(&number);
    if (number) return text;
    const QDate date = QDate::fromString(text, Qt::ISODate);
    if (!date.isValid()) return std::nullopt;
    return QString::number(date.startOfDay(QTimeZone::utc()).toSecsSinceEpoch());
}

/// "user=0,item=1,rating=2,time=3,delimiter=tab,header=false"
Result<std::string> columnsDocument(const QString& text) {
    std::string inner;
    for (const QString& part : text.split(',', Qt::SkipEmptyParts)) {
        const qsizetype equals = part.indexOf('=');
        if (equals < 1)
            return Error{ErrorCode::Invalid,
                         "--columns is written as user=0,item=1,rating=2,time=3,delimiter=tab,header=false",
                         ""};
        inner.append(inner.empty() ? "" : ", ")
            .append(scalar(part.left(equals)))
            .append(": ")
            .append(scalar(part.mid(equals + 1)));
    }
    return "columns: {" + inner + "}\n";
}

class Overlay final {
public:
    explicit Overlay(Experiment base)
        : m_experiment(std::move(base)) {}
    /// @param named  what errors begin with that the option's name says already
    Status apply(const std::string& option, const std::string& yaml, const std::string& named) {
        auto next = overlayYaml(m_experiment, yaml, "");
        if (!next) {
            std::string message = next.error().message;
            if (message.rfind(named, 0) == 0) message.erase(0, named.size());
            return Error{next.error().code, option + (named.empty() ? " " : ": ") + message, ""};
        }
        m_experiment = std::move(*next);
        return {};
    }
    Status apply(const Arguments& arguments, std::span<const Row> rows) {
        for (const Row& row : rows) {
            const auto value = arguments.value(row.option);
            if (!value) continue;
            bool number = false;
            if (value->toDouble(&number); row.shape == Shape::Minimum && !number)
                return Error{ErrorCode::Invalid,
                             std::string(row.option) + " needs a number, got '" + value->toStdString() + "'",
                             ""};
            if (Status status =
                    apply(row.option, document(row.key, written(row, *value)), std::string(row.key) + ": ");
                !status)
                return status;
        }
        return {};
    }
    Experiment& experiment() { return m_experiment; }

private:
    Experiment m_experiment;
};

} // namespace

std::vector<Option> joined(std::initializer_list<std::vector<Option>> groups) {
    std::vector<Option> all;
    for (const auto& group : groups)
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

std::vector<Option> dataOptions() {
    return joined(
        {toOptions(dataRows),
         {{"--columns", "SPEC",
           "columns of delimited text: user=0,item=1,rating=2,time=3,delimiter=tab,quote=,header=false"}}});
}
std::vector<Option> splitOptions() {
    return joined(
        {{{"--split", "KIND",
           "random_per_user, random_global, leave_last_out, time_cut, user_fold, k_fold, premade, cold_users "
           "(whole users, no history shown), cold_items (whole items)"}},
         toOptions(splitRows),
         {{"--from-time", "WHEN", "only interactions from then on: seconds, or a date such as 2015-03-01"},
          {"--to-time", "WHEN", "only interactions up to then"}}});
}
std::vector<Option> trainingOptions() {
    return joined({toOptions(trainingRows),
                   {{"--set", "KEY=VALUE", "a parameter of the algorithm; as often as needed", true}}});
}
std::vector<Option> evaluationOptions() { return toOptions(evaluationRows()); }

Result<Experiment> applyOptions(const Experiment& base, const Arguments& arguments) {
    Overlay overlay(base);
    if (arguments.has("--data") && arguments.has("--train"))
        return Error{ErrorCode::Invalid, "--data and --train exclude each other", ""};
    if (arguments.has("--train") && !arguments.has("--test"))
        return Error{ErrorCode::Invalid, "--train needs --test, the file with the held-out part", ""};
    if ((arguments.has("--test") || arguments.has("--validation")) && !arguments.has("--train") &&
        !arguments.has("--data"))
        return Error{ErrorCode::Invalid,
                     "--test and --validation need --train, the file with the training part", ""};
    if (Status status = overlay.apply(arguments, dataRows); !status) return status.error();
    if (const auto columns = arguments.value("--columns")) {
        const auto yaml = columnsDocument(*columns);
        if (!yaml) return yaml.error();
        if (Status status = overlay.apply("--columns", *yaml, "columns."); !status) return status.error();
    }
    if (arguments.has("--test")) overlay.experiment().split.kind = SplitKind::Premade;
    if (const auto kind = arguments.value("--split"))
        if (Status status =
                overlay.apply("--split", document("eval_args.split", scalar(*kind)), "eval_args.split: ");
            !status)
            return status.error();
    if (Status status = overlay.apply(arguments, trainingRows); !status) return status.error();
    // Early stopping looks at what the algorithm is made for, as on the Train page, unless told otherwise.
    if (arguments.has("--algorithm") && !arguments.has("--valid-metric")) {
        TrainingPlan& plan = overlay.experiment().plan;
        const AlgorithmInfo* info = findAlgorithm(plan.algorithm);
        if (info && info->capabilities.predictsRatings && plan.earlyStopping.metric == EarlyStopping{}.metric)
            plan.earlyStopping.metric = "rmse";
    }
    if (Status status = overlay.apply(arguments, splitRows); !status) return status.error();
    for (const char* option : {"--from-time", "--to-time"}) {
        const auto value = arguments.value(option);
        if (!value) continue;
        const auto time = seconds(*value);
        if (!time)
            return Error{ErrorCode::Invalid,
                         std::string(option) + " needs seconds or a date such as 2015-03-01, got '" +
                             value->toStdString() + "'",
                         ""};
        FilterSpec& filter = overlay.experiment().split.filter;
        (option == std::string("--from-time") ? filter.fromTime : filter.toTime) = time->toLongLong();
    }
    for (const QString& set : arguments.values("--set")) {
        const qsizetype equals = set.indexOf('=');
        if (equals < 1)
            return Error{ErrorCode::Invalid,
                         "--set is written as --set key=value, got '" + set.toStdString() + "'", ""};
        if (Status status = overlay.apply(
                "--set",
                "parameters: {" + scalar(set.left(equals)) + ": " + scalar(set.mid(equals + 1)) + "}\n", "");
            !status)
            return status.error();
    }
    if (Status status = overlay.apply(arguments, evaluationRows()); !status) return status.error();
    return overlay.experiment();
}

} // namespace recoscope::cli
