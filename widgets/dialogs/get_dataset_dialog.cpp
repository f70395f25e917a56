// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/dialogs/get_dataset_dialog.h"

#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QTextBrowser>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace recoscope {

namespace {
QString sizeText(qint64 bytes) { return bytes > 0 ? QLocale().formattedDataSize(bytes) : GetDatasetDialog::tr("size unknown"); }

/// The published size, or an estimate that says so.
QString sizeText(const CatalogueEntry& entry) {
    const auto rough = [](qint64 bytes) { return QLocale().formattedDataSize(bytes, bytes < 1'000'000'000 ? 0 : 1); };
    if (entry.bytes <= 0 && entry.aboutBytes > 0)
        return GetDatasetDialog::tr("about %1").arg(rough(entry.aboutBytes));
    if (entry.bytes <= 0 && entry.atMostBytes > 0)
        return GetDatasetDialog::tr("under %1").arg(rough(entry.atMostBytes));
    return sizeText(entry.bytes);
}
} // namespace

GetDatasetDialog::GetDatasetDialog(std::vector<CatalogueEntry> entries, DownloadService* downloads,
                                   const QString& folder, QWidget* parent)
    : QDialog(parent), m_entries(std::move(entries)), m_downloads(downloads), m_folder(folder) {
    setWindowTitle(tr("Get a dataset"));
    resize(900, 620);

    m_search = new QLineEdit(this);
    m_search->setPlaceholderText(tr("Search the list"));
    m_search->setClearButtonEnabled(true);
    m_tree = new QTreeWidget(this);
    m_tree->setColumnCount(3);
    m_tree->setHeaderLabels({tr("Dataset"), tr("Interactions"), tr("Download")});
    m_tree->headerItem()->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
    m_tree->headerItem()->setTextAlignment(2, Qt::AlignRight | Qt::AlignVCenter);
    m_tree->header()->setStretchLastSection(false);
    m_tree->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_tree->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    m_tree->header()->setSectionResizeMode(2, QHeaderView::ResizeToContents);
    m_tree->setAlternatingRowColors(true);
    for (std::size_t n = 0; n < m_entries.size(); ++n) {
        const CatalogueEntry& entry = m_entries[n];
        QTreeWidgetItem* group = nullptr;
        for (int top = 0; top < m_tree->topLevelItemCount(); ++top)
            if (m_tree->topLevelItem(top)->text(0) == entry.group) group = m_tree->topLevelItem(top);
        if (!group) {
            group = new QTreeWidgetItem(m_tree, QStringList{entry.group});
            group->setFlags(Qt::ItemIsEnabled);
            group->setExpanded(true);
        }
        auto* item = new QTreeWidgetItem(
            group, QStringList{entry.title, entry.interactions > 0 ? QLocale().toString(entry.interactions) : QStringLiteral("–"),
                    sizeText(entry)});
        item->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
        item->setTextAlignment(2, Qt::AlignRight | Qt::AlignVCenter);
        item->setData(0, Qt::UserRole, static_cast<int>(n));
    }

    m_title = new QLabel(this);
    Theme::keepFont(m_title, 1.3, true);
    m_title->setWordWrap(true);
    m_figures = new QLabel(this);
    m_figures->setWordWrap(true);
    m_terms = new QTextBrowser(this);
    m_terms->setOpenLinks(false); // addresses are shown, not opened: no surprise browser
    m_accept = new QCheckBox(tr("I have read the terms and accept them"), this);
    m_target = new QLabel(tr("Goes to %1").arg(m_folder), this);
    m_target->setWordWrap(true);
    m_bar = new QProgressBar(this);
    m_bar->setVisible(false);
    m_state = new QLabel(this);
    m_state->setWordWrap(true);
    m_start = new QPushButton(this);
    m_start->setDefault(true);

    auto* right = new QWidget(this);
    auto* rightLayout = new QVBoxLayout(right);
    rightLayout->setContentsMargins(8, 0, 0, 0);
    rightLayout->addWidget(m_title);
    rightLayout->addWidget(m_figures);
    rightLayout->addWidget(m_terms, 1);
    rightLayout->addWidget(m_accept);
    rightLayout->addWidget(m_target);
    rightLayout->addWidget(m_bar);
    rightLayout->addWidget(m_state);
    auto* left = new QWidget(this);
    auto* leftLayout = new QVBoxLayout(left);
    leftLayout->setContentsMargins(0, 0, 0, 0);
    leftLayout->addWidget(m_search);
    leftLayout->addWidget(m_tree, 1);
    auto* splitter = new QSplitter(this);
    splitter->addWidget(left);
    splitter->addWidget(right);
    splitter->setSizes({460, 440});
    splitter->setChildrenCollapsible(false);

    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->addButton(m_start, QDialogButtonBox::ActionRole);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(splitter, 1);
    layout->addWidget(buttons);

    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_start, &QPushButton::clicked, this, &GetDatasetDialog::startOrCancel);
    connect(m_accept, &QCheckBox::toggled, this, [this] { setRunning(m_running); });
    connect(m_tree, &QTreeWidget::currentItemChanged, this, &GetDatasetDialog::showEntry);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& text) {
        for (int top = 0; top < m_tree->topLevelItemCount(); ++top) {
            QTreeWidgetItem* group = m_tree->topLevelItem(top);
            bool any = false;
            for (int n = 0; n < group->childCount(); ++n) {
                const bool match = text.isEmpty() || group->child(n)->text(0).contains(text, Qt::CaseInsensitive) ||
                                   group->text(0).contains(text, Qt::CaseInsensitive);
                group->child(n)->setHidden(!match);
                any = any || match;
            }
            group->setHidden(!any);
        }
    });
    connect(m_downloads, &DownloadService::progress, this, [this](qint64 received, qint64 total, double speed) {
        const qint64 all = total > 0 ? total : 0;
        m_bar->setRange(0, all > 0 ? 1000 : 0);
        if (all > 0) m_bar->setValue(static_cast<int>(1000.0 * static_cast<double>(received) / static_cast<double>(all)));
        say(tr("%1 of %2, %3/s").arg(sizeText(received), sizeText(all), sizeText(static_cast<qint64>(speed))), false);
    });
    connect(m_downloads, &DownloadService::finished, this, [this](const QString& path) {
        m_path = path;
        setRunning(false);
        accept();
    });
    connect(m_downloads, &DownloadService::failed, this, [this](const Error& error) {
        setRunning(false);
        say(QString::fromStdString(error.text()), error.code != ErrorCode::Cancelled);
    });

    if (m_tree->topLevelItemCount() > 0) m_tree->setCurrentItem(m_tree->topLevelItem(0)->child(0));
    showEntry();
}

