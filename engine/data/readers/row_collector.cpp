// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/row_collector.h"

#include "engine/data/readers/text.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>

namespace recoscope::readers {

namespace {

constexpr std::size_t chunkBytes = std::size_t{1} << 20;
constexpr std::int64_t chunksAWave = 64; // plain files: bounds what ids of chunks take
constexpr std::size_t streamWaveBytes = std::size_t{8} << 20;

struct IssueText {
    std::string_view key;
    std::string_view message;
};
constexpr std::array<IssueText, static_cast<std::size_t>(LineIssue::Count)> issueTexts = {{
    {"too-few-columns", "The line has too few columns; it was left out"},
    {"empty-id", "The user or item is empty; the line was left out"},
    {"id-too-long", "The user or item id is longer than 1,024 bytes; the line was left out"},
    {"malformed-rating", "The rating is not a finite number; the line was left out"},
    {"missing-rating", "The rating is empty; the line was left out"},
    {"malformed-time", "The time is neither a number nor a date; the line was left out"},
    {"missing-time", "The time is missing; the row was kept with time 0"},
    {"nul-byte", "The line contains a NUL byte; it was left out"},
    {"unclosed-quote", "A quotation mark is not closed; the line was left out"},
    {"malformed-json", "The line is not a valid JSON object; it was left out"},
    {"missing-field", "The user or item field is missing; the line was left out"},
    {"no-items", "The line names a user but no items; nothing was read from it"},
}};

Error cancelledError() { return {ErrorCode::Cancelled, "The import was cancelled", ""}; }

Error longLine(const std::string& label, std::int64_t line) {
    return {ErrorCode::Limit, "A line is longer than 16 MB, so this is not a table of ratings",
            label + ":" + std::to_string(line + 1)};
}

/// One failure out of several threads: that of the earliest chunk, so that it does not depend on timing.
class FirstFailure final {
public:
    void set(std::int64_t chunk, Error error) {
        std::lock_guard lock(m_mutex);
        if (chunk < m_chunk.load(std::memory_order_relaxed)) {
            m_chunk.store(chunk, std::memory_order_relaxed);
            m_error = std::move(error);
        }
    }
    bool before(std::int64_t chunk) const { return m_chunk.load(std::memory_order_relaxed) < chunk; }
    bool any() const { return before(std::numeric_limits<std::int64_t>::max()); }
    std::int64_t chunk() const { return m_chunk.load(); }
    const Error& error() const { return m_error; }

private:
    std::mutex m_mutex;
    std::atomic<std::int64_t> m_chunk{std::numeric_limits<std::int64_t>::max()};
    Error m_error;
};

/// The text of the lines that begin in [begin, end) of a file, in `buffer`; those before it when a line is
/// too long.
struct ChunkText {
    std::string_view text;
    bool tooLong = false;
};

Result<ChunkText> readLines(const PlainFile& file, std::uint64_t begin, std::uint64_t end,
                            std::string& buffer) {
    // One byte before the chunk tells whether a line begins with it.
    const std::uint64_t from = begin == 0 ? 0 : begin - 1;
    std::size_t have = static_cast<std::size_t>(end - from);
    if (buffer.size() < have + textPadding + chunkBytes / 8)
        buffer.resize(have + textPadding + chunkBytes / 8);
    const auto got = file.readAt(from, buffer.data(), have);
    if (!got) return got.error();
    const bool shrunk = *got < have; // the file became shorter while it was read
    have = *got;
    std::size_t start = 0;
    if (begin != 0) {
        const void* const newline = have == 0 ? nullptr : std::memchr(buffer.data(), '\n', have);
        if (!newline) return ChunkText{};
        start = static_cast<std::size_t>(static_cast<const char*>(newline) - buffer.data()) + 1;
        if (start >= have) return ChunkText{};
    }
    // The last line goes on to its end, in the bytes of the chunks behind.
    if (!shrunk && buffer[have - 1] != '\n') {
        const std::size_t lastLine = std::string_view(buffer.data(), have).rfind('\n');
        const std::size_t lineStart = lastLine == std::string_view::npos ? 0 : lastLine + 1;
        std::size_t step = 4096;
        for (std::uint64_t at = from + have; at < file.size();) {
            if (have - lineStart > maxLineBytes)
                return ChunkText{{buffer.data() + start, lineStart - std::min(start, lineStart)}, true};
            if (buffer.size() < have + step + textPadding) buffer.resize(have + step + textPadding);
            const auto more = file.readAt(at, buffer.data() + have, step);
            if (!more) return more.error();
            if (*more == 0) break;
            const void* const newline = std::memchr(buffer.data() + have, '\n', *more);
            if (newline) {
                have = static_cast<std::size_t>(static_cast<const char*>(newline) - buffer.data()) + 1;
                break;
            }
            have += *more;
            at += *more;
            step = std::min(step * 2, chunkBytes);
        }
    }
    std::memset(buffer.data() + have, 0, textPadding);
    return ChunkText{{buffer.data() + start, have - start}, false};
}

} // namespace

std::string_view issueKey(LineIssue issue) { return issueTexts[static_cast<std::size_t>(issue)].key; }
std::string_view issueMessage(LineIssue issue) { return issueTexts[static_cast<std::size_t>(issue)].message; }

void ProgressMeter::advance(std::uint64_t bytes, std::string_view phase) {
    const std::uint64_t done = m_done.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (!m_context.progress) return;
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    std::int64_t next = m_next.load(std::memory_order_relaxed);
    if (now < next || !m_next.compare_exchange_strong(next, now + 20)) return;
    const double share =
        m_total == 0 ? 0.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(m_total));
    m_context.progress(0.95 * share, phase); // the rest is for building the dataset
}

