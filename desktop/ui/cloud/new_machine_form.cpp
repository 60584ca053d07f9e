// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/new_machine_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDesktopServices>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QSignalBlocker>
#include <QUrl>
#include <QVBoxLayout>

#include <algorithm>
#include <initializer_list>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/cloud/machine_keeper.h"
#include "desktop/cloud/machine_words.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/problem_mark.h"
#include "desktop/ui/parts/wheel_guard.h"
#include "shared/protocol/pull_info.h"

namespace easel::ui {

namespace {

constexpr int kUsualHours = 8;
constexpr int kLongestToken = 1'000;

QComboBox* choice(const char* name, QWidget* parent) {
    auto* box = new QComboBox(parent);
    box->setObjectName(QLatin1String(name));
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(16);
    new WheelGuard(box);
    return box;
}

QWidget* line(std::initializer_list<QWidget*> parts, QWidget* parent) {
    auto* widget = new QWidget(parent);
    auto* row = new QHBoxLayout(widget);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit);
    for (QWidget* part : parts) {
        row->addWidget(part, part == *parts.begin() ? 1 : 0);
    }
    return widget;
}

bool isToken(const QString& text) {
    static const QRegularExpression token(QStringLiteral("\\Ahf_[A-Za-z0-9]+\\z"));
    return text.isEmpty() || token.match(text).hasMatch();
}

QUrl pageOf(const cloud::Model* known, const QString& name) {
    return known != nullptr && known->licenceUrl.isValid()
               ? known->licenceUrl
               : QUrl(QStringLiteral("https://huggingface.co/%1").arg(name));
}

}  // namespace

QComboBox* idleBox(int minutes, QWidget* parent) {
    auto* box = choice("idleBox", parent);
    box->addItem(NewMachineForm::tr("Never"), 0);
    for (const int each : {10, 20, 30, 60}) {
        box->addItem(NewMachineForm::tr("After %1 min without a picture").arg(each), each);
    }
    box->setCurrentIndex(std::max(0, box->findData(minutes)));
    return box;
}

NewMachineForm::NewMachineForm(cloud::CloudDesk& desk, cloud::MachineKeeper& keeper, QWidget* parent)
    : QWidget(parent),
      m_desk(desk),
      m_keeper(keeper),
      m_project(choice("projectBox", this)),
      m_name(new QLineEdit(QStringLiteral("easel"), this)),
      m_gpu(choice("gpuBox", this)),
      m_spot(new QCheckBox(tr("Spot: cheaper, but Google may take the machine back at any time"), this)),
      m_model(choice("cloudModelBox", this)),
      m_licence(new QPushButton(tr("Licence…"), this)),
      m_token(new QLineEdit(this)),
      m_hours(new WholeBox(this)),
      m_prolong(new QCheckBox(tr("An hour more whenever less than 15 min are left while pictures are drawn"),
                              this)),
      m_idle(idleBox(keeper.idleMinutes(), this)) {
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
    column->addWidget(buildModel());
    column->addWidget(buildTime());

    connect(m_project, &QComboBox::activated, this,
            [this] { m_desk.setProject(m_project->currentData().toString()); });
    for (QComboBox* box : {m_project, m_gpu}) {
        connect(box, &QComboBox::currentIndexChanged, this, &NewMachineForm::check);
    }
    connect(m_model, &QComboBox::editTextChanged, this, &NewMachineForm::check);
    connect(m_name, &QLineEdit::textChanged, this, &NewMachineForm::check);
    connect(m_token, &QLineEdit::textChanged, this, &NewMachineForm::check);
    connect(m_spot, &QCheckBox::toggled, this, [this] {
        fillOffers();
        check();
    });
    connect(m_hours, &QSpinBox::valueChanged, this, &NewMachineForm::check);
    connect(m_licence, &QPushButton::clicked, this,
            [this] { QDesktopServices::openUrl(pageOf(knownModel(), modelName())); });
    refresh();
}

