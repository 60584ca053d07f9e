// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>

#include <functional>
#include <optional>

#include "desktop/ui/panel/section.h"

class QPushButton;

namespace easel::gallery {
class InputFolder;
}

namespace easel::ui {

class PictureWell;
class TableFields;

/// Lets the person paint on `picture`, beginning with `mask` (null: with nothing), and returns the mask:
/// grey, as large as the picture, white where it is drawn anew; black throughout takes the mask away. Nothing
/// when they thought better of it.
using MaskPainting = std::function<std::optional<QImage>(const QImage& picture, const QImage& mask)>;

/// The part of the start picture that is drawn anew.
class MaskSection : public Section {
    Q_OBJECT

public:
    MaskSection(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                QWidget* parent = nullptr);

    /// Without it a mask can only be opened.
    void setPainting(MaskPainting painting);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;

private:
    /// Says where the mask is not as large as the start picture.
    void checkSize();
    void paint();
    void paintOn(const QImage& picture);
    void finish(const QImage& picture, const QImage& mask);

    gallery::InputFolder& m_inputs;
    MaskPainting m_painting;
    QPushButton* m_paint;
    PictureWell* m_well;
    FieldBox* m_box;
    TableFields* m_table;
    std::optional<std::string> m_start;  ///< the start picture that was shown last
    QSize m_startSize;                   ///< pixels; empty while it is not known
};

}  // namespace easel::ui
