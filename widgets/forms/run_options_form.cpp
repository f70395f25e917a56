// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/run_options_form.h"

#include "engine/eval/candidates.h"
#include "engine/eval/evaluation_choices.h"
#include "engine/eval/evaluator.h"

#include "widgets/forms/number_field.h"
#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QRegularExpression>

#include <algorithm>
#include <cmath>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

QString cutoffsText(const std::vector<int>& cutoffs) {
    QStringList parts;
    for (const int cutoff : cutoffs)
        parts << QString::number(cutoff);
    return parts.join(QStringLiteral(", "));
}

} // namespace

RunOptionsForm::RunOptionsForm(QWidget* parent)
    : QWidget(parent) {
    const auto number = [this](double min, double max, bool integer, const char* name) {
        auto* box = new NumberBox({min, max, integer, false}, this);
        box->setObjectName(QLatin1String(name));
        Theme::keepWidth(box, 0, 120);
        connect(box, &NumberBox::valueChanged, this, &RunOptionsForm::changed);
        return box;
    };
    m_seed = number(0, 9007199254740991.0, true, "seed");
    m_every = number(0, 100000, true, "evaluateEvery");
    m_every->setSpecialValueText(tr("never"));
    m_threshold = number(0, 1e6, false, "relevanceThreshold");
    m_threshold->setSpecialValueText(tr("any rating"));
    m_patience = number(1, 100000, true, "patience");
    m_minDelta = number(0, 1e6, false, "minDelta");
    m_cutoffs = new QLineEdit(this);
    m_cutoffs->setObjectName(QStringLiteral("cutoffs"));
    m_cutoffs->setPlaceholderText(QStringLiteral("5, 10, 20"));
    m_cutoffsError = new QLabel(tr("Whole numbers from 1, with commas: 5, 10, 20"), this);
    m_cutoffsError->setProperty("role", "bad");
    m_cutoffsError->setWordWrap(true);
    m_candidates = new QComboBox(this);
    m_candidates->setObjectName(QStringLiteral("candidates"));
    m_candidates->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_candidates->setMinimumContentsLength(12);
    const QStringList shorter{tr("all items"), tr("drawn evenly"), tr("drawn by popularity"),
                              tr("given negatives"), tr("new items only")};
    for (const ChoiceValue& value : findEvaluationChoice("candidates")->values) {
        m_candidates->addItem(shorter.value(m_candidates->count(), text(value.title)), text(value.key));
        m_candidates->setItemData(m_candidates->count() - 1, text(value.title), Qt::ToolTipRole);
    }
    m_early = new QCheckBox(tr("Stop early, keep the best model"), this);
    m_early->setObjectName(QStringLiteral("earlyStopping"));
    m_metric = new QComboBox(this);
    m_metric->setObjectName(QStringLiteral("earlyMetric"));
    m_test = new QCheckBox(tr("Score the test part at the end"), this);

    const auto tip = [](QWidget* widget, const QString& words) {
        widget->setToolTip(QStringLiteral("<p>%1</p>").arg(words.toHtmlEscaped()));
    };
    tip(m_seed, tr("Starts the random numbers of the training. The same seed, data and parameters give the "
                   "same numbers. Several seeds at once, with mean and interval: on the Search page, as its "
                   "method."));
    tip(m_every, tr("Epochs between two evaluations on the validation part. Each evaluation ranks all items "
                    "for every user."));
    tip(m_cutoffs, tr("Lengths k of the ranked list at which NDCG@k, Recall@k and the others are computed."));
    tip(m_threshold, tr("Held-out interactions rated at least this high count as relevant. 0: all of them."));
    tip(m_candidates,
        tr("What is ranked for a user, at every evaluation. Usual are all items; where the split holds out "
           "whole items, the new ones among themselves, because among known items a model is judged "
           "by those. The choice is part of every number's definition."));
    tip(m_early, tr("Ends the run when the chosen metric has not improved for a while, and keeps the model "
                    "of the best epoch."));
    tip(m_patience, tr("Evaluations without improvement before the run stops."));
    tip(m_minDelta, tr("An improvement smaller than this does not count."));
    tip(m_test, tr("The table of final metrics comes from the test part, which training and early stopping "
                   "never see."));

    auto* form = new QFormLayout(this);
    form->setContentsMargins(0, 0, 0, 0);
    form->setVerticalSpacing(space::tiny + 2);
    form->setHorizontalSpacing(space::small);
    form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    form->addRow(tr("Seed"), m_seed);
    form->addRow(tr("Evaluate every (epochs)"), m_every);
    form->addRow(tr("Cutoffs k"), m_cutoffs);
    form->addRow(m_cutoffsError);
    form->addRow(tr("Relevant from rating"), m_threshold);
    form->addRow(tr("What is ranked"), m_candidates);
    form->addRow(m_test);
    form->addRow(m_early);
    form->addRow(tr("Watched metric"), m_metric);
    form->addRow(tr("Patience (evaluations)"), m_patience);
    form->addRow(tr("Smallest improvement"), m_minDelta);

    connect(m_cutoffs, &QLineEdit::textChanged, this, [this] {
        refresh();
        emit changed();
    });
    connect(m_early, &QCheckBox::toggled, this, [this] {
        refresh();
        emit changed();
    });
    connect(m_candidates, &QComboBox::currentIndexChanged, this, &RunOptionsForm::changed);
    connect(m_candidates, &QComboBox::activated, this, [this] { m_candidatesChosen = true; });
    connect(m_metric, &QComboBox::currentIndexChanged, this, &RunOptionsForm::changed);
    connect(m_metric, &QComboBox::activated, this, [this] { m_metricChosen = true; });
    connect(m_test, &QCheckBox::toggled, this, &RunOptionsForm::changed);
    setPlan(TrainingPlan{});
}

