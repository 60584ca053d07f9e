// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "desktop/remote/event_parser.h"

using namespace easel;

class TestEventParser : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cutsStreams_data();
    void cutsStreams();
    void ignoresWhatIsNotFinished();
    void stopsWhenAnEventIsTooLarge();
};

namespace {

QStringList drain(remote::EventParser& parser) {
    QStringList seen;
    while (auto event = parser.next()) {
        seen << event->type + '|' + event->id + '|' + event->data;
    }
    return seen;
}

}  // namespace

void TestEventParser::cutsStreams_data() {
    QTest::addColumn<QByteArray>("stream");
    QTest::addColumn<QStringList>("events");
    const QStringList one{"progress|7|{\"step\":1}"};
    QTest::newRow("lf") << QByteArray("event: progress\nid: 7\ndata: {\"step\":1}\n\n") << one;
    QTest::newRow("crlf") << QByteArray("event: progress\r\nid: 7\r\ndata: {\"step\":1}\r\n\r\n") << one;
    QTest::newRow("cr") << QByteArray("event: progress\rid: 7\rdata: {\"step\":1}\r\r") << one;
    QTest::newRow("no blank after the colon")
        << QByteArray("event:progress\nid:7\ndata:{\"step\":1}\n\n") << one;
    QTest::newRow("heartbeats")
        << QByteArray(": hello\n\n:\n\nid: 7\nevent: progress\n: x\ndata: {\"step\":1}\n\n:\n\n") << one;
    QTest::newRow("several lines of data")
        << QByteArray("data: a\ndata:\ndata:  b\n\n") << QStringList{"message||a\n\n b"};
    QTest::newRow("the id stays, the type does not")
        << QByteArray("event: state\nid: 3\ndata: a\n\ndata: b\n\n")
        << QStringList{"state|3|a", "message|3|b"};
    QTest::newRow("no data, no event")
        << QByteArray("event: state\nid: 4\n\ndata: b\n\n") << QStringList{"message|4|b"};
    QTest::newRow("unknown fields") << QByteArray("retry: 10\nfoo: bar\nnonsense\ndata: b\n\n")
                                    << QStringList{"message||b"};
}

void TestEventParser::cutsStreams() {
    QFETCH(QByteArray, stream);
    QFETCH(QStringList, events);

    remote::EventParser whole;
    whole.feed(stream);
    QCOMPARE(drain(whole), events);

    // However packets fall, the events are the same.
    remote::EventParser bytewise;
    QStringList seen;
    for (const char byte : stream) {
        bytewise.feed(QByteArray(1, byte));
        seen += drain(bytewise);
    }
    QCOMPARE(seen, events);
}

void TestEventParser::ignoresWhatIsNotFinished() {
    remote::EventParser parser;
    parser.feed("data: half of a line");
    QVERIFY(!parser.next());
    parser.feed(" and the rest\n");
    QVERIFY(!parser.next());
    parser.feed("\n");
    QCOMPARE(parser.next()->data, "half of a line and the rest");
}

void TestEventParser::stopsWhenAnEventIsTooLarge() {
    remote::EventParser parser;
    const QByteArray megabyte(1024 * 1024, 'x');
    for (int i = 0; i < 8 && !parser.overflowed(); ++i) {
        parser.feed("data: " + megabyte + "\n");
        QVERIFY(!parser.next());
    }
    QVERIFY(parser.overflowed());
    parser.feed("\n\ndata: more\n\n");
    QVERIFY(!parser.next());
}

QTEST_GUILESS_MAIN(TestEventParser)
#include "test_event_parser.moc"
