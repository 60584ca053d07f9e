// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/cloud/model_choice.h"

#include <QComboBox>
#include <QDesktopServices>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QRegularExpression>
#include <QSignalBlocker>
#include <QUrl>
#include <QVBoxLayout>

#include <algorithm>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/ui/cloud/choice.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/problem_mark.h"
#include "shared/protocol/pull_info.h"

namespace easel::ui {

namespace {

constexpr int kLongestToken = 1'000;

bool isToken(const QString& text) {
    static const QRegularExpression token(QStringLiteral("\\Ahf_[A-Za-z0-9]+\\z"));
    return text.isEmpty() || token.match(text).hasMatch();
}

QUrl pageOf(const cloud::Model* known, const QString& name) {
    return known != nullptr && known->licenceUrl.isValid()
               ? known->licenceUrl
               : QUrl(QStringLiteral("https://huggingface.co/%1").arg(name));
}

QString wordsOn(const cloud::Model& model) {
    QStringList words{model.licence};
    if (model.gigabytes > 0) {
        words << ModelChoice::tr("%1 GB").arg(QLocale().toString(model.gigabytes, 'f', 1));
    }
    if (model.isGated) {
        words << ModelChoice::tr("its licence has to be accepted on its page first");
    }
    words << model.note;
    words.removeAll(QString());
    return words.join(QStringLiteral(" · "));
}

}  // namespace

ModelChoice::ModelChoice(cloud::CloudDesk& desk, QWidget* parent)
    : QWidget(parent),
      m_desk(desk),
      m_model(choice("cloudModelBox", this)),
      m_licence(new QPushButton(tr("Licence…"), this)),
      m_token(new QLineEdit(this)) {
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
    auto* line = new QWidget(this);
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit);
    row->addWidget(m_model, 1);
    row->addWidget(m_licence);
    m_modelBox = new FieldBox(tr("&Model"), Place::Above, line, m_model, this);
    m_tokenBox =
        new FieldBox(tr("Your &token of the Hugging Face hub"), Place::Above, m_token, m_token, this);
    m_tokenBox->setHint(
        tr("For models whose licence has to be accepted. Google’s Secret Manager keeps it for the machine."));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    column->addWidget(m_modelBox);
    column->addWidget(m_tokenBox);
    connect(m_model, &QComboBox::editTextChanged, this, &ModelChoice::check);
    connect(m_token, &QLineEdit::textChanged, this, &ModelChoice::check);
    connect(m_licence, &QPushButton::clicked, this,
            [this] { QDesktopServices::openUrl(pageOf(known(), name())); });
    refresh();
}

void ModelChoice::refresh() {
    // What was typed stays.
    if (m_model->count() == 0 && !m_desk.models().empty()) {
        const QSignalBlocker quiet(m_model);
        for (const cloud::Model& model : m_desk.models()) {
            m_model->addItem(model.title, model.id);
        }
        m_model->addItem(tr("Easel’s small starter model"), QString());
        m_model->setCurrentIndex(0);
    }
    check();
}

QString ModelChoice::name() const {
    const int index = m_model->findText(m_model->currentText());
    return index >= 0 ? m_model->itemData(index).toString() : m_model->currentText().trimmed();
}

const cloud::Model* ModelChoice::known() const {
    const auto model = std::ranges::find(m_desk.models(), name(), &cloud::Model::id);
    return model == m_desk.models().end() ? nullptr : &*model;
}

bool ModelChoice::isStarter() const {
    return name().isEmpty() && m_model->findText(m_model->currentText()) >= 0;
}

void ModelChoice::check() {
    const cloud::Model* const model = known();
    const bool isModel = isStarter() || protocol::isHubName(name().toStdString());
    const bool isFromHub = isModel && !isStarter();
    m_modelBox->setHint(model != nullptr ? wordsOn(*model)
                        : isFromHub      ? tr("Look at its licence before you use it.")
                                         : QString());
    m_modelBox->setProblem(isModel ? QString() : tr("Type its name on the hub: OWNER/NAME."));
    markProblem(m_model, !isModel);
    m_licence->setEnabled(isFromHub);
    m_tokenBox->setVisible(isFromHub && (model == nullptr || model->isGated));
    const bool isRight = isToken(m_token->text());
    m_tokenBox->setProblem(isRight ? QString() : tr("A token begins with hf_ and has letters and digits."));
    markProblem(m_token, !isRight);
    Q_EMIT edited();
}

QByteArray ModelChoice::token() const {
    return m_tokenBox->isVisibleTo(this) ? m_token->text().toLatin1() : QByteArray();
}

bool ModelChoice::isWhole() const {
    return !m_modelBox->hasProblem() && !(m_tokenBox->isVisibleTo(this) && m_tokenBox->hasProblem());
}

}  // namespace easel::ui
