// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>

#include "desktop/gallery/trash_model.h"

class QLabel;
class QListView;
class QPushButton;

namespace easel::ui {

/// What was deleted in the last weeks: to bring it back, or to be rid of it, which is the one thing here that
/// can't be undone and is asked about. Owned by the window; GUI thread.
class TrashDialog : public QDialog {
    Q_OBJECT

public:
    TrashDialog(gallery::PictureStore& store, gallery::Thumbnailer& thumbnailer, QWidget* parent = nullptr);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void showState();
    QStringList selectedPaths() const;
    void restore();
    void destroy(const QStringList& paths);

    gallery::PictureStore& m_store;
    gallery::TrashModel m_model;
    QLabel* m_summary;
    QListView* m_list;
    QPushButton* m_empty;
    QPushButton* m_destroy;
    QPushButton* m_restore;
};

}  // namespace easel::ui
