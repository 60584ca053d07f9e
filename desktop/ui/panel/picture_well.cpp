// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/picture_well.h"

#include <QAbstractButton>
#include <QClipboard>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMimeData>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

#include <functional>
#include <utility>

#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/problem_mark.h"

namespace easel::ui {

namespace {

constexpr int kHeight = 120;

QString localFile(const QMimeData& data) {
    for (const QUrl& url : data.urls()) {
        if (url.isLocalFile()) {
            return url.toLocalFile();
        }
    }
    return {};
}

}  // namespace

/// The picture, or a dashed place for one. Pressing it asks for a file.
class PictureWell::Frame : public QAbstractButton {
public:
    explicit Frame(PictureWell& well) : QAbstractButton(&well), m_well(well) {
        setObjectName("pictureFrame");
        setFocusPolicy(Qt::StrongFocus);
        setAttribute(Qt::WA_Hover);
        setAcceptDrops(true);
        setFixedHeight(kHeight);
    }

protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
        const QRectF box = QRectF(rect()).adjusted(1, 1, -1, -1);
        const bool isFull = m_well.picture().has_value();
        painter.setPen(Qt::NoPen);
        painter.setBrush(isFull ? pictureGround(palette()) : palette().color(QPalette::Base));
        painter.drawRoundedRect(box, kRadius, kRadius);
        if (isFull) {
            const QImage& preview = m_well.picture()->preview;
            QRectF place(QPointF(), QSizeF(preview.size()).scaled(box.size(), Qt::KeepAspectRatio));
            place.moveCenter(box.center());
            painter.drawImage(place, preview);
        } else {
            drawWords(painter);
        }
        painter.setBrush(Qt::NoBrush);
        painter.setPen(outline(isFull));
        painter.drawRoundedRect(box, kRadius, kRadius);
    }
    void dragEnterEvent(QDragEnterEvent* event) override {
        if (canTake(*event->mimeData())) {
            event->acceptProposedAction();
            m_isOver = true;
            update();
        }
    }
    void dragLeaveEvent(QDragLeaveEvent*) override {
        m_isOver = false;
        update();
    }
    void dropEvent(QDropEvent* event) override {
        m_isOver = false;
        update();
        event->setDropAction(Qt::CopyAction);
        event->accept();
        m_well.take(*event->mimeData());
    }
    void keyPressEvent(QKeyEvent* event) override {
        if (event->matches(QKeySequence::Paste)) {
            m_well.paste();
        } else if (event->matches(QKeySequence::Delete) && m_well.id()) {
            m_well.remove();
        } else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
            click();
        } else {
            QAbstractButton::keyPressEvent(event);
        }
    }

private:
    QPen outline(bool isFull) const {
        if (isMarkedWrong(*this)) {
            return {statusColors(palette()).bad, 2};
        }
        if (hasFocus() || m_isOver) {
            return {palette().color(QPalette::Link), 2};
        }
        const auto role = underMouse() ? QPalette::PlaceholderText : QPalette::Dark;
        return {palette().color(role), 1, isFull ? Qt::SolidLine : Qt::DashLine};
    }
    void drawWords(QPainter& painter) const {
        const bool isMissing = m_well.isMissing();
        const QColor color = palette().color(QPalette::PlaceholderText);
        const QPixmap sign =
            iconPixmap(isMissing ? QStringLiteral("warning") : QStringLiteral("picture"),
                       isMissing ? statusColors(palette()).bad : color, kIconSize, devicePixelRatioF());
        const QString words = isMissing     ? tr("Not on this computer any more")
                              : m_well.id() ? tr("Reading…")
                                            : tr("Drop, paste or open a picture");
        painter.setPen(color);
        painter.setFont(captionFont());
        const int line = painter.fontMetrics().height();
        const int top = (height() - kIconSize - kUnit - line) / 2;
        painter.drawPixmap((width() - kIconSize) / 2, top, sign);
        painter.drawText(QRect(kUnit, top + kIconSize + kUnit, width() - 2 * kUnit, line), Qt::AlignCenter,
                         painter.fontMetrics().elidedText(words, Qt::ElideRight, width() - 2 * kUnit));
    }

    PictureWell& m_well;
    bool m_isOver = false;
};

