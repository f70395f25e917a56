// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/algorithm_picker.h"

#include "engine/models/registry.h"

#include "widgets/style/theme.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QSortFilterProxyModel>
#include <QTreeView>
#include <QVBoxLayout>

namespace recoscope {

namespace {

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

} // namespace

AlgorithmModel::AlgorithmModel(QObject* parent)
    : QStandardItemModel(parent) {
    QStandardItem* family = nullptr;
    QString familyName;
    for (const AlgorithmInfo& info : algorithms()) {
        if (!family || familyName != text(info.family)) {
            familyName = text(info.family);
            family = new QStandardItem(familyName);
            family->setFlags(Qt::ItemIsEnabled);
            family->setData(true, Qt::AccessibleDescriptionRole);
            appendRow(family);
        }
        auto* item = new QStandardItem(text(info.title));
        item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren);
        item->setData(text(info.id), AlgorithmIdRole);
        item->setData(QStringList{text(info.title), text(info.id), familyName, text(info.summary)}.join(
                          QLatin1Char(' ')),
                      SearchRole);
        item->setToolTip(QStringLiteral("<p>%1</p>").arg(text(info.summary).toHtmlEscaped()));
        family->appendRow(item);
    }
}

AlgorithmPicker::AlgorithmPicker(QWidget* parent)
    : QWidget(parent) {
    m_model = new AlgorithmModel(this);
    m_filter = new QSortFilterProxyModel(this);
    m_filter->setSourceModel(m_model);
    m_filter->setFilterRole(AlgorithmModel::SearchRole);
    m_filter->setFilterCaseSensitivity(Qt::CaseInsensitive);
    m_filter->setRecursiveFilteringEnabled(true);
    m_search = new QLineEdit(this);
    m_search->setPlaceholderText(tr("Search algorithms"));
    m_search->setClearButtonEnabled(true);
    m_search->setObjectName(QStringLiteral("algorithmSearch"));
    m_magnifier = m_search->addAction(themedIcon(QStringLiteral("search"), Theme::current().colors().muted),
                                      QLineEdit::LeadingPosition);
    m_view = new QTreeView(this);
    m_view->setModel(m_filter);
    m_view->setHeaderHidden(true);
    m_view->setRootIsDecorated(false);
    m_view->setItemsExpandable(false);
    m_view->setIndentation(Theme::current().scaled(14));
    m_view->setUniformRowHeights(true);
    m_view->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_view->setObjectName(QStringLiteral("algorithmList"));
    m_view->setAccessibleName(tr("Algorithms"));
    m_view->expandAll();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::tiny);
    column->addWidget(m_search);
    column->addWidget(m_view, 1);
    connect(m_search, &QLineEdit::textChanged, this, [this](const QString& words) {
        m_filter->setFilterFixedString(words.trimmed());
        m_view->expandAll();
        if (m_view->currentIndex().isValid()) m_view->scrollTo(m_view->currentIndex());
    });
    m_search->installEventFilter(this);
    connect(m_search, &QLineEdit::returnPressed, this, [this] {
        if (const QModelIndex best = bestMatch(); best.isValid()) m_view->setCurrentIndex(best);
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this] {
        if (const AlgorithmInfo* info = current()) emit currentChanged(info);
    });
}

QModelIndex AlgorithmPicker::bestMatch() const {
    const QString words = m_search->text().trimmed();
    const auto closeness = [&words](const QModelIndex& index) {
        const QString title = index.data().toString();
        for (const QString& name : {title, index.data(AlgorithmModel::AlgorithmIdRole).toString()})
            if (name.compare(words, Qt::CaseInsensitive) == 0) return 3;
        if (title.startsWith(words, Qt::CaseInsensitive)) return 2;
        return title.contains(words, Qt::CaseInsensitive) ? 1 : 0;
    };
    QModelIndex best;
    for (int family = 0; family < m_filter->rowCount(); ++family) {
        const QModelIndex head = m_filter->index(family, 0);
        for (int row = 0; row < m_filter->rowCount(head); ++row) {
            const QModelIndex index = m_filter->index(row, 0, head);
            if (!best.isValid() || closeness(index) > closeness(best)) best = index;
        }
    }
    return best;
}

void AlgorithmPicker::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && m_magnifier)
        m_magnifier->setIcon(themedIcon(QStringLiteral("search"), Theme::current().colors().muted));
}

bool AlgorithmPicker::eventFilter(QObject* watched, QEvent* event) {
    if (watched == m_search && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
        if (!current()) emit m_search->returnPressed(); // the best match
        m_view->setFocus(Qt::TabFocusReason);
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

const AlgorithmInfo* AlgorithmPicker::current() const {
    const QString id = m_view->currentIndex().data(AlgorithmModel::AlgorithmIdRole).toString();
    return id.isEmpty() ? nullptr : findAlgorithm(id.toStdString());
}

bool AlgorithmPicker::select(std::string_view id) {
    const QModelIndexList found = m_model->match(m_model->index(0, 0), AlgorithmModel::AlgorithmIdRole,
                                                 text(id), 1, Qt::MatchExactly | Qt::MatchRecursive);
    if (found.isEmpty()) return false;
    if (!m_filter->mapFromSource(found.front()).isValid()) m_search->clear();
    m_view->setCurrentIndex(m_filter->mapFromSource(found.front()));
    m_view->scrollTo(m_view->currentIndex());
    return true;
}

} // namespace recoscope
