// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLineEdit;
class QPushButton;

namespace easel::ui {

class FieldBox;

/// One line to say where the server is, by its address or by a code that it has made, with what is wrong with
/// it beneath. A code or a key does not stay in it.
class AddressForm : public QWidget {
    Q_OBJECT

public:
    explicit AddressForm(QWidget* parent = nullptr);

    void setAddress(const QString& address);
    /// Why what was typed does not work; stays until something else is typed.
    void setProblem(const QString& sentence);
    /// What keeps the server away, where nothing is wrong with what was typed; empty when nothing does.
    void setTrouble(const QString& sentence);
    /// What was typed is being tried.
    void setBusy(bool busy);
    void focusAddress();

Q_SIGNALS:
    void chosen(const QString& typed);

private:
    void choose();
    void showNote();

    QLineEdit* m_edit;
    QPushButton* m_connect;
    FieldBox* m_box;
    QString m_problem;
    QString m_trouble;
};

}  // namespace easel::ui
