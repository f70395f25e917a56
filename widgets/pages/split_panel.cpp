// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/split_panel.h"

#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDateEdit>
#include <QDateTime>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QGroupBox>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QScrollArea>
#include <QStandardItemModel>
#include <QVBoxLayout>

#include <algorithm>
#include <climits>
#include <cmath>

namespace recoscope {

namespace {

struct KindText {
    SplitKind kind;
    const char* title;
    const char* help;
};

constexpr KindText kindTexts[] = {
    {SplitKind::RandomPerUser, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Random, per user"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "A share of every user's interactions is held out. The usual choice for comparing models.")},
    {SplitKind::RandomGlobal, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Random, over all"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "A share of all interactions is held out, whoever made them. Usual for rating prediction.")},
    {SplitKind::LeaveLastOut, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Leave the last out"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Each user's newest interaction is test, the one before validation.")},
    {SplitKind::TimeCut, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "One date for all"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "The newest share of all interactions is test: training never sees the future.")},
    {SplitKind::UserFold, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "New users (strong generalisation)"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Whole users are held out; a part of their history is shown to the model, the rest is to be found.")},
    {SplitKind::ColdUsers, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Cold start: unknown users"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Whole users are held out and nothing of their history is shown: a model has only their attributes. Compare with popularity.")},
    {SplitKind::ColdItems, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Cold start: unknown items"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "Whole items are held out: a model has only their attributes. They are ranked among themselves.")},
    {SplitKind::KFold, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "k-fold"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "All interactions are dealt into k folds; one of them is test.")},
    {SplitKind::Premade, QT_TRANSLATE_NOOP("recoscope::SplitPanel", "As in the files"),
     QT_TRANSLATE_NOOP("recoscope::SplitPanel", "The training, validation and test parts that came with the data.")},
};

QDoubleSpinBox* shareBox(QWidget* parent, double percent) {
    auto* box = new QDoubleSpinBox(parent);
    box->setRange(0.0, 90.0);
    box->setDecimals(1);
    box->setSingleStep(5.0);
    box->setSuffix(QStringLiteral(" %"));
    box->setValue(percent);
    return box;
}

QString number(qint64 value) { return QLocale().toString(value); }

QDate dayOf(qint64 seconds) { return QDateTime::fromSecsSinceEpoch(seconds, Qt::UTC).date(); }

/// The time that the newest part begins at. Only for a split at one date, on data with dates.
std::optional<std::int64_t> cutTime(const Split& split) {
    const Dataset& data = *split.dataset();
    const bool dates = !data.times().empty() && data.timeUnit() != TimeUnit::Order;
    if (split.spec().kind != SplitKind::TimeCut || !dates || split.test().size() == 0) return std::nullopt;
    std::vector<std::int64_t> times(data.times().begin(), data.times().end());
    const auto first = times.end() - split.test().size();
    std::nth_element(times.begin(), first, times.end());
    return *first;
}

} // namespace

SplitPanel::SplitPanel(QWidget* parent) : QWidget(parent) {
    m_apply = new QPushButton(tr("Apply filters and split"), this);
    m_apply->setProperty("primary", true);
    m_result = new QLabel(this);
    m_result->setWordWrap(true);
    m_result->setTextFormat(Qt::RichText);
    m_changed = new QLabel(tr("The settings have changed: press Apply to see what they leave. Until then:"), this);
    m_changed->setProperty("role", "warning");
    m_changed->setWordWrap(true);
    m_changed->hide();
    m_problem = new QLabel(this);
    m_problem->setProperty("role", "bad");
    m_problem->setWordWrap(true);
    m_problem->hide();

    auto* inner = new QWidget(this);
    inner->setProperty("clear", true);
    auto* column = new QVBoxLayout(inner);
    column->setContentsMargins(0, 0, space::small, 0);
    column->addWidget(filterGroup());
    column->addWidget(splitGroup());
    column->addStretch(1);
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(inner);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFrameShape(QFrame::NoFrame);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::small);
    layout->addWidget(scroll, 1);
    layout->addWidget(m_problem);
    layout->addWidget(m_changed);
    layout->addWidget(m_result);
    layout->addWidget(m_apply);

    connect(m_apply, &QPushButton::clicked, this, [this] { emit splitWanted(spec()); });
    showSpec(SplitSpec{});
}