std::vector<int> RunOptionsForm::cutoffsFromText(const QString& line) {
    std::vector<int> cutoffs;
    static const QRegularExpression separators(QStringLiteral("[,;\\s]+"));
    for (const QString& part : line.split(separators, Qt::SkipEmptyParts)) {
        bool ok = false;
        const int value = part.toInt(&ok);
        if (!ok || value < 1 || value > 10000) return {};
        cutoffs.push_back(value);
    }
    std::sort(cutoffs.begin(), cutoffs.end());
    cutoffs.erase(std::unique(cutoffs.begin(), cutoffs.end()), cutoffs.end());
    return cutoffs;
}

void RunOptionsForm::suggestMetric(const QString& name) {
    if (m_metricChosen) return;
    int at = m_metric->findData(name + QStringLiteral("@10"));
    for (int i = 0; at < 0 && i < m_metric->count(); ++i)
        if (m_metric->itemData(i).toString().section(QLatin1Char('@'), 0, 0) == name) at = i;
    if (at >= 0) m_metric->setCurrentIndex(at);
}

void RunOptionsForm::setSplitKind(SplitKind kind) {
    if (m_splitKind == kind) return;
    m_splitKind = kind;
    if (!m_candidatesChosen) setCandidates(usualCandidates(kind));
}

void RunOptionsForm::setCandidates(CandidateKind kind) {
    m_candidates->setCurrentIndex(static_cast<int>(kind));
}

CandidateKind RunOptionsForm::candidates() const {
    return static_cast<CandidateKind>(m_candidates->currentIndex()); // in the enumerators' order
}

bool RunOptionsForm::valid() const { return !cutoffsFromText(m_cutoffs->text()).empty(); }

void RunOptionsForm::refresh() {
    const std::vector<int> cutoffs = cutoffsFromText(m_cutoffs->text());
    m_cutoffsError->setVisible(cutoffs.empty());
    for (QWidget* widget : {static_cast<QWidget*>(m_metric), static_cast<QWidget*>(m_patience),
                            static_cast<QWidget*>(m_minDelta)})
        widget->setEnabled(m_early->isChecked());
    if (cutoffs.empty()) return;
    const QSignalBlocker quiet(m_metric);
    const QString before =
        m_metric->count() > 0 ? m_metric->currentData().toString() : text(m_rest.earlyStopping.metric);
    m_metric->clear();
    for (const MetricInfo& info : metricInfos()) {
        if (!info.hasCutoff) {
            m_metric->addItem(text(info.label), text(info.name));
            continue;
        }
        for (const int cutoff : cutoffs)
            m_metric->addItem(QStringLiteral("%1@%2").arg(text(info.label)).arg(cutoff),
                              QStringLiteral("%1@%2").arg(text(info.name)).arg(cutoff));
    }
    m_metric->addItem(tr("Validation loss"), QStringLiteral("validation_loss"));
    int at = m_metric->findData(before);
    if (at < 0)
        at = m_metric->findData(QStringLiteral("ndcg@%1").arg(cutoffs.size() > 1 ? cutoffs[1] : cutoffs[0]));
    m_metric->setCurrentIndex(std::max(0, at));
}

void RunOptionsForm::apply(TrainingPlan& plan) const {
    plan.seed = static_cast<std::uint64_t>(std::llround(m_seed->value()));
    plan.evaluateEvery = static_cast<int>(m_every->value());
    plan.evaluation = m_rest.evaluation;
    plan.evaluation.cutoffs = cutoffsFromText(m_cutoffs->text());
    plan.evaluation.relevanceThreshold = m_threshold->value();
    plan.evaluation.candidates.kind = candidates();
    plan.evaluateTest = m_test->isChecked();
    plan.earlyStopping.enabled = m_early->isChecked();
    plan.earlyStopping.metric = m_metric->currentData().toString().toStdString();
    plan.earlyStopping.patience = static_cast<int>(m_patience->value());
    plan.earlyStopping.minDelta = m_minDelta->value();
}

void RunOptionsForm::setPlan(const TrainingPlan& plan) {
    m_rest = plan;
    m_metricChosen = plan.earlyStopping.metric != TrainingPlan{}.earlyStopping.metric;
    m_seed->setValue(static_cast<double>(plan.seed));
    m_every->setValue(plan.evaluateEvery);
    m_threshold->setValue(plan.evaluation.relevanceThreshold);
    // All items are what is usual for most splits: no choice that another split would have to respect.
    const CandidateKind ranked = plan.evaluation.candidates.kind;
    m_candidatesChosen = ranked != CandidateKind::All && ranked != usualCandidates(m_splitKind);
    setCandidates(m_candidatesChosen ? ranked : usualCandidates(m_splitKind));
    m_test->setChecked(plan.evaluateTest);
    m_early->setChecked(plan.earlyStopping.enabled);
    m_patience->setValue(plan.earlyStopping.patience);
    m_minDelta->setValue(plan.earlyStopping.minDelta);
    m_metric->clear();
    m_cutoffs->setText(cutoffsText(plan.evaluation.cutoffs));
    refresh();
}

} // namespace recoscope