RowCollector::RowCollector(const ImportContext& context, ImportReport& report, ProgressMeter& progress)
    : m_context(context)
    , m_report(report)
    , m_progress(progress)
    , m_sinks(static_cast<std::size_t>(context.pool ? context.pool->threadCount() : 1))
    , m_buffers(m_sinks.size()) {}

Status RowCollector::read(const FileTree& tree, int file, const RowParser& parser, Part part) {
    m_line = 0;
    m_anyRatings = m_anyRatings || parser.hasRatings();
    m_allRatings = m_allRatings && parser.hasRatings();
    m_anyTimes = m_anyTimes || parser.hasTimes();
    m_allTimes = m_allTimes && parser.hasTimes();
    auto plain = tree.plain(file);
    if (!plain) return plain.error();
    if (*plain) return readPlain(tree, file, **plain, parser, part);
    auto stream = tree.stream(file);
    if (!stream) return stream.error();
    return readStream(tree, file, **stream, parser, part);
}

Status RowCollector::readPlain(const FileTree& tree, int file, const PlainFile& plain,
                               const RowParser& parser, Part part) {
    const std::string label = tree.label(file);
    if (plain.size() == 0) return Error{ErrorCode::Parse, "The file is empty", label};
    const auto chunks = static_cast<std::int64_t>((plain.size() + chunkBytes - 1) / chunkBytes);
    for (std::int64_t first = 0; first < chunks; first += chunksAWave) {
        std::vector<ChunkRows> wave(static_cast<std::size_t>(std::min(chunksAWave, chunks - first)));
        FirstFailure failure;
        forChunks(m_context.pool, static_cast<std::int64_t>(wave.size()), 1, [&](const Chunk& chunk) {
            if (failure.before(chunk.index)) return;
            if (!keepGoing()) return failure.set(-1, cancelledError());
            const auto begin = static_cast<std::uint64_t>(first + chunk.index) * chunkBytes;
            const std::uint64_t end = std::min<std::uint64_t>(begin + chunkBytes, plain.size());
            const auto thread = static_cast<std::size_t>(chunk.thread);
            const auto text = readLines(plain, begin, end, m_buffers[thread]);
            if (!text) return failure.set(chunk.index, text.error());
            ChunkRows& rows = wave[static_cast<std::size_t>(chunk.index)];
            if (text->tooLong) {
                rows.lines = std::count(text->text.begin(), text->text.end(), '\n');
                return failure.set(chunk.index, Error{ErrorCode::Limit, "", ""});
            }
            m_sinks[thread].begin(rows);
            if (!text->text.empty()) parser.parse(text->text, begin == 0, m_sinks[thread]);
            m_progress.advance(end - begin, "Reading interactions");
        });
        if (failure.any()) {
            const Error error = failure.error();
            if (error.code != ErrorCode::Limit) return error;
            std::int64_t line = m_line;
            for (std::int64_t n = 0; n <= failure.chunk(); ++n)
                line += wave[static_cast<std::size_t>(n)].lines;
            return longLine(label, line);
        }
        if (auto absorbed = absorb(wave, label, part); !absorbed) return absorbed;
    }
    return {};
}

