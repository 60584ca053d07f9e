// SPDX-License-Identifier: Apache-2.0
// What the hub offers, and whether what came of it is still right.
#include <algorithm>

#include "server/hub/cache.h"
#include "server/hub/offer.h"
#include "server/hub/verify.h"
#include "tests/server/hub/pull_test.h"

using namespace easel;
using namespace easel::tests;

class TestOffer : public PullTest {
    Q_OBJECT

private:
    protocol::Expected<protocol::HubModel> lookUp(const std::string& name, const std::string& token = {}) {
        return hub::lookUp(m_hub->settings(token), cache(), "test/" + name, "main", {});
    }
    protocol::Expected<std::vector<protocol::HubHit>> search(const std::string& words, int limit = 50) {
        const hub::Settings settings = m_hub->settings();
        return hub::Hub(settings).search(words, limit, {});
    }
    hub::Verification verify(const std::string& name) {
        return hub::verify(hub::CachedRepository(cache(), "test/" + name),
                           [this](const protocol::PullProgress& progress) { m_progress.push_back(progress); },
                           {});
    }

private Q_SLOTS:
    void initTestCase() { m_hub = std::make_unique<StandInHub>(); }
    void init() { QVERIFY(begin()); }
    void cleanupTestCase() {
        const int tokens = m_hub->tokensAtStorage();
        m_hub.reset();
        QCOMPARE(tokens, 0);
    }

    void itSaysWhatThereIs() {
        const auto model = lookUp("variants");
        QVERIFY2(model, model ? "" : model.error().detail.c_str());
        QCOMPARE(model->id, std::string("test/variants"));
        QCOMPARE(model->licence, std::string("creativeml-openrail-m"));
        QCOMPARE(model->page, m_hub->endpoint().toStdString() + "/test/variants");
        QVERIFY(!model->isGated && !model->problem);
        QCOMPARE(model->variants.size(), std::size_t{2});
        const auto& [plain, fp16] = std::pair(model->variants[0], model->variants[1]);
        QCOMPARE(plain.name, std::string());
        QCOMPARE(fp16.name, std::string("fp16"));
        QCOMPARE(fp16.bytes, plain.bytes + 2);  // a byte more in two files
        QCOMPARE(plain.bytesHere, std::int64_t{0});
        // Nothing of the weights was fetched for it.
        QVERIFY(std::ranges::none_of(m_hub->requests("variants"),
                                     [](const QJsonObject& each) { return each["host"] == "storage"; }));
    }

    void itKnowsWhatIsHere() {
        const auto before = lookUp("tiny");
        QVERIFY(pull("tiny"));
        const auto after = lookUp("tiny");
        QCOMPARE(after->variants[0].bytes, before->variants[0].bytes);
        QCOMPARE(after->variants[0].bytesHere, after->variants[0].bytes);
        QCOMPARE(before->variants[0].bytesHere, std::int64_t{0});
    }

    void itSaysWhyItCannotBeDrawnWith() {
        for (const char* name : {"pickles", "checkpoint", "empty"}) {
            const auto model = lookUp(name);
            QVERIFY2(model && model->problem && model->variants.empty(), name);
        }
        QCOMPARE(lookUp("no-such").error().status, 404);
        QCOMPARE(hub::lookUp(m_hub->settings(), cache(), "https://a/b", "main", {}).error().field.value(),
                 std::string("model"));
        QCOMPARE(hub::lookUp(m_hub->settings(), cache(), "test/tiny", "../x", {}).error().field.value(),
                 std::string("revision"));
    }

    void itSaysThatALicenceHasToBeAccepted() {
        // The list is for everybody, the files are not.
        const auto model = lookUp("gated", "hf_good");
        QVERIFY(model && model->isGated && !model->variants.empty());
        const auto stranger = lookUp("gated");
        QVERIFY(stranger && stranger->isGated);
        QCOMPARE(stranger->problem->code, std::string("licence_not_accepted"));
    }

    void itSearches() {
        const auto hits = search("tiny");
        QVERIFY2(hits, hits ? "" : hits.error().detail.c_str());
        QCOMPARE(hits->size(), std::size_t{1});
        QCOMPARE(hits->front(), (protocol::HubHit{"test/tiny", 1000, "creativeml-openrail-m", false}));
        QVERIFY(search("gated")->front().isGated);
        QCOMPARE(search("", 3)->size(), std::size_t{3});  // and none of those whose names are no names
        QVERIFY(search("nothing of this kind & more=1")->empty());
        QCOMPARE(search("nonsense").error().status, 502);
        QVERIFY(search("ill").error().detail.find("500") != std::string::npos);
    }

    void itVerifies() {
        QVERIFY(pull("tiny"));
        m_progress.clear();
        const auto good = verify("tiny");
        QVERIFY(good.wrong.empty() && !hub::problemWith("test/tiny", good));
        QVERIFY(good.files > 5);
        QCOMPARE(m_progress.back().bytesDone, m_progress.back().bytes);
        QCOMPARE(m_progress.back().filesDone, good.files);
        QVERIFY(std::ranges::is_sorted(m_progress, {}, &protocol::PullProgress::bytesDone));

        const auto unet =
            std::filesystem::canonical(hub::CachedRepository(cache(), "test/tiny").snapshot(m_plan.commit) /
                                       "unet/diffusion_pytorch_model.safetensors");
        {
            std::fstream file(unet, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(200);
            file.put('?');
        }
        const auto bad = verify("tiny");
        QCOMPARE(bad.wrong.size(), std::size_t{1});
        const auto problem = hub::problemWith("test/tiny", bad);
        QVERIFY(problem->detail.find("unet/diffusion_pytorch_model.safetensors is damaged") !=
                std::string::npos);
        std::filesystem::remove(unet);
        QVERIFY(verify("tiny").wrong.front().ends_with(" is missing."));
    }
};

QTEST_GUILESS_MAIN(TestOffer)
#include "test_offer.moc"
