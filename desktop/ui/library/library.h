// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSortFilterProxyModel>
#include <QWidget>

#include <functional>
#include <optional>

#include "desktop/gallery/picture.h"
#include "desktop/gallery/picture_filter.h"
#include "desktop/gallery/picture_store.h"
#include "shared/protocol/problem.h"

class QLineEdit;
class QMenu;
class QSettings;
class QStackedWidget;

namespace easel::gallery {
class PictureModel;
}  // namespace easel::gallery

namespace easel::remote {
class AddonDesk;
class ServerLink;
}  // namespace easel::remote

namespace easel::ui {

class EmptyPage;
class GalleryView;
class LargeView;
class NoMatchPage;
class NoticeBar;

/// The right side of the window: the grid, one picture large in its place, or, while there are none, a page
/// that says how to get some. What can be done with pictures is done here. Owned by the window.
class Library : public QWidget {
    Q_OBJECT

public:
    /// All outlive the library.
    struct Collaborators {
        gallery::PictureModel& model;
        gallery::PictureStore& store;
        remote::ServerLink& link;
        remote::AddonDesk& addons;
        QSettings& settings;
    };

    /// `connectPage` is shown while there is neither a picture nor a server; it becomes the library's child.
    Library(Collaborators collaborators, QWidget* connectPage, QWidget* parent = nullptr);

    /// Its words narrow the grid; Down and Return lead from it to the results, Escape clears it.
    void setSearchField(QLineEdit* field);
    void setThumbnailSize(int edge);
    /// Something is wrong that has no place of its own.
    void warn(const protocol::Problem& problem);
    bool isLarge() const;
    /// One line about what was just done, with a way back.
    void offerUndo(const QString& text, std::function<void()> undo);
    /// Something has happened that nobody has to do anything about.
    void inform(const QString& words);
    /// The model that is chosen has no use for these fields, so the panel has taken them out.
    void tellUnserved(const QStringList& fields);
    void closeNotice();
    /// In the full screen the large view shows nothing but the picture.
    void setFullScreen(bool on);
    bool eventFilter(QObject* watched, QEvent* event) override;

public Q_SLOTS:
    void exportPictures();
    void copyPictures();
    void copyPrompt();
    void copySeed();
    void useSettings();
    /// Those of any picture's file.
    void useSettingsOf(const QString& path);
    /// The chosen picture is to be drawn from.
    void usePicture();
    void showFiles();
    /// Looks at the folder again.
    void refresh();
    void deletePictures();
    void undoDelete();
    /// What was deleted, to bring it back or to be rid of it.
    void showTrash();

Q_SIGNALS:
    void promptChosen(const QString& prompt);
    /// There is a server now, and the keyboard was where it was asked for.
    void promptWanted();
    /// Without a model: the one that is chosen stays.
    void useSettingsRequested(const easel::protocol::GenerationRequest& request);
    /// A picture's file is to be drawn from.
    void usePictureRequested(const QString& path);
    void cancelRequested(const QString& id);
    void retryRequested(const QString& id);
    void dismissRequested(const QString& id);
    void fetchModelRequested(const QString& id);
    void sendHereRequested(const QString& id);
    /// Pictures that match the search, all, and those that are selected.
    void countsChanged(int shown, int total, int selected);
    /// Whether nothing but the picture is to be seen in the window.
    void pictureOnlyChanged(bool on);
    void fullScreenLeft();

private:
    void connectViews();
    void connectSources();
    void setSearch(const QString& text);
    void count();
    void hold();
    void showMenu(const QPoint& at);
    void fillMenu(QMenu& menu, const QString& tile);
    QWidget* pageToShow() const;
    bool neverConnected() const;
    void offerConnecting();
    void choosePage();
    void turnTo(QWidget* page);
    void openLarge(const QString& path);
    void closeLarge();
    void showRestored(const QStringList& paths);
    void showProgress(gallery::PictureStore::Work work, int done, int total);
    /// In the large view the one in sight, in the grid the selected ones.
    QStringList chosenPaths() const;
    QList<gallery::Picture> picturesOf(const QStringList& paths) const;
    void takeOver(const gallery::Picture& picture);

    Collaborators m_deps;
    gallery::PictureFilter m_found;
    QSortFilterProxyModel m_pictures;  ///< those of m_found that are there, without pending tiles
    QString m_search;
    std::optional<QStringList> m_left;  ///< while settings are taken over: which are not
    bool m_listed = false;
    bool m_offersServer = false;
    bool m_asksForServer = false;  ///< jobs wait, but there never was a server: the page for one is wanted
    bool m_fullScreen = false;
    QLineEdit* m_searchField = nullptr;
    QStackedWidget* m_pages;
    QWidget* m_blank;
    GalleryView* m_grid;
    LargeView* m_large;
    EmptyPage* m_empty;
    QWidget* m_connect;
    NoMatchPage* m_noMatch;
    NoticeBar* m_notice;
};

}  // namespace easel::ui
