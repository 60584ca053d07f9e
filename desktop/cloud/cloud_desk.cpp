// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/cloud_desk.h"

#include <QProcess>
#include <QSettings>

#include <algorithm>
#include <utility>

#include "desktop/cloud/machine_words.h"
#include "desktop/preferences/preferences.h"

namespace easel::cloud {

namespace {

constexpr std::size_t kMostAnswers = 1'000;  // more is no list for a person

QStringList argumentsFor(CloudDesk::Deed deed, const protocol::GcpPlace& place) {
    using Deed = CloudDesk::Deed;
    const auto with = [&](const char* command, const QStringList& more) {
        return QStringList{QLatin1String(command)} << placeArguments(place) << more;
    };
    switch (deed) {
        case Deed::Start:
            return with("start", {});
        case Deed::Stop:
            return with("stop", {});
        case Deed::Extend:
            return with("extend", {QStringLiteral("--hours"), QStringLiteral("1")});
        case Deed::LetIn:
            return with("pair", {});
        case Deed::LookWhatGoes:
            return with("down", {});
        case Deed::Remove:
            return with("down", {QStringLiteral("--yes")});
    }
    return {};
}

}  // namespace

CloudDesk::CloudDesk(QSettings& settings, QString program, QObject* parent)
    : CloudDesk(settings, std::move(program), Timing(), parent) {}

CloudDesk::CloudDesk(QSettings& settings, QString program, Timing timing, QObject* parent)
    : QObject(parent), m_settings(settings), m_program(std::move(program)), m_timing(timing) {
    m_machinesTimer.setSingleShot(true);
    connect(&m_machinesTimer, &QTimer::timeout, this, &CloudDesk::askMachines);
}

CloudDesk::~CloudDesk() = default;

std::unique_ptr<GcpCall> CloudDesk::call(const QStringList& arguments, Listener listen, End end) {
    auto made = std::make_unique<GcpCall>(m_program, arguments);
    connect(made.get(), &GcpCall::said, this, std::move(listen));
    connect(made.get(), &GcpCall::ended, this, std::move(end));
    made->start();
    return made;
}

void CloudDesk::setWatched(bool watched) {
    m_watched = watched;
    if (!watched) {
        m_machinesTimer.stop();
    } else if (!m_isKnown && m_looks == 0) {
        lookAgain();
    } else if (m_isKnown) {
        askMachines();
    }
}

void CloudDesk::lookAgain() {
    m_trouble.reset();
    m_isKnown = false;
    look(QStringLiteral("account"), &CloudDesk::takeAccount);
    if (m_offers.empty()) {
        look(QStringLiteral("offers"), &CloudDesk::takeOffers);
    }
    if (m_models.empty()) {
        look(QStringLiteral("models"), &CloudDesk::takeModels);
    }
    Q_EMIT changed();
}

template <typename T>
void CloudDesk::look(const QString& command, void (CloudDesk::*take)(std::vector<T> found)) {
    ++m_looks;
    const auto found = std::make_shared<std::vector<T>>();
    auto& slot = m_lookCalls[command];
    GcpCall::endLater(std::move(slot));
    slot = call(
        {command},
        [found](const Event& event) {
            if (const auto* each = std::get_if<T>(&event); each != nullptr && found->size() < kMostAnswers) {
                found->push_back(*each);
            }
        },
        [this, found, take](const std::optional<Failure>& failure) {
            --m_looks;
            if (failure) {
                m_trouble = failure;
            } else {
                (this->*take)(std::move(*found));
            }
            Q_EMIT changed();
        });
}

void CloudDesk::takeAccount(std::vector<Account> found) {
    m_account = found.empty() ? QString() : found.front().email;
    look(QStringLiteral("projects"), &CloudDesk::takeProjects);
}

void CloudDesk::takeProjects(std::vector<Project> found) {
    m_projects = std::move(found);
    m_isKnown = true;
    const bool isThere = std::ranges::find(m_projects, project(), &Project::id) != m_projects.end();
    if (!isThere) {
        setProject(m_projects.empty() ? QString() : m_projects.front().id);
    } else if (m_watched) {
        askMachines();
    }
}

void CloudDesk::takeOffers(std::vector<Offer> found) {
    m_offers = std::move(found);
}

void CloudDesk::takeModels(std::vector<Model> found) {
    m_models = std::move(found);
}

void CloudDesk::signIn() {
    if (m_signIn != nullptr) {
        return;
    }
    m_signIn = new QProcess(this);
    m_signIn->setStandardInputFile(QProcess::nullDevice());
    m_signIn->setProcessChannelMode(QProcess::MergedChannels);
    const auto over = [this](const std::optional<Failure>& failure) {
        std::exchange(m_signIn, nullptr)->deleteLater();
        if (failure) {
            m_trouble = failure;
            Q_EMIT changed();
        } else {
            lookAgain();
        }
    };
    connect(m_signIn, &QProcess::finished, this, [this, over](int code, QProcess::ExitStatus status) {
        const QString words = QString::fromUtf8(m_signIn->readAll()).trimmed();
        const bool isIn = status == QProcess::NormalExit && code == 0;
        over(isIn ? std::nullopt
                  : std::optional(Failure{"not_logged_in",
                                          tr("Signing in did not work. %1").arg(words.section('\n', -1)),
                                          tr("Try it again, or run “gcloud auth login” in a terminal."),
                                          {}}));
    });
    connect(
        m_signIn, &QProcess::errorOccurred, this,
        [over](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart) {
                over(Failure{"gcloud_missing", tr("The program gcloud can’t be started."),
                             tr("Install the Google Cloud CLI first."),
                             QUrl(QStringLiteral("https://cloud.google.com/sdk/docs/install"))});
            }
        },
        Qt::QueuedConnection);
    m_signIn->start(QStringLiteral("gcloud"), {QStringLiteral("auth"), QStringLiteral("login")});
    Q_EMIT changed();
}

