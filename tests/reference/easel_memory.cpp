// SPDX-License-Identifier: Apache-2.0
// What of the machine's memory a model takes: easel_memory MODEL [SIDE] loads it on the CPU and, where SIDE
// is given, decodes a picture of as many pixels along each side. It prints the weights, and for both the most
// that was in memory at a time and the most of that which is no file's, as JSON, in MiB.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "tests/reference/waiting.h"

using namespace easel;

namespace {

constexpr std::int64_t kPlenty = std::int64_t{64} << 30;

double megabytes(std::int64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
}

/// A line of /proc/self/status in MiB.
double statusLine(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(name + ':')) {
            return std::stod(line.substr(name.size() + 1)) / 1024;
        }
    }
    return 0;
}

/// The most memory between its making and now. The kernel keeps the peak of all pages; that of those which
/// are no file's is looked for a thousand times a second.
class Peak {
public:
    Peak() {
        std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
        m_watcher = std::thread([this] {
            while (!m_isOver) {
                m_anonymous = std::max(m_anonymous, statusLine("RssAnon"));
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        });
    }
    std::string told(const char* what) {
        m_isOver = true;
        m_watcher.join();
        char text[128];
        std::snprintf(text, sizeof text, R"("%s_mb": %.0f, "%s_anonymous_mb": %.0f)", what,
                      statusLine("VmHWM"), what, m_anonymous);
        return text;
    }

private:
    std::atomic<bool> m_isOver = false;
    double m_anonymous = 0;
    std::thread m_watcher;
};

void measure(const std::string& model, std::int64_t side) {
    diffusion::ModelLoader loader(diffusion::openDevice("cpu"), kPlenty, [] {});
    std::printf(R"({"before_mb": %.0f, )", statusLine("VmRSS"));
    Peak loading;
    const auto pipeline = reference::waitedFor(loader, {model, model}).model;
    std::printf(R"("weights_mb": %.0f, %s)", megabytes(kPlenty - loader.memoryLeft()),
                loading.told("load").c_str());
    if (side > 0) {
        const std::int64_t latents = side / pipeline->pixelsOfALatent();
        Peak decoding;
        const auto made = pipeline->decodeWithin(at::randn({1, 4, latents, latents}), loader.memoryLeft());
        std::printf(R"(, %s, "note": "%s")", decoding.told("decode").c_str(), made.note.c_str());
    }
    std::puts("}");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::fputs("usage: easel_memory MODEL [SIDE]\n", stderr);
        return 2;
    }
    const c10::InferenceMode inference;
    try {
        measure(argv[1], argc == 3 ? std::atoll(argv[2]) : 0);
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "easel_memory: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
