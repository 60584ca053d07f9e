// SPDX-License-Identifier: Apache-2.0
#include "tests/desktop/remote/fake_picture.h"

namespace easel::tests {

void FakePicture::answer(const FakeRequest& request, QTcpSocket& socket, const QByteArray& bytes,
                         const QByteArray& tag) {
    const QByteArray range = request.headers.value("range");
    const bool isPart =
        range.startsWith("bytes=") && range.endsWith('-') && request.headers.value("if-range") == tag;
    const qsizetype first = isPart ? range.mid(6).chopped(1).toLongLong() : 0;
    const QByteArray size = QByteArray::number(bytes.size());
    if (first >= bytes.size()) {
        socket.write(tests::answer(416, "text/plain", {}, "Content-Range: bytes */" + size + "\r\n"));
        return;
    }
    const QByteArray body = bytes.mid(first);
    QByteArray headers = tag.isEmpty() ? QByteArray() : "ETag: " + tag + "\r\n";
    if (isPart) {
        headers += "Content-Range: bytes " + QByteArray::number(first) + '-' +
                   QByteArray::number(bytes.size() - 1) + '/' + size + "\r\n";
    }
    const QByteArray whole = tests::answer(isPart ? 206 : 200, "image/png", body, headers);
    const qsizetype kept = cuts.isEmpty() ? body.size() : qMin(cuts.takeFirst(), body.size());
    sent += kept;
    socket.write(whole.chopped(body.size() - kept));
    if (kept < body.size() && !isSilent) {
        socket.disconnectFromHost();
    }
}

}  // namespace easel::tests
