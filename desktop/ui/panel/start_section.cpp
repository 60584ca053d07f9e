// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/start_section.h"

#include <QLocale>
#include <QToolButton>

#include "desktop/ui/panel/picture_well.h"
#include "desktop/ui/panel/table_fields.h"
#include "desktop/ui/parts/field_box.h"

namespace easel::ui {

StartSection::StartSection(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                           QWidget* parent)
    : Section(request, parent),
      m_well(new PictureWell(inputs, tr("Start picture"), this)),
      m_box(new FieldBox({}, FieldBox::Place::Above, m_well, m_well->input(), this)),
      m_table(new TableFields(
          request,
          [](std::string_view name) {
              return name == "strength" || name == "resize" || name == "image_guidance";
          },
          this)) {
    m_well->setObjectName("startWell");
    auto* size =
        m_well->addButton("startSizeButton", QStringLiteral("fit"), tr("Draw in the size of this picture"));
    add("init_image", m_box, m_well->input());
    add(m_table);
    add(m_table->fields());

    connect(m_well, &PictureWell::chosen, this, [this](const std::string& id) {
        this->request().initImage = id;
        Q_EMIT edited("init_image");
    });
    connect(m_well, &PictureWell::removed, this, [this] {
        this->request().initImage.reset();
        Q_EMIT edited("init_image");
    });
    connect(m_well, &PictureWell::refused, m_box, &FieldBox::setProblem);
    connect(m_well, &PictureWell::looked, this, [this, size] {
        size->setEnabled(m_well->picture().has_value());
        m_box->setHint(m_well->words());
        Q_EMIT summaryChanged();
    });
    connect(size, &QToolButton::clicked, this, [this] { Q_EMIT sizeWanted(m_well->picture()->size); });
    connect(m_table, &TableFields::edited, this, &Section::edited);
}

void StartSection::show(const Offer& offer) {
    m_well->setPicture(request().initImage);
    m_table->fill(offer);
}

bool StartSection::isWanted(const Offer& offer) const {
    return canServe("init_image", offer, request());
}

QString StartSection::summary() const {
    if (!request().initImage) {
        return {};
    }
    if (m_well->isMissing()) {
        return tr("missing");
    }
    QStringList parts{m_well->words()};
    if (request().strength) {
        parts << tr("strength %1").arg(QLocale().toString(*request().strength, 'g', 3));
    }
    parts.removeAll(QString());
    return parts.join(QStringLiteral(" · "));
}

}  // namespace easel::ui
