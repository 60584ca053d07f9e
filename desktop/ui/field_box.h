// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;

namespace easel::ui {

/// A control with its label before (or above) it and, beneath, what is wrong with its value or good to know
/// about it.
class FieldBox : public QWidget {
    Q_OBJECT

public:
    enum class Place { Above, Before };

    /// `label` may carry a mnemonic (&) that leads to `focus`, the part of `control` that takes input.
    FieldBox(const QString& label, Place place, QWidget* control, QWidget* focus, QWidget* parent = nullptr);

    /// The server's own sentence; empty takes it away.
    void setProblem(const QString& sentence);
    bool hasProblem() const { return !m_problem.isEmpty(); }
    /// Shown while nothing is wrong; empty takes it away.
    void setHint(const QString& sentence);

protected:
    void changeEvent(QEvent* event) override;

private:
    void showNote();

    QString m_problem;
    QString m_hint;
    QLabel* m_note;
};

}  // namespace easel::ui
