// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library.h"

#include <QAction>
#include <QDesktopServices>
#include <QLocale>
#include <QPointer>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>

#include "desktop/gallery/exporter.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/remote/server_link.h"
#include "desktop/ui/address_form.h"
#include "desktop/ui/connect_page.h"
#include "desktop/ui/export_dialog.h"
#include "desktop/ui/gallery_view.h"
#include "desktop/ui/large_view.h"
#include "desktop/ui/notice_bar.h"
#include "desktop/ui/quiet_page.h"
#include "desktop/ui/trash_dialog.h"
#include "desktop/ui/words.h"

namespace easel::ui {

using gallery::PictureModel;

Library::Library(Parts parts, QWidget* parent)
    : QWidget(parent), m_parts(parts), m_pages(new QStackedWidget(this)), m_blank(new QWidget(this)) {
    setObjectName("library");
    m_found.setSourceModel(&m_parts.model);
    m_pictures.setFilterRole(PictureModel::PathRole);
    m_pictures.setFilterRegularExpression(QStringLiteral("."));
    m_pictures.setSourceModel(&m_found);

    m_grid = new GalleryView(this);
    m_grid->setObjectName("galleryView");
    m_grid->setModel(&m_found);
    m_large = new LargeView(&m_pictures, this);
    m_empty = new EmptyPage(this);
    m_connect = new ConnectPage(m_parts.link, m_parts.local, this);
    m_noMatch = new NoMatchPage(this);
    for (QWidget* page :
         std::initializer_list<QWidget*>{m_blank, m_grid, m_large, m_empty, m_connect, m_noMatch})
        m_pages->addWidget(page);
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
    connect(m_grid, &GalleryView::sendHereRequested, this, &Library::sendHereRequested);
    connect(m_large, &LargeView::closed, this, &Library::closeLarge);
    connect(m_large, &LargeView::exportRequested, this, &Library::exportPictures);
    connect(m_large, &LargeView::copyRequested, this, &Library::copyPictures);
    connect(m_large, &LargeView::deleteRequested, this, &Library::deletePictures);
    connect(m_large, &LargeView::useSettingsRequested, this, &Library::useSettingsRequested);
    connect(m_empty, &EmptyPage::promptChosen, this, &Library::promptChosen);
    connect(m_connect, &ConnectPage::chosen, this, &Library::addressChosen);
    connect(m_noMatch, &NoMatchPage::clearRequested, this, &Library::clearSearchRequested);
}

void Library::connectSources() {
    connect(&m_parts.store, &gallery::PictureStore::listed, this, [this] {
        m_listed = true;
        choosePage();
    });
    connect(&m_parts.store, &gallery::PictureStore::failed, this, &Library::warn);
    connect(&m_parts.store, &gallery::PictureStore::restored, this, &Library::showRestored);
    connect(&m_parts.store, &gallery::PictureStore::progress, this, &Library::showProgress);
    connect(&m_found, &QAbstractItemModel::rowsInserted, this, &Library::offerConnecting);
    connect(&m_found, &QAbstractItemModel::rowsInserted, this, &Library::choosePage);
    connect(&m_found, &QAbstractItemModel::rowsRemoved, this, &Library::choosePage);
    connect(&m_found, &QAbstractItemModel::modelReset, this, &Library::choosePage);
    connect(&m_parts.link, &remote::ServerLink::stateChanged, this, &Library::choosePage);
    connect(&m_parts.link, &remote::ServerLink::infoChanged, this, [this] {
        QStringList examples;
        if (!m_parts.link.models().empty()) {
            for (const std::string& prompt : m_parts.link.models().front().examplePrompts)
                examples << QString::fromStdString(prompt);
        }
        m_empty->setExamples(examples);
        choosePage();
    });
}

void Library::setSearch(const QString& text) {
    m_search = text.trimmed();
    m_found.setSearch(text);
    m_noMatch->setSearch(m_search);
    choosePage();
}

void Library::setThumbnailSize(int edge) {
    m_grid->setThumbnailSize(edge);
}

void Library::setAddress(const QString& address) {
    m_connect->refresh(address);
}

void Library::showAddressProblem(const QString& sentence) {
    m_connect->form()->setProblem(sentence);
}

void Library::warn(const protocol::Problem& problem) {
    m_notice->warn(QString::fromStdString(problem.detail));
}

void Library::offerUndo(const QString& text, std::function<void()> undo) {
    m_notice->offer(text, tr("Undo"), std::move(undo));
}

void Library::closeNotice() {
    m_notice->hide();
}

bool Library::isLarge() const {
    return m_pages->currentWidget() == m_large;
}

QWidget* Library::pageToShow() const {
    if (m_asksForServer && neverConnected())
        return m_connect;
    if (m_found.rowCount() > 0)
        return isLarge() && !m_large->path().isEmpty() ? static_cast<QWidget*>(m_large) : m_grid;
    if (!m_search.isEmpty() && m_parts.model.rowCount() > 0)
        return m_noMatch;
    if (!m_listed || m_parts.link.state() == remote::ServerLink::State::Connecting)
        return m_blank;  // Not known yet; a page that goes at once would only flicker.
    return m_parts.link.isOnline() ? static_cast<QWidget*>(m_empty) : m_connect;
}

bool Library::neverConnected() const {
    using State = remote::ServerLink::State;
    const State state = m_parts.link.state();
    return !m_parts.link.info() && (state == State::Unreachable || state == State::Refused) &&
           m_parts.model.pictureCount() == 0;
}

void Library::offerConnecting() {
    m_asksForServer = false;
    if (!neverConnected() || m_parts.model.tileCount() == 0)
        return;
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
    m_pages->setCurrentWidget(page);
    m_notice->setLift(page == m_large ? m_large->footHeight() : 0);
    if (focus && !m_pages->isAncestorOf(focus))
        focus->setFocus(Qt::OtherFocusReason);
}

void Library::openLarge(const QString& path) {
    turnTo(m_large);
    m_large->open(path);
}

void Library::closeLarge() {
    const int row = m_parts.model.rowOf(m_large->path());
    turnTo(m_grid);
    choosePage();
    if (row >= 0) {
        // Where the person has leafed to; the grid moves only when that is out of sight.
        const QModelIndex index = m_found.mapFromSource(m_parts.model.index(row));
        m_grid->setCurrentIndex(index);
        m_grid->scrollTo(index, QAbstractItemView::EnsureVisible);
    }
    m_grid->setFocus(Qt::OtherFocusReason);
}

QStringList Library::chosenPaths() const {
    if (isLarge())
        return m_large->path().isEmpty() ? QStringList() : QStringList(m_large->path());
    return m_pages->currentWidget() == m_grid ? m_grid->selectedPaths() : QStringList();
}

QList<gallery::Picture> Library::picturesOf(const QStringList& paths) const {
    QList<gallery::Picture> found;
    for (const QString& path : paths) {
        if (const gallery::Picture* picture = m_parts.model.pictureAt(m_parts.model.rowOf(path)))
            found << *picture;
    }
    return found;
}

void Library::exportPictures() {
    const QList<gallery::Picture> chosen = picturesOf(chosenPaths());
    if (chosen.isEmpty()) {
        m_notice->inform(tr("Select the pictures to export first."));
        return;
    }
    auto* dialog = new ExportDialog(chosen, m_parts.settings, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ExportDialog::exported, this, [this](int files, const QString& folder) {
        m_notice->offer(tr("Exported %1 to %2").arg(pictures(files), folder), tr("Open folder"),
                        [folder] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder)); });
    });
    dialog->open();
}

