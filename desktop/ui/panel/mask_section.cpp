// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/mask_section.h"

#include <QPushButton>

#include <algorithm>
#include <utility>

#include "desktop/gallery/input_folder.h"
#include "desktop/ui/panel/picture_well.h"
#include "desktop/ui/panel/table_fields.h"
#include "desktop/ui/parts/field_box.h"

namespace easel::ui {

using protocol::Expected;

namespace {

/// `mask` is grey, a byte for each pixel.
bool isBlack(const QImage& mask) {
    for (int y = 0; y < mask.height(); ++y) {
        const uchar* const line = mask.constScanLine(y);
        if (std::any_of(line, line + mask.width(), [](uchar grey) { return grey != 0; })) {
            return false;
        }
    }
    return true;
}

}  // namespace

MaskSection::MaskSection(protocol::GenerationRequest& request, gallery::InputFolder& inputs, QWidget* parent)
    : Section(request, parent),
      m_inputs(inputs),
      m_paint(new QPushButton(tr("Paint mask…"), this)),
      m_well(new PictureWell(inputs, tr("Mask"), this)),
      m_box(new FieldBox({}, FieldBox::Place::Above, m_well, m_well->input(), this)),
      m_table(new TableFields(
          request,
          [](std::string_view name) {
              return name == "mask_blur" || name == "masked_content" || name == "inpaint_area" ||
                     name == "inpaint_padding";
          },
          this)) {
    m_paint->setObjectName("paintMaskButton");
    m_paint->setToolTip(tr("Paint over what is to be drawn anew"));
    m_paint->hide();
    m_well->setObjectName("maskWell");
    add(m_paint);
    add("mask", m_box, m_well->input());
    add(m_table);
    add(m_table->fields());

    connect(m_paint, &QPushButton::clicked, this, &MaskSection::paint);
    connect(m_well, &PictureWell::chosen, this, [this](const std::string& id) {
        this->request().mask = id;
        Q_EMIT edited("mask");
    });
    connect(m_well, &PictureWell::removed, this, [this] {
        this->request().mask.reset();
        Q_EMIT edited("mask");
    });
    connect(m_well, &PictureWell::refused, m_box, &FieldBox::setProblem);
    connect(m_well, &PictureWell::looked, this, [this] {
        checkSize();
        Q_EMIT summaryChanged();
    });
    connect(m_table, &TableFields::edited, this, &Section::edited);
}

void MaskSection::setPainting(MaskPainting painting) {
    m_painting = std::move(painting);
    m_paint->setVisible(bool(m_painting));
}

void MaskSection::show(const Offer& offer) {
    m_well->setPicture(request().mask);
    m_table->fill(offer);
    if (request().initImage == m_start) {
        return;
    }
    m_start = request().initImage;
    m_startSize = {};
    checkSize();
    if (m_start) {
        m_inputs.look(*m_start, this, [this, id = *m_start](const Expected<gallery::InputPicture>& picture) {
            if (picture && m_start == id) {
                m_startSize = picture->size;
                checkSize();
            }
        });
    }
}

bool MaskSection::isWanted(const Offer& offer) const {
    return canServe("mask", offer, request()) && !isIdle("mask", request());
}

QString MaskSection::summary() const {
    return !request().mask ? QString() : m_well->isMissing() ? tr("missing") : m_well->words();
}

void MaskSection::checkSize() {
    const auto& mask = m_well->picture();
    const bool fits = !mask || m_startSize.isEmpty() || mask->size == m_startSize;
    m_box->setHint(fits ? m_well->words()
                        : tr("This mask is %1, but the start picture is %2 × %3. Paint it anew, or take it "
                             "out.")
                              .arg(m_well->words())
                              .arg(m_startSize.width())
                              .arg(m_startSize.height()));
}

void MaskSection::paint() {
    if (!request().initImage) {
        return;
    }
    m_inputs.load(*request().initImage, this, [this](const Expected<QImage>& picture) {
        if (!picture) {
            m_box->setProblem(tr("The start picture is not on this computer any more. Choose it again."));
            return;
        }
        paintOn(*picture);
    });
}

void MaskSection::paintOn(const QImage& picture) {
    if (!request().mask) {
        return finish(picture, {});
    }
    m_inputs.load(*request().mask, this, [this, picture](const Expected<QImage>& mask) {
        // One of another size belongs to another picture.
        finish(picture, mask && mask->size() == picture.size() ? *mask : QImage());
    });
}

void MaskSection::finish(const QImage& picture, const QImage& mask) {
    if (!m_painting) {
        return;
    }
    const auto painted = m_painting(picture, mask);
    if (!painted) {
        return;
    }
    if (isBlack(*painted)) {
        m_well->remove();
    } else {
        m_well->takeImage(*painted);
    }
}

}  // namespace easel::ui
