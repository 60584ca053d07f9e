// SPDX-License-Identifier: Apache-2.0
#include "server/keys/key_store.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "shared/text/printable.h"
#include "shared/text/secrets.h"
#include "shared/text/utf8.h"

namespace easel::keys {

namespace {

using protocol::Expected;
using std::chrono::steady_clock;

constexpr std::size_t kMaxName = 64;
/// A file that is younger may be changed again without its times showing it.
constexpr std::chrono::nanoseconds kClockGrain = std::chrono::seconds(2);

std::size_t charactersIn(std::string_view text) {
    std::size_t count = 0;
    for (; !text.empty(); ++count) {
        text.remove_prefix(text::firstOf(text).bytes);
    }
    return count;
}

auto livingNamed(std::vector<Key>& keys, const std::string& name) {
    return std::ranges::find_if(keys, [&](const Key& key) { return key.isLiving() && key.name == name; });
}

std::vector<std::string> livingIds(const std::vector<Key>& keys) {
    std::vector<std::string> ids;
    for (const Key& key : keys) {
        if (key.isLiving()) {
            ids.push_back(key.id);
        }
    }
    return ids;
}

/// Puts into `keys` when they were used, as far as `others` know better.
void takeUse(std::vector<Key>& keys, const std::vector<Key>& others) {
    std::unordered_map<std::string_view, std::int64_t> used;
    for (const Key& other : others) {
        if (other.lastUsedAt) {
            used.emplace(other.id, *other.lastUsedAt);
        }
    }
    for (Key& key : keys) {
        if (const auto known = used.find(key.id); known != used.end()) {
            key.lastUsedAt = std::max(key.lastUsedAt.value_or(0), known->second);
        }
    }
}

}  // namespace

std::optional<protocol::Problem> KeyStore::wrongName(const std::string& name) {
    const std::size_t characters = charactersIn(name);
    if (characters < 1 || characters > kMaxName || !text::isPrintable(name) || name.starts_with(' ') ||
        name.ends_with(' ')) {
        return protocol::invalidField("name",
                                      "The name of a key must have 1 to " + std::to_string(kMaxName) +
                                          " printable characters, without spaces before or behind it.");
    }
    if (text::holdsSecret(name)) {
        return protocol::invalidField("name", "The name of a key must not be a key.");
    }
    return {};
}

Expected<std::unique_ptr<KeyStore>> KeyStore::open(std::filesystem::path file, KeyStoreOptions options) {
    std::unique_ptr<KeyStore> store(new KeyStore(std::move(file), std::move(options)));
    const auto mark = markOf(store->m_file);
    auto keys = readKeys(store->m_file);
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    if (*keys) {
        store->m_keys = std::move(**keys);
        store->m_mark = mark;
    }
    return store;
}

KeyStore::KeyStore(std::filesystem::path file, KeyStoreOptions options)
    : m_file(std::move(file)), m_options(std::move(options)) {}

KeyStore::~KeyStore() {
    m_watcher = {};
    keepUse();
}

/// The keys in the file, as they are now.
Expected<std::vector<Key>> KeyStore::present() const {
    auto keys = readKeys(m_file);
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    const std::scoped_lock lock(m_mutex);
    if (!*keys && !m_keys.empty()) {
        return tl::unexpected(protocol::internalError(
            "The file " + m_file.string() +
            ", which says who may come in, is gone. Put it back, or restart the server."));
    }
    auto present = std::move(*keys).value_or(std::vector<Key>());
    takeUse(present, m_keys);
    return present;
}

/// Lets `change` have the keys of the file, which is written if it succeeds.
template <typename Change>
auto KeyStore::change(Change change) -> decltype(change(std::declval<std::vector<Key>&>())) {
    const std::scoped_lock changing(m_changing);
    const auto lock = FileLock::take(m_file);
    if (!lock) {
        return tl::unexpected(lock.error());
    }
    auto keys = present();
    if (!keys) {
        return tl::unexpected(keys.error());
    }
    auto result = change(*keys);
    if (!result) {
        return result;
    }
    if (const auto written = writeKeys(m_file, *keys); !written) {
        return tl::unexpected(written.error());
    }
    adopt(std::move(*keys), markOf(m_file));
    return result;
}

Expected<KeyStore::Made> KeyStore::create(const std::string& name, protocol::KeyScope scope,
                                          std::optional<int> jobsPerMinute) {
    if (auto problem = wrongName(name)) {
        return tl::unexpected(std::move(*problem));
    }
    return change([&](std::vector<Key>& keys) -> Expected<Made> {
        if (livingNamed(keys, name) != keys.end()) {
            return tl::unexpected(
                protocol::invalidField("name", "There is a key of the name \"" + name +
                                                   "\" already; choose another, or revoke that one first."));
        }
        while (keys.size() >= m_options.maxKeys) {
            const auto oldest = std::ranges::min_element(
                keys, {}, [](const Key& key) { return key.revokedAt.value_or(INT64_MAX); });
            if (oldest == keys.end() || oldest->isLiving()) {
                return tl::unexpected(
                    protocol::conflict("There are " + std::to_string(keys.size()) +
                                       " keys, which is the most; revoke one that nobody uses."));
            }
            keys.erase(oldest);
        }
        Made made{{newKeyId(), name, scope, jobsPerMinute, {}, m_options.now(), {}, {}}, newSecret()};
        made.key.hash = hashOf(made.secret);
        keys.push_back(made.key);
        return made;
    });
}

Expected<Key> KeyStore::revoke(const std::string& idOrName) {
    return change([&](std::vector<Key>& keys) -> Expected<Key> {
        auto found =
            std::ranges::find_if(keys, [&](const Key& key) { return key.isLiving() && key.id == idOrName; });
        if (found == keys.end()) {
            found = livingNamed(keys, idOrName);
        }
        if (found == keys.end()) {
            return tl::unexpected(protocol::notFound("key " + text::withoutSecrets(idOrName)));
        }
        found->revokedAt = m_options.now();
        return *found;
    });
}

std::vector<Key> KeyStore::living() const {
    std::vector<Key> keys = all();
    std::erase_if(keys, [](const Key& key) { return !key.isLiving(); });
    return keys;
}

std::vector<Key> KeyStore::all() const {
    const std::scoped_lock lock(m_mutex);
    return m_keys;
}

bool KeyStore::hasLiving() const {
    const std::scoped_lock lock(m_mutex);
    return std::ranges::any_of(m_keys, &Key::isLiving);
}

std::optional<Key> KeyStore::findLiving(const std::string& id) const {
    const std::scoped_lock lock(m_mutex);
    const auto found = std::ranges::find(m_keys, id, &Key::id);
    return found != m_keys.end() && found->isLiving() ? std::optional(*found) : std::nullopt;
}

std::optional<Key> KeyStore::recognise(std::string_view secret) {
    if (!text::hasSecretsShape(secret)) {
        return {};
    }
    const Hash hash = hashOf(secret);
    const std::int64_t now = m_options.now();
    const std::scoped_lock lock(m_mutex);
    Key* found = nullptr;
    for (Key& key : m_keys) {  // all of them, whichever it is
        if (areSame(key.hash, hash) && key.isLiving()) {
            found = &key;
        }
    }
    if (found == nullptr) {
        return {};
    }
    found->lastUsedAt = std::max(now, found->lastUsedAt.value_or(0));
    m_isUseUnkept = true;
    return *found;
}

void KeyStore::noteUse(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const auto found = std::ranges::find(m_keys, id, &Key::id);
    if (found != m_keys.end()) {
        found->lastUsedAt = std::max(m_options.now(), found->lastUsedAt.value_or(0));
        m_isUseUnkept = true;
    }
}

/// Takes over what was read from, or written to, the file of that mark.
void KeyStore::adopt(std::vector<Key> keys, std::optional<FileMark> mark) {
    bool isOther = false;
    {
        const std::scoped_lock lock(m_mutex);
        takeUse(keys, m_keys);
        isOther = livingIds(keys) != livingIds(m_keys);
        m_keys = std::move(keys);
        m_mark = mark;
        m_told.clear();
    }
    if (isOther && m_changed) {
        m_changed();
    }
}

void KeyStore::watch(std::function<void()> changed) {
    m_changed = std::move(changed);
    m_watcher = std::jthread([this](const std::stop_token& stop) { keepWatching(stop); });
}

void KeyStore::keepWatching(const std::stop_token& stop) {
    auto kept = steady_clock::now();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        m_wake.wait_for(lock, stop, m_options.lookEvery, [] { return false; });
        if (stop.stop_requested()) {
            return;
        }
        look();
        if (steady_clock::now() - kept >= m_options.keepUseEvery) {
            keepUse();
            kept = steady_clock::now();
        }
    }
}

/// Takes over what another process has changed.
void KeyStore::look() {
    const std::scoped_lock changing(m_changing);
    const auto mark = markOf(m_file);
    {
        const std::scoped_lock lock(m_mutex);
        const bool isYoung = mark && std::chrono::nanoseconds(mark->modified) + kClockGrain >
                                         std::chrono::system_clock::now().time_since_epoch();
        if (mark == m_mark && !isYoung) {
            return;
        }
    }
    auto keys = present();
    if (!keys) {
        // Whom it knows it goes on to know.
        return tellOnce(keys.error().detail);
    }
    adopt(std::move(*keys), mark);
}

void KeyStore::keepUse() {
    {
        const std::scoped_lock lock(m_mutex);
        if (!std::exchange(m_isUseUnkept, false)) {
            return;
        }
    }
    const auto kept = change([](std::vector<Key>&) -> Expected<int> { return 0; });
    if (!kept) {
        tellOnce(kept.error().detail);
    }
}

void KeyStore::tellOnce(const std::string& trouble) {
    {
        const std::scoped_lock lock(m_mutex);
        if (m_told == trouble) {
            return;
        }
        m_told = trouble;
    }
    if (m_options.log) {
        m_options.log(trouble);
    }
}

}  // namespace easel::keys
