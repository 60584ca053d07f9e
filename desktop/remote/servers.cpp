// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/servers.h"

#include <QSettings>
#include <QUuid>

#include <algorithm>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/address.h"
#include "desktop/remote/keyring.h"
#include "desktop/remote/server_link.h"

namespace easel::remote {

Servers::Servers(ServerLink& link, QSettings& settings, Keyring* keyring, TunnelMaker* tunnels,
                 QObject* parent)
    : QObject(parent),
      m_link(link),
      m_settings(settings),
      m_keyring(keyring),
      m_profiles(profilesFrom(preferences::kServers.of(settings).toUtf8())),
      m_current(preferences::kServer.of(settings)),
      m_tunnels(tunnels) {
    if (!preferences::kServers.isSet(settings)) {
        takeOver();
    }
    connect(&m_link, &ServerLink::infoChanged, this, &Servers::learn);
    connect(&m_link, &ServerLink::stateChanged, this, &Servers::learn);
    connect(&m_link, &ServerLink::tunnelWanted, this, [this] {
        if (const ServerProfile* profile = current()) {
            connectTo(*profile);
        }
    });
}

Servers::~Servers() = default;

tl::unexpected<protocol::Problem> Servers::refuse(const QString& title, const QString& detail) {
    return tl::unexpected(
        protocol::Problem{0, kInvalidAddress, title.toStdString(), detail.toStdString(), "address"});
}

void Servers::takeOver() {
    if (!preferences::kServerAddress.isSet(m_settings)) {
        return;
    }
    ServerProfile profile;
    profile.id = QUuid::createUuid().toString(QUuid::WithoutBraces);
    profile.address = preferences::kServerAddress.of(m_settings);
    profile.serverId = preferences::kServerId.of(m_settings).toStdString();
    profile.wasThere = !profile.serverId.empty();
    profile.isLocal = preferences::kLocalUsed.of(m_settings);
    if (!profile.url().isValid()) {
        return;
    }
    m_current = profile.id;
    m_profiles.append(std::move(profile));
    save();
}

void Servers::start() {
    if (const ServerProfile* chosen = current()) {
        connectTo(*chosen);
    } else if (const auto guess = parseAddress(QLatin1String(preferences::kServerAddress.usual))) {
        m_link.connectTo(*guess);  // Not remembered: nobody has chosen it.
    }
}

protocol::Expected<void> Servers::enter(const QString& typed) {
    if (looksLikeCode(typed)) {
        return parseCode(typed).and_then([this](ConnectionCode code) { return pair(std::move(code)); });
    }
    if (looksLikeKey(typed)) {
        const QByteArray key = parseKey(typed);
        ServerProfile* profile = find(m_current);
        if (key.isEmpty() || profile == nullptr) {
            return refuse(tr("This key can't be used"),
                          key.isEmpty() ? tr("The key is not complete. Copy the whole of it.")
                                        : tr("Say first which server the key is for: type its address."));
        }
        giveKey(*profile, key, QUuid::createUuid().toString(QUuid::WithoutBraces));
        m_link.useKey(key);
        Q_EMIT changed();
        return {};
    }
    if (looksLikeMachine(typed)) {
        const auto profile = std::ranges::find(m_profiles, typed.trimmed(), &ServerProfile::typed);
        if (profile == m_profiles.end()) {
            return refuse(tr("This machine is not known here"),
                          tr("Let this computer in first: paste the code that “easel-gcp pair” prints."));
        }
        choose(profile->id);
        return {};
    }
    auto url = parseAddress(typed);
    if (!url) {
        return tl::unexpected(std::move(url.error()));
    }
    choose(profileAt(*url, typed.trimmed()).id);
    return {};
}

protocol::Expected<void> Servers::useThisComputer(const QString& address) {
    auto url = parseAddress(address);
    if (!url) {
        return tl::unexpected(std::move(url.error()));
    }
    const auto local = std::ranges::find(m_profiles, true, &ServerProfile::isLocal);
    ServerProfile& profile = local == m_profiles.end() ? profileAt(*url, address) : *local;
    if (profile.url() != *url) {
        profile.serverId.clear();
    }
    profile.address = address;
    if (!std::exchange(profile.isLocal, true) && profile.name.isEmpty()) {
        profile.name = tr("This computer");
    }
    choose(profile.id);
    return {};
}

void Servers::use(const QString& id) {
    if (find(id) != nullptr) {
        choose(id);
    }
}

void Servers::rename(const QString& id, const QString& name) {
    ServerProfile* profile = find(id);
    if (profile == nullptr) {
        return;
    }
    profile->name = name.simplified();
    save();
    if (id == m_current) {
        m_link.setName(calledOf(*profile));
    }
    Q_EMIT changed();
}

void Servers::forget(QString id) {
    const ServerProfile* profile = find(id);
    if (profile == nullptr) {
        return;
    }
    if (profile->hasKey && m_keyring != nullptr) {
        m_keyring->remove(id);
    }
    m_keys.remove(id);
    m_profiles.removeIf([&](const ServerProfile& each) { return each.id == id; });
    const bool wasCurrent = id == m_current;
    if (wasCurrent) {
        m_current.clear();
    }
    save();
    if (wasCurrent) {
        closeTunnel();
        m_link.leave();
    }
    Q_EMIT changed();
}

void Servers::trust() {
    ServerProfile* profile = find(m_current);
    const QByteArray fingerprint = m_link.presented();
    if (profile == nullptr || fingerprint.isEmpty() ||
        m_link.state() != ServerLink::State::CertificateUnknown) {
        return;
    }
    profile->fingerprint = fingerprint;
    save();
    connectTo(*profile);
    Q_EMIT changed();
}

const ServerProfile* Servers::find(const QString& id) const {
    const auto profile = std::ranges::find(m_profiles, id, &ServerProfile::id);
    return profile == m_profiles.end() ? nullptr : &*profile;
}

ServerProfile* Servers::find(const QString& id) {
    return const_cast<ServerProfile*>(std::as_const(*this).find(id));
}

ServerProfile* Servers::known(const QUrl& url, const std::optional<protocol::GcpPlace>& gcp) {
    const auto profile = std::ranges::find_if(
        m_profiles, [&](const ServerProfile& each) { return each.gcp == gcp && (gcp || each.url() == url); });
    return profile == m_profiles.end() ? nullptr : &*profile;
}

ServerProfile& Servers::profileAt(const QUrl& url, const QString& address,
                                  const std::optional<protocol::GcpPlace>& gcp) {
    ServerProfile* profile = known(url, gcp);
    if (profile == nullptr) {
        ServerProfile made;
        made.id = QUuid::createUuid().toString(QUuid::WithoutBraces);
        made.gcp = gcp;
        m_profiles.append(std::move(made));
        profile = &m_profiles.last();
    }
    profile->address = address;
    return *profile;
}

void Servers::choose(QString id) {
    // What was typed once and never answered was a slip of the fingers.
    m_profiles.removeIf([&](const ServerProfile& each) {
        return each.id == m_current && each.id != id && !each.wasThere && !each.hasKey &&
               !m_keys.contains(each.id) && each.fingerprint.isEmpty() && each.name.isEmpty();
    });
    m_current = id;
    save();
    connectTo(*find(id));
    Q_EMIT changed();
}

void Servers::learn() {
    ServerProfile* profile = find(m_current);
    if (profile == nullptr || !m_link.info() || !m_link.isOnline()) {
        return;
    }
    const std::string& id = m_link.info()->id;
    if (profile->wasThere && (id.empty() || id == profile->serverId)) {
        return;
    }
    profile->wasThere = true;
    if (!id.empty()) {
        profile->serverId = id;
    }
    save();
}

void Servers::save() {
    preferences::kServers.set(m_settings, QString::fromUtf8(toJson(m_profiles)));
    preferences::kServer.set(m_settings, m_current);
    // Of earlier versions.
    preferences::kServerAddress.forget(m_settings);
    preferences::kServerId.forget(m_settings);
}

}  // namespace easel::remote
