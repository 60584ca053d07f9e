// SPDX-License-Identifier: Apache-2.0
#include <QAction>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>
#include <QTest>

#include "desktop/ui/parts/action_row.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using protocol::ModelState;
using protocol::PullState;
using protocol::PullTask;
using tests::actionNamed;
using tests::App;
using tests::FakeEasel;

namespace {

constexpr int kPatience = 20'000;  // milliseconds

protocol::ModelInfo modelCalled(const std::string& id) {
    protocol::ModelInfo model;
    model.id = model.title = id;
    model.family = "stable-diffusion";
    model.licence = "creativeml-openrail-m";
    model.bytes = 4'300'000'000;
    model.isPulled = true;
    return model;
}

protocol::HubModel offerOf(const std::string& id) {
    protocol::HubModel offer;
    offer.id = id;
    offer.licence = "creativeml-openrail-m";
    offer.page = "https://hub.example/" + id;
    offer.variants = {{"", 12, 4'300'000'000, 0}, {"fp16", 12, 2'200'000'000, 200'000'000}};
    return offer;
}

/// The page of models, open.
struct Page {
    App& app;
    QDialog* dialog;

    explicit Page(App& of) : app(of), dialog(nullptr) {
        actionNamed(app, "&Models…")->trigger();
        dialog = app.find<QDialog>("modelsDialog");
    }
    QList<ui::ActionRow*> rows() const {
        QList<ui::ActionRow*> shown;
        for (auto* row : dialog->findChildren<ui::ActionRow*>()) {
            if (row->isVisibleTo(dialog)) {
                shown << row;
            }
        }
        return shown;
    }
    /// The first row in whose words `text` is found.
    ui::ActionRow* row(const QString& text) const {
        for (auto* each : rows()) {
            if (each->accessibleName().contains(text)) {
                return each;
            }
        }
        return nullptr;
    }
    /// One that was just made is shown in a moment; one that goes is hidden at once.
    QPushButton* button(const QString& text, const char* name) const {
        auto* found = row(text);
        for (auto* each : found ? found->findChildren<QPushButton*>(name) : QList<QPushButton*>()) {
            const bool goes = each->testAttribute(Qt::WA_WState_ExplicitShowHide) && each->isHidden();
            if (!goes) {
                return each;
            }
        }
        return nullptr;
    }
    QLineEdit* search() const { return dialog->findChild<QLineEdit*>("hubSearchEdit"); }
    QString words() const { return dialog->findChild<QLabel*>("modelsWords")->text(); }
    void type(const QString& text) const {
        search()->setFocus();
        QTest::keyClicks(search(), text);
    }
};

}  // namespace

/// What is there, what the hub offers, and what can be done with both.
class TestModels : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void showsWhatIsThere();
    void getsAModelByItsName();
    void searches();
    void saysWhyNothingWasFound();
    void hasNoRoom();
    void explainsALicence();
    void stopsAndTakesUpAgain();
    void verifies();
    void asksBeforeItRemoves();
    void leavesModelsToAdmins();
    void saysThatTheServerIsAway();
    void keepsTheKeyboardWhereItIs();
};

void TestModels::showsWhatIsThere() {
    FakeEasel server;
    server.shelf.models = {modelCalled("test/tiny"), modelCalled("test/broken")};
    server.shelf.models[1].state = ModelState::Failed;
    server.shelf.models[1].why = "unet/config.json is missing.";
    App app(folder(), server.url());
    const Page page(app);
    QTRY_COMPARE_WITH_TIMEOUT(page.rows().size(), 3, kPatience);
    QVERIFY(page.row("test/tiny")
                ->accessibleName()
                .contains(QStringLiteral("Stable Diffusion · 4.3 GB · creativeml-openrail-m")));
    QVERIFY(
        page.row("test/broken")->accessibleName().contains("Cannot be used: unet/config.json is missing."));
    QVERIFY(!page.button("test/broken", "useButton"));
    // The default one is the server's own: it can be drawn with, and no more.
    QVERIFY(!page.button("drawn with unless another is chosen", "removeButton"));
    QTRY_COMPARE(app.find<QLabel>("freeSpaceLabel")->text().left(21), QString("50.0 GB are free on 1"));
    QTRY_COMPARE_WITH_TIMEOUT(app.find<QComboBox>("modelBox")->count(), 2, kPatience);
    page.button("test/tiny", "useButton")->click();
    QCOMPARE(app.request().model.value(), std::string("test/tiny"));
    QTRY_VERIFY(!app.window.findChild<QDialog*>("modelsDialog"));
}

