// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/fold.h"

#include <QAbstractButton>
#include <QPainter>
#include <QVBoxLayout>

#include "desktop/ui/icons.h"
#include "desktop/ui/theme.h"

namespace easel::ui {

namespace {

constexpr int kChevron = 16;

/// A chevron, the title and, while it is closed, the summary, flush with the labels around it.
class Heading : public QAbstractButton {
public:
    Heading(const QString& title, const QString& summary, QWidget* parent)
        : QAbstractButton(parent), m_summary(summary) {
        setText(title);
        setAccessibleName(title);
        setCheckable(true);
        setFocusPolicy(Qt::StrongFocus);
        setAttribute(Qt::WA_Hover);
        setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    }

    QSize sizeHint() const override {
        return {kChevron + kUnit / 2 + fontMetrics().horizontalAdvance(text()), kControlHeight};
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const auto role = underMouse() || isChecked() ? QPalette::WindowText : QPalette::PlaceholderText;
        const QString name = isChecked() ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right");
        painter.drawPixmap(0, (height() - kChevron) / 2,
                           iconPixmap(name, palette().color(role), kChevron, devicePixelRatioF()));
        QRect room = rect().adjusted(kChevron + kUnit / 2, 0, 0, 0);
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(room, Qt::AlignLeft | Qt::AlignVCenter, text());
        if (!isChecked()) {
            room.setLeft(room.left() + fontMetrics().horizontalAdvance(text()) + 2 * kUnit);
            painter.setFont(captionFont());
            painter.setPen(palette().color(QPalette::PlaceholderText));
            painter.drawText(room, Qt::AlignRight | Qt::AlignVCenter,
                             painter.fontMetrics().elidedText(m_summary, Qt::ElideRight, room.width()));
        }
        if (hasFocus()) {
            painter.setPen(QPen(palette().color(QPalette::Link), 2));
            painter.setBrush(Qt::NoBrush);
            painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), kRadius, kRadius);
        }
    }

private:
    const QString& m_summary;
};

}  // namespace

Fold::Fold(const QString& title, QWidget* content, QWidget* parent)
    : QWidget(parent), m_heading(new Heading(title, m_summary, this)), m_content(content) {
    m_heading->setObjectName("foldHeading");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_heading);
    column->addWidget(content);
    connect(m_heading, &QAbstractButton::toggled, m_content, &QWidget::setVisible);
    m_content->hide();
}

bool Fold::isOpen() const {
    return m_heading->isChecked();
}

void Fold::setOpen(bool open) {
    m_heading->setChecked(open);
}

QWidget* Fold::heading() const {
    return m_heading;
}

void Fold::setSummary(const QString& summary) {
    m_summary = summary;
    m_heading->setAccessibleDescription(summary);
    m_heading->setToolTip(summary);
    m_heading->update();
}

}  // namespace easel::ui
