// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>
#include <QTimer>
#include <QWidget>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "desktop/ui/panel/mask_section.h"
#include "desktop/ui/panel/offer.h"
#include "desktop/ui/panel/section.h"
#include "shared/protocol/addon_info.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/token_count.h"

class QScrollArea;

namespace easel::ui {

class FieldBox;
class Fold;
class GenerateFoot;
class KnobsSection;
class PromptEdit;
class SectionList;

/// Where a picture is asked for: the words, a few knobs and Generate. Holds one GenerationRequest; what the
/// person has not set stays unset in it, so that it follows the model. All limits and choices come from the
/// server; what the chosen model has no use for is not shown. Owned by the window.
class PromptPanel : public QWidget {
    Q_OBJECT

public:
    /// `inputs` keeps the pictures that are drawn from, and outlives the panel.
    explicit PromptPanel(gallery::InputFolder& inputs, QWidget* parent = nullptr);

    void setServer(const protocol::ServerInfo& info, const std::vector<protocol::ModelInfo>& models);
    void setAddons(const std::vector<protocol::AddonInfo>& addons);
    /// What “Paint mask…” does; without it there is no such button.
    void setMaskPainting(MaskPainting painting);
    /// `note` says what Generate does while the server is away; empty when it is there.
    void setOfflineNote(const QString& note);

    /// With what means nothing just now, such as the strength of a start picture that was taken out.
    const protocol::GenerationRequest& request() const { return m_request; }
    /// What another server allowed is brought within this one's limits; see request(). Without
    /// `requestChanged`.
    void setRequest(const protocol::GenerationRequest& request);
    void setPrompt(const QString& prompt);
    /// How the model reads the words; passed over when they are others by now. Empty: nobody can tell.
    void setPromptTokens(const protocol::TokenQuestion& question,
                         const std::optional<protocol::TokenCount>& count);
    void setNegativeTokens(const protocol::TokenQuestion& question,
                           const std::optional<protocol::TokenCount>& count);
    /// Begins with this file's picture from now on.
    void setStartPicture(const QString& path);
    /// The parts that are open, by names to be remembered.
    QStringList openParts() const;
    void setOpenParts(const QStringList& names);
    void setLastSeed(std::int64_t seed);
    /// Puts the problem at its field; false when no field here is at fault.
    bool showProblem(const protocol::Problem& problem);
    void clearProblems();
    void focusPrompt();
    /// Says that there is no prompt yet, or emits `generateRequested`.
    void generate();

Q_SIGNALS:
    void requestChanged(const easel::protocol::GenerationRequest& request);
    /// With request() as it is shown.
    void generateRequested(const easel::protocol::GenerationRequest& request);
    /// The model that is chosen now has no use for these, so they were taken out.
    void leftOut(const QStringList& fields);
    void openPartsChanged();
    /// A picture's file was dropped, for its settings.
    void settingsDropped(const QString& path);

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* buildKnobs(gallery::InputFolder& inputs);
    void connectFields();
    void connectSections();
    void setOffer(Offer offer);
    /// Fills the controls from the request and, where it is silent, from the model.
    void showRequest();
    /// Takes what is typed and not yet taken.
    void settle();
    void showWordHint();
    void changed(std::string_view field);
    /// A field of a section was edited.
    void taken(std::string_view field);
    void adoptModel();
    void leaveOutUnserved();
    /// Something that is plain before the server is asked; empty: nothing.
    std::optional<protocol::Problem> objection() const;

    protocol::GenerationRequest m_request;
    Offer m_offer;
    std::vector<PanelField> m_fields;
    QTimer m_wordHint;

    QScrollArea* m_scroll;
    PromptEdit* m_prompt;
    PromptEdit* m_negative;
    KnobsSection* m_knobs;
    FieldBox* m_promptBox;
    Fold* m_negativeFold;
    SectionList* m_sections;
    GenerateFoot* m_foot;
};

}  // namespace easel::ui