QString CloudDesk::project() const {
    return preferences::kCloudProject.of(m_settings);
}

void CloudDesk::setProject(const QString& id) {
    if (id == project() && m_areMachinesKnown) {
        return;
    }
    preferences::kCloudProject.set(m_settings, id);
    m_machines.clear();
    m_areMachinesKnown = false;
    m_machinesTrouble.reset();
    GcpCall::endLater(std::move(m_machinesCall));
    if (m_watched) {
        askMachines();
    }
    Q_EMIT changed();
}

void CloudDesk::askMachines() {
    m_machinesTimer.stop();
    if (project().isEmpty() || m_machinesCall) {
        return;
    }
    const auto found = std::make_shared<std::vector<Machine>>();
    m_machinesCall = call(
        {QStringLiteral("list"), QStringLiteral("--project"), project()},
        [found](const Event& event) {
            if (const auto* machine = std::get_if<Machine>(&event); machine && found->size() < kMostAnswers) {
                found->push_back(*machine);
            }
        },
        [this, found](const std::optional<Failure>& failure) {
            GcpCall::endLater(std::move(m_machinesCall));
            m_machinesTrouble = failure;
            if (!failure) {
                m_machines = std::move(*found);
                m_areMachinesKnown = true;
                for (const Machine& machine : m_machines) {
                    Q_EMIT machineTold(machine);
                }
            }
            if (m_watched) {
                m_machinesTimer.start(m_timing.machines);
            }
            Q_EMIT changed();
        });
}

void CloudDesk::act(Deed deed, const protocol::GcpPlace& place) {
    const std::string key = toString(place);
    if (m_works.contains(key)) {
        return;
    }
    Work& work = m_works[key];
    work.deed = deed;
    work.call = call(
        argumentsFor(deed, place),
        [this, key](const Event& event) {
            if (const auto* machine = std::get_if<Machine>(&event)) {
                put(*machine);
            } else if (const auto* stage = std::get_if<Stage>(&event); stage && stage->id != u"machine") {
                m_works[key].step = stage->title;  // That it is the machine says the deed itself.
            } else if (const auto* pairing = std::get_if<Pairing>(&event)) {
                Q_EMIT codeMade(pairing->code);
            }
            Q_EMIT changed();
        },
        [this, key, place](const std::optional<Failure>& failure) { onDid(key, place, failure); });
    Q_EMIT changed();
}

void CloudDesk::onDid(const std::string& key, const protocol::GcpPlace& place,
                      const std::optional<Failure>& failure) {
    const auto work = m_works.find(key);
    const Deed deed = work->second.deed;
    GcpCall::endLater(std::move(work->second.call));
    m_works.erase(work);
    if (deed == Deed::Remove && !failure) {
        std::erase_if(m_machines, [&](const Machine& machine) { return machine.place == place; });
    }
    if (m_watched) {
        askMachines();
    }
    Q_EMIT changed();
    Q_EMIT did(deed, place, failure);
}

void CloudDesk::put(const Machine& machine) {
    const auto known = std::ranges::find(m_machines, machine.place, &Machine::place);
    if (known != m_machines.end()) {
        *known = machine;
    }
    Q_EMIT machineTold(machine);
}

std::optional<CloudDesk::Deed> CloudDesk::deedOn(const protocol::GcpPlace& place) const {
    const auto work = m_works.find(toString(place));
    return work == m_works.end() ? std::nullopt : std::optional(work->second.deed);
}

QString CloudDesk::stepOn(const protocol::GcpPlace& place) const {
    const auto work = m_works.find(toString(place));
    return work == m_works.end() ? QString() : work->second.step;
}

}  // namespace easel::cloud
