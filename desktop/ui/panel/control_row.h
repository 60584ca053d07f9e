// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <vector>

#include "shared/protocol/addition.h"
#include "shared/protocol/addon_info.h"

class QComboBox;
class QToolButton;

namespace easel::gallery {
class InputFolder;
}

namespace easel::ui {

class FieldBox;
class NumberSlider;
class PictureWell;

/// One ControlNet: the picture that it holds to, how much, and during which part of the steps. Owned by a
/// ControlSection.
class ControlRow : public QWidget {
    Q_OBJECT

public:
    explicit ControlRow(gallery::InputFolder& inputs, QWidget* parent = nullptr);

    /// `nets` are those of the server.
    void show(const protocol::ControlUse& use, const std::vector<protocol::AddonInfo>& nets, int number);

Q_SIGNALS:
    void edited(const easel::protocol::ControlUse& use);
    void removed();

private:
    void change();

    protocol::ControlUse m_use;
    QComboBox* m_net;
    QToolButton* m_remove;
    PictureWell* m_well;
    FieldBox* m_picture;
    NumberSlider* m_scale;
    NumberSlider* m_start;
    NumberSlider* m_end;
};

}  // namespace easel::ui
