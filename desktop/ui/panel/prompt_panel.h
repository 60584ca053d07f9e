// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTimer>
#include <QWidget>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"
#include "shared/protocol/token_count.h"

class QScrollArea;
class QSpinBox;

namespace easel::ui {

class FieldBox;
class Fold;
class GenerateFoot;
class ModelFields;
class NumberSlider;
class OtherNumbers;
class PromptEdit;
class SeedField;
class SizeField;

/// Where a picture is asked for: the words, a few knobs and Generate. Holds one GenerationRequest; what the
/// person has not set stays unset in it, so that it follows the model. All limits and choices come from the
/// server. Owned by the window.
class PromptPanel : public QWidget {
    Q_OBJECT

public:
    explicit PromptPanel(QWidget* parent = nullptr);

    void setServer(const protocol::ServerInfo& info, const std::vector<protocol::ModelInfo>& models);
    /// `note` says what Generate does while the server is away; empty when it is there.
    void setOfflineNote(const QString& note);

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

private:
    /// What the controls are filled from.
    struct Offer {
        protocol::Limits limits;
        std::vector<protocol::SamplerInfo> samplers;
        std::string defaultModel;
        std::vector<protocol::ModelInfo> models;

        bool operator==(const Offer&) const = default;
    };
    struct Field {
        std::string_view name;  ///< JSON
        FieldBox* box;
        QWidget* input;  ///< what is outlined
    };

    QWidget* buildKnobs();
    void buildModelPart();
    void buildOtherNumbers();
    void connectFields();
    void applyLimits();
    /// Fills the controls from the request and, where it is silent, from the model.
    void showRequest();
    /// Takes what is typed and not yet taken.
    void settle();
    void showWordHint();
    void changed(std::string_view field);
    void adoptModel(const std::string& id);

    protocol::GenerationRequest m_request;
    Offer m_offer;
    std::vector<Field> m_fields;
    QTimer m_wordHint;

    QScrollArea* m_scroll;
    PromptEdit* m_prompt;
    PromptEdit* m_negative;
    SizeField* m_size;
    NumberSlider* m_steps;
    NumberSlider* m_guidance;
    SeedField* m_seed;
    QSpinBox* m_count;
    ModelFields* m_modelFields;
    OtherNumbers* m_others;
    FieldBox* m_promptBox;
    Fold* m_negativeFold;
    Fold* m_modelFold;
    GenerateFoot* m_foot;
};

}  // namespace easel::ui
