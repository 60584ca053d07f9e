// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/library.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPointer>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/server_link.h"
#include "desktop/ui/library/empty_pages.h"
#include "desktop/ui/library/gallery_view.h"
#include "desktop/ui/library/large_view.h"
#include "desktop/ui/parts/notice_bar.h"

namespace easel::ui {

using gallery::PictureModel;

Library::Library(Collaborators collaborators, QWidget* connectPage, QWidget* parent)
    : QWidget(parent),
      m_deps(collaborators),
      m_pages(new QStackedWidget(this)),
      m_blank(new QWidget(this)),
      m_connect(connectPage) {
    setObjectName("library");
    m_found.setSourceModel(&m_deps.model);
    m_pictures.setFilterRole(PictureModel::PathRole);
    m_pictures.setFilterRegularExpression(QStringLiteral("."));
    m_pictures.setSourceModel(&m_found);

    m_grid = new GalleryView(this);
    m_grid->setObjectName("galleryView");
    m_grid->setModel(&m_found);
    m_large = new LargeView(&m_pictures, this);
    m_empty = new EmptyPage(this);
    m_noMatch = new NoMatchPage(this);
    for (QWidget* page :
         std::initializer_list<QWidget*>{m_blank, m_grid, m_large, m_empty, m_connect, m_noMatch}) {
        m_pages->addWidget(page);
    }
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_pages);
    m_notice = new NoticeBar(this);

    const auto addShortcut = [this](const QKeySequence& keys, void (Library::*act)()) {
        auto* action = new QAction(this);
        action->setShortcut(keys);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        connect(action, &QAction::triggered, this, act);
        addAction(action);
    };
    addShortcut(QKeySequence::Copy, &Library::copyPictures);
    addShortcut(QKeySequence::Refresh, &Library::refresh);
    connectViews();
    connectSources();
    choosePage();
}

void Library::connectViews() {
    connect(m_grid, &GalleryView::opened, this,
            [this](const QModelIndex& index) { openLarge(index.data(PictureModel::PathRole).toString()); });
    connect(m_grid, &GalleryView::deleteRequested, this, &Library::deletePictures);
    connect(m_grid, &GalleryView::cancelRequested, this, &Library::cancelRequested);
    connect(m_grid, &GalleryView::retryRequested, this, &Library::retryRequested);
    connect(m_grid, &GalleryView::dismissRequested, this, &Library::dismissRequested);
    connect(m_grid, &GalleryView::fetchModelRequested, this, &Library::fetchModelRequested);
    connect(m_grid, &GalleryView::sendHereRequested, this, &Library::sendHereRequested);
    connect(m_large, &LargeView::closed, this, &Library::closeLarge);
    connect(m_large, &LargeView::exportRequested, this, &Library::exportPictures);
    connect(m_large, &LargeView::copyRequested, this, &Library::copyPictures);
    connect(m_large, &LargeView::deleteRequested, this, &Library::deletePictures);
    connect(m_large, &LargeView::useSettingsRequested, this, &Library::useSettings);
    connect(m_large, &LargeView::usePictureRequested, this, &Library::usePicture);
    connect(m_large, &LargeView::copyPromptRequested, this, &Library::copyPrompt);
    connect(m_large, &LargeView::showInFolderRequested, this, &Library::showFiles);
    connect(m_large, &LargeView::detailsShownChanged, this,
            [this](bool shown) { preferences::kDetailsShown.set(m_deps.settings, shown); });
    m_large->setDetailsShown(preferences::kDetailsShown.of(m_deps.settings));
    connect(m_grid, &GalleryView::menuRequested, this, &Library::showMenu);
    connect(m_large, &QWidget::customContextMenuRequested, this,
            [this](const QPoint& at) { showMenu(m_large->mapToGlobal(at)); });
    connect(m_grid, &GalleryView::selectionCountChanged, this, &Library::count);
    connect(m_grid, &GalleryView::scrolled, this, &Library::hold);
    connect(&m_found, &gallery::PictureFilter::heldChanged, m_grid, &GalleryView::setNewAbove);
    connect(m_empty, &EmptyPage::promptChosen, this, &Library::promptChosen);
}

