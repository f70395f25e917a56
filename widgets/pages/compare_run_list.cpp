// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/compare_run_list.h"

#include "app/models/run_table_model.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPainter>
#include <QStyle>
#include <QStyledItemDelegate>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

constexpr int kIdRole = Qt::UserRole + 1;
constexpr int kSeriesRole = Qt::UserRole + 2; // of the colour; -1: not ticked

/// Boxes, colours and names in a line; data and split of a group below each other. (The style's own check
/// boxes do not stand where its padding puts the texts.)
class RunItemDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const ThemeColors& colors = Theme::current().colors();
        const bool enabled = option.state.testFlag(QStyle::State_Enabled);
        const bool group = !index.parent().isValid();
        painter->save();
        if (group ? option.state.testFlag(QStyle::State_HasFocus) : isCurrentRow(option, index))
            painter->fillRect(option.rect, colors.selection);
        QRect room = option.rect.adjusted(space::tiny, 0, -space::tiny, 0);
        if (group) {
            room.adjust(0, space::tiny, 0, 0);
            const QStringList lines = index.data().toString().split(QLatin1Char('\n'));
            for (qsizetype n = 0; n < lines.size(); ++n) {
                painter->setFont(Theme::current().font(n == 0 ? 1.0 : 0.92, n == 0));
                painter->setPen(n == 0 ? colors.text : colors.muted);
                room.setHeight(painter->fontMetrics().height());
                painter->drawText(room, Qt::AlignLeft | Qt::AlignVCenter,
                                  painter->fontMetrics().elidedText(lines[n], Qt::ElideRight, room.width()));
                room.translate(0, room.height());
            }
        } else {
            if (index.column() == 0) {
                QStyleOptionViewItem box = option;
                box.rect = QRect(room.left(), room.center().y() - 7, 16, 16);
                const bool checked = index.data(Qt::CheckStateRole).toInt() == Qt::Checked;
                box.state = (enabled ? QStyle::State_Enabled : QStyle::State_None) |
                            (checked ? QStyle::State_On : QStyle::State_Off);
                option.widget->style()->drawPrimitive(QStyle::PE_IndicatorItemViewItemCheck, &box, painter,
                                                      option.widget);
                room.setLeft(box.rect.right() + space::small);
                if (const int series = index.data(kSeriesRole).toInt(); series >= 0)
                    painter->fillRect(room.left(), room.center().y() - 2, 16, 6,
                                      Theme::current().series(series));
                room.setLeft(room.left() + 16 + space::small);
            }
            painter->setPen(enabled ? colors.text : option.palette.color(QPalette::Disabled, QPalette::Text));
            painter->setFont(option.font);
            painter->drawText(
                room, Qt::AlignVCenter | (index.column() == 0 ? Qt::AlignLeft : Qt::AlignRight),
                option.fontMetrics.elidedText(index.data().toString(), Qt::ElideMiddle, room.width()));
        }
        painter->restore();
    }
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
        const QString words = index.data().toString();
        const int line = option.fontMetrics.height();
        if (!index.parent().isValid())
            return {0, static_cast<int>(words.count(QLatin1Char('\n')) + 1) * line + 2 * space::tiny};
        const int before = index.column() == 0 ? 2 * (16 + space::small) : 0;
        return {before + option.fontMetrics.horizontalAdvance(words) + 2 * space::tiny, line + space::small};
    }

private:
    /// Selected, or the row of the current cell, whichever that is.
    static bool isCurrentRow(const QStyleOptionViewItem& option, const QModelIndex& index) {
        if (option.state.testFlag(QStyle::State_Selected)) return true;
        const auto* view = qobject_cast<const QAbstractItemView*>(option.widget);
        return view && view->hasFocus() && view->currentIndex().siblingAtColumn(index.column()) == index;
    }
};

/// The first metric that the list shows, of the test part.
QString headline(const RunRecord& run, const QString& key) {
    for (const NamedValue& metric : run.testMetrics)
        if (metric.key == key.toStdString()) return metricText(metric.value);
    return {};
}

QString percent(double share) { return QString::number(100.0 * share, 'g', 3); }

