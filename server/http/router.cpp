// SPDX-License-Identifier: Apache-2.0
#include "server/http/router.h"

#include <algorithm>
#include <utility>

namespace easel::http {

namespace {

std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    for (std::size_t start = 1; start <= path.size();) {
        const std::size_t end = std::min(path.find('/', start), path.size());
        segments.emplace_back(path.substr(start, end - start));
        start = end + 1;
    }
    return segments;
}

bool isName(std::string_view segment) {
    return segment.starts_with('{') && segment.ends_with('}');
}

std::string joined(const std::vector<std::string>& segments) {
    std::string pattern;
    for (const std::string& segment : segments) {
        pattern += "/" + segment;
    }
    return pattern;
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
    return std::ranges::equal(pattern, path, [](const std::string& expected, const std::string& given) {
        return isName(expected) ? !given.empty() : expected == given;
    });
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler,
                 std::optional<std::size_t> maxBodyBytes) {
    auto segments = split(pattern);
    auto entry = std::ranges::find(m_entries, segments, &Entry::segments);
    if (entry == m_entries.end()) {
        // Sorted so that a literal comes before a name: '{' is greater than what paths are written with.
        const auto place = std::ranges::upper_bound(m_entries, segments, {}, &Entry::segments);
        entry = m_entries.insert(place, Entry{std::move(segments), {}});
    }
    entry->handlers[std::move(method)] = {std::move(handler), maxBodyBytes};
}

void Router::addSimple(std::string method, std::string_view pattern,
                       std::function<Response(const Request&)> handler) {
    add(std::move(method), pattern,
        [handler = std::move(handler)](const Request& request, const Responder& responder) {
            responder.send(handler(request));
        });
}

void Router::mount(std::string_view prefix, Mount mount) {
    if (prefix == "/") {
        m_root = std::move(mount);
        return;
    }
    const auto place = std::ranges::find_if(
        m_mounts, [&](const auto& other) { return other.first.size() <= prefix.size(); });
    m_mounts.emplace(place, prefix, std::move(mount));
}

const Mount& Router::mountOf(std::string_view path) const {
    const auto found = std::ranges::find_if(m_mounts, [&](const auto& each) {
        const std::string& prefix = each.first;
        return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
    });
    return found == m_mounts.end() ? m_root : found->second;
}

Response Router::error(std::string_view path, int status, std::string detail) const {
    const ErrorWriter& writer = mountOf(path).errorWriter;
    return writer ? writer(status, std::move(detail)) : textResponse(status, detail + "\n");
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
    if (!path.starts_with('/')) {
        return {};
    }
    const auto segments = split(path);
    const auto entry = std::ranges::find_if(
        m_entries, [&](const Entry& candidate) { return fits(candidate.segments, segments); });
    if (entry == m_entries.end()) {
        return {};
    }
    Match match;
    match.pattern = joined(entry->segments);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const std::string& name = entry->segments[i];
        if (isName(name)) {
            match.params.emplace(name.substr(1, name.size() - 2), segments[i]);
        }
    }
    auto found = entry->handlers.find(method);
    if (found == entry->handlers.end() && method == "HEAD") {
        found = entry->handlers.find("GET");
    }
    if (found != entry->handlers.end()) {
        match.handler = &found->second.handler;
        match.maxBodyBytes = found->second.maxBodyBytes;
    }
    for (const auto& [known, handler] : entry->handlers) {
        match.allow += known + ", ";
        if (known == "GET") {
            match.allow += "HEAD, ";
        }
    }
    match.allow += "OPTIONS";
    return match;
}

std::vector<Router::Route> Router::routes() const {
    std::vector<Route> routes;
    for (const Entry& entry : m_entries) {
        const std::string pattern = joined(entry.segments);
        for (const auto& [method, handler] : entry.handlers) {
            routes.push_back({method, pattern});
        }
    }
    return routes;
}

}  // namespace easel::http
