// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/main_window.h"

#include <QAction>
#include <QCloseEvent>
#include <QLineEdit>
#include <QSlider>
#include <QSplitter>
#include <QVBoxLayout>

#include <optional>

#include "desktop/cloud/cloud.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/addon_desk.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/token_counter.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/cloud/machine_strip.h"
#include "desktop/ui/library/library.h"
#include "desktop/ui/models/models_dialog.h"
#include "desktop/ui/paint/mask_painter.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/words.h"
#include "desktop/ui/window/cloud_guide.h"
#include "desktop/ui/window/connect_page.h"
#include "desktop/ui/window/connection_desk.h"
#include "desktop/ui/window/server_chip.h"
#include "desktop/ui/window/status_bar.h"

namespace easel::ui {

namespace {

constexpr int kPanelNarrowest = 280;
constexpr int kPanelWidest = 400;
constexpr int kPanelUsual = 344;
constexpr QChar kComma = ',';

/// A thin line between the parts of the window.
QFrame* rule(QWidget* parent) {
    auto* line = new QFrame(parent);
    line->setFixedHeight(1);
    line->setAutoFillBackground(true);
    line->setBackgroundRole(QPalette::Mid);
    return line;
}

/// Enough of a prompt to know it by.
QString briefly(const QString& prompt) {
    constexpr int kLetters = 80;
    const QString line = prompt.simplified();
    return line.size() > kLetters ? line.left(kLetters) + QChar(0x2026) : line;
}

}  // namespace

MainWindow::MainWindow(Collaborators collaborators)
    : m_deps(collaborators),
      m_chip(new ServerChip(m_deps.link, m_deps.studio.servers(), m_deps.local, m_deps.cloud.keeper, this)),
      m_connect(new ConnectPage(m_deps.link, m_deps.studio.servers(), m_deps.local, this)),
      m_desk(new ConnectionDesk({m_deps.studio, m_deps.link, m_deps.local, *m_chip, *m_connect, this})),
      m_guide(new CloudGuide({m_deps.studio, m_deps.cloud, *m_desk, this})),
      m_strip(new MachineStrip(m_deps.cloud.keeper, this)),
      m_search(new QLineEdit(this)),
      m_thumbnails(new QSlider(Qt::Horizontal, this)),
      m_splitter(new QSplitter(Qt::Horizontal, this)),
      m_panel(new PromptPanel(m_deps.studio.inputs(), this)),
      m_library(
          new Library({m_deps.model, m_deps.store, m_deps.link, m_deps.studio.addons(), m_deps.settings},
                      m_connect, this)),
      m_status(new StatusBar(this)),
      m_undo(new QAction(icon(QStringLiteral("undo")), {}, this)) {
    setObjectName("mainWindow");
    setWindowTitle(QStringLiteral("Easel"));
    setMinimumSize(720, 480);

    m_panel->setMinimumWidth(kPanelNarrowest);
    m_panel->setMaximumWidth(kPanelWidest);
    m_splitter->addWidget(m_panel);
    m_splitter->addWidget(m_library);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setChildrenCollapsible(false);

    auto* center = new QWidget(this);
    m_column = new QVBoxLayout(center);
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(0);
    m_column->addWidget(buildToolBar());
    m_column->addWidget(rule(this));
    m_column->addWidget(m_strip);
    m_column->addWidget(m_splitter, 1);
    m_column->addWidget(rule(this));
    m_column->addWidget(m_status);
    setCentralWidget(center);

    addShortcuts();
    connectPanel();
    connectLibrary();
    connectStudio();
    restore();
    m_desk->refresh();
    showStatus();
    m_panel->focusPrompt();
}

void MainWindow::warn(const protocol::Problem& problem) {
    m_library->warn(problem);
}

void MainWindow::connectPanel() {
    using remote::TokenCounter;
    connect(&m_deps.studio.promptTokens(), &TokenCounter::counted, m_panel, &PromptPanel::setPromptTokens);
    connect(&m_deps.studio.negativeTokens(), &TokenCounter::counted, m_panel,
            &PromptPanel::setNegativeTokens);
    m_panel->setRequest(m_deps.studio.rememberedRequest());
    countTokens(m_panel->request());
    m_panel->setOpenParts(preferences::kOpenParts.of(m_deps.settings).split(kComma, Qt::SkipEmptyParts));
    connect(m_panel, &PromptPanel::openPartsChanged, this,
            [this] { preferences::kOpenParts.set(m_deps.settings, m_panel->openParts().join(kComma)); });
    m_panel->setMaskPainting([this](const QImage& picture, const QImage& mask) -> std::optional<QImage> {
        MaskPainter painter(picture, mask, this);
        return painter.exec() == QDialog::Accepted ? std::optional(painter.mask()) : std::nullopt;
    });
    connect(m_panel, &PromptPanel::leftOut, m_library, &Library::tellUnserved);
    connect(m_panel, &PromptPanel::settingsDropped, m_library, &Library::useSettingsOf);
    connect(&m_deps.studio.addons(), &remote::AddonDesk::changed, this,
            [this] { m_panel->setAddons(m_deps.studio.addons().addons()); });
    connect(m_panel, &PromptPanel::requestChanged, &m_deps.studio, &studio::Studio::remember);
    connect(m_panel, &PromptPanel::requestChanged, this, &MainWindow::countTokens);
    connect(m_panel, &PromptPanel::generateRequested, &m_deps.studio, &studio::Studio::generate);
    connect(&m_deps.link, &remote::ServerLink::infoChanged, this, [this] {
        if (m_deps.link.info()) {
            m_panel->setServer(*m_deps.link.info(), m_deps.link.models());
        }
    });
}

void MainWindow::adopt(const protocol::GenerationRequest& request) {
    m_panel->setRequest(request);
    m_deps.studio.remember(m_panel->request());
    countTokens(m_panel->request());
}

void MainWindow::countTokens(const protocol::GenerationRequest& request) {
    const auto ask = [&](remote::TokenCounter& counter, const std::string& prompt) {
        counter.ask({prompt, request.model, request.promptSyntax});
    };
    ask(m_deps.studio.promptTokens(), request.prompt);
    ask(m_deps.studio.negativeTokens(), request.negativePrompt.value_or(""));
}

void MainWindow::connectLibrary() {
    m_library->setSearchField(m_search);
    connect(m_thumbnails, &QSlider::valueChanged, this, &MainWindow::setThumbnailSize);
    connect(m_library, &Library::pictureOnlyChanged, this, &MainWindow::setPictureOnly);
    connect(m_library, &Library::fullScreenLeft, this, &MainWindow::toggleFullScreen);
    connect(m_library, &Library::promptChosen, m_panel, &PromptPanel::setPrompt);
    connect(m_library, &Library::usePictureRequested, m_panel, &PromptPanel::setStartPicture);
    connect(m_library, &Library::promptWanted, m_panel, &PromptPanel::focusPrompt);
    connect(m_library, &Library::cancelRequested, &m_deps.studio, &studio::Studio::cancel);
    connect(m_library, &Library::retryRequested, &m_deps.studio, &studio::Studio::retry);
    connect(m_library, &Library::dismissRequested, &m_deps.studio, &studio::Studio::dismiss);
    connect(m_library, &Library::fetchModelRequested, &m_deps.studio, &studio::Studio::fetchModel);
    connect(m_library, &Library::sendHereRequested, &m_deps.studio, &studio::Studio::sendHere);
    connect(m_library, &Library::useSettingsRequested, this, [this](protocol::GenerationRequest request) {
        if (!request.model) {
            request.model = m_panel->request().model;
        }
        adopt(request);
    });
    for (const auto& changed : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) {
        connect(&m_deps.model, changed, this, &MainWindow::showStatus);
    }
    connect(m_library, &Library::countsChanged, this, [this](int shown, int total, int selected) {
        m_status->setCounts(countsLine(shown, total, selected));
    });
}

void MainWindow::connectStudio() {
    using studio::Studio;
    connect(m_desk, &ConnectionDesk::offlineNoteChanged, m_panel, &PromptPanel::setOfflineNote);
    connect(m_desk, &ConnectionDesk::warned, m_library, &Library::warn);
    connect(m_desk, &ConnectionDesk::recovered, m_library, &Library::closeNotice);
    connect(m_desk, &ConnectionDesk::paired, m_status, &StatusBar::tell);
    connect(m_guide, &CloudGuide::told, m_library, &Library::inform);
    connect(m_guide, &CloudGuide::warned, m_library, &Library::warn);
    connect(m_connect, &ConnectPage::cloudRequested, m_guide, &CloudGuide::open);
    connect(m_chip, &ServerChip::cloudRequested, m_guide, &CloudGuide::open);
    connect(&m_deps.studio, &Studio::statusChanged, this, &MainWindow::showStatus);
    connect(m_status, &StatusBar::cancelAllRequested, this, &MainWindow::cancelAll);
    connect(m_status, &StatusBar::focusLost, m_panel, &PromptPanel::focusPrompt);
    connect(&m_deps.studio, &Studio::storageTrouble, m_library, &Library::warn);
    connect(&m_deps.studio, &Studio::refused, this, [this](const QString&, const protocol::Problem& problem) {
        if (m_panel->showProblem(problem)) {
            m_status->tell(QString::fromStdString(problem.detail));
        } else {
            m_library->warn(problem);
        }
    });
    connect(&m_deps.studio, &Studio::pictureSaved, this,
            [this](const QString&, const gallery::Picture& picture) {
                if (!picture.settings) {
                    return;
                }
                m_panel->setLastSeed(picture.settings->seed);
                m_status->tell(
                    tr("Picture ready: %1").arg(briefly(QString::fromStdString(picture.settings->prompt))));
            });
    connect(&m_deps.studio, &Studio::failed, this, [this](const QString&, const protocol::Problem& problem) {
        m_status->tell(tr("A picture has failed: %1").arg(QString::fromStdString(problem.detail)));
    });
}

void MainWindow::restore() {
    resize(1280, 800);
    restoreGeometry(preferences::kGeometry.of(m_deps.settings));
    m_splitter->setSizes({kPanelUsual, width() - kPanelUsual});
    m_splitter->restoreState(preferences::kSplitter.of(m_deps.settings));
    setThumbnailSize(preferences::kThumbnailSize.of(m_deps.settings));
}

void MainWindow::open(const QString& link) {
    setWindowState(windowState() & ~Qt::WindowMinimized);
    show();
    raise();
    activateWindow();
    if (!link.isEmpty()) {
        m_desk->open(link);
    }
}

void MainWindow::showModels() {
    if (auto* open = findChild<ModelsDialog*>()) {
        return open->activateWindow();
    }
    auto* dialog = new ModelsDialog(m_deps.studio.models(), m_deps.link, this);
    connect(dialog, &ModelsDialog::modelChosen, this, [this, dialog](const std::string& id) {
        auto request = m_panel->request();
        request.model = id;
        adopt(request);
        dialog->close();
    });
    dialog->open();
}

void MainWindow::showStatus() {
    m_status->setWork(m_deps.studio.statusLine(), m_deps.studio.activeCount() > 0);
}

void MainWindow::cancelAll() {
    const int count = m_deps.studio.cancelAll();
    m_undoesCancel = count > 0;
    showUndo();
    if (m_undoesCancel) {
        m_library->offerUndo(tr("Cancelled %1").arg(jobs(count)), [this] { undo(); });
    }
}

void MainWindow::undo() {
    if (!m_undoesCancel) {
        return m_library->undoDelete();
    }
    m_undoesCancel = false;
    m_deps.studio.undoCancelAll();
    m_library->closeNotice();
    showUndo();
}

void MainWindow::showUndo() {
    m_undo->setText(m_undoesCancel ? tr("&Undo cancel all") : tr("&Undo delete"));
    m_undo->setEnabled(m_undoesCancel || m_deps.store.undoable() > 0);
}

void MainWindow::toggleFullScreen() {
    setWindowState(windowState() ^ Qt::WindowFullScreen);
    m_library->setFullScreen(isFullScreen());
}

void MainWindow::setPictureOnly(bool on) {
    for (int i = 0; i < m_column->count(); ++i) {
        if (QWidget* part = m_column->itemAt(i)->widget(); part != m_splitter) {
            part->setVisible(!on);
        }
    }
    m_panel->setVisible(!on && m_panelShown);
}

void MainWindow::setThumbnailSize(int edge) {
    m_thumbnails->setValue(edge);
    m_library->setThumbnailSize(m_thumbnails->value());
    preferences::kThumbnailSize.set(m_deps.settings, m_thumbnails->value());
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (!m_guide->mayClose()) {
        return event->ignore();
    }
    preferences::kGeometry.set(m_deps.settings, saveGeometry());
    preferences::kSplitter.set(m_deps.settings, m_splitter->saveState());
    QMainWindow::closeEvent(event);
}

}  // namespace easel::ui
