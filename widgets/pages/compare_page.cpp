// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_page.h"

#include "widgets/pages/compare_dialects.h"
#include "widgets/pages/compare_groups.h"
#include "widgets/pages/compare_metrics.h"
#include "widgets/pages/compare_pairs.h"
#include "widgets/pages/compare_run_list.h"
#include "widgets/pages/compare_sampling.h"
#include "widgets/pages/compare_studies.h"
#include "widgets/pages/compare_warnings.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QStyle>
#include <QTabWidget>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

constexpr int kQuiet = 300; // ms: what takes less shows no progress
constexpr int kMostCutoff = 10'000;

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

} // namespace

ComparePage::ComparePage(RunLibrary* library, DatasetService* datasets, QWidget* parent)
    : QWidget(parent)
    , m_library(library)
    , m_datasets(datasets)
    , m_service(new CompareService(library->folder(), 0, this)) {
    m_list = new CompareRunList;
    Theme::keepWidth(m_list, 240);
    m_empty = new QLabel;
    m_empty->setObjectName(QStringLiteral("compareEmpty"));
    m_empty->setProperty("role", "muted");
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setMargin(space::huge);
    m_tabs = new QTabWidget;
    m_tabs->setObjectName(QStringLiteral("compareTabs"));
    m_tabs->setDocumentMode(true);
    m_parts = {new CompareMetrics(m_service),  new CompareStudies(m_service, m_library),
               new CompareDialects(m_service), new ComparePairs(m_service),
               new CompareGroups(m_service),   new CompareSampling(m_service),
               new CompareWarnings(m_service)};
    const QStringList titles{tr("Metrics"), tr("Seeds and folds"),  tr("Dialects"), tr("Significance"),
                             tr("Groups"),  tr("Full and sampled"), tr("Warnings")};
    for (std::size_t n = 0; n < m_parts.size(); ++n)
        m_tabs->addTab(m_parts[n], titles[static_cast<qsizetype>(n)]);
    m_message = new QLabel;
    m_message->setObjectName(QStringLiteral("compareMessage"));
    m_message->setWordWrap(true);
    m_message->hide();
    m_reading = new QLabel;
    m_reading->setProperty("role", "muted");
    m_reading->setWordWrap(true);
    m_studies = new QLabel;
    m_studies->setObjectName(QStringLiteral("compareStudyHint"));
    m_studies->setTextFormat(Qt::RichText);
    m_studies->setWordWrap(true);
    m_studies->hide();
    connect(m_studies, &QLabel::linkActivated, this, [this] { showTab(Studies); });
    auto* contents = new QWidget;
    auto* contentsColumn = new QVBoxLayout(contents);
    contentsColumn->setContentsMargins(0, 0, 0, 0);
    contentsColumn->setSpacing(space::small);
    contentsColumn->addWidget(buildTools());
    contentsColumn->addWidget(m_reading);
    contentsColumn->addWidget(m_studies);
    contentsColumn->addWidget(m_tabs, 1);
    m_stack = new QStackedWidget;
    m_stack->addWidget(m_empty);
    m_stack->addWidget(contents);
    auto* right = new QWidget;
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    rightColumn->setSpacing(space::small);
    rightColumn->addWidget(m_message);
    rightColumn->addWidget(m_stack, 1);
    rightColumn->addWidget(buildProgress());
    auto* split = new QSplitter(Qt::Horizontal, this);
    split->setObjectName(QStringLiteral("compareSplitter"));
    split->addWidget(m_list);
    split->addWidget(right);
    split->setStretchFactor(0, 0);
    split->setStretchFactor(1, 1);
    split->setSizes({306, 854});
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::medium);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::medium, space::medium, space::medium, space::medium);
    column->addWidget(split);
    setFocusProxy(m_list);

    connect(m_tabs, &QTabWidget::currentChanged, this, &ComparePage::hintAtStudies);
    connect(m_list, &CompareRunList::checkedChanged, this, &ComparePage::choose);
    connect(m_library, &RunLibrary::listed, this, [this] {
        m_list->setRuns(m_library->runs());
        updateState();
    });
    connect(m_library, &RunLibrary::tested, this, [this](const QString& id) {
        if (m_list->checkedRuns().contains(id)) choose(); // its numbers are there now
    });
    connect(m_service, &CompareService::measured, this, &ComparePage::take);
    connect(m_service, &CompareService::failed, this, &ComparePage::showError);
    connect(m_service, &CompareService::exported, this,
            [this](const QString& path) { tell(tr("Written to %1").arg(path), false); });
    connect(m_service, &CompareService::moved, this,
            [this](CompareTopic, const QString& words, double share) {
                m_doing->setText(words);
                m_bar->setValue(static_cast<int>(1000.0 * share));
            });
    connect(m_service, &CompareService::busyChanged, this, [this](bool busy) {
        if (busy) return m_progressSoon->start();
        m_progressSoon->stop();
        m_progress->hide();
        m_bar->setValue(0);
        m_doing->clear();
    });
    m_list->setRuns(m_library->runs());
    updateState();
    describeReading();
}

