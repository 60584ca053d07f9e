// SPDX-License-Identifier: Apache-2.0
#include "server/tls/reloading.h"

#include <sys/stat.h>

#include <utility>

namespace easel::tls {

tl::expected<Reloading, std::string> Reloading::open(Files files) {
    const Stamp stamp = stampOf(files);  // first: what changes from now on is looked at again
    auto context = Context::load(files);
    if (!context) {
        return tl::unexpected(context.error());
    }
    return Reloading(std::move(files), stamp, std::move(*context));
}

Reloading::Reloading(Files files, const Stamp& stamp, std::shared_ptr<const Context> context)
    : m_files(std::move(files)), m_judged(stamp), m_seen(stamp), m_current(std::move(context)) {}

std::optional<tl::expected<Certificate, std::string>> Reloading::look() {
    const Stamp stamp = stampOf(m_files);
    const bool isSettled = std::exchange(m_seen, stamp) == stamp;
    if (!isSettled || stamp == m_judged) {
        return {};
    }
    m_judged = stamp;
    auto context = Context::load(m_files);
    if (!context) {
        return tl::unexpected(context.error() + " Until then the certificate from before stays in use.");
    }
    m_current = std::move(*context);
    return m_current->certificate();
}

Reloading::Stamp Reloading::stampOf(const Files& files) {
    const auto of = [](const std::filesystem::path& file) -> std::array<std::int64_t, 4> {
        struct stat status {};
        if (::stat(file.c_str(), &status) != 0) {
            return {};
        }
        constexpr std::int64_t kNanoseconds = 1'000'000'000;
        return {static_cast<std::int64_t>(status.st_dev), static_cast<std::int64_t>(status.st_ino),
                static_cast<std::int64_t>(status.st_size),
                status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
    };
    return {of(files.certificate), of(files.key)};
}

}  // namespace easel::tls
