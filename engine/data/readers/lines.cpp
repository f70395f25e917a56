// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/lines.h"

#include "engine/data/readers/row_collector.h"

#include <algorithm>
#include <cstring>
#include <deque>

namespace recoscope::readers {

Status forEachLine(const FileTree& tree, int file, RunControl* control,
                   const std::function<void(std::string_view, std::int64_t)>& body) {
    auto stream = tree.stream(file);
    if (!stream) return stream.error();
    constexpr std::size_t step = std::size_t{1} << 18;
    std::string buffer;
    std::size_t carried = 0;
    std::int64_t number = 0;
    for (bool atEnd = false; !atEnd;) {
        if (control && !control->keepGoing())
            return Error{ErrorCode::Cancelled, "The import was cancelled", ""};
        buffer.resize(std::max(buffer.size(), carried + step + textPadding));
        const auto got = (*stream)->read(buffer.data() + carried, step);
        if (!got) return got.error();
        atEnd = *got == 0;
        const std::size_t have = carried + *got;
        if (have > maxLineBytes + step)
            return Error{ErrorCode::Limit, "A line is longer than 16 MB",
                         tree.label(file) + ":" + std::to_string(number + 1)};
        std::memset(buffer.data() + have, 0, textPadding);
        std::size_t at = 0;
        while (at < have) {
            const void* const newline = std::memchr(buffer.data() + at, '\n', have - at);
            if (!newline && !atEnd) break;
            const std::size_t end =
                newline ? static_cast<std::size_t>(static_cast<const char*>(newline) - buffer.data()) : have;
            std::string_view line(buffer.data() + at, end - at);
            at = newline ? end + 1 : end;
            if (number++ == 0 && line.substr(0, 3) == "\xef\xbb\xbf") line.remove_prefix(3);
            if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
            if (line.find_first_not_of(" \t") != std::string_view::npos) body(line, number);
        }
        carried = have - at;
        std::memmove(buffer.data(), buffer.data() + at, carried);
    }
    return {};
}

Status forEachRecord(const FileTree& tree, int file, char quote, RunControl* control,
                     const std::function<void(std::string_view, std::int64_t)>& body) {
    constexpr std::size_t maxJoined = 64;
    struct Line {
        std::string text;
        std::int64_t number = 0;
    };
    std::deque<Line> open; // lines of a record whose quote is not closed yet
    std::string joined;
    const auto odd = [quote](std::string_view text) {
        return std::count(text.begin(), text.end(), quote) % 2 != 0;
    };
    std::function<void()> giveUp;
    const std::function<void(std::string_view, std::int64_t)> take = [&](std::string_view line,
                                                                         std::int64_t number) {
        if (open.empty() && !odd(line)) return body(line, number);
        open.push_back({std::string(line), number});
        if (open.size() > 1 && odd(line)) {
            joined.clear();
            for (const Line& part : open)
                joined += part.text + '\n';
            joined.pop_back();
            const std::int64_t first = open.front().number;
            open.clear();
            return body(joined, first);
        }
        if (open.size() == maxJoined) giveUp();
    };
    // The quote of the first open line closes nowhere: that line stands alone, those after it are read again.
    giveUp = [&] {
        std::deque<Line> again;
        again.swap(open);
        body(again.front().text, again.front().number);
        again.pop_front();
        for (const Line& part : again)
            take(part.text, part.number);
    };
    if (auto read = forEachLine(tree, file, control, take); !read) return read;
    while (!open.empty())
        giveUp();
    return {};
}

} // namespace recoscope::readers