PictureWell::PictureWell(gallery::InputFolder& inputs, const QString& name, QWidget* parent)
    : QWidget(parent), m_inputs(inputs), m_frame(new Frame(*this)), m_buttons(new QHBoxLayout) {
    setAccessibleName(name);
    m_frame->setAccessibleName(name);
    m_frame->setToolTip(tr("Drop a picture here, paste one (Ctrl+V), or press to open one"));
    auto* openButton = new QPushButton(tr("Open…"), this);
    openButton->setObjectName("openPictureButton");
    openButton->setAccessibleName(tr("%1: open").arg(name));
    auto* pasteButton = new QPushButton(tr("Paste"), this);
    pasteButton->setObjectName("pastePictureButton");
    pasteButton->setAccessibleName(tr("%1: paste").arg(name));
    m_buttons->setSpacing(kUnit / 2);
    m_buttons->addWidget(openButton);
    m_buttons->addWidget(pasteButton);
    m_buttons->addStretch();
    m_remove = addButton("removePictureButton", QStringLiteral("close"), tr("Take it out"));

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit);
    column->addWidget(m_frame);
    column->addLayout(m_buttons);

    connect(m_frame, &QAbstractButton::clicked, this, &PictureWell::open);
    connect(openButton, &QPushButton::clicked, this, &PictureWell::open);
    connect(pasteButton, &QPushButton::clicked, this, &PictureWell::paste);
    connect(m_remove, &QToolButton::clicked, this, &PictureWell::remove);
    showState();
}

bool PictureWell::canTake(const QMimeData& found) {
    return found.hasImage() || !localFile(found).isEmpty();
}

QWidget* PictureWell::input() const {
    return m_frame;
}

QToolButton* PictureWell::addButton(const char* name, const QString& iconName, const QString& tip) {
    auto* button = new QToolButton(this);
    button->setObjectName(name);
    button->setIcon(icon(iconName));
    button->setToolTip(tip);
    button->setAccessibleName(tr("%1: %2").arg(accessibleName(), tip));
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::StrongFocus);
    button->setEnabled(false);
    // The one that takes it out comes last.
    m_buttons->insertWidget(m_buttons->count() - (m_buttons->count() > 3 ? 1 : 0), button);
    connect(this, &PictureWell::looked, button, [this, button] { button->setEnabled(m_id.has_value()); });
    return button;
}

void PictureWell::setPicture(const std::optional<std::string>& id) {
    if (id == m_id) {
        return;
    }
    m_id = id;
    m_picture.reset();
    m_isMissing = false;
    const int question = ++m_question;
    if (m_id) {
        m_inputs.look(*m_id, this, [this, question](const Found& found) {
            if (question != m_question) {
                return;
            }
            m_isMissing = !found;
            if (found) {
                m_picture = *found;
            }
            showState();
        });
    }
    showState();
}

QString PictureWell::words() const {
    if (m_picture) {
        return tr("%1 × %2").arg(m_picture->size.width()).arg(m_picture->size.height());
    }
    return m_isMissing ? tr("This picture is not on this computer any more. The server may still have it; "
                            "else choose it again.")
                       : QString();
}

std::function<void(const PictureWell::Found&)> PictureWell::keeping() {
    return [this, question = ++m_question](const Found& kept) {
        if (question != m_question) {
            return;
        }
        if (!kept) {
            Q_EMIT refused(QString::fromStdString(kept.error().detail));
            return;
        }
        m_id = kept->id;
        m_picture = *kept;
        m_isMissing = false;
        showState();
        Q_EMIT chosen(*m_id);
    };
}

void PictureWell::takeFile(const QString& path) {
    m_inputs.keepFile(path, this, keeping());
}

void PictureWell::takeImage(const QImage& image) {
    m_inputs.keepImage(image, this, keeping());
}

void PictureWell::take(const QMimeData& found) {
    if (const QString path = localFile(found); !path.isEmpty()) {
        takeFile(path);
    } else if (found.hasImage()) {
        takeImage(qvariant_cast<QImage>(found.imageData()));
    }
}

void PictureWell::paste() {
    const QMimeData* found = QGuiApplication::clipboard()->mimeData();
    if (found != nullptr && canTake(*found)) {
        take(*found);
    } else {
        Q_EMIT refused(tr("There is no picture on the clipboard. Copy one first."));
    }
}

void PictureWell::open() {
    auto* question = new QFileDialog(this, tr("Open a picture"));
    question->setObjectName("openPictureQuestion");
    question->setAttribute(Qt::WA_DeleteOnClose);
    question->setFileMode(QFileDialog::ExistingFile);
    question->setNameFilters(
        {tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif *.tif *.tiff)"), tr("All files (*)")});
    connect(question, &QFileDialog::fileSelected, this, &PictureWell::takeFile);
    question->open();
}

void PictureWell::remove() {
    setPicture({});
    Q_EMIT removed();
}

void PictureWell::showState() {
    m_frame->setAccessibleDescription(m_id ? words() : tr("No picture"));
    m_frame->update();
    Q_EMIT looked();
}

}  // namespace easel::ui
