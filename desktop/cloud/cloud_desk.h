// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "desktop/cloud/gcp_call.h"
#include "desktop/cloud/gcp_event.h"

class QProcess;
class QSettings;

namespace easel::cloud {

/// What Google Cloud has for this person: who they are, their projects, what there is to be had, and the
/// machines of one project with all that can be done to them. Asks only while somebody looks. Owned by main;
/// GUI thread.
class CloudDesk : public QObject {
    Q_OBJECT

public:
    enum class Deed { Start, Stop, Extend, LetIn, LookWhatGoes, Remove };

    struct Timing {
        std::chrono::milliseconds machines{20'000};  ///< between two looks at them
    };

    /// `settings` outlives it.
    explicit CloudDesk(QSettings& settings, QString program = findGcpProgram(), QObject* parent = nullptr);
    CloudDesk(QSettings& settings, QString program, Timing timing, QObject* parent = nullptr);
    ~CloudDesk() override;

    const QString& program() const { return m_program; }

    /// Somebody looks: asks who they are, and all else that is not known yet.
    void setWatched(bool watched);
    /// Asks anew, after something was wrong.
    void lookAgain();
    /// Lets gcloud sign somebody in, in their browser.
    void signIn();
    bool isSigningIn() const { return m_signIn != nullptr; }

    /// The account and its projects are known.
    bool isKnown() const { return m_isKnown; }
    /// Why nothing can be done at all.
    const std::optional<Failure>& trouble() const { return m_trouble; }
    const QString& account() const { return m_account; }
    const std::vector<Project>& projects() const { return m_projects; }
    const std::vector<Offer>& offers() const { return m_offers; }
    const std::vector<Model>& models() const { return m_models; }

    /// The project whose machines are listed; remembered.
    QString project() const;
    void setProject(const QString& id);
    const std::vector<Machine>& machines() const { return m_machines; }
    bool areMachinesKnown() const { return m_areMachinesKnown; }
    /// Why they are not.
    const std::optional<Failure>& machinesTrouble() const { return m_machinesTrouble; }

    /// `did` follows. One thing at a time with each machine; LookWhatGoes and Remove are two steps of one
    /// thing.
    void act(Deed deed, const protocol::GcpPlace& place);
    std::optional<Deed> deedOn(const protocol::GcpPlace& place) const;
    /// The step that it is at; empty where none was told.
    QString stepOn(const protocol::GcpPlace& place) const;

Q_SIGNALS:
    void changed();
    /// What was asked for is done, or `failure` says why not. LookWhatGoes has done its work with the failure
    /// "question", whose detail lists what goes.
    void did(easel::cloud::CloudDesk::Deed deed, const easel::protocol::GcpPlace& place,
             const std::optional<easel::cloud::Failure>& failure);
    /// What LetIn has brought: a code that lets this computer in.
    void codeMade(const QString& code);
    /// A machine as it is now, whoever has asked.
    void machineTold(const easel::cloud::Machine& machine);

private:
    using Listener = std::function<void(const Event& event)>;
    using End = std::function<void(const std::optional<Failure>& failure)>;

    struct Work {
        Deed deed;
        QString step;
        std::unique_ptr<GcpCall> call;
    };

    std::unique_ptr<GcpCall> call(const QStringList& arguments, Listener listen, End end);
    /// A question of those that `setWatched` asks: its answers come in one piece, at its end.
    template <typename T>
    void look(const QString& command, void (CloudDesk::*take)(std::vector<T> found));
    void takeAccount(std::vector<Account> found);
    void takeProjects(std::vector<Project> found);
    void takeOffers(std::vector<Offer> found);
    void takeModels(std::vector<Model> found);
    void askMachines();
    void put(const Machine& machine);
    void onDid(const std::string& key, const protocol::GcpPlace& place,
               const std::optional<Failure>& failure);

    QSettings& m_settings;
    const QString m_program;
    const Timing m_timing;
    bool m_watched = false;
    int m_looks = 0;
    bool m_isKnown = false;
    std::optional<Failure> m_trouble;
    QString m_account;
    std::vector<Project> m_projects;
    std::vector<Offer> m_offers;
    std::vector<Model> m_models;
    std::vector<Machine> m_machines;
    bool m_areMachinesKnown = false;
    std::optional<Failure> m_machinesTrouble;
    QTimer m_machinesTimer;
    std::unique_ptr<GcpCall> m_machinesCall;
    std::map<QString, std::unique_ptr<GcpCall>> m_lookCalls;  ///< by command
    std::map<std::string, Work> m_works;                      ///< by place
    QProcess* m_signIn = nullptr;
};

}  // namespace easel::cloud