QWidget* SplitPanel::filterGroup() {
    auto* group = new QGroupBox(tr("Keep only"), this);
    auto* form = new QFormLayout(group);
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    const auto optional = [&](QCheckBox*& box, const QString& label, QWidget* field, const QString& help) {
        box = new QCheckBox(label, group);
        box->setToolTip(help);
        field->setToolTip(help);
        field->setEnabled(false);
        form->addRow(box, field);
        connect(box, &QCheckBox::toggled, field, &QWidget::setEnabled);
        connect(box, &QCheckBox::toggled, this, &SplitPanel::updateState);
    };
    m_minRating = new QDoubleSpinBox(group);
    m_minRating->setSingleStep(0.5);
    m_minRating->setDecimals(1);
    optional(m_minRatingOn, tr("Ratings from"), m_minRating, tr("Interactions rated below are dropped."));
    m_implicit = new QDoubleSpinBox(group);
    m_implicit->setSingleStep(0.5);
    m_implicit->setDecimals(1);
    m_implicit->setValue(4.0);
    optional(m_implicitOn, tr("Count as yes, from"), m_implicit,
             tr("Explicit to implicit: ratings at or above become 1, the others are dropped."));
    m_from = new QDateEdit(group);
    m_to = new QDateEdit(group);
    for (QDateEdit* edit : {m_from, m_to}) {
        edit->setDisplayFormat(QStringLiteral("yyyy-MM-dd"));
        edit->setCalendarPopup(true);
    }
    optional(m_fromOn, tr("From date"), m_from, tr("Interactions before this day (UTC) are dropped."));
    optional(m_toOn, tr("To date"), m_to, tr("Interactions after this day (UTC) are dropped."));
    m_minUser = new QSpinBox(group);
    m_minItem = new QSpinBox(group);
    for (QSpinBox* box : {m_minUser, m_minItem}) {
        box->setRange(0, 1'000'000);
        box->setSpecialValueText(tr("any"));
        connect(box, &QSpinBox::valueChanged, this, &SplitPanel::updateState);
    }
    const QString core = tr("k-core: users and items with fewer interactions are dropped, again and again until all have enough.");
    m_minUser->setToolTip(core);
    m_minItem->setToolTip(core);
    form->addRow(tr("Per user, at least"), m_minUser);
    form->addRow(tr("Per item, at least"), m_minItem);
    for (QDoubleSpinBox* box : {m_minRating, m_implicit})
        connect(box, &QDoubleSpinBox::valueChanged, this, &SplitPanel::updateState);
    for (QDateEdit* edit : {m_from, m_to}) connect(edit, &QDateEdit::dateChanged, this, &SplitPanel::updateState);
    return group;
}

QWidget* SplitPanel::splitGroup() {
    auto* group = new QGroupBox(tr("Hold out"), this);
    auto* form = new QFormLayout(group);
    m_splitForm = form;
    form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
    m_kind = new QComboBox(group);
    for (const KindText& text : kindTexts) {
        m_kind->addItem(tr(text.title), static_cast<int>(text.kind));
        m_kind->setItemData(m_kind->count() - 1, tr(text.help), Qt::ToolTipRole);
    }
    m_kind->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_kind->setMinimumContentsLength(16);
    m_kindHelp = new QLabel(group);
    m_kindHelp->setWordWrap(true);
    m_kindHelp->setProperty("role", "muted");
    form->addRow(m_kind);
    form->addRow(m_kindHelp);
    const auto row = [&](QLabel*& label, const QString& text, QWidget* field) {
        label = new QLabel(text, group);
        label->setBuddy(field);
        form->addRow(label, field);
    };
    m_test = shareBox(group, 20.0);
    m_test->setMinimum(0.1);
    m_validation = shareBox(group, 10.0);
    m_validation->setSpecialValueText(tr("none"));
    m_folds = new QSpinBox(group);
    m_folds->setRange(2, 100);
    m_fold = new QSpinBox(group);
    m_fold->setRange(1, 5);
    m_foldIn = shareBox(group, 80.0);
    m_foldIn->setRange(10.0, 90.0);
    m_seed = new QSpinBox(group);
    m_seed->setRange(0, INT_MAX);
    m_seed->setToolTip(tr("The same seed gives the same split."));
    row(m_testLabel, tr("Test share"), m_test);
    row(m_validationLabel, tr("Validation share"), m_validation);
    row(m_foldsLabel, tr("Folds"), m_folds);
    row(m_foldLabel, tr("Test fold"), m_fold);
    m_fold->setToolTip(tr("Which of the folds is test, counted from 1; commands and experiment files count from 0."));
    row(m_foldInLabel, tr("History shown"), m_foldIn);
    row(m_seedLabel, tr("Seed"), m_seed);
    connect(m_kind, &QComboBox::currentIndexChanged, this, &SplitPanel::updateState);
    connect(m_folds, &QSpinBox::valueChanged, this, [this](int folds) { m_fold->setMaximum(folds); });
    for (QSpinBox* box : {m_folds, m_fold, m_seed})
        connect(box, &QSpinBox::valueChanged, this, &SplitPanel::updateState);
    for (QDoubleSpinBox* box : {m_test, m_validation, m_foldIn})
        connect(box, &QDoubleSpinBox::valueChanged, this, &SplitPanel::updateState);
    return group;
}

