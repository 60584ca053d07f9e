// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/fold.h"

#include <QAbstractButton>
#include <QAccessibleWidget>
#include <QPainter>
#include <QVBoxLayout>

#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

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
        setFocusPolicy(Qt::StrongFocus);
        setAttribute(Qt::WA_Hover);
        setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    }

    bool isOpen() const { return m_open; }
    void setOpen(bool open) {
        m_open = open;
        update();
        QAccessible::State what;
        what.expanded = what.collapsed = true;
        QAccessibleStateChangeEvent changed(this, what);
        QAccessible::updateAccessibility(&changed);
    }

    QSize sizeHint() const override {
        return {kChevron + kUnit / 2 + fontMetrics().horizontalAdvance(text()), kControlHeight};
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const auto role = underMouse() || m_open ? QPalette::WindowText : QPalette::PlaceholderText;
        const QString name = m_open ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right");
        painter.drawPixmap(0, (height() - kChevron) / 2,
                           iconPixmap(name, palette().color(role), kChevron, devicePixelRatioF()));
        QRect room = rect().adjusted(kChevron + kUnit / 2, 0, 0, 0);
        painter.setPen(palette().color(QPalette::WindowText));
        painter.drawText(room, Qt::AlignLeft | Qt::AlignVCenter, text());
        if (!m_open) {
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
    bool m_open = false;
};

/// To a screen reader: a button that opens and closes something.
class AccessibleHeading : public QAccessibleWidget {
public:
    explicit AccessibleHeading(Heading* heading) : QAccessibleWidget(heading, QAccessible::Button) {}

    QAccessible::State state() const override {
        QAccessible::State state = QAccessibleWidget::state();
        state.expandable = true;
        state.expanded = heading()->isOpen();
        state.collapsed = !state.expanded;
        return state;
    }
    QStringList actionNames() const override { return {pressAction(), setFocusAction()}; }
    void doAction(const QString& name) override {
        if (name == pressAction()) {
            heading()->click();
        } else {
            QAccessibleWidget::doAction(name);
        }
    }

private:
    Heading* heading() const { return static_cast<Heading*>(widget()); }
};

QAccessibleInterface* headingInterface(const QString&, QObject* object) {
    auto* heading = dynamic_cast<Heading*>(object);
    return heading ? new AccessibleHeading(heading) : nullptr;
}

}  // namespace

Fold::Fold(const QString& title, QWidget* content, QWidget* parent)
    : QWidget(parent), m_heading(new Heading(title, m_summary, this)), m_content(content) {
    [[maybe_unused]] static const bool kTold = (QAccessible::installFactory(headingInterface), true);
    m_heading->setObjectName("foldHeading");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_heading);
    column->addWidget(content);
    connect(m_heading, &QAbstractButton::clicked, this, [this] {
        setOpen(!isOpen());
        Q_EMIT toggled(isOpen());
    });
    m_content->hide();
}

bool Fold::isOpen() const {
    return static_cast<const Heading*>(m_heading)->isOpen();
}

void Fold::setOpen(bool open) {
    static_cast<Heading*>(m_heading)->setOpen(open);
    m_content->setVisible(open);
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
