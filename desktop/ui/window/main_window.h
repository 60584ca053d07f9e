// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QMainWindow>

#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

class QAction;
class QLineEdit;
class QSettings;
class QSlider;
class QSplitter;
class QVBoxLayout;

namespace easel::cloud {
struct Cloud;
}

namespace easel::gallery {
class PictureModel;
class PictureStore;
}  // namespace easel::gallery

namespace easel::remote {
class LocalServer;
class ServerLink;
}  // namespace easel::remote

namespace easel::studio {
class Studio;
}

namespace easel::ui {

class CloudGuide;
class ConnectPage;
class ConnectionDesk;
class Library;
class MachineStrip;
class ServerChip;
class StatusBar;
class PromptPanel;
class Theme;

/// The window: tool bar, panel, library, status line; joins them to the studio. Owned by main; GUI thread.
class MainWindow : public QMainWindow {
    Q_OBJECT

public:
    /// All owned by main and outliving the window.
    struct Collaborators {
        studio::Studio& studio;
        remote::ServerLink& link;
        remote::LocalServer& local;
        cloud::Cloud& cloud;
        gallery::PictureModel& model;
        gallery::PictureStore& store;
        QSettings& settings;
        Theme& theme;
    };

    explicit MainWindow(Collaborators collaborators);

    /// Something is wrong that has no place of its own.
    void warn(const protocol::Problem& problem);
    /// Comes to the front, and asks whether to follow `link`, which came from outside; empty: only the
    /// former.
    void open(const QString& link);

protected:
    void closeEvent(QCloseEvent* event) override;

private:
    QWidget* buildToolBar();
    void fillMenu(QMenu& menu);
    void addShortcuts();
    void connectPanel();
    /// Has the panel show it, as if the person had typed it.
    void adopt(const protocol::GenerationRequest& request);
    void countTokens(const protocol::GenerationRequest& request);
    void connectLibrary();
    void connectStudio();
    void restore();
    void showModels();
    void showStatus();
    void cancelAll();
    void undo();
    void showUndo();
    void setThumbnailSize(int edge);
    void toggleFullScreen();
    /// Everything but the library hides.
    void setPictureOnly(bool on);

    Collaborators m_deps;
    ServerChip* m_chip;
    ConnectPage* m_connect;
    ConnectionDesk* m_desk;
    CloudGuide* m_guide;
    MachineStrip* m_strip;
    QLineEdit* m_search;
    QSlider* m_thumbnails;
    QSplitter* m_splitter;
    QVBoxLayout* m_column;
    PromptPanel* m_panel;
    bool m_panelShown = true;  ///< unless nothing but the picture is
    Library* m_library;
    StatusBar* m_status;
    QAction* m_undo;
    bool m_undoesCancel = false;  ///< the last thing that can be undone is Cancel all
};

}  // namespace easel::ui
