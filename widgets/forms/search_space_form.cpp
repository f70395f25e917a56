// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/search_space_form.h"

#include "engine/core/number_text.h"

#include "widgets/forms/number_field.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <vector>

namespace recoscope {

namespace {

QString words(const std::string& text) { return QString::fromStdString(text); }

bool isNumber(const ParamSpec& spec) {
    return spec.type == ParamType::Integer || spec.type == ParamType::Real;
}

/// A parameter's widgets. Those that do not belong to its type are null.
struct Row {
    ParamSpec spec;
    SearchDimension suggested;
    QWidget* all = nullptr;
    QCheckBox* varied = nullptr;
    QLabel* label = nullptr;  // instead of the tick, while nothing is varied
    QWidget* fixed = nullptr; // the editor of one value
    NumberBox* fixedNumber = nullptr;
    QComboBox* fixedChoice = nullptr; // also of a flag
    QWidget* range = nullptr;         // below, while it is varied
    NumberBox* from = nullptr;
    NumberBox* to = nullptr;
    QCheckBox* log = nullptr;
    std::vector<QCheckBox*> choices;

    ParamValue fixedValue() const {
        if (fixedNumber)
            return spec.type == ParamType::Integer
                       ? ParamValue(static_cast<std::int64_t>(fixedNumber->value()))
                       : ParamValue(fixedNumber->value());
        if (!fixedChoice) return spec.defaultValue;
        const std::string key = fixedChoice->currentData().toString().toStdString();
        return spec.type == ParamType::Flag ? ParamValue(key == "true") : ParamValue(key);
    }
    /// "embedding_size=8..128:log"; empty where nothing is to be tried.
    std::string text() const {
        if (from)
            return spec.key + "=" + numberText(from->value()) + ".." + numberText(to->value()) +
                   (log->isChecked() ? ":log" : ":linear");
        std::string listed;
        for (const QCheckBox* choice : choices)
            if (choice->isChecked())
                listed += (listed.empty() ? "" : "|") + choice->property("key").toString().toStdString();
        return listed.empty() ? std::string() : spec.key + "=" + listed;
    }
};

} // namespace

struct SearchSpaceForm::Private {
    ParamSchema schema;
    std::vector<Row> rows;
    QVBoxLayout* column = nullptr;
    QWidget* body = nullptr;
    QToolButton* more = nullptr;
    bool unfolded = false;
    bool varying = true;

