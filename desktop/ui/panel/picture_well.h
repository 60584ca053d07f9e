// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <optional>
#include <string>

#include "desktop/gallery/input_folder.h"

class QHBoxLayout;
class QMimeData;
class QToolButton;

namespace easel::ui {

/// Where a picture to draw from is put: dropped, pasted or opened. Shows it small. Owned by a section.
class PictureWell : public QWidget {
    Q_OBJECT

public:
    /// `inputs` outlives it. `name` is what a screen reader calls the picture: "Start picture".
    PictureWell(gallery::InputFolder& inputs, const QString& name, QWidget* parent = nullptr);

    /// Whether there is something in it that could be a picture.
    static bool canTake(const QMimeData& found);

    const std::optional<std::string>& id() const { return m_id; }
    /// Without `chosen`. `looked` follows, unless it is the same.
    void setPicture(const std::optional<std::string>& id);
    /// The picture in it; absent until it was looked at, and where it is missing.
    const std::optional<gallery::InputPicture>& picture() const { return m_picture; }
    /// It was put in earlier, and is not on this computer any more.
    bool isMissing() const { return m_isMissing; }
    /// "640 × 480", what is wrong, or nothing.
    QString words() const;

    /// As if the person had put it in.
    void takeFile(const QString& path);
    void takeImage(const QImage& image);
    void remove();
    /// What takes the keyboard, and is outlined.
    QWidget* input() const;
    /// One more button beside the others, which is of use while there is a picture.
    QToolButton* addButton(const char* name, const QString& iconName, const QString& tip);

Q_SIGNALS:
    /// The person put one in.
    void chosen(const std::string& id);
    void removed();
    /// What was put in can't be used; a sentence for a person.
    void refused(const QString& why);
    /// picture(), isMissing() and words() have changed.
    void looked();

private:
    class Frame;
    using Found = protocol::Expected<gallery::InputPicture>;

    void take(const QMimeData& found);
    void paste();
    void open();
    /// Answers of earlier questions are no longer wanted.
    std::function<void(const Found&)> keeping();
    void showState();

    gallery::InputFolder& m_inputs;
    std::optional<std::string> m_id;
    std::optional<gallery::InputPicture> m_picture;
    bool m_isMissing = false;
    int m_question = 0;
    Frame* m_frame;
    QHBoxLayout* m_buttons;
    QToolButton* m_remove;
};

}  // namespace easel::ui