QWidget* NewMachineForm::buildModel() {
    using Place = FieldBox::Place;
    m_model->setEditable(true);
    m_model->setInsertPolicy(QComboBox::NoInsert);
    m_model->setCompleter(nullptr);
    m_model->lineEdit()->setPlaceholderText(tr("Choose one, or type OWNER/NAME"));
    m_licence->setObjectName("licenceButton");
    m_licence->setAutoDefault(false);
    m_token->setObjectName("tokenEdit");
    m_token->setEchoMode(QLineEdit::Password);
    m_token->setMaxLength(kLongestToken);
    m_token->setPlaceholderText(QStringLiteral("hf_…"));
    m_modelBox = new FieldBox(tr("&Model"), Place::Above, line({m_model, m_licence}, this), m_model, this);
    m_tokenBox =
        new FieldBox(tr("Your &token of the Hugging Face hub"), Place::Above, m_token, m_token, this);
    m_tokenBox->setHint(
        tr("For models whose licence has to be accepted. Google’s Secret Manager keeps it for the machine."));
    auto* part = new QWidget(this);
    auto* column = new QVBoxLayout(part);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    column->addWidget(m_modelBox);
    column->addWidget(m_tokenBox);
    return part;
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
    fillModels();
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

void NewMachineForm::fillModels() {
    if (m_model->count() > 0 || m_desk.models().empty()) {
        return;  // What was typed stays.
    }
    const QSignalBlocker quiet(m_model);
    for (const cloud::Model& model : m_desk.models()) {
        m_model->addItem(model.title, model.id);
    }
    m_model->addItem(tr("Easel’s small starter model"), QString());
    m_model->setCurrentIndex(0);
}

QString NewMachineForm::modelName() const {
    const int index = m_model->findText(m_model->currentText());
    return index >= 0 ? m_model->itemData(index).toString() : m_model->currentText().trimmed();
}

const cloud::Model* NewMachineForm::knownModel() const {
    const auto model = std::ranges::find(m_desk.models(), modelName(), &cloud::Model::id);
    return model == m_desk.models().end() ? nullptr : &*model;
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

    const QString model = modelName();
    const cloud::Model* const known = knownModel();
    const bool isStarter = model.isEmpty() && m_model->findText(m_model->currentText()) >= 0;
    const bool isModel = isStarter || protocol::isHubName(model.toStdString());
    QStringList about;
    if (known != nullptr) {
        about << known->licence
              << (known->gigabytes > 0 ? tr("%1 GB").arg(QLocale().toString(known->gigabytes, 'f', 1))
                                       : QString());
        if (known->isGated) {
            about << tr("its licence has to be accepted on its page first");
        }
        about << known->note;
    } else if (!isStarter) {
        about << tr("Look at its licence before you use it.");
    }
    about.removeAll(QString());
    m_modelBox->setHint(about.join(QStringLiteral(" · ")));
    m_modelBox->setProblem(isModel ? QString() : tr("Type its name on the hub: OWNER/NAME."));
    markProblem(m_model, !isModel);
    m_licence->setEnabled(isModel && !isStarter);
    m_tokenBox->setVisible(isModel && !isStarter && (known == nullptr || known->isGated));
    m_tokenBox->setProblem(
        isToken(m_token->text()) ? QString() : tr("A token begins with hf_ and has letters and digits."));
    markProblem(m_token, !isToken(m_token->text()));
    Q_EMIT edited();
}

std::optional<cloud::MachineWish> NewMachineForm::wish() const {
    cloud::MachineWish wish;
    wish.project = m_project->currentData().toString();
    wish.name = m_name->text();
    wish.gpu = m_gpu->currentData().toString();
    wish.model = modelName();
    wish.hours = m_hours->value();
    wish.isSpot = m_spot->isChecked();
    const bool isWhole = !m_projectBox->hasProblem() && !m_nameBox->hasProblem() &&
                         !m_modelBox->hasProblem() &&
                         !(m_tokenBox->isVisibleTo(this) && m_tokenBox->hasProblem()) &&
                         !wish.project.isEmpty() && !wish.gpu.isEmpty();
    return isWhole ? std::optional(wish) : std::nullopt;
}

QByteArray NewMachineForm::token() const {
    return m_tokenBox->isVisibleTo(this) ? m_token->text().toLatin1() : QByteArray();
}

void NewMachineForm::keepPromises() const {
    m_name->setModified(true);  // What is made under this name may have to be taken up again.
    m_keeper.setProlongs(m_prolong->isChecked());
    m_keeper.setIdleMinutes(m_idle->currentData().toInt());
}

}  // namespace easel::ui
