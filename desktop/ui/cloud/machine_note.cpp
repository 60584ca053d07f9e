// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/machine_note.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>

#include "desktop/cloud/machine_keeper.h"
#include "desktop/cloud/machine_words.h"
#include "desktop/ui/cloud/choice.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/words.h"

namespace easel::ui {

using State = cloud::Machine::State;

namespace {

QString stateLine(const cloud::MachineKeeper& keeper) {
    const QString name = QString::fromStdString(keeper.place()->name);
    if (const QString step = keeper.step(); keeper.deed() && !step.isEmpty()) {
        return MachineNote::tr("%1 on Google Cloud: %2").arg(name, step);
    }
    if (!keeper.machine()) {
        return MachineNote::tr("%1 on Google Cloud: asking how it is…").arg(name);
    }
    const QString state = cloud::stateInWords(keeper.machine()->state);
    const auto left = keeper.secondsLeft();
    return left ? MachineNote::tr("%1 on Google Cloud: %2, %3 left")
                      .arg(name, state, cloud::spanInWords(*left))
                : MachineNote::tr("%1 on Google Cloud: %2").arg(name, state);
}

QString moneyLine(const cloud::MachineKeeper& keeper) {
    if (!keeper.isRunning()) {
        return {};
    }
    const QString soFar = MachineNote::tr("%1 since it was started").arg(cloud::moneyInWords(keeper.cost()));
    const int count = keeper.pictures();
    if (count == 0) {
        return MachineNote::tr("%1; no picture has come from it since.").arg(soFar);
    }
    if (count == 1) {
        return MachineNote::tr("%1, for the one picture that came to this computer since.").arg(soFar);
    }
    return MachineNote::tr("%1: %2 for each of the %3 that came to this computer since.")
        .arg(soFar, cloud::moneyInWords(keeper.cost() / count), pictures(count));
}

}  // namespace

MachineNote::MachineNote(cloud::MachineKeeper& keeper, QWidget* parent)
    : QWidget(parent),
      m_keeper(keeper),
      m_state(new QLabel(this)),
      m_money(captionLabel({}, this)),
      m_trouble(captionLabel({}, this)),
      m_start(new QPushButton(tr("Start"), this)),
      m_stop(new QPushButton(tr("Stop"), this)),
      m_extend(new QPushButton(tr("1 h more"), this)),
      m_prolong(new QCheckBox(tr("An hour more while pictures are drawn"), this)),
      m_idle(idleChoice(keeper.idleMinutes(), this)) {
    setObjectName("machineNote");
    m_state->setObjectName("machineState");
    m_state->setWordWrap(true);
    m_money->setObjectName("machineMoney");
    m_trouble->setObjectName("machineTrouble");
    for (QLabel* label : {m_state, m_money, m_trouble}) {
        label->setTextFormat(Qt::PlainText);
    }
    m_start->setObjectName("startButton");
    m_stop->setObjectName("stopButton");
    m_extend->setObjectName("extendButton");
    m_prolong->setObjectName("prolongMachineBox");
    m_prolong->setToolTip(tr("Whenever less than 15 minutes are left of its time"));
    m_idle->setAccessibleName(tr("Stop it by itself"));
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(kUnit);
    for (QPushButton* button : {m_start, m_stop, m_extend}) {
        button->setAutoDefault(false);
        buttons->addWidget(button);
    }
    buttons->addStretch(1);
    auto* idle = new QHBoxLayout;
    idle->setSpacing(kUnit);
    idle->addWidget(new QLabel(tr("Stop it"), this));
    idle->addWidget(m_idle, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_state);
    column->addWidget(m_money);
    column->addWidget(m_trouble);
    column->addSpacing(kUnit / 2);
    column->addLayout(buttons);
    column->addSpacing(kUnit / 2);
    column->addWidget(m_prolong);
    column->addLayout(idle);
    connect(m_start, &QPushButton::clicked, this, [this] { m_keeper.start(); });
    connect(m_stop, &QPushButton::clicked, this, [this] { m_keeper.stop(); });
    connect(m_extend, &QPushButton::clicked, this, [this] { m_keeper.extend(); });
    connect(m_prolong, &QCheckBox::clicked, this, [this](bool isOn) { m_keeper.setProlongs(isOn); });
    connect(m_idle, &QComboBox::activated, this,
            [this] { m_keeper.setIdleMinutes(m_idle->currentData().toInt()); });
    refresh();
}

bool MachineNote::refresh() {
    const bool isThere = m_keeper.place().has_value();
    const int before = isHidden() ? 0 : sizeHint().height();
    setVisible(isThere);
    if (!isThere) {
        return before != 0;
    }
    const auto& machine = m_keeper.machine();
    const bool isOff = machine && (machine->state == State::Stopped || machine->state == State::Preempted);
    const bool isFree = !m_keeper.deed();
    m_state->setText(stateLine(m_keeper));
    m_money->setText(moneyLine(m_keeper));
    m_money->setVisible(!m_money->text().isEmpty());
    const auto& failure = m_keeper.failure();
    QPalette colours = palette();
    colours.setColor(QPalette::PlaceholderText, statusColors(palette()).bad);
    m_trouble->setPalette(colours);
    m_trouble->setText(failure ? QString::fromStdString(cloud::toProblem(*failure).detail) : QString());
    m_trouble->setVisible(failure.has_value());
    m_start->setVisible(isOff);
    m_start->setText(machine && machine->hourly > 0
                         ? tr("Start · %1 an hour").arg(cloud::moneyInWords(machine->hourly))
                         : tr("Start"));
    m_stop->setVisible(m_keeper.isRunning());
    m_extend->setVisible(m_keeper.isRunning());
    for (QPushButton* button : {m_start, m_stop, m_extend}) {
        button->setEnabled(isFree);
    }
    m_prolong->setChecked(m_keeper.prolongs());
    m_idle->setCurrentIndex(std::max(0, m_idle->findData(m_keeper.idleMinutes())));
    return sizeHint().height() != before;
}

}  // namespace easel::ui
