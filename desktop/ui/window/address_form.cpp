// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/address_form.h"

#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>

#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/problem_mark.h"

namespace easel::ui {

AddressForm::AddressForm(QWidget* parent)
    : QWidget(parent), m_edit(new QLineEdit(this)), m_connect(new QPushButton(tr("Connect"), this)) {
    m_edit->setObjectName("addressEdit");
    m_edit->setAccessibleName(tr("Server address or code"));
    m_edit->setPlaceholderText(tr("gpu-box:5000 or easel://…"));
    m_edit->setToolTip(tr("An address, or the code that “easel-server pair” prints on the server"));
    m_connect->setObjectName("connectButton");
    m_connect->setAutoDefault(false);

    auto* line = new QWidget(this);
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit);
    row->addWidget(m_edit, 1);
    row->addWidget(m_connect);
    m_box = new FieldBox(tr("Server address or code"), FieldBox::Place::Above, line, m_edit, this);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_box);

    connect(m_edit, &QLineEdit::returnPressed, this, &AddressForm::choose);
    connect(m_connect, &QPushButton::clicked, this, &AddressForm::choose);
    connect(m_edit, &QLineEdit::textEdited, this, [this] {
        m_trouble.clear();
        setProblem({});
    });
}

void AddressForm::setAddress(const QString& address) {
    if (!m_edit->hasFocus() || !m_edit->isModified()) {
        m_edit->setText(address);
    }
}

void AddressForm::setProblem(const QString& sentence) {
    m_problem = sentence;
    showNote();
}

void AddressForm::setTrouble(const QString& sentence) {
    m_trouble = sentence;
    showNote();
}

void AddressForm::setBusy(bool busy) {
    m_connect->setText(busy ? tr("Connecting…") : tr("Connect"));
    m_connect->setEnabled(!busy);
    m_edit->setReadOnly(busy);
}

void AddressForm::showNote() {
    const QString& sentence = m_problem.isEmpty() ? m_trouble : m_problem;
    m_box->setProblem(sentence);
    markProblem(m_edit, !sentence.isEmpty());
}

void AddressForm::focusAddress() {
    m_edit->setFocus(Qt::OtherFocusReason);
    m_edit->selectAll();
}

void AddressForm::choose() {
    if (m_edit->isReadOnly()) {
        return;
    }
    m_edit->setModified(false);
    m_trouble.clear();
    setProblem({});
    Q_EMIT chosen(m_edit->text());
}

}  // namespace easel::ui
