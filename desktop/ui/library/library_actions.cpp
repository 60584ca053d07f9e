// SPDX-License-Identifier: Apache-2.0
#include <QClipboard>
#include <QDesktopServices>
#include <QFileInfo>
#include <QGuiApplication>
#include <QLocale>
#include <QMenu>
#include <QStackedWidget>
#include <QUrl>

#include <algorithm>
#include <utility>

#include "desktop/gallery/exporter.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/remote/addon_desk.h"
#include "desktop/remote/server_link.h"
#include "desktop/ui/library/export_dialog.h"
#include "desktop/ui/library/gallery_view.h"
#include "desktop/ui/library/large_view.h"
#include "desktop/ui/library/library.h"
#include "desktop/ui/library/reuse.h"
#include "desktop/ui/library/show_in_folder.h"
#include "desktop/ui/library/trash_dialog.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/notice_bar.h"
#include "desktop/ui/parts/words.h"

// What can be done with pictures.
namespace easel::ui {

using gallery::PictureModel;

QStringList Library::chosenPaths() const {
    if (isLarge()) {
        return m_large->path().isEmpty() ? QStringList() : QStringList(m_large->path());
    }
    return m_pages->currentWidget() == m_grid ? m_grid->selectedPaths() : QStringList();
}

QList<gallery::Picture> Library::picturesOf(const QStringList& paths) const {
    QList<gallery::Picture> found;
    for (const QString& path : paths) {
        if (const gallery::Picture* picture = m_deps.model.pictureAt(m_deps.model.rowOf(path))) {
            found << *picture;
        }
    }
    return found;
}

void Library::exportPictures() {
    const QList<gallery::Picture> chosen = picturesOf(chosenPaths());
    if (chosen.isEmpty()) {
        m_notice->inform(tr("Select the pictures to export first."));
        return;
    }
    auto* dialog = new ExportDialog(chosen, m_deps.settings, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ExportDialog::exported, this, [this](int files, const QString& folder) {
        m_notice->offer(tr("Exported %1 to %2").arg(pictures(files), folder), tr("Open folder"),
                        [folder] { QDesktopServices::openUrl(QUrl::fromLocalFile(folder)); });
    });
    dialog->open();
}

void Library::copyPictures() {
    const QStringList paths = chosenPaths();
    if (paths.isEmpty()) {
        return;
    }
    gallery::copyToClipboard(paths);
    m_notice->inform(tr("Copied %1").arg(pictures(paths.size())));
}

void Library::copyPrompt() {
    const QList<gallery::Picture> chosen = picturesOf(chosenPaths());
    if (chosen.isEmpty() || !chosen.first().settings) {
        return;
    }
    QGuiApplication::clipboard()->setText(QString::fromStdString(chosen.first().settings->prompt));
    m_notice->inform(tr("Copied the prompt"));
}

void Library::copySeed() {
    const QList<gallery::Picture> chosen = picturesOf(chosenPaths());
    if (chosen.isEmpty() || !chosen.first().settings) {
        return;
    }
    const QString seed = QString::number(chosen.first().settings->seed);
    QGuiApplication::clipboard()->setText(seed);
    m_notice->inform(tr("Copied the seed %1").arg(seed));
}

void Library::useSettings() {
    const QList<gallery::Picture> chosen = picturesOf(chosenPaths());
    if (!chosen.isEmpty() && chosen.first().settings) {
        takeOver(chosen.first());
    }
}

void Library::useSettingsOf(const QString& path) {
    const gallery::Picture picture = gallery::describeFile(path);
    if (picture.settings) {
        return takeOver(picture);
    }
    const QString name = QFileInfo(path).fileName();
    m_notice->offer(tr("There are no settings in %1.").arg(name), tr("Draw from it"),
                    [this, path] { Q_EMIT usePictureRequested(path); });
}

void Library::usePicture() {
    const QStringList paths = chosenPaths();
    if (!paths.isEmpty()) {
        Q_EMIT usePictureRequested(paths.first());
    }
}

void Library::takeOver(const gallery::Picture& picture) {
    const auto& info = m_deps.link.info();
    const Reuse again = reuse(picture, info ? &*info : nullptr, m_deps.link.models(), m_deps.addons.addons());
    m_left = again.left;
    Q_EMIT useSettingsRequested(again.request);
    const QStringList left = std::exchange(m_left, std::nullopt).value_or(QStringList());
    if (left.isEmpty()) {
        m_notice->inform(tr("Settings taken over"));
    } else {
        m_notice->inform(tr("Not taken over: %1").arg(left.join(tr(", "))));
    }
}

void Library::tellUnserved(const QStringList& fields) {
    if (m_left) {
        for (const QString& field : fields) {
            *m_left << field.toLower();
        }
    } else {
        m_notice->inform(tr("This model has no use for: %1").arg(fields.join(tr(", "))));
    }
}

void Library::showFiles() {
    showInFolder(chosenPaths());
}

void Library::refresh() {
    m_deps.store.rescan();
}

void Library::showMenu(const QPoint& at) {
    const QModelIndex index = isLarge() ? QModelIndex() : m_grid->currentIndex();
    auto* menu = new QMenu(this);
    menu->setObjectName("pictureMenu");
    menu->setAttribute(Qt::WA_DeleteOnClose);
    fillMenu(*menu, index.data(PictureModel::PendingRole).isValid()
                        ? index.data(PictureModel::IdRole).toString()
                        : QString());
    menu->popup(at);
}

void Library::fillMenu(QMenu& menu, const QString& tile) {
    const auto add = [&](const char* iconName, const QString& text, const auto& act) {
        const QIcon sign = *iconName ? icon(QString::fromLatin1(iconName)) : QIcon();
        return menu.addAction(sign, text, this, act);
    };
    if (const gallery::PendingTile* pending = m_deps.model.tileAt(m_deps.model.rowOf(tile))) {
        if (pending->state == gallery::PendingTile::State::Failed) {
            add("retry", tr("&Retry"), [this, tile] { Q_EMIT retryRequested(tile); });
            add("close", tr("&Remove"), [this, tile] { Q_EMIT dismissRequested(tile); });
        } else {
            add("close", tr("&Cancel"), [this, tile] { Q_EMIT cancelRequested(tile); });
        }
        add("copy", tr("Copy &prompt"),
            [prompt = pending->prompt] { QGuiApplication::clipboard()->setText(prompt); });
        return;
    }
    const QStringList paths = chosenPaths();
    const QList<gallery::Picture> first = picturesOf(paths.mid(0, 1));
    const bool known = !first.isEmpty() && first.first().settings && paths.size() == 1;
    if (!isLarge()) {
        add("picture", tr("&Open"), [this, paths] {
            openLarge(paths.first());
        })->setEnabled(paths.size() == 1);
    }
    add("sliders", tr("&Use settings"), &Library::useSettings)->setEnabled(known);
    add("picture", tr("Use as s&tart picture"), &Library::usePicture)->setEnabled(paths.size() == 1);
    menu.addSeparator();
    add("copy", tr("Copy p&icture"), &Library::copyPictures);
    add("", tr("Copy &prompt"), &Library::copyPrompt)->setEnabled(known);
    add("", tr("Copy &seed"), &Library::copySeed)->setEnabled(known);
    menu.addSeparator();
    add("folder", tr("Show in &folder"), &Library::showFiles);
    add("export", tr("&Export…"), &Library::exportPictures);
    menu.addSeparator();
    add("trash", tr("&Delete"), &Library::deletePictures);
}

void Library::deletePictures() {
    const QStringList paths = chosenPaths();
    if (paths.isEmpty()) {
        return;
    }
    const int row = m_grid->currentIndex().row();
    m_deps.store.remove(paths);
    if (!isLarge()) {  // The selection stays at its place instead of jumping to the top.
        m_grid->setCurrentIndex(m_found.index(std::min(row, m_found.rowCount() - 1), 0));
    }
    m_notice->offer(tr("Deleted %1").arg(pictures(paths.size())), tr("Undo"), [this] { undoDelete(); });
}

void Library::undoDelete() {
    if (m_deps.store.undoable() == 0) {
        return;
    }
    m_notice->hide();
    m_deps.store.undoRemove();
}

void Library::showRestored(const QStringList& paths) {
    QList<int> rows;
    for (const QString& path : paths) {
        const int row = m_deps.model.rowOf(path);
        if (const QModelIndex index = m_found.mapFromSource(m_deps.model.index(row)); index.isValid()) {
            rows << index.row();
        }
    }
    if (rows.isEmpty()) {
        return;
    }
    std::ranges::sort(rows);
    if (isLarge()) {
        m_large->open(paths.first());
        return;
    }
    m_grid->select(rows);
}

void Library::showProgress(gallery::PictureStore::Work work, int done, int total) {
    if (done == total) {
        if (work != gallery::PictureStore::Work::Deleting) {
            m_notice->hide();
        }
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
    auto* dialog = new TrashDialog(m_deps.store, m_deps.model.thumbnailer(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

}  // namespace easel::ui
