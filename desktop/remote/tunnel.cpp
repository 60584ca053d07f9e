// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/tunnel.h"

namespace easel::remote {

Tunnel::~Tunnel() = default;

TunnelMaker::~TunnelMaker() = default;

}  // namespace easel::remote