ComparePage::~ComparePage() = default;

QWidget* ComparePage::buildTools() {
    auto* tools = new QWidget;
    m_dialect = compareBox("compareDialect", tr("Read the runs as this framework or paper would"));
    m_dialect->setToolTip(tr(
        "Scores the stored models again as a framework or paper defines its metrics. Nothing is trained."));
    m_dialect->addItem(tr("As tested"), QString());
    m_dialect->setItemData(0, tr("The numbers that are kept with the runs, each by its own options"),
                           Qt::ToolTipRole);
    for (const Dialect& dialect : dialects()) {
        m_dialect->addItem(text(dialect.title), text(dialect.id));
        m_dialect->setItemData(m_dialect->count() - 1, text(dialect.differs), Qt::ToolTipRole);
    }
    m_cutoffs = compareBox("compareCutoffs", tr("Cutoffs: lengths of the lists"));
    m_cutoffs->setToolTip(tr("Lengths of the lists that are judged, such as 5, 10, 50. Others than the "
                             "tested ones are scored again."));
    m_cutoffs->setEditable(true);
    m_cutoffs->setInsertPolicy(QComboBox::NoInsert);
    m_cutoffs->addItems({tr("as tested"), QStringLiteral("10"), QStringLiteral("5, 10, 20"),
                         QStringLiteral("10, 20, 50, 100")});
    auto* dialectLabel = new QLabel(tr("&Read as"));
    dialectLabel->setBuddy(m_dialect);
    auto* cutoffLabel = new QLabel(tr("Cut&offs"));
    cutoffLabel->setBuddy(m_cutoffs);
    m_export = new QPushButton(themedIcon(QStringLiteral("export")), tr("Export…"));
    m_export->setToolTip(tr("Writes the table of this tab: CSV, Markdown or LaTeX, with its definitions"));
    auto* row = new FlowLayout(tools);
    row->setSpacing(space::small);
    for (QWidget* widget : {static_cast<QWidget*>(dialectLabel), static_cast<QWidget*>(m_dialect),
                            static_cast<QWidget*>(cutoffLabel), static_cast<QWidget*>(m_cutoffs)})
        row->addWidget(widget);
    row->addRightEnd();
    row->addWidget(m_export);
    connect(m_dialect, &QComboBox::activated, this, &ComparePage::measure);
    connect(m_cutoffs, &QComboBox::activated, this, &ComparePage::measure);
    connect(m_cutoffs->lineEdit(), &QLineEdit::editingFinished, this, &ComparePage::measure);
    connect(m_export, &QPushButton::clicked, this, &ComparePage::askAndExport);
    return tools;
}

