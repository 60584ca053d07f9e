// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>

#include "tests/desktop/remote/fake_server.h"

namespace easel::tests {

/// How a server sends pictures that knows ranges, across a line that breaks where a test says.
struct FakePicture {
    QList<qsizetype> cuts;  ///< after how many bytes of their bodies the next answers break off
    bool isSilent = false;  ///< what breaks off stays open, as a line does that is dead
    qint64 sent = 0;        ///< bytes of bodies

    /// Answers with `bytes`, or with the part of them that is asked for. `tag` is the whole field.
    void answer(const FakeRequest& request, QTcpSocket& socket, const QByteArray& bytes,
                const QByteArray& tag);
};

}  // namespace easel::tests