SplitKind SplitPanel::kind() const { return static_cast<SplitKind>(m_kind->currentData().toInt()); }

SplitSpec SplitPanel::spec() const {
    SplitSpec spec;
    spec.kind = kind();
    spec.testFraction = m_test->value() / 100.0;
    spec.validationFraction = m_validation->value() / 100.0;
    spec.folds = m_folds->value();
    spec.fold = m_fold->value() - 1;
    spec.foldInFraction = m_foldIn->value() / 100.0;
    spec.seed = static_cast<std::uint64_t>(m_seed->value());
    if (m_minRatingOn->isChecked()) spec.filter.minRating = m_minRating->value();
    if (m_implicitOn->isChecked()) spec.filter.implicitThreshold = m_implicit->value();
    if (m_fromOn->isChecked()) spec.filter.fromTime = m_from->date().startOfDay(Qt::UTC).toSecsSinceEpoch();
    if (m_toOn->isChecked()) spec.filter.toTime = m_to->date().endOfDay(Qt::UTC).toSecsSinceEpoch();
    spec.filter.minUserInteractions = m_minUser->value();
    spec.filter.minItemInteractions = m_minItem->value();
    return spec;
}

void SplitPanel::showSpec(const SplitSpec& spec) {
    m_filling = true;
    m_kind->setCurrentIndex(m_kind->findData(static_cast<int>(spec.kind)));
    m_test->setValue(spec.testFraction * 100.0);
    m_validation->setValue(spec.validationFraction * 100.0);
    m_folds->setValue(spec.folds);
    m_fold->setMaximum(spec.folds);
    m_fold->setValue(spec.fold + 1);
    m_foldIn->setValue(spec.foldInFraction * 100.0);
    m_seed->setValue(static_cast<int>(std::min<std::uint64_t>(spec.seed, INT_MAX)));
    m_minRatingOn->setChecked(spec.filter.minRating.has_value());
    if (spec.filter.minRating) m_minRating->setValue(*spec.filter.minRating);
    m_implicitOn->setChecked(spec.filter.implicitThreshold.has_value());
    if (spec.filter.implicitThreshold) m_implicit->setValue(*spec.filter.implicitThreshold);
    m_fromOn->setChecked(spec.filter.fromTime.has_value());
    if (spec.filter.fromTime) m_from->setDate(QDateTime::fromSecsSinceEpoch(*spec.filter.fromTime, Qt::UTC).date());
    m_toOn->setChecked(spec.filter.toTime.has_value());
    if (spec.filter.toTime) m_to->setDate(QDateTime::fromSecsSinceEpoch(*spec.filter.toTime, Qt::UTC).date());
    m_minUser->setValue(spec.filter.minUserInteractions);
    m_minItem->setValue(spec.filter.minItemInteractions);
    m_filling = false;
    updateState();
}

void SplitPanel::setDataset(const DatasetPtr& dataset, const std::shared_ptr<const DatasetSummary>& summary) {
    m_dataset = dataset;
    m_split.reset();
    m_cut.reset();
    setError({});
    if (dataset) {
        m_filling = true;
        const RatingScale& scale = dataset->scale();
        for (QDoubleSpinBox* box : {m_minRating, m_implicit}) {
            box->setRange(scale.min, scale.max);
            box->setSingleStep(scale.step > 0.0f ? scale.step : 0.5);
        }
        m_minRating->setValue(scale.min);
        // Three quarters up the scale, on a step of it: 4 of 1 to 5.
        const float step = scale.step > 0.0f ? scale.step : 0.5f;
        m_implicit->setValue(scale.min + step * std::round(0.75f * (scale.max - scale.min) / step));
        if (summary && !dataset->times().empty() && dataset->timeUnit() != TimeUnit::Order) {
            if (!m_fromOn->isChecked()) m_from->setDate(dayOf(summary->firstTime));
            if (!m_toOn->isChecked()) m_to->setDate(dayOf(summary->lastTime));
        }
        m_filling = false;
    }
    updateState();
}

void SplitPanel::setSplit(const SplitPtr& split) {
    m_split = split;
    m_cut = split ? cutTime(*split) : std::nullopt;
    setError({});
    if (split) showSpec(split->spec());
    updateState();
}

