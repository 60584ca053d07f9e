// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/section_list.h"

#include <QVBoxLayout>

#include <algorithm>

#include "desktop/ui/panel/control_section.h"
#include "desktop/ui/panel/lora_section.h"
#include "desktop/ui/panel/model_section.h"
#include "desktop/ui/panel/refiner_section.h"
#include "desktop/ui/panel/start_section.h"
#include "desktop/ui/panel/table_section.h"
#include "desktop/ui/panel/variation_section.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/words.h"
#include "shared/protocol/generation_fields.h"

namespace easel::ui {

namespace {

using protocol::FieldGroup;

std::vector<std::string_view> namesOf(FieldGroup group) {
    std::vector<std::string_view> names;
    protocol::forEachField([&](const auto& row) {
        if (row.group == group) {
            names.emplace_back(row.name);
        }
    });
    return names;
}

/// How a picture is watched while it is drawn is no matter of the picture.
bool isElsewhere(std::string_view name) {
    const auto names = namesOf(FieldGroup::Watching);
    return std::ranges::find(names, name) != names.end();
}

/// A child is hidden, too, as long as nothing was said of it and its parent has not been seen.
bool isTakenAway(const QWidget& widget) {
    return widget.isHidden() && widget.testAttribute(Qt::WA_WState_ExplicitShowHide);
}

}  // namespace

SectionList::SectionList(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                         const std::vector<std::string_view>& named, QWidget* parent)
    : QWidget(parent),
      m_start(new StartSection(request, inputs, this)),
      m_mask(new MaskSection(request, inputs, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    auto* loras = new LoraSection(request, this);
    add("model", tr("Model, sampler"), new ModelSection(request, this));
    add("start", groupTitle(FieldGroup::Start), m_start);
    add("mask", groupTitle(FieldGroup::Mask), m_mask);
    add("extend", groupTitle(FieldGroup::Extend),
        new TableSection(request, namesOf(FieldGroup::Extend), this));
    add("loras", tr("LoRAs"), loras);
    add("controls", tr("ControlNets"), new ControlSection(request, inputs, this));
    add("hires", groupTitle(FieldGroup::Hires), new TableSection(request, namesOf(FieldGroup::Hires), this));
    add("variation", groupTitle(FieldGroup::Variation), new VariationSection(request, this));
    add("refiner", groupTitle(FieldGroup::Refiner), new RefinerSection(request, this));
    auto words = namesOf(FieldGroup::Words);
    words.insert(words.begin(), "clip_skip");
    add("words", groupTitle(FieldGroup::Words), new TableSection(request, words, this));
    add("sizes", groupTitle(FieldGroup::Sizes), new TableSection(request, namesOf(FieldGroup::Sizes), this));
    add("acceleration", groupTitle(FieldGroup::Acceleration),
        new TableSection(request, namesOf(FieldGroup::Acceleration), this));

    // What is new in the protocol is shown by itself.
    std::vector<std::string_view> others;
    protocol::forEachField([&](const auto& row) {
        const std::string_view name = row.name;
        if (std::ranges::find(named, name) == named.end() && !isElsewhere(name) &&
            std::ranges::find(m_fields, name, &PanelField::name) == m_fields.end()) {
            others.push_back(name);
        }
    });
    add("others", tr("More"), new TableSection(request, others, this));

    connect(m_start, &StartSection::sizeWanted, this, &SectionList::sizeWanted);
    connect(loras, &LoraSection::wordsWanted, this, &SectionList::wordsWanted);
}

void SectionList::add(const char* name, const QString& title, Section* section) {
    auto* fold = new Fold(title, section, this);
    fold->setObjectName(QLatin1String(name) + QStringLiteral("Fold"));
    layout()->addWidget(fold);
    m_parts.push_back({name, section, fold});
    m_fields.insert(m_fields.end(), section->fields().begin(), section->fields().end());
    connect(section, &Section::edited, this, &SectionList::edited);
    connect(section, &Section::summaryChanged, fold,
            [fold, section] { fold->setSummary(section->summary()); });
    connect(fold, &Fold::toggled, this, &SectionList::toggled);
}

void SectionList::show(const Offer& offer) {
    for (const Part& part : m_parts) {
        part.section->show(offer);
        part.fold->setSummary(part.section->summary());
        part.fold->setVisible(part.section->isWanted(offer));
    }
}

void SectionList::reachAfter(QWidget* before) {
    const auto reach = [&before](QWidget* next) {
        setTabOrder(before, next);
        before = next;
    };
    for (const Part& part : m_parts) {
        reach(part.fold->heading());
        for (auto* control : part.section->findChildren<QWidget*>()) {
            if (part.section->isReached(*control)) {
                reach(control);
            }
        }
    }
}

bool SectionList::reveal(const PanelField& field) {
    for (const Part& part : m_parts) {
        if (part.section->isAncestorOf(field.box)) {
            if (isTakenAway(*part.fold) || isTakenAway(*field.box)) {
                return false;
            }
            part.fold->setOpen(true);
        }
    }
    return true;
}

QStringList SectionList::open() const {
    QStringList names;
    for (const Part& part : m_parts) {
        if (part.fold->isOpen()) {
            names << QLatin1String(part.name);
        }
    }
    return names;
}

void SectionList::setOpen(const QStringList& names) {
    for (const Part& part : m_parts) {
        part.fold->setOpen(names.contains(QLatin1String(part.name)));
    }
}

}  // namespace easel::ui
