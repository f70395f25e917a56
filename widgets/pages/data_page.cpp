// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/data_page.h"

#include "app/models/import_issue_model.h"
#include "app/session/browse_service.h"
#include "app/session/download_service.h"
#include "app/storage/settings.h"
#include "widgets/dialogs/get_dataset_dialog.h"
#include "widgets/dialogs/import_dialog.h"
#include "widgets/pages/browse_table.h"
#include "widgets/pages/data_overview.h"
#include "widgets/pages/split_panel.h"
#include "widgets/style/theme.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>
#include <QStandardPaths>
#include <QTabWidget>
#include <QToolButton>
#include <QTreeView>
#include <QUrl>
#include <QVBoxLayout>

namespace recoscope {

namespace {
const QString samplePath = QStringLiteral("builtin:sample");

bool isFile(const QString& path) {
    return !path.startsWith(QLatin1String("builtin:")) && !path.startsWith(QLatin1String("generated:"));
}

/// The line that names the columns; empty where there is none, as nothing tells such files apart.
QString headerOf(const FormatPreview& preview) {
    if (!preview.suggestedMapping || !preview.suggestedMapping->header) return {};
    QStringList names;
    for (const std::string& name : preview.columns) names << QString::fromStdString(name);
    return names.join(QLatin1Char(preview.suggestedMapping->delimiter));
}

QString duplicatesText(DuplicatePolicy policy) {
    switch (policy) {
    case DuplicatePolicy::KeepFirst: return DataPage::tr("Of rows with the same user and item the first counts.");
    case DuplicatePolicy::Mean: return DataPage::tr("Rows with the same user and item count as their mean.");
    case DuplicatePolicy::Sum: return DataPage::tr("Rows with the same user and item are summed.");
    case DuplicatePolicy::Max: return DataPage::tr("Of rows with the same user and item the highest counts.");
    case DuplicatePolicy::KeepLast: break;
    }
    return DataPage::tr("Of rows with the same user and item the newest counts.");
}
} // namespace

DataPage::DataPage(DatasetService* datasets, QWidget* parent)
    : QWidget(parent), m_datasets(datasets), m_browse(new BrowseService(this)), m_downloads(new DownloadService(this)) {
    m_downloadFolder = QStandardPaths::writableLocation(QStandardPaths::DownloadLocation);

    m_overview = new DataOverview(this);
    m_items = new BrowseTable(BrowseKind::Items, m_browse, this);
    m_users = new BrowseTable(BrowseKind::Users, m_browse, this);
    m_tabs = new QTabWidget(this);
    m_tabs->setDocumentMode(true);
    const auto addTab = [this](QWidget* content, const QString& title) {
        auto* holder = new QWidget(m_tabs);
        auto* layout = new QVBoxLayout(holder);
        layout->setContentsMargins(0, space::small, 0, 0);
        layout->addWidget(content);
        m_tabs->addTab(holder, title);
    };
    addTab(m_overview, tr("Overview"));
    addTab(m_items, tr("Items"));
    addTab(m_users, tr("Users"));
    addTab(buildReport(), tr("Import report"));

    m_split = new SplitPanel(this);
    Theme::keepWidth(m_split, 300, 300);

    auto* body = new QHBoxLayout;
    body->setSpacing(space::medium);
    body->addWidget(m_tabs, 1);
    body->addWidget(m_split);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::large, space::medium, space::large, space::medium);
    layout->setSpacing(space::small);
    layout->addWidget(buildHeader());
    layout->addLayout(body, 1);

