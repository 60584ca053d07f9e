// SPDX-License-Identifier: Apache-2.0
// What a person can press in the window: its tool bar, its menu and its keys.
#include <QAction>
#include <QActionGroup>
#include <QDesktopServices>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QShortcut>
#include <QSlider>
#include <QToolButton>
#include <QUrl>

#include "desktop/gallery/picture_store.h"
#include "desktop/preferences/preferences.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/library/gallery_view.h"
#include "desktop/ui/library/library.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/cloud_guide.h"
#include "desktop/ui/window/diagnostics_dialog.h"
#include "desktop/ui/window/help.h"
#include "desktop/ui/window/main_window.h"
#include "desktop/ui/window/server_chip.h"

namespace easel::ui {

namespace {

constexpr int kThumbnailStep = 24;

}  // namespace

QWidget* MainWindow::buildToolBar() {
    auto* bar = new QWidget(this);
    bar->setObjectName("toolBar");
    m_search->setObjectName("searchEdit");
    m_search->setPlaceholderText(tr("Search pictures…"));
    m_search->setAccessibleName(tr("Search pictures"));
    m_search->setToolTip(tr("Words of the prompt, or a seed (Ctrl+F)"));
    m_search->setClearButtonEnabled(true);
    m_search->setMaximumWidth(280);
    m_search->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition)->setObjectName("lens");
    // Qt gives its buttons in a field no names.
    for (auto* button : m_search->findChildren<QToolButton*>()) {
        const auto actions = button->actions();
        const bool isLens = !actions.isEmpty() && actions.first()->objectName() == QLatin1String("lens");
        button->setAccessibleName(isLens ? tr("Search") : tr("Clear search"));
    }
    m_thumbnails->setObjectName("thumbnailSlider");
    m_thumbnails->setRange(GalleryView::kSmallest, GalleryView::kLargest);
    m_thumbnails->setPageStep(kThumbnailStep);
    m_thumbnails->setFixedWidth(112);
    m_thumbnails->setAccessibleName(tr("Thumbnail size"));
    m_thumbnails->setToolTip(tr("Thumbnail size (Ctrl++, Ctrl+-)"));
    auto* menuButton = new QToolButton(this);
    menuButton->setObjectName("menuButton");
    menuButton->setIcon(icon(QStringLiteral("menu")));
    menuButton->setToolTip(tr("Menu"));
    menuButton->setAccessibleName(tr("Menu"));
    menuButton->setAutoRaise(true);
    menuButton->setFocusPolicy(Qt::StrongFocus);
    setTabOrder(m_thumbnails, menuButton);
    auto* menu = new QMenu(menuButton);
    menu->setObjectName("mainMenu");
    fillMenu(*menu);
    connect(menuButton, &QToolButton::clicked, menu, [menuButton, menu] {
        const QPoint corner = menuButton->mapToGlobal(menuButton->rect().bottomRight());
        menu->popup(corner - QPoint(menu->sizeHint().width(), 0));
    });

    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(kUnit, kUnit, kUnit, kUnit);
    row->setSpacing(kUnit);
    row->addWidget(m_chip);
    row->addStretch(1);
    row->addWidget(m_search, 2);
    row->addSpacing(kUnit);
    row->addWidget(m_thumbnails);
    row->addWidget(menuButton);
    return bar;
}