/// A trial of a search that did not win: no model, and no number on test. A list full of them hides the rest.
bool isLostTrial(const RunRecord& run) {
    return !run.study.isEmpty() && run.role.startsWith(QLatin1String("trial ")) && !run.hasModel &&
           run.testMetrics.empty() && run.status != RunStatus::Queued && run.status != RunStatus::Running;
}

/// Its title, and its place in a study.
QString titleInList(const RunRecord& run) {
    return run.study.isEmpty() || run.role.isEmpty() ? runTitle(run)
                                                     : QStringLiteral("%1 · %2").arg(runTitle(run), run.role);
}

} // namespace

QString whyNotComparable(const RunRecord& run) {
    if (run.status == RunStatus::Queued || run.status == RunStatus::Running)
        return CompareRunList::tr("still training");
    if (!run.hasModel && run.testMetrics.empty())
        return CompareRunList::tr("neither tested nor stored with a model");
    return {};
}

QString splitText(const SplitSpec& spec) {
    const QString test = CompareRunList::tr("%1 % test").arg(percent(spec.testFraction));
    switch (spec.kind) {
    case SplitKind::RandomPerUser:
        return CompareRunList::tr("random per user, %1, seed %2").arg(test).arg(spec.seed);
    case SplitKind::RandomGlobal:
        return CompareRunList::tr("random, %1, seed %2").arg(test).arg(spec.seed);
    case SplitKind::LeaveLastOut:
        return CompareRunList::tr("leave last out");
    case SplitKind::TimeCut:
        return CompareRunList::tr("cut in time, %1").arg(test);
    case SplitKind::UserFold:
        return CompareRunList::tr("held-out users, %1, seed %2").arg(test).arg(spec.seed);
    case SplitKind::KFold:
        return CompareRunList::tr("fold %1 of %2, seed %3").arg(spec.fold + 1).arg(spec.folds).arg(spec.seed);
    case SplitKind::Premade:
        return CompareRunList::tr("the files' own parts");
    case SplitKind::ColdUsers:
        return CompareRunList::tr("cold users, %1, seed %2").arg(test).arg(spec.seed);
    case SplitKind::ColdItems:
        return CompareRunList::tr("cold items, %1, seed %2").arg(test).arg(spec.seed);
    }
    return {};
}

