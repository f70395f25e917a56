// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/storage/database.h"
#include "app/storage/process_lock.h"
#include "app/storage/run_store.h"

#include <cstring>
#include <memory>

namespace recoscope {

struct RunStore::Private {
    explicit Private(const QString& workspace)
        : folder(workspace)
        , database(workspace + "/workspace.db") {}

    QString folder;
    Database database;
    Access access = Access::ReadWrite;
    std::shared_ptr<const ProcessLock> lock; // from the first run of this process on

    /// The row number of a run, by its exact id.
    Result<qint64> number(const QString& run) const;
    /// This process's name, locked; taken when first needed.
    Result<QString> owner();
    Status interruptRunsOfDeadProcesses();
    Status appendNow(qint64 run, const TrainingEvent& event);
    Status saveModel(const QString& run, const RunEnded& ended) const;
    Status saveEvaluation(qint64 run, Target target, const Evaluation& evaluation) const;
    QString modelPath(const QString& run) const { return folder + "/models/" + run + ".safetensors"; }
    Result<std::vector<RunRecord>> records(const QString& where, const QVariantList& values) const;
};

QString targetKey(Target target);
std::optional<RunStatus> runStatusFromKey(const QString& key);

/// Plain numbers as the bytes of a blob, little-endian as on every machine this runs on.
template <class T>
QByteArray toBlob(const std::vector<T>& values) {
    if (values.empty()) return QByteArray(""); // a null one would be stored as NULL
    return QByteArray(reinterpret_cast<const char*>(values.data()),
                      static_cast<qsizetype>(values.size() * sizeof(T)));
}
template <class T>
std::vector<T> fromBlob(const QByteArray& bytes) {
    std::vector<T> values(static_cast<std::size_t>(bytes.size()) / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.constData(), values.size() * sizeof(T));
    return values;
}

} // namespace recoscope
