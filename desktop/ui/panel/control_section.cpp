// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/control_section.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/ui/panel/control_row.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

ControlSection::ControlSection(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                               QWidget* parent)
    : Section(request, parent),
      m_inputs(inputs),
      m_list(new QWidget(this)),
      m_column(new QVBoxLayout(m_list)),
      m_add(new QPushButton(tr("Add a ControlNet"), m_list)),
      m_none(captionLabel(tr("This server has no ControlNets. Put them into its folder “controlnets”."),
                          m_list)) {
    m_add->setObjectName("addControlButton");
    m_none->setObjectName("noControlNetsNote");
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(kUnit);
    m_column->addWidget(m_add);
    m_column->addWidget(m_none);
    add("controls", new FieldBox({}, FieldBox::Place::Above, m_list, m_add, this), m_add);
    connect(m_add, &QPushButton::clicked, this, &ControlSection::addRow);
}

void ControlSection::show(const Offer& offer) {
    m_nets = offer.addonsFor(offer.modelOf(request()), protocol::AddonKind::ControlNet);
    m_add->setVisible(!m_nets.empty());
    m_none->setVisible(m_nets.empty());
    fill();
}

bool ControlSection::isWanted(const Offer& /*offer*/) const {
    return true;
}

QString ControlSection::summary() const {
    QStringList parts;
    for (const protocol::ControlUse& use : request().controls) {
        parts << QString::fromStdString(use.model);
    }
    return parts.join(QStringLiteral(" · "));
}

void ControlSection::addRow() {
    request().controls.push_back({.model = m_nets.front().name, .image = {}});
    fill();
    Q_EMIT edited("controls");
}

void ControlSection::removeRow(std::size_t at) {
    request().controls.erase(request().controls.begin() + std::ptrdiff_t(at));
    fill();
    m_add->setFocus(Qt::OtherFocusReason);
    Q_EMIT edited("controls");
}

void ControlSection::fill() {
    const auto& controls = request().controls;
    while (m_rows.size() > controls.size()) {
        m_rows.back()->hide();
        m_rows.back()->deleteLater();  // it may be what was just pressed
        m_rows.pop_back();
    }
    while (m_rows.size() < controls.size()) {
        auto* row = new ControlRow(m_inputs, m_list);
        const std::size_t at = m_rows.size();
        connect(row, &ControlRow::edited, this, [this, at](const protocol::ControlUse& use) {
            request().controls[at] = use;
            Q_EMIT edited("controls");
        });
        connect(row, &ControlRow::removed, this, [this, at] { removeRow(at); });
        m_column->insertWidget(int(at), row);
        reachBefore(m_add, *row);
        m_rows.push_back(row);
    }
    for (std::size_t i = 0; i < controls.size(); ++i) {
        m_rows[i]->show(controls[i], m_nets, int(i) + 1);
    }
    m_add->setEnabled(controls.size() < std::size_t{protocol::kMaxControls});
}

}  // namespace easel::ui
