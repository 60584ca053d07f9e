// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QComboBox;
class QLineEdit;
class QPushButton;

namespace easel::cloud {
class CloudDesk;
struct Model;
}  // namespace easel::cloud

namespace easel::ui {

class FieldBox;

/// The model of a new machine: one of a short list, or any other of the hub by its name; with its licence,
/// and the token that a model needs whose licence has to be accepted. Owned by the form.
class ModelChoice : public QWidget {
    Q_OBJECT

public:
    /// `desk` outlives it.
    explicit ModelChoice(cloud::CloudDesk& desk, QWidget* parent = nullptr);

    void refresh();
    /// OWNER/NAME; empty: the small one that comes with Easel.
    QString name() const;
    /// The hub's; empty where none is asked for.
    QByteArray token() const;
    bool isWhole() const;

Q_SIGNALS:
    void edited();

private:
    const cloud::Model* known() const;
    bool isStarter() const;
    void check();

    cloud::CloudDesk& m_desk;
    QComboBox* m_model;
    QPushButton* m_licence;
    FieldBox* m_modelBox;
    QLineEdit* m_token;
    FieldBox* m_tokenBox;
};

}  // namespace easel::ui
