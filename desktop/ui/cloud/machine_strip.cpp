// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/machine_strip.h"

#include <QDesktopServices>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

#include <utility>

#include "desktop/cloud/machine_keeper.h"
#include "desktop/cloud/machine_words.h"
#include "desktop/ui/parts/announce.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using State = cloud::Machine::State;
using Deed = cloud::CloudDesk::Deed;

namespace {

constexpr int kMinute = 60;

}  // namespace

MachineStrip::MachineStrip(cloud::MachineKeeper& keeper, QWidget* parent)
    : QFrame(parent),
      m_keeper(keeper),
      m_sign(new QLabel(this)),
      m_words(new QLabel(this)),
      m_yes(new QPushButton(this)),
      m_no(new QPushButton(this)) {
    setObjectName("machineStrip");
    makeSpeaker(this);
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::AlternateBase);
    m_words->setObjectName("machineStripWords");
    m_words->setTextFormat(Qt::PlainText);
    m_words->setWordWrap(true);
    m_yes->setObjectName("machineStripYes");
    m_no->setObjectName("machineStripNo");
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(kMargin, kUnit, kUnit, kUnit);
    row->setSpacing(kUnit);
    row->addWidget(m_sign);
    row->addWidget(m_words, 1);
    for (QPushButton* button : {m_no, m_yes}) {
        button->setAutoDefault(false);
        row->addWidget(button);
    }
    connect(m_yes, &QPushButton::clicked, this, [this] { answer(true); });
    connect(m_no, &QPushButton::clicked, this, [this] { answer(false); });
    connect(&m_keeper, &cloud::MachineKeeper::changed, this, &MachineStrip::refresh);
    refresh();
}

MachineStrip::Topic MachineStrip::topic() const {
    if (!m_keeper.place()) {
        return Topic::Nothing;
    }
    const auto deed = m_keeper.deed();
    if (deed == Deed::Start || deed == Deed::Stop) {
        return Topic::UnderWay;
    }
    if (m_keeper.failure()) {
        return Topic::Trouble;
    }
    if (m_keeper.secondsToStop()) {
        return Topic::Stopping;
    }
    if (m_keeper.asksToProlong()) {
        return Topic::Prolong;
    }
    const auto& machine = m_keeper.machine();
    const bool isOff = machine && (machine->state == State::Stopped || machine->state == State::Preempted);
    return isOff ? Topic::Off : Topic::Nothing;
}

QString MachineStrip::words(Topic topic) const {
    const QString name = QString::fromStdString(m_keeper.place()->name);
    switch (topic) {
        case Topic::Nothing:
            return {};
        case Topic::Trouble:
            return QString::fromStdString(cloud::toProblem(*m_keeper.failure()).detail);
        case Topic::Stopping: {
            const int left = *m_keeper.secondsToStop();
            return tr("Nothing was drawn for %1 min: %2 is stopped in %3:%4.")
                .arg(m_keeper.idleMinutes())
                .arg(name)
                .arg(left / kMinute)
                .arg(left % kMinute, 2, 10, QChar('0'));
        }
        case Topic::Prolong:
            return tr("Google stops %1 in %2, and pictures are still being drawn. Let it run an hour more, "
                      "now and "
                      "whenever this happens?")
                .arg(name, cloud::spanInWords(m_keeper.secondsLeft().value_or(0)));
        case Topic::Off:
            return m_keeper.machine()->state == State::Preempted
                       ? tr("Google has taken %1 back, as it may with Spot.").arg(name)
                       : tr("%1 is stopped, and costs nothing but its disk.").arg(name);
        case Topic::UnderWay: {
            const QString what = m_keeper.deed() == Deed::Start ? tr("Starting %1…") : tr("Stopping %1…");
            const QString step = m_keeper.step();
            return step.isEmpty() ? what.arg(name) : QStringLiteral("%1 %2").arg(what.arg(name), step);
        }
    }
    return {};
}

void MachineStrip::refresh() {
    const Topic topic = this->topic();
    const bool isNew = std::exchange(m_topic, topic) != topic;
    if (topic == Topic::Nothing) {
        return hide();
    }
    QString yes;
    QString no;
    switch (topic) {
        case Topic::Trouble:
            m_page = m_keeper.failure()->url;
            yes = m_page.isValid() ? tr("Open the page that helps") : QString();
            no = tr("Close");
            break;
        case Topic::Stopping:
            yes = tr("Keep it running");
            no = tr("Stop now");
            break;
        case Topic::Prolong: {
            const double hourly = m_keeper.machine()->hourly;
            yes = hourly > 0 ? tr("An hour more · %1").arg(cloud::moneyInWords(hourly)) : tr("An hour more");
            no = tr("No");
            break;
        }
        case Topic::Off: {
            const double hourly = m_keeper.machine()->hourly;
            yes = hourly > 0 ? tr("Start · %1 an hour").arg(cloud::moneyInWords(hourly)) : tr("Start");
            break;
        }
        case Topic::UnderWay:
        case Topic::Nothing:
            break;
    }
    const bool isBad = topic == Topic::Trouble;
    m_sign->setPixmap(iconPixmap(isBad ? QStringLiteral("warning") : QStringLiteral("info"),
                                 isBad ? statusColors(palette()).bad : palette().color(QPalette::WindowText),
                                 kIconSize, devicePixelRatioF()));
    m_words->setText(words(topic));
    m_yes->setText(yes);
    m_yes->setVisible(!yes.isEmpty());
    m_no->setText(no);
    m_no->setVisible(!no.isEmpty());
    show();
    if (isNew) {
        announce(this, m_words->text());
    }
}

void MachineStrip::answer(bool isYes) {
    switch (m_topic) {
        case Topic::Trouble:
            if (isYes) {
                QDesktopServices::openUrl(m_page);
            }
            m_keeper.dismissFailure();
            break;
        case Topic::Stopping:
            if (isYes) {
                m_keeper.keepRunning();
            } else {
                m_keeper.stop();
            }
            break;
        case Topic::Prolong:
            m_keeper.setProlongs(isYes);
            break;
        case Topic::Off:
            m_keeper.start();
            break;
        case Topic::UnderWay:
        case Topic::Nothing:
            break;
    }
}

}  // namespace easel::ui
