// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/result.h"

#include <QSaveFile>
#include <QString>

#include <string>
#include <string_view>

namespace recoscope {

/// Text to a temporary name beside the path, renamed when all is written. Written in pieces of about a
/// megabyte, so that the text of a large dataset is never in memory as a whole. One thread.
class LineFile final {
public:
    explicit LineFile(const QString& path)
        : m_file(path) {}
    explicit LineFile(const std::string& path)
        : LineFile(QString::fromStdString(path)) {}
    Status open() { return m_file.open(QIODevice::WriteOnly) ? Status() : problem(); }
    Status add(std::string_view line) {
        m_buffer.append(line);
        return m_buffer.size() < (1u << 20) ? Status() : flush();
    }
    Status commit() {
        if (Status status = flush(); !status) return status;
        return m_file.commit() ? Status() : problem();
    }

private:
    Status flush() {
        const auto size = static_cast<qint64>(m_buffer.size());
        if (m_file.write(m_buffer.data(), size) != size) return problem();
        m_buffer.clear();
        return {};
    }
    Status problem() const {
        return Error{ErrorCode::Io, "The file cannot be written: " + m_file.errorString().toStdString(),
                     m_file.fileName().toStdString()};
    }
    QSaveFile m_file;
    std::string m_buffer;
};

} // namespace recoscope
