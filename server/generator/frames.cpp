// SPDX-License-Identifier: Apache-2.0
#include "server/generator/frames.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "server/generator/frame_coding.h"

namespace easel::generator {

namespace {

using protocol::Expected;

constexpr std::uint32_t kMagic = 0x4c534145;  // "EASL"

/// In front of every frame, in the machine's own byte order: both ends run on it. Then come the control
/// part (JSON) and the pixels.
struct Header {
    std::uint32_t magic = kMagic;
    std::uint32_t type = 0;
    std::uint32_t controlBytes = 0;
    std::uint32_t pixelBytes = 0;
};

protocol::Problem brokenBy(int error) {
    return broken(std::strerror(error));
}

/// How many of `bytes` arrived before the other end closed.
Expected<std::size_t> receive(int fd, void* into, std::size_t bytes) {
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t got = ::recv(fd, static_cast<char*>(into) + done, bytes - done, 0);
        if (got > 0) {
            done += static_cast<std::size_t>(got);
        } else if (got == 0 || errno == ECONNRESET) {
            break;
        } else if (errno != EINTR) {
            return tl::unexpected(brokenBy(errno));
        }
    }
    return done;
}

Expected<void> receiveAll(int fd, void* into, std::size_t bytes) {
    return receive(fd, into, bytes).and_then([&](std::size_t got) -> Expected<void> {
        if (got < bytes) {
            return tl::unexpected(broken("a message was cut short"));
        }
        return {};
    });
}

}  // namespace

FrameChannel::FrameChannel(int fd) : m_fd(fd) {
    ::fcntl(m_fd, F_SETFD, FD_CLOEXEC);
}

FrameChannel::~FrameChannel() {
    ::close(m_fd);
}

Expected<std::optional<Frame>> FrameChannel::read() {
    Header header;
    const auto got = receive(m_fd, &header, sizeof header);
    if (!got) {
        return tl::unexpected(got.error());
    }
    if (*got == 0) {
        return std::optional<Frame>();
    }
    if (*got < sizeof header) {
        return tl::unexpected(broken("a message was cut short"));
    }
    if (header.magic != kMagic || header.type >= std::variant_size_v<Frame> ||
        header.controlBytes > kMaxControlBytes || header.pixelBytes > mostPixels(header.type)) {
        return tl::unexpected(broken("a message was not understood"));
    }
    std::string text(header.controlBytes, '\0');
    std::vector<std::uint8_t> pixels(header.pixelBytes);
    if (auto all = receiveAll(m_fd, text.data(), text.size()); !all) {
        return tl::unexpected(all.error());
    }
    if (auto all = receiveAll(m_fd, pixels.data(), pixels.size()); !all) {
        return tl::unexpected(all.error());
    }
    return frameOf(header.type, text, std::move(pixels)).map([](Frame frame) {
        return std::optional<Frame>(std::move(frame));
    });
}

Expected<void> FrameChannel::write(const Frame& frame) {
    const std::string text = controlOf(frame);
    const auto pixels = pixelsOf(frame);
    if (text.size() > kMaxControlBytes || pixels.size() > mostPixels(frame.index())) {
        return tl::unexpected(broken("a message is too large to send"));
    }
    Header header{.type = static_cast<std::uint32_t>(frame.index()),
                  .controlBytes = static_cast<std::uint32_t>(text.size()),
                  .pixelBytes = static_cast<std::uint32_t>(pixels.size())};
    std::array<iovec, 3> parts = {{{&header, sizeof header},
                                   {const_cast<char*>(text.data()), text.size()},
                                   {const_cast<std::uint8_t*>(pixels.data()), pixels.size()}}};
    const std::scoped_lock lock(m_writing);
    std::span<iovec> left = parts;
    while (!left.empty()) {
        msghdr message{};
        message.msg_iov = left.data();
        message.msg_iovlen = left.size();
        const ssize_t sent = ::sendmsg(m_fd, &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return tl::unexpected(brokenBy(errno));
        }
        auto done = static_cast<std::size_t>(sent);
        while (!left.empty() && done >= left.front().iov_len) {
            done -= left.front().iov_len;
            left = left.subspan(1);
        }
        if (!left.empty()) {
            left.front().iov_base = static_cast<char*>(left.front().iov_base) + done;
            left.front().iov_len -= done;
        }
    }
    return {};
}

void FrameChannel::shutdown() {
    ::shutdown(m_fd, SHUT_RDWR);
}

}  // namespace easel::generator
