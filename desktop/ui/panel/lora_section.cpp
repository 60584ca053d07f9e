// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/lora_section.h"

#include <QLabel>
#include <QLocale>
#include <QVBoxLayout>

#include <algorithm>

#include "desktop/ui/panel/addon_picker.h"
#include "desktop/ui/panel/lora_row.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

LoraSection::LoraSection(protocol::GenerationRequest& request, QWidget* parent)
    : Section(request, parent),
      m_list(new QWidget(this)),
      m_column(new QVBoxLayout(m_list)),
      m_picker(new AddonPicker(tr("Add a LoRA…"), m_list)),
      m_none(captionLabel(tr("This server has no LoRAs for this model. Put them into its folder “loras”."),
                          m_list)) {
    m_picker->setObjectName("loraPicker");
    m_none->setObjectName("noLorasNote");
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(kUnit);
    m_column->addWidget(m_picker);
    m_column->addWidget(m_none);
    m_box = new FieldBox({}, FieldBox::Place::Above, m_list, m_picker, this);
    add("loras", m_box, m_picker);
    connect(m_picker, &AddonPicker::picked, this, &LoraSection::addRow);
}

void LoraSection::show(const Offer& offer) {
    m_loras = offer.addonsFor(offer.modelOf(request()), protocol::AddonKind::Lora);
    m_picker->setAddons(m_loras);
    m_picker->setVisible(!m_loras.empty());
    m_none->setVisible(m_loras.empty());
    fill();
}

bool LoraSection::isWanted(const Offer& /*offer*/) const {
    return true;
}

QString LoraSection::summary() const {
    QStringList parts;
    for (const protocol::LoraUse& use : request().loras) {
        parts << tr("%1 %2").arg(QString::fromStdString(use.name), QLocale().toString(use.weight, 'g', 3));
    }
    return parts.join(QStringLiteral(" · "));
}

void LoraSection::addRow(const std::string& name) {
    auto& loras = request().loras;
    // What is there already is weighed, not added once more.
    if (std::ranges::find(loras, name, &protocol::LoraUse::name) == loras.end()) {
        loras.push_back({name, 1, {}});
        fill();
        Q_EMIT edited("loras");
    }
}

void LoraSection::removeRow(std::size_t at) {
    request().loras.erase(request().loras.begin() + std::ptrdiff_t(at));
    fill();
    m_picker->setFocus(Qt::OtherFocusReason);
    Q_EMIT edited("loras");
}

void LoraSection::fill() {
    const auto& loras = request().loras;
    while (m_rows.size() > loras.size()) {
        m_rows.back()->hide();
        m_rows.back()->deleteLater();  // it may be what was just pressed
        m_rows.pop_back();
    }
    while (m_rows.size() < loras.size()) {
        auto* row = new LoraRow(m_list);
        const std::size_t at = m_rows.size();
        connect(row, &LoraRow::weighed, this, [this, at](double weight) {
            request().loras[at].weight = weight;
            Q_EMIT edited("loras");
        });
        connect(row, &LoraRow::removed, this, [this, at] { removeRow(at); });
        connect(row, &LoraRow::wordsWanted, this, &LoraSection::wordsWanted);
        m_column->insertWidget(int(at), row);
        reachBefore(m_picker, *row);
        m_rows.push_back(row);
    }
    for (std::size_t i = 0; i < loras.size(); ++i) {
        const auto known = std::ranges::find(m_loras, loras[i].name, &protocol::AddonInfo::name);
        m_rows[i]->show(loras[i], known == m_loras.end() ? nullptr : &*known);
    }
    m_picker->setEnabled(loras.size() < std::size_t{protocol::kMaxLoras});
}

}  // namespace easel::ui