    connect(m_datasets, &DatasetService::previewReady, this, &DataPage::showPreview);
    connect(m_datasets, &DatasetService::progress, this, [this](double fraction, const QString& phase) {
        m_bar->setRange(0, fraction >= 0.0 ? 1000 : 0);
        m_bar->setValue(static_cast<int>(fraction * 1000.0));
        m_phase->setText(phase);
    });
    connect(m_datasets, &DatasetService::busyChanged, this, &DataPage::setBusy);
    connect(m_datasets, &DatasetService::imported, this, &DataPage::showDataset);
    connect(m_datasets, &DatasetService::splitReady, this, [this](const SplitPtr& split) {
        m_split->setSplit(split);
        showFiltered();
    });
    connect(m_datasets, &DatasetService::failed, this, &DataPage::showError);
    connect(m_split, &SplitPanel::splitWanted, this, [this](const SplitSpec& spec) {
        m_problem->hide();
        m_datasets->split(spec);
    });
    connect(m_users, &BrowseTable::activated, this, [this](std::int32_t user) { emit userActivated(UserIndex{user}); });
    connect(m_items, &BrowseTable::activated, this, [this](std::int32_t item) { emit itemActivated(ItemIndex{item}); });
    setBusy(m_datasets->busy());
    showDataset();
    if (m_datasets->currentSplit()) m_split->setSplit(m_datasets->currentSplit());
    showFiltered();
}

DataPage::~DataPage() = default;

QWidget* DataPage::buildHeader() {
    auto* header = new QWidget(this);
    m_title = new QLabel(header);
    Theme::keepFont(m_title, 1.5, true);
    m_title->setMinimumWidth(60); // a long name gives way
    m_synthetic = new QLabel(tr("synthetic"), header);
    m_synthetic->setProperty("role", "warning");
    m_synthetic->setToolTip(tr("Invented films, users and ratings. The true taste of every user is known, so that a model "
                               "can be held against the truth."));
    m_source = new QLabel(header);
    m_source->setProperty("role", "muted");
    m_source->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_source->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);

    m_filtered = new QLabel(header);
    m_filtered->setProperty("role", "warning");
    m_filtered->setWordWrap(true);
    m_filtered->hide();

    auto* open = new QToolButton(header);
    open->setText(tr("Open…"));
    open->setPopupMode(QToolButton::InstantPopup);
    open->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    auto* menu = new QMenu(open);
    menu->addAction(tr("File (csv, dat, json, zip, gz) …"), this, &DataPage::chooseFile);
    menu->addAction(tr("Folder …"), this, &DataPage::chooseFolder);
    menu->addSeparator();
    menu->addAction(tr("Built-in sample"), this, &DataPage::openSample);
    open->setMenu(menu);
    m_recentButton = new QToolButton(header);
    m_recentButton->setText(tr("Recent"));
    m_recentButton->setPopupMode(QToolButton::InstantPopup);
    m_recentButton->setEnabled(false);
    m_recent = new QMenu(m_recentButton);
    m_recentButton->setMenu(m_recent);
    auto* get = new QPushButton(tr("Get a dataset…"), header);
    get->setToolTip(tr("Public datasets to download: MovieLens and Amazon"));
    connect(get, &QPushButton::clicked, this, &DataPage::getDataset);
    for (QToolButton* button : {open, m_recentButton}) button->setMinimumHeight(get->sizeHint().height());

    m_work = new QWidget(header);
    m_bar = new QProgressBar(m_work);
    m_bar->setTextVisible(false);
    m_phase = new QLabel(m_work);
    auto* cancel = new QPushButton(tr("Cancel"), m_work);
    connect(cancel, &QPushButton::clicked, m_datasets, &DatasetService::cancel);
    auto* work = new QHBoxLayout(m_work);
    work->setContentsMargins(0, 0, 0, 0);
    work->addWidget(m_phase);
    work->addWidget(m_bar, 1);
    work->addWidget(cancel);
    m_problem = new QLabel(header);
    m_problem->setProperty("role", "bad");
    m_problem->setWordWrap(true);
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_problem->hide();

    auto* top = new QHBoxLayout;
    top->addWidget(m_title);
    top->addWidget(m_synthetic);
    top->addStretch(1);
    top->addWidget(open);
    top->addWidget(m_recentButton);
    top->addWidget(get);
    auto* layout = new QVBoxLayout(header);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::tiny);
    layout->addLayout(top);
    layout->addWidget(m_source);
    layout->addWidget(m_filtered);
    layout->addWidget(m_work);
    layout->addWidget(m_problem);
    return header;
}

