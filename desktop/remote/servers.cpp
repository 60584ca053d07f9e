// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/servers.h"

#include <QSettings>
#include <QSysInfo>
#include <QUuid>

#include <algorithm>
#include <utility>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/address.h"
#include "desktop/remote/keyring.h"
#include "desktop/remote/server_link.h"

namespace easel::remote {

namespace {

tl::unexpected<protocol::Problem> refuse(const QString& title, const QString& detail) {
    return tl::unexpected(
        protocol::Problem{0, kInvalidAddress, title.toStdString(), detail.toStdString(), "address"});
}

/// What keys of this computer are listed as on a server.
QString deviceName() {
    const QString person = qEnvironmentVariable("USER");
    const QString host = QSysInfo::machineHostName();
    return person.isEmpty() ? host : QObject::tr("%1 on %2").arg(person, host);
}

}  // namespace

Servers::Servers(ServerLink& link, QSettings& settings, Keyring* keyring, QObject* parent)
    : QObject(parent),
      m_link(link),
      m_settings(settings),
      m_keyring(keyring),
      m_profiles(profilesFrom(preferences::kServers.of(settings).toUtf8())),
      m_current(preferences::kServer.of(settings)) {
    if (!preferences::kServers.isSet(settings)) {
        takeOver();
    }
    connect(&m_link, &ServerLink::infoChanged, this, &Servers::learn);
    connect(&m_link, &ServerLink::stateChanged, this, &Servers::learn);
}

Servers::~Servers() = default;

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
        m_link.setName(profile->name);
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

ServerProfile& Servers::profileAt(const QUrl& url, const QString& address) {
    auto profile = std::ranges::find(m_profiles, url, &ServerProfile::url);
    if (profile == m_profiles.end()) {
        ServerProfile made;
        made.id = QUuid::createUuid().toString(QUuid::WithoutBraces);
        profile = m_profiles.insert(m_profiles.end(), std::move(made));
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

void Servers::connectTo(const ServerProfile& profile) {
    const Endpoint endpoint{profile.url(), profile.fingerprint, m_keys.value(profile.id), profile.name};
    if (!profile.hasKey || !endpoint.key.isEmpty() || m_keyring == nullptr) {
        return m_link.connectTo(endpoint);
    }
    m_link.prepare(endpoint);
    m_keyring->read(profile.id, this, [this, id = profile.id](const std::optional<QByteArray>& key) {
        if (key && find(id) != nullptr) {
            m_keys.insert(id, *key);
        }
        if (id == m_current) {
            m_link.useKey(m_keys.value(id));
        }
    });
}

protocol::Expected<void> Servers::pair(ConnectionCode code) {
    const auto known = std::ranges::find(m_profiles, code.address, &ServerProfile::url);
    const bool differs = known != m_profiles.end() && !known->fingerprint.isEmpty() &&
                         !code.fingerprint.isEmpty() && known->fingerprint != code.fingerprint;
    if (differs) {
        return refuse(tr("Certificate changed"),
                      tr("This code names another certificate than the one that %1 had. If you know why it "
                         "changed, forget the server first; then use the code.")
                          .arg(known->title()));
    }
    const bool isNamed = !code.fingerprint.isEmpty() || known == m_profiles.end();
    m_visitor.setEndpoint({code.address, isNamed ? code.fingerprint : known->fingerprint, {}, {}});
    m_code = std::move(code);
    m_visitor.pair(m_code->ticket, deviceName(), this,
                   [this, address = m_code->address](protocol::Expected<PairedKey> key) {
                       // Another code may have been pasted meanwhile.
                       if (m_code && m_code->address == address) {
                           onPaired(std::move(key));
                       }
                   });
    Q_EMIT changed();
    return {};
}

void Servers::onPaired(protocol::Expected<PairedKey> key) {
    const ConnectionCode code = *std::exchange(m_code, std::nullopt);
    if (!key) {
        Q_EMIT changed();
        protocol::Problem problem = std::move(key.error());
        if (problem.code == kCertificateChanged || problem.code == kCertificateUnknown) {
            problem.detail =
                tr("%1 does not show the certificate that the code names. Nothing was sent. Make "
                   "another code on the server itself; if it does not help, somebody may be "
                   "listening in between.")
                    .arg(displayName(code.address))
                    .toStdString();
        }
        Q_EMIT pairingFailed(problem);
        return;
    }
    ServerProfile& profile = profileAt(code.address, code.address.toString());
    // A certificate that the system trusts is renewed every few weeks, so it is not held to one.
    if (profile.fingerprint.isEmpty() && !m_visitor.isTrustedAnyway()) {
        profile.fingerprint = code.fingerprint;
    }
    if (profile.name.isEmpty()) {
        profile.name = code.name;
    }
    const QString title = profile.title();
    const QString id = profile.id;
    giveKey(profile, key->key, key->id);
    choose(id);
    Q_EMIT paired(title);
}

void Servers::giveKey(ServerProfile& profile, const QByteArray& key, const QString& keyId) {
    profile.keyId = keyId;
    m_keys.insert(profile.id, key);
    const auto kept = [this, id = profile.id](bool isKept) {
        ServerProfile* given = find(id);
        if (given == nullptr) {
            return;
        }
        given->hasKey = isKept;
        save();
        if (!isKept) {
            Q_EMIT keyNotKept(given->title());
        }
    };
    if (m_keyring != nullptr) {
        m_keyring->write(profile.id, key, this, kept);
    } else {
        QMetaObject::invokeMethod(
            this, [kept] { kept(false); }, Qt::QueuedConnection);
    }
    save();
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
