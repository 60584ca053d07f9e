// SPDX-License-Identifier: Apache-2.0
#include "server/hub/hashing.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <system_error>
#include <vector>

#include "shared/text/hex.h"

namespace easel::hub {

namespace {

constexpr std::size_t kSha256Digits = 64;

class Hash {
public:
    Hash(std::string_view name, std::int64_t size) : m_context(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        const bool isGits = name.size() != kSha256Digits;
        EVP_DigestInit_ex(m_context.get(), isGits ? EVP_sha1() : EVP_sha256(), nullptr);
        if (isGits) {
            const std::string head = "blob " + std::to_string(size);
            add(head.data(), head.size() + 1);  // with its zero
        }
    }

    void add(const char* bytes, std::size_t size) { EVP_DigestUpdate(m_context.get(), bytes, size); }

    std::string hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        EVP_DigestFinal_ex(m_context.get(), digest.data(), &size);
        return text::toHex({digest.data(), size});
    }

private:
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> m_context;
};

protocol::Problem unreadable(const std::filesystem::path& file, int error) {
    return protocol::internalError(file.string() +
                                   " cannot be read: " + std::generic_category().message(error) + ".");
}

}  // namespace

std::string sha256(std::string_view bytes) {
    return hashAs(std::string(kSha256Digits, '0'), bytes);
}

std::string hashAs(std::string_view name, std::string_view bytes) {
    Hash hash(name, static_cast<std::int64_t>(bytes.size()));
    hash.add(bytes.data(), bytes.size());
    return hash.hex();
}

protocol::Expected<std::string> hashFileAs(std::string_view name, const std::filesystem::path& file,
                                           const std::stop_token& stop,
                                           const std::function<void(std::int64_t)>& onBytes) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return tl::unexpected(unreadable(file, errno));
    }
    const std::unique_ptr<const int, void (*)(const int*)> closing(&fd,
                                                                   [](const int* open) { ::close(*open); });
    struct stat status {};
    if (::fstat(fd, &status) != 0) {
        return tl::unexpected(unreadable(file, errno));
    }
    constexpr std::size_t kBytesAtOnce = std::size_t{1} << 20;
    Hash hash(name, status.st_size);
    std::vector<char> bytes(kBytesAtOnce);
    while (!stop.stop_requested()) {
        const ssize_t read = ::read(fd, bytes.data(), bytes.size());
        if (read == 0) {
            return hash.hex();
        }
        if (read > 0) {
            hash.add(bytes.data(), static_cast<std::size_t>(read));
            if (onBytes) {
                onBytes(read);
            }
        } else if (errno != EINTR) {
            return tl::unexpected(unreadable(file, errno));
        }
    }
    return std::string();
}

}  // namespace easel::hub
