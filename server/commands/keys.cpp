// SPDX-License-Identifier: Apache-2.0
#include "server/commands/keys.h"

#include <sys/stat.h>

#include <iostream>
#include <string>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "server/commands/command_line.h"
#include "server/commands/config_file.h"
#include "server/commands/data_folder.h"
#include "server/commands/messages.h"
#include "server/keys/key_store.h"
#include "shared/protocol/timestamp.h"

namespace easel::commands {

namespace {

int failWith(const protocol::Problem& problem) {
    return fail(problem.status < 500 ? kWrongArgument : kFailure, problem.detail);
}

std::string timeText(const std::optional<std::int64_t>& time) {
    constexpr std::size_t kToTheSecond = 19;
    if (!time) {
        return "never";
    }
    std::string text = protocol::formatTimestamp(*time).substr(0, kToTheSecond);
    text.replace(text.find('T'), 1, " ");
    return text;
}

int create(keys::KeyStore& store, const KeysOptions& options) {
    const auto made = store.create(options.name, options.scope, options.jobsPerMinute);
    if (!made) {
        return failWith(made.error());
    }
    if (options.json) {
        auto info = made->key.info();
        info.secret = made->secret;
        std::cout << toJson(info) << '\n';
    } else {
        std::cerr
            << fmt::format(
                   "This is the key \"{}\" with the scope {}. It is not kept and not shown again; who has "
                   "it may come in until \"easel-server keys revoke {}\".",
                   made->key.name, toString(made->key.scope), made->key.id)
            << '\n';
        std::cout << made->secret << '\n';
    }
    if (!std::cout.flush()) {
        (void)store.revoke(made->key.id);  // Nobody has seen it.
        return fail(kFailure, "The key could not be printed and was not kept.");
    }
    return kSuccess;
}

int list(const keys::KeyStore& store, const KeysOptions& options) {
    const std::vector<keys::Key> keys = options.all ? store.all() : store.living();
    if (options.json) {
        std::vector<protocol::KeyInfo> infos;
        infos.reserve(keys.size());
        for (const keys::Key& key : keys) {
            infos.push_back(key.info());
        }
        std::cout << toJson(infos) << '\n';
        return kSuccess;
    }
    if (keys.empty()) {
        std::cerr << "There are no keys. Make one with \"easel-server keys create NAME\".\n";
        return kSuccess;
    }
    std::cout << fmt::format("{:<18}  {:<8}  {:<8}  {:<19}  {:<19}  {}\n", "ID", "SCOPE", "JOBS/MIN",
                             "CREATED (UTC)", "LAST USED", "NAME");
    for (const keys::Key& key : keys) {
        std::cout << fmt::format("{:<18}  {:<8}  {:<8}  {:<19}  {:<19}  {}{}\n", printable(key.id),
                                 toString(key.scope),
                                 key.jobsPerMinute ? std::to_string(*key.jobsPerMinute) : "any",
                                 timeText(key.createdAt), timeText(key.lastUsedAt), printable(key.name),
                                 key.revokedAt ? " (revoked " + timeText(key.revokedAt) + ")" : "");
    }
    return kSuccess;
}

int revoke(keys::KeyStore& store, const KeysOptions& options) {
    const auto revoked = store.revoke(options.name);
    if (!revoked) {
        return failWith(revoked.error());
    }
    if (options.json) {
        std::cout << toJson(revoked->info()) << '\n';
    } else {
        std::cerr << fmt::format("The key \"{}\" ({}) is revoked.\n", printable(revoked->name), revoked->id);
    }
    return kSuccess;
}

}  // namespace

int keys(const KeysOptions& options) {
    ::umask(077);
    const auto folder = administeredData(options.data, options.config);
    if (!folder) {
        return fail(kWrongArgument, folder.error());
    }
    if (const auto prepared = DataFolder::prepare(*folder); !prepared) {
        return failWith(prepared.error());
    }
    const auto store = keys::KeyStore::open(DataFolder::keysIn(*folder));
    if (!store) {
        return failWith(store.error());
    }
    switch (options.action) {
        case KeysOptions::Action::Create:
            return create(**store, options);
        case KeysOptions::Action::Revoke:
            return revoke(**store, options);
        case KeysOptions::Action::List:
            break;
    }
    return list(**store, options);
}

}  // namespace easel::commands