    Row* find(std::string_view key) {
        for (Row& row : rows)
            if (row.spec.key == key) return &row;
        return nullptr;
    }
};

SearchSpaceForm::SearchSpaceForm(QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>()) {
    d->column = new QVBoxLayout(this);
    d->column->setContentsMargins(0, 0, 0, 0);
    d->column->setSpacing(space::tiny);
    d->more = new QToolButton(this);
    d->more->setObjectName(QStringLiteral("moreParameters"));
    d->more->setAutoRaise(true);
    d->more->setToolButtonStyle(Qt::ToolButtonTextOnly);
    connect(d->more, &QToolButton::clicked, this, [this] {
        d->unfolded = !d->unfolded;
        fold();
    });
    d->column->addWidget(d->more);
}

SearchSpaceForm::~SearchSpaceForm() = default;

void SearchSpaceForm::setSchema(const ParamSchema& schema) {
    delete d->body;
    d->rows.clear();
    d->schema = schema;
    d->body = new QWidget(this);
    d->body->setProperty("clear", true);
    auto* column = new QVBoxLayout(d->body);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    const auto usual = SearchSpace::parse(schema, "");
    for (const ParamSpec& spec : schema.specs()) {
        if (spec.type == ParamType::Text) continue; // nothing to vary and nothing short to type
        const auto alone = SearchSpace::parse(schema, spec.key);
        Row row;
        row.spec = spec;
        if (alone) row.suggested = alone->dimensions().front();
        row.all = new QWidget(d->body);
        row.all->setProperty("clear", true);
        const QString tip = QStringLiteral("<p><b>%1</b> %2</p>")
                                .arg(words(spec.key).toHtmlEscaped(), words(spec.help).toHtmlEscaped());
        row.varied = new QCheckBox(words(spec.label), row.all);
        row.varied->setObjectName(QStringLiteral("vary_") + words(spec.key));
        row.varied->setToolTip(tip + tr("<p>Ticked: the search tries different values.</p>"));
        row.varied->setEnabled(alone.ok());
        row.label = new QLabel(words(spec.label), row.all);
        row.label->setToolTip(tip);
        const NumberRange numbers{spec.min, spec.max, spec.type == ParamType::Integer, spec.logScale};
        const auto box = [&](const char* prefix, double value) {
            auto* made = new NumberBox(numbers, row.all);
            made->setObjectName(QLatin1String(prefix) + words(spec.key));
            made->setValue(value);
            made->setFixedWidth(Theme::current().scaled(92));
            connect(made, &NumberBox::valueChanged, this, &SearchSpaceForm::changed);
            return made;
        };
        row.range = new QWidget(row.all);
        row.range->setProperty("clear", true);
        if (isNumber(spec)) {
            row.fixed = row.fixedNumber = box("fixed_", asNumber(spec.defaultValue).value_or(0.0));
            row.from = box("from_", row.suggested.min);
            row.to = box("to_", row.suggested.max);
            row.log = new QCheckBox(tr("log"), row.range);
            row.log->setToolTip(tr("By factors: as many trials from 0.001 to 0.01 as from 0.1 to 1"));
            row.log->setChecked(row.suggested.logScale);
            connect(row.log, &QCheckBox::toggled, this, &SearchSpaceForm::changed);
            auto* line = new QHBoxLayout(row.range);
            line->setContentsMargins(Theme::current().scaled(22), 0, 0, 0);
            line->setSpacing(space::small);
            line->addWidget(row.from);
            line->addWidget(new QLabel(tr("to"), row.range));
            line->addWidget(row.to);
            line->addWidget(row.log);
            line->addStretch(1);
        } else {
            row.fixedChoice = new QComboBox(row.all);
            row.fixedChoice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
            row.fixedChoice->setMinimumContentsLength(9);
            row.fixed = row.fixedChoice;
            auto* indented = new QHBoxLayout(row.range);
            indented->setContentsMargins(Theme::current().scaled(22), 0, 0, 0);
            auto* listed = new QWidget(row.range);
            listed->setProperty("clear", true);
            indented->addWidget(listed);
            auto* flow = new FlowLayout(listed);
            const auto add = [&](const QString& key, const QString& label, const QString& help) {
                row.fixedChoice->addItem(label, key);
                auto* choice = new QCheckBox(label, listed);
                choice->setProperty("key", key);
                choice->setChecked(true);
                if (!help.isEmpty())
                    choice->setToolTip(QStringLiteral("<p>%1</p>").arg(help.toHtmlEscaped()));
                connect(choice, &QCheckBox::toggled, this, &SearchSpaceForm::changed);
                flow->addWidget(choice);
                row.choices.push_back(choice);
            };
            if (spec.type == ParamType::Flag) {
                add(QStringLiteral("false"), tr("off"), {});
                add(QStringLiteral("true"), tr("on"), {});
            }
            for (const ParamChoice& choice : spec.choices)
                add(words(choice.key), words(choice.label), words(choice.help));
            row.fixedChoice->setCurrentIndex(row.fixedChoice->findData(words(toText(spec.defaultValue))));
            connect(row.fixedChoice, &QComboBox::currentIndexChanged, this, &SearchSpaceForm::changed);
        }
        row.fixed->setToolTip(tip + tr("<p>The value of every run.</p>"));
        row.label->setBuddy(row.fixed);
        auto* lines = new QVBoxLayout(row.all);
        lines->setContentsMargins(0, 0, 0, 0);
        lines->setSpacing(space::tiny);
        auto* first = new QHBoxLayout;
        first->setSpacing(space::small);
        first->addWidget(row.varied, 1);
        first->addWidget(row.label, 1);
        first->addWidget(row.fixed);
        lines->addLayout(first);
        lines->addWidget(row.range);
        const bool on =
            usual && std::any_of(usual->dimensions().begin(), usual->dimensions().end(),
                                 [&](const SearchDimension& each) { return each.key == spec.key; });
        row.varied->setChecked(on);
        connect(row.varied, &QCheckBox::toggled, this, [this] {
            fold();
            emit changed();
        });
        column->addWidget(row.all);
        d->rows.push_back(std::move(row));
    }
    d->column->insertWidget(0, d->body);
    fold();
    emit changed();
}

void SearchSpaceForm::fold() {
    int hidden = 0;
    int advanced = 0;
    for (const Row& row : d->rows) {
        const bool varied = d->varying && row.varied->isChecked();
        row.varied->setVisible(d->varying);
        row.label->setVisible(!d->varying);
        row.range->setVisible(varied);
        row.fixed->setVisible(!varied);
        // What is varied, or not at its default, is always seen.
        const bool folded = row.spec.advanced && !varied && row.fixedValue() == row.spec.defaultValue;
        advanced += folded ? 1 : 0;
        hidden += folded && !d->unfolded ? 1 : 0;
        row.all->setVisible(!folded || d->unfolded);
    }
    d->more->setVisible(advanced > 0);
    d->more->setText(hidden > 0 ? tr("%1 more parameters …").arg(hidden) : tr("Fewer parameters"));
}

void SearchSpaceForm::setVarying(bool varying) {
    if (d->varying == varying) return;
    d->varying = varying;
    fold();
    emit changed();
}

void SearchSpaceForm::setSpace(const SearchSpace& space) {
    {
        const QSignalBlocker quiet(this);
        for (Row& row : d->rows)
            row.varied->setChecked(false);
        for (const SearchDimension& each : space.dimensions()) {
            Row* row = d->find(each.key);
            if (!row) continue;
            row->varied->setChecked(true);
            if (row->from) {
                if (!each.listed()) setRange(each.key, each.min, each.max, each.logScale);
                continue;
            }
            for (QCheckBox* choice : row->choices)
                choice->setChecked(
                    std::any_of(each.values.begin(), each.values.end(), [&](const ParamValue& value) {
                        return words(toText(value)) == choice->property("key").toString();
                    }));
        }
    }
    fold();
    emit changed();
}

void SearchSpaceForm::setFixed(const ParamMap& values) {
    {
        const QSignalBlocker quiet(this);
        for (Row& row : d->rows) {
            const auto found = values.find(row.spec.key);
            const ParamValue value = found == values.end() ? row.spec.defaultValue : found->second;
            if (row.fixedNumber)
                row.fixedNumber->setValue(asNumber(value).value_or(0.0));
            else if (row.fixedChoice)
                row.fixedChoice->setCurrentIndex(
                    std::max(0, row.fixedChoice->findData(words(toText(value)))));
        }
    }
    fold();
    emit changed();
}

std::string SearchSpaceForm::space() const {
    std::string all;
    for (const Row& row : d->rows) {
        if (!d->varying || !row.varied->isChecked()) continue;
        const std::string text = row.text();
        if (!text.empty()) all += (all.empty() ? "" : ", ") + text;
    }
    return all;
}

ParamMap SearchSpaceForm::fixed() const {
    ParamMap values;
    for (const Row& row : d->rows)
        if (!(d->varying && row.varied->isChecked()) && row.fixedValue() != row.spec.defaultValue)
            values[row.spec.key] = row.fixedValue();
    return values;
}

QString SearchSpaceForm::problem() const {
    if (!d->varying) return {};
    for (const Row& row : d->rows)
        if (row.varied->isChecked() && row.text().empty())
            return tr("%1: tick at least one value").arg(words(row.spec.label));
    const std::string text = space();
    if (text.empty()) return tr("Tick at least one parameter to vary");
    const auto parsed = SearchSpace::parse(d->schema, text);
    return parsed ? QString() : words(parsed.error().message);
}

void SearchSpaceForm::setVaried(std::string_view key, bool on) {
    if (const Row* row = d->find(key)) row->varied->setChecked(on);
}

void SearchSpaceForm::setRange(std::string_view key, double min, double max, bool logScale) {
    const Row* row = d->find(key);
    if (!row || !row->from) return;
    row->from->setValue(min);
    row->to->setValue(max);
    row->log->setChecked(logScale);
}

} // namespace recoscope