QWidget* DataPage::buildReport() {
    auto* report = new QWidget(this);
    m_rows = new QLabel(report);
    m_rows->setWordWrap(true);
    m_issueModel = new ImportIssueModel(this);
    m_issues = new QTreeView(report);
    m_issues->setModel(m_issueModel);
    m_issues->setUniformRowHeights(true);
    m_issues->setSelectionMode(QAbstractItemView::SingleSelection);
    m_issues->setAlternatingRowColors(true);
    m_issues->header()->setStretchLastSection(false);
    m_issues->header()->setSectionResizeMode(ImportIssueModel::Problem, QHeaderView::Stretch);
    m_issues->header()->setSectionResizeMode(ImportIssueModel::Count, QHeaderView::ResizeToContents);
    auto* layout = new QVBoxLayout(report);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_rows);
    layout->addWidget(m_issues, 1);
    return report;
}

void DataPage::openSample() { openPath(samplePath, Ask::WhenUncertain); }

void DataPage::openPath(const QString& path, Ask ask) {
    m_problem->hide();
    if (!isFile(path)) {
        m_datasets->import(path);
        return;
    }
    m_pendingPath = path;
    m_pendingHeader.clear();
    m_pendingOptions = m_settings ? m_settings->recentOptions(path) : ImportOptions{};
    m_ask = ask;
    m_datasets->preview(path, m_pendingOptions);
}

void DataPage::chooseFile() {
    const QString path = QFileDialog::getOpenFileName(
        this, tr("Open a dataset"), {},
        tr("Datasets (*.csv *.tsv *.txt *.dat *.data *.base *.inter *.json *.jsonl *.gz *.zip *.rating);;All files (*)"));
    if (!path.isEmpty()) openPath(path);
}

void DataPage::chooseFolder() {
    const QString path = QFileDialog::getExistingDirectory(this, tr("Open a folder with a dataset"));
    if (!path.isEmpty()) openPath(path);
}

void DataPage::getDataset() {
    auto catalogue = readCatalogue();
    if (!catalogue) {
        showError(tr("The list of datasets"), catalogue.error());
        return;
    }
    auto* dialog = new GetDatasetDialog(std::move(*catalogue), m_downloads, m_downloadFolder, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { openPath(dialog->downloadedPath(), Ask::WhenUncertain); });
    dialog->open();
}

void DataPage::setSettings(Settings* settings) {
    m_settings = settings;
    fillRecent();
}

void DataPage::fillRecent() {
    const QStringList paths = m_settings ? m_settings->recentFiles() : QStringList();
    m_recent->clear();
    for (const QString& path : paths)
        m_recent->addAction(QFontMetrics(font()).elidedText(path, Qt::ElideMiddle, 500), this,
                            [this, path] { openPath(path); });
    m_recentButton->setEnabled(!paths.isEmpty());
}

void DataPage::showTab(int tab) { m_tabs->setCurrentIndex(tab); }

