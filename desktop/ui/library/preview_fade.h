// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QPixmap>
#include <QVariantAnimation>

class QPainter;
class QWidget;

namespace easel::ui {

/// What a picture looks like so far; one look passes calmly into the next. Owned by the card that paints it.
class PreviewFade {
public:
    explicit PreviewFade(QWidget& card);

    /// Null takes it away.
    void setImage(const QImage& image);
    bool isEmpty() const { return m_now.image.isNull(); }
    /// Fills `place`, in the middle of what there is.
    void paint(QPainter& painter, const QRect& place);

private:
    /// A look, and how large it was painted last: scaling smoothly is not for each frame.
    struct Look {
        QImage image;
        QPixmap scaled;

        void paint(QPainter& painter, const QRect& place);
    };

    QWidget& m_card;
    Look m_now;
    Look m_before;
    QVariantAnimation m_fade;
};

}  // namespace easel::ui
