// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/new_machine_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QVBoxLayout>

#include <algorithm>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/cloud/machine_keeper.h"
#include "desktop/cloud/machine_words.h"
#include "desktop/ui/cloud/choice.h"
#include "desktop/ui/cloud/model_choice.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/problem_mark.h"
#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

namespace {

constexpr int kUsualHours = 8;

}  // namespace

NewMachineForm::NewMachineForm(cloud::CloudDesk& desk, cloud::MachineKeeper& keeper, QWidget* parent)
    : QWidget(parent),
      m_desk(desk),
      m_keeper(keeper),
      m_project(choice("projectBox", this)),
      m_name(new QLineEdit(QStringLiteral("easel"), this)),
      m_gpu(choice("gpuBox", this)),
      m_spot(new QCheckBox(tr("Spot: cheaper, but Google may take the machine back at any time"), this)),
      m_model(new ModelChoice(desk, this)),
      m_hours(new WholeBox(this)),
      m_prolong(new QCheckBox(tr("An hour more whenever less than 15 min are left while pictures are drawn"),
                              this)),
      m_idle(idleChoice(keeper.idleMinutes(), this)) {
    using Place = FieldBox::Place;
    m_name->setObjectName("machineNameEdit");
    m_name->setMaxLength(cloud::MachineWish::kLongestName);
    m_spot->setObjectName("spotBox");
    m_projectBox = new FieldBox(tr("&Project"), Place::Above, m_project, m_project, this);
    m_nameBox = new FieldBox(tr("&Name of the machine"), Place::Above, m_name, m_name, this);
    m_gpuBox = new FieldBox(tr("&GPU"), Place::Above, m_gpu, m_gpu, this);

    auto* where = new QHBoxLayout;
    where->setSpacing(kMargin);
    where->addWidget(m_projectBox, 3, Qt::AlignTop);
    where->addWidget(m_nameBox, 2, Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kMargin);
    column->addLayout(where);
    auto* gpu = new QVBoxLayout;
    gpu->setSpacing(kUnit);
    gpu->addWidget(m_gpuBox);
    gpu->addWidget(m_spot);
    column->addLayout(gpu);
    column->addWidget(m_model);
    column->addWidget(buildTime());

    connect(m_project, &QComboBox::activated, this,
            [this] { m_desk.setProject(m_project->currentData().toString()); });
    for (QComboBox* box : {m_project, m_gpu}) {
        connect(box, &QComboBox::currentIndexChanged, this, &NewMachineForm::check);
    }
    connect(m_model, &ModelChoice::edited, this, &NewMachineForm::edited);
    connect(m_name, &QLineEdit::textChanged, this, &NewMachineForm::check);
    connect(m_spot, &QCheckBox::toggled, this, [this] {
        fillOffers();
        check();
    });
    connect(m_hours, &QSpinBox::valueChanged, this, &NewMachineForm::check);
    connect(m_prolong, &QCheckBox::toggled, this, &NewMachineForm::edited);
    refresh();
}

QWidget* NewMachineForm::buildTime() {
    using Place = FieldBox::Place;
    m_hours->setObjectName("hoursBox");
    m_hours->setRange(1, cloud::MachineMaker::kMostHours);
    m_hours->setValue(kUsualHours);
    m_hours->setSuffix(tr(" h"));
    new WheelGuard(m_hours);
    m_prolong->setObjectName("prolongBox");
    // Who makes a machine agrees to it or not.
    m_prolong->setChecked(m_keeper.prolongs() || !m_keeper.hasSaidWhetherToProlong());
    auto* hours = new FieldBox(tr("&Time"), Place::Above, m_hours, m_hours, this);
    auto* idle = new FieldBox(tr("Stop it by &itself"), Place::Above, m_idle, m_idle, this);
    hours->setHint(tr("Then Google stops it, whatever happens here."));
    idle->setHint(tr("You are asked two minutes before; Start brings it back."));
    auto* boxes = new QHBoxLayout;
    boxes->setSpacing(kMargin);
    boxes->addWidget(hours, 1, Qt::AlignTop);
    boxes->addWidget(idle, 1, Qt::AlignTop);
    auto* part = new QWidget(this);
    auto* column = new QVBoxLayout(part);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    column->addLayout(boxes);
    column->addWidget(m_prolong);
    return part;
}

