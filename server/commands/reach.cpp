// SPDX-License-Identifier: Apache-2.0
#include "server/commands/reach.h"

#include "server/http/options.h"

namespace easel::commands {

bool canBeReachedSafely(const Reach& reach) {
    return http::isLoopback(reach.address) || (reach.needsKey && reach.isEncrypted);
}

std::string howToBeSafe(const Reach& reach) {
    std::string text = "--bind " + reach.address + " can be reached by others, and ";
    text += reach.needsKey      ? "there is no encryption, so keys and pictures could be read on the way. "
            : reach.isEncrypted ? "there is no key yet. "
                                : "there is neither a key nor encryption. ";
    if (!reach.needsKey) {
        text += "Make a key with \"easel-server keys create NAME\". ";
    }
    if (!reach.isEncrypted) {
        text += "Say --tls for encryption, or keep 127.0.0.1 and use an SSH tunnel. ";
    }
    return text + "On a network where you trust everyone, say --allow-insecure.";
}

std::vector<std::string> dangersOf(const Reach& reach) {
    std::vector<std::string> dangers;
    if (canBeReachedSafely(reach)) {
        return dangers;
    }
    if (!reach.needsKey) {
        dangers.push_back("Everyone who reaches " + reach.address +
                          " can draw and see all pictures: no key is needed");
    }
    if (!reach.isEncrypted) {
        dangers.push_back("Everyone on the way to " + reach.address +
                          " can read keys, prompts and pictures: there is no encryption");
    }
    return dangers;
}

}  // namespace easel::commands
