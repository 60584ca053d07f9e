// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/server_profile.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "desktop/remote/address.h"
#include "desktop/remote/fingerprint.h"

namespace easel::remote {

namespace {

const QString kMachine = QStringLiteral("gcp:");

}  // namespace

QUrl ServerProfile::url() const {
    return parseAddress(address).value_or(QUrl());
}

QString ServerProfile::title() const {
    if (!name.isEmpty()) {
        return name;
    }
    return gcp ? QString::fromStdString(gcp->name) : displayName(url());
}

QString ServerProfile::typed() const {
    return gcp ? kMachine + QString::fromStdString(toString(*gcp)) : address;
}

bool looksLikeMachine(const QString& typed) {
    return typed.trimmed().startsWith(kMachine);
}

QString nearEnd(int port) {
    return QStringLiteral("https://127.0.0.1:%1").arg(port);
}

QByteArray toJson(const QList<ServerProfile>& profiles) {
    QJsonArray list;
    for (const ServerProfile& profile : profiles) {
        QJsonObject object{{"id", profile.id},
                           {"name", profile.name},
                           {"address", profile.address},
                           {"fingerprint", QString::fromLatin1(profile.fingerprint)},
                           {"key_id", profile.keyId},
                           {"has_key", profile.hasKey},
                           {"local", profile.isLocal},
                           {"was_there", profile.wasThere},
                           {"server_id", QString::fromStdString(profile.serverId)}};
        if (profile.gcp) {
            object["gcp"] = QString::fromStdString(toString(*profile.gcp));
        }
        list.append(object);
    }
    return QJsonDocument(list).toJson(QJsonDocument::Compact);
}

QList<ServerProfile> profilesFrom(const QByteArray& json) {
    QList<ServerProfile> profiles;
    for (const auto& value : QJsonDocument::fromJson(json).array()) {
        const QJsonObject object = value.toObject();
        ServerProfile profile;
        profile.id = object["id"].toString();
        profile.name = object["name"].toString();
        profile.address = object["address"].toString();
        const QString fingerprint = object["fingerprint"].toString();
        const auto pin = parseFingerprint(fingerprint);
        profile.keyId = object["key_id"].toString();
        profile.hasKey = object["has_key"].toBool();
        profile.isLocal = object["local"].toBool();
        profile.wasThere = object["was_there"].toBool();
        profile.serverId = object["server_id"].toString().toStdString();
        const bool isOnGcp = object.contains("gcp");
        if (auto place = protocol::parseGcpPlace(object["gcp"].toString().toStdString())) {
            profile.gcp = std::move(*place);
        }
        // One whose certificate can't be read would be trusted more than the person said; at the end of a
        // tunnel the certificate is all that tells one server from another.
        const bool isPinned = pin || (fingerprint.isEmpty() && !isOnGcp);
        const bool makesSense = !profile.id.isEmpty() && profile.url().isValid() && isPinned &&
                                profile.gcp.has_value() == isOnGcp;
        if (makesSense) {
            profile.fingerprint = pin.value_or(QByteArray());
            profiles.append(std::move(profile));
        }
    }
    return profiles;
}

}  // namespace easel::remote
