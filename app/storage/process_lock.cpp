// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/storage/process_lock.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QUuid>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/file.h>
#include <unistd.h>

namespace recoscope {

namespace {

QString lockPath(const QString& workspace, const QString& owner) {
    return workspace + "/processes/" + owner + ".lock";
}

/// False for what is no name of ours: it would be part of a path.
bool isOwnerName(const QString& owner) {
    if (owner.isEmpty() || owner.size() > 80) return false;
    for (const QChar c : owner)
        if (!(c.isLetterOrNumber() && c.unicode() < 128) && c != '-') return false;
    return true;
}

} // namespace

Result<std::shared_ptr<const ProcessLock>> ProcessLock::acquire(const QString& workspace) {
    static std::mutex mutex;
    static std::map<QString, std::weak_ptr<const ProcessLock>> held;
    const std::scoped_lock guard(mutex);
    std::weak_ptr<const ProcessLock>& known = held[workspace];
    if (auto lock = known.lock()) return lock;
    QDir(workspace).mkpath("processes");
    std::shared_ptr<ProcessLock> lock(new ProcessLock);
    lock->m_owner = QString::number(QCoreApplication::applicationPid()) + "-" +
                    QUuid::createUuid().toString(QUuid::WithoutBraces);
    lock->m_path = lockPath(workspace, lock->m_owner);
    // Close-on-exec: a child that outlives this process must not keep the lock.
    lock->m_descriptor =
        ::open(QFile::encodeName(lock->m_path).constData(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (lock->m_descriptor < 0 || ::flock(lock->m_descriptor, LOCK_EX | LOCK_NB) != 0)
        return Error{ErrorCode::Io,
                     std::string("The workspace cannot be locked for writing: ") + std::strerror(errno),
                     lock->m_path.toStdString()};
    known = lock;
    return std::shared_ptr<const ProcessLock>(lock);
}

ProcessLock::~ProcessLock() {
    if (m_descriptor < 0) return;
    ::unlink(QFile::encodeName(m_path).constData());
    ::close(m_descriptor);
}

bool ProcessLock::alive(const QString& workspace, const QString& owner) {
    if (!isOwnerName(owner)) return false;
    const int descriptor =
        ::open(QFile::encodeName(lockPath(workspace, owner)).constData(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno == EACCES; // gone, or not ours to look at
    const bool free = ::flock(descriptor, LOCK_SH | LOCK_NB) == 0;
    ::close(descriptor);
    return !free;
}

void ProcessLock::forget(const QString& workspace, const QString& owner) {
    if (isOwnerName(owner)) QFile::remove(lockPath(workspace, owner));
}

} // namespace recoscope