void MainWindow::fillMenu(QMenu& menu) {
    QAction* save =
        menu.addAction(icon(QStringLiteral("export")), tr("&Export…"), m_library, &Library::exportPictures);
    save->setShortcut(tr("Ctrl+E"));
    m_undo->setShortcut(QKeySequence::Undo);
    m_undo->setAutoRepeat(false);
    connect(m_undo, &QAction::triggered, this, &MainWindow::undo);
    connect(&m_deps.store, &gallery::PictureStore::undoChanged, this, [this] {
        m_undoesCancel = false;
        showUndo();
    });
    menu.addAction(m_undo);
    showUndo();
    QAction* trash = menu.addAction(icon(QStringLiteral("trash")), tr("Recently &deleted…"), m_library,
                                    &Library::showTrash);
    connect(&m_deps.store, &gallery::PictureStore::trashChanged, trash, [trash](int count) {
        trash->setText(count > 0 ? tr("Recently &deleted (%1)…").arg(QLocale().toString(count))
                                 : tr("Recently &deleted…"));
    });
    QAction* server =
        menu.addAction(icon(QStringLiteral("server")), tr("&Server…"), m_chip, &ServerChip::openPopover);
    server->setShortcut(tr("Ctrl+K"));
    QAction* models =
        menu.addAction(icon(QStringLiteral("picture")), tr("&Models…"), this, &MainWindow::showModels);
    models->setShortcut(tr("Ctrl+M"));
    QAction* cloud = menu.addAction(icon(QStringLiteral("cloud")), tr("Machines on &Google Cloud…"), m_guide,
                                    &CloudGuide::open);
    menu.addSeparator();
    QMenu* themes = menu.addMenu(tr("&Theme"));
    auto* group = new QActionGroup(themes);
    for (const auto& [scheme, title] :
         {std::pair(Scheme::System, tr("As the &system")), std::pair(Scheme::Light, tr("&Light")),
          std::pair(Scheme::Dark, tr("&Dark"))}) {
        QAction* action = themes->addAction(title, this, [this, chosen = scheme] {
            m_deps.theme.setScheme(chosen);
            preferences::kTheme.set(m_deps.settings, toString(chosen));
        });
        action->setCheckable(true);
        action->setChecked(scheme == m_deps.theme.scheme());
        group->addAction(action);
    }
    QAction* previews = menu.addAction(tr("Show pictures &while they are drawn"));
    previews->setObjectName("previewsAction");
    previews->setCheckable(true);
    previews->setChecked(m_deps.studio.showsPreviews());
    connect(previews, &QAction::toggled, &m_deps.studio, &studio::Studio::setShowsPreviews);
    menu.addSeparator();
    menu.addAction(tr("Open picture &folder"), this,
                   [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(m_deps.store.folder())); });
    QAction* keys = menu.addAction(tr("&Keyboard shortcuts"), this, [this] { showShortcuts(this); });
    keys->setShortcut(QKeySequence::HelpContents);
    menu.addAction(tr("&Collect diagnostics…"), this,
                   [this] { (new DiagnosticsDialog(m_deps.studio.diagnostics(), this))->open(); });
    menu.addAction(tr("&About Easel"), this, [this] { showAbout(this); });
    menu.addSeparator();
    QAction* quit = menu.addAction(tr("&Quit"), this, &QWidget::close);
    quit->setShortcut(tr("Ctrl+Q"));
    addActions({save, m_undo, server, models, cloud, keys, quit});
}

void MainWindow::addShortcuts() {
    const auto add = [this](const QKeySequence& keys, auto&& act) {
        auto* shortcut = new QShortcut(keys, this);
        connect(shortcut, &QShortcut::activated, this, act);
        return shortcut;
    };
    for (const auto key : {Qt::Key_Return, Qt::Key_Enter}) {
        add(Qt::CTRL | key, [this] { m_panel->generate(); })->setAutoRepeat(false);
    }
    add(Qt::CTRL | Qt::Key_L, [this] { m_panel->focusPrompt(); });
    add(Qt::CTRL | Qt::Key_F, [this] {
        m_search->setFocus(Qt::ShortcutFocusReason);
        m_search->selectAll();
    });
    add(QKeySequence::ZoomIn, [this] { setThumbnailSize(m_thumbnails->value() + kThumbnailStep); });
    add(QKeySequence::ZoomOut, [this] { setThumbnailSize(m_thumbnails->value() - kThumbnailStep); });
    add(Qt::Key_F11, [this] { toggleFullScreen(); })->setAutoRepeat(false);
    add(Qt::Key_F9, [this] {
        m_panelShown = !m_panelShown;
        m_panel->setVisible(m_panelShown);
    })->setAutoRepeat(false);
}

}  // namespace easel::ui
