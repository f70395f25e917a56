// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/registry.h"

#include "widgets/forms/number_field.h"
#include "widgets/forms/parameter_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QToolButton>

using namespace recoscope;

namespace {

enum class Solver { Cg, Exact };
struct Params {
    int factors = 64;
    double rate = 0.01;
    double regularisation = 0.0;
    bool bias = true;
    Solver solver = Solver::Cg;
    int steps = 3;
};

const ParamSchema& schema() {
    static const auto typed =
        TypedSchema<Params>::Builder()
            .integer("factors", &Params::factors,
                     {.label = "Factors", .help = "Dimension", .min = 1, .max = 2048, .logScale = true})
            .real("rate", &Params::rate,
                  {.label = "Learning rate",
                   .help = "Step",
                   .min = 1e-6,
                   .max = 1,
                   .logScale = true,
                   .group = "Training"})
            .real("regularisation", &Params::regularisation,
                  {.label = "Regularisation",
                   .help = "Pull to zero",
                   .min = 0,
                   .max = 10,
                   .logScale = true,
                   .advanced = true})
            .flag("bias", &Params::bias, {.label = "Biases", .help = "Offsets", .advanced = true})
            .choice("solver", &Params::solver,
                    {{Solver::Cg, {"cg", "Conjugate gradient", "fast"}},
                     {Solver::Exact, {"exact", "Exact", "slow"}}},
                    {.label = "Solver", .help = "How"})
            .integer("steps", &Params::steps,
                     {.label = "Steps",
                      .help = "Of the solver",
                      .min = 1,
                      .max = 50,
                      .enabledBy = "solver",
                      .enabledWhen = {"cg"}})
            .build();
    return typed.schema();
}

NumberField* number(const ParameterForm& form, const char* key) {
    return qobject_cast<NumberField*>(form.editor(key));
}

} // namespace

class TestParameterForm final : public QObject {
    Q_OBJECT
private slots:
    void theFormStartsAtTheDefaultsOfTheSchema() {
        ParameterForm form;
        form.setSchema(schema());
        QCOMPARE(form.values(), schema().defaults());
        QVERIFY(form.modified().empty());
    }

    void everyAlgorithmHasAFormWithItsDefaults() {
        for (const AlgorithmInfo& info : algorithms()) {
            ParameterForm form;
            form.setSchema(info.schema());
            QVERIFY2(form.values() == info.schema().defaults(), info.id.data());
            for (const ParamSpec& spec : info.schema().specs())
                QVERIFY2(!form.editor(spec.key)->toolTip().isEmpty(), spec.key.c_str());
        }
    }

    void aTypedValueIsModifiedMarkedAndReset() {
        ParameterForm form;
        form.setSchema(schema());
        form.show();
        QSignalSpy changed(&form, &ParameterForm::changed);
        auto* line = number(form, "rate")->findChild<QLineEdit*>();
        line->selectAll();
        QTest::keyClicks(line, "2.5e-4");
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(changed.count() > 0);
        QCOMPARE(form.modified(), (ParamMap{{"rate", 2.5e-4}}));
        QToolButton* reset = nullptr;
        for (auto* button : form.findChildren<QToolButton*>())
            if (button->accessibleName() == QLatin1String("Reset Learning rate")) reset = button;
        QVERIFY(reset && reset->isVisible());
        bool marked = false;
        for (const QLabel* label : form.findChildren<QLabel*>())
            marked = marked || (label->text() == QStringLiteral("● Learning rate") && label->font().bold());
        QVERIFY(marked);
        reset->click();
        QVERIFY(form.modified().empty());
        QVERIFY(!reset->isVisible());
    }

    void outOfRangeIsNotAccepted() {
        ParameterForm form;
        form.setSchema(schema());
        auto* line = number(form, "factors")->findChild<QLineEdit*>();
        line->selectAll();
        QTest::keyClicks(line, "5000");
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(std::get<std::int64_t>(form.values().at("factors")) <= 2048);
    }

    void resetAllGivesTheDefaultsBackInOneStep() {
        ParameterForm form;
        form.setSchema(schema());
        form.setValues({{"factors", std::int64_t{128}}, {"bias", false}, {"solver", std::string("exact")}});
        QCOMPARE(form.modified().size(), std::size_t{3});
        QSignalSpy changed(&form, &ParameterForm::changed);
        form.findChild<QToolButton*>("resetAll")->click();
        QCOMPARE(form.values(), schema().defaults());
        QCOMPARE(changed.count(), 1);
    }

    void unknownAndImpossibleValuesAreRefusedAndCounted() {
        ParameterForm form;
        form.setSchema(schema());
        QCOMPARE(form.setValues({{"factors", std::int64_t{-4}}, {"nonsense", 1.0}, {"rate", 0.1}}), 2);
        QCOMPARE(form.modified(), (ParamMap{{"rate", 0.1}}));
    }

    void aParameterThatDependsOnAnotherIsGreyedWithIt() {
        ParameterForm form;
        form.setSchema(schema());
        QVERIFY(form.editor("steps")->isEnabled());
        auto* solver = qobject_cast<QComboBox*>(form.editor("solver"));
        solver->setCurrentIndex(1);
        QVERIFY(!form.editor("steps")->isEnabled());
        solver->setCurrentIndex(0);
        QVERIFY(form.editor("steps")->isEnabled());
    }

    void advancedParametersAreFoldedAndUnfold() {
        ParameterForm form;
        form.setSchema(schema());
        form.show();
        QVERIFY(!form.editor("bias")->isVisible());
        QVERIFY(form.editor("factors")->isVisible());
        form.findChild<QToolButton*>("advanced")->click();
        QVERIFY(form.editor("bias")->isVisible());
    }

    void theSliderMovesALogScaleByFactors() {
        ParameterForm form;
        form.setSchema(schema());
        NumberField* rate = number(form, "rate");
        QSlider* slider = rate->slider();
        QVERIFY(slider);
        slider->setValue(slider->maximum() / 2); // the middle of 1e-6 … 1 is 1e-3, not 0.5
        QCOMPARE(rate->value(), 1e-3);
        slider->setValue(slider->maximum());
        QCOMPARE(rate->value(), 1.0);
        slider->setValue(0);
        QCOMPARE(rate->value(), 1e-6);
    }

    void theSliderOfARangeFromZeroReachesZero() {
        ParameterForm form;
        form.setSchema(schema());
        NumberField* reg = number(form, "regularisation");
        reg->slider()->setValue(reg->slider()->maximum());
        QCOMPARE(reg->value(), 10.0);
        reg->slider()->setValue(0);
        QCOMPARE(reg->value(), 0.0);
    }

    void arrowsStepByPowersOfTwoAndRoundNumbers() {
        ParameterForm form;
        form.setSchema(schema());
        number(form, "factors")->box()->stepBy(1);
        QCOMPARE(number(form, "factors")->value(), 128.0);
        number(form, "factors")->box()->stepBy(-2);
        QCOMPARE(number(form, "factors")->value(), 32.0);
        number(form, "rate")->box()->stepBy(1);
        QCOMPARE(number(form, "rate")->value(), 0.02);
        number(form, "rate")->box()->stepBy(-2);
        QCOMPARE(number(form, "rate")->value(), 0.005);
    }

    void smallNumbersAreShownShortAndKeepTheirValue() {
        NumberField field({0, 1, false, true});
        field.setValue(1.25e-9);
        QCOMPARE(field.value(), 1.25e-9);
        QVERIFY2(field.box()->text().size() <= 8, qPrintable(field.box()->text()));
    }
};

QTEST_MAIN(TestParameterForm)
#include "tst_parameter_form.moc"