CompareRunList::CompareRunList(QWidget* parent)
    : QWidget(parent) {
    auto* title = new QLabel(tr("Runs to compare"), this);
    Theme::keepFont(title, 1.0, true);
    m_tree = new QTreeWidget(this);
    m_tree->setObjectName(QStringLiteral("compareRuns"));
    m_tree->setAccessibleName(tr("Runs to compare: Space ticks a run"));
    m_tree->setHeaderLabels({tr("Run"), QString()});
    m_tree->setItemDelegate(new RunItemDelegate(m_tree));
    m_tree->setIndentation(space::medium);
    m_tree->setUniformRowHeights(false);
    m_tree->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_tree->header()->setStretchLastSection(false);
    m_tree->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_tree->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    title->setBuddy(m_tree);
    setFocusProxy(m_tree);
    m_search = new QLineEdit(this);
    m_search->setPlaceholderText(tr("Search runs"));
    m_search->setAccessibleName(tr("Search runs"));
    m_search->setClearButtonEnabled(true);
    connect(m_search, &QLineEdit::textChanged, this, &CompareRunList::filter);
    m_hint = new QLabel(this);
    m_hint->setProperty("role", "muted");
    m_hint->setWordWrap(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(title);
    column->addWidget(m_search);
    column->addWidget(m_tree, 1);
    column->addWidget(m_hint);
    connect(m_tree, &QTreeWidget::itemChanged, this, [this](QTreeWidgetItem* item, int) { take(item); });
    // A click anywhere in the row ticks it; one on the box has done so by itself.
    connect(m_tree, &QTreeWidget::itemPressed, this, [this] { m_ticked = false; });
    connect(m_tree, &QTreeWidget::itemClicked, this, [this](QTreeWidgetItem* item, int) {
        if (m_ticked || !item->parent() || !item->flags().testFlag(Qt::ItemIsEnabled)) return;
        item->setCheckState(0, item->checkState(0) == Qt::Checked ? Qt::Unchecked : Qt::Checked);
    });
    // Space ticks what has the box.
    connect(m_tree, &QTreeWidget::currentItemChanged, this, [this](QTreeWidgetItem* item) {
        if (item && m_tree->currentColumn() != 0) m_tree->setCurrentItem(item, 0);
    });
    update();
}

const RunRecord* CompareRunList::find(const QString& id) const {
    const auto found =
        std::find_if(m_runs.begin(), m_runs.end(), [&](const RunRecord& run) { return run.id == id; });
    return found == m_runs.end() ? nullptr : &*found;
}

void CompareRunList::setRuns(const std::vector<RunRecord>& runs) {
    // The library lists anew whenever a run moves on; what looks the same keeps its place on the screen.
    QStringList shown;
    for (const RunRecord& run : runs)
        shown << run.id << run.name << run.splitFingerprint << whyNotComparable(run)
              << QString::number(run.testMetrics.size()) << QString::number(run.hasModel);
    m_runs = runs;
    std::erase_if(m_runs, isLostTrial);
    if (shown == m_shown) return;
    m_shown = shown;
    const QStringList before = m_checked;
    m_checked.removeIf([this](const QString& id) {
        const RunRecord* run = find(id);
        return !run || !whyNotComparable(*run).isEmpty();
    });
    const QString key = headlineMetrics(runs).value(0);
    m_filling = true;
    const QString current =
        m_tree->currentItem() ? m_tree->currentItem()->data(0, kIdRole).toString() : QString();
    m_tree->clear();
    m_tree->setHeaderLabels({tr("Run"), key.isEmpty() ? QString() : metricLabel(key)});
    m_tree->headerItem()->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
    QHash<QString, QTreeWidgetItem*> groups;
    for (const RunRecord& run : m_runs) {
        QTreeWidgetItem*& group = groups[run.splitFingerprint];
        if (!group) {
            group = new QTreeWidgetItem(m_tree);
            group->setFlags(Qt::ItemIsEnabled);
            group->setToolTip(
                0, tr("%1\nSplit %2: %3. Runs of one split can be compared.")
                       .arg(run.datasetTitle, run.splitFingerprint, splitText(run.experiment.split)));
            group->setFirstColumnSpanned(true);
            group->setExpanded(true);
        }
        auto* item = new QTreeWidgetItem(group);
        item->setData(0, kIdRole, run.id);
        item->setText(0, titleInList(run));
        item->setText(1, headline(run, key));
        item->setTextAlignment(1, Qt::AlignRight | Qt::AlignVCenter);
        item->setCheckState(0, m_checked.contains(run.id) ? Qt::Checked : Qt::Unchecked);
        if (run.id == current) m_tree->setCurrentItem(item);
    }
    // The first step with the keyboard is a run, not its group.
    if (!m_tree->currentItem() && m_tree->topLevelItemCount() > 0)
        m_tree->setCurrentItem(m_tree->topLevelItem(0)->child(0), 0, QItemSelectionModel::NoUpdate);
    m_filling = false;
    filter();
    update();
    if (m_checked != before) emit checkedChanged();
}

/// Runs by name, id or data; ticked ones stay in sight.
void CompareRunList::filter() {
    const QString wanted = m_search->text().trimmed();
    for (int g = 0; g < m_tree->topLevelItemCount(); ++g) {
        QTreeWidgetItem* group = m_tree->topLevelItem(g);
        bool any = false;
        for (int n = 0; n < group->childCount(); ++n) {
            const RunRecord* run = find(group->child(n)->data(0, kIdRole).toString());
            const bool fits =
                run && (m_checked.contains(run->id) || run->id.contains(wanted, Qt::CaseInsensitive) ||
                        run->name.contains(wanted, Qt::CaseInsensitive) ||
                        run->datasetTitle.contains(wanted, Qt::CaseInsensitive));
            group->child(n)->setHidden(!fits);
            any = any || fits;
        }
        group->setHidden(!any);
    }
}

void CompareRunList::setCheckedRuns(const QStringList& ids) {
    QStringList wanted;
    const RunRecord* first = nullptr;
    for (const QString& id : ids) {
        const RunRecord* run = find(id);
        if (!run || !whyNotComparable(*run).isEmpty() || wanted.contains(id)) continue;
        if (first && run->splitFingerprint != first->splitFingerprint) continue;
        if (!first) first = run;
        wanted << id;
    }
    if (wanted == m_checked) return;
    m_checked = wanted;
    update();
    emit checkedChanged();
}

std::vector<RunToCompare> CompareRunList::runsToCompare() const {
    std::vector<RunToCompare> runs;
    for (const QString& id : m_checked)
        if (const RunRecord* run = find(id)) runs.push_back({id, runTitle(*run)});
    return runs;
}

int CompareRunList::possibleRuns() const {
    const RunRecord* first = m_checked.isEmpty() ? nullptr : find(m_checked.front());
    return static_cast<int>(std::count_if(m_runs.begin(), m_runs.end(), [&](const RunRecord& run) {
        return whyNotComparable(run).isEmpty() && (!first || run.splitFingerprint == first->splitFingerprint);
    }));
}

void CompareRunList::take(QTreeWidgetItem* item) {
    if (m_filling || !item->parent()) return;
    const QString id = item->data(0, kIdRole).toString();
    const bool checked = item->checkState(0) == Qt::Checked;
    if (checked == m_checked.contains(id)) return;
    m_ticked = true;
    if (checked)
        m_checked << id;
    else
        m_checked.removeAll(id);
    update();
    emit checkedChanged();
}

/// Boxes, colours and who is greyed, by what is ticked.
void CompareRunList::update() {
    m_filling = true;
    const RunRecord* first = m_checked.isEmpty() ? nullptr : find(m_checked.front());
    for (int g = 0; g < m_tree->topLevelItemCount(); ++g) {
        QTreeWidgetItem* group = m_tree->topLevelItem(g);
        const RunRecord* one = find(group->child(0)->data(0, kIdRole).toString());
        QString barred;
        if (one && first && one->splitFingerprint != first->splitFingerprint)
            barred = one->datasetFingerprint == first->datasetFingerprint
                         ? tr("another split than the ticked runs")
                         : tr("other data than the ticked runs");
        if (one)
            group->setText(0, one->datasetTitle + QLatin1Char('\n') + splitText(one->experiment.split) +
                                  (barred.isEmpty() ? QString() : QLatin1Char('\n') + barred));
        for (int n = 0; n < group->childCount(); ++n) {
            QTreeWidgetItem* item = group->child(n);
            const RunRecord* run = find(item->data(0, kIdRole).toString());
            if (!run) continue;
            const QString own = whyNotComparable(*run);
            const QString why = own.isEmpty() ? barred : own;
            Qt::ItemFlags flags = Qt::ItemIsUserCheckable | Qt::ItemIsSelectable | Qt::ItemNeverHasChildren;
            if (why.isEmpty()) flags |= Qt::ItemIsEnabled;
            item->setFlags(flags);
            item->setCheckState(0, m_checked.contains(run->id) ? Qt::Checked : Qt::Unchecked);
            item->setData(0, kSeriesRole, static_cast<int>(m_checked.indexOf(run->id)));
            QString tip = QStringLiteral("%1\n%2, %3")
                              .arg(run->name, runStatusText(run->status),
                                   QLocale().toString(run->created.toLocalTime(), QLocale::ShortFormat));
            if (!run->hasModel)
                tip += QLatin1Char('\n') + tr("No stored model: only its stored numbers can be compared.");
            if (!why.isEmpty()) tip = tr("Cannot be ticked: %1").arg(why) + QLatin1Char('\n') + tip;
            item->setToolTip(0, tip);
            item->setText(0, own.isEmpty() ? titleInList(*run)
                                           : QStringLiteral("%1 – %2").arg(titleInList(*run), own));
        }
    }
    m_filling = false;
    m_hint->setText(m_runs.empty() ? tr("No runs yet.")
                    : m_checked.isEmpty()
                        ? tr("Tick the runs to compare. Only runs of the same data and split have "
                             "numbers that can be set side by side.")
                    : m_checked.size() == 1 ? tr("Tick one more run of this split.")
                                            : tr("%1 runs ticked.").arg(m_checked.size()));
}

void CompareRunList::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (!m_hint || (event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange)) return;
    update();
}

} // namespace recoscope
