// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/import_report.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope::readers {

/// What can be wrong with one line of an interaction file.
enum class LineIssue : std::uint8_t {
    TooFewColumns,
    EmptyId,
    IdTooLong,
    MalformedRating,
    MissingRating,
    MalformedTime,
    MissingTime, // the row is kept, with time 0
    NulByte,
    UnclosedQuote,
    MalformedJson,
    MissingField,
    NoItems,
    Count
};

/// Ids of one chunk in order of first appearance.
struct ChunkIds {
    std::string text;
    std::vector<std::uint32_t> ends;

    std::size_t size() const { return ends.size(); }
    std::string_view id(std::size_t n) const {
        const std::uint32_t begin = n == 0 ? 0 : ends[n - 1];
        return std::string_view(text).substr(begin, ends[n] - begin);
    }
};

/// Text ids to the numbers of one chunk. Scratch memory of one thread: reset() forgets in O(1).
class ChunkIdTable final {
public:
    ChunkIdTable()
        : m_slots(std::size_t{1} << 12) {}

    void reset(ChunkIds& ids) {
        m_ids = &ids;
        m_used = 0;
        m_haveLast = false;
        if (++m_epoch == 0) {
            for (Slot& slot : m_slots)
                slot.epoch = 0;
            m_epoch = 1;
        }
    }

    /// `id` without NUL bytes; eight bytes from its start must be readable.
    std::uint32_t insert(std::string_view id) {
        const std::uint64_t key = keyOf(id);
        // Rows often come user by user.
        if (m_haveLast && key == m_lastKey && (id.size() < 8 || m_ids->id(m_last) == id)) return m_last;
        std::size_t slot = slotOf(id, key);
        if (m_slots[slot].epoch != m_epoch) {
            if ((m_used + 1) * 2 > m_slots.size()) {
                grow();
                slot = slotOf(id, key);
            }
            m_slots[slot] = {key, static_cast<std::uint32_t>(m_ids->size()), m_epoch};
            m_ids->text.append(id);
            m_ids->ends.push_back(static_cast<std::uint32_t>(m_ids->text.size()));
            ++m_used;
        }
        m_haveLast = true;
        m_lastKey = key;
        m_last = m_slots[slot].index;
        return m_last;
    }

private:
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t index = 0;
        std::uint32_t epoch = 0;
    };

    // Up to seven bytes are their own key; longer ids have a hash with the highest bit set, which no short
    // one has.
    static std::uint64_t keyOf(std::string_view id) {
        std::uint64_t word;
        std::memcpy(&word, id.data(), 8);
        if (id.size() < 8) [[likely]]
            return word & ((std::uint64_t{1} << (id.size() * 8)) - 1);
        std::uint64_t hash = id.size();
        std::size_t at = 0;
        for (; at + 8 <= id.size(); at += 8) {
            std::memcpy(&word, id.data() + at, 8);
            hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
            hash ^= hash >> 32;
        }
        std::memcpy(&word, id.data() + id.size() - 8, 8);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
        return (hash ^ hash >> 29) | std::uint64_t{1} << 63;
    }

    std::size_t slotOf(std::string_view id, std::uint64_t key) const {
        const std::size_t mask = m_slots.size() - 1;
        std::size_t slot = (key * 0x9e3779b97f4a7c15ULL >> 32) & mask;
        for (; m_slots[slot].epoch == m_epoch; slot = (slot + 1) & mask)
            if (m_slots[slot].key == key && (id.size() < 8 || m_ids->id(m_slots[slot].index) == id)) break;
        return slot;
    }

    void grow() {
        std::vector<Slot> before(m_slots.size() * 2);
        before.swap(m_slots);
        const std::size_t mask = m_slots.size() - 1;
        for (const Slot& old : before) {
            if (old.epoch != m_epoch) continue;
            std::size_t slot = (old.key * 0x9e3779b97f4a7c15ULL >> 32) & mask;
            while (m_slots[slot].epoch == m_epoch)
                slot = (slot + 1) & mask;
            m_slots[slot] = old;
        }
    }

    std::vector<Slot> m_slots;
    ChunkIds* m_ids = nullptr;
    std::size_t m_used = 0;
    std::uint32_t m_epoch = 0;
    bool m_haveLast = false;
    std::uint64_t m_lastKey = 0;
    std::uint32_t m_last = 0;
};

/// Rows of one piece of a file, with the piece's own numbering of ids and lines.
struct ChunkRows {
    struct IssueCount {
        struct Example {
            std::int64_t line = 0; // from 0 in the chunk
            std::string text;
        };
        std::int64_t count = 0;
        std::vector<Example> examples;
    };

    ChunkIds userIds;
    ChunkIds itemIds;
    std::vector<std::uint32_t> users;
    std::vector<std::uint32_t> items;
    std::vector<float> values;       // empty: all 1
    std::vector<std::int64_t> times; // as in the file; empty: none
    std::int64_t lines = 0;
    std::int64_t rowsRead = 0;
    std::array<IssueCount, static_cast<std::size_t>(LineIssue::Count)> issues;

    void issue(LineIssue kind, std::int64_t line, std::string_view text) {
        IssueCount& count = issues[static_cast<std::size_t>(kind)];
        ++count.count;
        if (count.examples.size() < ImportReport::examplesKept)
            count.examples.push_back({line, std::string(text.substr(0, 200))});
    }
};

/// Where a parser puts the rows of one chunk. One thread.
class RowSink final {
public:
    /// Longer ids are no ids but a broken file.
    static constexpr std::size_t maxIdBytes = 1024;

    void begin(ChunkRows& rows) {
        m_rows = &rows;
        m_users.reset(rows.userIds);
        m_items.reset(rows.itemIds);
    }
    ChunkRows& rows() { return *m_rows; }
    void add(std::string_view user, std::string_view item) {
        m_rows->users.push_back(m_users.insert(user));
        m_rows->items.push_back(m_items.insert(item));
    }
    std::string& scratch() { return m_scratch; }

private:
    ChunkRows* m_rows = nullptr;
    ChunkIdTable m_users;
    ChunkIdTable m_items;
    std::string m_scratch;
};

/// Bytes that can be read (and are never looked at) beyond the text handed to a parser.
inline constexpr std::size_t textPadding = 64;

/// Knows how one kind of interaction file is written. Immutable; any thread.
class RowParser {
public:
    virtual ~RowParser() = default;
    /// Adds the rows of whole lines. `first`: the text is the beginning of the file (header, BOM). At least
    /// textPadding bytes are readable behind the text. Must set rows().lines.
    virtual void parse(std::string_view text, bool first, RowSink& sink) const = 0;
    virtual bool hasRatings() const = 0;
    virtual bool hasTimes() const = 0;
};

} // namespace recoscope::readers