void DataPage::showPreview(const QString& path, const FormatPreview& preview) {
    if (m_dialog && m_dialog->path() == path) {
        m_dialog->setPreview(preview);
        return;
    }
    if (path != m_pendingPath) return;
    if (m_pendingHeader.isEmpty()) m_pendingHeader = headerOf(preview);
    if (m_settings && !m_pendingHeader.isEmpty() && !m_pendingOptions.mapping) {
        m_pendingOptions.mapping = m_settings->mappingFor(m_pendingHeader);
        // Another delimiter or quote may cut the lines otherwise: look again, as this person reads such files.
        if (m_pendingOptions.mapping) return m_datasets->preview(path, m_pendingOptions);
    }
    m_pendingPath.clear();
    if (m_ask == Ask::WhenUncertain && !preview.needsMapping && !preview.format.empty()) {
        ImportOptions options = m_pendingOptions;
        if (preview.suggestedMapping && !options.mapping) options.mapping = preview.suggestedMapping;
        if (!preview.suggestedMapping) options.mapping.reset();
        import(path, options);
        return;
    }
    auto* dialog = new ImportDialog(path, preview, m_pendingOptions, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    m_dialog = dialog;
    connect(dialog, &ImportDialog::previewWanted, m_datasets,
            [this](const QString& wanted, const ImportOptions& options) { m_datasets->preview(wanted, options); });
    connect(dialog, &QDialog::accepted, this, [this, dialog, header = m_pendingHeader] {
        const ImportOptions options = dialog->options();
        if (m_settings && options.mapping && !header.isEmpty()) m_settings->rememberMapping(header, *options.mapping);
        import(dialog->path(), options);
    });
    dialog->open();
}

void DataPage::import(const QString& path, const ImportOptions& options) {
    if (m_settings) {
        m_settings->addRecentFile(path, options);
        fillRecent();
    }
    emit opened(path, options);
    m_datasets->import(path, options);
}

void DataPage::showDataset() {
    const DatasetPtr dataset = m_datasets->dataset();
    m_problem->hide();
    m_overview->setDataset(dataset, m_datasets->summary());
    m_items->setDataset(dataset);
    m_users->setDataset(dataset);
    m_split->setDataset(dataset, m_datasets->summary());
    showFiltered();
    m_issueModel->setReport(m_datasets->report());
    m_synthetic->setVisible(dataset && dataset->provenance().synthetic);
    if (!dataset) {
        m_title->setText(tr("No data yet"));
        m_source->setText(tr("Open a file or folder, drop one here, or get a public dataset."));
        m_rows->clear();
        return;
    }
    const Provenance& from = dataset->provenance();
    m_title->setText(QString::fromStdString(from.title));
    m_source->setText(from.synthetic
                          ? tr("Generated data: invented films, users and ratings; every user's true taste is known.")
                          : tr("%1  ·  %2  ·  %3").arg(QString::fromStdString(from.path), QString::fromStdString(from.format),
                                                       QLocale().formattedDataSize(static_cast<qint64>(from.bytes))));
    m_source->setToolTip(QString::fromStdString(from.path));
    if (const auto report = m_datasets->report()) {
        const QLocale locale;
        qint64 warnings = 0;
        for (const auto& issue : report->issues)
            if (issue.severity == Severity::Warning) warnings += issue.count;
        m_rows->setText(tr("%1 rows read, %2 used, %3 merged into another row of the same user and item, in %4 s.")
                            .arg(locale.toString(static_cast<qlonglong>(report->rowsRead)),
                                 locale.toString(static_cast<qlonglong>(report->rowsUsed)),
                                 locale.toString(static_cast<qlonglong>(report->duplicates)),
                                 locale.toString(report->seconds, 'f', 2)) +
                        QLatin1Char(' ') + duplicatesText(m_datasets->importOptions().duplicates) +
                        (report->issues.empty() ? tr(" No problems were found.") : QString()));
        m_tabs->setTabText(3, warnings > 0 ? tr("Import report (%1)").arg(locale.toString(warnings)) : tr("Import report"));
        m_issues->expandAll();
    }
}

void DataPage::showFiltered() {
    const SplitPtr split = m_datasets->currentSplit();
    const DatasetPtr all = m_datasets->dataset();
    m_filtered->setVisible(split && all && split->spec().filter.any());
    if (!m_filtered->isVisibleTo(this)) return;
    const Dataset& left = *split->dataset();
    const QLocale locale;
    const auto of = [&locale](qint64 some, qint64 whole) {
        return tr("%1 of %2").arg(locale.toString(some), locale.toString(whole));
    };
    m_filtered->setText(tr("Filtered for training: %1 users, %2 items, %3 interactions. The pages below show the whole data.")
                            .arg(of(left.userCount(), all->userCount()), of(left.itemCount(), all->itemCount()),
                                 of(left.interactionCount(), all->interactionCount())));
}

void DataPage::showError(const QString& what, const Error& error) {
    if (error.code == ErrorCode::Cancelled) {
        m_problem->hide();
        return;
    }
    const QString text = QString::fromStdString(error.text());
    if (m_dialog && m_dialog->isVisible()) {
        m_dialog->setError(text);
        return;
    }
    m_pendingPath.clear();
    m_split->setError({});
    m_problem->setText(what.isEmpty() ? text : tr("%1: %2").arg(what, text));
    m_problem->show();
}

void DataPage::setBusy(bool busy) {
    m_work->setVisible(busy);
    m_split->setBusy(busy);
    if (busy) {
        m_bar->setRange(0, 0);
        m_phase->setText(tr("Working …"));
    }
}

} // namespace recoscope
