// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTemporaryFile>

#include <memory>
#include <optional>
#include <vector>

#include "desktop/cloud/gcp_call.h"
#include "desktop/cloud/gcp_event.h"

namespace easel::cloud {

/// What is asked of `easel-gcp up`.
struct MachineWish {
    static constexpr qsizetype kLongestName = 27;

    QString project;
    QString name = QStringLiteral("easel");
    QString gpu;
    QString model;  ///< OWNER/NAME; empty: the small one that comes with Easel
    int hours = 8;  ///< until it is stopped from outside
    bool isSpot = false;

    /// As the machine will be called: "easel", or "easel-" and what was asked for.
    QString fullName() const;

    bool operator==(const MachineWish&) const = default;
};

/// Makes one machine at a time: says what it will cost, then goes from stage to stage until there is a code
/// to pair with. What broke off is taken up again by the same wish. Owned by main, so that it goes on behind
/// a page that was closed; GUI thread.
class MachineMaker : public QObject {
    Q_OBJECT

public:
    enum class State { Idle, Making, Stopping, Failed, Made };
    static constexpr int kMostHours = 168;  ///< as Google's own limit for GPUs that are lent

    struct Step {
        Stage stage;
        QElapsedTimer since;
        std::optional<int> seconds;  ///< that it took, once it is over
    };

    explicit MachineMaker(QString program = findGcpProgram(), QObject* parent = nullptr);
    ~MachineMaker() override;

    /// Asks what it would cost; `quoteChanged` follows, for the latest question only.
    void quote(const MachineWish& wish);
    const std::optional<Price>& price() const { return m_price; }
    const std::optional<Failure>& priceTrouble() const { return m_priceTrouble; }

    /// Costs money from here on. `token`: the hub's, for a model whose licence was accepted there; may be
    /// empty.
    void make(const MachineWish& wish, const QByteArray& token);
    /// Ends the making; what there is by then stays.
    void cancel();
    /// The page has been read.
    void leave();

    State state() const { return m_state; }
    bool isBusy() const { return m_state == State::Making || m_state == State::Stopping; }
    const MachineWish& wish() const { return m_wish; }
    const std::vector<Step>& steps() const { return m_steps; }
    /// In Failed.
    const std::optional<Failure>& failure() const { return m_failure; }
    /// The machine, as soon as there is one.
    const std::optional<Machine>& machine() const { return m_machine; }
    /// Where what was made is; without a zone as long as none was told.
    protocol::GcpPlace place() const;

Q_SIGNALS:
    void quoteChanged();
    void changed();
    /// Ready to be drawn on: the code lets this computer in.
    void made(const QString& code);

private:
    static QStringList argumentsFor(const MachineWish& wish);
    void listen(const Event& event);
    void take(const Stage& stage);
    void onEnded(const std::optional<Failure>& failure);

    const QString m_program;
    std::unique_ptr<GcpCall> m_quote;
    std::optional<Price> m_price;
    std::optional<Failure> m_priceTrouble;
    std::unique_ptr<GcpCall> m_call;
    std::unique_ptr<QTemporaryFile> m_token;
    State m_state = State::Idle;
    MachineWish m_wish;
    std::vector<Step> m_steps;
    std::optional<Failure> m_failure;
    std::optional<Machine> m_machine;
    QString m_code;
};

}  // namespace easel::cloud
