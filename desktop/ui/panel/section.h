// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <string_view>
#include <vector>

#include "desktop/ui/panel/offer.h"
#include "shared/protocol/generation.h"

namespace easel::ui {

class FieldBox;

/// A field of a request in the panel.
struct PanelField {
    std::string_view name;  ///< JSON
    FieldBox* box;
    QWidget* input;  ///< what is outlined
};

/// A part of the panel that folds away: some fields of the panel's request, which it writes when the person
/// edits them. Owned by the panel.
class Section : public QWidget {
    Q_OBJECT

public:
    /// `request` is the panel's, and outlives this.
    explicit Section(protocol::GenerationRequest& request, QWidget* parent = nullptr);

    /// Fills the controls from the request and brings it within what is offered.
    virtual void show(const Offer& offer) = 0;
    /// There is something to see.
    virtual bool isWanted(const Offer& offer) const = 0;
    /// What is set, in a few words; empty: nothing.
    virtual QString summary() const = 0;
    const std::vector<PanelField>& fields() const { return m_fields; }
    /// By keyboard, as a control of the page: not as a part of another, nor in a list that pops up.
    bool isReached(const QWidget& control) const;

Q_SIGNALS:
    /// The person changed a field, by its name.
    void edited(std::string_view field);
    /// summary() says something else now.
    void summaryChanged();

protected:
    protocol::GenerationRequest& request() const { return m_request; }
    /// `box` is owned by the section, and comes beneath what is there.
    void add(std::string_view name, FieldBox* box, QWidget* input);
    void add(QWidget* widget);
    void add(const std::vector<PanelField>& fields);
    /// What was made just now is reached by keyboard where it stands: before `next`.
    void reachBefore(QWidget* next, const QWidget& made) const;

private:
    protocol::GenerationRequest& m_request;
    std::vector<PanelField> m_fields;
};

}  // namespace easel::ui
