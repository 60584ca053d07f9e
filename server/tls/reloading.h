// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "server/tls/context.h"

namespace easel::tls {

/// The context of two files, anew when they have changed. For one thread at a time.
class Reloading {
public:
    /// Errors as Context::load.
    static tl::expected<Reloading, std::string> open(Files files);

    const std::shared_ptr<const Context>& current() const { return m_current; }

    /// Looks at the files, to be called now and then. Says what came of it when they have changed and have
    /// been the same for two looks, since one is replaced after the other: the certificate that is in use
    /// now, or why the old one stays.
    std::optional<tl::expected<Certificate, std::string>> look();

private:
    /// By which a file is known to have changed: device, number, size, and when in ns.
    using Stamp = std::array<std::array<std::int64_t, 4>, 2>;

    Reloading(Files files, const Stamp& stamp, std::shared_ptr<const Context> context);
    static Stamp stampOf(const Files& files);

    Files m_files;
    Stamp m_judged;  // loaded, or found unfit
    Stamp m_seen;
    std::shared_ptr<const Context> m_current;
};

}  // namespace easel::tls
