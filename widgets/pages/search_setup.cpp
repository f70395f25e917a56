// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/search_setup.h"

#include "engine/models/registry.h"

#include "app/session/dataset_service.h"
#include "app/storage/study.h"
#include "widgets/forms/number_field.h"
#include "widgets/forms/search_space_form.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QStandardItemModel>
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
    m_methodText = muted();
    m_trialsLabel = new QLabel(this);
    m_trials = new NumberBox({1, 100000, true, false}, this);
    m_trials->setObjectName(QStringLiteral("searchTrials"));
    m_trials->setValue(30);
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
    m_start->setToolTip(tr("Trains one model after another, each with other parameters. Searches take turns "
                           "with each other and with single runs."));

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
    addRow(4, new QLabel(tr("Makes best"), this), m_metric);
    auto* vary = new QLabel(tr("Parameters to vary"), this);
    Theme::keepFont(vary, 1.0, true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addLayout(head);
    column->addWidget(vary);
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
    connect(m_trials, &NumberBox::valueChanged, this, &SearchSetup::refresh);
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
    fillMetrics();
    m_space->setFixed(plan.params);
    refresh();
}

void SearchSetup::setExperiment(const Experiment& experiment) {
    const AlgorithmInfo* info = findAlgorithm(experiment.plan.algorithm);
    if (!info || !experiment.study.search) return;
    setPlan(experiment.plan);
    if (const auto space = SearchSpace::parse(info->schema(), experiment.study.search->space))
        m_space->setSpace(*space);
    setMethod(experiment.study.search->method);
    setTrials(experiment.study.search->trials);
    setMetric(QString::fromStdString(searchMetric(experiment)));
    m_touched = m_metricChosen = true;
}

void SearchSetup::setMethod(SearchMethod method) {
    m_method->setCurrentIndex(m_method->findData(static_cast<int>(method)));
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
    if (split->validation().empty())
        return tr(
            "This split has no validation part. Choosing by the test part would make its numbers too "
            "good, so a search does not start. <a href=\"data\">Give the split a validation share on the "
            "Data page</a>");
    if (const QString wrong = m_space->problem(); !wrong.isEmpty()) return wrong.toHtmlEscaped();
    const Experiment asked = experiment();
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
    const MethodText& method = textOf(static_cast<SearchMethod>(m_method->currentData().toInt()));
    m_methodText->setText(tr(method.help));
    m_trialsLabel->setText(tr(method.trials));
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
        if (const auto search = searchOf(asked)) m_planned = search->plannedTrials();
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
    QString note =
        tr("Every trial is judged on the validation part; only the best one is measured on the test "
           "part, once, at the end.");
    if (m_planned > 0) {
        const double all = m_seconds * m_planned;
        note = all >= 1.0
                   ? tr("%1 trials in all, about %2 of training with usual parameters. %3")
                         .arg(QString::number(m_planned), QString::fromStdString(roughDuration(all)), note)
                   : tr("%1 trials in all. %2").arg(QString::number(m_planned), note);
    }
    m_note->setText(note);
}

} // namespace recoscope
