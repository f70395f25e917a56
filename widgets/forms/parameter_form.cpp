// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/parameter_form.h"

#include "engine/core/number_text.h"

#include "widgets/forms/number_field.h"
#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <functional>

namespace recoscope {

namespace {

QString text(const std::string& value) { return QString::fromStdString(value); }

QString toolTipOf(const ParamSpec& spec) {
    QString tip = QStringLiteral("<p>%1</p>").arg(text(spec.help).toHtmlEscaped());
    if (spec.type == ParamType::Choice) {
        for (const ParamChoice& choice : spec.choices)
            tip += QStringLiteral("<p><b>%1</b> %2</p>")
                       .arg(text(choice.label).toHtmlEscaped(), text(choice.help).toHtmlEscaped());
    }
    const bool low = std::isfinite(spec.min);
    const bool high = std::isfinite(spec.max);
    const auto number = [](double value) { return text(readableNumber(value)); };
    QString facts;
    if (low && high)
        facts = ParameterForm::tr("Between %1 and %2. ").arg(number(spec.min), number(spec.max));
    else if (low)
        facts = ParameterForm::tr("At least %1. ").arg(number(spec.min));
    else if (high)
        facts = ParameterForm::tr("At most %1. ").arg(number(spec.max));
    facts +=
        ParameterForm::tr("Default %1. In files: %2").arg(text(toText(spec.defaultValue)), text(spec.key));
    return tip + QStringLiteral("<p>%1</p>").arg(facts.toHtmlEscaped());
}

} // namespace

struct ParameterForm::Private {
    struct Row {
        ParamSpec spec;
        QLabel* label = nullptr;
        QWidget* editor = nullptr;
        QToolButton* reset = nullptr;
        std::function<ParamValue()> get;
        std::function<void(const ParamValue&)> set;
    };
    ParamSchema schema;
    std::vector<Row> rows;
    std::vector<QLabel*> advancedHeads; // group heads under the fold
    QWidget* body = nullptr;
    QToolButton* resetAll = nullptr;
    QToolButton* advanced = nullptr;
    QVBoxLayout* layout = nullptr;
    bool advancedShown = false;
    bool quiet = false;

