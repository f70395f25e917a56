// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/data/readers/reader.h"
#include "engine/data/split.h"

#include <QObject>
#include <QString>

#include <memory>

namespace recoscope {

/// Numbers and curves of a dataset for the Data page, computed off the GUI thread.
struct DatasetSummary {
    struct Bar {
        QString label;
        double value = 0.0;
    };
    std::vector<Bar> ratingHistogram;                     // by rating value
    std::vector<std::pair<double, double>> itemPopularity; // (rank from 1, interactions), descending, thinned to <= 1,000 log-spaced ranks
    std::vector<std::pair<double, double>> userActivity;   // the same for users
    std::vector<std::pair<qint64, double>> activityOverTime; // (seconds, interactions in the bin); <= 120 bins; empty without times
    qint64 firstTime = 0;
    qint64 lastTime = 0;
    double meanPerUser = 0.0, medianPerUser = 0.0, meanPerItem = 0.0, medianPerItem = 0.0;
    double meanRating = 0.0;
    double gini = 0.0; // inequality of item popularity
};

/// O(interactions + users + items). Curves leave out items and users without interactions; means, medians and Gini count them.
DatasetSummary summarise(const Dataset& dataset);

/// Opens, previews, filters and splits data on one worker lane. GUI thread object; one job at a time, the newest request of a
/// kind replaces a waiting one. Results arrive as signals with shared immutable values.
class DatasetService final : public QObject {
    Q_OBJECT
public:
    explicit DatasetService(QObject* parent = nullptr);
    ~DatasetService() override; // cancels, waits, joins

    void preview(const QString& path, const ImportOptions& options = {});
    void import(const QString& path, const ImportOptions& options = {});
    /// Filters and splits the current dataset; the result becomes the current split.
    void split(const SplitSpec& spec);
    void cancel();

    bool busy() const;
    QString path() const;
    ImportOptions importOptions() const;
    DatasetPtr dataset() const; // null until something is imported
    SplitPtr currentSplit() const;
    std::shared_ptr<const ImportReport> report() const;
    std::shared_ptr<const DatasetSummary> summary() const;

signals:
    void previewReady(const QString& path, const recoscope::FormatPreview& preview);
    void progress(double fraction, const QString& phase);
    void imported(recoscope::DatasetPtr dataset); // dataset(), report() and summary() are set
    void splitReady(recoscope::SplitPtr split);   // also after every import, with the current spec or the default
    void failed(const QString& what, const recoscope::Error& error); // also ErrorCode::Cancelled
    void busyChanged(bool busy);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
