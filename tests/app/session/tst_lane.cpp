// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/event_mailbox.h"
#include "app/session/inbox.h"
#include "app/session/lane.h"

#include <QThread>
#include <QtTest>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace recoscope;

namespace {

/// Holds a lane busy until opened, so that what is posted meanwhile waits for certain.
class Gate {
public:
    Lane::Job job() {
        return [this] {
            m_entered.set_value();
            m_opened.get_future().wait();
        };
    }
    void waitUntilEntered() { m_entered.get_future().wait(); }
    void open() { m_opened.set_value(); }

private:
    std::promise<void> m_entered;
    std::promise<void> m_opened;
};

} // namespace

class TestLane : public QObject {
    Q_OBJECT
private slots:
    void jobsRunInTheOrderPostedOnOneOtherThread() {
        std::vector<int> order;
        std::vector<std::thread::id> threads;
        {
            Lane lane;
            for (int n = 0; n < 100; ++n)
                lane.post([&, n] {
                    order.push_back(n);
                    threads.push_back(std::this_thread::get_id());
                });
            lane.finish();
        }
        QCOMPARE(order.size(), std::size_t(100));
        QVERIFY(std::is_sorted(order.begin(), order.end()));
        QCOMPARE(std::count(threads.begin(), threads.end(), threads.front()), 100);
        QVERIFY(threads.front() != std::this_thread::get_id());
    }

    void newestJobOfAKeyReplacesTheWaitingOne() {
        std::vector<std::string> done;
        Gate gate;
        Lane lane;
        lane.post(gate.job());
        gate.waitUntilEntered();
        lane.postNewest("a", [&] { done.push_back("a1"); });
        lane.postNewest("b", [&] { done.push_back("b1"); });
        lane.postNewest("a", [&] { done.push_back("a2"); });
        lane.post([&] { done.push_back("always"); });
        lane.drop("b");
        gate.open();
        lane.finish();
        QCOMPARE(done, (std::vector<std::string>{"a2", "always"}));
    }

    void destructionWaitsForTheRunningJobAndDropsTheOthers() {
        // The gate opens only when the waiting job is dropped, so it cannot have run.
        struct Opener {
            Gate* gate;
            ~Opener() { gate->open(); }
        };
        std::atomic<int> ended{0};
        std::atomic<int> ran{0};
        Gate gate;
        auto lane = std::make_unique<Lane>();
        lane->post([&, job = gate.job()] {
            job();
            ++ended;
        });
        gate.waitUntilEntered();
        lane->post([&, opener = std::make_shared<Opener>(&gate)] { ++ran; });
        lane.reset();
        QCOMPARE(ended.load(), 1);
        QCOMPARE(ran.load(), 0);
    }

    void idleSaysWhetherAJobRunsOrWaits() {
        Gate gate;
        Lane lane;
        QTRY_VERIFY(lane.idle());
        lane.post(gate.job());
        gate.waitUntilEntered();
        QVERIFY(!lane.idle());
        gate.open();
        QTRY_VERIFY(lane.idle());
    }

    void exceptionsBecomeErrors() {
        const auto broken = guarded([]() -> Result<int> { throw std::runtime_error("broken on purpose"); });
        QVERIFY(!broken);
        QVERIFY(broken.error().message.find("broken on purpose") != std::string::npos);
        const auto full = guarded([]() -> Status { throw std::bad_alloc(); });
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::Limit);
        QCOMPARE(*guarded([]() -> Result<int> { return 7; }), 7);
    }

    void inboxDeliversOnTheOwnersThreadInOrder() {
        Inbox inbox;
        std::vector<int> seen;
        bool rightThread = true;
        std::vector<std::thread> posters;
        for (int t = 0; t < 4; ++t)
            posters.emplace_back([&, t] {
                for (int n = 0; n < 250; ++n)
                    inbox.post([&, value = t * 1000 + n] {
                        rightThread = rightThread && QThread::currentThread() == inbox.thread();
                        seen.push_back(value);
                    });
            });
        QTRY_COMPARE(seen.size(), std::size_t(1000));
        for (auto& poster : posters)
            poster.join();
        QVERIFY(rightThread);
        for (int t = 0; t < 4; ++t) { // each poster's own order is kept
            int last = -1;
            for (const int value : seen)
                if (value / 1000 == t) {
                    QVERIFY(value > last);
                    last = value;
                }
        }
    }

    void inboxKeepsOrderWhenADeliveryRunsAnEventLoop() {
        Inbox inbox;
        std::vector<int> seen;
        inbox.post([&] {
            inbox.post([&] { seen.push_back(3); });
            QEventLoop nested;
            QTimer::singleShot(20, &nested, &QEventLoop::quit);
            nested.exec();
        });
        inbox.post([&] { seen.push_back(1); });
        inbox.post([&] { seen.push_back(2); });
        QTRY_COMPARE(seen, (std::vector<int>{1, 2, 3}));
    }

    void inboxDropsWhatIsLeftWhenDestroyed() {
        bool delivered = false;
        {
            Inbox inbox;
            inbox.post([&] { delivered = true; });
        }
        QCoreApplication::processEvents();
        QVERIFY(!delivered);
    }

    void progressReplacesWaitingProgressAndOrderIsKept() {
        EventMailbox mailbox;
        mailbox.post(RunStarted{.algorithm = "x"});
        mailbox.post(Progress{.epoch = 1, .fraction = 0.1});
        mailbox.post(EpochFinished{.epoch = 1});
        mailbox.post(Progress{.epoch = 2, .fraction = 0.2});
        mailbox.post(Progress{.epoch = 2, .fraction = 0.3});
        mailbox.post(LogLine{.text = "hello"});
        const auto events = mailbox.drain();
        QCOMPARE(events.size(), std::size_t(4));
        QVERIFY(std::holds_alternative<RunStarted>(events[0]));
        QVERIFY(std::holds_alternative<EpochFinished>(events[1]));
        QCOMPARE(std::get<Progress>(events[2]).fraction, 0.3);
        QVERIFY(std::holds_alternative<LogLine>(events[3]));
        QVERIFY(mailbox.drain().empty());
    }

    void mailboxLosesNothingBetweenTwoThreads() {
        EventMailbox mailbox;
        constexpr int epochs = 20000;
        std::thread trainer([&] {
            for (int epoch = 1; epoch <= epochs; ++epoch) {
                mailbox.post(Progress{.epoch = epoch});
                mailbox.post(EpochFinished{.epoch = epoch});
            }
        });
        int next = 1;
        bool inOrder = true;
        while (next <= epochs)
            for (const auto& event : mailbox.drain())
                if (const auto* finished = std::get_if<EpochFinished>(&event))
                    inOrder = inOrder && finished->epoch == next++;
        trainer.join();
        QVERIFY(inOrder);
        QCOMPARE(next, epochs + 1);
    }
};

QTEST_GUILESS_MAIN(TestLane)
#include "tst_lane.moc"
