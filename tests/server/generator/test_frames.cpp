// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <QTest>

#include "server/generator/frames.h"
#include "server/generator/test_pattern.h"

using namespace easel;
using namespace easel::generator;

namespace {

std::array<int, 2> sockets() {
    std::array<int, 2> ends{};
    ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data());
    return ends;
}

/// A channel whose other end is a bare socket that has sent `bytes` and closed.
std::unique_ptr<FrameChannel> channelThatGets(const std::string& bytes) {
    const auto ends = sockets();
    [[maybe_unused]] const auto sent = ::send(ends[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ::close(ends[1]);
    return std::make_unique<FrameChannel>(ends[0]);
}

std::string header(std::uint32_t magic, std::uint32_t type, std::uint32_t control, std::uint32_t pixels) {
    const std::array<std::uint32_t, 4> fields = {magic, type, control, pixels};
    return {reinterpret_cast<const char*>(fields.data()), sizeof fields};
}

constexpr std::uint32_t kMagic = 0x4c534145;

}  // namespace

class TestFrames : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyFrameArrivesAsItWasSent() {
        protocol::GenerationSettings settings;
        settings.model = "starter";
        settings.prompt = "a \"fox\" \n in the snow, 狐 \U0001F98A";
        settings.negativePrompt = "blurry";
        settings.guidance = 7.3;
        settings.sampler = "pndm";
        settings.seed = 9007199254740991;
        settings.count = 3;
        protocol::Progress progress;
        progress.stage = protocol::Stage::Denoising;
        progress.step = 7;
        progress.steps = 75;
        const std::vector<Frame> frames = {
            Generate{"j_1",
                     settings,
                     {{settings.model, "/models/starter"},
                      {{Material::Kind::Lora, "pen", "/loras/pen.safetensors"},
                       {Material::Kind::Input, "1f", "/inputs/1f"}}}},
            Cancel{"j_1"},
            WorkerStatus{{true,
                          false,
                          "Ready",
                          "cuda:0",
                          "NVIDIA L4",
                          "bf16",
                          {"odd"},
                          8,
                          24'000'000'000,
                          2'000'000'000,
                          {{"starter", protocol::ModelState::Loaded, 2'000'000'000, ""},
                           {"hub/other", protocol::ModelState::Failed, 0, "It is damaged."}},
                          "The NVIDIA device has no driver.",
                          "GPU kernels of Easel's own: 13 of 13 in use."}},
            Load{"hub/other", "/models/other"},
            Unload{"hub/other"},
            WorkerStatus{{false, true, "No such model", "", "", ""}},
            ProgressMade{"j_1", progress},
            // Larger than any socket buffer: it goes in many pieces.
            Picture{"j_1", 2, 44, testPattern(1024, 768, 44)},
            Picture{"j_1", 3, 45, image::Image{1, 1, {1, 2, 3}, "In tiles."}},
            PreviewMade{"j_1", {2, 5, 25, testPattern(protocol::kMaxPreviewSide, 64, 44)}},
            Finished{"j_1", {}},
            Heartbeat{12, 30},
            Finished{"j_1", protocol::generationFailed("The picture is not finite.")},
            Inventory{"2.11.0",
                      "13.0",
                      "13.1",
                      "",
                      {{"cpu", "AMD EPYC", {"fp32"}, 0, 0, ""},
                       {"cuda:0",
                        "NVIDIA L4",
                        {"fp32", "fp16", "bf16"},
                        24'000'000'000,
                        23'000'000'000,
                        "",
                        "GPU kernels of Easel's own: 13 of 13 in use."},
                       {"cuda:1", "", {}, 0, 0, "It is too old."}}},
            Stage{"latents", {1, 2, 3}, {1.5F, -2, 3, 1e-30F, std::numeric_limits<float>::infinity(), 6}},
            Proof{1.25, 2.5, {0.1, 0.25}, 2'000'000'000},
        };
        const auto ends = sockets();
        FrameChannel from(ends[0]);
        FrameChannel to(ends[1]);
        std::thread writer([&] {
            for (const Frame& frame : frames) {
                QVERIFY(from.write(frame));
            }
            from.shutdown();
        });
        for (const Frame& frame : frames) {
            const auto read = to.read();
            if (!read || !*read || **read != frame) {
                to.shutdown();
                writer.join();
                QFAIL("A frame did not arrive as it was sent.");
            }
        }
        writer.join();
        const auto end = to.read();
        QVERIFY(end && !*end);
    }

    void textThatIsNotUtf8IsMended() {
        const auto ends = sockets();
        FrameChannel from(ends[0]);
        FrameChannel to(ends[1]);
        QVERIFY(from.write(WorkerStatus{{false, true, "caf\xe9", "", "", ""}}));
        const auto read = to.read();
        QVERIFY(read && *read);
        QCOMPARE(std::get<WorkerStatus>(**read).status.message, std::string("caf\xef\xbf\xbd"));
    }

    void garbageIsAnError_data() {
        QTest::addColumn<QByteArray>("bytes");
        const auto row = [](const char* name, const std::string& bytes) {
            QTest::newRow(name) << QByteArray::fromStdString(bytes);
        };
        const auto frame = [](std::uint32_t type, const std::string& json, const std::string& pixels = {}) {
            return header(kMagic, type, static_cast<std::uint32_t>(json.size()),
                          static_cast<std::uint32_t>(pixels.size())) +
                   json + pixels;
        };
        row("not a frame", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        row("half a header", "EASL");
        row("unknown type", frame(13, "{}"));
        row("huge control part", header(kMagic, 1, 0xffffffff, 0));
        row("huge picture", header(kMagic, 4, 2, 0xffffffff) + "{}");
        row("pixels where none belong", frame(1, R"({"id":"a"})", "xyz"));
        row("cut short", header(kMagic, 1, 100, 0) + R"({"id":"a"})");
        row("no JSON", frame(1, "nonsense"));
        row("no control part", frame(1, ""));
        row("not an object", frame(1, "[1, 2]"));
        row("no id", frame(1, "{}"));
        row("id of another type", frame(1, R"({"id":7})"));
        row("deep nesting", frame(1, std::string(50'000, '[')));
        row("settings that are none", frame(0, R"({"id":"a","settings":{"width":"wide"}})"));
        row("status without fields", frame(2, "{}"));
        const auto picture = [&](const std::string& width, const std::string& height) {
            return frame(4,
                         R"({"id":"a","index":0,"seed":1,"width":)" + width + R"(,"height":)" + height + "}",
                         "abcdef");
        };
        row("picture larger than its pixels", picture("2", "2"));
        row("picture of negative size", picture("-1", "-2"));
        row("picture whose size overflows", picture("4611686018427387904", "4"));
        row("picture of fractional size", picture("1e300", "1"));
        const auto preview = [&](int width, int height) {
            const std::string pixels(static_cast<std::size_t>(3) * width * height, 'x');
            return frame(12,
                         R"({"id":"a","index":0,"step":1,"steps":2,"width":)" + std::to_string(width) +
                             R"(,"height":)" + std::to_string(height) + "}",
                         pixels);
        };
        constexpr int kMaxSide = protocol::kMaxPreviewSide;
        QVERIFY(channelThatGets(preview(kMaxSide, 1))->read());
        row("huge preview", header(kMagic, 12, 2, 3 * kMaxSide * kMaxSide + 1) + "{}");
        row("preview that is too wide", preview(kMaxSide + 1, 1));
        row("preview without pixels", preview(0, 1));
        row("preview larger than its pixels",
            frame(12, R"({"id":"a","index":0,"step":1,"steps":2,"width":2,"height":2})", "abcdef"));
        row("preview of no step", frame(12, R"({"id":"a","index":0,"steps":2,"width":1,"height":1})", "abc"));
        row("preview of a step that is no int",
            frame(12, R"({"id":"a","index":0,"step":4294967297,"steps":2,"width":1,"height":1})", "abc"));
        const auto stage = [&](const std::string& shape) {
            return frame(10, R"({"name":"text","shape":)" + shape + "}", "abcdefgh");
        };
        row("stage larger than its numbers", stage("[3]"));
        row("stage smaller than its numbers", stage("[1]"));
        row("stage without an extent", stage("[2,0]"));
        row("stage of negative extents", stage("[-1,-2]"));
        row("stage whose size overflows", stage("[4611686018427387904,4611686018427387904,2]"));
        row("stage whose bytes overflow", stage("[4611686018427387906]"));
        row("stage of too many dimensions", stage("[1,1,1,1,1,1,1,1,2]"));
        row("stage of fractional extents", stage("[0.5,4]"));
        row("inventory without devices",
            frame(9, R"({"libtorch":"","cuda":"","driver_cuda":"","problem":""})"));
        row("proof whose times are none",
            frame(11, R"({"load_seconds":1,"picture_seconds":1,"step_seconds":["a"],"memory":1})"));
    }

    void garbageIsAnError() {
        QFETCH(QByteArray, bytes);
        QVERIFY(!channelThatGets(bytes.toStdString())->read());
    }

    void aPeerThatClosedBetweenFramesIsTheEnd() {
        const auto read = channelThatGets("")->read();
        QVERIFY(read);
        QVERIFY(!*read);
    }

    void writingToADeadPeerIsAnError() {
        const auto ends = sockets();
        ::close(ends[1]);
        FrameChannel channel(ends[0]);
        QVERIFY(!channel.write(Cancel{"a"}));
    }

    void shutdownEndsAReadUnderWay() {
        const auto ends = sockets();
        FrameChannel near(ends[0]);
        FrameChannel far(ends[1]);
        std::thread reader([&] { static_cast<void>(near.read()); });
        near.shutdown();
        reader.join();
    }
};

QTEST_APPLESS_MAIN(TestFrames)
#include "test_frames.moc"
