// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/search_setup.h"

#include "engine/eval/candidates.h"
#include "engine/models/registry.h"

#include "app/session/dataset_service.h"
#include "app/storage/study.h"
#include "widgets/forms/number_field.h"
#include "widgets/forms/search_space_form.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStandardItemModel>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

struct MethodText {
    SearchMethod method;
    const char* title;
    const char* help;
    const char* trials; // what the number means
};
constexpr MethodText kMethods[]{
    {SearchMethod::Random, QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Random"),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup",
                       "Independent draws from the ranges. Hard to beat, and may go on later."),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Trials")},
    {SearchMethod::Tpe, QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Model-based (TPE)"),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup",
                       "Learns from the trials so far where good values lie. The first eight are random."),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Trials")},
    {SearchMethod::Halving, QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Successive halving"),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup",
                       "Many short trials; the best third again with three times the epochs, and so on."),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Trials that begin")},
    {SearchMethod::Grid, QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Grid"),
     QT_TRANSLATE_NOOP(
         "recoscope::SearchSetup",
         "Every combination of evenly spread values, as many as fit into the number of trials."),
     QT_TRANSLATE_NOOP("recoscope::SearchSetup", "Trials at most")},
};

const MethodText& textOf(SearchMethod method) {
    return *std::find_if(std::begin(kMethods), std::end(kMethods),
                         [method](const MethodText& each) { return each.method == method; });
}

// Below the methods in the same list: not looking for something better, but for how sure a number is.
constexpr int kSeeds = 100;
constexpr int kFolds = 101;

/// Whether another seed makes another split of this kind.
bool drawn(SplitKind kind) { return kind != SplitKind::TimeCut && kind != SplitKind::Premade; }

} // namespace

