// SPDX-License-Identifier: Apache-2.0
// Models in folders and in the hub's cache, as one list.
#include "server/models/catalogue.h"

#include <sys/stat.h>
#include <unistd.h>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <fstream>

#include "tests/server/models/small_model.h"

using namespace easel;
using models::Catalogue;
using protocol::ModelState;
using std::filesystem::path;
using tests::SmallModel;
using tests::writeTensors;

namespace {

const path kTiny = EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny";
constexpr std::chrono::milliseconds kAtOnce{0};

/// A folder of models that are copies of a tiny one; its weights are links.
class Folder {
public:
    path root() const { return m_dir.path().toStdString(); }

    path add(const path& place) {
        const path model = root() / place;
        std::filesystem::create_directories(model);
        for (const auto& file : std::filesystem::recursive_directory_iterator(kTiny)) {
            const path copy = model / file.path().lexically_relative(kTiny);
            if (file.is_directory()) {
                std::filesystem::create_directories(copy);
            } else if (file.path().extension() == ".safetensors") {
                std::filesystem::create_symlink(file.path(), copy);
            } else {
                std::filesystem::copy_file(file.path(), copy);
            }
        }
        return model;
    }

    /// As the hub's cache lays it out; `revision` is what the main branch stands for.
    path addToHub(const std::string& repository, const std::string& revision) {
        const path model = add(path("models--" + repository) / "snapshots" / revision);
        write(path("models--" + repository) / "refs" / "main", revision);
        return model;
    }

    void write(const path& place, const std::string& text) {
        std::filesystem::create_directories((root() / place).parent_path());
        std::ofstream(root() / place) << text;
    }

private:
    QTemporaryDir m_dir;
};

std::vector<std::string> idsOf(const protocol::ModelPage& page) {
    std::vector<std::string> ids;
    for (const auto& model : page.models) {
        ids.push_back(model.id);
    }
    return ids;
}

}  // namespace

class CatalogueTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void foldersComeInTheirOrderThenByName() {
        Folder some;
        Folder others;
        some.add("models/b");
        some.add("models/a");
        some.write("models/notes/readme.txt", "none of these");
        const path alone = others.add("first");
        Catalogue catalogue({{alone, some.root() / "models"}, {}});
        const auto page = catalogue.page(10, {});
        QVERIFY((idsOf(page) == std::vector<std::string>{"first", "a", "b"}));
        QVERIFY(!page.next);
        QVERIFY(catalogue.problems().empty());
        const auto& model = page.models.front();
        QCOMPARE(model.family, std::string("stable-diffusion"));
        QVERIFY(model.state == ModelState::Available);
        QVERIFY(model.bytes > 100'000);
        const auto found = catalogue.find("b");
        QVERIFY(found);
        QCOMPARE(found->root, std::filesystem::weakly_canonical(some.root() / "models" / "b"));
        QVERIFY(catalogue.weights("b") > 20'000);
        QCOMPARE(catalogue.weights("nowhere"), std::int64_t{0});
    }

    void checkpointsAreModels() {
        Folder some;
        some.add("folder");
        const SmallModel small("sd1", 64);
        const auto at = [&some](const char* name) {
            return QString::fromStdString((some.root() / name).string());
        };
        writeTensors(at("my.model.safetensors"), small.checkpoint());
        writeTensors(at("lora.safetensors"), {{"x.lora_down.weight", {1, 2}, {1, 2}}});
        some.write("old.ckpt", "PK");
        some.write("notes.txt", "no model");
        Catalogue catalogue({{some.root()}, {}}, kAtOnce);
        const auto page = catalogue.page(10, {});
        QVERIFY((idsOf(page) == std::vector<std::string>{"folder", "lora", "my.model", "old"}));
        QVERIFY(page.models[1].why.find("This is a LoRA") != std::string::npos);
        QCOMPARE(page.models[2].family, std::string("stable-diffusion"));
        QCOMPARE(page.models[2].title, std::string("my.model"));
        QVERIFY(page.models[2].bytes > 100'000);
        QVERIFY(page.models[3].why.find("This is a pickle file") != std::string::npos);
        QVERIFY(catalogue.weights("my.model") > 20'000);
        const auto found = catalogue.find("my.model");
        QVERIFY(found && found->root == some.root() / "my.model.safetensors");

        // By another name, and with what only a person knows.
        some.write("my.model.easel.json", R"({"id": "mine", "prediction_type": "v_prediction"})");
        const auto renamed = catalogue.find("mine");
        QVERIFY(renamed && renamed->scheduler.prediction == models::PredictionType::VPrediction);
        QVERIFY(!catalogue.find("my.model"));
        some.write("my.model.easel.json", R"({"vae": "vae.safetensors"})");
        QVERIFY(!catalogue.find("my.model"));
        writeTensors(at("vae.safetensors"), small.part("vae"));
        QVERIFY(catalogue.find("my.model"));  // mended by a file beside it
        Catalogue alone({{some.root() / "my.model.safetensors"}, {}});
        QVERIFY((idsOf(alone.page(10, {})) == std::vector<std::string>{"my.model"}));
    }

    void theHubsModelsAreNamedAsOnTheHub() {
        Folder hub;
        hub.addToHub("runwayml--stable-diffusion-v1-5", "abc");
        hub.add("models--runwayml--stable-diffusion-v1-5/snapshots/older");
        hub.add("models--gpt2/snapshots/one");          // without a branch, but the only one
        hub.add("models--two--of-them/snapshots/one");  // which?
        hub.add("models--two--of-them/snapshots/two");
        hub.write("models--some--text/snapshots/1/config.json", "{}");  // no pipeline
        hub.write("models--escapes--away/refs/main", "../../x");
        hub.write("datasets--some--data/refs/main", "1");
        Catalogue catalogue({{}, {hub.root()}});
        QVERIFY((idsOf(catalogue.page(10, {})) ==
                 std::vector<std::string>{"gpt2", "runwayml/stable-diffusion-v1-5"}));
        const auto found = catalogue.find("runwayml/stable-diffusion-v1-5");
        QVERIFY(found);
        QCOMPARE(found->root.filename().string(), std::string("abc"));
        QCOMPARE(found->info.id, std::string("runwayml/stable-diffusion-v1-5"));
        QCOMPARE(found->info.title, found->info.id);
    }

    /// What only a pipe's writer or a whole disk could answer is not waited for.
    void whatIsNoTextIsNotRead() {
        Folder some;
        const path model = some.addToHub("me--mine", "abc");
        const path refs = some.root() / "models--me--mine" / "refs" / "main";
        for (const path& place : {refs, model / "README.md"}) {
            std::filesystem::remove(place);
            QCOMPARE(::mkfifo(place.c_str(), 0600), 0);
        }
        Catalogue catalogue({{}, {some.root()}});
        QVERIFY2(catalogue.find("me/mine"), "the only snapshot is taken");
        std::filesystem::remove(refs);
        some.add("models--me--mine/snapshots/other");
        some.write("models--me--mine/refs/main", std::string(1 << 20, 'a'));
        QVERIFY(!Catalogue({{}, {some.root()}}).find("me/mine"));
    }

    void oneThatCannotBeUsedSaysWhy() {
        Folder some;
        const path good = some.add("good");
        const path bad = some.add("bad");
        std::ofstream(bad / "unet" / "config.json") << R"({"act_fn": "gelu"})";
        Catalogue catalogue({{some.root()}, {}});
        const auto page = catalogue.page(10, {});
        QVERIFY((idsOf(page) == std::vector<std::string>{"bad", "good"}));
        QVERIFY(page.models[0].state == ModelState::Failed);
        QVERIFY(page.models[0].why.find("act_fn") != std::string::npos);
        const auto found = catalogue.find("bad");
        QVERIFY(!found);
        QVERIFY(found.error().detail.find("act_fn") != std::string::npos);
        QCOMPARE(catalogue.weights("bad"), std::int64_t{0});

        std::filesystem::copy_file(good / "unet" / "config.json", bad / "unet" / "config.json",
                                   std::filesystem::copy_options::overwrite_existing);
        QVERIFY(catalogue.find("bad"));  // mended
    }

    void ofTwinsTheFirstStays() {
        Folder one;
        Folder other;
        one.add("same");
        other.add("same");
        other.add("other");
        std::ofstream(other.root() / "other" / "easel.json") << R"({"id": "same"})";
        Catalogue catalogue({{one.root(), other.root(), one.root(), other.root() / "nowhere"}, {}});
        QVERIFY((idsOf(catalogue.page(10, {})) == std::vector<std::string>{"same"}));
        QVERIFY(catalogue.find("same")->root.string().starts_with(one.root().string()));
        const auto problems = catalogue.problems();
        QCOMPARE(problems.size(), std::size_t{3});
        QVERIFY(problems[0].detail.find("same name") != std::string::npos);
        QVERIFY(problems[2].detail.find("nowhere") != std::string::npos);
    }

    void oneThatIsNotThereNamesSomeThatAre() {
        Folder some;
        some.add("here");
        Catalogue catalogue({{some.root()}, {}});
        const auto found = catalogue.find("../etc");
        QVERIFY(!found);
        QCOMPARE(found.error().status, 422);
        QVERIFY(found.error().field == "model");
        QVERIFY(found.error().detail.find("here") != std::string::npos);
        QVERIFY(!catalogue.describe("../etc"));
    }

    void whatComesAndGoesIsSeen() {
        Folder some;
        some.add("stays");
        Catalogue catalogue({{some.root()}, {}}, kAtOnce);
        QVERIFY(catalogue.find("stays"));
        QVERIFY(!catalogue.find("comes"));
        some.add("comes");
        QVERIFY(catalogue.find("comes"));
        std::filesystem::remove_all(some.root() / "stays");
        QVERIFY(!catalogue.find("stays"));
        QVERIFY((idsOf(catalogue.page(10, {})) == std::vector<std::string>{"comes"}));
        std::filesystem::remove_all(some.root());
        QVERIFY(catalogue.page(10, {}).models.empty());
    }

    void pagesHoldEachOnce() {
        Folder some;
        for (int i = 0; i < 25; ++i) {
            some.add("model-" + std::to_string(100 + i));
        }
        Catalogue catalogue({{some.root()}, {}});
        std::vector<std::string> all;
        std::optional<std::string> after;
        int pages = 0;
        do {
            const auto page = catalogue.page(10, after);
            const auto ids = idsOf(page);
            all.insert(all.end(), ids.begin(), ids.end());
            after = page.next;
            ++pages;
        } while (after);
        QCOMPARE(pages, 3);
        QCOMPARE(all.size(), std::size_t{25});
        QVERIFY(std::is_sorted(all.begin(), all.end()));
        QVERIFY(catalogue.page(10, "nowhere").models.empty());
    }

    /// A person should know what may be done with the pictures.
    void theCardSaysTheLicence() {
        Folder some;
        for (const char* const name : {"a", "b", "c", "d"}) {
            some.add(name);
        }
        some.write("a/README.md", "---\ntags:\n- x\nlicense: \"mit\"\n---\nlicense: no\n");
        some.write("b/README.md", "---\nlicense: other\nlicense_name: own-\x1b[31m1\n---\n");
        some.write("c/LICENSE.md", "Be good.");
        some.write("d/README.md", "license: mit\n");
        Catalogue catalogue({{some.root()}, {}});
        const auto licence = [&](const char* id) { return catalogue.describe(id)->licence; };
        QCOMPARE(licence("a"), std::string("mit"));
        QCOMPARE(licence("b"), std::string("own-[31m1"));
        QCOMPARE(licence("c"), std::string("see LICENSE.md"));
        QCOMPARE(licence("d"), std::string());
        QVERIFY(catalogue.folderOf("c") == some.root() / "c");
        QVERIFY(catalogue.folderOf("e").empty());
    }

    void aFolderThatCannotBeReadIsEmpty() {
        if (::geteuid() == 0) {
            QSKIP("The administrator reads everything.");
        }
        Folder some;
        some.add("closed/model");
        std::filesystem::permissions(some.root() / "closed", std::filesystem::perms::none);
        Catalogue catalogue({{some.root() / "closed"}, {}});
        QVERIFY(catalogue.page(10, {}).models.empty());
        QCOMPARE(catalogue.problems().size(), std::size_t{1});
        std::filesystem::permissions(some.root() / "closed", std::filesystem::perms::owner_all);
    }
};

QTEST_APPLESS_MAIN(CatalogueTest)
#include "test_catalogue.moc"
