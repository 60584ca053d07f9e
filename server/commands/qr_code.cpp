// SPDX-License-Identifier: Apache-2.0
#include "server/commands/qr_code.h"

#include <qrencode.h>

#include <memory>
#include <string_view>

namespace easel::commands {

namespace {

constexpr int kQuiet = 4;  // modules of white around it, as ISO/IEC 18004 has it
constexpr std::string_view kBlackOnWhite = "\x1b[38;5;16;48;5;231m";
constexpr std::string_view kAsBefore = "\x1b[0m\n";

}  // namespace

std::string qrCode(const std::string& text) {
    const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
        ::QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L), &::QRcode_free);
    if (!code) {
        return {};
    }
    const int width = code->width;
    const auto isBlack = [&](int x, int y) {
        return x >= 0 && y >= 0 && x < width && y < width && (code->data[y * width + x] & 1) != 0;
    };
    std::string lines;
    for (int y = -kQuiet; y < width + kQuiet; y += 2) {
        lines += kBlackOnWhite;
        for (int x = -kQuiet; x < width + kQuiet; ++x) {
            const bool upper = isBlack(x, y);
            const bool lower = isBlack(x, y + 1);
            lines += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
        }
        lines += kAsBefore;
    }
    return lines;
}

}  // namespace easel::commands
