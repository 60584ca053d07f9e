// SPDX-License-Identifier: Apache-2.0
// Draws the parts of the panel, open and folded, light and dark, with long names and with nothing in them,
// for looking at:
//
//   QT_QPA_PLATFORM=offscreen draw_panel FOLDER
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QImage>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>
#include <QSplitter>
#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <utility>

#include "desktop/gallery/input_folder.h"
#include "tests/desktop/ui/panel/families.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using protocol::AddonKind;
using tests::App;
using tests::FakeEasel;

namespace {

/// Hills under a sky.
QImage landscape(const QSize& size) {
    QImage image(size, QImage::Format_RGB32);
    QPainter painter(&image);
    QLinearGradient sky(0, 0, 0, size.height());
    sky.setColorAt(0, QColor(0x3b6ea5));
    sky.setColorAt(1, QColor(0xf2d7b0));
    painter.fillRect(image.rect(), sky);
    painter.setPen(Qt::NoPen);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(QColor(0x4f6b4a));
    painter.drawEllipse(QPoint(size.width() / 4, size.height()), size.width() / 2, size.height() / 3);
    painter.setBrush(QColor(0x35503a));
    painter.drawEllipse(QPoint(size.width() * 4 / 5, size.height()), size.width() / 2, size.height() / 2);
    return image;
}

QImage mask(const QSize& size) {
    QImage image(size, QImage::Format_Grayscale8);
    image.fill(Qt::black);
    QPainter painter(&image);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Qt::white);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawEllipse(QPoint(size.width() / 2, size.height() / 2), size.width() / 5, size.height() / 4);
    return image;
}

std::string keep(const App& app, const QImage& image) {
    std::string id;
    QObject context;
    app.studio.inputs().keepImage(image, &context, [&id](const auto& kept) { id = kept.value().id; });
    static_cast<void>(QTest::qWaitFor([&id] { return !id.empty(); }));
    return id;
}

class Shots {
public:
    Shots(QString folder, ui::Scheme scheme) : m_folder(std::move(folder)), m_scheme(scheme) {}

    /// The panel as high as all that is in it, with these parts open.
    void take(const QString& name, FakeEasel& server, const QStringList& open,
              const std::function<void(App& app, protocol::GenerationRequest& request)>& prepare) {
        const QTemporaryDir folder;
        App app(folder.path(), server.url());
        app.theme.setScheme(m_scheme);
        app.window.resize(1000, 680);
        static_cast<void>(QTest::qWaitFor([&] { return app.link.models().size() > 1; }));
        QTest::qWait(100);
        auto* panel = app.find<ui::PromptPanel>("promptPanel");
        protocol::GenerationRequest request;
        request.prompt = "a lighthouse above the clouds, evening light";
        prepare(app, request);
        panel->setRequest(request);
        panel->setOpenParts(open);
        QTest::qWait(400);
        const auto* scroll = panel->findChild<QScrollArea*>();
        const int more = scroll->verticalScrollBar()->maximum();
        app.window.resize(1000, 680 + more);
        QTest::qWait(200);
        const QString dark = m_scheme == ui::Scheme::Dark ? "-dark" : "-light";
        panel->grab().save(m_folder + '/' + name + dark + ".png");
        if (name == "additions") {  // as narrow as it gets, beside its scroll bar
            app.window.findChild<QSplitter*>()->setSizes({0, 1000});
            app.window.resize(1000, 680 + more - 100);
            QTest::qWait(200);
            panel->grab().save(m_folder + "/narrow" + dark + ".png");
        }
        if (name == "folded") {
            app.window.resize(1000, 680);
            QTest::qWait(100);
            app.window.grab().save(m_folder + "/window" + dark + ".png");
        }
    }

private:
    QString m_folder;
    ui::Scheme m_scheme;
};