void SplitPanel::setError(const QString& text) {
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

void SplitPanel::setBusy(bool busy) {
    m_busy = busy;
    updateState();
}

void SplitPanel::updateState() {
    if (m_filling) return;
    const SplitKind now = kind();
    const bool hasTimes = m_dataset && !m_dataset->times().empty();
    const bool hasDates = hasTimes && m_dataset->timeUnit() != TimeUnit::Order;
    const bool hasParts = m_dataset && !m_dataset->parts().empty();
    const bool ratings = m_dataset && !m_dataset->scale().implicit;
    for (const KindText& text : kindTexts)
        if (text.kind == now) m_kindHelp->setText(tr(text.help));
    const auto show = [this](QWidget* field, bool visible) { m_splitForm->setRowVisible(field, visible); };
    show(m_test, now != SplitKind::LeaveLastOut && now != SplitKind::KFold && now != SplitKind::Premade);
    show(m_validation, now != SplitKind::LeaveLastOut && now != SplitKind::Premade);
    show(m_folds, now == SplitKind::KFold);
    show(m_fold, now == SplitKind::KFold);
    show(m_foldIn, now == SplitKind::UserFold);
    show(m_seed, now != SplitKind::LeaveLastOut && now != SplitKind::Premade && now != SplitKind::TimeCut);
    const bool ofUsers = now == SplitKind::UserFold || now == SplitKind::ColdUsers;
    const bool ofItems = now == SplitKind::ColdItems;
    m_testLabel->setText(ofUsers ? tr("Test users") : ofItems ? tr("Test items") : tr("Test share"));
    m_fold->setSuffix(tr(" of %1").arg(m_folds->value()));
    m_validationLabel->setText(ofUsers   ? tr("Validation users")
                               : ofItems ? tr("Validation items")
                                         : tr("Validation share"));
    // Not to be chosen without parts; an experiment that asks for it still shows it, with the reason below.
    if (auto* model = qobject_cast<QStandardItemModel*>(m_kind->model()))
        model->item(m_kind->findData(static_cast<int>(SplitKind::Premade)))->setEnabled(hasParts || !m_dataset);
    m_minRatingOn->setEnabled(ratings);
    m_implicitOn->setEnabled(ratings);
    m_fromOn->setEnabled(hasDates);
    m_toOn->setEnabled(hasDates);

    QString why;
    if (!m_dataset)
        why = tr("Open a dataset first.");
    else if ((now == SplitKind::LeaveLastOut || now == SplitKind::TimeCut) && !hasTimes)
        why = tr("This split needs times, and the data has none.");
    else if (now == SplitKind::Premade && !hasParts)
        why = tr("The data did not come with train and test files.");
    const bool applied = m_split && spec() == m_split->spec();
    m_apply->setEnabled(!m_busy && why.isEmpty() && !applied);
    m_apply->setText(applied ? tr("Applied") : tr("Apply filters and split"));
    m_apply->setToolTip(why);

    m_changed->setVisible(m_split && why.isEmpty() && !applied);
    if (!why.isEmpty()) {
        m_result->setText(why.toHtmlEscaped());
    } else if (m_split) {
        const Dataset& left = *m_split->dataset();
        const auto share = [&](qint64 count) {
            const double all = static_cast<double>(m_split->train().size() + m_split->validation().size() +
                                                   m_split->test().size());
            return all > 0 ? QLocale().toString(100.0 * static_cast<double>(count) / all, 'f', 1) : QString();
        };
        const auto line = [&](const QString& name, qint64 count) {
            return tr("<tr><td>%1&nbsp;&nbsp;</td><td align='right'>%2</td><td align='right'>&nbsp;&nbsp;%3&nbsp;%</td></tr>")
                .arg(name, number(count), share(count));
        };
        QString remark;
        if (m_cut) remark = tr("Test begins on %1.").arg(dayOf(*m_cut).toString(QStringLiteral("yyyy-MM-dd")));
        if (m_split->test().size() == 0)
            remark = tr("Nothing was held out for test: no user has enough interactions for this split.");
        m_result->setText(tr("<b>%1 users, %2 items</b><table>%3%4%5</table>")
                              .arg(number(left.userCount()), number(left.itemCount()),
                                   line(tr("Training"), m_split->train().size()),
                                   line(tr("Validation"), m_split->validation().size()),
                                   line(tr("Test"), m_split->test().size())) +
                          remark.toHtmlEscaped());
    } else {
        m_result->setText(m_busy ? tr("Splitting …") : QString());
    }
}

} // namespace recoscope
