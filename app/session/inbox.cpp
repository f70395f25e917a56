// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/inbox.h"

#include <QMetaObject>

#include <utility>

namespace recoscope {

Inbox::Inbox(QObject* parent)
    : QObject(parent) {}
Inbox::~Inbox() = default;

void Inbox::post(std::function<void()> delivery) {
    bool first = false;
    {
        std::lock_guard lock(m_mutex);
        first = m_waiting.empty();
        m_waiting.push_back(std::move(delivery));
    }
    if (first) wake();
}

void Inbox::wake() { QMetaObject::invokeMethod(this, "deliverOne", Qt::QueuedConnection); }

void Inbox::deliverOne() {
    std::function<void()> delivery;
    bool more = false;
    {
        std::lock_guard lock(m_mutex);
        if (m_waiting.empty()) return;
        delivery = std::move(m_waiting.front());
        m_waiting.pop_front();
        more = !m_waiting.empty();
    }
    // Before the delivery: it may open an event loop of its own (a dialog) or destroy this object.
    if (more) wake();
    delivery();
}

} // namespace recoscope