void Library::connectSources() {
    connect(&m_deps.store, &gallery::PictureStore::listed, this, [this] {
        m_listed = true;
        choosePage();
    });
    connect(&m_deps.store, &gallery::PictureStore::failed, this, &Library::warn);
    connect(&m_deps.store, &gallery::PictureStore::restored, this, &Library::showRestored);
    connect(&m_deps.store, &gallery::PictureStore::progress, this, &Library::showProgress);
    connect(&m_found, &QAbstractItemModel::rowsInserted, this, [this] {
        m_asksForServer = m_offersServer = false;
        offerConnecting();
    });
    connect(&m_deps.link, &remote::ServerLink::stateChanged, this, &Library::offerConnecting);
    connect(&m_found, &QAbstractItemModel::rowsInserted, this, &Library::choosePage);
    connect(&m_found, &QAbstractItemModel::rowsRemoved, this, &Library::choosePage);
    connect(&m_found, &QAbstractItemModel::modelReset, this, &Library::choosePage);
    connect(&m_pictures, &QAbstractItemModel::rowsInserted, this, &Library::count);
    connect(&m_pictures, &QAbstractItemModel::rowsRemoved, this, &Library::count);
    connect(&m_pictures, &QAbstractItemModel::modelReset, this, &Library::count);
    connect(&m_deps.link, &remote::ServerLink::stateChanged, this, &Library::choosePage);
    connect(&m_deps.link, &remote::ServerLink::infoChanged, this, [this] {
        QStringList examples;
        if (!m_deps.link.models().empty()) {
            for (const std::string& prompt : m_deps.link.models().front().examplePrompts) {
                examples << QString::fromStdString(prompt);
            }
        }
        m_empty->setExamples(examples);
        choosePage();
    });
}

void Library::setSearchField(QLineEdit* field) {
    m_searchField = field;
    field->installEventFilter(this);
    connect(field, &QLineEdit::textChanged, this, &Library::setSearch);
    connect(m_noMatch, &NoMatchPage::clearRequested, field, &QLineEdit::clear);
}

bool Library::eventFilter(QObject* watched, QEvent* event) {
    if (watched != m_searchField || event->type() != QEvent::KeyPress) {
        return QWidget::eventFilter(watched, event);
    }
    switch (static_cast<QKeyEvent*>(event)->key()) {
        case Qt::Key_Down:
        case Qt::Key_Return:
        case Qt::Key_Enter:
            if (m_pages->currentWidget() != m_grid) {
                return false;
            }
            if (!m_grid->currentIndex().isValid()) {
                m_grid->setCurrentIndex(m_found.index(0, 0));
            }
            m_grid->setFocus(Qt::OtherFocusReason);
            return true;
        case Qt::Key_Escape:
            if (m_searchField->text().isEmpty()) {
                m_pages->currentWidget()->setFocus(Qt::OtherFocusReason);
            }
            m_searchField->clear();
            return true;
        default:
            return false;
    }
}

void Library::setSearch(const QString& text) {
    const QString search = text.trimmed();
    if (search == m_search) {
        return;
    }
    m_search = search;
    m_noMatch->setSearch(m_search);
    // What was looked at may not be among the results: they are looked at together.
    if (isLarge()) {
        turnTo(m_grid);
    }
    m_found.setSearch(m_search);
    choosePage();
    m_grid->clearSelection();
    m_grid->setCurrentIndex({});
    m_grid->scrollToTop();
    count();
}

void Library::count() {
    const int selected = isLarge() ? 0 : m_grid->selectedCount();
    Q_EMIT countsChanged(m_pictures.rowCount(), m_deps.model.pictureCount(), selected);
}

void Library::hold() {
    const auto wanted = [this] { return m_pages->currentWidget() == m_grid && m_grid->isScrolled(); };
    if (wanted()) {
        m_found.hold(true);
        return;
    }
    // Letting in changes the rows, and this may be told in the middle of another change.
    QTimer::singleShot(0, this, [this, wanted] { m_found.hold(wanted()); });
}

