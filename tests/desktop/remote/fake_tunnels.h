// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPointer>

#include <algorithm>
#include <optional>
#include <vector>

#include "desktop/remote/tunnel.h"

namespace easel::tests {

/// A tunnel that opens when a test says so.
class FakeTunnel : public remote::Tunnel {
public:
    explicit FakeTunnel(protocol::GcpPlace to) : place(std::move(to)) {}

    void reopen() override { ++reopened; }

    protocol::GcpPlace place;
    int reopened = 0;
};

/// Keeps those that are open at hand.
class FakeTunnels : public remote::TunnelMaker {
public:
    std::unique_ptr<remote::Tunnel> tunnelTo(const protocol::GcpPlace& place) override {
        auto tunnel = std::make_unique<FakeTunnel>(place);
        made.emplace_back(tunnel.get());
        return tunnel;
    }
    FakeTunnel* last() const { return made.empty() ? nullptr : made.back(); }
    int open() const {
        return static_cast<int>(
            std::count_if(made.begin(), made.end(), [](const auto& each) { return each; }));
    }

    std::vector<QPointer<FakeTunnel>> made;
};

}  // namespace easel::tests
