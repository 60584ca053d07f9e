// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/control_row.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QSignalBlocker>
#include <QToolButton>

#include <algorithm>
#include <utility>

#include "desktop/ui/panel/addon_picker.h"
#include "desktop/ui/panel/picture_well.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_slider.h"
#include "desktop/ui/parts/wheel_guard.h"

namespace easel::ui {

namespace {

constexpr double kUsualScale = 2;  ///< where the slider ends

}  // namespace

ControlRow::ControlRow(gallery::InputFolder& inputs, QWidget* parent)
    : QWidget(parent),
      m_net(new QComboBox(this)),
      m_remove(new QToolButton(this)),
      m_well(new PictureWell(inputs, tr("ControlNet picture"), this)),
      m_scale(new NumberSlider(tr("Scale"), 2, 0.05, this)),
      m_start(new NumberSlider(tr("From"), 2, 0.05, this)),
      m_end(new NumberSlider(tr("To"), 2, 0.05, this)) {
    m_net->setObjectName("controlNetBox");
    m_net->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_net->setMinimumContentsLength(8);
    new WheelGuard(m_net);
    m_remove->setObjectName("removeControlButton");
    m_remove->setIcon(icon(QStringLiteral("close")));
    m_remove->setAutoRaise(true);
    m_remove->setFocusPolicy(Qt::StrongFocus);
    m_remove->setToolTip(tr("Take this ControlNet out"));
    m_well->setObjectName("controlWell");
    m_scale->setObjectName("controlScaleField");
    m_scale->setToolTip(tr("How much it is held to: 0 not at all, 1 as it was trained"));
    m_scale->setRange(0, protocol::kMaxAdditionWeight, kUsualScale);
    m_start->setObjectName("controlStartField");
    m_start->setToolTip(tr("After how much of the steps it begins: 0 to 1"));
    m_start->setRange(0, 1, 1);
    m_end->setObjectName("controlEndField");
    m_end->setToolTip(tr("After how much of the steps it ends: 0 to 1"));
    m_end->setRange(0, 1, 1);

    using Place = FieldBox::Place;
    m_picture = new FieldBox({}, Place::Above, m_well, m_well->input(), this);
    auto* head = new QHBoxLayout;
    head->setSpacing(kUnit / 2);
    head->addWidget(m_net, 1);
    head->addWidget(m_remove);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, kUnit);
    column->setSpacing(kUnit);
    column->addLayout(head);
    column->addWidget(m_picture);
    column->addWidget(new FieldBox(tr("Scale"), Place::Before, m_scale, m_scale->box(), this));
    column->addWidget(new FieldBox(tr("From"), Place::Before, m_start, m_start->box(), this));
    column->addWidget(new FieldBox(tr("To"), Place::Before, m_end, m_end->box(), this));

    connect(m_remove, &QToolButton::clicked, this, &ControlRow::removed);
    connect(m_net, &QComboBox::activated, this, &ControlRow::change);
    for (NumberSlider* slider : {m_scale, m_start, m_end}) {
        connect(slider, &NumberSlider::edited, this, &ControlRow::change);
    }
    connect(m_well, &PictureWell::chosen, this, [this](const std::string& id) {
        m_picture->setProblem({});
        m_use.image = id;
        Q_EMIT edited(m_use);
    });
    connect(m_well, &PictureWell::removed, this, [this] {
        m_use.image.clear();
        Q_EMIT edited(m_use);
    });
    connect(m_well, &PictureWell::refused, m_picture, &FieldBox::setProblem);
    connect(m_well, &PictureWell::looked, this, [this] { m_picture->setHint(m_well->words()); });
}

void ControlRow::show(const protocol::ControlUse& use, const std::vector<protocol::AddonInfo>& nets,
                      int number) {
    m_use = use;
    const QSignalBlocker quiet(m_net);
    m_net->clear();
    for (const protocol::AddonInfo& net : nets) {
        m_net->addItem(addonTitle(net), QString::fromStdString(net.name));
        m_net->setItemData(m_net->count() - 1, addonAbout(net), Qt::ToolTipRole);
    }
    const QString name = QString::fromStdString(use.model);
    if (!name.isEmpty() && m_net->findData(name) < 0) {
        m_net->addItem(tr("%1 (not at this server)").arg(name), name);
    }
    m_net->setCurrentIndex(m_net->findData(name));
    m_net->setAccessibleName(tr("ControlNet %1").arg(number));
    m_net->setToolTip(m_net->currentData(Qt::ToolTipRole).toString());
    m_remove->setAccessibleName(tr("Take ControlNet %1 out").arg(number));
    m_well->setPicture(use.image.empty() ? std::nullopt : std::optional(use.image));
    m_scale->setValue(use.scale);
    m_start->setValue(use.start);
    m_end->setValue(use.end);
}

void ControlRow::change() {
    m_use.model = m_net->currentData().toString().toStdString();
    m_use.scale = m_scale->value();
    m_use.start = m_start->value();
    m_use.end = m_end->value();
    Q_EMIT edited(m_use);
}

}  // namespace easel::ui
