// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/param_schema.h"

#include <QtTest>

#include <bit>
#include <charconv>
#include <cmath>

using namespace recoscope;

namespace {

enum class Solver { Cg, Cholesky };
struct Params {
    int factors = 64;
    float rate = 0.05f;
    double decay = 0.25;
    bool bias = true;
    Solver solver = Solver::Cg;
    int steps = 3;
    std::string note = "n";
    bool operator==(const Params&) const = default;
};

const TypedSchema<Params>& typed() {
    static const auto schema =
        TypedSchema<Params>::Builder()
            .integer("embedding_size", &Params::factors,
                     {.label = "Factors", .help = "h", .min = 1, .max = 2048})
            .real("learning_rate", &Params::rate, {.label = "Rate", .min = 1e-6, .max = 10, .logScale = true})
            .real("decay", &Params::decay, {.label = "Decay", .min = 0})
            .flag("bias", &Params::bias, {.label = "Bias"})
            .choice("solver", &Params::solver,
                    {{Solver::Cg, {"cg", "Conjugate gradient", "fast"}},
                     {Solver::Cholesky, {"cholesky", "Cholesky", ""}}},
                    {.label = "Solver", .advanced = true})
            .integer("cg_steps", &Params::steps,
                     {.label = "Steps", .min = 1, .enabledBy = "solver", .enabledWhen = {"cg"}})
            .text("note", &Params::note, {.label = "Note"})
            .build();
    return schema;
}

QString errorOf(const Result<ParamValue>& result) {
    return result.ok() ? QStringLiteral("(none)") : QString::fromStdString(result.error().text());
}

} // namespace

class TestParamSchema final : public QObject {
    Q_OBJECT
private slots:
    void theDefaultIsTheMembersInitialiser() {
        const ParamMap defaults = typed().schema().defaults();
        QCOMPARE(defaults.size(), std::size_t{7});
        QCOMPARE(std::get<std::int64_t>(defaults.at("embedding_size")), std::int64_t{64});
        QCOMPARE(std::get<double>(defaults.at("learning_rate")), 0.05);
        QCOMPARE(std::get<bool>(defaults.at("bias")), true);
        QCOMPARE(std::get<std::string>(defaults.at("solver")), std::string("cg"));
        const auto params = typed().read({});
        QVERIFY(params.ok());
        QVERIFY(*params == Params{});
    }

    void orderAndTextsAreThoseOfTheBuilder() {
        const auto& specs = typed().schema().specs();
        QCOMPARE(specs.front().key, std::string("embedding_size"));
        QCOMPARE(specs.back().key, std::string("note"));
        const ParamSpec* solver = typed().schema().find("solver");
        QVERIFY(solver);
        QVERIFY(solver->advanced);
        QCOMPARE(solver->type, ParamType::Choice);
        QCOMPARE(solver->choices.size(), std::size_t{2});
        QVERIFY(typed().schema().find("learning_rate")->logScale);
        QVERIFY(!typed().schema().find("nothing"));
    }

    void aFloatIsShownAsItWasWritten() {
        // 0.05f is 0.05000000074505806 as a double; nobody typed that.
        QCOMPARE(toText(typed().write(Params{}).at("learning_rate")), std::string("0.05"));
        for (const float value : {0.1f, 1e-7f, 3.0f, 16777216.0f, 0.3333333433f}) {
            Params params;
            params.rate = value;
            const auto back = typed().read(typed().write(params));
            if (value <= 10.0f && value >= 1e-6f) {
                QVERIFY(back.ok());
                QCOMPARE(back->rate, value);
            } else {
                QVERIFY(!back.ok());
            }
        }
    }

