// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <deque>
#include <functional>
#include <mutex>

namespace recoscope {

/// Brings results from worker threads to the thread that this object lives in (the GUI thread), one an event,
/// in the order posted. post() is thread-safe, the rest belongs to the owner's thread. The owner joins its
/// lanes before it destroys the inbox; what has not been delivered by then is dropped.
///
/// The values wait behind our own mutex and only a bare wake-up crosses Qt's event queue, so that a race
/// detector sees the hand-over.
class Inbox final : public QObject {
    Q_OBJECT
public:
    explicit Inbox(QObject* parent = nullptr);
    ~Inbox() override;

    /// Runs `delivery` on the owner's thread. It must hold values, not references.
    void post(std::function<void()> delivery);

private slots:
    void deliverOne();

private:
    void wake();
    std::mutex m_mutex;
    std::deque<std::function<void()>> m_waiting;
};

} // namespace recoscope