void Library::setFullScreen(bool on) {
    m_fullScreen = on;
    turnTo(m_pages->currentWidget());
}

void Library::setThumbnailSize(int edge) {
    m_grid->setThumbnailSize(edge);
}

void Library::warn(const protocol::Problem& problem) {
    m_notice->warn(QString::fromStdString(problem.detail));
}

void Library::offerUndo(const QString& text, std::function<void()> undo) {
    m_notice->offer(text, tr("Undo"), std::move(undo));
}

void Library::inform(const QString& words) {
    m_notice->inform(words);
}

void Library::closeNotice() {
    m_notice->hide();
}

bool Library::isLarge() const {
    return m_pages->currentWidget() == m_large;
}

QWidget* Library::pageToShow() const {
    if (m_asksForServer && neverConnected()) {
        return m_connect;
    }
    if (m_found.rowCount() > 0) {
        return isLarge() && !m_large->path().isEmpty() ? static_cast<QWidget*>(m_large) : m_grid;
    }
    if (!m_search.isEmpty() && m_deps.model.rowCount() > 0) {
        return m_noMatch;
    }
    // Not known yet; a page that goes at once would only flicker.
    using State = remote::ServerLink::State;
    const State state = m_deps.link.state();
    if (!m_listed || state == State::NoAddress || state == State::Connecting ||
        state == State::OpeningTunnel) {
        return m_pages->currentWidget() == m_connect ? static_cast<QWidget*>(m_connect) : m_blank;
    }
    return m_deps.link.isOnline() ? static_cast<QWidget*>(m_empty) : m_connect;
}

bool Library::neverConnected() const {
    using State = remote::ServerLink::State;
    const State state = m_deps.link.state();
    return !m_deps.link.info() && (state == State::Unreachable || m_deps.link.needsHelp()) &&
           m_deps.model.pictureCount() == 0;
}

void Library::offerConnecting() {
    if (m_offersServer || !neverConnected() || m_deps.model.tileCount() == 0) {
        return;
    }
    m_offersServer = true;
    m_notice->offer(tr("There is no server yet to draw this."), tr("Connect…"), [this] {
        m_asksForServer = true;
        choosePage();
    });
}

void Library::choosePage() {
    turnTo(pageToShow());
}

void Library::turnTo(QWidget* page) {
    // The stack gives the focus to the page that comes, even while the person types elsewhere.
    const QPointer<QWidget> focus = window()->focusWidget();
    const bool hasConnected =
        m_deps.link.isOnline() && page != m_connect && focus && m_connect->isAncestorOf(focus);
    m_pages->setCurrentWidget(page);
    if (hasConnected) {
        Q_EMIT promptWanted();
    }
    const bool pictureOnly = m_fullScreen && page == m_large;
    if (pictureOnly != m_large->isPictureOnly()) {
        m_large->setPictureOnly(pictureOnly);
        Q_EMIT pictureOnlyChanged(pictureOnly);
    }
    m_notice->setLift(page == m_large ? m_large->footHeight() : 0);
    hold();
    count();
    if (focus && !m_pages->isAncestorOf(focus)) {
        focus->setFocus(Qt::OtherFocusReason);
    }
}

void Library::openLarge(const QString& path) {
    turnTo(m_large);
    m_large->open(path);
}

void Library::closeLarge() {
    if (!isLarge()) {
        return;
    }
    if (m_large->isPictureOnly() && !m_large->path().isEmpty()) {
        Q_EMIT fullScreenLeft();
        return;
    }
    const int row = m_deps.model.rowOf(m_large->path());
    turnTo(m_grid);
    choosePage();
    if (row >= 0) {
        // Where the person has leafed to; the grid moves only when that is out of sight.
        const QModelIndex index = m_found.mapFromSource(m_deps.model.index(row));
        m_grid->setCurrentIndex(index);
        m_grid->scrollTo(index, QAbstractItemView::EnsureVisible);
    }
    m_grid->setFocus(Qt::OtherFocusReason);
}

}  // namespace easel::ui
