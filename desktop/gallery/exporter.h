// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>
#include <QThreadPool>

#include <atomic>
#include <memory>
#include <vector>

#include "desktop/gallery/picture.h"
#include "desktop/preferences/preferences.h"
#include "shared/protocol/problem.h"

class QMimeData;

namespace easel::gallery {

struct ExportOptions {
    enum class Format {
        Png,   ///< the file's own bytes, unless its size or its settings are to change
        Jpeg,  ///< smaller; the infotext goes into EXIF UserComment, as A1111 does it
        WebP,  ///< smaller still, keeps transparency, carries no settings; only where Qt's plugin is there
    };

    QString folder;
    QString pattern = QLatin1String(preferences::kExportPattern.usual);  ///< see expandPattern in file_name.h
    Format format = Format(preferences::kExportFormat.usual);
    int quality = preferences::kExportQuality.usual;  ///< 1 to 100; not for PNG
    /// Pixels; larger pictures are made smaller; 0: each in its own size.
    int longestSide = preferences::kExportLongestSide.usual;
    /// The prompt, seed and all else go into the file.
    bool keepSettings = preferences::kExportKeepsSettings.usual;
};

/// "png", "jpg", "webp".
QString suffixOf(ExportOptions::Format format);
/// Whether Qt can write it here.
bool canExport(ExportOptions::Format format);

/// Copies one picture to a folder, which is made where it is not there, under a name that is free in it;
/// never overwrites. Returns its path. `index` (from 1) fills in {index}. Any thread. Errors: no permission,
/// disk full, broken picture.
protocol::Expected<QString> exportPicture(const Picture& picture, const ExportOptions& options, int index);

/// What became of an export of many.
struct ExportReport {
    QStringList files;                        ///< paths written
    std::vector<protocol::Problem> problems;  ///< one for each picture that could not be
    bool cancelled = false;
};

/// Exports many pictures off the GUI thread; one export at a time. Owned by the window; GUI thread.
class Exporter : public QObject {
    Q_OBJECT

public:
    explicit Exporter(QObject* parent = nullptr);
    ~Exporter() override;

    /// Starts; nothing happens while one is under way.
    void start(const QList<Picture>& pictures, const ExportOptions& options);
    /// Ends after the picture that is being written; `finished` follows.
    void cancel() { m_cancelled = true; }
    bool isRunning() const { return m_running; }

Q_SIGNALS:
    void progress(int done, int total);
    void finished(const easel::gallery::ExportReport& report);

private:
    QThreadPool m_thread;
    std::atomic<bool> m_cancelled = false;
    bool m_running = false;
};

/// For drags: the files' URLs and, for a single one, the picture too, which is decoded when it is taken.
std::unique_ptr<QMimeData> mimeDataFor(const QStringList& paths);
/// Puts the files, and for a single one the picture too, on the clipboard.
void copyToClipboard(const QStringList& paths);

}  // namespace easel::gallery
