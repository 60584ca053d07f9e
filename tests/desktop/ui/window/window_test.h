// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <string>

#include "desktop/ui/library/library.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/studio/fake_easel.h"
#include "tests/desktop/ui/window/app.h"

namespace easel::tests {

/// For tests of the window, each with folders of its own.
class WindowTest : public QObject {
protected:
    void begin() { m_dir = std::make_unique<QTemporaryDir>(); }
    QString folder() const { return m_dir->path(); }
    /// Pictures "picture 0" (the oldest) to "picture n-1".
    static void fill(App& app, int count) {
        for (int i = 0; i < count; ++i) {
            const auto made = settings("picture " + std::to_string(i), 100 + i);
            QVERIFY(addTo(app.store, serverPng(made, QColor::fromHsv(i * 40 % 360, 200, 200)), made));
        }
    }

    /// A file as another program would put it into the library.
    static void drop(const App& app, const QString& name, const QByteArray& bytes) {
        QFile file(app.folder + "/pictures/" + name);
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(bytes), bytes.size());
        file.close();
        app.window.findChild<ui::Library*>()->refresh();
    }

    static void open(const App& app, int row) {
        app.grid()->setFocus();
        app.grid()->setCurrentIndex(app.grid()->model()->index(row, 0));
        app.press(Qt::Key_Return);
    }

private:
    std::unique_ptr<QTemporaryDir> m_dir;
};

}  // namespace easel::tests
