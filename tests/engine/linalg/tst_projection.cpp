// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/linalg/projection.h"

#include <Eigen/Eigenvalues>
#include <QTest>

#include <cmath>
#include <limits>

using namespace recoscope;

namespace {

/// Normal points whose axes have standard deviations 0.8^k, turned and moved.
MatrixF cloud(int points, int dims, std::uint64_t seed = 4) {
    Rng rng(seed);
    MatrixF x(points, dims);
    for (int i = 0; i < points; ++i) {
        for (int k = 0; k < dims; ++k)
            x(i, k) = static_cast<float>(3.0 * std::pow(0.8, k) * rng.normal());
        for (int k = 1; k < dims; ++k) { // a turn by 30 degrees in each pair of axes
            const float a = x(i, k - 1);
            const float b = x(i, k);
            x(i, k - 1) = 0.8660254f * a - 0.5f * b + 7.0f;
            x(i, k) = 0.5f * a + 0.8660254f * b;
        }
    }
    return x;
}

PlaneProjection project(const MatrixF& points, int threads = 2) {
    ThreadPool pool({threads, 0});
    RunControl control;
    return std::move(pcaProjection(points, pool, control)).value();
}

} // namespace

class TestProjection : public QObject {
    Q_OBJECT

private slots:
    void itIsTheLeadingEigenvectorsOfTheCovariance_data() {
        QTest::addColumn<int>("points");
        QTest::addColumn<int>("dims");
        QTest::newRow("plane") << 50 << 2;
        QTest::newRow("many points") << 1000 << 17;
        QTest::newRow("more dimensions than points") << 20 << 60;
        QTest::newRow("beyond what is solved directly") << 90 << 600;
    }
    void itIsTheLeadingEigenvectorsOfTheCovariance() {
        QFETCH(int, points);
        QFETCH(int, dims);
        const MatrixF x = cloud(points, dims);
        const PlaneProjection found = project(x);
        MatrixD centred = x.cast<double>();
        const Eigen::RowVectorXd mean = centred.colwise().mean();
        centred.rowwise() -= mean;
        const Eigen::SelfAdjointEigenSolver<MatrixD> eigen(MatrixD(centred.transpose() * centred));
        const double total = eigen.eigenvalues().sum();
        for (int axis = 0; axis < 2; ++axis) {
            const Eigen::Index at = dims - 1 - axis;
            QVERIFY(std::abs(found.varianceShare[static_cast<std::size_t>(axis)] -
                             eigen.eigenvalues()[at] / total) < 1e-9);
            const VectorD expected = centred * eigen.eigenvectors().col(at);
            const VectorD got = found.layout.col(axis).cast<double>();
            const double miss = std::min((got - expected).norm(), (got + expected).norm());
            QVERIFY2(miss < 1e-4 * expected.norm(), QByteArray::number(miss / expected.norm()));
        }
    }

    void fewOrEqualPointsAndOneDimensionAreNoTrouble() {
        QCOMPARE(project(MatrixF(0, 5)).layout.rows(), Eigen::Index{0});
        QVERIFY(project(MatrixF::Ones(1, 5)).layout.isZero(0.0f));
        QVERIFY(project(MatrixF::Constant(9, 3, 2.5f)).layout.isZero(0.0f));
        QVERIFY(project(MatrixF(4, 0)).layout.isZero(0.0f));
        MatrixF two(2, 3);
        two << 0, 0, 0, 3, 4, 0;
        const PlaneProjection pair = project(two);
        QVERIFY(std::abs(std::abs(pair.layout(0, 0) - pair.layout(1, 0)) - 5.0f) < 1e-5f);
        QVERIFY(std::abs(pair.layout(0, 1)) < 1e-5f);
        QVERIFY(std::abs(pair.varianceShare[0] - 1.0) < 1e-9);
        MatrixF line(3, 1);
        line << 1, 2, 6;
        const PlaneProjection onLine = project(line);
        QVERIFY((onLine.layout.col(0) - (line.array() - 3.0f).matrix()).norm() < 1e-5f);
        QVERIFY(onLine.layout.col(1).isZero(0.0f));
    }

    void whatIsNoNumberIsRefused() {
        ThreadPool pool({2, 0});
        RunControl control;
        for (const float bad :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
            MatrixF x = cloud(10, 4);
            x(9, 3) = bad;
            const auto found = pcaProjection(x, pool, control);
            QVERIFY(!found.ok());
            QCOMPARE(found.error().code, ErrorCode::Numeric);
        }
        control.cancel();
        QCOMPARE(pcaProjection(cloud(10, 4), pool, control).error().code, ErrorCode::Cancelled);
    }

    void theBitsDoNotDependOnTheThreads() {
        const MatrixF x = cloud(3000, 40);
        const MatrixF one = project(x, 1).layout;
        for (const int threads : {2, 3})
            QVERIFY(project(x, threads).layout == one);
    }

    void anUpdatedPictureDoesNotFlip() {
        const MatrixF before = project(cloud(100, 5)).layout;
        MatrixF after = before;
        after.col(1) *= -1.1f;
        keepOrientation(before, after);
        QVERIFY(after.col(0) == before.col(0));
        QVERIFY(after.col(1).dot(before.col(1)) > 0.0f);
        MatrixF other = -before.topRows(50);
        const MatrixF kept = other;
        keepOrientation(before, other);
        QVERIFY(other == kept);
    }
};

QTEST_GUILESS_MAIN(TestProjection)
#include "tst_projection.moc"
