// SPDX-License-Identifier: Apache-2.0
#include "server/hub/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <string_view>

namespace easel::hub {

namespace {

/// What libcurl's callbacks work on.
struct Running {
    const Ask& ask;
    const std::stop_token& stop;
    Answer answer;
};

std::string_view trimmed(std::string_view text) {
    constexpr const char* kBlanks = " \t\r\n";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

std::optional<long> number(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end != text.data() ? std::optional(value) : std::nullopt;
}

std::size_t onHead(const char* line, std::size_t, std::size_t size, void* running) {
    Answer& answer = static_cast<Running*>(running)->answer;
    const std::string_view text(line, size);
    if (text.starts_with("HTTP/")) {  // a new head; what came before was an interim one
        answer.fields.clear();
        answer.status = static_cast<int>(number(trimmed(text.substr(text.find(' ') + 1))).value_or(0));
    } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
        std::string name(text.substr(0, colon));
        std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
        answer.fields[name] = trimmed(text.substr(colon + 1));
    }
    return size;
}

std::size_t onBody(const char* bytes, std::size_t, std::size_t size, void* running) {
    auto& [ask, stop, answer] = *static_cast<Running*>(running);
    if (ask.onBytes && !ask.onBytes(answer, {bytes, size})) {
        answer.wasRefused = true;
        return CURL_WRITEFUNC_ERROR;
    }
    return size;
}

int onProgress(void* running, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Running*>(running)->stop.stop_requested() ? 1 : 0;
}

void initialize() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (done != CURLE_OK) {
        throw std::runtime_error("libcurl could not be started.");
    }
}

}  // namespace

const std::string& Answer::field(const std::string& name) const {
    static const std::string kNone;
    const auto found = fields.find(name);
    return found == fields.end() ? kNone : found->second;
}

std::optional<std::chrono::seconds> Answer::pause() const {
    if (const auto seconds = number(field("retry-after")); seconds && *seconds >= 0) {
        return std::chrono::seconds(*seconds);
    }
    const std::string& limit = field("ratelimit");  // "resolvers";r=0;t=55
    if (const std::size_t at = limit.find(";t="); at != std::string::npos) {
        if (const auto seconds = number(std::string_view(limit).substr(at + 3)); seconds && *seconds >= 0) {
            return std::chrono::seconds(*seconds + 1);
        }
    }
    return std::nullopt;
}

struct Transfer::Curl {
    CURL* easy = nullptr;
    curl_slist* fields = nullptr;
    std::array<char, CURL_ERROR_SIZE> error{};

    Curl() {
        initialize();
        easy = curl_easy_init();
        if (easy == nullptr) {
            throw std::runtime_error("libcurl could not be started.");
        }
    }
    ~Curl() {
        curl_slist_free_all(fields);
        curl_easy_cleanup(easy);
    }
    Curl(const Curl&) = delete;
    Curl& operator=(const Curl&) = delete;

    template <typename Value>
    void set(CURLoption option, Value value) const {
        curl_easy_setopt(easy, option, value);
    }

    void add(const std::string& field) { fields = curl_slist_append(fields, field.c_str()); }

    /// The fields must outlive the transfer.
    void prepare(const Settings& settings, const Ask& ask) {
        curl_easy_reset(easy);  // its connections stay
        curl_slist_free_all(std::exchange(fields, nullptr));
        for (const std::string& field : ask.fields) {
            add(field);
        }
        add("Accept-Encoding: identity");
        error.fill(0);
        set(CURLOPT_URL, ask.url.c_str());
        set(CURLOPT_HTTPHEADER, fields);
        set(CURLOPT_HEADEROPT, long{CURLHEADER_SEPARATE});  // a proxy gets none of them
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        set(CURLOPT_USERAGENT, "easel/" EASEL_VERSION);
        set(CURLOPT_NOBODY, ask.headOnly ? 1L : 0L);
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
        set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_BUFFERSIZE, 256L * 1024);
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connectTimeout.count()));
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(ask.timeout.count()));
        set(CURLOPT_LOW_SPEED_LIMIT, 1024L);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings.slowFor.count()));
        set(CURLOPT_ERRORBUFFER, error.data());
        if (!settings.certificates.empty()) {
            set(CURLOPT_CAINFO, settings.certificates.c_str());
        }
    }

    void listen(Running& running) const {
        set(CURLOPT_HEADERFUNCTION, onHead);
        set(CURLOPT_HEADERDATA, &running);
        set(CURLOPT_WRITEFUNCTION, onBody);
        set(CURLOPT_WRITEDATA, &running);
        set(CURLOPT_XFERINFOFUNCTION, onProgress);
        set(CURLOPT_XFERINFODATA, &running);
        set(CURLOPT_NOPROGRESS, 0L);
    }
};

Transfer::Transfer(const Settings& settings) : m_settings(settings), m_curl(std::make_unique<Curl>()) {}
Transfer::~Transfer() = default;

Answer Transfer::run(const Ask& ask, const std::stop_token& stop) {
    Running running{ask, stop, {}};
    m_curl->prepare(m_settings, ask);
    m_curl->listen(running);
    const CURLcode code = curl_easy_perform(m_curl->easy);
    Answer& answer = running.answer;
    if (code != CURLE_OK && !answer.wasRefused) {
        answer.failure = m_curl->error[0] != 0 ? m_curl->error.data() : curl_easy_strerror(code);
        answer.isUntrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    }
    return std::move(answer);
}

}  // namespace easel::hub
