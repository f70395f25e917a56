// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/search_results.h"

#include "engine/models/registry.h"

#include "app/models/metric_table_model.h"
#include "app/models/run_table_model.h"
#include "widgets/charts/curve_chart.h"
#include "widgets/pages/compare_table.h"
#include "widgets/pages/trial_table.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <map>

namespace recoscope {

namespace {

QString words(const std::string& text) { return QString::fromStdString(text); }

QString stateText(const StudyView& view) {
    if (view.live) switch (*view.live) {
        case SearchState::Preparing:
            return SearchResults::tr("Preparing");
        case SearchState::Running:
            return SearchResults::tr("Running");
        case SearchState::Paused:
            return SearchResults::tr("Paused");
        case SearchState::Stopped:
            return SearchResults::tr("Stopped");
        case SearchState::Testing:
            return SearchResults::tr("Measuring the best on the test part");
        case SearchState::Finished:
            return SearchResults::tr("Finished");
        case SearchState::Failed:
            return SearchResults::tr("Failed");
        }
    return view.completed ? SearchResults::tr("Finished") : SearchResults::tr("Not finished");
}

ChartSeries series(const char* key, const QString& name, SeriesKind kind, const QColor& color) {
    ChartSeries made;
    made.key = QLatin1String(key);
    made.name = name;
    made.kind = kind;
    made.color = color;
    return made;
}

} // namespace

SearchResults::SearchResults(QWidget* parent)
    : QWidget(parent) {
    m_table = new TrialTable(this);
    m_constants = new QLabel(this);
    m_constants->setObjectName(QStringLiteral("trialConstants"));
    m_constants->setProperty("role", "muted");
    m_constants->setWordWrap(true);

    m_upper = new QStackedWidget(this);
    m_upper->addWidget(buildCharts());
    m_upper->addWidget(buildSummary());
    auto* splitter = new QSplitter(Qt::Vertical, this);
    splitter->setObjectName(QStringLiteral("searchResultsSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->setHandleWidth(space::small);
    auto* lower = new QWidget(this);
    auto* lowerColumn = new QVBoxLayout(lower);
    lowerColumn->setContentsMargins(0, 0, 0, 0);
    lowerColumn->setSpacing(space::tiny);
    lowerColumn->addWidget(m_table, 1);
    lowerColumn->addWidget(m_constants);
    splitter->addWidget(m_upper);
    splitter->addWidget(lower);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setSizes({300, 190});
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(buildHead());
    column->addWidget(splitter, 1);

    connect(m_table, &TrialTable::selectionMoved, this, [this] {
        showButtons();
        drawTrials();
        drawAgainst();
    });
    connect(m_table, &QTableView::doubleClicked, this, [this] {
        if (const TrialRow* row = chosen(); row && !row->run.isEmpty()) emit openRequested(row->run);
    });
    connect(m_parameter, &QComboBox::currentIndexChanged, this, &SearchResults::drawAgainst);
    clear();
}

QWidget* SearchResults::buildHead() {
    auto* head = new QWidget(this);
    m_title = new QLabel(head);
    Theme::keepFont(m_title, 1.15, true);
    m_state = new QLabel(head);
    m_state->setObjectName(QStringLiteral("searchState"));
    m_state->setProperty("role", "muted");
    m_state->setWordWrap(true);
    m_bar = new QProgressBar(head);
    m_bar->setTextVisible(false);
    m_bar->setFixedHeight(8);
    m_test = new QLabel(head);
    m_test->setObjectName(QStringLiteral("searchTest"));
    m_test->setWordWrap(true);
    const auto button = [&](const char* name, const char* icon, const QString& text) {
        auto* made = new QPushButton(themedIcon(QLatin1String(icon)), text, head);
        made->setObjectName(QLatin1String(name));
        made->setProperty("iconName", QLatin1String(icon));
        return made;
    };
    m_pause = button("pauseSearch", "pause", tr("Pause"));
    m_stop = button("stopSearch", "stop", tr("Stop"));
    m_stop->setToolTip(tr("Ends the run under way; finished ones stay, and it can go on later"));
    m_use = button("useBest", "train", tr("Use the best"));
    m_repeat = button("repeatBest", "reset", tr("Repeat over seeds"));
    m_repeat->setToolTip(
        tr("Sets up runs of these parameters over several seeds or all folds, for a mean and its "
           "95 % interval"));
    m_inspect = button("inspectBest", "inspect", tr("Inspect"));
    m_open = button("openRun", "runs", tr("Open run"));
    m_open->setToolTip(tr("Shows curves, log and numbers of this run on the Runs page"));
    m_rename = button("renameStudy", "edit", tr("Rename…"));
    m_rename->setToolTip(tr("Gives this search or study a name of your own"));
    m_delete = button("deleteStudy", "trash", tr("Delete…"));
    connect(m_pause, &QPushButton::clicked, this, [this] {
        const bool on =
            m_view.live && (*m_view.live == SearchState::Running || *m_view.live == SearchState::Preparing);
        on ? emit pauseRequested() : emit resumeRequested();
    });
    connect(m_stop, &QPushButton::clicked, this, &SearchResults::stopRequested);
    connect(m_use, &QPushButton::clicked, this, [this] {
        if (const TrialRow* row = chosen()) emit useRequested(planOf(m_view, *row));
    });
    connect(m_inspect, &QPushButton::clicked, this, [this] {
        if (const TrialRow* row = chosen()) emit inspectRequested(row->run);
    });
    connect(m_open, &QPushButton::clicked, this, [this] {
        if (const TrialRow* row = chosen()) emit openRequested(row->run);
    });
    connect(m_repeat, &QPushButton::clicked, this, [this] {
        if (const TrialRow* row = chosen()) emit repeatRequested(planOf(m_view, *row));
    });
    connect(m_rename, &QPushButton::clicked, this, &SearchResults::renameRequested);
    connect(m_delete, &QPushButton::clicked, this, &SearchResults::deleteRequested);
    auto* titles = new QHBoxLayout;
    titles->addWidget(m_title);
    titles->addSpacing(space::small);
    titles->addWidget(m_state, 1);
    auto* buttons = new FlowLayout;
    for (QPushButton* each : {m_pause, m_stop, m_use, m_repeat, m_inspect, m_open})
        buttons->addWidget(each);
    buttons->addRightEnd();
    buttons->addWidget(m_rename);
    buttons->addWidget(m_delete);
    auto* column = new QVBoxLayout(head);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::tiny + 2);
    column->addLayout(titles);
    column->addWidget(m_bar);
    column->addLayout(buttons);
    column->addWidget(m_test);
    return head;
}

QWidget* SearchResults::buildCharts() {
    m_trials = new CurveChart;
    m_trials->setObjectName(QStringLiteral("trialsChart"));
    m_trials->setEmptyText(tr("A point for every trial that is over shows up here."));
    auto* choice = new QWidget;
    m_parameter = new QComboBox(choice);
    m_parameter->setObjectName(QStringLiteral("againstParameter"));
    m_parameter->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    auto* label = new QLabel(tr("Against"), choice);
    label->setBuddy(m_parameter);
    m_against = new CurveChart;
    m_against->setObjectName(QStringLiteral("againstChart"));
    m_against->setEmptyText(tr("Which values of a parameter do well shows up here."));
    auto* line = new QHBoxLayout(choice);
    line->setContentsMargins(0, 0, 0, 0);
    line->addWidget(label);
    line->addWidget(m_parameter);
    m_against->setTitleWidget(choice);
    m_trials->setTitleHeight(choice->sizeHint().height());
    auto* charts = new QSplitter(Qt::Horizontal);
    charts->setObjectName(QStringLiteral("searchChartsSplitter"));
    charts->setChildrenCollapsible(false);
    charts->setHandleWidth(space::medium);
    charts->addWidget(m_trials);
    charts->addWidget(m_against);
    charts->setStretchFactor(0, 1);
    charts->setStretchFactor(1, 1);
    charts->setSizes({500, 500});
    return charts;
}

QWidget* SearchResults::buildSummary() {
    auto* page = new QWidget;
    m_summary = new CompareTable;
    m_summary->setObjectName(QStringLiteral("studySummary"));
    m_summaryNote = new QLabel;
    m_summaryNote->setProperty("role", "muted");
    m_summaryNote->setWordWrap(true);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::tiny);
    column->addWidget(m_summary, 1);
    column->addWidget(m_summaryNote);
    return page;
}

void SearchResults::setIdle(bool idle) {
    m_idle = idle;
    showButtons();
}

void SearchResults::clear() { setView(StudyView{}); }

void SearchResults::setView(const StudyView& view) {
    const bool other = view.search != m_view.search || view.study != m_view.study || view.kind != m_view.kind;
    const bool parametersMoved = other || view.dimensions != m_view.dimensions;
    m_view = view;
    if (other) m_table->clearSelection();
    m_table->setView(view);
    if (parametersMoved) fillParameters();
    m_upper->setCurrentIndex(view.kind == StudyKind::Search ? 0 : 1);
    showHead();
    showConstants();
    showButtons();
    if (view.kind == StudyKind::Search) {
        drawTrials();
        drawAgainst();
    } else {
        showSummary();
    }
}

/// What has no column because it is the same everywhere.
void SearchResults::showConstants() {
    const AlgorithmInfo* info =
        m_view.experiment ? findAlgorithm(m_view.experiment->plan.algorithm) : nullptr;
    QStringList same;
    for (const auto& [key, value] : m_view.constants()) {
        const ParamSpec* spec = info ? info->schema().find(key) : nullptr;
        same << QStringLiteral("%1 %2").arg(words(spec ? spec->label : key), words(toText(value)));
    }
    m_constants->setText(tr("The same in every trial: %1").arg(same.join(QStringLiteral(", "))));
    m_constants->setVisible(!same.isEmpty());
}

void SearchResults::fillParameters() {
    const QSignalBlocker quiet(m_parameter);
    const QString before = m_parameter->currentData().toString();
    m_parameter->clear();
    const AlgorithmInfo* info =
        m_view.experiment ? findAlgorithm(m_view.experiment->plan.algorithm) : nullptr;
    for (const SearchDimension& each : m_view.dimensions) {
        const ParamSpec* spec = info ? info->schema().find(each.key) : nullptr;
        m_parameter->addItem(words(spec ? spec->label : each.key), words(each.key));
    }
    m_parameter->setCurrentIndex(std::max(0, m_parameter->findData(before)));
}

void SearchResults::showHead() {
    const bool any = !m_view.search.isEmpty() || !m_view.study.isEmpty();
    m_title->setText(m_view.title);
    QString state = any ? stateText(m_view) : QString();
    if (any && m_view.planned > 0) {
        const QString what = m_view.kind == StudyKind::Search ? tr("%1 of %2 trials") : tr("%1 of %2 runs");
        state += QStringLiteral(" · ") + what.arg(m_view.done()).arg(m_view.planned);
    }
    if (m_view.best && m_view.rows[*m_view.best].value)
        state += tr(" · best %1 %2 on validation (trial %3)")
                     .arg(metricLabel(m_view.metric), metricText(*m_view.rows[*m_view.best].value))
                     .arg(m_view.rows[*m_view.best].number);
    if (!m_view.problem.isEmpty()) state += QStringLiteral(" · ") + m_view.problem;
    m_state->setText(state);
    m_bar->setVisible(any && m_view.live && !m_view.completed && *m_view.live != SearchState::Failed);
    m_bar->setRange(0, std::max(1, m_view.planned));
    m_bar->setValue(m_view.done());
    QStringList numbers;
    for (const char* key : {"ndcg@10", "recall@20", "rmse"})
        for (const NamedValue& each : m_view.test)
            if (each.key == key || (each.key == m_view.metric.toStdString() && numbers.isEmpty()))
                if (const QString text =
                        QStringLiteral("%1 %2").arg(metricLabel(words(each.key)), metricText(each.value));
                    !numbers.contains(text))
                    numbers << text;
    m_test->setText(
        tr("The best on the test part, measured once: %1").arg(numbers.join(QStringLiteral(", "))));
    m_test->setVisible(m_view.kind == StudyKind::Search && !numbers.isEmpty());
}

const TrialRow* SearchResults::chosen() const {
    if (const TrialRow* row = m_table->selected()) return row;
    return m_view.best ? &m_view.rows[*m_view.best] : nullptr;
}

void SearchResults::selectTrial(int number) { m_table->selectTrial(number); }

void SearchResults::showButtons() {
    const bool search = m_view.kind == StudyKind::Search;
    const auto in = [this](std::initializer_list<SearchState> states) {
        return m_view.live && std::find(states.begin(), states.end(), *m_view.live) != states.end();
    };
    const bool on = in({SearchState::Running, SearchState::Preparing});
    const bool stored = !m_view.live && !m_view.study.isEmpty() && !m_view.completed && m_view.experiment &&
                        !m_view.rows.empty();
    const bool over = in({SearchState::Finished, SearchState::Failed});
    m_pause->setVisible((m_view.live && !over) || stored);
    m_pause->setText(on ? tr("Pause") : tr("Go on"));
    m_pause->setToolTip(stored
                            ? tr("Opens the data and split of this study again and makes the runs that are "
                                 "missing")
                            : QString());
    m_pause->setProperty("iconName", on ? QStringLiteral("pause") : QStringLiteral("play"));
    m_pause->setIcon(themedIcon(m_pause->property("iconName").toString()));
    m_pause->setEnabled(on || stored || in({SearchState::Paused, SearchState::Stopped}));
    m_stop->setVisible(m_view.live && !over);
    m_stop->setEnabled(on || in({SearchState::Paused}));
    const TrialRow* row = chosen();
    const bool best = row && m_view.best && row->number == m_view.rows[*m_view.best].number;
    m_use->setVisible(search);
    m_use->setEnabled(row && m_view.experiment);
    m_use->setText(!row || best ? tr("Use the best") : tr("Use trial %1").arg(row->number));
    m_use->setToolTip(tr("Sets up the Train page with these parameters"));
    m_repeat->setVisible(search);
    m_repeat->setEnabled(row && m_view.experiment);
    m_inspect->setEnabled(row && row->hasModel);
    m_inspect->setText(!search || !row || best ? tr("Inspect") : tr("Inspect trial %1").arg(row->number));
    m_inspect->setToolTip(!row            ? tr("Choose a run in the table below first")
                          : row->hasModel ? tr("Looks at single users' recommendations of this model")
                          : search        ? tr("Of a search only the best trial's model is kept")
                                          : tr("No model is stored with this run"));
    m_open->setEnabled(row && !row->run.isEmpty());
    m_rename->setEnabled(!m_view.study.isEmpty());
    m_delete->setEnabled(m_idle && !m_view.study.isEmpty());
    m_delete->setToolTip(m_idle ? tr("Deletes this search or study; its runs stay or go, as you choose")
                                : tr("What is being worked on cannot be deleted: stop it first"));
}

void SearchResults::drawTrials() {
    const ThemeColors& colors = Theme::current().colors();
    const QString metric = metricLabel(m_view.metric);
    m_trials->setTitle(metric.isEmpty() ? QString() : tr("%1 on validation, trial by trial").arg(metric));
    // All trials that are planned, so that the points stay where they are.
    const int last = std::max(m_view.planned, m_view.rows.empty() ? 1 : m_view.rows.back().number);
    m_trials->setAxes({tr("Trial"), AxisScale::Linear, AxisUnit::Integer, 0.0, last + 0.02 * last},
                      {metric, AxisScale::Linear, AxisUnit::Number, {}, {}});
    ChartSeries points = series("trials", tr("Trials"), SeriesKind::Scatter, Theme::current().series(0));
    for (const TrialRow& row : m_view.rows)
        if (row.state == TrialState::Done && row.value) points.points << QPointF(row.number, *row.value);
    ChartSeries best = series("best", tr("Best so far"), SeriesKind::Line, colors.good);
    double before = 0.0;
    for (const auto& [number, value] : m_view.bestSoFar()) {
        // A staircase: the best stays what it was until the trial that beats it.
        if (!best.points.isEmpty() && value != before) best.points << QPointF(number, before);
        best.points << QPointF(number, value);
        before = value;
    }
    m_trials->setSeries(points.points.isEmpty() ? QVector<ChartSeries>{}
                                                : QVector<ChartSeries>{best, points});
    QVector<ChartMark> marks;
    if (m_view.best && m_view.rows[*m_view.best].value)
        marks << ChartMark{QPointF(m_view.rows[*m_view.best].number, *m_view.rows[*m_view.best].value),
                           colors.good, tr("best")};
    if (const TrialRow* row = chosen();
        row && row->value && (!m_view.best || row->number != m_view.rows[*m_view.best].number))
        marks << ChartMark{QPointF(row->number, *row->value), colors.accent, tr("trial %1").arg(row->number)};
    m_trials->setMarks(marks);
}

void SearchResults::drawAgainst() {
    const ThemeColors& colors = Theme::current().colors();
    const std::string key = m_parameter->currentData().toString().toStdString();
    const auto found = std::find_if(m_view.dimensions.begin(), m_view.dimensions.end(),
                                    [&](const SearchDimension& each) { return each.key == key; });
    if (found == m_view.dimensions.end()) return m_against->clear();
    const QString metric = metricLabel(m_view.metric);
    const bool numbers = found->type == ParamType::Integer || found->type == ParamType::Real;
    if (!numbers) {
        // Choices have no order: the best value that each has reached.
        std::map<std::string, double> best;
        for (const TrialRow& row : m_view.rows) {
            const auto value = row.params.find(key);
            if (row.state != TrialState::Done || !row.value || value == row.params.end()) continue;
            const auto [at, fresh] = best.emplace(toText(value->second), *row.value);
            if (!fresh && (m_view.higherIsBetter ? *row.value > at->second : *row.value < at->second))
                at->second = *row.value;
        }
        QVector<QPair<QString, double>> bars;
        for (const auto& [name, value] : best)
            bars << QPair<QString, double>(words(name), value);
        m_against->setMarks({});
        m_against->setAxes({m_parameter->currentText(), AxisScale::Linear, AxisUnit::Number, {}, {}},
                           {tr("Best %1").arg(metric), AxisScale::Linear, AxisUnit::Number, {}, {}});
        if (bars.isEmpty()) return m_against->clear();
        return m_against->setBars(bars);
    }
    // The whole range that is searched, with a little air beside its ends.
    std::optional<double> from;
    std::optional<double> to;
    if (!found->listed()) {
        const double share = 0.03;
        const double air =
            found->logScale ? std::pow(found->max / found->min, share) : share * (found->max - found->min);
        from = found->logScale ? found->min / air : found->min - air;
        to = found->logScale ? found->max * air : found->max + air;
    }
    m_against->setAxes({m_parameter->currentText(), found->logScale ? AxisScale::Log : AxisScale::Linear,
                        found->type == ParamType::Integer ? AxisUnit::Integer : AxisUnit::Number, from, to},
                       {metric, AxisScale::Linear, AxisUnit::Number, {}, {}});
    ChartSeries points = series("trials", tr("Trials"), SeriesKind::Scatter, Theme::current().series(0));
    QVector<ChartMark> marks;
    const TrialRow* picked = chosen();
    for (std::size_t n = 0; n < m_view.rows.size(); ++n) {
        const TrialRow& row = m_view.rows[n];
        const auto value = row.params.find(key);
        if (row.state != TrialState::Done || !row.value || value == row.params.end()) continue;
        const auto number = asNumber(value->second);
        if (!number) continue;
        const QPointF at(*number, *row.value);
        points.points << at;
        if (m_view.best == n)
            marks << ChartMark{at, colors.good, tr("best")};
        else if (picked && picked->number == row.number)
            marks << ChartMark{at, colors.accent, tr("trial %1").arg(row.number)};
    }
    m_against->setSeries(points.points.isEmpty() ? QVector<ChartSeries>{} : QVector<ChartSeries>{points});
    m_against->setMarks(marks);
}

void SearchResults::showSummary() {
    const bool tested = m_view.tested();
    const std::vector<StudyValue>& values = m_view.summary();
    QVector<QVector<CompareCell>> rows;
    const auto number = [](double value) {
        return std::isnan(value) ? QStringLiteral("–") : metricText(value);
    };
    const bool differ = std::any_of(values.begin(), values.end(), [](const StudyValue& each) {
        return each.runs < 2 || each.deviation != 0.0;
    });
    for (const StudyValue& each : values)
        rows << QVector<CompareCell>{
            {metricLabel(words(each.key)), metricExplanation(words(each.key))},
            {number(each.mean), {}, true},
            {std::isnan(each.halfWidth) ? QStringLiteral("–") : QStringLiteral("± ") + number(each.halfWidth),
             std::isnan(each.halfWidth)
                 ? tr("One run has no interval: two are needed at least")
                 : tr("From %1 to %2")
                       .arg(metricText(each.mean - each.halfWidth), metricText(each.mean + each.halfWidth))},
            {number(each.deviation)},
            {number(each.min)},
            {number(each.max)},
            {QString::number(each.runs)}};
    m_summary->setEmptyText(tr("No run of this study has numbers yet."));
    m_summary->setTable(
        {{tested ? tr("Test part") : tr("Validation part"), {}, true},
         {tr("Mean")},
         {tr("95 % interval"),
          tr("Mean ± this is the 95 % interval of the mean by Student's t with n − 1 degrees of "
             "freedom, n: runs")},
         {tr("Deviation"), tr("Standard deviation of the runs, n − 1 below")},
         {tr("Lowest")},
         {tr("Highest")},
         {tr("Runs")}},
        rows);
    QString note =
        m_view.kind == StudyKind::Folds
            ? tr("Mean ± 95 % interval by Student's t over folds. Folds share training data, so the "
                 "truth lies outside more often than 5 %.")
            : tr("Mean ± 95 % interval by Student's t over seeds: how much chance in the training, or "
                 "in the split, moves a number.");
    if (!values.empty() && !differ)
        note =
            tr("All runs have the same numbers: nothing in this training depends on the seed. Let the seed "
               "change the split, or run all folds.");
    m_summaryNote->setText(note);
}

void SearchResults::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (!m_table) return;
    if (event->type() == QEvent::PaletteChange) {
        for (QPushButton* button : {m_pause, m_stop, m_use, m_repeat, m_inspect, m_open, m_rename, m_delete})
            button->setIcon(themedIcon(button->property("iconName").toString()));
        drawTrials();
        drawAgainst();
    }
}

} // namespace recoscope