void TestModels::getsAModelByItsName() {
    FakeEasel server;
    server.shelf.offer = offerOf("test/tiny");
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.search()->isEnabled(), kPatience);
    page.type("test/tiny");
    QTRY_VERIFY_WITH_TIMEOUT(page.row("fp16 weights"), kPatience);
    QCOMPARE(page.rows().size(), 3);
    QVERIFY(page.row("fp16 weights")
                ->accessibleName()
                .contains(QStringLiteral("2.2 GB · 200.0 MB of it are here")));
    QVERIFY(page.button("test/tiny", "pageButton"));
    page.button("fp16 weights", "getButton")->click();
    QTRY_COMPARE(server.shelf.pulls.size(), std::size_t{1});
    QCOMPARE(server.shelf.pulls[0].request.variant, std::string("fp16"));
    QVERIFY(page.search()->text().isEmpty());

    server.shelf.pulls[0].state = PullState::Running;
    server.shelf.pulls[0].progress = {3, 12, 550'000'000, 2'200'000'000, 10'000'000};
    QTRY_VERIFY_WITH_TIMEOUT(page.row(QStringLiteral("550.0 MB of 2.2 GB · 10.0 MB/s · 3 min left")),
                             kPatience);
    QCOMPARE(page.row("test/tiny")->findChild<QProgressBar*>("rowProgress")->value(), 250);
    server.shelf.pulls[0].state = PullState::Succeeded;
    server.shelf.models = {modelCalled("test/tiny")};
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/tiny", "useButton"), kPatience);
    QTRY_COMPARE_WITH_TIMEOUT(app.find<QComboBox>("modelBox")->count(), 2, kPatience);
}

void TestModels::searches() {
    FakeEasel server;
    server.shelf.hits = {{"test/tiny", 12'345, "mit", false}, {"test/gated", 7, "", true}};
    server.shelf.offer = offerOf("test/gated");
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.search()->isEnabled(), kPatience);
    page.type("fox & hound");
    QTRY_COMPARE_WITH_TIMEOUT(page.rows().size(), 2, kPatience);
    QCOMPARE(server.http().count("GET", "/v1/hub?search=fox%20%26%20hound"), 1);  // not for each letter
    QVERIFY(page.row("test/tiny")
                ->accessibleName()
                .contains(QStringLiteral("12,345 downloads last month · mit")));
    QVERIFY(page.row("test/gated")->accessibleName().contains("licence to be accepted"));
    page.button("test/gated", "lookButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page.button("Plain weights", "getButton"), kPatience);
    page.search()->clear();
    QTRY_COMPARE(page.rows().size(), 1);  // back to what is there
}

void TestModels::saysWhyNothingWasFound() {
    FakeEasel server;
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.search()->isEnabled(), kPatience);
    page.type("fox");
    QTRY_VERIFY_WITH_TIMEOUT(page.words().startsWith("The hub has no model"), kPatience);
    page.search()->clear();
    page.type("test/none");
    QTRY_VERIFY_WITH_TIMEOUT(page.words().contains("test/none"), kPatience);
    QVERIFY(page.rows().isEmpty());
    server.shelf.offer = offerOf("test/pickles");
    server.shelf.offer->variants.clear();
    server.shelf.offer->problem = protocol::conflict("Its weights are only there as pickles.");
    page.search()->clear();
    page.type("test/pickles");
    QTRY_VERIFY_WITH_TIMEOUT(page.row("only there as pickles"), kPatience);
    QCOMPARE(page.rows().size(), 1);
}

void TestModels::hasNoRoom() {
    FakeEasel server;
    server.shelf.freeBytes = 2'100'000'000;
    server.shelf.offer = offerOf("test/tiny");
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.search()->isEnabled(), kPatience);
    page.type("test/tiny");
    QTRY_VERIFY_WITH_TIMEOUT(page.row("There is no room for it: 2.1 GB are free."), kPatience);
    QVERIFY(!page.button("Plain weights", "getButton")->isEnabled());
    QVERIFY(page.button("fp16 weights", "getButton")->isEnabled());  // 200 MB of it are here
}

void TestModels::explainsALicence() {
    FakeEasel server;
    protocol::PullInfo pull{.id = "p_1", .request = {.model = "test/gated"}, .state = PullState::Failed};
    pull.problem = protocol::Problem{
        403, "licence_not_accepted", "", "Accept it on https://hub.example/test/gated, then try again.", {}};
    server.shelf.pulls = {pull};
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.row("Accept it on https://hub.example/test/gated"), kPatience);
    QVERIFY(page.button("test/gated", "pageButton"));
    page.button("test/gated", "retryPullButton")->click();
    QTRY_COMPARE_WITH_TIMEOUT(server.shelf.pulls.size(), std::size_t{2}, kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/gated", "cancelPullButton"), kPatience);
    server.shelf.pulls[0].state = PullState::Failed;
    server.shelf.pulls[0].problem = pull.problem;
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/gated", "dismissPullButton"), kPatience);
    page.button("test/gated", "dismissPullButton")->click();
    QTRY_VERIFY(!page.row("test/gated"));
}

