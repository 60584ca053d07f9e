// SPDX-License-Identifier: Apache-2.0
#include "desktop/remote/server_profile.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "desktop/remote/address.h"
#include "desktop/remote/fingerprint.h"

namespace easel::remote {

QUrl ServerProfile::url() const {
    return parseAddress(address).value_or(QUrl());
}

QString ServerProfile::title() const {
    return name.isEmpty() ? displayName(url()) : name;
}

QByteArray toJson(const QList<ServerProfile>& profiles) {
    QJsonArray list;
    for (const ServerProfile& profile : profiles) {
        list.append(QJsonObject{{"id", profile.id},
                                {"name", profile.name},
                                {"address", profile.address},
                                {"fingerprint", QString::fromLatin1(profile.fingerprint)},
                                {"key_id", profile.keyId},
                                {"has_key", profile.hasKey},
                                {"local", profile.isLocal},
                                {"was_there", profile.wasThere},
                                {"server_id", QString::fromStdString(profile.serverId)}});
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
        // One whose certificate can't be read would be trusted more than the person said.
        const bool makesSense =
            !profile.id.isEmpty() && profile.url().isValid() && (pin || fingerprint.isEmpty());
        if (makesSense) {
            profile.fingerprint = pin.value_or(QByteArray());
            profiles.append(std::move(profile));
        }
    }
    return profiles;
}

}  // namespace easel::remote
