// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/io/tensor_file.h"

#include <QtTest>

using namespace recoscope;

class TestTensorFile final : public QObject {
    Q_OBJECT
private slots:
    void whatIsSetIsRead() {
        TensorFile file;
        const MatrixF m = MatrixF::Random(5, 3);
        file.set("m", m);
        QVERIFY(file.matrix("m").ok());
        QVERIFY(*file.matrix("m") == m);
        const std::vector<std::int64_t> longs{1, 2, 3};
        file.set("l", std::span<const std::int64_t>(longs));
        QCOMPARE(*file.longs("l"), longs);
        file.setMeta("k", "v");
        QCOMPARE(*file.meta("k"), std::string("v"));
    }

    void sparseRowsComeBack() {
        const std::vector<Entry<UserIndex, ItemIndex>> entries{{UserIndex{0}, ItemIndex{4}, 1.5f},
                                                               {UserIndex{2}, ItemIndex{0}, -1.0f},
                                                               {UserIndex{2}, ItemIndex{3}, 2.0f}};
        const auto matrix = UserItemCsr::fromEntries(4, 5, entries);
        TensorFile file;
        file.set("train", *matrix);
        const auto read = file.csr<UserIndex, ItemIndex>("train");
        QVERIFY(read.ok());
        QVERIFY(*read == *matrix);
    }

    void damagedSparseRowsAreErrorsThatNameTheTensor() {
        const auto matrix = UserItemCsr::fromEntries(
            2, 2, std::vector<Entry<UserIndex, ItemIndex>>{{UserIndex{1}, ItemIndex{1}}});
        const auto refused = [&](const std::string& name, const auto& values) {
            TensorFile file;
            file.set("train", *matrix);
            file.set(name, std::span(values));
            const auto read = file.csr<UserIndex, ItemIndex>("train");
            return !read.ok() && read.error().code == ErrorCode::Parse &&
                   read.error().where.find("train") == 0;
        };
        QVERIFY(refused("train.offsets", std::vector<std::int64_t>{}));
        QVERIFY(refused("train.offsets", std::vector<std::int64_t>{0, 1, 0}));
        QVERIFY(refused("train.offsets", std::vector<std::int64_t>{0, INT64_MAX, 1}));
        QVERIFY(refused("train.columns", std::vector<std::int32_t>{2}));
        QVERIFY(refused("train.columns", std::vector<std::int32_t>{-1}));
        QVERIFY(refused("train.columns", std::vector<std::int32_t>{0, 1}));
        QVERIFY(refused("train.columns", std::vector<float>{1.0f}));
        QVERIFY(refused("train.values", std::vector<float>{}));
        QVERIFY(refused("train.cols", std::vector<std::int64_t>{-1}));
        QVERIFY(refused("train.cols", std::vector<std::int64_t>{INT64_MAX}));
        QVERIFY(refused("train.cols", std::vector<std::int64_t>{}));
    }

    void anotherTypeOrShapeIsAnErrorThatNamesTheTensor() {
        TensorFile file;
        file.set("v", std::span<const float>(std::vector<float>{1, 2}));
        file.tensors()["bad"] = Tensor{{3}, std::vector<float>{1, 2}};
        for (const auto& error :
             {file.matrix("v").error(), file.ints("v").error(), file.longs("v").error()}) {
            QCOMPARE(error.code, ErrorCode::Parse);
            QCOMPARE(error.where, std::string("v"));
        }
        QCOMPARE(file.floats("bad").error().where, std::string("bad"));
        QCOMPARE(file.floats("gone").error().where, std::string("gone"));
        QCOMPARE(file.meta("gone").error().where, std::string("gone"));
    }

    void aMatrixWithoutRowsOrColumnsIsAMatrix() {
        TensorFile file;
        file.set("wide", MatrixF(0, 7));
        file.set("tall", MatrixF(7, 0));
        QCOMPARE(file.matrix("wide")->cols(), Eigen::Index{7});
        QCOMPARE(file.matrix("tall")->rows(), Eigen::Index{7});
    }
};

QTEST_APPLESS_MAIN(TestTensorFile)
#include "tst_tensor_file.moc"
