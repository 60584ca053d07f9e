// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/input_store.h"

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

#include "server/image/decode.h"
#include "shared/text/hex.h"

namespace easel::jobs {

namespace {

using protocol::Expected;
using protocol::InputInfo;

std::string sha256(std::span<const std::uint8_t> bytes) {
    std::array<std::uint8_t, 32> hash{};
    if (::EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, ::EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 cannot be computed.");
    }
    return text::toHex(hash);
}

protocol::Problem notThere(const std::string& id) {
    return protocol::notFound("input " + id);
}

}  // namespace

InputStore::InputStore(InputRecords& records, InputFolder folder, const DiskRoom& room,
                       const protocol::Limits& limits, const InputOptions& options,
                       std::function<std::int64_t()> uptime)
    : m_records(records),
      m_folder(std::move(folder)),
      m_room(room),
      m_limits(limits),
      m_options(options),
      m_uptime(std::move(uptime)) {}

void InputStore::takeUp() {
    const std::scoped_lock lock(m_changing);
    m_folder.removeStrangers([this](const std::string& id) { return m_records.isKept(id).value_or(true); });
}

Expected<InputStore::Added> InputStore::add(const std::string& owner, std::span<const std::uint8_t> file) {
    const std::string id = sha256(file);
    // Outside of the lock, for it takes longest.
    const auto info = describe(id, file);
    if (!info) {
        return tl::unexpected(info.error());
    }
    const std::scoped_lock lock(m_changing);
    const auto known = m_records.find(id, {owner});
    if (!known) {
        return tl::unexpected(known.error());
    }
    const bool isNew = !*known;
    if (isNew) {
        if (const auto admitted = admit(owner, *info); !admitted) {
            return tl::unexpected(admitted.error());
        }
    }
    if (!m_folder.holds(id, info->bytes)) {
        if (const auto written = m_folder.write(id, file); !written) {
            return tl::unexpected(written.error());
        }
    }
    const auto added = m_records.add(*info, owner, m_uptime());
    if (!added) {
        removeUnkept(id);
        return tl::unexpected(added.error());
    }
    return Added{*info, isNew};
}

Expected<InputInfo> InputStore::describe(const std::string& id, std::span<const std::uint8_t> file) const {
    const auto known = m_records.find(id, {.owner = {}, .seesAll = true});
    if (!known) {
        return tl::unexpected(known.error());
    }
    if (*known) {
        return **known;
    }
    return image::readHeader(file, m_limits).and_then([&](const image::Header& header) {
        return image::decode(file, m_limits).map([&](const image::Picture& picture) {
            return InputInfo{id, picture.image.width, picture.image.height,
                             static_cast<std::int64_t>(file.size()), image::contentType(header.format)};
        });
    });
}

Expected<void> InputStore::admit(const std::string& owner, const InputInfo& info) const {
    if (const auto lacking = m_room.problem()) {
        return tl::unexpected(*lacking);
    }
    return m_records.bytesOf(owner).and_then([&](std::int64_t taken) -> Expected<void> {
        if (info.bytes > m_options.maxOwnerBytes - taken) {
            return tl::unexpected(protocol::inputsFull(m_options.maxOwnerBytes));
        }
        if (m_folder.holds(info.id, info.bytes)) {
            return {};  // another's, who makes room for both
        }
        return m_records.bytes().and_then([&](std::int64_t all) -> Expected<void> {
            if (info.bytes > m_options.maxBytes - all) {
                return tl::unexpected(protocol::noSpace(
                    fmt::format("The pictures that clients have sent take the {} MiB that are kept for them. "
                                "Those that no "
                                "job uses go by themselves after a day; delete some, or jobs.",
                                m_options.maxBytes >> 20)));
            }
            return {};
        });
    });
}

Expected<InputStore::Stored> InputStore::find(const std::string& id, const InputView& view) const {
    return m_records.find(id, view).and_then([&](const auto& info) -> Expected<Stored> {
        if (!info) {
            return tl::unexpected(notThere(id));
        }
        return Stored{*info, m_folder.path(id)};
    });
}

Expected<void> InputStore::remove(const std::string& id, const InputView& view) {
    const std::scoped_lock lock(m_changing);
    const auto removed = m_room.withReserve([&] { return m_records.remove(id, view); });
    if (!removed) {
        return tl::unexpected(removed.error());
    }
    switch (*removed) {
        case InputRecords::Removal::NotThere:
            return tl::unexpected(notThere(id));
        case InputRecords::Removal::InUse:
            return tl::unexpected(
                protocol::conflict("A job uses this picture. Delete the job first; the picture then goes by "
                                   "itself after a day."));
        case InputRecords::Removal::Removed:
            break;
    }
    removeUnkept(id);
    return {};
}

Expected<void> InputStore::sweep() {
    const std::scoped_lock lock(m_changing);
    return m_records.expire(m_uptime(), m_options.maxUnusedMs).map([this](const auto& ids) {
        for (const std::string& id : ids) {
            removeUnkept(id);
        }
    });
}

void InputStore::removeUnkept(const std::string& id) const {
    if (!m_records.isKept(id).value_or(true)) {
        m_folder.remove(id);
    }
}

}  // namespace easel::jobs
