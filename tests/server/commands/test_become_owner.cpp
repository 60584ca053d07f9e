// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

#include <QTemporaryDir>
#include <QTest>

#include "server/commands/ownership.h"

using easel::commands::becomeOwnerOf;

namespace {

constexpr ::uid_t kNobody = 65534;

/// Whether `check` holds in a process of its own, which may become somebody else.
bool holds(const std::function<bool()>& check) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(check() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

class TestBecomeOwner : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

    std::filesystem::path folder() const { return m_folder.path().toStdString(); }

private Q_SLOTS:
    void initTestCase() {
        if (::geteuid() != 0) {
            QSKIP("Only root can become somebody else.");
        }
        QCOMPARE(::chown(m_folder.path().toLocal8Bit(), kNobody, kNobody), 0);
    }

    void rootBecomesTheOwner() {
        QVERIFY(holds([this] {
            return becomeOwnerOf(folder()).has_value() && ::getuid() == kNobody && ::geteuid() == kNobody &&
                   ::getegid() != 0 && ::setuid(0) != 0;
        }));
    }

    void noGroupOfRootsStays() {
        QVERIFY(holds([this] {
            const std::array<::gid_t, 2> before{0, 4};
            if (::setgroups(before.size(), before.data()) != 0 || !becomeOwnerOf(folder())) {
                return false;
            }
            std::array<::gid_t, 64> groups{};
            const int count = ::getgroups(groups.size(), groups.data());
            return count >= 0 &&
                   std::find(groups.begin(), groups.begin() + count, 0U) == groups.begin() + count &&
                   std::find(groups.begin(), groups.begin() + count, 4U) == groups.begin() + count;
        }));
    }

    void theNearestThatIsThereTells() {
        QVERIFY(holds([this] {
            return becomeOwnerOf(folder() / "not" / "yet").has_value() && ::geteuid() == kNobody;
        }));
    }

    void rootStaysInItsOwn() {
        const QTemporaryDir own;
        QVERIFY(
            holds([&] { return becomeOwnerOf(own.path().toStdString()).has_value() && ::geteuid() == 0; }));
    }

    void othersStayWhoTheyAre() {
        QVERIFY(holds([] {
            return ::setuid(kNobody) == 0 && becomeOwnerOf("/root/anything").has_value() &&
                   ::geteuid() == kNobody;
        }));
    }
};

QTEST_GUILESS_MAIN(TestBecomeOwner)
#include "test_become_owner.moc"
