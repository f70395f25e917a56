// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/rng.h"
#include "engine/io/safetensors.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <sys/stat.h>

using namespace recoscope;

namespace {

QByteArray bytesOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QByteArray withLength(const QByteArray& header) {
    const quint64 length = static_cast<quint64>(header.size());
    return QByteArray(reinterpret_cast<const char*>(&length), 8) + header;
}

TensorFile everyKind() {
    TensorFile file;
    MatrixF m(2, 3);
    m << 1.0f, -0.0f, std::numeric_limits<float>::denorm_min(), 3.5f, std::numeric_limits<float>::infinity(),
        NAN;
    file.set("item.factors", m);
    file.set("bias", std::span<const float>(std::vector<float>{0.25f}));
    file.set("counts", std::span<const std::int32_t>(std::vector<std::int32_t>{INT32_MIN, -1, 0, INT32_MAX}));
    file.set("offsets", std::span<const std::int64_t>(std::vector<std::int64_t>{INT64_MIN, 7, INT64_MAX}));
    file.set("empty", std::span<const float>());
    file.set("no columns", MatrixF(4, 0));
    file.tensors()["scalar"] = Tensor{{}, std::vector<float>{2.5f}};
    file.tensors()["cube"] = Tensor{{2, 1, 2}, std::vector<std::int32_t>{1, 2, 3, 4}};
    file.setMeta("algorithm", "ials");
    file.setMeta("title", "Fräulein \"Zora\"\n\t{}[] \\ 映画");
    file.setMeta("", "");
    return file;
}

/// Equal to the bit, so that NaN equals NaN.
bool same(const TensorFile& a, const TensorFile& b) {
    if (a.metadata() != b.metadata() || a.tensors().size() != b.tensors().size()) return false;
    for (auto x = a.tensors().begin(), y = b.tensors().begin(); x != a.tensors().end(); ++x, ++y) {
        if (x->first != y->first || x->second.shape != y->second.shape ||
            x->second.data.index() != y->second.data.index())
            return false;
        const auto bytes = [](const Tensor& tensor) {
            return std::visit(
                [](const auto& v) {
                    return QByteArray(reinterpret_cast<const char*>(v.data()),
                                      static_cast<qsizetype>(v.size() * sizeof v[0]));
                },
                tensor.data);
        };
        if (bytes(x->second) != bytes(y->second)) return false;
    }
    return true;
}

} // namespace