SearchSetup::SearchSetup(DatasetService* datasets, QWidget* parent)
    : QWidget(parent)
    , m_datasets(datasets)
    , m_forecasts(new ForecastService(0, this)) {
    const auto combo = [this](const char* name) {
        auto* box = new QComboBox(this);
        box->setObjectName(QLatin1String(name));
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(14);
        box->setMaxVisibleItems(24);
        connect(box, &QComboBox::activated, this, [this] { m_touched = true; });
        return box;
    };
    const auto muted = [this] {
        auto* label = new QLabel(this);
        label->setProperty("role", "muted");
        label->setWordWrap(true);
        return label;
    };
    m_algorithm = combo("searchAlgorithm");
    fillAlgorithms();
    m_space = new SearchSpaceForm;
    m_method = combo("searchMethod");
    for (const MethodText& each : kMethods)
        m_method->addItem(tr(each.title), static_cast<int>(each.method));
    m_method->insertSeparator(m_method->count());
    m_method->addItem(tr("Several seeds"), kSeeds);
    m_method->addItem(tr("All folds"), kFolds);
    m_methodText = muted();
    m_trialsLabel = new QLabel(this);
    m_trials = new NumberBox({1, 100000, true, false}, this);
    m_trials->setObjectName(QStringLiteral("searchTrials"));
    m_trials->setValue(30);
    m_repeats = new NumberBox({2, 100, true, false}, this);
    m_repeats->setObjectName(QStringLiteral("studyRepeats"));
    m_repeats->setValue(5);
    m_vary = combo("seedsVary");
    m_vary->addItem(tr("the training; the split stays"), static_cast<int>(SeedsVary::Training));
    m_vary->addItem(tr("the split"), static_cast<int>(SeedsVary::Split));
    m_vary->addItem(tr("training and split"), static_cast<int>(SeedsVary::Both));
    m_metric = combo("searchMetric");
    m_note = muted();
    m_note->setObjectName(QStringLiteral("searchNote"));
    m_problem = new QLabel(this);
    m_problem->setObjectName(QStringLiteral("searchProblem"));
    m_problem->setProperty("role", "bad");
    m_problem->setWordWrap(true);
    m_problem->setTextFormat(Qt::RichText);
    m_start = new QPushButton(tr("Start search"), this);
    m_start->setObjectName(QStringLiteral("startSearch"));
    m_start->setProperty("primary", true);

    auto* inner = new QWidget;
    inner->setProperty("clear", true);
    auto* innerColumn = new QVBoxLayout(inner);
    innerColumn->setContentsMargins(space::small, space::small, space::small, space::small);
    innerColumn->addWidget(m_space);
    innerColumn->addStretch(1);
    auto* area = new QScrollArea(this);
    area->setWidgetResizable(true);
    area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    area->setWidget(inner);
    area->viewport()->setAutoFillBackground(false);

    auto* head = new QGridLayout;
    head->setHorizontalSpacing(space::small);
    head->setVerticalSpacing(space::tiny + 2);
    head->setColumnStretch(1, 1);
    const auto addRow = [&](int row, QLabel* label, QWidget* field) {
        label->setBuddy(field);
        head->addWidget(label, row, 0);
        head->addWidget(field, row, 1);
    };
    addRow(0, new QLabel(tr("Algorithm"), this), m_algorithm);
    addRow(1, new QLabel(tr("Method"), this), m_method);
    head->addWidget(m_methodText, 2, 0, 1, 2);
    addRow(3, m_trialsLabel, m_trials);
    head->addWidget(m_repeats, 3, 1);
    m_metricLabel = new QLabel(tr("Makes best"), this);
    addRow(4, m_metricLabel, m_metric);
    m_varyLabel = new QLabel(tr("A seed changes"), this);
    addRow(5, m_varyLabel, m_vary);
    m_parameters = new QLabel(this);
    Theme::keepFont(m_parameters, 1.0, true);
    m_take = new QToolButton(this);
    m_take->setObjectName(QStringLiteral("takeFromTrain"));
    m_take->setAutoRaise(true);
    m_take->setText(tr("As on the Train page"));
    m_take->setToolTip(tr("Takes algorithm, parameters and run options that are set up on the Train page"));
    auto* parameters = new QHBoxLayout;
    parameters->addWidget(m_parameters, 1);
    parameters->addWidget(m_take);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(head);
    column->addLayout(parameters);
    column->addWidget(area, 1);
    column->addWidget(m_note);
    column->addWidget(m_problem);
    column->addWidget(m_start);

    connect(m_algorithm, &QComboBox::currentIndexChanged, this, [this] {
        const AlgorithmInfo* info = findAlgorithm(algorithm().toStdString());
        if (!info) return;
        m_space->setSchema(info->schema());
        if (!m_metricChosen)
            setMetric(info->capabilities.predictsRatings ? QStringLiteral("rmse")
                                                         : QStringLiteral("ndcg@10"));
        refresh();
    });
    connect(m_method, &QComboBox::currentIndexChanged, this, &SearchSetup::refresh);
    connect(m_metric, &QComboBox::activated, this, [this] { m_metricChosen = true; });
    connect(m_metric, &QComboBox::currentIndexChanged, this, &SearchSetup::refresh);
    for (NumberBox* box : {m_trials, m_repeats})
        connect(box, &NumberBox::valueChanged, this, &SearchSetup::refresh);
    connect(m_vary, &QComboBox::currentIndexChanged, this, &SearchSetup::refresh);
    connect(m_take, &QToolButton::clicked, this, &SearchSetup::trainPlanRequested);
    connect(m_space, &SearchSpaceForm::changed, this, &SearchSetup::refresh);
    connect(m_start, &QPushButton::clicked, this, &SearchSetup::startRequested);
    connect(m_problem, &QLabel::linkActivated, this, &SearchSetup::dataRequested);
    for (auto signal : {&DatasetService::busyChanged})
        connect(m_datasets, signal, this, &SearchSetup::refresh);
    connect(m_datasets, &DatasetService::splitReady, this, &SearchSetup::refresh);
    connect(m_forecasts, &ForecastService::forecastReady, this, [this](const ForecastAnswer& answer) {
        if (answer.ticket != m_ticket) return;
        m_seconds = answer.forecast.verdict == FitVerdict::Unknown ? 0.0 : answer.forecast.seconds;
        writeNote();
    });
    fillMetrics();
    setMetric(QStringLiteral("ndcg@10"));
    selectAlgorithm(QStringLiteral("ials"));
    refresh();
}

