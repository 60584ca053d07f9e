// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QObject>

#include <QSize>
#include <QString>
#include <QThreadPool>

#include <functional>
#include <set>
#include <string>

#include "shared/protocol/problem.h"

namespace easel::gallery {

/// A picture to draw from, as this computer has it.
struct InputPicture {
    std::string id;  ///< the SHA-256 of its file, in hex: what requests and servers call it
    QSize size;      ///< pixels, turned upright
    QImage preview;  ///< no side longer than InputFolder::kPreviewEdge

    bool operator==(const InputPicture&) const = default;
};

/// Copies of the pictures to draw from, each a file that is named after its hash, so that a request says by
/// itself which they are, here as at the server, and what was chosen lasts when the original is moved. What
/// nobody has used for kDays goes. Owned by Studio; GUI thread; reads and writes on a thread of its own.
class InputFolder : public QObject {
    Q_OBJECT

public:
    static constexpr int kPreviewEdge = 512;  ///< pixels
    static constexpr int kDays = 30;

    explicit InputFolder(QString folder, QObject* parent = nullptr);
    /// Finishes what is being read and written.
    ~InputFolder() override;

    template <typename T>
    using Done = std::function<void(protocol::Expected<T>)>;

    /// Keeps a copy: of PNG, JPEG and WebP as they are, which servers read, of others as PNG. Calls `done`
    /// later, unless `context` is gone by then. Errors: it can't be read, is no picture, can't be written.
    void keepFile(const QString& path, QObject* context, const Done<InputPicture>& done);
    void keepImage(const QImage& image, QObject* context, const Done<InputPicture>& done);
    /// One that was kept. Errors: kNotReadable, it is not here (any more).
    void look(const std::string& id, QObject* context, const Done<InputPicture>& done);
    /// The same in full size, upright.
    void load(const std::string& id, QObject* context, const Done<QImage>& done);

    bool holds(const std::string& id) const;
    /// The bytes of its file. Errors: as look.
    protocol::Expected<QByteArray> read(const std::string& id) const;
    /// Removes what is old and not among `wanted`, off the GUI thread.
    void sweep(const std::set<std::string>& wanted);

private:
    template <typename T>
    void work(QObject* context, const Done<T>& done, std::function<protocol::Expected<T>()> job);
    QString pathOf(const std::string& id) const;
    protocol::Expected<InputPicture> lookAt(const std::string& id) const;
    protocol::Expected<InputPicture> write(const QByteArray& bytes) const;

    QString m_folder;
    QThreadPool m_worker;
};

}  // namespace easel::gallery
