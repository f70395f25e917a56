// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/session/latent_service.h"
#include "tests/support/small_data.h"

#include <QSignalSpy>
#include <QtTest>

#include <limits>

using namespace recoscope;
using namespace recoscope::test;

namespace {

constexpr int patience = 60'000;

/// Vectors that are given; users have none unless it encodes.
class VectorModel final : public Recommender, private LatentSpace {
public:
    VectorModel(std::int32_t users, MatrixF items, bool encodes = false)
        : m_users(users)
        , m_items(std::move(items))
        , m_encodes(encodes) {}
    std::int32_t userCount() const override { return m_users; }
    std::int32_t itemCount() const override { return static_cast<std::int32_t>(m_items.rows()); }
    void score(std::span<const Query>, Eigen::Ref<MatrixF> out) const override { out.setZero(); }
    const MatrixF* itemEmbeddings() const override { return &m_items; }
    const LatentSpace* latentSpace() const override { return m_encodes ? this : nullptr; }
    void save(TensorFile&) const override {}

private:
    std::int32_t size() const override { return static_cast<std::int32_t>(m_items.cols()); }
    void encode(std::span<const Query> queries, Eigen::Ref<MatrixF> codes) const override {
        codes.setZero();
        for (std::size_t q = 0; q < queries.size(); ++q)
            for (const ItemIndex item : queries[q].items)
                codes.row(static_cast<Eigen::Index>(q)) += m_items.row(toInt(item));
    }
    void decode(Eigen::Ref<const MatrixF>, Eigen::Ref<MatrixF> scores) const override { scores.setZero(); }
    Reconstruction reconstruct(const Query&, std::optional<std::uint64_t>) const override { return {}; }

    std::int32_t m_users;
    MatrixF m_items;
    bool m_encodes;
};

SplitPtr planted() {
    SplitSpec spec;
    spec.validationFraction = 0.0;
    return std::move(makeSplit(plantedDataset(200, 120), spec)).value();
}

MatrixF vectors(int items, float noise, unsigned seed) {
    std::srand(seed);
    MatrixF x = noise * MatrixF::Random(items, 6);
    for (int i = 0; i < items; ++i)
        x(i, i % 4) += 3.0f;
    return x;
}

struct Pictures {
    LatentService service{2};
    std::vector<LatentPicturePtr> seen;
    std::vector<Error> errors;

    Pictures() {
        QObject::connect(&service, &LatentService::pictureReady, &service,
                         [this](const LatentPicturePtr& picture) { seen.push_back(picture); });
        QObject::connect(&service, &LatentService::failed, &service,
                         [this](quint64, const Error& error) { errors.push_back(error); });
    }
    bool finished(quint64 ticket) const {
        return !seen.empty() && seen.back()->ticket == ticket && seen.back()->finished;
    }
};

} // namespace

