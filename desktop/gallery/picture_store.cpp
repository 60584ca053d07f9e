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
    if (!file.open(QIODevice::ReadOnly))
        return picture;
    if (const auto header = readPngHeader(file, kKeyword)) {
        picture.size = header->size;
        if (header->text)
            picture.settings = protocol::fromInfotext(header->text->toStdString());
    }
    return picture;
}

PictureStore::PictureStore(const QString& folder, QObject* parent)
    : QObject(parent), m_folder(QDir(folder).absolutePath()), m_lock(m_folder + QStringLiteral("/.lock")) {
    m_lock.setStaleLockTime(0);  // an app may run for weeks
    m_scanner.setMaxThreadCount(1);
    m_scanner.setThreadPriority(QThread::LowPriority);
    m_writer.setMaxThreadCount(1);
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
    if (!QDir().mkpath(m_folder))
        return tl::unexpected(cannotWrite(m_folder, 0, tr("the folder can't be made")));
    if (m_lock.isLocked() || m_lock.tryLock())
        QDir(m_folder + '/' + kTrash).removeRecursively();
    m_removals.clear();
    Q_EMIT undoChanged(0);
    m_scanner.start([this] { scan(); });
    return {};
}

void PictureStore::scan() {
    QList<Picture> pictures = listFolder(m_folder);
    QMetaObject::invokeMethod(this, [this, pictures] {
        QList<Picture> still = pictures;
        if (!m_removals.empty())
            still.removeIf([](const Picture& picture) { return !QFileInfo::exists(picture.path); });
        Q_EMIT listed(still);
    });
    for (qsizetype first = 0; first < pictures.size() && !m_stopping; first += kBatch) {
        QList<Picture> batch = pictures.mid(first, kBatch);
        for (Picture& picture : batch) {
            if (m_stopping)
                return;
            picture = describeFile(picture.path);
        }
        QMetaObject::invokeMethod(this, [this, batch] { Q_EMIT described(batch); });
    }
    QMetaObject::invokeMethod(this, [this] { Q_EMIT scanned(); });
}

void PictureStore::add(const QByteArray& png, const protocol::GenerationSettings& settings, QObject* context,
                       const std::function<void(protocol::Expected<Picture>)>& done) {
    m_writer.start([=, this, guard = QPointer<QObject>(context)] {
        auto picture = write(png, settings);
        QMetaObject::invokeMethod(this, [this, picture, guard, done] {
            if (picture)
                Q_EMIT added(*picture);
            if (guard)
                done(picture);
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
    if (!header)
        return tl::unexpected(brokenPicture(tr("What the server sent"), tr("it is no PNG file")));
    if (!header->text)
        bytes =
            withPngText(png, kKeyword, QString::fromStdString(protocol::toInfotext(settings, EASEL_VERSION)));

    const QString name =
        pictureName(QDateTime::currentDateTime(), settings.seed, QString::fromStdString(settings.prompt));
    const QString path = freePath(m_folder, QFileInfo(name).completeBaseName(), QStringLiteral("png"));
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return tl::unexpected(cannotWrite(path, bytes.size(), file.errorString()));
    return describeFile(path);
}

protocol::Expected<void> PictureStore::remove(const QStringList& paths) {
    const QString trash = m_folder + '/' + kTrash;
    QDir().mkpath(trash);
    std::vector<Removal> removal;
    QStringList moved;
    std::optional<protocol::Problem> problem;
    for (const QString& path : paths) {
        const QFileInfo file(path);
        const QString target = freePath(trash, file.completeBaseName(), file.suffix());
        QFile picture(path);
        // A file that somebody else has deleted is gone from the library all the same.
        if (picture.rename(target))
            removal.push_back({path, target});
        else if (file.exists()) {
            if (!problem)
                problem = cannotWrite(path, 0, picture.errorString());
            continue;
        }
        moved.append(path);
    }
    if (!removal.empty())
        m_removals.push_back(std::move(removal));
    if (!moved.isEmpty())
        Q_EMIT removed(moved);
    Q_EMIT undoChanged(undoable());
    if (problem)
        return tl::unexpected(std::move(*problem));
    return {};
}

protocol::Expected<void> PictureStore::undoRemove() {
    if (m_removals.empty())
        return {};
    const std::vector<Removal> removal = std::move(m_removals.back());
    m_removals.pop_back();
    std::optional<protocol::Problem> problem;
    for (const Removal& item : removal) {
        const QFileInfo home(item.path);
        const QString path = freePath(home.absolutePath(), home.completeBaseName(), home.suffix());
        QFile picture(item.inTrash);
        if (picture.rename(path))
            Q_EMIT added(describeFile(path));
        else if (!problem)
            problem = cannotWrite(path, 0, picture.errorString());
    }
    Q_EMIT undoChanged(undoable());
    if (problem)
        return tl::unexpected(std::move(*problem));
    return {};
}

int PictureStore::undoable() const {
    return m_removals.empty() ? 0 : static_cast<int>(m_removals.back().size());
}

}  // namespace easel::gallery