    void readingOverlaysAndWritingGivesItBack() {
        const auto params = typed().read({{"embedding_size", std::int64_t{128}},
                                          {"decay", std::int64_t{1}}, // a whole number for a real
                                          {"solver", std::string("cholesky")},
                                          {"bias", false}});
        QVERIFY(params.ok());
        QVERIFY((*params == Params{128, 0.05f, 1.0, false, Solver::Cholesky, 3, "n"}));
        const ParamMap written = typed().write(*params);
        QCOMPARE(std::get<std::string>(written.at("solver")), std::string("cholesky"));
        const auto again = typed().read(written);
        QVERIFY(again.ok() && *again == *params);
    }

    void typedTextIsParsed_data() {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("value"); // as text, "" where refused
        QTest::newRow("integer") << "embedding_size"
                                 << "128"
                                 << "128";
        QTest::newRow("integer as a real") << "embedding_size"
                                           << "128.0"
                                           << "128";
        QTest::newRow("integer in powers") << "embedding_size"
                                           << "1e2"
                                           << "100";
        QTest::newRow("smallest") << "embedding_size"
                                  << "1"
                                  << "1";
        QTest::newRow("largest") << "embedding_size"
                                 << "2048"
                                 << "2048";
        QTest::newRow("below") << "embedding_size"
                               << "0"
                               << "";
        QTest::newRow("above") << "embedding_size"
                               << "2049"
                               << "";
        QTest::newRow("half") << "embedding_size"
                              << "1.5"
                              << "";
        QTest::newRow("huge") << "embedding_size"
                              << "99999999999999999999"
                              << "";
        QTest::newRow("word") << "embedding_size"
                              << "many"
                              << "";
        QTest::newRow("trailing") << "embedding_size"
                                  << "12x"
                                  << "";
        QTest::newRow("empty") << "embedding_size"
                               << ""
                               << "";
        QTest::newRow("space") << "embedding_size"
                               << " 12"
                               << "";
        QTest::newRow("real") << "learning_rate"
                              << "0.005"
                              << "0.005";
        QTest::newRow("real as integer") << "learning_rate"
                                         << "1"
                                         << "1";
        QTest::newRow("real in powers") << "learning_rate"
                                        << "1e-3"
                                        << "0.001";
        QTest::newRow("nan") << "learning_rate"
                             << "nan"
                             << "";
        QTest::newRow("infinite") << "decay"
                                  << "inf"
                                  << "inf"; // no upper bound is set
        QTest::newRow("negative") << "decay"
                                  << "-0.1"
                                  << "";
        QTest::newRow("comma") << "decay"
                               << "0,1"
                               << "";
        QTest::newRow("true") << "bias"
                              << "true"
                              << "true";
        QTest::newRow("no") << "bias"
                            << "no"
                            << "false";
        QTest::newRow("off") << "bias"
                             << "off"
                             << "false";
        QTest::newRow("1") << "bias"
                           << "1"
                           << "true";
        QTest::newRow("maybe") << "bias"
                               << "maybe"
                               << "";
        QTest::newRow("choice") << "solver"
                                << "cholesky"
                                << "cholesky";
        QTest::newRow("other choice") << "solver"
                                      << "lu"
                                      << "";
        QTest::newRow("text") << "note"
                              << "12"
                              << "12";
    }
    void typedTextIsParsed() {
        QFETCH(QString, key);
        QFETCH(QString, text);
        QFETCH(QString, value);
        const auto parsed = typed().schema().parse(key.toStdString(), text.toStdString());
        if (value.isEmpty()) {
            QVERIFY2(!parsed.ok(), "was taken");
            QCOMPARE(parsed.error().code, ErrorCode::Invalid);
            QCOMPARE(parsed.error().where, key.toStdString());
            return;
        }
        QVERIFY2(parsed.ok(), qPrintable(errorOf(parsed)));
        QCOMPARE(QString::fromStdString(toText(*parsed)), value);
        const auto again = typed().schema().parse(key.toStdString(), toText(*parsed));
        QVERIFY(again.ok() && *again == *parsed);
    }

