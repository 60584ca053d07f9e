// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/section.h"

#include <QVBoxLayout>

#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

Section::Section(protocol::GenerationRequest& request, QWidget* parent)
    : QWidget(parent), m_request(request) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, kUnit);  // apart from the next heading
    column->setSpacing(kUnit);
}

void Section::add(std::string_view name, FieldBox* box, QWidget* input) {
    add(box);
    m_fields.push_back({name, box, input});
}

void Section::add(QWidget* widget) {
    layout()->addWidget(widget);
}

void Section::add(const std::vector<PanelField>& fields) {
    m_fields.insert(m_fields.end(), fields.begin(), fields.end());
}

bool Section::isReached(const QWidget& control) const {
    return control.focusPolicy() & Qt::TabFocus && control.focusProxy() == nullptr &&
           control.window() == window();
}

void Section::reachBefore(QWidget* next, const QWidget& made) const {
    QWidget* before = next->previousInFocusChain();
    for (auto* control : made.findChildren<QWidget*>()) {
        if (isReached(*control)) {
            setTabOrder(before, control);
            before = control;
        }
    }
}

}  // namespace easel::ui