class TestSafetensors final : public QObject {
    Q_OBJECT
private:
    QTemporaryDir m_folder;
    QString path(const char* name = "m.safetensors") const {
        return m_folder.filePath(QString::fromLatin1(name));
    }
    Result<TensorFile> readBytes(const QByteArray& bytes) const {
        QFile::remove(path("hostile.safetensors")); // ext4 flushes a file that is emptied and written again
        QFile file(path("hostile.safetensors"));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            return Error{ErrorCode::Io, "test", ""};
        file.close();
        return readSafetensors(file.fileName().toStdString());
    }

private slots:
    void aTinyModelIsExactlyTheseBytes() {
        TensorFile file;
        file.set("b", std::span<const float>(std::vector<float>{1.0f, -2.0f}));
        file.set("a", std::span<const std::int32_t>(std::vector<std::int32_t>{258}));
        file.set("z", std::span<const std::int64_t>(std::vector<std::int64_t>{-2}));
        file.setMeta("id", "x");
        QVERIFY(writeSafetensors(path().toStdString(), file).ok());
        // The 64-bit tensor first, then by name; the header padded with spaces to a multiple of 8.
        QByteArray header = R"({"__metadata__":{"id":"x"},)"
                            R"("z":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
                            R"("a":{"dtype":"I32","shape":[1],"data_offsets":[8,12]},)"
                            R"("b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})";
        while (header.size() % 8 != 0)
            header += ' ';
        const QByteArray data = QByteArray::fromHex("feffffffffffffff"
                                                    "02010000"
                                                    "0000803f"
                                                    "000000c0");
        QCOMPARE(bytesOf(path()), withLength(header) + data);
    }

    void anEmptyModelIsAFileToo() {
        QVERIFY(writeSafetensors(path().toStdString(), TensorFile{}).ok());
        QCOMPARE(bytesOf(path()), withLength("{}      "));
        const auto read = readSafetensors(path().toStdString());
        QVERIFY(read.ok() && read->tensors().empty() && read->metadata().empty());
    }

    void whatIsWrittenIsRead() {
        const TensorFile file = everyKind();
        QVERIFY(writeSafetensors(path().toStdString(), file).ok());
        const auto read = readSafetensors(path().toStdString());
        QVERIFY2(read.ok(), read.ok() ? "" : read.error().text().c_str());
        QVERIFY(same(*read, file));
        // Writing what was read gives the same bytes.
        QVERIFY(writeSafetensors(path("again.safetensors").toStdString(), *read).ok());
        QCOMPARE(bytesOf(path("again.safetensors")), bytesOf(path()));
    }

    void aFileCutOffAtAnyByteIsAnError() {
        QVERIFY(writeSafetensors(path().toStdString(), everyKind()).ok());
        const QByteArray whole = bytesOf(path());
        QVERIFY(readBytes(whole).ok());
        for (qsizetype length = 0; length < whole.size(); ++length) {
            const auto read = readBytes(whole.first(length));
            QVERIFY2(!read.ok(), qPrintable(QString::number(length)));
            QVERIFY(read.error().code == ErrorCode::Parse);
            QVERIFY(read.error().where.find("hostile.safetensors") != std::string::npos);
        }
        QVERIFY(!readBytes(whole + 'x').ok());
        QVERIFY(!readBytes(whole + QByteArray(1000, '\0')).ok());
    }

    void aDamagedHeaderIsAnError_data() {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QString>("message");
        const auto row = [](const char* name, const char* header, const char* message) {
            QTest::newRow(name) << QByteArray(header) << QString::fromLatin1(message);
        };
        // With 8 bytes of data behind each.
        row("in order", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "");
        row("in order, other order", R"({"a":{"data_offsets":[0,8],"shape":[2,1],"dtype":"F32"}})", "");
        row("in order, padded", R"({"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}     )", "");
        row("nothing", "", "begin with a brace");
        row("space first", R"( {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
            "begin with a brace");
        row("a list", R"([1])", "begin with a brace");
        row("no end", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", "not JSON at byte");
        row("two values", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}{})", "not JSON at byte");
        row("a comma too many", R"({"a":{"dtype":"F32","shape":[2,],"data_offsets":[0,8]}})",
            "not JSON at byte");
        row("not UTF-8", "{\"\xff\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
            "not JSON at byte");
        row("unknown type", R"({"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})", "'F16' is none of");
        row("type in small letters", R"({"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}})",
            "'f32' is none of");
        row("type is a number", R"({"a":{"dtype":32,"shape":[2],"data_offsets":[0,8]}})", "A number stands");
        row("no type", R"({"a":{"shape":[2],"data_offsets":[0,8]}})", "lacks");
        row("no shape", R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", "lacks");
        row("no offsets", R"({"a":{"dtype":"F32","shape":[2]}})", "lacks");
        row("an empty tensor object", R"({"a":{}})", "lacks");
        row("unknown field", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})",
            "unknown field");
        row("field twice", R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
            "there twice");
        row("tensor twice",
            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            "there twice");
        row("tensor is a number", R"({"a":5})", "A number stands");
        row("tensor is a list", R"({"a":[]})", "A list stands");
        row("tensor is null", R"({"a":null})", "null");
        row("negative extent", R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "negative");
        row("fraction of an extent", R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})",
            "whole number");
        row("extent as text", R"({"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}})", "Text stands");
        row("nested extent", R"({"a":{"dtype":"F32","shape":[[2]],"data_offsets":[0,8]}})", "A list stands");
        row("extent beyond 32 bits", R"({"a":{"dtype":"F32","shape":[4294967298],"data_offsets":[0,8]}})",
            "too large");
        row("extent beyond 64 bits",
            R"({"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}})", "too large");
        row("product overflows to 8",
            R"({"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,8]}})",
            "fit its shape");
        row("wide but empty", R"({"a":{"dtype":"F32","shape":[4611686018427387904,0],"data_offsets":[0,0]}})",
            "too large");
        row("nine extents", R"({"a":{"dtype":"F32","shape":[2,1,1,1,1,1,1,1,1],"data_offsets":[0,8]}})",
            "more than 8 extents");
        row("shape too small", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "fit its shape");
        row("shape too large", R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "fit its shape");
        row("shape of another type", R"({"a":{"dtype":"I64","shape":[2],"data_offsets":[0,8]}})",
            "fit its shape");
        row("one offset", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}})", "not two numbers");
        row("three offsets", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}})",
            "not two numbers");
        row("offsets swapped", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
            "outside the file");
        row("offset past the end", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
            "outside the file");
        row("offsets far away",
            R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,18446744073709551615]}})",
            "outside the file");
        row("negative offset", R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", "negative");
        row("overlap",
            R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
            "share bytes");
        row("the same bytes twice",
            R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
            "share bytes");
        row("a gap in front", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "belong to none");
        row("a gap in the middle",
            R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}})",
            "belong to none");
        row("bytes left over", R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "goes on after");
        row("no tensors for the bytes", R"({})", "goes on after");
        row("metadata is text", R"({"__metadata__":"x"})", "Text stands");
        row("metadata holds a number", R"({"__metadata__":{"a":1}})", "A number stands");
        row("metadata nests", R"({"__metadata__":{"a":{}}})", "nests");
        row("metadata key twice", R"({"__metadata__":{"a":"x","a":"y"}})", "there twice");
        row("metadata twice", R"({"__metadata__":{},"__metadata__":{}})", "there twice");
    }
    void aDamagedHeaderIsAnError() {
        QFETCH(QByteArray, header);
        QFETCH(QString, message);
        const auto read = readBytes(withLength(header) + QByteArray(8, '\1'));
        if (message.isEmpty()) {
            QVERIFY2(read.ok(), read.ok() ? "" : read.error().text().c_str());
            return;
        }
        QVERIFY(!read.ok());
        const QString text = QString::fromStdString(read.error().text());
        QVERIFY2(text.contains(message), qPrintable(text));
        QVERIFY(read.error().code == ErrorCode::Parse ||
                (message.contains(QStringLiteral("none of")) && read.error().code == ErrorCode::Unsupported));
    }

    void aHeaderLengthFromElsewhereIsAnError() {
        for (const quint64 length : {quint64{17}, quint64{1} << 31, quint64{1} << 40, quint64{1} << 63,
                                     ~quint64{0}, ~quint64{0} - 7}) {
            QByteArray bytes(reinterpret_cast<const char*>(&length), 8);
            const auto read = readBytes(bytes + "{}              ");
            QVERIFY(!read.ok());
            QCOMPARE(read.error().code, ErrorCode::Parse);
        }
        // A file as large as its header says, but beyond the limit: refused before a byte of it is read.
        // Sparse on the disk.
        QFile file(path("sparse.safetensors"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        const quint64 length = safetensorsHeaderLimit + 1;
        file.write(reinterpret_cast<const char*>(&length), 8);
        QVERIFY(file.resize(static_cast<qint64>(length) + 8));
        file.close();
        const auto read = readSafetensors(file.fileName().toStdString());
        QVERIFY(!read.ok());
        QCOMPARE(read.error().code, ErrorCode::Limit);
    }

    void deepNestingIsRefusedAtOnce() {
        for (const char* opening : {"[", "{\"a\":"}) {
            QByteArray header = R"({"a":{"dtype":"F32","shape":)";
            header += QByteArray(opening).repeated(1'000'000);
            QVERIFY(!readBytes(withLength(header)).ok());
            QVERIFY(!readBytes(withLength("{\"a\":" + QByteArray(opening).repeated(1'000'000))).ok());
        }
    }

    void randomDamageNeverBreaksTheReader() {
        QVERIFY(writeSafetensors(path().toStdString(), everyKind()).ok());
        const QByteArray whole = bytesOf(path());
        Rng rng(77);
        int readable = 0;
        for (int round = 0; round < 4000; ++round) {
            QByteArray bytes = whole;
            for (std::uint64_t hit = 0; hit <= rng.below(4); ++hit) {
                const auto at = static_cast<qsizetype>(rng.below(static_cast<std::uint64_t>(bytes.size())));
                switch (rng.below(4)) {
                case 0:
                    bytes[at] = static_cast<char>(rng.below(256));
                    break;
                case 1:
                    bytes[at] = "0123456789{}[]\",:-e"[rng.below(19)];
                    break;
                case 2:
                    bytes.remove(at, static_cast<qsizetype>(1 + rng.below(4)));
                    break;
                default:
                    bytes.insert(at, whole.mid(at, static_cast<qsizetype>(rng.below(20))));
                    break;
                }
                if (bytes.isEmpty()) break;
            }
            const auto read = readBytes(bytes);
            if (!read.ok()) continue;
            ++readable; // damage inside the numbers cannot be seen
            for (const auto& [name, tensor] : read->tensors()) {
                std::int64_t elements = 1;
                for (const auto extent : tensor.shape)
                    elements *= extent;
                QCOMPARE(std::visit([](const auto& v) { return static_cast<std::int64_t>(v.size()); },
                                    tensor.data),
                         elements);
            }
        }
        QVERIFY(readable < 2000);
    }

    void whatIsNoFileIsAnError() {
        const auto missing = readSafetensors(path("missing").toStdString());
        QVERIFY(!missing.ok());
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
        QCOMPARE(missing.error().where, path("missing").toStdString());
        QCOMPARE(readSafetensors(m_folder.path().toStdString()).error().code, ErrorCode::Io);
        QCOMPARE(readSafetensors("/dev/zero").error().code, ErrorCode::Io);
        const QByteArray pipe = path("pipe").toUtf8();
        QCOMPARE(::mkfifo(pipe.constData(), 0600), 0);
        QCOMPARE(readSafetensors(pipe.toStdString()).error().code,
                 ErrorCode::Io); // and does not wait for a writer
    }

    void whatCannotBeWrittenIsRefusedWithItsName() {
        const auto refused = [this](const TensorFile& file) {
            const Status status = writeSafetensors(path("refused.safetensors").toStdString(), file);
            return status.ok() ? Error{} : status.error();
        };
        TensorFile shape;
        shape.tensors()["wrong"] = Tensor{{2, 2}, std::vector<float>{1, 2, 3}};
        QCOMPARE(refused(shape).where, std::string("wrong"));
        TensorFile negative;
        negative.tensors()["wrong"] = Tensor{{-1, -1}, std::vector<float>{1}};
        QCOMPARE(refused(negative).where, std::string("wrong"));
        TensorFile name;
        name.set("__metadata__", std::span<const float>());
        QCOMPARE(refused(name).where, std::string("__metadata__"));
        TensorFile text;
        text.setMeta("title", "\xff\xfe");
        QCOMPARE(refused(text).code, ErrorCode::Invalid);
        QVERIFY(!QFile::exists(path("refused.safetensors")));
        QVERIFY(!refused(text).message.empty());
    }
};

QTEST_APPLESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
