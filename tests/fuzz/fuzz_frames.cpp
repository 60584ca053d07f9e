// SPDX-License-Identifier: Apache-2.0
// What a worker that has gone mad may send.
#include <sys/socket.h>

#include <array>

#include "server/generator/frames.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

std::array<int, 2> connected() {
    std::array<int, 2> ends{};
    fuzz::require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "there is a socket pair");
    return ends;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kWithinBuffer = 64 * 1024;  // so that writing never waits for the reader
    if (size > kWithinBuffer) {
        return 0;
    }
    const auto [mad, gateway] = connected();
    fuzz::require(write(mad, data, size) == static_cast<ssize_t>(size), "the bytes fit");
    close(mad);
    generator::FrameChannel channel(gateway);
    while (true) {
        const auto frame = channel.read();
        if (!frame || !*frame) {
            return 0;
        }
        const auto [left, right] = connected();
        generator::FrameChannel from(left);
        generator::FrameChannel to(right);
        fuzz::require(from.write(**frame).has_value(), "a frame that was read can be written");
        const auto again = to.read();
        fuzz::require(again.has_value() && again->has_value() && **again == **frame, "a frame survives");
    }
}
