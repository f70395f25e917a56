// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/command.h"
#include "app/cli/experiment_options.h"
#include "app/cli/interrupt.h"
#include "app/cli/load_data.h"
#include "app/storage/exports.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

namespace recoscope::cli {

namespace {

/// What can be exported: option, and the file's name in --all.
struct Kind {
    const char* option;
    const char* file;
    const char* help;
};
constexpr Kind kinds[] = {
    {"--recommendations", "recommendations.csv", "user_id,item_id,rank,score of all users"},
    {"--trec-run", "run.trec", "the same lists for trec_eval"},
    {"--trec-qrels", "qrels.trec", "the relevant test items for trec_eval"},
    {"--metrics", "metrics.csv",
     "every metric with its definition; .md and .tex make a table, also of several runs"},
    {"--curves", "curves.csv", "loss and metrics by epoch"},
    {"--experiment", "experiment.yaml", "what makes the run again"},
    {"--model", "model.safetensors", "the model's tensors"},
};

class Exporter final {
public:
    Exporter(const Arguments& arguments, RunStore& store, const std::vector<RunRecord>& records)
        : m_arguments(arguments)
        , m_store(store)
        , m_records(records)
        , m_record(records.front())
        , m_guard(m_control)
        , m_progress(arguments.has("--quiet")) {}

    Status write(const std::string& option, const QString& path, int count) {
        const std::string file = path.toStdString();
        if (option == "--experiment") return writeExperimentFile(file, m_record.experiment);
        if (option == "--metrics") return writeMetrics(file);
        if (option == "--model") return copyModel(path);
        if (option == "--curves") {
            const auto curves = m_store.curves(m_record.id);
            return curves ? writeCurvesCsv(file, *curves) : Status(curves.error());
        }
        if (Status status = load(); !status) return status;
        if (option == "--recommendations")
            return writeRecommendationsCsv(file, *m_loaded->model, *m_loaded->split, count, m_control);
        if (option == "--trec-run")
            return writeTrecRun(file, *m_loaded->model, *m_loaded->split, count, m_record.id.toStdString(),
                                m_control);
        return writeTrecQrels(file, *m_loaded->split, m_record.experiment.plan.evaluation.relevanceThreshold);
    }

private:
    Status load() {
        if (m_loaded) return {};
        ThreadPool pool;
        auto loaded = loadRun(m_store, m_record.id, pool, m_control, m_progress);
        if (!loaded) return loaded.error();
        m_loaded = std::move(*loaded);
        return {};
    }
    Status writeMetrics(const std::string& file) {
        std::vector<MetricRow> rows;
        for (const RunRecord& record : m_records) {
            Target part = Target::Test;
            auto evaluation = m_store.evaluation(record.id, part);
            if (!evaluation) {
                part = Target::Validation;
                evaluation = m_store.evaluation(record.id, part);
            }
            if (!evaluation) return evaluation.error();
            rows.push_back({record.name.toStdString(), std::move(*evaluation), part,
                            record.splitFingerprint.toStdString()});
        }
        TableFormat format = TableFormat::Csv;
        if (QString::fromStdString(file).endsWith(".md")) format = TableFormat::Markdown;
        if (QString::fromStdString(file).endsWith(".tex")) format = TableFormat::Latex;
        return writeTextFile(file, metricTable(rows, format));
    }
    Status copyModel(const QString& path) {
        // Read first: a damaged model is not passed on.
        if (const auto model = m_store.model(m_record.id); !model) return model.error();
        QFile::remove(path);
        QFile source(m_store.modelPath(m_record.id));
        if (source.copy(path)) return {};
        return Error{ErrorCode::Io, "The model cannot be copied: " + source.errorString().toStdString(),
                     path.toStdString()};
    }

    const Arguments& m_arguments;
    RunStore& m_store;
    std::vector<RunRecord> m_records; // metrics compare all; the rest is of the first
    RunRecord m_record;
    RunControl m_control;
    InterruptGuard m_guard;
    ProgressLine m_progress;
    std::optional<LoadedRun> m_loaded;
};

int runExport(const Arguments& arguments) {
    if (arguments.positional().isEmpty())
        return usage(arguments, "export needs one run: recoscope-cli export RUN --recommendations FILE …");
    const auto count = arguments.number("-k", 20, 1, 1'000'000);
    if (!count) return usage(arguments, count.error().text());
    std::vector<std::pair<std::string, QString>> wanted;
    for (const Kind& kind : kinds)
        if (const auto path = arguments.value(kind.option)) wanted.emplace_back(kind.option, *path);
    if (const auto folder = arguments.value("--all")) {
        if (!QDir().mkpath(*folder))
            return fail(arguments, {ErrorCode::Io, "The folder cannot be made", folder->toStdString()});
        for (const Kind& kind : kinds)
            wanted.emplace_back(kind.option, QDir(*folder).filePath(kind.file));
    }
    if (wanted.empty())
        return usage(
            arguments,
            "export needs to know what: --recommendations, --trec-run, --trec-qrels, --metrics, --curves, "
            "--experiment, --model FILE, or --all DIR");
    const auto store = RunStore::open(workspaceOf(arguments), RunStore::Access::ReadOnly);
    if (!store) return fail(arguments, store.error());
    std::vector<RunRecord> records;
    for (const QString& id : arguments.positional()) {
        auto record = (*store)->find(id);
        if (!record) return fail(arguments, record.error());
        records.push_back(std::move(*record));
    }
    if (records.size() > 1 && (wanted.size() > 1 || wanted.front().first != "--metrics"))
        return usage(arguments, "only --metrics takes several runs");
    Exporter exporter(arguments, **store, records);
    Json files = Json::array();
    for (const auto& [option, path] : wanted) {
        if (Status status = exporter.write(option, path, static_cast<int>(*count)); !status)
            return fail(arguments, status.error());
        files.push_back(QFileInfo(path).absoluteFilePath().toStdString());
    }
    if (arguments.has("--json")) {
        printJson({{"run", records.front().id.toStdString()}, {"files", std::move(files)}});
        return ExitOk;
    }
    for (const auto& file : files)
        print(file.get<std::string>() + "\n");
    return ExitOk;
}

} // namespace

std::vector<Command> exportCommands() {
    std::vector<Option> options;
    for (const Kind& kind : kinds)
        options.push_back({kind.option, "FILE", kind.help});
    return {{"export", "export RUN… (--all DIR | --recommendations FILE | --metrics FILE | …) [-k 20]",
             "Writes a run's lists, metrics, curves, experiment or model to files.",
             joined({std::move(options),
                     {{"--all", "DIR", "all of these, by their usual names"},
                      {"-k", "N", "length of the lists (20)"},
                      workspaceOption(),
                      {"--json", "", "one JSON object on stdout"},
                      {"--quiet", "", "no progress on stderr"}}}),
             runExport}};
}

} // namespace recoscope::cli
