// SPDX-License-Identifier: Apache-2.0
#include "shared/process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

namespace easel::process {

namespace {

/// The pointers that exec wants; `texts` must outlive them.
std::vector<char*> pointersTo(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) {
        pointers.push_back(const_cast<char*>(text.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

/// What posix_spawn is told beside the program, and has to release.
class Plan {
public:
    explicit Plan(const Program& program) {
        posix_spawn_file_actions_init(&m_actions);
        posix_spawn_file_actions_addopen(&m_actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&m_actions, program.output, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&m_actions, program.output, STDERR_FILENO);
        int next = STDERR_FILENO + 1;
        if (program.socket) {
            posix_spawn_file_actions_adddup2(&m_actions, *program.socket, Program::kSocket);
            next = Program::kSocket + 1;
        }
        // Not every library opens its descriptors close-on-exec; a client's connection must not live on.
        posix_spawn_file_actions_addclosefrom_np(&m_actions, next);

        posix_spawnattr_init(&m_attributes);
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&m_attributes, &none);
        posix_spawnattr_setsigdefault(&m_attributes, &all);
        posix_spawnattr_setpgroup(&m_attributes, 0);
        posix_spawnattr_setflags(&m_attributes,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~Plan() {
        posix_spawn_file_actions_destroy(&m_actions);
        posix_spawnattr_destroy(&m_attributes);
    }
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    int run(const Program& program, pid_t& pid) const {
        return posix_spawn(&pid, program.arguments.front().c_str(), &m_actions, &m_attributes,
                           pointersTo(program.arguments).data(), pointersTo(program.environment).data());
    }

private:
    posix_spawn_file_actions_t m_actions;
    posix_spawnattr_t m_attributes;
};

}  // namespace

int spawn(const Program& program, pid_t& pid) {
    return Plan(program).run(program, pid);
}

std::vector<std::string> ownEnvironment() {
    std::vector<std::string> variables;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        variables.emplace_back(*variable);
    }
    return variables;
}

}  // namespace easel::process
