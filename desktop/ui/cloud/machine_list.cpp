// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/machine_list.h"

#include <QDesktopServices>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QVBoxLayout>

#include <utility>

#include "desktop/cloud/machine_words.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using cloud::Machine;
using Deed = cloud::CloudDesk::Deed;
using State = cloud::Machine::State;

namespace {

constexpr int kSign = 32;
constexpr int kQuestionWidth = 48 * kUnit;
/// A line that wraps does not begin with the dot.
const QString kBetween = QStringLiteral("\u00a0· ");

QString keyOf(const protocol::GcpPlace& place) {
    return QString::fromStdString(toString(place));
}

QString deedInWords(Deed deed) {
    switch (deed) {
        case Deed::Start:
            return MachineList::tr("Starting it…");
        case Deed::Stop:
            return MachineList::tr("Stopping it…");
        case Deed::Extend:
            return MachineList::tr("Letting it run an hour longer…");
        case Deed::LetIn:
            return MachineList::tr("Letting this computer in…");
        case Deed::LookWhatGoes:
            return MachineList::tr("Looking what belongs to it…");
        case Deed::Remove:
            return MachineList::tr("Removing it…");
    }
    return {};
}

}  // namespace

RowContent rowOf(const Machine& machine, std::optional<Deed> deed, const QString& step) {
    const bool isRunning = machine.state == State::Running;
    QStringList title{QString::fromStdString(machine.place.name), cloud::stateInWords(machine.state)};
    QStringList about;
    if (isRunning) {
        title << (machine.secondsLeft
                      ? MachineList::tr("%1 left").arg(cloud::spanInWords(*machine.secondsLeft))
                      : MachineList::tr("until it is stopped"));
        about << MachineList::tr("%1 so far, %2 an hour")
                     .arg(cloud::moneyInWords(machine.cost), cloud::moneyInWords(machine.hourly));
    }
    about << machine.gpu.toUpper() << (machine.provisioning == u"spot" ? MachineList::tr("Spot") : QString())
          << QString::fromStdString(machine.place.zone) << machine.model.section('/', -1);
    about.removeAll(QString());
    RowContent row;
    row.title = title.join(kBetween);
    row.about = about.join(kBetween);
    if (deed) {
        row.note =
            step.isEmpty() ? deedInWords(*deed) : QStringLiteral("%1 %2").arg(deedInWords(*deed), step);
    } else if (machine.state == State::Preempted) {
        row.note = MachineList::tr("Google has taken it back, as it may with Spot. It can be started again.");
    }
    return row;
}

MachineList::MachineList(cloud::CloudDesk& desk, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_words(captionLabel({}, this)), m_column(new QVBoxLayout(this)) {
    setObjectName("machineList");
    m_words->setObjectName("machinesWords");
    m_words->setTextFormat(Qt::PlainText);
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(0);
    m_column->addWidget(m_words);
    connect(&m_desk, &cloud::CloudDesk::changed, this, &MachineList::refresh);
    connect(&m_desk, &cloud::CloudDesk::did, this, &MachineList::onDid);
    refresh();
}

void MachineList::refresh() {
    const auto& machines = m_desk.machines();
    while (m_rows.size() > machines.size()) {
        m_rows.back()->hide();
        m_rows.back()->deleteLater();  // it may hold what was just pressed
        m_rows.pop_back();
    }
    while (m_rows.size() < machines.size()) {
        auto* row = new ActionRow(this);
        m_column->insertWidget(static_cast<int>(m_rows.size()), row);
        m_rows.push_back(row);
    }
    for (std::size_t i = 0; i < machines.size(); ++i) {
        m_rows[i]->setContent(rowFor(machines[i]));
        m_rows[i]->show();
    }
    QString words;
    if (const auto& trouble = m_desk.machinesTrouble()) {
        words = QString::fromStdString(cloud::toProblem(*trouble).detail);
    } else if (!m_desk.areMachinesKnown()) {
        words = tr("Looking which machines there are…");
    } else if (machines.empty()) {
        words = tr("There is none in this project.");
    }
    m_words->setText(words);
    m_words->setVisible(!words.isEmpty());
}

RowContent MachineList::rowFor(const Machine& machine) {
    const protocol::GcpPlace place = machine.place;
    const auto deed = m_desk.deedOn(place);
    RowContent row = rowOf(machine, deed, m_desk.stepOn(place));
    if (const auto failure = m_failures.constFind(keyOf(place)); failure != m_failures.cend() && !deed) {
        row.note = QString::fromStdString(cloud::toProblem(*failure).detail);
        row.isBad = true;
        if (failure->url.isValid()) {
            row.actions.push_back({QStringLiteral("machinePageButton"), tr("Open the page that helps"),
                                   [url = failure->url] { QDesktopServices::openUrl(url); }});
        }
    }
    const auto add = [&](const char* name, const QString& words, Deed what) {
        row.actions.push_back({QLatin1String(name), words,
                               [this, place, what] {
                                   m_failures.remove(keyOf(place));
                                   m_desk.act(what, place);
                               },
                               !deed});
    };
    if (machine.state == State::Running) {
        row.actions.push_back({QStringLiteral("useMachineButton"), tr("Draw on it"),
                               [this, place] { Q_EMIT useRequested(place); }, !deed});
        add("extendMachineButton", tr("1 h more"), Deed::Extend);
        add("stopMachineButton", tr("Stop"), Deed::Stop);
    } else if (machine.state == State::Stopped || machine.state == State::Preempted) {
        add("startMachineButton", tr("Start"), Deed::Start);
    }
    row.actions.push_back(
        {QStringLiteral("removeMachineButton"), tr("Remove…"), [this, place] { remove(place); }, !deed});
    return row;
}

void MachineList::remove(const protocol::GcpPlace& place) {
    m_failures.remove(keyOf(place));
    m_desk.act(Deed::LookWhatGoes, place);
}

void MachineList::onDid(Deed deed, const protocol::GcpPlace& place,
                        const std::optional<cloud::Failure>& failure) {
    if (deed == Deed::LookWhatGoes && failure && failure->code == u"question") {
        return ask(place, failure->detail);
    }
    if (failure) {
        m_failures.insert(keyOf(place), *failure);
    } else if (deed == Deed::Remove) {
        Q_EMIT removed(place);
    }
    refresh();
}

void MachineList::ask(const protocol::GcpPlace& place, const QString& whatGoes) {
    auto* question = new QMessageBox(window());
    question->setObjectName("removeMachineQuestion");
    question->setWindowTitle(tr("Remove a machine"));
    question->setIconPixmap(
        iconPixmap(QStringLiteral("warning"), statusColors(palette()).bad, kSign, devicePixelRatioF()));
    question->setTextFormat(Qt::PlainText);
    question->setText(tr("Remove %1 from Google Cloud?").arg(QString::fromStdString(place.name)));
    question->setInformativeText(whatGoes);
    if (auto* lines = question->findChild<QLabel*>(QStringLiteral("qt_msgbox_informativelabel"))) {
        lines->setMinimumWidth(kQuestionWidth);  // A list reads badly when each of its lines wraps.
    }
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* yes = question->addButton(tr("&Remove"), QMessageBox::DestructiveRole);
    QPushButton* no = question->addButton(tr("Cancel"), QMessageBox::RejectRole);
    question->setDefaultButton(no);
    question->setEscapeButton(no);
    connect(yes, &QPushButton::clicked, this, [this, place] { m_desk.act(Deed::Remove, place); });
    question->open();
}

}  // namespace easel::ui
