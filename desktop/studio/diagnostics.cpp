// SPDX-License-Identifier: Apache-2.0
#include "desktop/studio/diagnostics.h"

#include <QFileInfo>
#include <QGuiApplication>
#include <QLocale>
#include <QMetaEnum>
#include <QRegularExpression>
#include <QScreen>
#include <QSettings>
#include <QStringList>
#include <QSysInfo>
#include <QTimeZone>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"

namespace easel::studio {

namespace {

using LinkState = remote::ServerLink::State;
using TileState = gallery::PendingTile::State;

constexpr std::size_t kMostModels = 50;

QString heading(const QString& title) {
    return '\n' + title + '\n';
}

QString line(const char* name, const QString& value) {
    return QStringLiteral("  %1: %2\n").arg(QLatin1String(name), value);
}

QString inBytes(qint64 bytes) {
    return QLocale::c().formattedDataSize(bytes);
}

/// With the distance from UTC, so that it can be compared with the server's.
QString inWords(const QDateTime& time) {
    return time.toOffsetFromUtc(time.offsetFromUtc()).toString(Qt::ISODate);
}

/// "CertificateUnknown" → "certificate unknown".
QString inWords(LinkState state) {
    static const QRegularExpression nextWord(QStringLiteral("(?<=.)(?=[A-Z])"));
    QString name = QLatin1String(QMetaEnum::fromType<LinkState>().valueToKey(int(state)));
    return name.replace(nextWord, QStringLiteral(" ")).toLower();
}

/// Not QStorageInfo: it knows a disk only by the table of mounts, which a container may not show.
QString freeAt(const QString& folder) {
    std::error_code unknown;
    const auto disk = std::filesystem::space(folder.toStdString(), unknown);
    return unknown ? QStringLiteral("what is free is not known (%1)")
                         .arg(QString::fromStdString(unknown.message()))
                   : QStringLiteral("%1 free").arg(inBytes(static_cast<qint64>(disk.available)));
}

QString screens() {
    QStringList all;
    for (const QScreen* screen : QGuiApplication::screens()) {
        const QSize pixels = screen->size() * screen->devicePixelRatio();
        all << QStringLiteral("%1 x %2 pixels, scale %3, %4 dpi")
                   .arg(pixels.width())
                   .arg(pixels.height())
                   .arg(screen->devicePixelRatio())
                   .arg(qRound(screen->logicalDotsPerInch()));
    }
    return all.isEmpty() ? QStringLiteral("none") : all.join(QStringLiteral("; "));
}

QString encryption(const remote::Endpoint& endpoint) {
    if (endpoint.address.scheme() != QLatin1String("https")) {
        return QStringLiteral("no");
    }
    return endpoint.fingerprint.isEmpty() ? QStringLiteral("yes, by a certificate that the system trusts")
                                          : QStringLiteral("yes, by the certificate that was agreed on");
}

/// Whether one works shows when it is given a key.
QString keyring(const Diagnostics::Sources& sources) {
    if (!sources.hasKeyring) {
        return QStringLiteral("none; keys last until Easel closes");
    }
    const auto& servers = sources.servers.all();
    const auto kept = std::ranges::count(servers, true, &remote::ServerProfile::hasKey);
    const auto lost = std::ranges::count_if(
        servers, [](const remote::ServerProfile& each) { return !each.hasKey && !each.keyId.isEmpty(); });
    return QStringLiteral("keys kept: %1, not taken: %2").arg(kept).arg(lost);
}

QString appPart(const Diagnostics::Sources& sources) {
    const QString settings = sources.settings.fileName();
    return heading(QStringLiteral("This app")) + line("Easel", QStringLiteral(EASEL_VERSION)) +
           line("Qt", QStringLiteral("%1, built with " QT_VERSION_STR).arg(QLatin1String(qVersion()))) +
           line("System", QSysInfo::prettyProductName()) +
           line("Kernel", QSysInfo::kernelType() + ' ' + QSysInfo::kernelVersion()) +
           line("Processor", QSysInfo::currentCpuArchitecture()) + line("Locale", QLocale().name()) +
           line("Time zone", QString::fromLatin1(QTimeZone::systemTimeZoneId())) +
           line("Window system", QGuiApplication::platformName()) + line("Screens", screens()) +
           line("Keyring", keyring(sources)) +
           line("Settings", settings + ", " + freeAt(QFileInfo(settings).path()));
}

QString picturesPart(const Diagnostics::Sources& sources) {
    const gallery::PictureModel& model = sources.model;
    qint64 bytes = 0;
    for (int row = model.tileCount(); row < model.rowCount(); ++row) {
        bytes += model.pictureAt(row)->bytes;
    }
    const QString folder = sources.pictures.folder();
    return heading(QStringLiteral("Pictures")) +
           line("In the library", QStringLiteral("%1, %2").arg(model.pictureCount()).arg(inBytes(bytes))) +
           line("Recently deleted", QString::number(sources.pictures.inTrash())) +
           line("Folder", folder + ", " + freeAt(folder));
}

/// How many tasks are in `state`; empty: none.
QString tasksIn(TileState state, const char* name, const gallery::PictureModel& model,
                const Redaction& redaction) {
    int count = 0;
    int away = 0;
    QStringList codes;
    for (int row = 0; row < model.tileCount(); ++row) {
        const gallery::PendingTile& tile = *model.tileAt(row);
        if (tile.state != state) {
            continue;
        }
        ++count;
        away += tile.isAway ? 1 : 0;
        if (tile.error) {
            codes << redaction.of(QString::fromStdString(tile.error->code));
        }
    }
    QString words = QString::number(count);
    words += away > 0 ? QStringLiteral(", %1 of them out of reach").arg(away) : QString();
    words += codes.isEmpty() ? QString() : QStringLiteral(": ") + codes.join(QStringLiteral(", "));
    return count > 0 ? line(name, words) : QString();
}

QString tasksPart(const gallery::PictureModel& model, const Redaction& redaction) {
    QString all;
    for (const auto& [state, name] :
         {std::pair(TileState::Unsent, "Not sent"), std::pair(TileState::Waiting, "Waiting"),
          std::pair(TileState::Held, "On hold"), std::pair(TileState::Running, "Running"),
          std::pair(TileState::Fetching, "Being fetched"), std::pair(TileState::Stopping, "Stopping"),
          std::pair(TileState::Failed, "Failed")}) {
        all += tasksIn(state, name, model, redaction);
    }
    return heading(QStringLiteral("Tasks")) + (all.isEmpty() ? QStringLiteral("  none\n") : all);
}

QString modelsPart(const std::vector<protocol::ModelInfo>& models, const Redaction& redaction) {
    QString all = line("Models", QString::number(models.size()));
    const auto shown = std::span(models).first(std::min(models.size(), kMostModels));
    for (const protocol::ModelInfo& model : shown) {
        const std::string family = model.family.empty() ? "family not told" : model.family;
        all += QStringLiteral("    %1 (%2), %3\n")
                   .arg(redaction.of(QString::fromStdString(model.id)),
                        redaction.of(QString::fromStdString(family)),
                        QString::fromStdString(std::string(toString(model.state))));
    }
    return shown.size() < models.size() ? all + QStringLiteral("    and others\n") : all;
}

QString infoPart(const protocol::ServerInfo& info, const Redaction& redaction) {
    QStringList device;
    for (const std::string& each : {info.device, info.deviceName, info.precision}) {
        device << (each.empty() ? QStringLiteral("not told") : QString::fromStdString(each));
    }
    return line("Version", redaction.of(QString::fromStdString(info.version))) +
           line("Device", redaction.of(device.join(QStringLiteral(", ")))) +
           (info.deviceWarning.empty()
                ? QString()
                : line("Not on the GPU", redaction.of(QString::fromStdString(info.deviceWarning)))) +
           line("Queue", QStringLiteral("%1 waiting, %2 on hold, %3 running%4")
                             .arg(info.queued)
                             .arg(info.held)
                             .arg(info.running)
                             .arg(info.paused ? QStringLiteral(", paused") : QString()));
}

QString serverPart(const remote::ServerLink& link, const std::optional<ConnectionHistory::Trouble>& trouble,
                   const Redaction& redaction) {
    const QString title = heading(QStringLiteral("Server"));
    if (link.state() == LinkState::NoAddress) {
        return title + QStringLiteral("  none chosen\n");
    }
    QString all =
        title + line("Address", link.endpoint().address.toString()) +
        line("Encrypted", encryption(link.endpoint())) +
        line("Key", link.endpoint().key.isEmpty() ? QStringLiteral("none") : QStringLiteral("one is used")) +
        line("State", QStringLiteral("%1 (%2)").arg(inWords(link.state()), redaction.of(link.words())));
    if (trouble) {
        const QString what = QString::fromStdString(trouble->problem.code + ": " + trouble->problem.detail);
        all += line("Last problem", inWords(trouble->at) + ", " + redaction.of(what));
    }
    return link.info() ? all + infoPart(*link.info(), redaction) + modelsPart(link.models(), redaction) : all;
}

QString historyPart(const QList<ConnectionHistory::Change>& changes, const Redaction& redaction) {
    QString all = heading(QStringLiteral("The connection since Easel was opened"));
    for (const ConnectionHistory::Change& change : changes) {
        const QString code = redaction.of(QString::fromStdString(change.code));
        all += QStringLiteral("  %1  %2%3\n")
                   .arg(inWords(change.at), inWords(change.state),
                        code.isEmpty() ? code : QStringLiteral(" (%1)").arg(code));
    }
    return all;
}

QString noLog(const QString& why) {
    return heading(QStringLiteral("The server's log")) + QStringLiteral("  Not here: %1\n").arg(why);
}

/// Why the server tells none.
QString reasonOf(const protocol::Problem& problem) {
    switch (problem.status) {
        case 403:
            return QStringLiteral("This key is not an admin's, and only such a one may read it.");
        case 404:
            return QStringLiteral("The server is an older one, which does not tell it.");
        default:
            return QString::fromStdString(problem.title + ". " + problem.detail);
    }
}

}  // namespace

Diagnostics::Diagnostics(Sources sources, QObject* parent)
    : QObject(parent), m_sources(std::move(sources)), m_history(m_sources.link) {}

QString Diagnostics::report() const {
    const Redaction safe = redaction();
    const QString all = QStringLiteral("Easel diagnostics, %1\n").arg(inWords(QDateTime::currentDateTime())) +
                        appPart(m_sources) + picturesPart(m_sources) + tasksPart(m_sources.model, safe) +
                        serverPart(m_sources.link, m_history.lastTrouble(), safe) +
                        historyPart(m_history.changes(), safe);
    // The prompts are out of what others wrote; the titles here may have words of theirs.
    return Redaction().of(all);
}

void Diagnostics::askServerLog(QObject* context,
                               const std::function<void(const QString& lines)>& done) const {
    if (m_sources.link.state() == LinkState::NoAddress) {
        QMetaObject::invokeMethod(
            context, [done] { done(noLog(QStringLiteral("No server is chosen."))); }, Qt::QueuedConnection);
        return;
    }
    const auto tell = [done, safe = redaction()](const protocol::Expected<std::vector<std::string>>& lines) {
        if (!lines) {
            return done(noLog(safe.of(reasonOf(lines.error()))));
        }
        QString all;
        for (const std::string& each : *lines) {
            all += "  " + QString::fromStdString(each) + '\n';
        }
        done(heading(QStringLiteral("The server's log, last lines: %1").arg(lines->size())) + safe.of(all));
    };
    m_sources.remote.log(context, tell);
}

Redaction Diagnostics::redaction() const {
    QStringList prompts;
    for (const protocol::GenerationRequest& request : m_sources.requests()) {
        prompts << QString::fromStdString(request.prompt)
                << QString::fromStdString(request.negativePrompt.value_or(std::string()));
    }
    return Redaction(prompts);
}

}  // namespace easel::studio
