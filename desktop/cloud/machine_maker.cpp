// SPDX-License-Identifier: Apache-2.0
#include "desktop/cloud/machine_maker.h"

#include <algorithm>
#include <utility>

namespace easel::cloud {

namespace {

constexpr int kMsInSecond = 1'000;
constexpr std::size_t kMostSteps = 64;

bool isOver(Stage::State state) {
    return state == Stage::State::Done || state == Stage::State::Failed || state == Stage::State::Skipped;
}

}  // namespace

QString MachineWish::fullName() const {
    static const QString kPrefix = QStringLiteral("easel");
    return name == kPrefix || name.startsWith(kPrefix + '-') ? name : kPrefix + '-' + name;
}

MachineMaker::MachineMaker(QString program, QObject* parent)
    : QObject(parent), m_program(std::move(program)) {}

MachineMaker::~MachineMaker() = default;

QStringList MachineMaker::argumentsFor(const MachineWish& wish) {
    QStringList arguments{QStringLiteral("up"),
                          QStringLiteral("--project"),
                          wish.project,
                          QStringLiteral("--name"),
                          wish.name,
                          QStringLiteral("--gpu"),
                          wish.gpu,
                          QStringLiteral("--hours"),
                          QString::number(wish.hours),
                          QStringLiteral("--model"),
                          wish.model.isEmpty() ? QStringLiteral("none") : wish.model};
    if (wish.isSpot) {
        arguments << QStringLiteral("--spot");
    }
    return arguments;
}

void MachineMaker::quote(const MachineWish& wish) {
    GcpCall::endLater(std::move(m_quote));
    m_price.reset();
    m_priceTrouble.reset();
    m_quote = std::make_unique<GcpCall>(m_program, argumentsFor(wish) << QStringLiteral("--dry-run"));
    connect(m_quote.get(), &GcpCall::said, this, [this](const Event& event) {
        if (const auto* price = std::get_if<Price>(&event)) {
            m_price = *price;
            Q_EMIT quoteChanged();
        }
    });
    connect(m_quote.get(), &GcpCall::ended, this, [this](const std::optional<Failure>& failure) {
        m_priceTrouble = failure;
        if (!failure && !m_price) {
            m_priceTrouble = Failure{"internal", tr("easel-gcp does not say what this costs."), {}, {}};
        }
        Q_EMIT quoteChanged();
    });
    m_quote->start();
    Q_EMIT quoteChanged();
}

void MachineMaker::make(const MachineWish& wish, const QByteArray& token) {
    if (isBusy()) {
        return;
    }
    m_wish = wish;
    m_steps.clear();
    m_failure.reset();
    m_machine.reset();
    m_code.clear();
    m_state = State::Making;
    QStringList arguments = argumentsFor(wish) << QStringLiteral("--yes");
    if (!token.isEmpty()) {
        // Others may read a command line; this file is its owner's alone, and goes with the run.
        m_token = std::make_unique<QTemporaryFile>();
        const bool isWritten = m_token->open() && m_token->write(token + '\n') > 0 && m_token->flush();
        if (!isWritten) {
            return onEnded(Failure{"internal",
                                   tr("The token can’t be handed on: %1.").arg(m_token->errorString()),
                                   tr("Make room on this computer’s disk."),
                                   {}});
        }
        arguments << QStringLiteral("--token-file") << m_token->fileName();
    }
    m_call = std::make_unique<GcpCall>(m_program, arguments);
    connect(m_call.get(), &GcpCall::said, this, &MachineMaker::listen);
    connect(m_call.get(), &GcpCall::ended, this, &MachineMaker::onEnded);
    m_call->start();
    Q_EMIT changed();
}

void MachineMaker::cancel() {
    if (m_state == State::Making) {
        m_state = State::Stopping;
        m_call->stop();
        Q_EMIT changed();
    }
}

void MachineMaker::leave() {
    if (!isBusy()) {
        m_state = State::Idle;
        Q_EMIT changed();
    }
}

protocol::GcpPlace MachineMaker::place() const {
    return m_machine ? m_machine->place
                     : protocol::GcpPlace{m_wish.project.toStdString(), {}, m_wish.fullName().toStdString()};
}

void MachineMaker::listen(const Event& event) {
    if (const auto* stage = std::get_if<Stage>(&event)) {
        take(*stage);
    } else if (const auto* machine = std::get_if<Machine>(&event)) {
        m_machine = *machine;
    } else if (const auto* pairing = std::get_if<Pairing>(&event)) {
        m_code = pairing->code;
    }
    Q_EMIT changed();
}

void MachineMaker::take(const Stage& stage) {
    auto step = std::ranges::find(m_steps, stage.id, [](const Step& each) { return each.stage.id; });
    if (step == m_steps.end()) {
        if (m_steps.size() >= kMostSteps) {
            return;
        }
        step = m_steps.insert(m_steps.end(), Step{});
        step->since.start();
    }
    step->stage = stage;
    step->seconds = isOver(stage.state) ? std::optional(static_cast<int>(step->since.elapsed() / kMsInSecond))
                                        : std::nullopt;
}

void MachineMaker::onEnded(const std::optional<Failure>& failure) {
    GcpCall::endLater(std::move(m_call));
    m_token.reset();
    m_failure = failure;
    if (!failure && m_code.isEmpty()) {
        m_failure = Failure{"internal",
                            tr("The machine is there, but no code came to pair with it."),
                            tr("Try it again; what is already made is taken up."),
                            {}};
    }
    if (m_failure) {
        for (Step& step : m_steps) {
            if (!isOver(step.stage.state)) {
                step.stage.state = Stage::State::Failed;
                step.seconds = static_cast<int>(step.since.elapsed() / kMsInSecond);
            }
        }
    }
    m_state = m_failure ? State::Failed : State::Made;
    Q_EMIT changed();
    if (m_state == State::Made) {
        Q_EMIT made(std::exchange(m_code, {}));
    }
}

}  // namespace easel::cloud
