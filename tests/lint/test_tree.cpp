// SPDX-License-Identifier: Apache-2.0
#include <QDirIterator>
#include <QFile>
#include <QMap>
#include <QProcess>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

namespace {

struct Folder {
    QStringList mayInclude;
    QSet<QString> libraries;
};

QString read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

const QString kRoot = QStringLiteral(EASEL_SOURCE_DIR "/");

/// Prefixes of the headers of each library that stands on the compiler's own path.
const QMap<QString, QStringList> kLibraries{{"tl", {"tl/"}},
                                            {"nlohmann", {"nlohmann/"}},
                                            {"boost", {"boost/"}},
                                            {"openssl", {"openssl/"}},
                                            {"curl", {"curl/"}},
                                            {"archive", {"archive.h", "archive_entry.h"}},
                                            {"sqlite", {"SQLiteCpp/", "sqlite3"}},
                                            {"png", {"png.h"}},
                                            {"spng", {"spng.h"}},
                                            {"turbojpeg", {"turbojpeg.h"}},
                                            {"webp", {"webp/"}},
                                            {"exif", {"libexif/"}},
                                            {"utf8proc", {"utf8proc"}},
                                            {"zlib", {"zlib.h"}},
                                            {"keychain", {"qt6keychain/"}},
                                            {"cli11", {"CLI/"}},
                                            {"spdlog", {"spdlog/"}},
                                            {"fmt", {"fmt/"}},
                                            {"torch", {"ATen/", "c10/", "torch/"}}};

QMap<QString, Folder> table() {
    QMap<QString, Folder> folders;
    static const QRegularExpression row(R"(^\| `([a-z/_]+)` \|([^|]*)\|([^|]*)\|$)",
                                        QRegularExpression::MultilineOption);
    static const QRegularExpression name("`([^`]+)`");
    for (auto rows = row.globalMatch(read(kRoot + "ARCHITECTURE.md")); rows.hasNext();) {
        const auto match = rows.next();
        Folder folder;
        for (auto names = name.globalMatch(match.captured(2)); names.hasNext();) {
            folder.mayInclude += names.next().captured(1);
        }
        for (const QString& library : match.captured(3).split(',')) {
            if (!library.trimmed().isEmpty()) {
                folder.libraries += library.trimmed();
            }
        }
        folders[match.captured(1)] = folder;
    }
    return folders;
}

QStringList filesBelow(const QString& folder, const QStringList& patterns) {
    QStringList files;
    QDirIterator it(kRoot + folder, patterns, QDir::Files, QDirIterator::Subdirectories);
    while (it.hasNext()) {
        files += it.next().mid(kRoot.size());
    }
    return files;
}

/// The row that `path` belongs to: the longest folder of the table that it lies in.
QString folderOf(const QMap<QString, Folder>& folders, const QString& path) {
    QString best;
    for (const QString& folder : folders.keys()) {
        if (path.startsWith(folder + '/') && folder.size() > best.size()) {
            best = folder;
        }
    }
    return best;
}

/// What is wrong with one file's includes; empty when nothing is. The permissions that it needs are added to
/// `used`, as "folder > permission".
QStringList wrongArrows(const QMap<QString, Folder>& folders, const QString& path, const QString& text,
                        QSet<QString>* used = nullptr) {
    QStringList wrong;
    const QString home = folderOf(folders, path);
    if (home.isEmpty()) {
        return {path + " lies in no folder of the table"};
    }
    const Folder& folder = folders[home];
    static const QRegularExpression include(R"(^\s*#\s*include\s*(["<])([^">]+)[">])",
                                            QRegularExpression::MultilineOption);
    for (auto includes = include.globalMatch(text); includes.hasNext();) {
        const auto match = includes.next();
        const QString header = match.captured(2);
        if (match.captured(1) == "\"") {
            const bool generated = header.endsWith(".moc");
            bool allowed = generated || header.startsWith(home + '/');
            for (const QString& other : folder.mayInclude) {
                const bool permits = header == other || header.startsWith(other + '/');
                allowed = allowed || permits;
                if (permits && used) {
                    used->insert(home + " > " + other);
                }
            }
            if (!allowed) {
                wrong += path + " includes " + header;
            }
            continue;
        }
        for (auto library = kLibraries.begin(); library != kLibraries.end(); ++library) {
            for (const QString& prefix : library.value()) {
                if (!header.startsWith(prefix)) {
                    continue;
                }
                if (!folder.libraries.contains(library.key())) {
                    wrong += path + " includes <" + header + ">";
                } else if (used) {
                    used->insert(home + " > " + library.key());
                }
            }
        }
    }
    return wrong;
}

