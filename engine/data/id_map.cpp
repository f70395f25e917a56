// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/id_map.h"

#include "engine/core/check.h"
#include "engine/core/rng.h"

#include <limits>

namespace recoscope {

IdMap::IdMap()
    : m_slots(16) {}

std::string_view IdMap::id(std::int32_t index) const {
    RECOSCOPE_CHECK(index >= 0 && index < size(), "id index outside the map");
    const auto n = static_cast<std::size_t>(index);
    const std::uint64_t begin = n == 0 ? 0 : m_ends[n - 1];
    return std::string_view(m_text).substr(begin, m_ends[n] - begin);
}

std::size_t IdMap::slotOf(std::string_view text, std::uint64_t hash) const {
    const std::size_t mask = m_slots.size() - 1;
    const auto upper = static_cast<std::uint32_t>(hash >> 32);
    std::size_t slot = hash & mask;
    while (m_slots[slot].index >= 0 && (m_slots[slot].hash != upper || id(m_slots[slot].index) != text))
        slot = (slot + 1) & mask;
    return slot;
}

void IdMap::grow() {
    m_slots.assign(m_slots.size() * 4, Slot{});
    const std::size_t mask = m_slots.size() - 1;
    for (std::int32_t n = 0; n < size(); ++n) {
        const std::uint64_t hash = hash64(id(n));
        std::size_t slot = hash & mask;
        while (m_slots[slot].index >= 0)
            slot = (slot + 1) & mask;
        m_slots[slot] = {static_cast<std::uint32_t>(hash >> 32), n};
    }
}

std::int32_t IdMap::insert(std::string_view text) {
    const std::uint64_t hash = hash64(text);
    std::size_t slot = slotOf(text, hash);
    if (m_slots[slot].index >= 0) return m_slots[slot].index;
    RECOSCOPE_CHECK(m_ends.size() < static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
                    "too many ids");
    if ((m_ends.size() + 1) * 2 > m_slots.size()) {
        grow();
        slot = slotOf(text, hash);
    }
    m_text += text;
    m_ends.push_back(m_text.size());
    m_slots[slot] = {static_cast<std::uint32_t>(hash >> 32), size() - 1};
    return m_slots[slot].index;
}

std::optional<std::int32_t> IdMap::find(std::string_view text) const {
    const std::int32_t found = m_slots[slotOf(text, hash64(text))].index;
    return found >= 0 ? std::optional(found) : std::nullopt;
}

} // namespace recoscope