class TestLatentService final : public QObject {
    Q_OBJECT
private slots:
    void itemsAreProjectedByIndex() {
        const SplitPtr split = planted();
        const auto model = std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1));
        Pictures pictures;
        const quint64 ticket =
            pictures.service.project({model, split, 7, LatentSide::Items, LatentMethod::Pca});
        QTRY_VERIFY_WITH_TIMEOUT(pictures.finished(ticket), patience);
        const LatentPicture& picture = *pictures.seen.back();
        QCOMPARE(picture.epoch, 7);
        QCOMPARE(picture.dimensions, 6);
        QCOMPARE(picture.rows.size() + static_cast<std::size_t>(picture.untrained), std::size_t{120});
        QCOMPARE(picture.layout.rows(), static_cast<Eigen::Index>(picture.rows.size()));
        QVERIFY(picture.varianceShare[0] >= picture.varianceShare[1] && picture.varianceShare[1] > 0.0);
        QVERIFY(!picture.codes);
    }

    void usersOfAnEncoderAreTheCodesOfTheirHistories() {
        const SplitPtr split = planted();
        const auto model = std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1), true);
        Pictures pictures;
        const quint64 ticket =
            pictures.service.project({model, split, 1, LatentSide::Users, LatentMethod::Pca});
        QTRY_VERIFY_WITH_TIMEOUT(pictures.finished(ticket), patience);
        QVERIFY(pictures.seen.back()->codes);
        QCOMPARE(pictures.seen.back()->rows.size(), std::size_t{200});
    }

    void tsneIsDeliveredWhileItGoesOnAndANewSnapshotGoesOnFromIt() {
        const SplitPtr split = planted();
        Pictures pictures;
        quint64 ticket = pictures.service.project({std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1)),
                                                   split, 1, LatentSide::Items, LatentMethod::Tsne});
        QTRY_VERIFY_WITH_TIMEOUT(pictures.finished(ticket), patience);
        const LatentPicturePtr first = pictures.seen.back();
        QCOMPARE(first->iterations, first->plannedIterations);
        QVERIFY(first->layout.allFinite());
        ticket = pictures.service.project({std::make_shared<VectorModel>(200, vectors(120, 0.31f, 1)), split,
                                           2, LatentSide::Items, LatentMethod::Tsne});
        QTRY_VERIFY_WITH_TIMEOUT(pictures.finished(ticket), patience);
        const LatentPicturePtr second = pictures.seen.back();
        QCOMPARE(second->epoch, 2);
        QVERIFY(second->plannedIterations < first->plannedIterations); // it went on
        QVERIFY((second->layout - first->layout).norm() < 0.5f * first->layout.norm());
    }

    void theNewestRequestWins() {
        const SplitPtr split = planted();
        const auto model = std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1), true);
        Pictures pictures;
        quint64 ticket = 0;
        for (int epoch = 1; epoch <= 50; ++epoch)
            ticket = pictures.service.project({model, split, epoch,
                                               epoch % 2 ? LatentSide::Items : LatentSide::Users,
                                               epoch == 50 ? LatentMethod::Pca : LatentMethod::Tsne});
        QTRY_VERIFY_WITH_TIMEOUT(pictures.finished(ticket), patience);
        QCOMPARE(pictures.seen.back()->epoch, 50);
        QVERIFY2(pictures.seen.size() < 20, "the others are given up");
        QVERIFY(pictures.errors.empty());
    }

    void aStreamOfSnapshotsStillSettles() {
        const SplitPtr split = planted();
        Pictures pictures;
        for (int epoch = 1; epoch <= 30; ++epoch) {
            pictures.service.project({std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1)), split, epoch,
                                      LatentSide::Items, LatentMethod::Tsne});
            QTest::qWait(5);
        }
        QTRY_VERIFY_WITH_TIMEOUT(!pictures.seen.empty() && pictures.seen.back()->epoch == 30 &&
                                     pictures.seen.back()->finished,
                                 patience);
        int epoch = 0;
        for (const LatentPicturePtr& picture : pictures.seen) { // never back
            QVERIFY(picture->epoch >= epoch);
            epoch = picture->epoch;
        }
    }

    void afterStopNothingComes() {
        const SplitPtr split = planted();
        Pictures pictures;
        pictures.service.project({std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1)), split, 1,
                                  LatentSide::Items, LatentMethod::Tsne});
        pictures.service.stop();
        const quint64 ticket =
            pictures.service.project({std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1)), split, 2,
                                      LatentSide::Items, LatentMethod::Pca});
        QTRY_VERIFY_WITH_TIMEOUT(pictures.finished(ticket), patience);
        QCOMPARE(pictures.seen.size(), std::size_t{1});
    }

    void whatCannotBeShownSaysWhy() {
        const SplitPtr split = planted();
        Pictures pictures;
        const auto model = std::make_shared<VectorModel>(200, vectors(120, 0.3f, 1));
        pictures.service.project({model, split, 1, LatentSide::Users, LatentMethod::Pca});
        QTRY_COMPARE_WITH_TIMEOUT(pictures.errors.size(), std::size_t{1}, patience);
        QCOMPARE(pictures.errors.back().code, ErrorCode::Unsupported);
        pictures.service.project({std::make_shared<VectorModel>(200, vectors(119, 0.3f, 1)), split, 1,
                                  LatentSide::Items, LatentMethod::Pca});
        QTRY_COMPARE_WITH_TIMEOUT(pictures.errors.size(), std::size_t{2}, patience);
        MatrixF broken = vectors(120, 0.3f, 1);
        broken.setConstant(std::numeric_limits<float>::quiet_NaN());
        pictures.service.project(
            {std::make_shared<VectorModel>(200, broken), split, 1, LatentSide::Items, LatentMethod::Tsne});
        QTRY_COMPARE_WITH_TIMEOUT(pictures.errors.size(), std::size_t{3}, patience);
        QCOMPARE(pictures.errors.back().code, ErrorCode::Numeric);
        pictures.service.project({nullptr, split, 1, LatentSide::Items, LatentMethod::Pca});
        QTRY_COMPARE_WITH_TIMEOUT(pictures.errors.size(), std::size_t{4}, patience);
    }
};

QTEST_GUILESS_MAIN(TestLatentService)
#include "tst_latent_service.moc"