    Row makeRow(ParameterForm* form, const ParamSpec& spec, QWidget* parent);
};

ParameterForm::ParameterForm(QWidget* parent)
    : QWidget(parent)
    , d(new Private) {
    d->layout = new QVBoxLayout(this);
    d->layout->setContentsMargins(0, 0, 0, 0);
}

ParameterForm::~ParameterForm() = default;

ParameterForm::Private::Row ParameterForm::Private::makeRow(ParameterForm* form, const ParamSpec& spec,
                                                            QWidget* parent) {
    Row row;
    row.spec = spec;
    const auto notify = [this, form] {
        if (quiet) return;
        form->refreshRows();
        emit form->changed();
    };
    switch (spec.type) {
    case ParamType::Flag: {
        auto* box = new QCheckBox(form->tr("on"), parent);
        row.editor = box;
        row.get = [box] { return ParamValue(box->isChecked()); };
        row.set = [box](const ParamValue& value) { box->setChecked(std::get<bool>(value)); };
        QObject::connect(box, &QCheckBox::toggled, form, notify);
        break;
    }
    case ParamType::Integer:
    case ParamType::Real: {
        const bool integer = spec.type == ParamType::Integer;
        auto* field = new NumberField({std::isfinite(spec.min) ? spec.min : -1e300,
                                       std::isfinite(spec.max) ? spec.max : 1e300, integer, spec.logScale},
                                      parent);
        row.editor = field;
        row.get = [field, integer] {
            return integer ? ParamValue(static_cast<std::int64_t>(std::llround(field->value())))
                           : ParamValue(field->value());
        };
        row.set = [field](const ParamValue& value) { field->setValue(asNumber(value).value_or(0.0)); };
        QObject::connect(field, &NumberField::valueChanged, form, notify);
        break;
    }
    case ParamType::Choice: {
        auto* box = new QComboBox(parent);
        for (const ParamChoice& choice : spec.choices) {
            box->addItem(text(choice.label), text(choice.key));
            box->setItemData(box->count() - 1, text(choice.help), Qt::ToolTipRole);
        }
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(12);
        box->setFocusPolicy(Qt::StrongFocus);
        row.editor = box;
        row.get = [box] { return ParamValue(box->currentData().toString().toStdString()); };
        row.set = [box](const ParamValue& value) {
            box->setCurrentIndex(std::max(0, box->findData(text(std::get<std::string>(value)))));
        };
        QObject::connect(box, &QComboBox::currentIndexChanged, form, notify);
        break;
    }
    case ParamType::Text: {
        auto* line = new QLineEdit(parent);
        row.editor = line;
        row.get = [line] { return ParamValue(line->text().toStdString()); };
        row.set = [line](const ParamValue& value) { line->setText(text(std::get<std::string>(value))); };
        QObject::connect(line, &QLineEdit::textChanged, form, notify);
        break;
    }
    }
    row.editor->setObjectName(text(spec.key));
    row.editor->setToolTip(toolTipOf(spec));
    row.label = new QLabel(parent);
    row.label->setWordWrap(true);
    row.label->setToolTip(toolTipOf(spec));
    row.label->setBuddy(row.editor);
    row.reset = new QToolButton(parent);
    row.reset->setAutoRaise(true);
    row.reset->setIcon(themedIcon(QStringLiteral("reset")));
    row.reset->setToolTip(form->tr("Back to the default, %1").arg(text(toText(spec.defaultValue))));
    row.reset->setAccessibleName(form->tr("Reset %1").arg(text(spec.label)));
    row.set(spec.defaultValue);
    const auto set = row.set;
    QObject::connect(row.reset, &QToolButton::clicked, form,
                     [set, value = spec.defaultValue] { set(value); });
    return row;
}

void ParameterForm::setSchema(const ParamSchema& schema) {
    delete d->body;
    d->rows.clear();
    d->advancedHeads.clear();
    d->schema = schema;
    d->body = new QWidget(this);
    d->layout->addWidget(d->body);
    auto* grid = new QGridLayout(d->body);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(space::small);
    grid->setVerticalSpacing(space::tiny + 2);
    grid->setColumnStretch(1, 1);
    grid->setColumnMinimumWidth(0, Theme::current().scaled(118));
    grid->setColumnMinimumWidth(2, Theme::current().scaled(24)); // the reset buttons come and go
    d->advanced = nullptr;
    d->resetAll = nullptr;
    int line = 0;
    if (schema.specs().empty()) {
        auto* none = new QLabel(tr("This algorithm has no parameters. Press Start."), d->body);
        none->setProperty("role", "muted");
        none->setWordWrap(true);
        grid->addWidget(none, 0, 0, 1, 3);
        return;
    }
    // Groups stand together, in the order in which the schema first names them.
    std::vector<std::string> groups;
    for (const ParamSpec& spec : schema.specs())
        if (std::find(groups.begin(), groups.end(), spec.group) == groups.end()) groups.push_back(spec.group);
    const auto addRows = [&](bool advanced) {
        for (const std::string& group : groups) {
            bool headed = groups.size() < 2;
            for (const ParamSpec& spec : schema.specs()) {
                if (spec.group != group || spec.advanced != advanced) continue;
                if (!headed) {
                    auto* head = new QLabel(text(group), d->body);
                    Theme::keepFont(head, 1.0, true);
                    grid->addWidget(head, line++, 0, 1, 3);
                    if (advanced) d->advancedHeads.push_back(head);
                    headed = true;
                }
                d->rows.push_back(d->makeRow(this, spec, d->body));
                const Private::Row& row = d->rows.back();
                grid->addWidget(row.label, line, 0);
                grid->addWidget(row.editor, line, 1);
                grid->addWidget(row.reset, line, 2);
                ++line;
            }
        }
    };
    addRows(false);
    const auto advancedCount = std::count_if(schema.specs().begin(), schema.specs().end(),
                                             [](const ParamSpec& spec) { return spec.advanced; });
    if (advancedCount > 0) {
        d->advanced = new QToolButton(d->body);
        d->advanced->setObjectName(QStringLiteral("advanced"));
        d->advanced->setText(tr("Advanced (%1)").arg(advancedCount));
        d->advanced->setCheckable(true);
        d->advanced->setAutoRaise(true);
        d->advanced->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        connect(d->advanced, &QToolButton::toggled, this, &ParameterForm::setAdvancedShown);
        grid->addWidget(d->advanced, line++, 0, 1, 3, Qt::AlignLeft);
        addRows(true);
    }
    d->resetAll = new QToolButton(d->body);
    d->resetAll->setObjectName(QStringLiteral("resetAll"));
    d->resetAll->setText(tr("Reset all to defaults"));
    d->resetAll->setIcon(themedIcon(QStringLiteral("reset")));
    d->resetAll->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    d->resetAll->setAutoRaise(true);
    connect(d->resetAll, &QToolButton::clicked, this, &ParameterForm::resetAll);
    grid->addWidget(d->resetAll, line++, 0, 1, 3, Qt::AlignLeft);
    QWidget* previous = nullptr;
    for (const Private::Row& row : d->rows) {
        if (previous) setTabOrder(previous, row.editor);
        previous = row.editor;
    }
    fold();
    refreshRows();
}

ParamMap ParameterForm::values() const {
    ParamMap map;
    for (const Private::Row& row : d->rows)
        map[row.spec.key] = row.get();
    return map;
}

ParamMap ParameterForm::modified() const {
    ParamMap map;
    for (const Private::Row& row : d->rows)
        if (ParamValue value = row.get(); value != row.spec.defaultValue)
            map[row.spec.key] = std::move(value);
    return map;
}

int ParameterForm::setValues(const ParamMap& values) {
    int refused = 0;
    d->quiet = true;
    for (const auto& [key, value] : values) {
        bool taken = false;
        for (const Private::Row& row : d->rows) {
            if (row.spec.key != key) continue;
            const auto complete = d->schema.complete({{key, value}});
            if (!complete) break;
            row.set(complete->at(key));
            taken = true;
        }
        if (!taken) ++refused;
    }
    d->quiet = false;
    refreshRows();
    emit changed();
    return refused;
}

void ParameterForm::resetAll() {
    d->quiet = true;
    for (const Private::Row& row : d->rows)
        row.set(row.spec.defaultValue);
    d->quiet = false;
    refreshRows();
    emit changed();
}

bool ParameterForm::advancedShown() const { return d->advancedShown; }

void ParameterForm::setAdvancedShown(bool shown) {
    d->advancedShown = shown;
    fold();
}

QWidget* ParameterForm::editor(std::string_view key) const {
    for (const Private::Row& row : d->rows)
        if (row.spec.key == key) return row.editor;
    return nullptr;
}

void ParameterForm::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !d) return;
    const QIcon icon = themedIcon(QStringLiteral("reset"));
    for (const Private::Row& row : d->rows)
        row.reset->setIcon(icon);
    if (d->resetAll) d->resetAll->setIcon(icon);
    refreshRows();
}

