// SPDX-License-Identifier: Apache-2.0
#include "desktop/gallery/input_folder.h"

#include <QBuffer>
#include <QCryptographicHash>
#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QImageReader>
#include <QPointer>
#include <QSaveFile>

#include <utility>

#include "desktop/gallery/decode.h"
#include "desktop/gallery/disk_problem.h"
#include "shared/protocol/input_info.h"

namespace easel::gallery {

namespace {

using protocol::Expected;

bool isReadByServers(const QByteArray& format) {
    return format == "png" || format == "jpeg" || format == "webp";
}

QByteArray pngOf(const QImage& image) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    image.save(&buffer, "PNG");
    return bytes;
}

/// The file as servers read it.
Expected<QByteArray> takeIn(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return tl::unexpected(cannotRead(path, file.errorString()));
    }
    if (isReadByServers(QImageReader::imageFormat(&file))) {
        file.seek(0);
        return file.readAll();
    }
    return decodeWhole(path).map(pngOf);
}

/// It is used: it stays for a while.
void touch(const QString& path) {
    QFile file(path);
    if (file.open(QIODevice::ReadWrite)) {
        file.setFileTime(QDateTime::currentDateTimeUtc(), QFileDevice::FileModificationTime);
    }
}

}  // namespace

InputFolder::InputFolder(QString folder, QObject* parent) : QObject(parent), m_folder(std::move(folder)) {
    m_worker.setMaxThreadCount(1);
}

InputFolder::~InputFolder() {
    m_worker.waitForDone();
}

template <typename T>
void InputFolder::work(QObject* context, const Done<T>& done, std::function<Expected<T>()> job) {
    m_worker.start([this, done, job = std::move(job), guard = QPointer<QObject>(context)] {
        QMetaObject::invokeMethod(this, [done, guard, result = job()] {
            if (guard) {
                done(result);
            }
        });
    });
}

void InputFolder::keepFile(const QString& path, QObject* context, const Done<InputPicture>& done) {
    work<InputPicture>(context, done, [this, path] {
        return takeIn(path).and_then([this](const QByteArray& bytes) { return write(bytes); });
    });
}

void InputFolder::keepImage(const QImage& image, QObject* context, const Done<InputPicture>& done) {
    work<InputPicture>(context, done, [this, image] { return write(pngOf(image)); });
}

void InputFolder::look(const std::string& id, QObject* context, const Done<InputPicture>& done) {
    work<InputPicture>(context, done, [this, id] { return lookAt(id); });
}

void InputFolder::load(const std::string& id, QObject* context, const Done<QImage>& done) {
    work<QImage>(context, done, [this, id] { return decodeWhole(pathOf(id)); });
}

bool InputFolder::holds(const std::string& id) const {
    return protocol::isInputId(id) && QFile::exists(pathOf(id));
}

Expected<QByteArray> InputFolder::read(const std::string& id) const {
    QFile file(pathOf(id));
    if (!protocol::isInputId(id) || !file.open(QIODevice::ReadOnly)) {
        return tl::unexpected(cannotRead(file.fileName(), file.errorString()));
    }
    return file.readAll();
}

void InputFolder::sweep(const std::set<std::string>& wanted) {
    m_worker.start([folder = m_folder, wanted] {
        const QDateTime oldest = QDateTime::currentDateTimeUtc().addDays(-kDays);
        const auto files = QDir(folder).entryInfoList(QDir::Files);
        for (const QFileInfo& file : files) {
            const std::string id = file.fileName().toStdString();
            if (protocol::isInputId(id) && !wanted.contains(id) && file.lastModified() < oldest) {
                QFile::remove(file.filePath());
            }
        }
    });
}

QString InputFolder::pathOf(const std::string& id) const {
    return m_folder + '/' + QString::fromStdString(id);
}

Expected<InputPicture> InputFolder::lookAt(const std::string& id) const {
    const QString path = pathOf(id);
    return decodeSmall(path, kPreviewEdge).map([&](const QImage& preview) {
        touch(path);
        return InputPicture{id, uprightSize(path), preview};
    });
}

Expected<InputPicture> InputFolder::write(const QByteArray& bytes) const {
    const std::string id = QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().toStdString();
    const QString path = pathOf(id);
    if (QFile::exists(path)) {
        return lookAt(id);
    }
    QSaveFile file(path);
    if (!QDir().mkpath(m_folder) || !file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() ||
        !file.commit()) {
        return tl::unexpected(cannotWrite(path, bytes.size(), file.errorString()));
    }
    auto picture = lookAt(id);
    if (!picture) {
        QFile::remove(path);
    }
    return picture;
}

}  // namespace easel::gallery
