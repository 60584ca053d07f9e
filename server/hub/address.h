// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace easel::hub {

/// An address with http or https, taken apart by libcurl, as it will understand it.
struct Address {
    std::string url;
    std::string host;            ///< in lower case
    std::string origin;          ///< scheme, host and port: who gets what is sent
    bool isEncrypted = false;    ///< https
    bool isThisMachine = false;  ///< localhost, 127.x, ::1
    bool hasUser = false;        ///< it holds a name or a password
};

/// Nothing for what is no such address.
std::optional<Address> parseAddress(const std::string& url);
/// Where a redirect from `base` to `location` leads.
std::optional<Address> resolveAddress(const std::string& base, const std::string& location);
/// Takes the name and the password out of an address and answers them as "NAME:PASSWORD"; empty: it has none.
std::string takeUser(std::string& url);
/// `text` as a part of a path; a slash stays one if `withSlashes`.
std::string escaped(std::string_view text, bool withSlashes);
/// Whether a hub at `endpoint` may send us to `storage` for a file's bytes: never from https to http, never
/// with a name or password in the address; and from huggingface.co only to hosts of its own.
bool mayBeStorage(const Address& endpoint, const Address& storage);

}  // namespace easel::hub
