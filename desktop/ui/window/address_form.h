// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLineEdit;
class QPushButton;

namespace easel::ui {

class FieldBox;

/// One line to say where the server is, with what is wrong with it beneath.
class AddressForm : public QWidget {
    Q_OBJECT

public:
    explicit AddressForm(QWidget* parent = nullptr);

    void setAddress(const QString& address);
    /// Why it does not work; empty when it does.
    void setProblem(const QString& sentence);
    void focusAddress();

Q_SIGNALS:
    void chosen(const QString& typed);

private:
    void choose();

    QLineEdit* m_edit;
    QPushButton* m_connect;
    FieldBox* m_box;
};

}  // namespace easel::ui
