// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/picture_store.h"

#include <QBuffer>
#include <QDir>
#include <QDirIterator>
#include <QFileInfo>
#include <QPointer>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/file_name.h"
#include "desktop/gallery/png_text.h"
#include "shared/protocol/infotext.h"

namespace easel::gallery {

namespace {

constexpr char kTrash[] = ".trash";
constexpr qsizetype kBatch = 200;  ///< pictures described between two messages to the GUI thread
constexpr int kLookMs = 300;
constexpr int kSweepMs = 6 * 3600 * 1000;
/// A file that was written to less long ago may be half of one.
constexpr qint64 kSettledMs = 2000;

const QByteArray kKeyword(protocol::kInfotextKeyword.data(), protocol::kInfotextKeyword.size());

/// What can be told without opening the file.
Picture listFile(const QFileInfo& file) {
    Picture picture;
    picture.path = file.absoluteFilePath();
    picture.bytes = file.size();
    const QDateTime modified = file.lastModified();
    picture.modified = modified.toMSecsSinceEpoch();
    picture.created = timeInName(file.fileName()).value_or(modified);
    return picture;
}

QList<Picture> listFolder(const QString& folder) {
    QList<Picture> pictures;
    QDirIterator files(folder, {QStringLiteral("*.png")}, QDir::Files | QDir::Readable);
    while (files.hasNext()) {
        files.next();
        pictures.append(listFile(files.fileInfo()));
    }
    std::ranges::sort(pictures, isNewer);
    return pictures;
}

}  // namespace

Picture describeFile(const QString& path) {
    Picture picture = listFile(QFileInfo(path));
    picture.described = true;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return picture;
    }
    if (const auto header = readPngHeader(file, kKeyword)) {
        picture.size = header->size;
        const std::string text = header->text.value_or(QString()).toStdString();
        picture.settings = protocol::fromInfotext(text);
        picture.unsupported = protocol::unsupportedIn(text);
    }
    return picture;
}

PictureStore::PictureStore(const QString& folder, QObject* parent)
    : QObject(parent),
      m_folder(QDir(folder).absolutePath()),
      m_lock(m_folder + QStringLiteral("/.lock")),
      m_trash(m_folder + '/' + kTrash) {
    m_lock.setStaleLockTime(0);  // an app may run for weeks
    m_scanner.setMaxThreadCount(1);
    m_scanner.setThreadPriority(QThread::LowPriority);
    m_writer.setMaxThreadCount(1);
    m_look.setSingleShot(true);
    connect(&m_look, &QTimer::timeout, this, &PictureStore::rescan);
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, this, [this] {
        if (!m_look.isActive()) {
            m_look.start(kLookMs);
        }
    });
    connect(&m_sweep, &QTimer::timeout, this, [this] {
        m_writer.start([this] { m_trash.sweep(QDateTime::currentDateTimeUtc()); });
        countTrash();
    });
}

PictureStore::~PictureStore() {
    m_stopping = true;
    m_scanner.waitForDone();
    m_writer.waitForDone();
}

QString PictureStore::defaultFolder() {
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/pictures");
}

protocol::Expected<void> PictureStore::open() {
    if (!QDir().mkpath(m_folder)) {
        return tl::unexpected(cannotWrite(m_folder, 0, tr("the folder can't be made")));
    }
    if (m_lock.isLocked() || m_lock.tryLock()) {
        m_writer.start([this] { m_trash.sweep(QDateTime::currentDateTimeUtc()); });
        m_sweep.start(kSweepMs);
    }
    countTrash();
    m_removals.clear();
    Q_EMIT undoChanged(0);
    m_opened = false;
    m_looking = true;
    m_watcher.addPath(m_folder);
    m_scanner.start([this] { scan(); });
    return {};
}

void PictureStore::scan() {
    QList<Picture> pictures = listFolder(m_folder);
    QMetaObject::invokeMethod(this, [this, pictures] { deliverList(pictures); });
    for (qsizetype first = 0; first < pictures.size() && !m_stopping; first += kBatch) {
        QList<Picture> batch = pictures.mid(first, kBatch);
        for (Picture& picture : batch) {
            if (m_stopping) {
                return;
            }
            picture = describeFile(picture.path);
        }
        QMetaObject::invokeMethod(this, [this, batch] { Q_EMIT described(batch); });
    }
    QMetaObject::invokeMethod(this, [this] {
        m_looking = false;
        Q_EMIT scanned();
    });
}