void SearchSetup::fillAlgorithms() {
    auto* model = qobject_cast<QStandardItemModel*>(m_algorithm->model());
    QString family;
    for (const AlgorithmInfo& info : algorithms()) {
        if (info.schema().specs().empty()) continue;
        if (text(info.family) != family) {
            family = text(info.family);
            m_algorithm->addItem(family);
            QStandardItem* item = model->item(m_algorithm->count() - 1);
            item->setFlags(Qt::ItemIsEnabled);
            item->setFlags(item->flags() & ~Qt::ItemIsSelectable);
            QFont bold = item->font();
            bold.setBold(true);
            item->setFont(bold);
            item->setEnabled(false);
        }
        m_algorithm->addItem(text(info.title), text(info.id));
        m_algorithm->setItemData(m_algorithm->count() - 1,
                                 QStringLiteral("<p>%1</p>").arg(text(info.summary).toHtmlEscaped()),
                                 Qt::ToolTipRole);
    }
}

void SearchSetup::fillMetrics() {
    const QSignalBlocker quiet(m_metric);
    const QString before = m_metric->currentData().toString();
    m_metric->clear();
    for (const MetricInfo& info : metricInfos()) {
        if (info.kind == MetricKind::List) continue; // says nothing of being right
        if (!info.hasCutoff) {
            m_metric->addItem(text(info.label), text(info.name));
            continue;
        }
        for (const int cutoff : m_rest.evaluation.cutoffs)
            m_metric->addItem(QStringLiteral("%1@%2").arg(text(info.label)).arg(cutoff),
                              QStringLiteral("%1@%2").arg(text(info.name)).arg(cutoff));
    }
    setMetric(before);
}

bool SearchSetup::selectAlgorithm(const QString& id) {
    const int at = m_algorithm->findData(id);
    if (at < 0 || id.isEmpty()) return false;
    m_algorithm->setCurrentIndex(at);
    return true;
}

QString SearchSetup::algorithm() const { return m_algorithm->currentData().toString(); }

void SearchSetup::setPlan(const TrainingPlan& plan) {
    if (!selectAlgorithm(QString::fromStdString(plan.algorithm))) return;
    m_rest = plan;
    const SplitPtr split = m_datasets->currentSplit();
    m_restSplit = split ? split->spec().kind : SplitKind::RandomPerUser;
    fillMetrics();
    m_space->setFixed(plan.params);
    refresh();
}

void SearchSetup::setExperiment(const Experiment& experiment) {
    const StudySpec& study = experiment.study;
    const AlgorithmInfo* info = findAlgorithm(experiment.plan.algorithm);
    if (!info || study.kind() == StudyKind::None) return;
    setPlan(experiment.plan);
    if (study.search) {
        if (const auto space = SearchSpace::parse(info->schema(), study.search->space))
            m_space->setSpace(*space);
        setMethod(study.search->method);
        setTrials(study.search->trials);
        setMetric(QString::fromStdString(searchMetric(experiment)));
        m_metricChosen = true;
    } else {
        setRepeats(study.kind(),
                   study.allFolds ? experiment.split.folds : static_cast<int>(study.seeds.size()),
                   study.vary);
    }
    m_touched = true;
}

void SearchSetup::setMethod(SearchMethod method) {
    m_method->setCurrentIndex(m_method->findData(static_cast<int>(method)));
}

void SearchSetup::setRepeats(StudyKind kind, int count, SeedsVary vary) {
    m_method->setCurrentIndex(m_method->findData(kind == StudyKind::Folds ? kFolds : kSeeds));
    m_repeats->setValue(count);
    m_vary->setCurrentIndex(m_vary->findData(static_cast<int>(vary)));
    m_touched = true;
}

StudyKind SearchSetup::kind() const {
    const int method = m_method->currentData().toInt();
    return method == kFolds ? StudyKind::Folds : method == kSeeds ? StudyKind::Seeds : StudyKind::Search;
}

