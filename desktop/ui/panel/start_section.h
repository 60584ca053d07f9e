// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSize>

#include "desktop/ui/panel/section.h"

namespace easel::gallery {
class InputFolder;
}

namespace easel::ui {

class PictureWell;
class TableFields;

/// A picture to begin with instead of noise alone, and how much of it may change.
class StartSection : public Section {
    Q_OBJECT

public:
    StartSection(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                 QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;
    PictureWell& well() const { return *m_well; }

Q_SIGNALS:
    /// The picture is to be as large as the start picture.
    void sizeWanted(const QSize& pixels);

private:
    PictureWell* m_well;
    FieldBox* m_box;
    TableFields* m_table;
};

}  // namespace easel::ui