void Library::copyPictures() {
    const QStringList paths = chosenPaths();
    if (paths.isEmpty())
        return;
    gallery::copyToClipboard(paths);
    m_notice->inform(tr("Copied %1").arg(pictures(paths.size())));
}

void Library::deletePictures() {
    const QStringList paths = chosenPaths();
    if (paths.isEmpty())
        return;
    const int row = m_grid->currentIndex().row();
    m_parts.store.remove(paths);
    if (!isLarge())  // The selection stays at its place instead of jumping to the top.
        m_grid->setCurrentIndex(m_found.index(std::min(row, m_found.rowCount() - 1), 0));
    m_notice->offer(tr("Deleted %1").arg(pictures(paths.size())), tr("Undo"), [this] { undoDelete(); });
}

void Library::undoDelete() {
    if (m_parts.store.undoable() == 0)
        return;
    m_notice->hide();
    m_parts.store.undoRemove();
}

void Library::showRestored(const QStringList& paths) {
    QList<int> rows;
    for (const QString& path : paths) {
        const int row = m_parts.model.rowOf(path);
        if (const QModelIndex index = m_found.mapFromSource(m_parts.model.index(row)); index.isValid())
            rows << index.row();
    }
    if (rows.isEmpty())
        return;
    std::ranges::sort(rows);
    if (isLarge()) {
        m_large->open(paths.first());
        return;
    }
    m_grid->select(rows);
}

void Library::showProgress(gallery::PictureStore::Work work, int done, int total) {
    if (done == total) {
        if (work != gallery::PictureStore::Work::Deleting)
            m_notice->hide();
        return;
    }
    const QLocale locale;
    const QString figures = tr("%1 of %2").arg(locale.toString(done), pictures(total));
    switch (work) {
        case gallery::PictureStore::Work::Deleting:
            break;  // They are out of sight already, and the bar offers to undo it.
        case gallery::PictureStore::Work::Restoring:
            m_notice->inform(tr("Restoring %1…").arg(figures));
            break;
        case gallery::PictureStore::Work::Destroying:
            m_notice->inform(tr("Deleting %1 for good…").arg(figures));
            break;
    }
}

void Library::showTrash() {
    auto* dialog = new TrashDialog(m_parts.store, m_parts.model.thumbnailer(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

}  // namespace easel::ui