/// What the table permits and nobody needs.
QStringList unused(const QMap<QString, Folder>& folders, const QSet<QString>& used) {
    QStringList idle;
    for (auto folder = folders.begin(); folder != folders.end(); ++folder) {
        for (const QString& name : folder->mayInclude + folder->libraries.values()) {
            if (const QString permission = folder.key() + " > " + name; !used.contains(permission)) {
                idle += permission;
            }
        }
    }
    return idle;
}

/// Types that two of `headers` (text by path) define by one name in one namespace: a program that holds both
/// takes either's functions for the other's.
QStringList definedTwice(const QMap<QString, QString>& headers) {
    static const QRegularExpression space(R"(^namespace ([\w:]+) \{)", QRegularExpression::MultilineOption);
    static const QRegularExpression type(R"(^(?:class|struct|enum class) (\w+)[^;]*?\{)",
                                         QRegularExpression::MultilineOption);
    QMap<QString, QString> places;
    QStringList twice;
    for (auto header = headers.begin(); header != headers.end(); ++header) {
        const QString home = space.match(*header).captured(1);
        for (auto types = type.globalMatch(*header); types.hasNext();) {
            const QString name = home + "::" + types.next().captured(1);
            if (places.contains(name)) {
                twice += name + " in " + places[name] + " and " + header.key();
            }
            places[name] = header.key();
        }
    }
    return twice;
}

}  // namespace

/// Reads the tree as text and holds it to ARCHITECTURE.md's table and to the house rules.
class TestTree : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void includesFollowTheTable() {
        const auto folders = table();
        QVERIFY2(folders.size() >= 15, "the table in ARCHITECTURE.md was not read");
        QStringList wrong;
        QSet<QString> used;
        for (const char* top : {"shared", "server", "desktop"}) {
            for (const QString& path : filesBelow(QString(top), {"*.h", "*.cpp"})) {
                wrong += wrongArrows(folders, path, read(kRoot + path), &used);
            }
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
        const QStringList idle = unused(folders, used);
        QVERIFY2(idle.isEmpty(), qPrintable("permitted, but not used: " + idle.join(", ")));
    }

    /// What lies outside of them could include any of them.
    void allOfTheDesktopLiesInItsRooms() {
        const auto folders = table();
        QStringList homeless;
        for (const QString& path : filesBelow("desktop", {"*.h", "*.cpp"})) {
            if (folderOf(folders, path) == "desktop") {
                homeless += path;
            }
        }
        QCOMPARE(homeless, QStringList("desktop/main.cpp"));
        QCOMPARE(folderOf(folders, "desktop/ui/x.cpp"), "desktop");
    }

    void aWrongArrowIsSeen() {
        const auto folders = table();
        QCOMPARE(wrongArrows(folders, "server/http/x.cpp", "#include \"server/jobs/job_queue.h\"\n").size(),
                 1);
        QCOMPARE(wrongArrows(folders, "server/jobs/x.cpp", "  # include <boost/beast.hpp>\n").size(), 1);
        QCOMPARE(wrongArrows(folders, "desktop/x.cpp", "#include \"server/image/image.h\"\n").size(), 1);
        const QString window = "#include \"desktop/ui/window/main_window.h\"\n";
        const QString library = "#include \"desktop/ui/library/library.h\"\n";
        const QString parts = "#include \"desktop/ui/parts/measures.h\"\n";
        QCOMPARE(wrongArrows(folders, "desktop/ui/library/x.cpp", window).size(), 1);
        QCOMPARE(wrongArrows(folders, "desktop/ui/panel/x.cpp", library).size(), 1);
        QCOMPARE(wrongArrows(folders, "desktop/ui/parts/x.cpp", window + library).size(), 2);
        QCOMPARE(wrongArrows(folders, "desktop/ui/window/x.cpp", library + parts).size(), 0);
        QCOMPARE(wrongArrows(folders, "server/stray/x.cpp", "").size(), 1);
        QCOMPARE(wrongArrows(folders, "server/jobs/x.cpp", "#include \"server/jobs/job_queue.h\"\n").size(),
                 0);
    }