void TestModels::stopsAndTakesUpAgain() {
    FakeEasel server;
    server.shelf.pulls = {{.id = "p_1", .request = {.model = "test/tiny"}, .state = PullState::Running}};
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/tiny", "cancelPullButton"), kPatience);
    page.button("test/tiny", "cancelPullButton")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page.row("Stopped; what was fetched is kept"), kPatience);
    server.shelf.refusal = protocol::conflict("Too many pulls are waiting.");
    page.button("test/tiny", "retryPullButton")->click();
    QTRY_COMPARE(page.words(), QString("Too many pulls are waiting."));
    server.shelf.refusal.reset();
    page.button("test/tiny", "retryPullButton")->click();
    QTRY_COMPARE(server.shelf.pulls.size(), std::size_t{2});
}

void TestModels::verifies() {
    FakeEasel server;
    server.shelf.models = {modelCalled("test/tiny")};
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/tiny", "verifyButton"), kPatience);
    page.button("test/tiny", "verifyButton")->click();
    QTRY_COMPARE(server.shelf.pulls.size(), std::size_t{1});
    QVERIFY(server.shelf.pulls[0].task == PullTask::Verify);
    server.shelf.pulls[0].state = PullState::Running;
    server.shelf.pulls[0].progress = {1, 4, 1'000'000'000, 4'000'000'000, 0};
    QTRY_VERIFY_WITH_TIMEOUT(page.row("Verifying: 1.0 GB of 4.0 GB"), kPatience);
    QVERIFY(page.button("test/tiny", "cancelPullButton"));
    server.shelf.pulls[0].state = PullState::Succeeded;
    QTRY_VERIFY_WITH_TIMEOUT(page.row("Verified: all as the hub gave it"), kPatience);
    server.shelf.pulls[0].state = PullState::Failed;
    server.shelf.pulls[0].problem = protocol::conflict("unet is damaged.");
    QTRY_VERIFY_WITH_TIMEOUT(page.row("unet is damaged."), kPatience);
    QCOMPARE(page.rows().size(), 2);  // and no row of its own
}

void TestModels::asksBeforeItRemoves() {
    FakeEasel server;
    server.shelf.models = {modelCalled("test/tiny")};
    App app(folder(), server.url());
    const Page page(app);
    const auto answer = [&](const QString& words) {
        page.button("test/tiny", "removeButton")->click();
        auto* question = app.find<QMessageBox>("removeQuestion");
        for (auto* button : question->buttons()) {
            if (button->text() == words) {
                button->click();
                break;
            }
        }
        QTRY_VERIFY(!app.window.findChild<QMessageBox*>("removeQuestion"));
    };
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/tiny", "removeButton"), kPatience);
    auto* before = page.row("test/tiny");
    answer("Cancel");
    QCOMPARE(server.shelf.models.size(), std::size_t{1});
    QCOMPARE(page.row("test/tiny"), before);
    answer("&Remove");
    QTRY_VERIFY(server.shelf.models.empty());
    QTRY_VERIFY_WITH_TIMEOUT(!page.row("test/tiny"), kPatience);
}

void TestModels::leavesModelsToAdmins() {
    FakeEasel server;
    server.shelf.models = {modelCalled("test/tiny")};
    server.shelf.mayPull = false;
    server.shelf.pulls = {{.id = "p_1", .request = {.model = "test/other"}, .state = PullState::Running}};
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.words().contains("an admin of this server"), kPatience);
    QTRY_VERIFY_WITH_TIMEOUT(page.row("test/other"), kPatience);
    QVERIFY(!page.search()->isEnabled());
    for (const char* name : {"verifyButton", "removeButton", "cancelPullButton"}) {
        QVERIFY2(!page.button("test/", name), name);
    }
    QVERIFY(page.button("test/tiny", "useButton"));
}

void TestModels::saysThatTheServerIsAway() {
    FakeEasel server;
    App app(folder(), server.url());
    const Page page(app);
    QTRY_COMPARE_WITH_TIMEOUT(page.rows().size(), 1, kPatience);
    server.http().stop();
    QTRY_VERIFY_WITH_TIMEOUT(page.words().contains("unreachable"), kPatience);
    QVERIFY(page.rows().isEmpty() && !page.search()->isEnabled());
    server.http().start();
    QTRY_COMPARE_WITH_TIMEOUT(page.rows().size(), 1, kPatience);
}

void TestModels::keepsTheKeyboardWhereItIs() {
    FakeEasel server;
    server.shelf.models = {modelCalled("test/tiny")};
    App app(folder(), server.url());
    const Page page(app);
    QTRY_VERIFY_WITH_TIMEOUT(page.button("test/tiny", "verifyButton"), kPatience);
    QPointer<QPushButton> button = page.button("test/tiny", "verifyButton");
    button->setFocus();
    server.shelf.models[0].state = ModelState::Loaded;
    QTRY_VERIFY_WITH_TIMEOUT(page.row("in memory"), kPatience);
    QVERIFY(button);
    QCOMPARE(QApplication::focusWidget(), button);
}

QTEST_MAIN(TestModels)
#include "test_models.moc"
