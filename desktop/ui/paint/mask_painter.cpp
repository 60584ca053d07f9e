// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/paint/mask_painter.h"

#include <QButtonGroup>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMessageBox>
#include <QPushButton>
#include <QShortcut>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/number_slider.h"

namespace easel::ui {

namespace {

constexpr QSize kSize(1080, 760);
constexpr int kToolsWidth = 248;
constexpr int kSign = 32;
constexpr int kUsualBrush = 300;
constexpr int kMostFeather = 200;
constexpr int kUsualFeather = 64;
constexpr double kKeyZoom = 1.25;

NumberSlider* slider(const char* name, const QString& words, int least, int most, int usual) {
    auto* made = new NumberSlider(words, 0, 1);
    made->setObjectName(name);
    made->setRange(least, most, usual);
    made->box()->setSuffix(MaskPainter::tr(" px"));
    return made;
}

}  // namespace

MaskPainter::MaskPainter(const QImage& picture, const QImage& mask, QWidget* parent)
    : QDialog(parent),
      m_mask(picture.size(), mask),
      m_start(m_mask.image()),
      m_canvas(new MaskCanvas(picture, m_mask, this)),
      m_size(slider("brushSize", tr("Brush size"), 1, MaskCanvas::kLargestBrush, kUsualBrush)),
      m_feather(slider("feather", tr("Soft edge"), 0, kMostFeather, kUsualFeather)),
      m_undo(iconButton("undoButton", QStringLiteral("undo"), tr("Undo (Ctrl+Z)"))),
      m_redo(iconButton("redoButton", QStringLiteral("redo"), tr("Do again (Ctrl+Shift+Z)"))),
      m_zoom(new QLabel(this)) {
    setObjectName("maskPainter");
    setWindowTitle(tr("Paint a mask"));
    setWindowFlag(Qt::WindowMaximizeButtonHint);
    resize(kSize);
    m_canvas->setObjectName("maskCanvas");
    m_canvas->setAccessibleName(tr("Mask"));
    m_canvas->setAccessibleDescription(
        tr("Arrow keys move the brush, with Shift they paint; Return paints a spot, or fills."));

    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(m_canvas, 1);
    right->addWidget(buildFoot());
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(buildTools());
    row->addLayout(right, 1);

    m_size->setValue(m_canvas->brush());
    connect(m_size, &NumberSlider::edited, this, [this](double size) { m_canvas->setBrush(qRound(size)); });
    connect(m_canvas, &MaskCanvas::brushChanged, m_size, &NumberSlider::setValue);
    connect(m_feather, &NumberSlider::edited, this,
            [this](double pixels) { m_canvas->setFeather(qRound(pixels)); });
    connect(m_canvas, &MaskCanvas::painted, this, &MaskPainter::showState);
    connect(m_canvas, &MaskCanvas::zoomChanged, this, &MaskPainter::showZoom);
    connect(m_undo, &QToolButton::clicked, this, [this] { change(&MaskImage::undo); });
    connect(m_redo, &QToolButton::clicked, this, [this] { change(&MaskImage::redo); });
    orderTabs();
    addKeys();
    showState();
    m_canvas->setFocus();
}

QWidget* MaskPainter::buildTools() {
    auto* tools = new QWidget(this);
    tools->setFixedWidth(kToolsWidth);
    auto* words = captionLabel(tr("What you paint over is drawn anew, the rest stays."), tools);
    words->setWordWrap(true);
    auto* kinds = new QHBoxLayout;
    kinds->setSpacing(kUnit / 2);
    auto* group = new QButtonGroup(tools);
    for (QToolButton* button :
         {toolButton("brushButton", QStringLiteral("brush"), tr("Brush (B)"), MaskCanvas::Tool::Brush),
          toolButton("eraserButton", QStringLiteral("eraser"), tr("Eraser (E)"), MaskCanvas::Tool::Eraser),
          toolButton("fillButton", QStringLiteral("bucket"), tr("Fill up to what is painted (G)"),
                     MaskCanvas::Tool::Fill)}) {
        kinds->addWidget(button);
        group->addButton(button);
    }
    kinds->addStretch();
    kinds->addWidget(m_undo);
    kinds->addWidget(m_redo);
    auto* actions = new QHBoxLayout;
    actions->setSpacing(kUnit);
    actions->addWidget(actionButton("fillAllButton", tr("Fill &all"), &MaskImage::fill), 1);
    actions->addWidget(actionButton("invertButton", tr("&Invert"), &MaskImage::invert), 1);
    actions->addWidget(actionButton("clearButton", tr("C&lear"), &MaskImage::clear), 1);
    auto* keys =
        captionLabel(tr("[ and ], or Ctrl and the wheel, change the brush. Shift draws a straight line "
                        "from the last one. The wheel zooms, Space with the mouse moves the picture."),
                     tools);
    keys->setWordWrap(true);

    auto* column = new QVBoxLayout(tools);
    column->setContentsMargins(kMargin, kMargin, kMargin, kMargin);
    column->setSpacing(kMargin);
    column->addWidget(words);
    column->addLayout(kinds);
    column->addWidget(new FieldBox(tr("Brush &size"), FieldBox::Place::Above, m_size, m_size->box(), tools));
    auto* feather =
        new FieldBox(tr("Soft &edge"), FieldBox::Place::Above, m_feather, m_feather->box(), tools);
    feather->setToolTip(tr("For how many pixels the mask fades at its edges (feather)"));
    column->addWidget(feather);
    column->addLayout(actions);
    column->addStretch();
    column->addWidget(keys);
    return tools;
}

QWidget* MaskPainter::buildFoot() {
    auto* foot = new QWidget(this);
    auto* smaller = iconButton("zoomOutButton", QStringLiteral("minus"), tr("Farther away (-)"));
    auto* larger = iconButton("zoomInButton", QStringLiteral("plus"), tr("Closer (+)"));
    auto* fit = iconButton("fitButton", QStringLiteral("fit"), tr("Whole picture (F)"));
    auto* actual = quietButton("actualSizeButton", tr("Its own size (1)"));
    actual->setText(tr("1:1"));
    m_zoom->setObjectName("zoomLabel");
    m_zoom->setForegroundRole(QPalette::PlaceholderText);
    m_zoom->setAlignment(Qt::AlignCenter);
    m_zoom->setFixedWidth(m_zoom->fontMetrics().horizontalAdvance(QStringLiteral("3,200 %")));
    auto* cancel = new QPushButton(tr("Cancel"), foot);
    cancel->setObjectName("cancelButton");
    cancel->setAutoDefault(false);
    auto* use = new QPushButton(tr("&Use mask"), foot);
    use->setObjectName("useMaskButton");
    use->setDefault(true);

    auto* row = new QHBoxLayout(foot);
    row->setContentsMargins(kUnit, kUnit, kMargin, kMargin);
    row->setSpacing(kUnit / 2);
    for (QWidget* widget : std::initializer_list<QWidget*>{smaller, m_zoom, larger, fit, actual}) {
        row->addWidget(widget);
    }
    row->addStretch();
    row->addWidget(cancel);
    row->addSpacing(kUnit / 2);
    row->addWidget(use);
    connect(smaller, &QToolButton::clicked, this, [this] { m_canvas->zoomBy(1 / kKeyZoom); });
    connect(larger, &QToolButton::clicked, this, [this] { m_canvas->zoomBy(kKeyZoom); });
    connect(fit, &QToolButton::clicked, m_canvas, &MaskCanvas::fit);
    connect(actual, &QToolButton::clicked, m_canvas, &MaskCanvas::actualSize);
    connect(cancel, &QPushButton::clicked, this, &MaskPainter::reject);
    connect(use, &QPushButton::clicked, this, &MaskPainter::accept);
    return foot;
}

QToolButton* MaskPainter::quietButton(const char* name, const QString& words) {
    auto* button = new QToolButton(this);
    button->setObjectName(name);
    button->setAutoRaise(true);
    button->setToolTip(words);
    button->setAccessibleName(words);
    // A click leaves the keyboard where it is: on the picture.
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

QToolButton* MaskPainter::iconButton(const char* name, const QString& iconName, const QString& words) {
    QToolButton* button = quietButton(name, words);
    button->setIcon(icon(iconName));
    return button;
}

QToolButton* MaskPainter::toolButton(const char* name, const QString& iconName, const QString& words,
                                     MaskCanvas::Tool tool) {
    QToolButton* button = iconButton(name, iconName, words);
    button->setCheckable(true);
    button->setChecked(tool == m_canvas->tool());
    connect(button, &QToolButton::toggled, this, [this, tool](bool on) {
        if (on) {
            m_canvas->setTool(tool);
        }
    });
    return button;
}

QAbstractButton* MaskPainter::actionButton(const char* name, const QString& words,
                                           QRect (MaskImage::*act)()) {
    auto* button = new QPushButton(words, this);
    button->setObjectName(name);
    button->setAutoDefault(false);
    button->setFocusPolicy(Qt::TabFocus);
    connect(button, &QPushButton::clicked, this, [this, act] { change(act); });
    return button;
}

/// As it stands on the screen; the tools are made in another order.
void MaskPainter::orderTabs() {
    QWidget* last = m_canvas;
    const auto next = [&](QWidget* widget) {
        setTabOrder(last, widget);
        last = widget;
    };
    for (const char* name : {"brushButton", "eraserButton", "fillButton", "undoButton", "redoButton"}) {
        next(findChild<QWidget*>(name));
    }
    for (NumberSlider* number : {m_size, m_feather}) {
        next(number->findChild<QSlider*>());
        next(number->box());
    }
    for (const char* name : {"fillAllButton", "invertButton", "clearButton", "zoomOutButton", "zoomInButton",
                             "fitButton", "actualSizeButton", "cancelButton", "useMaskButton"}) {
        next(findChild<QWidget*>(name));
    }
}

void MaskPainter::addKeys() {
    const auto on = [this](const QKeySequence& keys, auto act) {
        connect(new QShortcut(keys, this), &QShortcut::activated, this, act);
    };
    const auto press = [&](const QKeySequence& keys, const char* name) {
        on(keys, [button = findChild<QAbstractButton*>(name)] { button->click(); });
    };
    press(Qt::Key_B, "brushButton");
    press(Qt::Key_E, "eraserButton");
    press(Qt::Key_G, "fillButton");
    press(QKeySequence::Undo, "undoButton");
    press(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Z), "redoButton");
    press(QKeySequence(Qt::CTRL | Qt::Key_Y), "redoButton");
    press(Qt::Key_Minus, "zoomOutButton");
    press(Qt::Key_Plus, "zoomInButton");
    press(Qt::Key_Equal, "zoomInButton");
    press(Qt::Key_F, "fitButton");
    press(Qt::Key_1, "actualSizeButton");
    on(Qt::Key_BracketLeft, [this] { m_canvas->shrinkBrush(); });
    on(Qt::Key_BracketRight, [this] { m_canvas->growBrush(); });
}

void MaskPainter::change(QRect (MaskImage::*act)()) {
    m_canvas->showChange((m_mask.*act)());
    showState();
}

void MaskPainter::showState() {
    m_undo->setEnabled(m_mask.canUndo());
    m_redo->setEnabled(m_mask.canRedo());
}

void MaskPainter::showZoom() {
    m_zoom->setText(tr("%1 %").arg(QLocale().toString(qRound(m_canvas->zoom() * 100))));
}

void MaskPainter::reject() {
    if (mask() == m_start) {
        QDialog::reject();
        return;
    }
    auto* question = new QMessageBox(this);
    question->setObjectName("discardQuestion");
    question->setWindowTitle(tr("Discard the mask"));
    question->setIconPixmap(
        iconPixmap(QStringLiteral("warning"), statusColors(palette()).bad, kSign, devicePixelRatioF()));
    question->setText(tr("Discard what you have painted?"));
    question->setInformativeText(tr("The mask stays as it was before you opened it."));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* yes = question->addButton(tr("&Discard"), QMessageBox::DestructiveRole);
    QPushButton* no = question->addButton(tr("&Go on painting"), QMessageBox::RejectRole);
    question->setDefaultButton(no);
    question->setEscapeButton(no);
    connect(yes, &QPushButton::clicked, this, [this] { QDialog::reject(); });
    question->open();
}

}  // namespace easel::ui