void SearchSetup::setTrials(int trials) { m_trials->setValue(trials); }

void SearchSetup::setMetric(const QString& key) {
    int at = m_metric->findData(key);
    for (int n = 0; at < 0 && n < m_metric->count(); ++n)
        if (m_metric->itemData(n).toString().section(QLatin1Char('@'), 0, 0) ==
            key.section(QLatin1Char('@'), 0, 0))
            at = n;
    if (at >= 0) m_metric->setCurrentIndex(at);
}

Experiment SearchSetup::experiment() const {
    Experiment experiment;
    experiment.dataPath = m_datasets->path().toStdString();
    experiment.import = m_datasets->importOptions();
    if (const SplitPtr split = m_datasets->currentSplit()) experiment.split = split->spec();
    experiment.plan = m_rest;
    experiment.plan.algorithm = algorithm().toStdString();
    experiment.plan.params = m_space->fixed();
    const AlgorithmInfo* info = findAlgorithm(experiment.plan.algorithm);
    // Parameters that are texts have no field here; they stay as they were set for this algorithm.
    if (info && experiment.plan.algorithm == m_rest.algorithm)
        for (const ParamSpec& spec : info->schema().specs())
            if (const auto set = m_rest.params.find(spec.key);
                spec.type == ParamType::Text && set != m_rest.params.end())
                experiment.plan.params.insert(*set);
    // What early stopping watches was chosen for the algorithm that the plan had.
    if (kind() != StudyKind::Search && info && experiment.plan.algorithm != m_rest.algorithm)
        experiment.plan.earlyStopping.metric =
            info->capabilities.predictsRatings ? "rmse" : EarlyStopping{}.metric;
    const int repeats = static_cast<int>(m_repeats->value());
    CandidateSpec& candidates = experiment.plan.evaluation.candidates;
    followSplit(candidates, m_restSplit,
                kind() == StudyKind::Folds ? SplitKind::KFold : experiment.split.kind);
    switch (kind()) {
    case StudyKind::Folds:
        experiment.study.allFolds = true;
        experiment.split.kind = SplitKind::KFold;
        experiment.split.folds = repeats;
        experiment.split.fold = 0;
        return experiment;
    case StudyKind::Seeds:
        for (int seed = 1; seed <= repeats; ++seed)
            experiment.study.seeds.push_back(static_cast<std::uint64_t>(seed));
        experiment.study.vary = static_cast<SeedsVary>(m_vary->currentData().toInt());
        return experiment;
    default:
        break;
    }
    SearchPlan search;
    search.method = static_cast<SearchMethod>(m_method->currentData().toInt());
    search.trials = static_cast<int>(m_trials->value());
    search.metric = m_metric->currentData().toString().toStdString();
    search.space = m_space->space();
    search.seed = m_rest.seed;
    experiment.study.search = std::move(search);
    return experiment;
}

QString SearchSetup::problem() const {
    const SplitPtr split = m_datasets->currentSplit();
    if (!split)
        return m_datasets->busy() ? tr("The data is being read …")
                                  : tr("There is no data to search on. <a href=\"data\">Open a dataset</a>");
    const Experiment asked = experiment();
    if (kind() != StudyKind::Search) {
        if (kind() == StudyKind::Seeds && asked.study.vary != SeedsVary::Training && !drawn(asked.split.kind))
            return tr("This split is not drawn, so a seed does not change it");
        if (const Status ready = checkStudy(asked); !ready)
            return QString::fromStdString(ready.error().message).toHtmlEscaped();
        const Status ready = checkPlan(asked.plan, *split);
        return ready ? QString() : QString::fromStdString(ready.error().message).toHtmlEscaped();
    }
    if (split->validation().empty())
        return tr(
            "This split has no validation part. Choosing by the test part would make its numbers too "
            "good, so a search does not start. <a href=\"data\">Give the split a validation share on the "
            "Data page</a>");
    if (const QString wrong = m_space->problem(); !wrong.isEmpty()) return wrong.toHtmlEscaped();
    if (const Status ready = checkSearch(asked, *split); !ready)
        return QString::fromStdString(ready.error().message).toHtmlEscaped();
    return {};
}

