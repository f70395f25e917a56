// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/reader.h"

#include "engine/data/readers/ncf.h"
#include "engine/data/readers/plan.h"
#include "engine/data/readers/row_collector.h"
#include "engine/data/readers/sniff.h"
#include "engine/data/readers/text.h"
#include "engine/data/synthetic.h"

#include <algorithm>
#include <chrono>

namespace recoscope {

namespace {

using namespace readers;

bool isRecipe(std::string_view path) {
    return startsWith(path, "builtin:") || startsWith(path, "generated:");
}

/// A tree and how it is read. Parts that a person names one by one are trees of their own.
struct Source {
    FileTree tree;
    ReadPlan plan;
};

Result<Source> sourceFor(const std::string& path, const ImportOptions& options, bool alone) {
    auto tree = FileTree::open(path);
    if (!tree) return tree.error();
    auto plan = planFor({*tree, options, false, alone});
    if (!plan) return plan.error();
    return Source{std::move(*tree), std::move(*plan)};
}

bool hasPart(const ReadPlan& plan, Part part) {
    return std::any_of(plan.interactions.begin(), plan.interactions.end(),
                       [&](const auto& file) { return file.part == part; });
}

void dropPart(ReadPlan& plan, Part part) {
    std::erase_if(plan.interactions, [&](const auto& file) { return file.part == part; });
    plan.ignored.clear(); // they tell which ground truth is used
}

/// The path's source first, then those of the validation and test file and of the features of the options.
Result<std::vector<Source>> sourcesFor(const std::string& path, const ImportOptions& options) {
    const bool given = !options.validationPath.empty() || !options.testPath.empty();
    std::vector<Source> sources;
    auto first = sourceFor(path, options, false);
    const bool heldOutUsers = first && hasPart(first->plan, Part::TestHistory);
    if (given && !heldOutUsers) first = sourceFor(path, options, true);
    if (!first) return first.error();
    if (heldOutUsers) {
        // Another ground truth for the same held-out users takes the place of the folder's own.
        if (!options.validationPath.empty()) dropPart(first->plan, Part::Validation);
        if (!options.testPath.empty()) dropPart(first->plan, Part::Test);
    }
    sources.push_back(std::move(*first));
    const auto addPart = [&](const std::string& partPath, Part part) -> Status {
        if (partPath.empty()) return {};
        auto source = sourceFor(partPath, options, true);
        if (!source) return source.error();
        for (auto& file : source->plan.interactions)
            file.part = part;
        source->plan.features.clear();
        sources.push_back(std::move(*source));
        return {};
    };
    if (auto added = addPart(options.validationPath, Part::Validation); !added) return added.error();
    if (auto added = addPart(options.testPath, Part::Test); !added) return added.error();
    if (!options.featuresPath.empty()) {
        auto source = sourceFor(options.featuresPath, {}, false);
        if (!source) return source.error();
        if (source->plan.features.empty())
            return Error{ErrorCode::Invalid, "There are no attributes of items or users beside this data",
                         options.featuresPath};
        source->plan.interactions.clear();
        source->plan.orderTimes = true; // it has no say about times
        sources.push_back(std::move(*source));
    }
    return sources;
}

/// Files that are read, each once.
std::vector<int> filesOf(const ReadPlan& plan) {
    std::vector<int> files;
    const auto add = [&files](int file) {
        if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
    };
    for (const auto& one : plan.interactions)
        add(one.file);
    for (const auto& one : plan.features)
        add(one.file);
    for (const int file : plan.negatives)
        add(file);
    return files;
}

std::uint64_t bytesOf(const Source& source) {
    std::uint64_t bytes = 0;
    for (const int file : filesOf(source.plan))
        bytes += source.tree.files()[static_cast<std::size_t>(file)].bytes;
    return bytes;
}

/// First rows of an interaction file as the parser reads them.
void fillRows(const Source& source, FormatPreview& preview) {
    const InteractionFile& first = source.plan.interactions.front();
    auto head = source.tree.head(first.file);
    if (!head) return;
    std::string text = std::move(*head);
    if (text.size() >= 65536)
        text.resize(text.rfind('\n') == std::string::npos ? text.size() : text.rfind('\n') + 1);
    const std::size_t bytes = text.size();
    text.append(textPadding, '\0');
    ChunkRows rows;
    RowSink sink;
    sink.begin(rows);
    first.parser->parse(std::string_view(text).substr(0, bytes), true, sink);
    preview.columns = {"user", "item"};
    if (first.parser->hasRatings()) preview.columns.push_back("rating");
    if (first.parser->hasTimes()) preview.columns.push_back("time");
    const auto number = [](double value) {
        std::string digits = std::to_string(value);
        digits.erase(digits.find_last_not_of('0') + 1);
        if (digits.back() == '.') digits.pop_back();
        return digits;
    };
    for (std::size_t n = 0; n < rows.users.size() && n < 20; ++n) {
        std::vector<std::string> row = {cleanText(rows.userIds.id(rows.users[n])),
                                        cleanText(rows.itemIds.id(rows.items[n]))};
        if (first.parser->hasRatings()) row.push_back(number(static_cast<double>(rows.values[n])));
        if (first.parser->hasTimes()) row.push_back(std::to_string(rows.times[n]));
        preview.rows.push_back(std::move(row));
    }
}

Result<FeatureTable> readFeatures(const std::vector<Source>& sources, Side side, const IdMap& ids,
                                  ImportReport& report, const ImportContext& context,
                                  ProgressMeter& progress) {
    FeatureBuilder builder(ids.size());
    for (const Source& source : sources)
        for (const FeatureFile& file : source.plan.features) {
            if (file.side != side) continue;
            FeatureJob job{source.tree, file.file, side, ids, builder, report, context.control};
            const Status read = file.read(job);
            if (!read && read.error().code == ErrorCode::Cancelled) return read.error();
            // A catalogue that cannot be read costs the titles, not the ratings.
            if (!read)
                report.add("unreadable-catalogue",
                           "A file with titles or attributes cannot be read: " + read.error().message,
                           read.error().where, "");
            progress.advance(source.tree.files()[static_cast<std::size_t>(file.file)].bytes,
                             "Reading titles and attributes");
        }
    return builder.build();
}

Error nothingRead(const Source& source, const ImportReport& report) {
    const std::string label = source.tree.label(source.plan.interactions.front().file);
    for (const auto& issue : report.issues)
        if (issue.severity == Severity::Warning && !issue.examples.empty())
            return {ErrorCode::Parse,
                    "No line could be read as an interaction. The first fault: " + issue.message,
                    issue.examples.front().where};
    return {ErrorCode::Parse, "The file has no interactions", label};
}

/// A training part that its held-out parts have taken altogether.
Status checkTraining(const Dataset& dataset, const ImportReport& report) {
    const auto parts = dataset.parts();
    if (parts.empty() || std::find(parts.begin(), parts.end(), Part::Train) != parts.end()) return {};
    for (const ImportIssue& issue : report.issues)
        if (issue.kind == "pair-in-two-parts")
            return Error{ErrorCode::Invalid,
                         "Nothing is left to train on: " + issue.message +
                             ". Is the same file given for both parts?",
                         dataset.provenance().path};
    return {};
}

void noteScale(const Dataset& dataset, const ReadPlan& plan, ImportReport& report) {
    if (plan.needsMapping)
        report.add("guessed-columns",
                   "Which columns are user, item, rating and time was guessed; check the mapping", "", "");
    for (const auto& note : plan.notes)
        report.add("note", note, "", "", Severity::Note);
    for (const auto& ignored : plan.ignored)
        report.add("ignored-file", "Files that are there but were not read", ignored, "", Severity::Note);
    if (dataset.timeUnit() == TimeUnit::Milliseconds)
        report.add("milliseconds", "Times are in milliseconds; they are kept in seconds", "", "",
                   Severity::Note);
}

Result<ImportResult> importRecipe(const std::string& path, const ImportContext& context) {
    const auto recipe = recipeFromPath(path);
    if (!recipe) return recipe.error();
    auto dataset = generateDataset(*recipe, context.control);
    if (!dataset) return dataset.error();
    ImportResult result{std::move(*dataset), {}};
    result.report.rowsRead = result.report.rowsUsed = result.dataset->interactionCount();
    return result;
}

} // namespace

Result<FormatPreview> previewPath(const std::string& path, const ImportOptions& options) {
    if (isRecipe(path)) {
        const auto recipe = recipeFromPath(path);
        if (!recipe) return recipe.error();
        FormatPreview preview;
        preview.format = "synthetic";
        preview.title = "Generated data";
        preview.description = "Invented users, films and ratings: " + std::to_string(recipe->users) +
                              " users, " + std::to_string(recipe->items) + " items, about " +
                              std::to_string(recipe->interactions) + " interactions.";
        return preview;
    }
    auto sources = sourcesFor(path, options);
    if (!sources) return sources.error();
    const ReadPlan& plan = sources->front().plan;
    FormatPreview preview;
    preview.format = plan.format;
    preview.title = plan.title;
    preview.description = plan.description;
    preview.ignored = plan.ignored;
    preview.suggestedMapping = plan.suggestedMapping;
    preview.needsMapping = plan.needsMapping;
    for (const Source& source : *sources) {
        for (const int file : filesOf(source.plan))
            preview.files.push_back(source.tree.files()[static_cast<std::size_t>(file)].shown);
        preview.bytes += bytesOf(source);
    }
    if (!plan.columns.empty()) {
        preview.columns = plan.columns;
        preview.rows = plan.rows;
    } else {
        fillRows(sources->front(), preview);
    }
    return preview;
}

Result<ImportResult> importPath(const std::string& path, const ImportOptions& options,
                                const ImportContext& context) {
    const auto started = std::chrono::steady_clock::now();
    if (isRecipe(path)) return importRecipe(path, context);
    auto sources = sourcesFor(path, options);
    if (!sources) return sources.error();
    const Source& main = sources->front();

    ImportReport report;
    std::uint64_t bytes = 0;
    std::uint64_t work = 0;
    bool withParts = false;
    bool orderTimes = true;
    for (const Source& source : *sources) {
        bytes += bytesOf(source);
        for (const int file : filesOf(source.plan)) {
            const TreeFile& entry = source.tree.files()[static_cast<std::size_t>(file)];
            work += entry.gzip ? entry.bytes * 4 : entry.bytes; // progress counts unpacked bytes
        }
        withParts = withParts || source.plan.hasParts();
        orderTimes = orderTimes && source.plan.orderTimes;
    }
    ProgressMeter progress(context, work);
    RowCollector collector(context, report, progress);
    for (const Source& source : *sources)
        for (const InteractionFile& file : source.plan.interactions)
            if (auto read = collector.read(source.tree, file.file, *file.parser, file.part); !read)
                return read.error();
    auto columns = collector.take(withParts);
    if (!columns) return columns.error();
    if (columns->rows.users.empty()) return nothingRead(main, report);

    DatasetParts parts;
    parts.users = std::move(columns->users);
    parts.items = std::move(columns->items);
    parts.rows = std::move(columns->rows);
    parts.implicit = columns->implicit;
    parts.timeUnit = columns->timeUnit;
    parts.duplicates = options.duplicates;
    if (orderTimes && parts.rows.times.empty()) {
        parts.rows.times.resize(parts.rows.users.size());
        for (std::size_t n = 0; n < parts.rows.times.size(); ++n)
            parts.rows.times[n] = static_cast<std::int64_t>(n);
        parts.timeUnit = TimeUnit::Order;
    }
    auto items = readFeatures(*sources, Side::Item, parts.items, report, context, progress);
    if (!items) return items.error();
    auto users = readFeatures(*sources, Side::User, parts.users, report, context, progress);
    if (!users) return users.error();
    parts.itemFeatures = std::move(*items);
    parts.userFeatures = std::move(*users);
    for (const Source& source : *sources)
        for (const int file : source.plan.negatives)
            if (auto read = readNegatives(source.tree, file, parts.users, parts.items, report, context.control,
                                          parts.negatives);
                !read)
                return read.error();
    parts.provenance.path = path;
    parts.provenance.format = main.plan.format;
    parts.provenance.title = main.plan.name.empty() ? main.plan.title : main.plan.name;
    parts.provenance.bytes = bytes;
    parts.provenance.importOptions = toJson(options);
    if (context.progress) context.progress(0.96, "Building the dataset");
    auto dataset = Dataset::make(std::move(parts), &report, context.pool);
    if (!dataset) return dataset.error();
    if (Status status = checkTraining(**dataset, report); !status) return status.error();
    noteScale(**dataset, main.plan, report);
    if (context.control && !context.control->keepGoing())
        return Error{ErrorCode::Cancelled, "The import was cancelled", path};
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (context.progress) context.progress(1.0, "Done");
    return ImportResult{std::move(*dataset), std::move(report)};
}

} // namespace recoscope
