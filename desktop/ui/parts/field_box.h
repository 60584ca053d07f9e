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
    void setHint(const QString& text);
    /// Room for so many lines stays under the control, so that nothing moves when a hint comes and goes. Each
    /// of its lines is cut to the width; the tooltip has all of it.
    void keepRoom(int lines);

protected:
    void changeEvent(QEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void showNote();

    QString m_problem;
    QString m_hint;
    int m_room = 0;  ///< lines
    QLabel* m_note;
};

}  // namespace easel::ui
