// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace easel::commands {

/// `text` as a QR code for a terminal of whatever colours, two modules high to a line, with its quiet zone;
/// empty when it is too long for one (about 2,900 bytes).
std::string qrCode(const std::string& text);

}  // namespace easel::commands