void SearchSetup::say(const QString& words) {
    m_said = words;
    refresh();
    m_said.clear(); // until something changes
}

void SearchSetup::refresh() {
    if (!m_start) return;
    const StudyKind what = kind();
    const bool search = what == StudyKind::Search;
    const bool seeds = what == StudyKind::Seeds;
    if (search) {
        const MethodText& method = textOf(static_cast<SearchMethod>(m_method->currentData().toInt()));
        m_methodText->setText(tr(method.help));
        m_trialsLabel->setText(tr(method.trials));
    } else {
        m_methodText->setText(seeds ? tr("No search: the same parameters once with each seed, for the mean "
                                         "of every metric and its "
                                         "95 % interval.")
                                    : tr("No search: the same parameters with each fold as the test part in "
                                         "turn, for the mean of "
                                         "every metric and its 95 % interval."));
        m_trialsLabel->setText(seeds ? tr("Seeds") : tr("Folds"));
    }
    for (QWidget* widget : {static_cast<QWidget*>(m_trials), static_cast<QWidget*>(m_metricLabel),
                            static_cast<QWidget*>(m_metric)})
        widget->setVisible(search);
    m_repeats->setVisible(!search);
    m_varyLabel->setVisible(seeds);
    m_vary->setVisible(seeds);
    m_trialsLabel->setBuddy(search ? m_trials : m_repeats);
    m_parameters->setText(search ? tr("Parameters to vary") : tr("Parameters"));
    m_space->setVarying(search);
    m_start->setToolTip(
        search ? tr("Trains one model after another, each with other parameters. Searches take turns "
                    "with each other and with single runs.")
               : tr("Trains one model after another with the same parameters. They take turns with "
                    "searches and single runs."));
    m_start->setText(search ? tr("Start search")
                            : tr("Start %1 runs").arg(static_cast<int>(m_repeats->value())));
    const QString wrong = problem();
    QString shown = wrong.isEmpty() ? m_said.toHtmlEscaped() : wrong;
    shown.replace(QStringLiteral("<a "),
                  QStringLiteral("<a style=\"color:%1\" ").arg(Theme::current().colors().accent.name()));
    m_problem->setText(shown);
    m_problem->setVisible(!shown.isEmpty());
    m_start->setEnabled(wrong.isEmpty());
    m_planned = 0;
    if (wrong.isEmpty()) {
        const Experiment asked = experiment();
        if (what != StudyKind::Search)
            m_planned = static_cast<int>(m_repeats->value());
        else if (const auto searched = searchOf(asked))
            m_planned = searched->plannedTrials();
        if (isVisible()) // measuring the machine is for those who look
            m_ticket = m_forecasts->ask(algorithm(), asked.plan.params, m_datasets->currentSplit());
    }
    writeNote();
}

void SearchSetup::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    refresh();
}

void SearchSetup::writeNote() {
    const StudyKind what = kind();
    QString note =
        what == StudyKind::Search
            ? tr("Every trial is judged on the validation part; only the best one is measured on the test "
                 "part, once, at the end.")
        : what == StudyKind::Folds
            ? tr("All interactions are dealt into folds, with the filters and the validation share of the "
                 "Data "
                 "page. Every run keeps its model.")
            : tr("Seeds 1 to %1. Every run keeps its model.").arg(static_cast<int>(m_repeats->value()));
    if (m_planned > 0) {
        const double all = m_seconds * m_planned;
        const QString runs = what == StudyKind::Search ? tr("%1 trials in all").arg(m_planned)
                                                       : tr("%1 runs in all").arg(m_planned);
        if (all >= 1.0)
            note = (what == StudyKind::Search ? tr("%1, about %2 of training with usual parameters. %3")
                                              : tr("%1, about %2 of training. %3"))
                       .arg(runs, QString::fromStdString(roughDuration(all)), note);
        else
            note = runs + QStringLiteral(". ") + note;
    }
    m_note->setText(note);
}

} // namespace recoscope