void ParameterForm::fold() {
    if (!d->advanced) return;
    const QSignalBlocker quiet(d->advanced);
    d->advanced->setChecked(d->advancedShown);
    d->advanced->setArrowType(d->advancedShown ? Qt::DownArrow : Qt::RightArrow);
    for (const Private::Row& row : d->rows) {
        if (!row.spec.advanced) continue;
        row.label->setVisible(d->advancedShown);
        row.editor->setVisible(d->advancedShown);
    }
    for (QLabel* head : d->advancedHeads)
        head->setVisible(d->advancedShown);
    refreshRows();
}

void ParameterForm::refreshRows() {
    const ParamMap now = values();
    bool any = false;
    for (const Private::Row& row : d->rows) {
        const bool changedRow = now.at(row.spec.key) != row.spec.defaultValue;
        const bool enabled = d->schema.enabled(row.spec, now);
        any = any || changedRow;
        row.editor->setEnabled(enabled);
        row.label->setEnabled(enabled);
        const QString label = text(row.spec.label);
        row.label->setText(changedRow ? QStringLiteral("● ") + label : label);
        Theme::keepFont(row.label, 1.0, changedRow);
        row.label->setAccessibleDescription(changedRow ? tr("modified") : QString());
        row.reset->setVisible(changedRow && (!row.spec.advanced || d->advancedShown));
    }
    if (d->resetAll) d->resetAll->setEnabled(any);
}

} // namespace recoscope