QWidget* ComparePage::buildProgress() {
    m_progress = new QWidget;
    m_doing = new QLabel;
    m_doing->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_bar = new QProgressBar;
    m_bar->setRange(0, 1000);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of scoring"));
    auto* stop = new QPushButton(tr("Cancel"));
    stop->setObjectName(QStringLiteral("compareCancel"));
    connect(stop, &QPushButton::clicked, m_service, &CompareService::cancel);
    auto* row = new QHBoxLayout(m_progress);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::small);
    row->addWidget(m_doing, 2);
    row->addWidget(m_bar, 1);
    row->addWidget(stop);
    m_progress->hide();
    m_progressSoon = new QTimer(this);
    m_progressSoon->setSingleShot(true);
    m_progressSoon->setInterval(kQuiet);
    connect(m_progressSoon, &QTimer::timeout, m_progress, &QWidget::show);
    return m_progress;
}

void ComparePage::setRuns(const QStringList& ids) { m_list->setCheckedRuns(ids); }

QStringList ComparePage::runs() const { return m_list->checkedRuns(); }

void ComparePage::showTab(Tab tab) { m_tabs->setCurrentIndex(tab); }

void ComparePage::setDialect(const QString& id) {
    const int at = m_dialect->findData(id);
    if (at < 0 || at == m_dialect->currentIndex()) return;
    m_dialect->setCurrentIndex(at);
    measure();
}

