// SPDX-License-Identifier: Apache-2.0
#include "server/hub/problems.h"

#include <algorithm>

namespace easel::hub {

namespace {

using protocol::Problem;

constexpr const char* kHowToGiveAToken =
    "give a token of that account (https://huggingface.co/settings/tokens) with --token-file FILE, in "
    "HF_TOKEN or by "
    "signing in with \"hf auth login\"";

Problem gated(const Subject& subject, int status) {
    const std::string page = "https://huggingface.co/" + subject.model;
    std::string detail = "The files of " + subject.model + " are for those who have accepted its licence. ";
    if (status == 403) {
        detail += "The token is good, but its account is not among them: open " + page +
                  " with that account and accept the licence; if you have, its owner must still agree.";
    } else if (subject.hasToken) {
        detail +=
            "Open " + page +
            " and accept it with the token's account. If you have, the token is wrong or may not read gated "
            "models: " +
            kHowToGiveAToken + ".";
    } else {
        detail += "Open " + page + ", sign in and accept it; then " + kHowToGiveAToken + ".";
    }
    return {
        403, "licence_not_accepted", "The model's licence is to be accepted first", std::move(detail), {}};
}

Problem missing(const Subject& subject) {
    std::string detail = "The hub " + subject.host + " shows no model " + subject.model + ": ";
    if (subject.model == "runwayml/stable-diffusion-v1-5") {
        detail += "it was taken down. stable-diffusion-v1-5/stable-diffusion-v1-5 is the same model.";
    } else if (subject.hasToken) {
        detail +=
            "there is none of this name, or it is private and the token is not of an account that may see "
            "it.";
    } else {
        detail +=
            std::string(
                "there is none of this name, or it is private. Look at how it is spelled; for a private "
                "one ") +
            kHowToGiveAToken + ".";
    }
    return {404, "not_on_hub", "The hub does not have it", std::move(detail), {}};
}

Problem notFound(std::string detail) {
    return {404, "not_on_hub", "The hub does not have it", std::move(detail), {}};
}

Problem refused(std::string detail) {
    return {403, "refused_by_hub", "The hub refuses it", std::move(detail), {}};
}

Problem unreachable(std::string detail) {
    return {503, "hub_unavailable", "The hub cannot be reached just now", std::move(detail), {}};
}

/// What the hub itself says, as the end of a sentence; it is a stranger's.
std::string quoted(const std::string& message) {
    constexpr std::size_t kShown = 200;
    std::string shown = message.substr(0, kShown);
    std::ranges::replace_if(
        shown, [](unsigned char c) { return c < 0x20 || c > 0x7E; }, '?');
    return shown.empty() ? "." : ": " + shown + (message.size() > kShown ? "…" : "");
}

Problem unanswered(const Subject& subject, const Answer& answer) {
    if (answer.isUntrusted) {
        return unreachable(
            "The certificate of " + subject.host + " is not trusted (" + answer.failure +
            "). If the network has a certificate of its own, name its file in CURL_CA_BUNDLE; else "
            "somebody may be listening.");
    }
    return unreachable("Fetching from " + subject.host + " failed, several times: " + answer.failure +
                       ". What is here is kept; pull again to go on from there.");
}

Problem notThere(const Subject& subject, const std::string& code) {
    if (code == "RevisionNotFound") {
        return notFound("The model " + subject.model + " has no revision \"" + subject.revision + "\".");
    }
    if (code == "EntryNotFound" || (code.empty() && !subject.file.empty())) {
        return notFound("The model " + subject.model + " has no file " + subject.file + " at " +
                        subject.revision + ".");
    }
    return missing(subject);
}

Problem busy(const Subject& subject, const Answer& answer) {
    Problem problem =
        unreachable("The hub " + subject.host +
                    " has had too many requests from here (429). What is "
                    "here is kept; pull again later, or give a token, which may ask more often.");
    if (const auto pause = answer.pause()) {
        problem.retryAfter = static_cast<int>(std::clamp<long>(pause->count(), 1, 86'400));
        problem.detail += " It will answer again in " + std::to_string(*problem.retryAfter) + " s.";
    }
    return problem;
}

}  // namespace

Problem explain(const Subject& subject, const Answer& answer) {
    const std::string& code = answer.field("x-error-code");
    const std::string& message = answer.field("x-error-message");
    if (!answer.failure.empty() || answer.status == 0) {
        return unanswered(subject, answer);
    }
    if (code == "GatedRepo") {
        return gated(subject, answer.status);
    }
    if (message == "Access to this resource is disabled.") {
        return refused("The hub has switched the model " + subject.model +
                       " off; it cannot be had there any more.");
    }
    if (answer.status == 401 && message.find("Invalid credentials") != std::string::npos) {
        return refused(
            std::string("The hub does not know the token: it is mistyped or was revoked. Make a new one at "
                        "https://huggingface.co/settings/tokens and give it with --token-file FILE or in "
                        "HF_TOKEN; for public models none is needed."));
    }
    if (answer.status == 401) {
        return missing(subject);
    }
    if (answer.status == 404) {
        return notThere(subject, code);
    }
    if (answer.status == 429) {
        return busy(subject, answer);
    }
    if (answer.status >= 500 || answer.status == 408) {
        const std::string& id = answer.field("x-request-id");
        return unreachable("The hub " + subject.host + " has trouble of its own (" +
                           std::to_string(answer.status) + (id.empty() ? "" : ", request" + quoted(id)) +
                           "), several times in a row. What is here is kept; pull again later.");
    }
    return refused("The hub " + subject.host + " refuses it with " + std::to_string(answer.status) +
                   quoted(message));
}

bool isPassing(const Answer& answer) {
    if (answer.isUntrusted) {
        return false;
    }
    return !answer.failure.empty() || answer.status == 0 || answer.status == 408 || answer.status == 429 ||
           answer.status >= 500;
}

Problem untrue(const std::string& what) {
    return {502, "download_untrue", "What came is not what was announced", what, {}};
}

Problem unusable(const std::string& what) {
    return {422, "model_unusable", "The model cannot be used", what, {}};
}

Problem stopped() {
    return protocol::conflict("It was cancelled; what is here is kept.");
}

}  // namespace easel::hub
