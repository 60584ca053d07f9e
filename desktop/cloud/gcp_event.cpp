// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/gcp_event.h"

#include <QCoreApplication>
#include <QHash>
#include <QJsonDocument>
#include <QJsonObject>

#include <array>
#include <cmath>
#include <utility>

namespace easel::cloud {

namespace {

constexpr qsizetype kLongestText = 2'000;
constexpr int kHighestPort = 65'535;
constexpr double kMostMoney = 1e9;
constexpr int kMostSeconds = 400 * 24 * 3600;

QString tr(const char* text) {
    return QCoreApplication::translate("cloud", text);
}

/// One line of JSON, read leniently: what is missing or of another type is empty.
class Fields {
public:
    explicit Fields(QJsonObject object) : m_object(std::move(object)) {}

    QString text(const char* name) const {
        return m_object[QLatin1String(name)].toString().left(kLongestText);
    }
    bool flag(const char* name) const { return m_object[QLatin1String(name)].toBool(); }
    /// Shells write numbers as text, too.
    std::optional<double> number(const char* name) const {
        const QJsonValue value = m_object[QLatin1String(name)];
        bool isNumber = value.isDouble();
        const double found = isNumber ? value.toDouble() : value.toString().toDouble(&isNumber);
        return isNumber && std::isfinite(found) ? std::optional(found) : std::nullopt;
    }
    double money(const char* name) const {
        const double amount = number(name).value_or(0);
        return amount >= 0 && amount < kMostMoney ? amount : 0;
    }
    std::optional<int> whole(const char* name, int most) const {
        const auto found = number(name);
        return found && *found >= 0 && *found <= most ? std::optional(static_cast<int>(*found))
                                                      : std::nullopt;
    }
    QUrl page(const char* name) const {
        const QUrl url(text(name), QUrl::StrictMode);
        return url.isValid() && url.scheme() == QLatin1String("https") ? url : QUrl();
    }

private:
    QJsonObject m_object;
};

template <typename T, std::size_t N>
std::optional<T> named(const std::array<const char*, N>& names, const QString& name) {
    for (std::size_t i = 0; i < N; ++i) {
        if (name == QLatin1String(names[i])) {
            return static_cast<T>(i);
        }
    }
    return std::nullopt;
}

Event readStage(const Fields& fields) {
    static constexpr std::array kStates{"running", "waiting", "done", "failed", "skipped"};
    const auto state = named<Stage::State>(kStates, fields.text("state"));
    if (!state || fields.text("id").isEmpty()) {
        return {};
    }
    return Stage{fields.text("id"), *state, fields.text("title"), fields.text("detail")};
}

Event readPrice(const Fields& fields) {
    constexpr int kMostHours = 24 * 365;
    Price price;
    price.diskMonthly = fields.money("disk_monthly");
    price.totalHourly = fields.money("total_hourly");
    price.hours = fields.whole("hours", kMostHours).value_or(0);
    price.limit = fields.money("limit");
    price.currency = fields.text("currency");
    price.asOf = fields.text("as_of");
    price.note = fields.text("note");
    return price;
}

Event readMachine(const Fields& fields) {
    static constexpr std::array kStates{"starting", "running", "stopping", "stopped", "preempted", "missing"};
    Machine machine;
    machine.place = {fields.text("project").toStdString(), fields.text("zone").toStdString(),
                     fields.text("name").toStdString()};
    const auto state = named<Machine::State>(kStates, fields.text("state"));
    // One that was removed is nowhere.
    const bool isPlaced = protocol::isGcpZone(machine.place.zone) ||
                          (state == Machine::State::Missing && machine.place.zone.empty());
    if (!state || !isPlaced || !protocol::isGcpProject(machine.place.project) ||
        !protocol::isGcpName(machine.place.name)) {
        return {};
    }
    machine.state = *state;
    machine.gpu = fields.text("gpu");
    machine.provisioning = fields.text("provisioning");
    if (!fields.text("stops_at").isEmpty()) {
        machine.secondsLeft = fields.whole("run_left_s", kMostSeconds);
    }
    machine.startedAt = QDateTime::fromString(fields.text("started_at"), Qt::ISODate);
    machine.hourly = fields.money("hourly");
    machine.cost = fields.money("cost");
    machine.model = fields.text("model");
    return machine;
}

Event readOffer(const Fields& fields) {
    Offer offer{fields.text("gpu"), fields.text("title"), fields.money("hourly"), fields.money("spot_hourly"),
                fields.text("note")};
    return offer.gpu.isEmpty() ? Event() : offer;
}

Event readModel(const Fields& fields) {
    Model model{fields.text("id"),          fields.text("title"), fields.text("licence"),
                fields.page("licence_url"), fields.flag("gated"), fields.money("gb"),
                fields.text("note")};
    return model.id.isEmpty() ? Event() : model;
}

Event readProject(const Fields& fields) {
    Project project{fields.text("id"), fields.text("name")};
    return protocol::isGcpProject(project.id.toStdString()) ? Event(project) : Event();
}

Event readTunnel(const Fields& fields) {
    const int port = fields.whole("port", kHighestPort).value_or(0);
    return port > 0 ? Event(TunnelOpen{port}) : Event();
}

Event readFailure(const Fields& fields) {
    return Failure{fields.text("code"), fields.text("detail"), fields.text("remedy"), fields.page("url")};
}

}  // namespace

Event parseEvent(const QByteArray& line) {
    using Reader = Event (*)(const Fields&);
    static const QHash<QString, Reader> kReaders{
        {QStringLiteral("stage"), readStage},
        {QStringLiteral("price"), readPrice},
        {QStringLiteral("question"),
         [](const Fields& fields) -> Event { return Question{fields.text("text")}; }},
        {QStringLiteral("machine"), readMachine},
        {QStringLiteral("project"), readProject},
        {QStringLiteral("account"),
         [](const Fields& fields) -> Event { return Account{fields.text("email")}; }},
        {QStringLiteral("offer"), readOffer},
        {QStringLiteral("model"), readModel},
        {QStringLiteral("pairing"),
         [](const Fields& fields) -> Event { return Pairing{fields.text("code")}; }},
        {QStringLiteral("tunnel"), readTunnel},
        {QStringLiteral("error"), readFailure},
        {QStringLiteral("done"), [](const Fields&) -> Event { return Done{}; }}};
    const QJsonObject object = QJsonDocument::fromJson(line).object();
    const auto reader = kReaders.find(object["event"].toString());
    return reader == kReaders.end() ? Event() : (*reader)(Fields(object));
}

QString titleOf(const Failure& failure) {
    static const QHash<QString, const char*> kTitles{
        {"gcloud_missing", QT_TRANSLATE_NOOP("cloud", "Google Cloud’s program is not installed")},
        {"program_missing", QT_TRANSLATE_NOOP("cloud", "easel-gcp is not installed")},
        {"not_logged_in", QT_TRANSLATE_NOOP("cloud", "Not signed in to Google Cloud")},
        {"no_project", QT_TRANSLATE_NOOP("cloud", "No project")},
        {"no_billing", QT_TRANSLATE_NOOP("cloud", "The project has no billing")},
        {"api_disabled", QT_TRANSLATE_NOOP("cloud", "Something is switched off in the project")},
        {"no_permission", QT_TRANSLATE_NOOP("cloud", "Not allowed")},
        {"quota_zero", QT_TRANSLATE_NOOP("cloud", "No GPU allowed yet")},
        {"quota_pending", QT_TRANSLATE_NOOP("cloud", "Google is looking at the request")},
        {"quota_refused", QT_TRANSLATE_NOOP("cloud", "Google has refused the GPU")},
        {"stockout", QT_TRANSLATE_NOOP("cloud", "No GPU is free")},
        {"preempted", QT_TRANSLATE_NOOP("cloud", "Google has taken the machine back")},
        {"expired", QT_TRANSLATE_NOOP("cloud", "The machine’s time is up")},
        {"model_gated", QT_TRANSLATE_NOOP("cloud", "The model’s licence is not accepted")},
        {"driver_failed", QT_TRANSLATE_NOOP("cloud", "The GPU’s driver does not work")},
        {"package_failed", QT_TRANSLATE_NOOP("cloud", "Easel could not be installed there")},
        {"not_ready", QT_TRANSLATE_NOOP("cloud", "The machine is not ready")},
        {"not_found", QT_TRANSLATE_NOOP("cloud", "There is no such machine")},
        {"network", QT_TRANSLATE_NOOP("cloud", "Google Cloud can’t be reached")},
        {"cancelled", QT_TRANSLATE_NOOP("cloud", "Cancelled")}};
    const char* const title = kTitles.value(failure.code);
    return title != nullptr ? tr(title) : tr("It did not work");
}

protocol::Problem toProblem(const Failure& failure) {
    QStringList sentences{failure.detail, failure.remedy};
    sentences.removeAll(QString());
    return {0, failure.code.toStdString(), titleOf(failure).toStdString(),
            sentences.join(QChar(' ')).toStdString(), std::nullopt};
}

}  // namespace easel::cloud