/// What is written in the field, in any order; nothing for "as tested" and for what is no list of numbers.
std::vector<int> ComparePage::cutoffs() const {
    std::vector<int> found;
    for (const QString& word : m_cutoffs->currentText().split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        bool ok = false;
        const int k = word.trimmed().toInt(&ok);
        if (!ok || k < 1 || k > kMostCutoff) return {};
        found.push_back(k);
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

void ComparePage::choose() {
    tell({}, false);
    updateState();
    if (m_list->checkedRuns().isEmpty()) {
        m_service->forget(CompareTopic::Metrics);
        return take(nullptr);
    }
    m_measurement.reset(); // the same question has a new answer
    measure();
}

void ComparePage::measure() {
    if (!isVisible()) {
        m_stale = true;
        return;
    }
    m_stale = false;
    CompareRequest request;
    request.runs = m_list->runsToCompare();
    if (request.runs.empty()) return;
    request.dialect = m_dialect->currentData().toString();
    request.cutoffs = cutoffs();
    const QString written = m_cutoffs->currentText().trimmed();
    if (request.cutoffs.empty() && !written.isEmpty() && written != m_cutoffs->itemText(0))
        return tell(tr("Cutoffs are whole numbers from 1 to %1, such as 5, 10, 20").arg(kMostCutoff), true);
    if (m_measurement && m_measurement->request.runs == request.runs &&
        m_measurement->request.dialect == request.dialect &&
        m_measurement->request.cutoffs == request.cutoffs)
        return;
    if (m_datasets) request.split = m_datasets->currentSplit();
    tell({}, false);
    m_parts.front()->say(tr("Measuring the runs…"));
    m_service->measure(std::move(request));
    describeReading();
}

void ComparePage::take(const MeasurementPtr& measurement) {
    m_measurement = measurement;
    for (ComparePart* part : m_parts) {
        if (!measurement) part->say({});
        part->setMeasurement(measurement);
    }
    updateState();
    describeReading();
}

ComparePart* ComparePage::part(CompareTopic topic) const {
    const auto found = std::find_if(m_parts.begin(), m_parts.end(),
                                    [&](const ComparePart* part) { return part->topic() == topic; });
    return found == m_parts.end() ? nullptr : *found;
}

ComparePart* ComparePage::currentPart() const {
    return m_parts[static_cast<std::size_t>(std::max(0, m_tabs->currentIndex()))];
}

void ComparePage::showError(CompareTopic topic, const Error& error) {
    if (topic == CompareTopic::Metrics) take(nullptr);
    const bool stopped = error.code == ErrorCode::Cancelled;
    const QString words = stopped ? tr("Stopped. Choose something else, or the same again, to go on.")
                                  : QString::fromStdString(error.text());
    // A tab's own trouble stands where its contents would be.
    ComparePart* one = topic == CompareTopic::Metrics ? m_parts.front() : part(topic);
    if (one && topic != CompareTopic::Marks)
        one->say(words);
    else
        tell(words, !stopped);
}

void ComparePage::updateState() {
    const bool none = m_list->checkedRuns().isEmpty();
    m_stack->setCurrentIndex(none ? 0 : 1);
    if (none)
        m_empty->setText(m_list->empty() ? tr("There are no runs to compare yet.\n\nTrain two different "
                                              "algorithms on the Train page; when they "
                                              "have ended they are listed here.")
                         : m_list->possibleRuns() == 0
                             ? tr("No run of this workspace has numbers or a model yet. They can be compared "
                                  "when they have ended.")
                             : tr("Tick two or more runs of the same data on the left.\n\nTheir numbers are "
                                  "set side by side, in the "
                                  "definitions of other frameworks too, with tests of significance, groups "
                                  "of users, and what "
                                  "sampled negatives would say."));
    m_export->setEnabled(m_measurement != nullptr);
    hintAtStudies();
}

/// The other tabs compare single runs, also where a mean over several is to be had.
void ComparePage::hintAtStudies() {
    const auto ofStudy = [this](const QString& id) {
        const RunRecord* run = m_library->find(id);
        return run && std::any_of(m_library->studies().begin(), m_library->studies().end(),
                                  [&](const StudyRecord& study) {
                                      return study.id == run->study && study.kind != StudyKind::Search;
                                  });
    };
    const QStringList ids = m_list->checkedRuns();
    m_studies->setVisible(m_tabs->currentIndex() != Studies && std::any_of(ids.begin(), ids.end(), ofStudy));
    m_studies->setText(tr("Some of these runs belong to seeds or folds. "
                          "<a href=\"studies\" style=\"color:%1\">Their mean and 95 % interval</a>")
                           .arg(Theme::current().colors().accent.name()));
}

/// How the numbers that are shown were made, which may not yet be what was asked for.
void ComparePage::describeReading() {
    const QString wanted = m_dialect->currentData().toString();
    const QString shown = m_measurement ? m_measurement->request.dialect : wanted;
    if (shown != wanted && m_service->busyWith(CompareTopic::Metrics))
        return m_reading->setText(
            tr("Scoring the models as %1… The numbers below are still those of: %2.")
                .arg(m_dialect->currentText(), m_dialect->itemText(m_dialect->findData(shown))));
    const Dialect* dialect = findDialect(shown.toStdString());
    m_reading->setText(
        dialect
            ? QStringLiteral("%1: %2 (%3)")
                  .arg(text(dialect->title), text(dialect->differs), text(dialect->reference))
            : tr("The numbers kept with the runs, each by the options it was tested with. Select a number to "
                 "see how it is defined."));
}

void ComparePage::askAndExport() {
    const QString path =
        QFileDialog::getSaveFileName(this, tr("Export table"), QStringLiteral("comparison.csv"),
                                     tr("CSV (*.csv);;Markdown (*.md);;LaTeX (*.tex)"));
    if (!path.isEmpty()) exportTo(path);
}

void ComparePage::exportTo(const QString& path) {
    if (!m_measurement) return;
    if (m_tabs->currentIndex() == Metrics) return m_service->exportMetrics(m_measurement, path);
    auto table = currentPart()->table();
    if (!table) return tell(tr("There is no table on this tab yet"), true);
    m_service->exportTable(std::move(*table), path);
}

void ComparePage::tell(const QString& words, bool problem) {
    m_message->setProperty("role", problem ? "bad" : "muted");
    m_message->style()->unpolish(m_message);
    m_message->style()->polish(m_message);
    m_message->setText(words);
    m_message->setVisible(!words.isEmpty());
}

void ComparePage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (m_stale) measure();
}

void ComparePage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_export) return;
    m_export->setIcon(themedIcon(QStringLiteral("export")));
    hintAtStudies(); // its link has the accent's colour
}

} // namespace recoscope
