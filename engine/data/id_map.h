// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recoscope {

/// Text ids to consecutive indices, in order of first appearance. Ids stay text ("007" is not "7"). One buffer for all
/// ids and an open-addressing table. One thread while filled; immutable afterwards: any thread.
class IdMap final {
public:
    IdMap();
    std::int32_t size() const { return static_cast<std::int32_t>(m_ends.size()); }
    /// The id's index; added at the end when new. O(length).
    std::int32_t insert(std::string_view id);
    std::optional<std::int32_t> find(std::string_view id) const;
    /// The id at an index below size(). Valid as long as the map is unchanged.
    std::string_view id(std::int32_t index) const;

private:
    /// The upper half of the hash saves most comparisons of texts.
    struct Slot {
        std::uint32_t hash = 0;
        std::int32_t index = -1; // -1: free
    };
    std::size_t slotOf(std::string_view id, std::uint64_t hash) const;
    void grow();
    std::string m_text;
    std::vector<std::uint64_t> m_ends; // end of id n in m_text
    std::vector<Slot> m_slots;         // a power of two
};

} // namespace recoscope
