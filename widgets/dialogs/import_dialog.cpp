// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/dialogs/import_dialog.h"

#include "widgets/style/theme.h"

#include "app/models/preview_model.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileInfo>
#include <QFormLayout>
#include <QGridLayout>
#include <QGroupBox>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

void selectData(QComboBox* box, const QVariant& data) {
    const int at = box->findData(data);
    box->setCurrentIndex(at >= 0 ? at : 0);
}

QString fromUtf8(std::string_view text) { return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size())); }

} // namespace

ImportDialog::ImportDialog(const QString& path, const FormatPreview& preview, const ImportOptions& options,
                           QWidget* parent)
    : QDialog(parent), m_path(path), m_options(options) {
    setWindowTitle(tr("Import %1").arg(QFileInfo(path).fileName()));
    resize(860, 620);

    m_title = new QLabel(this);
    Theme::keepFont(m_title, 1.4, true);
    m_description = new QLabel(this);
    m_description->setWordWrap(true);
    m_files = new QLabel(this);
    m_files->setWordWrap(true);
    m_files->setTextInteractionFlags(Qt::TextSelectableByMouse);

    m_format = new QComboBox(this);
    m_format->addItem(tr("As detected"), QString());
    for (const FormatInfo& info : formats()) {
        m_format->addItem(fromUtf8(info.title), fromUtf8(info.id));
        m_format->setItemData(m_format->count() - 1, fromUtf8(info.description), Qt::ToolTipRole);
    }
    m_duplicates = new QComboBox(this);
    m_duplicates->setToolTip(tr("What to do when the same user has several rows for the same item"));
    m_duplicates->addItem(tr("Keep the last"), static_cast<int>(DuplicatePolicy::KeepLast));
    m_duplicates->addItem(tr("Keep the first"), static_cast<int>(DuplicatePolicy::KeepFirst));
    m_duplicates->addItem(tr("Mean of the ratings"), static_cast<int>(DuplicatePolicy::Mean));
    m_duplicates->addItem(tr("Sum of the ratings"), static_cast<int>(DuplicatePolicy::Sum));
    m_duplicates->addItem(tr("Highest rating"), static_cast<int>(DuplicatePolicy::Max));
    selectData(m_format, QString::fromStdString(options.format));
    selectData(m_duplicates, static_cast<int>(options.duplicates));

    auto* form = new QFormLayout;
    form->addRow(tr("Format"), m_format);
    form->addRow(tr("Repeated pairs"), m_duplicates);

    m_mapping = new QGroupBox(tr("Which column is what"), this);
    buildMapping(m_mapping);
    m_guess = new QLabel(tr("Nothing in the file says which column is what. The choice below is a guess: check it before "
                            "importing."),
                         this);
    m_guess->setWordWrap(true);
    m_guess->setProperty("role", "warning");
    m_guess->setObjectName(QStringLiteral("guess"));

    m_model = new PreviewModel(this);
    m_table = new QTableView(this);
    m_table->setModel(m_model);
    m_table->setSelectionMode(QAbstractItemView::NoSelection);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setAlternatingRowColors(true);
    m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 8);
    m_table->setWordWrap(false);

    m_problem = new QLabel(this);
    m_problem->setWordWrap(true);
    m_problem->setObjectName(QStringLiteral("problem"));
    m_buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_buttons->addButton(tr("Import"), QDialogButtonBox::AcceptRole)->setDefault(true);
    connect(m_buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(m_buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);

    auto* layout = new QVBoxLayout(this);
    layout->addWidget(m_title);
    layout->addWidget(m_description);
    layout->addWidget(m_files);
    layout->addLayout(form);
    layout->addWidget(m_guess);
    layout->addWidget(m_mapping);
    layout->addWidget(new QLabel(tr("The first rows, as read:"), this));
    layout->addWidget(m_table, 1);
    layout->addWidget(m_problem);
    layout->addWidget(m_buttons);

    connect(m_format, &QComboBox::currentIndexChanged, this, &ImportDialog::lookAgain);
    setPreview(preview);
}

void ImportDialog::buildMapping(QWidget* parent) {
    m_delimiter = new QComboBox(parent);
    m_delimiter->addItem(tr("Comma  ,"), int(','));
    m_delimiter->addItem(tr("Tab"), int('\t'));
    m_delimiter->addItem(tr("Semicolon  ;"), int(';'));
    m_delimiter->addItem(tr("Bar  |"), int('|'));
    m_delimiter->addItem(tr("Space"), int(' '));
    m_delimiter->addItem(tr("Colon  :"), int(':'));
    m_quote = new QComboBox(parent);
    m_quote->addItem(tr("Double quote  \""), int('"'));
    m_quote->addItem(tr("Single quote  '"), int('\''));
    m_quote->addItem(tr("None"), int('\0'));
    m_header = new QCheckBox(tr("The first line names the columns"), parent);
    m_user = new QComboBox(parent);
    m_item = new QComboBox(parent);
    m_rating = new QComboBox(parent);
    m_time = new QComboBox(parent);

    auto* grid = new QGridLayout(parent);
    const auto put = [&](int row, int column, const QString& label, QWidget* field) {
        auto* text = new QLabel(label, parent);
        text->setBuddy(field);
        grid->addWidget(text, row, column * 2);
        grid->addWidget(field, row, column * 2 + 1);
    };
    put(0, 0, tr("User"), m_user);
    put(0, 1, tr("Item"), m_item);
    put(0, 2, tr("Delimiter"), m_delimiter);
    put(1, 0, tr("Rating"), m_rating);
    put(1, 1, tr("Time"), m_time);
    put(1, 2, tr("Quote"), m_quote);
    grid->addWidget(m_header, 2, 0, 1, 6);
    for (int column = 1; column < 6; column += 2) grid->setColumnStretch(column, 1);

    for (QComboBox* box : {m_user, m_item, m_rating, m_time})
        connect(box, &QComboBox::currentIndexChanged, this, &ImportDialog::updateState);
    for (QComboBox* box : {m_delimiter, m_quote})
        connect(box, &QComboBox::currentIndexChanged, this, &ImportDialog::lookAgain);
    connect(m_header, &QCheckBox::toggled, this, &ImportDialog::lookAgain);
}