void PictureStore::deliverList(const QList<Picture>& pictures) {
    QList<Picture> still = pictures;
    if (!m_leaving.isEmpty() || !m_removals.empty()) {
        still.removeIf([this](const Picture& picture) {
            return m_leaving.contains(picture.path) || !QFileInfo::exists(picture.path);
        });
    }
    for (const Picture& picture : std::as_const(still)) {
        m_known.insert(picture.path, {picture.bytes, picture.modified});
    }
    m_opened = true;
    Q_EMIT listed(still);
}

void PictureStore::rescan() {
    if (m_looking || !m_opened) {
        m_look.start(kLookMs);
        return;
    }
    m_looking = true;
    m_scanner.start([this, known = m_known, change = m_changes] { compare(known, change); });
}

void PictureStore::compare(const Known& known, int change) {
    QStringList gone;
    QList<Picture> fresh;
    QSet<QString> present;
    for (const Picture& picture : listFolder(m_folder)) {
        if (m_stopping) {
            return;
        }
        present.insert(picture.path);
        const auto before = known.constFind(picture.path);
        if (before == known.cend() || *before != Facts{picture.bytes, picture.modified}) {
            fresh.append(describeFile(picture.path));
        }
    }
    for (auto each = known.keyBegin(); each != known.keyEnd(); ++each) {
        if (!present.contains(*each)) {
            gone.append(*each);
        }
    }
    QMetaObject::invokeMethod(this, [this, fresh, gone, change] { deliverChanges(fresh, gone, change); });
}

void PictureStore::deliverChanges(const QList<Picture>& fresh, const QStringList& gone, int change) {
    m_looking = false;
    if (change != m_changes || !m_leaving.isEmpty()) {
        m_look.start(kLookMs);
        return;
    }
    leave(gone);
    arrive(fresh);
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    // The system tells of a file when it is made, not when it is whole.
    if (std::ranges::any_of(
            fresh, [now](const Picture& picture) { return std::abs(now - picture.modified) < kSettledMs; })) {
        m_look.start(int(kSettledMs));
    }
    Q_EMIT scanned();
}

void PictureStore::arrive(const QList<Picture>& pictures) {
    if (pictures.isEmpty()) {
        return;
    }
    for (const Picture& picture : pictures) {
        m_known.insert(picture.path, {picture.bytes, picture.modified});
    }
    Q_EMIT added(pictures);
}

void PictureStore::leave(const QStringList& paths) {
    if (paths.isEmpty()) {
        return;
    }
    for (const QString& path : paths) {
        m_known.remove(path);
    }
    Q_EMIT removed(paths);
}

void PictureStore::add(const QByteArray& png, const protocol::GenerationSettings& settings, QObject* context,
                       const std::function<void(protocol::Expected<Picture>)>& done) {
    m_writer.start([=, this, guard = QPointer<QObject>(context)] {
        auto picture = write(png, settings);
        QMetaObject::invokeMethod(this, [this, picture, guard, done] {
            ++m_changes;
            if (picture) {
                arrive({*picture});
            }
            if (guard) {
                done(picture);
            }
        });
    });
}

protocol::Expected<Picture> PictureStore::write(const QByteArray& png,
                                                const protocol::GenerationSettings& settings) const {
    QByteArray bytes = png;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::ReadOnly);
    const auto header = readPngHeader(buffer, kKeyword);
    buffer.close();
    if (!header) {
        return tl::unexpected(brokenPicture(tr("What the server sent"), tr("it is no PNG file")));
    }
    if (!header->text) {
        bytes =
            withPngText(png, kKeyword, QString::fromStdString(protocol::toInfotext(settings, EASEL_VERSION)));
    }

    const QString name =
        pictureName(QDateTime::currentDateTime(), settings.seed, QString::fromStdString(settings.prompt));
    const QString path = freePath(m_folder, QFileInfo(name).completeBaseName(), QStringLiteral("png"));
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        return tl::unexpected(cannotWrite(path, bytes.size(), file.errorString()));
    }
    return describeFile(path);
}

}  // namespace easel::gallery