void takeAll(Shots& shots) {
    FakeEasel server;
    server.info.samplers = {{"pndm", "PNDM (PLMS)", {"default"}, false},
                            {"euler", "Euler", {"default", "karras"}, false},
                            {"ddim", "DDIM", {"default", "trailing"}, true}};
    server.shelf.models = tests::families();
    server.shelf.models.push_back(tests::quickModel());
    const auto plain = [](App&, protocol::GenerationRequest& request) { request.model = "plain"; };
    shots.take("folded", server, {}, plain);
    shots.take("empty", server, {"start", "loras", "controls", "hires", "variation"}, plain);

    auto ink = tests::addon(AddonKind::Lora, "ink_and_wash_v2", "Stable Diffusion 1");
    ink.triggers = {"ink wash", "sumi-e"};
    ink.bytes = 38'000'000;
    server.addons = {
        ink, tests::addon(AddonKind::Lora, "a_lora_with_a_name_that_somebody_took_great_delight_in_v12"),
        tests::addon(AddonKind::ControlNet, "control_v11p_sd15_canny"),
        tests::addon(AddonKind::ControlNet, "control_v11f1p_sd15_depth_with_a_long_name"),
        tests::addon(AddonKind::Vae, "vae-ft-mse-840000-ema-pruned")};
    shots.take(
        "start", server, {"start", "mask", "extend"}, [](App& app, protocol::GenerationRequest& request) {
            app.find<ui::PromptPanel>("promptPanel")->setMaskPainting([](const QImage&, const QImage&) {
                return std::nullopt;
            });
            request.model = "plain";
            request.initImage = keep(app, landscape({960, 640}));
            request.mask = keep(app, mask({960, 640}));
            request.inpaintArea = "masked";
            request.strength = 0.6;
            request.extendRight = 256;
        });
    shots.take("missing", server, {"start"}, [](App&, protocol::GenerationRequest& request) {
        request.model = "plain";
        request.initImage = std::string(64, 'a');
    });
    shots.take("additions", server, {"model", "loras", "controls"},
               [](App& app, protocol::GenerationRequest& request) {
                   request.model = "plain";
                   request.vae = "vae-ft-mse-840000-ema-pruned";
                   request.sampler = "ddim";
                   request.loras = {{"ink_and_wash_v2", 0.8, {}},
                                    {"a_lora_with_a_name_that_somebody_took_great_delight_in_v12", 1, {}},
                                    {"gone", 0.5, {}}};
                   request.controls = {
                       {"control_v11p_sd15_canny", keep(app, landscape({512, 768})), 0.8, 0, 0.6},
                       {"control_v11f1p_sd15_depth_with_a_long_name", {}, 1, 0, 1}};
               });
    shots.take("passes", server, {"hires", "variation", "refiner", "words", "sizes"},
               [](App&, protocol::GenerationRequest& request) {
                   request.model = "xl";
                   request.hiresScale = 2;
                   request.variationStrength = 0.2;
                   request.refiner = "refiner";
                   request.clipSkip = 2;
               });
    shots.take("acceleration", server, {"acceleration"}, [](App&, protocol::GenerationRequest& request) {
        request.model = "plain";
        request.deepcacheInterval = 3;
        request.tokenMerging = 0.5;
        request.guidanceTo = 0.75;
    });
    shots.take("quick", server, {"acceleration"}, [](App&, protocol::GenerationRequest& request) {
        request.model = "quick";
        request.decoder = "tiny";
    });
    shots.take("editor", server, {"start"}, [](App& app, protocol::GenerationRequest& request) {
        request.model = "editor";
        request.initImage = keep(app, landscape({640, 640}));
    });
    shots.take("summaries", server, {}, [](App& app, protocol::GenerationRequest& request) {
        request.model = "xl";
        request.negativePrompt = "blurry, low quality";
        request.initImage = keep(app, landscape({960, 640}));
        request.strength = 0.6;
        request.loras = {{"ink_and_wash_v2", 0.8, {}},
                         {"a_lora_with_a_name_that_somebody_took_great_delight_in_v12", 1, {}}};
        request.hiresScale = 2;
        request.hiresUpscaler = "lanczos";
        request.refiner = "refiner";
        request.extendRight = 256;
    });
    shots.take("problem", server, {}, [](App& app, protocol::GenerationRequest& request) {
        request.model = "plain";
        QTimer::singleShot(300, app.find<ui::PromptPanel>("promptPanel"), [&app] {
            auto* panel = app.find<ui::PromptPanel>("promptPanel");
            panel->showProblem(protocol::invalidField(
                "hires_scale",
                "The larger picture is 4096x4096; no side may be longer than 2048. Ask for at "
                "most 2."));
            panel->showProblem(protocol::invalidField("init_image", "The picture is larger than 32 MiB."));
        });
    });
}

}  // namespace

int main(int argc, char* argv[]) {
    QApplication application(argc, argv);
    const QString folder = QApplication::arguments().value(1, QStringLiteral("panel"));
    QDir().mkpath(folder);
    for (const ui::Scheme scheme : {ui::Scheme::Light, ui::Scheme::Dark}) {
        Shots shots(folder, scheme);
        takeAll(shots);
    }
    return 0;
}
