// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/id_map.h"

#include "engine/core/check.h"
#include "engine/core/rng.h"

namespace recoscope {

IdMap::IdMap() : m_slots(16, -1) {}

std::string_view IdMap::id(std::int32_t index) const {
    RECOSCOPE_CHECK(index >= 0 && index < size(), "id index outside the map");
    const auto n = static_cast<std::size_t>(index);
    const std::uint64_t begin = n == 0 ? 0 : m_ends[n - 1];
    return std::string_view(m_text).substr(begin, m_ends[n] - begin);
}

std::size_t IdMap::slotOf(std::string_view text, std::uint64_t hash) const {
    const std::size_t mask = m_slots.size() - 1;
    std::size_t slot = hash & mask;
    while (m_slots[slot] >= 0 && id(m_slots[slot]) != text) slot = (slot + 1) & mask;
    return slot;
}

void IdMap::grow() {
    m_slots.assign(m_slots.size() * 2, -1);
    for (std::int32_t n = 0; n < size(); ++n) m_slots[slotOf(id(n), hash64(id(n)))] = n;
}

std::int32_t IdMap::insert(std::string_view text) {
    std::size_t slot = slotOf(text, hash64(text));
    if (m_slots[slot] >= 0) return m_slots[slot];
    if ((m_ends.size() + 1) * 2 > m_slots.size()) {
        grow();
        slot = slotOf(text, hash64(text));
    }
    m_text += text;
    m_ends.push_back(m_text.size());
    m_slots[slot] = size() - 1;
    return m_slots[slot];
}

std::optional<std::int32_t> IdMap::find(std::string_view text) const {
    const std::int32_t found = m_slots[slotOf(text, hash64(text))];
    return found >= 0 ? std::optional(found) : std::nullopt;
}

} // namespace recoscope
