// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/compare_results.h"
#include "app/storage/text_table.h"

#include <QObject>

namespace recoscope {

/// What can be asked for; the newest request of a topic replaces an older one.
/// Studies are read from the library; nothing is asked for them.
enum class CompareTopic {
    Metrics,
    Marks,
    Dialects,
    Significance,
    Groups,
    Sampling,
    Warnings,
    Export,
    Studies
};

/// Compares stored runs on the test part of their split: numbers, readings in other dialects, groups of
/// users, significance. It scores stored models again where that is needed and never trains. Works on a lane
/// and a pool of its own at nice 10. GUI thread object; calls return at once, the answer is a signal.
class CompareService final : public QObject {
    Q_OBJECT
public:
    /// @param threads  of the pool; 0: all cores.
    explicit CompareService(const QString& workspaceFolder, int threads = 0, QObject* parent = nullptr);
    ~CompareService() override; // cancels, joins

    void measure(CompareRequest request);
    /// Which numbers differ from those of one run, by its place in the measurement.
    void mark(MeasurementPtr measurement, std::size_t reference);
    void readDialects(CompareRequest request);
    /// @param by  one of groupNames().
    void group(MeasurementPtr measurement, const std::string& by);
    void comparePairs(MeasurementPtr measurement, const std::string& metric);
    void findLeaks(MeasurementPtr measurement);
    void study(CompareRequest request, SamplingStudyOptions options);

    /// Writes the numbers with their definitions, as the name ends: .csv, .md or .tex. Then exported(), or
    /// failed().
    void exportMetrics(MeasurementPtr measurement, const QString& path);
    void exportTable(TextTable table, const QString& path);

    /// Stops everything; what was asked for and is not there ends with failed(ErrorCode::Cancelled).
    void cancel();
    /// Forgets what was asked for of a topic; nothing more is delivered of it.
    void forget(CompareTopic topic);
    bool busy() const;
    bool busyWith(CompareTopic topic) const;

signals:
    void measured(const recoscope::MeasurementPtr& measurement);
    void marked(const std::shared_ptr<const recoscope::MetricMarks>& marks);
    void dialectsRead(const std::shared_ptr<const recoscope::DialectTable>& table);
    void grouped(const std::shared_ptr<const recoscope::GroupTable>& table);
    void pairsCompared(const std::shared_ptr<const recoscope::PairTable>& table);
    void leaksFound(const std::shared_ptr<const recoscope::LeakTable>& table);
    void studied(const std::shared_ptr<const recoscope::StudyTable>& table);
    void exported(const QString& path);
    void failed(recoscope::CompareTopic topic, const recoscope::Error& error);
    /// What is being done, and the share that is done; at most ten times a second.
    void moved(recoscope::CompareTopic topic, const QString& words, double share);
    void busyChanged(bool busy);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