    void errorsNameTheRangeAndTheChoices() {
        const auto range = typed().schema().parse("embedding_size", "0");
        QVERIFY(errorOf(range).contains(QStringLiteral("allowed is 1 to 2,048")));
        const auto half = typed().schema().parse("decay", "-1");
        QVERIFY(errorOf(half).contains(QStringLiteral("at least 0")));
        const auto choice = typed().schema().parse("solver", "lu");
        QVERIFY(errorOf(choice).contains(QStringLiteral("cg, cholesky")));
    }

    void anUnknownKeyNamesTheNearest() {
        const auto read = typed().read({{"learning_rat", 0.1}});
        QVERIFY(!read.ok());
        QCOMPARE(read.error().where, std::string("learning_rat"));
        QVERIFY(read.error().message.find("'learning_rate'") != std::string::npos);
        const auto parsed = typed().schema().parse("embeding_size", "3");
        QVERIFY(!parsed.ok());
        QVERIFY(parsed.error().message.find("'embedding_size'") != std::string::npos);

        const auto none = TypedSchema<NoParams>::Builder().build();
        const auto refused = none.read({{"k", std::int64_t{1}}});
        QVERIFY(!refused.ok());
        QVERIFY(refused.error().message.find("no parameters") != std::string::npos);
        QVERIFY(!none.schema().parse("k", "1").ok());
    }

    void wrongTypesAreRefused() {
        QVERIFY(!typed().read({{"bias", std::int64_t{1}}}).ok());
        QVERIFY(!typed().read({{"embedding_size", std::string("64")}}).ok());
        QVERIFY(!typed().read({{"embedding_size", 64.5}}).ok());
        QVERIFY(!typed().read({{"learning_rate", true}}).ok());
        QVERIFY(!typed().read({{"learning_rate", std::nan("")}}).ok());
        QVERIFY(typed().read({{"embedding_size", 64.0}}).ok());
    }

    void aParameterKnowsWhenItIsMeaningful() {
        const ParamSchema& schema = typed().schema();
        ParamMap values = schema.defaults();
        const ParamSpec& steps = *schema.find("cg_steps");
        QVERIFY(schema.enabled(steps, values));
        values["solver"] = std::string("cholesky");
        QVERIFY(!schema.enabled(steps, values));
        QVERIFY(schema.enabled(*schema.find("bias"), values));
        QVERIFY(schema.enabled(steps, {})); // nothing known of the owner
    }

    void meaningIsInherited() {
        const ParamSchema schema({ParamSpec{.key = "a", .type = ParamType::Flag, .defaultValue = true},
                                  ParamSpec{.key = "b",
                                            .type = ParamType::Flag,
                                            .defaultValue = true,
                                            .enabledBy = "a",
                                            .enabledWhen = {"true"}},
                                  ParamSpec{.key = "c", .enabledBy = "b", .enabledWhen = {"true"}}});
        const ParamSpec& c = *schema.find("c");
        QVERIFY(schema.enabled(c, schema.defaults()));
        QVERIFY(!schema.enabled(c, {{"a", false}, {"b", true}}));
        QVERIFY(!schema.enabled(c, {{"a", true}, {"b", false}}));
    }

    void textReadsBackAsTheSameNumber() {
        for (const double value : {0.1, 1.0 / 3.0, 1e-300, 1e22, -0.0, 5e-324, 123456789.125}) {
            const std::string text = toText(value);
            double back = 1.0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), back);
            QVERIFY(error == std::errc{} && end == text.data() + text.size());
            QCOMPARE(std::bit_cast<std::uint64_t>(back), std::bit_cast<std::uint64_t>(value));
        }
        QCOMPARE(toText(ParamValue(true)), std::string("true"));
        QCOMPARE(toText(ParamValue(std::int64_t{-7})), std::string("-7"));
        QCOMPARE(toText(ParamValue(0.01)), std::string("0.01"));
    }
};

QTEST_APPLESS_MAIN(TestParamSchema)
#include "tst_param_schema.moc"