    void anIdlePermissionIsSeen() {
        const QMap<QString, Folder> folders{{"server/api", {{"shared/protocol", "server/http"}, {"tl"}}}};
        QSet<QString> used;
        const QString text = "#include <tl/expected.hpp>\n#include \"shared/protocol/job.h\"\n";
        QCOMPARE(wrongArrows(folders, "server/api/x.cpp", text, &used), QStringList());
        QCOMPARE(unused(folders, used), QStringList("server/api > server/http"));
    }

    void everyTypeHasANameOfItsOwn() {
        QMap<QString, QString> headers;
        for (const char* top : {"shared", "server", "desktop"}) {
            for (const QString& path : filesBelow(QString(top), {"*.h"})) {
                headers[path] = read(kRoot + path);
            }
        }
        QVERIFY(headers.size() > 300);
        const QStringList twice = definedTwice(headers);
        QVERIFY2(twice.isEmpty(), qPrintable(twice.join('\n')));
        const QString one = "namespace easel::x {\n\nclass A final : public B {\n};\n}\n";
        QCOMPARE(definedTwice({{"a.h", one}, {"b.h", one}}).size(), 1);
        QCOMPARE(definedTwice({{"a.h", one}, {"b.h", "namespace easel::x {\nclass A;\n}\n"}}).size(), 0);
        QCOMPARE(definedTwice({{"a.h", one}, {"b.h", QString(one).replace("::x", "::y")}}).size(), 0);
    }

    void settingsAreReadByTheirPreferences() {
        static const QRegularExpression access(R"([sS]ettings(\.|->)(value|setValue|remove|contains)\()");
        QStringList wrong;
        for (const QString& path : filesBelow("desktop", {"*.h", "*.cpp"})) {
            if (!path.startsWith("desktop/preferences/") && read(kRoot + path).contains(access)) {
                wrong += path;
            }
        }
        QVERIFY2(wrong.isEmpty(),
                 qPrintable("a settings key outside of desktop/preferences: " + wrong.join(", ")));
        QVERIFY(read(kRoot + "desktop/preferences/preferences.h").contains(access));
    }

    void everySourceNamesItsLicence() {
        QStringList without;
        for (const char* top : {"shared", "server", "desktop", "tests", "packaging", "resources"}) {
            for (const QString& path : filesBelow(
                     top, {"*.h", "*.cpp", "*.py", "*.sh", "*.cmake", "CMakeLists.txt", "*.js", "*.css"})) {
                if (!read(kRoot + path).section('\n', 0, 3).contains("SPDX-License-Identifier: Apache-2.0")) {
                    without += path;
                }
            }
        }
        QVERIFY2(without.isEmpty(), qPrintable("no SPDX line in " + without.join(", ")));
    }

    void theTopLevelStaysAsDesigned() {
        const QSet<QString> known{"CMakeLists.txt",  "CMakePresets.json",
                                  "README.md",       "ARCHITECTURE.md",
                                  "CONTRIBUTING.md", "CHANGELOG.md",
                                  "LICENSE",         "server",
                                  "desktop",         "shared",
                                  "resources",       "tests",
                                  "packaging"};
        // What git does not track is somebody's own.
        QProcess git;
        git.setWorkingDirectory(kRoot);
        git.start("git", {"ls-tree", "--name-only", "HEAD"});
        if (!git.waitForFinished() || git.exitCode() != 0) {
            QSKIP("this tree is not a git checkout");
        }
        const QStringList tracked =
            QString::fromUtf8(git.readAllStandardOutput()).split('\n', Qt::SkipEmptyParts);
        QVERIFY(tracked.contains("server"));
        for (const QString& name : tracked) {
            QVERIFY2(name.startsWith('.') || known.contains(name),
                     qPrintable("not part of the layout: " + name));
        }
    }
};

QTEST_GUILESS_MAIN(TestTree)
#include "test_tree.moc"
