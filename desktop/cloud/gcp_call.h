// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>

#include <memory>
#include <optional>

#include "desktop/cloud/gcp_event.h"

namespace easel::cloud {

/// `easel-gcp` as EASEL_GCP names it, beside the app, in the source tree or on PATH; empty: nowhere.
QString findGcpProgram();

/// One run of easel-gcp, from its first line to its end. GUI thread.
class GcpCall : public QObject {
    Q_OBJECT

public:
    /// --json is added to `arguments`.
    GcpCall(QString program, QStringList arguments, QObject* parent = nullptr);
    /// Ends it, with all that it has started, and waits for that a moment.
    ~GcpCall() override;

    void start();
    bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    /// Asks it, and all that it has started, to end; `ended` follows.
    void stop();
    /// Lets go of one that nobody listens to any more: it is asked to end, and gone when it has.
    static void endLater(std::unique_ptr<GcpCall> call);

Q_SIGNALS:
    void said(const easel::cloud::Event& event);
    /// Once, and later than start(). Nothing: it has done what it was asked for. A question that nobody has
    /// answered is the failure "question", and stop() "cancelled".
    void ended(const std::optional<easel::cloud::Failure>& failure);

private:
    void signal(int number);
    void readLines();
    void take(const QByteArray& line);
    void onFinished();
    void end(const std::optional<Failure>& failure);
    Failure unexplained() const;

    QString m_program;
    QStringList m_arguments;
    QProcess m_process;
    QTimer m_patience;  ///< until it is ended the hard way
    QByteArray m_pending;
    QByteArray m_lastWords;
    bool m_isSkipping = false;  ///< the rest of a line that was too long
    bool m_isStopping = false;
    bool m_isDone = false;
    bool m_hasEnded = false;
    std::optional<Failure> m_failure;
};

}  // namespace easel::cloud
