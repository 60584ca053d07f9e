// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <string>

#include "tests/desktop/studio/fake_easel.h"
#include "tests/desktop/studio/studio_parts.h"

namespace easel::tests {

/// The app without its windows; destroying it and making another one is a restart.
struct App : StudioParts {
    explicit App(const QString& where) : StudioParts(where) { openLibrary(); }
    App(const QString& where, const QUrl& server) : App(where) { start(server); }

    /// The newest tile.
    gallery::PendingTile tile() const {
        return model.tileAt(0) != nullptr ? *model.tileAt(0) : gallery::PendingTile();
    }
    QString saved(int position) const {
        const gallery::Picture* picture = model.pictureAt(model.tileCount() + position);
        return picture == nullptr ? QString() : gallery::describe(*picture);
    }
};

inline protocol::GenerationRequest request(const std::string& prompt, int count = 1) {
    protocol::GenerationRequest request;
    request.prompt = prompt;
    request.count = count;
    return request;
}

/// For tests of the studio, each with a folder of its own.
class StudioTest : public QObject {
protected:
    void begin() { m_dir = std::make_unique<QTemporaryDir>(); }
    QString folder() const { return m_dir->path(); }

private:
    std::unique_ptr<QTemporaryDir> m_dir;
};

}  // namespace easel::tests