void ImportDialog::fillColumns() {
    const ColumnMapping mapping = m_preview.suggestedMapping.value_or(ColumnMapping{});
    std::size_t count = m_preview.columns.size();
    for (const auto& row : m_preview.rows) count = std::max(count, row.size());
    const auto fill = [&](QComboBox* box, int selected, bool optional) {
        box->clear();
        if (optional) box->addItem(tr("(not there)"), -1);
        for (std::size_t n = 0; n < count; ++n) {
            const QString name = n < m_preview.columns.size() ? QString::fromStdString(m_preview.columns[n]) : QString();
            box->addItem(name.isEmpty() ? tr("column %1").arg(n + 1) : name, static_cast<int>(n));
        }
        selectData(box, selected);
    };
    fill(m_user, mapping.user, false);
    fill(m_item, mapping.item, false);
    fill(m_rating, mapping.rating, true);
    fill(m_time, mapping.time, true);
    selectData(m_delimiter, int(mapping.delimiter));
    selectData(m_quote, int(mapping.quote));
    m_header->setChecked(mapping.header);
}

void ImportDialog::setPreview(const FormatPreview& preview) {
    m_filling = true;
    m_preview = preview;
    m_title->setText(preview.title.empty() ? tr("Unknown format") : QString::fromStdString(preview.title));
    m_description->setText(QString::fromStdString(preview.description));
    QStringList files;
    for (const auto& file : preview.files) files << QString::fromStdString(file);
    QString text = tr("%1 · %2").arg(files.join(QStringLiteral(", ")), QLocale().formattedDataSize(static_cast<qint64>(preview.bytes)));
    if (!preview.ignored.empty()) {
        QStringList ignored;
        for (const auto& file : preview.ignored) ignored << QString::fromStdString(file);
        text += QLatin1Char('\n') + tr("Not read: %1").arg(ignored.join(QStringLiteral(", ")));
    }
    m_files->setText(text);
    m_model->setPreview(preview);
    m_mapping->setVisible(preview.suggestedMapping.has_value());
    if (preview.suggestedMapping) fillColumns();
    m_guess->setVisible(preview.needsMapping && preview.suggestedMapping.has_value());
    m_filling = false;
    setError({});
    updateState();
}

void ImportDialog::setError(const QString& text) {
    m_problem->setText(text);
    m_problem->setVisible(!text.isEmpty());
}

ColumnMapping ImportDialog::mappingFromForm() const {
    ColumnMapping mapping;
    mapping.delimiter = static_cast<char>(m_delimiter->currentData().toInt());
    mapping.quote = static_cast<char>(m_quote->currentData().toInt());
    mapping.header = m_header->isChecked();
    mapping.user = m_user->currentData().toInt();
    mapping.item = m_item->currentData().toInt();
    mapping.rating = m_rating->currentData().toInt();
    mapping.time = m_time->currentData().toInt();
    return mapping;
}

ImportOptions ImportDialog::options() const {
    ImportOptions options = m_options;
    options.format = m_format->currentData().toString().toStdString();
    options.duplicates = static_cast<DuplicatePolicy>(m_duplicates->currentData().toInt());
    if (m_preview.suggestedMapping)
        options.mapping = mappingFromForm();
    else
        options.mapping.reset();
    return options;
}

void ImportDialog::updateState() {
    if (m_filling) return;
    bool usable = !m_preview.format.empty();
    QString problem;
    if (!usable) problem = tr("Nothing that can be imported was found here. Choose a format above, or another file.");
    if (m_preview.suggestedMapping) {
        const ColumnMapping mapping = mappingFromForm();
        m_model->setMapping(mapping);
        std::vector<int> used;
        for (const int column : {mapping.user, mapping.item, mapping.rating, mapping.time})
            if (column >= 0) used.push_back(column);
        std::sort(used.begin(), used.end());
        if (std::adjacent_find(used.begin(), used.end()) != used.end()) {
            usable = false;
            problem = tr("One column is chosen twice. User, item, rating and time need different columns.");
        } else if (mapping.rating < 0) {
            problem = tr("No rating column: every row counts as one interaction (implicit feedback).");
        }
    } else {
        m_model->setMapping(std::nullopt);
    }
    sizeColumns();
    setError(problem);
    for (QAbstractButton* button : m_buttons->buttons())
        if (m_buttons->buttonRole(button) == QDialogButtonBox::AcceptRole) button->setEnabled(usable);
}

void ImportDialog::sizeColumns() {
    // As wide as the title says or the rows need: titles grow when a column becomes the user.
    m_table->resizeColumnsToContents();
    for (int column = 0; column < m_model->columnCount(); ++column)
        m_table->setColumnWidth(column, std::max(m_table->horizontalHeader()->sectionSizeHint(column) + 12,
                                                 std::min(m_table->columnWidth(column), 320)));
}

void ImportDialog::lookAgain() {
    if (m_filling) return;
    emit previewWanted(m_path, options());
}

} // namespace recoscope