void NewMachineForm::refresh() {
    fillProjects();
    fillOffers();
    m_model->refresh();
    suggestName();
    check();
}

bool NewMachineForm::isTaken(const QString& name) const {
    return std::ranges::any_of(m_desk.machines(), [&](const cloud::Machine& machine) {
        return machine.place.name == name.toStdString();
    });
}

/// A name that no machine has, unless the person has chosen one.
void NewMachineForm::suggestName() {
    if (m_name->isModified()) {
        return;
    }
    QString name = QStringLiteral("easel");
    for (int i = 2; isTaken(name); ++i) {
        name = QStringLiteral("easel-%1").arg(i);
    }
    if (name != m_name->text()) {
        m_name->setText(name);
    }
}

void NewMachineForm::fillProjects() {
    const QSignalBlocker quiet(m_project);
    // A list that is open stays so, unless there is something else to choose from.
    if (m_shownProjects != m_desk.projects()) {
        m_shownProjects = m_desk.projects();
        m_project->clear();
        for (const cloud::Project& project : m_shownProjects) {
            const bool isNamed = !project.name.isEmpty() && project.name != project.id;
            m_project->addItem(isNamed ? tr("%1 (%2)").arg(project.name, project.id) : project.id,
                               project.id);
        }
    }
    m_project->setCurrentIndex(m_project->findData(m_desk.project()));
    m_project->setEnabled(m_project->count() > 0);
}

void NewMachineForm::fillOffers() {
    if (m_shownOffers == m_desk.offers() && m_isSpotShown == m_spot->isChecked()) {
        return;
    }
    m_shownOffers = m_desk.offers();
    m_isSpotShown = m_spot->isChecked();
    const QSignalBlocker quiet(m_gpu);
    const QString chosen = m_gpu->currentData().toString();
    m_gpu->clear();
    for (const cloud::Offer& offer : m_shownOffers) {
        const double hourly = m_isSpotShown && offer.spotHourly > 0 ? offer.spotHourly : offer.hourly;
        m_gpu->addItem(tr("%1 · %2 an hour").arg(offer.title, cloud::moneyInWords(hourly)), offer.gpu);
    }
    m_gpu->setCurrentIndex(std::max(0, m_gpu->findData(chosen)));
    m_gpu->setEnabled(m_gpu->count() > 0);
}

void NewMachineForm::check() {
    m_projectBox->setProblem(
        m_project->currentIndex() < 0
            ? tr("This account has no project yet: make one on console.cloud.google.com.")
            : QString());
    const QString name = m_name->text();
    cloud::MachineWish named;
    named.name = name;
    const bool isName = protocol::isGcpName(name.toStdString()) &&
                        named.fullName().size() <= cloud::MachineWish::kLongestName;
    m_nameBox->setProblem(
        isName ? QString() : tr("Small letters, digits and hyphens, beginning with a letter; 21 at most."));
    markProblem(m_name, !isName);
    m_nameBox->setHint(isTaken(named.fullName()) ? tr("It is there: what is missing is made.") : QString());
    const auto offer =
        std::ranges::find(m_desk.offers(), m_gpu->currentData().toString(), &cloud::Offer::gpu);
    m_gpuBox->setHint(offer != m_desk.offers().end() ? offer->note : QString());
    Q_EMIT edited();
}

std::optional<cloud::MachineWish> NewMachineForm::wish() const {
    cloud::MachineWish wish;
    wish.project = m_project->currentData().toString();
    wish.name = m_name->text();
    wish.gpu = m_gpu->currentData().toString();
    wish.model = m_model->name();
    wish.hours = m_hours->value();
    wish.isSpot = m_spot->isChecked();
    const bool isWhole = !m_projectBox->hasProblem() && !m_nameBox->hasProblem() && m_model->isWhole() &&
                         !wish.project.isEmpty() && !wish.gpu.isEmpty();
    return isWhole ? std::optional(wish) : std::nullopt;
}

QByteArray NewMachineForm::token() const {
    return m_model->token();
}

bool NewMachineForm::mayGoOn() const {
    return m_prolong->isChecked();
}

void NewMachineForm::keepPromises() const {
    m_name->setModified(true);  // What is made under this name may have to be taken up again.
    m_keeper.setProlongs(m_prolong->isChecked());
    m_keeper.setIdleMinutes(m_idle->currentData().toInt());
}

}  // namespace easel::ui
