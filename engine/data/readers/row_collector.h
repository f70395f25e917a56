// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/file_tree.h"
#include "engine/data/readers/reader.h"
#include "engine/data/readers/row_chunk.h"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace recoscope::readers {

/// A line longer than this is not a line of a table.
inline constexpr std::size_t maxLineBytes = std::size_t{16} << 20;

/// Passes progress on, at most every 20 ms. Thread-safe.
class ProgressMeter final {
public:
    ProgressMeter(const ImportContext& context, std::uint64_t totalBytes)
        : m_context(context)
        , m_total(totalBytes) {}
    void advance(std::uint64_t bytes, std::string_view phase);

private:
    const ImportContext& m_context;
    std::uint64_t m_total;
    std::atomic<std::uint64_t> m_done{0};
    std::atomic<std::int64_t> m_next{0};
};

/// Body over chunks of a range, on the pool when there is one.
template <class Body>
void forChunks(ThreadPool* pool, std::int64_t count, std::int64_t chunkSize, Body&& body) {
    if (pool) {
        pool->forChunks(count, chunkSize, body);
        return;
    }
    for (std::int64_t begin = 0, index = 0; begin < count; begin += chunkSize, ++index)
        body(Chunk{begin, std::min(begin + chunkSize, count), index, 0});
}

/// Reads interaction files, one after another, into one set of columns. Chunks of a file are parsed side by
/// side; ids are numbered in the order of the files, so the result does not depend on the thread count. One
/// thread drives it.
class RowCollector final {
public:
    RowCollector(const ImportContext& context, ImportReport& report, ProgressMeter& progress);

    /// Errors: unreadable, damaged, a line over maxLineBytes, cancelled. Bad lines only cost themselves.
    Status read(const FileTree& tree, int file, const RowParser& parser, Part part);

    /// Everything read so far, times in seconds; the collector is empty afterwards. `parts` is filled when
    /// `withParts`.
    struct Columns {
        IdMap users;
        IdMap items;
        InteractionColumns rows;
        TimeUnit timeUnit = TimeUnit::None;
        bool implicit = false;
    };
    Result<Columns> take(bool withParts);

private:
    struct Piece {
        ChunkRows rows;
        std::vector<std::uint32_t> userMap; // from the chunk's numbers to the dataset's
        std::vector<std::uint32_t> itemMap;
        Part part = Part::Train;
    };
    Status readPlain(const FileTree& tree, int file, const PlainFile& plain, const RowParser& parser,
                     Part part);
    Status readStream(const FileTree& tree, int file, ByteStream& stream, const RowParser& parser, Part part);
    Status absorb(std::vector<ChunkRows>& wave, const std::string& label, Part part);
    bool keepGoing() const { return !m_context.control || m_context.control->keepGoing(); }
    std::vector<std::uint32_t> mapped(ChunkIds& ids, IdMap& map);

    const ImportContext& m_context;
    ImportReport& m_report;
    ProgressMeter& m_progress;
    std::vector<RowSink> m_sinks; // one a thread
    std::vector<std::string> m_buffers;
    std::vector<Piece> m_pieces;
    IdMap m_users;
    IdMap m_items;
    std::int64_t m_rows = 0;
    std::int64_t m_line = 0; // lines of the current file before the current wave
    bool m_recoded = false;
    bool m_anyRatings = false;
    bool m_allRatings = true;
    bool m_anyTimes = false;
    bool m_allTimes = true;
};

/// Stable key and sentence of a line's fault.
std::string_view issueKey(LineIssue issue);
std::string_view issueMessage(LineIssue issue);

} // namespace recoscope::readers