Status RowCollector::readStream(const FileTree& tree, int file, ByteStream& stream, const RowParser& parser,
                                Part part) {
    const std::string label = tree.label(file);
    std::string buffer;
    std::size_t carried = 0; // bytes of an unfinished line at the start of the buffer
    bool first = true;
    for (bool atEnd = false; !atEnd;) {
        buffer.resize(std::max(buffer.size(), carried + streamWaveBytes + textPadding));
        std::size_t have = carried;
        while (have < carried + streamWaveBytes) {
            if (!keepGoing()) return cancelledError();
            const std::size_t step = std::min(chunkBytes / 4, carried + streamWaveBytes - have);
            const auto got = stream.read(buffer.data() + have, step);
            if (!got) return got.error();
            if (*got == 0) {
                atEnd = true;
                break;
            }
            have += *got;
            m_progress.advance(*got, "Reading interactions");
        }
        std::string_view text(buffer.data(), have);
        if (!atEnd) {
            const std::size_t newline = text.rfind('\n');
            if (newline == std::string_view::npos) {
                carried = have;
                if (carried > maxLineBytes) return longLine(label, m_line);
                continue;
            }
            text = text.substr(0, newline + 1);
        }
        if (first && atEnd && text.empty()) return Error{ErrorCode::Parse, "The file is empty", label};
        std::vector<std::string_view> cuts;
        for (std::string_view rest = text; !rest.empty();) {
            std::size_t end =
                rest.size() <= chunkBytes ? std::string_view::npos : rest.find('\n', chunkBytes);
            end = end == std::string_view::npos ? rest.size() : end + 1;
            cuts.push_back(rest.substr(0, end));
            rest.remove_prefix(end);
        }
        // Parsers may look (not act) beyond their text: behind the last cut lies the carried line or this
        // padding.
        if (have == text.size()) std::memset(buffer.data() + have, 0, textPadding);
        std::vector<ChunkRows> wave(cuts.size());
        std::atomic<bool> stopped{false};
        forChunks(m_context.pool, static_cast<std::int64_t>(cuts.size()), 1, [&](const Chunk& chunk) {
            const auto n = static_cast<std::size_t>(chunk.index);
            if (stopped.load(std::memory_order_relaxed)) return;
            if (!keepGoing()) {
                stopped.store(true, std::memory_order_relaxed);
                return;
            }
            RowSink& sink = m_sinks[static_cast<std::size_t>(chunk.thread)];
            sink.begin(wave[n]);
            parser.parse(cuts[n], first && n == 0, sink);
        });
        if (stopped.load()) return cancelledError();
        if (auto absorbed = absorb(wave, label, part); !absorbed) return absorbed;
        first = false;
        carried = have - text.size();
        std::memmove(buffer.data(), buffer.data() + text.size(), carried);
        if (carried > maxLineBytes) return longLine(label, m_line);
    }
    return {};
}

std::vector<std::uint32_t> RowCollector::mapped(ChunkIds& ids, IdMap& map) {
    std::vector<std::uint32_t> global(ids.size());
    for (std::size_t n = 0; n < ids.size(); ++n) {
        const std::string_view id = ids.id(n);
        global[n] =
            static_cast<std::uint32_t>(isValidUtf8(id) ? map.insert(id) : map.insert(toUtf8(id, &m_recoded)));
    }
    ids = {};
    return global;
}

