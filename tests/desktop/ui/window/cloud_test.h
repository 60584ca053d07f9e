// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>

#include "desktop/remote/fingerprint.h"
#include "desktop/ui/parts/action_row.h"
#include "tests/desktop/ui/window/machine_app.h"

/// For tests of what the app shows of Google Cloud.
namespace easel::tests::cloud {

inline constexpr int kPatience = 20'000;  // milliseconds

/// The page, open.
struct Page {
    App& app;
    QPointer<QDialog> dialog;

    explicit Page(App& of) : app(of) {
        actionNamed(app, "Machines on &Google Cloud…")->trigger();
        dialog = app.find<QDialog>("cloudDialog");
    }
    template <typename T = QPushButton>
    T* find(const char* name) const {
        T* found = dialog->findChild<T*>(name);
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    bool isShown(const char* name) const { return find<QWidget>(name)->isVisible(); }
    QString text(const char* label) const { return find<QLabel>(label)->text(); }
    /// The button of the row in whose words `text` is found; one that goes is hidden at once.
    QPushButton* button(const QString& text, const char* name) const {
        for (auto* row : dialog->findChildren<ui::ActionRow*>()) {
            if (!row->isVisible() || !row->accessibleName().contains(text)) {
                continue;
            }
            for (auto* each : row->findChildren<QPushButton*>(name)) {
                if (each->isVisible()) {
                    return each;
                }
            }
        }
        return nullptr;
    }
    /// As soon as it can be pressed.
    bool press(const QString& text, const char* name) const {
        const auto isFree = [&] { return button(text, name) && button(text, name)->isEnabled(); };
        const bool isThere = QTest::qWaitFor(isFree, kPatience);
        if (isThere) {
            button(text, name)->click();
        }
        return isThere;
    }
    QString row(const QString& text) const {
        for (auto* each : dialog->findChildren<ui::ActionRow*>()) {
            if (each->isVisible() && each->accessibleName().contains(text)) {
                return each->accessibleName();
            }
        }
        return {};
    }
    bool isPriced() const {
        return QTest::qWaitFor([this] { return find("makeMachineButton")->isEnabled(); }, kPatience);
    }
};

/// The line with a code for this server.
inline QString pairingFor(const FakeEasel& server, const Identity& identity) {
    return pairingLine(*server.ticket, remote::fingerprintOf(identity.certificate));
}

inline void press(QMessageBox* question, QMessageBox::ButtonRole role) {
    for (auto* button : question->buttons()) {
        if (question->buttonRole(button) == role) {
            return button->click();
        }
    }
    qFatal("no such button");
}

/// An app with a stand-in for easel-gcp with which all is well.
class CloudTest : public WindowTest {
protected:
    void beginWithCloud() {
        QLocale::setDefault(QLocale::c());  // its words hold amounts of money
        begin();
        m_scenes = std::make_unique<Scenes>(folder() + "/scenes");
        allIsWell(*m_scenes);
    }

    std::unique_ptr<Scenes> m_scenes;
};

}  // namespace easel::tests::cloud
