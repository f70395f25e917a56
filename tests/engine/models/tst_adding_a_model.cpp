// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QRegularExpression>
#include <QTest>

namespace {

QString textOf(const QString& path) {
    QFile file(QStringLiteral(RECOSCOPE_SOURCE_DIR "/") + path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

const char* const guide = "resources/docs/adding-a-model.md";

} // namespace

/// The guide shows files of the product; this keeps it true.
class TestAddingAModel final : public QObject {
    Q_OBJECT
private slots:
    void codeBlocksAreTheFiles_data();
    void codeBlocksAreTheFiles();
    void namedPathsExist();
};

void TestAddingAModel::codeBlocksAreTheFiles_data() {
    QTest::addColumn<QString>("path");
    QTest::newRow("header") << "engine/models/baseline/item_mean.h";
    QTest::newRow("source") << "engine/models/baseline/item_mean.cpp";
}

void TestAddingAModel::codeBlocksAreTheFiles() {
    QFETCH(QString, path);
    const QString file = textOf(path);
    QVERIFY(!file.isEmpty());
    const QString text = textOf(guide);
    const QString opening = '`' + path + "`\n\n```cpp\n";
    const auto start = text.indexOf(opening);
    QVERIFY2(start >= 0, qPrintable("the guide does not show " + path));
    const auto begin = start + opening.size();
    QCOMPARE(text.mid(begin, text.indexOf("```\n", begin) - begin), file);
}

void TestAddingAModel::namedPathsExist() {
    const QString text = textOf(guide);
    QVERIFY(textOf("engine/models/registry.cpp").contains("itemMeanInfo(),"));
    QRegularExpressionMatchIterator paths =
        QRegularExpression("`((?:engine|tests)/[a-z_/]+(?:\\.[a-zA-Z]+|/))`").globalMatch(text);
    int seen = 0;
    while (paths.hasNext()) {
        const QString path = paths.next().captured(1);
        QVERIFY2(QFile::exists(QStringLiteral(RECOSCOPE_SOURCE_DIR "/") + path), qPrintable(path));
        ++seen;
    }
    QVERIFY(seen >= 5);
}

QTEST_APPLESS_MAIN(TestAddingAModel)
#include "tst_adding_a_model.moc"
