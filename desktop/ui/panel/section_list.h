// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>
#include <QWidget>

#include <string_view>
#include <utility>
#include <vector>

#include "desktop/ui/panel/mask_section.h"
#include "desktop/ui/panel/offer.h"

namespace easel::gallery {
class InputFolder;
}

namespace easel::ui {

class Fold;
class Section;
class StartSection;

/// The parts of the panel that fold away, each of which is seen where the model has a use for it. Owned by
/// the panel.
class SectionList : public QWidget {
    Q_OBJECT

public:
    /// `request` is the panel's, as for Section. `named` are the fields that the panel has controls for
    /// itself.
    SectionList(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                const std::vector<std::string_view>& named, QWidget* parent = nullptr);

    void show(const Offer& offer);
    /// By keyboard its parts come after `before`, in the order in which they stand.
    void reachAfter(QWidget* before);
    const std::vector<PanelField>& fields() const { return m_fields; }
    /// Opens the part in which `field` is; false where it is out of sight.
    bool reveal(const PanelField& field);
    /// Those that are open, by their names.
    QStringList open() const;
    void setOpen(const QStringList& names);
    StartSection& start() const { return *m_start; }
    void setMaskPainting(MaskPainting painting) { m_mask->setPainting(std::move(painting)); }

Q_SIGNALS:
    /// The person changed a field.
    void edited(std::string_view field);
    /// The person opened or closed a part.
    void toggled();
    void sizeWanted(const QSize& pixels);
    void wordsWanted(const QString& words);

private:
    struct Part {
        const char* name;
        Section* section;
        Fold* fold;
    };

    void add(const char* name, const QString& title, Section* section);

    std::vector<Part> m_parts;
    std::vector<PanelField> m_fields;
    StartSection* m_start;
    MaskSection* m_mask;
};

}  // namespace easel::ui
