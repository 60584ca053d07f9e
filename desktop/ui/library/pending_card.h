// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include "desktop/gallery/pending_tile.h"
#include "desktop/ui/library/preview_fade.h"

class QToolButton;

namespace easel::ui {

/// A picture on its way, or one that failed, in its cell of the grid: how far it is, what it looks like so
/// far, and what can be done about it. Owned by the view.
class PendingCard : public QWidget {
    Q_OBJECT

public:
    explicit PendingCard(const gallery::PendingTile& tile, QWidget* parent = nullptr);

    void setTile(const gallery::PendingTile& tile);
    const gallery::PendingTile& tile() const { return m_tile; }
    /// The grid's cell is selected.
    void setSelected(bool selected);
    /// It is where the keyboard is.
    void setCurrent(bool current);

Q_SIGNALS:
    void cancelRequested(const QString& id);
    void retryRequested(const QString& id);
    void dismissRequested(const QString& id);
    /// The model that it waits for.
    void fetchModelRequested(const QString& id);
    /// To the server that is connected now.
    void sendHereRequested(const QString& id);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QToolButton* button(const char* name, const QString& iconName, const QString& tip);
    void placeButtons();
    void copyDetails();
    /// It was cancelled, but its server is not there to confirm it.
    bool isStuck() const { return m_tile.state == gallery::PendingTile::State::Stopping && m_tile.isAway; }
    bool failed() const { return m_tile.state == gallery::PendingTile::State::Failed; }
    bool held() const { return m_tile.state == gallery::PendingTile::State::Held; }
    /// The shape that the picture will have; the whole square where words and buttons need it.
    QRect ground() const;
    /// What it looks like is shown, unless words and buttons matter more.
    bool showsPreview() const;
    void paintPreview(QPainter& painter, const QRect& area);
    void paintFoot(QPainter& painter, const QRect& area) const;
    void paintProgress(QPainter& painter, const QRect& area) const;
    void paintWords(QPainter& painter, const QRect& area) const;

    gallery::PendingTile m_tile;
    PreviewFade m_preview;
    bool m_selected = false;
    bool m_current = false;
    QToolButton* m_close;
    QToolButton* m_retry;
    QToolButton* m_copy;
    QToolButton* m_fetchModel;
    QToolButton* m_sendHere;
};

}  // namespace easel::ui
