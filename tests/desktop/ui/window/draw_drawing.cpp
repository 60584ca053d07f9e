// SPDX-License-Identifier: Apache-2.0
// Draws the window while pictures are drawn and a long prompt is written, light and dark, for looking at:
//
//   QT_QPA_PLATFORM=offscreen draw_drawing FOLDER
#include <QApplication>
#include <QDir>
#include <QPlainTextEdit>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/ui/library/pending_card.h"
#include "desktop/ui/parts/fold.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;

namespace {

const QString kLong =
    "a lighthouse above the clouds at dawn, oil on canvas, thick brush strokes, warm light from the left, "
    "gulls "
    "around the lantern, a small boat far below, long shadows over the rocks, mist that rises from the sea";

void generate(App& app, FakeEasel& server, int width, int height, const QImage& look, int step) {
    protocol::GenerationRequest wish;
    wish.prompt = kLong.toStdString();
    wish.width = width;
    wish.height = height;
    app.studio.generate(wish);
    const std::string id = "j_" + std::to_string(server.jobCount() + 1);
    if (!QTest::qWaitFor([&] { return server.hasJob(id) && server.streamCount(id) == 1; })) {
        qWarning("%s was not followed", id.c_str());
        return;
    }
    server.run(id);
    server.step(id, step, 30);
    if (!look.isNull()) {
        server.preview(id, 0, look);
    }
}

void draw(const QString& path, ui::Scheme scheme) {
    const QImage sheet(EASEL_SOURCE_DIR "/resources/starter-model/contact-sheet.jpg");
    const QTemporaryDir folder;
    FakeEasel server;
    server.info.previews = true;
    const QByteArray before =
        "a lighthouse above the clouds at dawn, oil on canvas, thick brush strokes, warm light";
    server.tokens = protocol::TokenCount{83, 2, 150, {before.size()}, {}, {}};
    App app(folder.path(), server.url());
    app.theme.setScheme(scheme);
    app.window.resize(1100, 720);
    if (!QTest::qWaitFor([&] { return app.link.isOnline(); })) {
        qFatal("not online");
    }
    app.write(kLong);
    app.find<QPlainTextEdit>("negativePromptEdit")->setPlainText(kLong);
    app.find<ui::Fold>("negativeFold")->setOpen(true);
    // Pictures of the sheet, without what is written beneath them.
    const auto look = [&](int column, int row, const QSize& size) {
        const QRectF cell(column * sheet.width() / 12.0, row * sheet.height() / 17.0, sheet.width() / 12.0,
                          sheet.height() / 17.0);
        return sheet.copy(cell.toRect().adjusted(12, 12, -12, -48))
            .scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    };
    generate(app, server, 512, 512, {}, 1);
    generate(app, server, 512, 512, look(3, 3, {64, 64}), 12);
    generate(app, server, 768, 512, look(5, 6, {96, 64}), 20);
    generate(app, server, 128, 768, look(1, 1, {16, 96}), 28);
    QTest::qWait(800);
    app.window.grab().save(path);
}

}  // namespace

int main(int argc, char* argv[]) {
    QApplication app(argc, argv);
    if (argc != 2 || !QDir().mkpath(argv[1])) {
        qFatal("draw_drawing FOLDER");
    }
    const QPalette platform = QApplication::palette();
    draw(QString(argv[1]) + "/drawing-light.png", ui::Scheme::Light);
    QApplication::setPalette(
        platform);  // the next window would take the first one's accent for the platform's
    draw(QString(argv[1]) + "/drawing-dark.png", ui::Scheme::Dark);
    return 0;
}
