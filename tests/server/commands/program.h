// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QProcess>
#include <QString>
#include <QStringList>

#include <functional>

/// Runs easel-server as a person or a script would.
class Program {
public:
    /// `folder` is where it runs; `prepare` is called in the new process, before it becomes easel-server.
    explicit Program(const QStringList& arguments, const QString& folder = {},
                     const std::function<void()>& prepare = {});
    /// With redirections in the shell's words, such as "2>&-"; other commands may come before them.
    static Program redirected(const QString& redirections, const QStringList& arguments);
    ~Program();

    /// The exit status; -1 when it did not end by itself.
    int waitForEnd();
    /// Waits until it has printed a whole line that begins with `start`, and answers the rest of it.
    QString waitForLine(const QString& start);
    /// Waits until it has printed `text` to standard error.
    bool waitForError(const QByteArray& text);
    void signal(int number);

    qint64 pid() const { return m_process.processId(); }
    QByteArray output() const { return m_output; }
    QByteArray errors() const { return m_errors; }

private:
    Program(const QString& program, const QStringList& arguments, const QString& folder,
            const std::function<void()>& prepare);
    void read();

    QProcess m_process;
    QByteArray m_output;
    QByteArray m_errors;
};

/// The processes that `parent` started.
QList<qint64> childrenOf(qint64 parent);
bool isAlive(qint64 process);
/// A model folder under a name that tells the fake worker how to behave, made inside `folder`.
QString modelNamed(const QString& name, const QString& folder);
/// A model folder made inside `folder`, whose scheduler Easel does not have and for which the fake worker has
/// a note.
QString oddModel(const QString& folder);