Status RowCollector::absorb(std::vector<ChunkRows>& wave, const std::string& label, Part part) {
    for (ChunkRows& chunk : wave) {
        if (!keepGoing()) return cancelledError();
        m_report.rowsRead += chunk.rowsRead;
        ImportReport problems;
        for (std::size_t kind = 0; kind < chunk.issues.size(); ++kind) {
            const auto& issue = chunk.issues[kind];
            if (issue.count == 0) continue;
            ImportIssue& entry = problems.issues.emplace_back();
            entry.kind = issueTexts[kind].key;
            entry.message = issueTexts[kind].message;
            if (static_cast<LineIssue>(kind) == LineIssue::NoItems) entry.severity = Severity::Note;
            entry.count = issue.count;
            for (const auto& example : issue.examples)
                entry.examples.push_back(
                    {label + ":" + std::to_string(m_line + example.line + 1), cleanText(example.text)});
        }
        m_report.merge(problems);
        m_line += chunk.lines;
        chunk.issues = {};
        auto users = mapped(chunk.userIds, m_users);
        auto items = mapped(chunk.itemIds, m_items);
        m_rows += static_cast<std::int64_t>(chunk.users.size());
        if (m_rows > std::int64_t{4'000'000'000})
            return Error{ErrorCode::Limit, "More than 4,000 million interactions do not fit", label};
        if (!chunk.users.empty())
            m_pieces.push_back({std::move(chunk), std::move(users), std::move(items), part});
    }
    return {};
}

Result<RowCollector::Columns> RowCollector::take(bool withParts) {
    Columns result;
    const auto rows = static_cast<std::size_t>(m_rows);
    std::vector<std::int64_t> starts(m_pieces.size());
    std::int64_t start = 0;
    for (std::size_t n = 0; n < m_pieces.size(); ++n) {
        starts[n] = start;
        start += static_cast<std::int64_t>(m_pieces[n].rows.users.size());
    }
    const bool times = m_anyTimes && m_allTimes;
    if (m_anyTimes && !m_allTimes)
        m_report.add("times-left-out", "Some of the files have no times, so times were not used", "", "",
                     Severity::Note);
    if (m_anyRatings && !m_allRatings)
        m_report.add("ratings-left-out",
                     "Some of the files have no ratings; their interactions have the value 1", "", "",
                     Severity::Note);
    if (m_recoded)
        m_report.add("recoded-ids", "Some ids were not UTF-8 and were read as Latin-1", "", "",
                     Severity::Note);
    result.rows.users.resize(rows);
    result.rows.items.resize(rows);
    result.rows.values.resize(rows);
    if (times) result.rows.times.resize(rows);
    if (withParts) result.rows.parts.resize(rows);

    // The unit is what most times look like: before 1973 in seconds is no date but a count, in milliseconds
    // 5138 is not reached either.
    using Magnitudes = std::array<std::int64_t, 5>;
    std::vector<Magnitudes> magnitudes(m_pieces.size(), Magnitudes{});
    std::atomic<bool> stopped{false};
    forChunks(m_context.pool, static_cast<std::int64_t>(m_pieces.size()), 1, [&](const Chunk& chunk) {
        if (!keepGoing()) stopped.store(true, std::memory_order_relaxed);
        if (stopped.load(std::memory_order_relaxed)) return;
        const auto n = static_cast<std::size_t>(chunk.index);
        ChunkRows& piece = m_pieces[n].rows;
        const auto at = static_cast<std::size_t>(starts[n]);
        const std::size_t count = piece.users.size();
        for (std::size_t row = 0; row < count; ++row) {
            result.rows.users[at + row] =
                UserIndex{static_cast<std::int32_t>(m_pieces[n].userMap[piece.users[row]])};
            result.rows.items[at + row] =
                ItemIndex{static_cast<std::int32_t>(m_pieces[n].itemMap[piece.items[row]])};
        }
        if (piece.values.empty())
            std::fill_n(result.rows.values.data() + at, count, 1.0f);
        else
            std::copy(piece.values.begin(), piece.values.end(), result.rows.values.data() + at);
        if (times) {
            std::copy(piece.times.begin(), piece.times.end(), result.rows.times.data() + at);
            for (const std::int64_t time : piece.times) {
                const std::uint64_t size =
                    time < 0 ? 0 - static_cast<std::uint64_t>(time) : static_cast<std::uint64_t>(time);
                if (size != 0)
                    ++magnitudes[n][static_cast<std::size_t>(
                        (size >= 100'000'000) + (size >= 100'000'000'000) + (size >= 100'000'000'000'000) +
                        (size >= 100'000'000'000'000'000))];
            }
        }
        if (withParts) std::fill_n(result.rows.parts.data() + at, count, m_pieces[n].part);
        piece = {};
    });
    if (stopped.load()) return cancelledError();
    m_pieces.clear();
    if (times) {
        Magnitudes sum{};
        for (const auto& piece : magnitudes)
            for (std::size_t n = 0; n < sum.size(); ++n)
                sum[n] += piece[n];
        const auto most = std::max_element(sum.begin(), sum.end()) - sum.begin();
        constexpr std::array<std::int64_t, 5> divisors = {1, 1, 1'000, 1'000'000, 1'000'000'000};
        const std::int64_t divisor = divisors[static_cast<std::size_t>(most)];
        result.timeUnit = most == 0   ? TimeUnit::Order
                          : most == 1 ? TimeUnit::Seconds
                                      : TimeUnit::Milliseconds;
        if (most > 2)
            m_report.add("time-unit", most == 3 ? "Times are in microseconds" : "Times are in nanoseconds",
                         "", "", Severity::Note);
        if (divisor > 1)
            for (std::int64_t& time : result.rows.times)
                time = time / divisor - (time % divisor < 0 ? 1 : 0);
    }
    result.implicit = !m_anyRatings;
    result.users = std::move(m_users);
    result.items = std::move(m_items);
    return result;
}

} // namespace recoscope::readers