const CatalogueEntry* GetDatasetDialog::current() const {
    const QTreeWidgetItem* item = m_tree->currentItem();
    if (!item || !item->data(0, Qt::UserRole).isValid()) return nullptr;
    return &m_entries[static_cast<std::size_t>(item->data(0, Qt::UserRole).toInt())];
}

void GetDatasetDialog::showEntry() {
    const CatalogueEntry* entry = current();
    m_accept->setChecked(false);
    if (entry) {
        m_title->setText(entry->title);
        QStringList figures{entry->summary};
        if (entry->interactions > 0)
            figures << tr("%1 interactions, %2 users, %3 items")
                           .arg(QLocale().toString(entry->interactions),
                                entry->users > 0 ? QLocale().toString(entry->users) : tr("unknown"),
                                entry->items > 0 ? QLocale().toString(entry->items) : tr("unknown"));
        m_figures->setText(figures.join(QLatin1Char('\n')));
        QString terms = entry->licence.toHtmlEscaped();
        terms.replace(QLatin1Char('\n'), QStringLiteral("<br>"));
        m_terms->setHtml(tr("<h4>Terms of use</h4><p>%1</p><h4>Please cite</h4><p>%2</p><h4>Address</h4><p>%3</p>")
                             .arg(terms, entry->citation.toHtmlEscaped(), entry->url.toString().toHtmlEscaped()));
    }
    setRunning(m_running);
}

void GetDatasetDialog::setRunning(bool running) {
    m_running = running;
    const CatalogueEntry* entry = current();
    m_start->setText(running ? tr("Cancel download") : tr("Download and open"));
    m_start->setEnabled(running || (entry && m_accept->isChecked()));
    m_tree->setEnabled(!running);
    m_search->setEnabled(!running);
    m_accept->setEnabled(!running && entry);
    m_bar->setVisible(running);
}

void GetDatasetDialog::say(const QString& text, bool problem) {
    m_state->setText(problem ? tr("Not downloaded: %1").arg(text) : text);
}

void GetDatasetDialog::startOrCancel() {
    if (m_running) {
        m_downloads->cancel();
        return;
    }
    const CatalogueEntry* entry = current();
    if (!entry) return;
    say(tr("Connecting to %1 …").arg(entry->url.host()), false);
    m_bar->setRange(0, 0);
    setRunning(true);
    m_downloads->start(*entry, m_folder);
}

void GetDatasetDialog::done(int result) {
    if (m_running) m_downloads->cancel();
    QDialog::done(result);
}

} // namespace recoscope
