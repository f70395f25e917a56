// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/inspect_page.h"

#include "app/models/dataset_table_model.h"
#include "app/models/explanation_model.h"
#include "app/models/recommendation_model.h"
#include "app/session/browse_service.h"
#include "app/session/dataset_service.h"
#include "app/session/live_run.h"
#include "app/session/run_test.h"
#include "app/session/training_service.h"
#include "widgets/delegates/bar_delegate.h"
#include "widgets/pages/browse_table.h"
#include "widgets/pages/code_view.h"
#include "widgets/pages/metric_card_view.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QLabel>
#include <QLocale>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace recoscope {

namespace {

const QString storedKey = QStringLiteral("*stored*");
constexpr int neighbourCount = 20;
constexpr int codeTab = 1;
constexpr int metricTab = 2;

QLabel* heading(const QString& text, QWidget* parent) {
    auto* label = new QLabel(text, parent);
    Theme::keepFont(label, 1.1, true);
    label->setWordWrap(true);
    return label;
}

QWidget* column(std::initializer_list<QWidget*> widgets, QWidget* parent) {
    auto* holder = new QWidget(parent);
    auto* layout = new QVBoxLayout(holder);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::tiny);
    for (QWidget* widget : widgets)
        layout->addWidget(widget, qobject_cast<QLabel*>(widget) ? 0 : 1);
    return holder;
}

QString idOf(std::string_view id) { return QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size())); }

} // namespace

InspectPage::InspectPage(TrainingService* training, DatasetService* datasets, QWidget* parent)
    : QWidget(parent)
    , m_training(training)
    , m_datasets(datasets)
    , m_queries(new QueryService(this))
    , m_browse(new BrowseService(this)) {
    m_users = new BrowseTable(BrowseKind::Users, m_browse, this);

    auto* empty =
        new QLabel(tr("No model yet.\n\nTrain one on the Train page; its recommendations show up here, "
                      "also while it is still training."),
                   this);
    empty->setAlignment(Qt::AlignCenter);
    empty->setProperty("role", "muted");
    Theme::keepFont(empty, 1.15);

    auto* lists = new QSplitter(this);
    lists->setObjectName(QStringLiteral("inspectListsSplitter"));
    lists->setChildrenCollapsible(false);
    lists->addWidget(buildCentre());
    lists->addWidget(buildSide());
    lists->setStretchFactor(0, 5);
    lists->setStretchFactor(1, 3);
    lists->setSizes({552, 306});
    lists->setHandleWidth(space::medium);
    lists->setContentsMargins(0, space::tiny, 0, 0);
    m_code = new CodeView(m_queries, this);
    m_tabs = new QTabWidget(this);
    m_tabs->setObjectName(QStringLiteral("inspectTabs"));
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(lists, tr("Recommendations"));
    m_tabs->addTab(m_code, tr("Code"));
    m_tabs->setTabToolTip(codeTab, tr("The user's history squeezed into a code and rebuilt from it"));
    m_tabs->setTabBarAutoHide(false);
    m_card = new MetricCardView(m_queries, this);
    m_tabs->addTab(m_card, tr("Metric"));
    m_tabs->setTabToolTip(metricTab, tr("One number of this user with every step of its calculation"));
    m_tabs->setTabVisible(codeTab, false);
    auto* splitter = new QSplitter(this);
    splitter->setObjectName(QStringLiteral("inspectUsersSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(column({heading(tr("Users"), this), m_users}, this));
    splitter->addWidget(m_tabs);
    splitter->setStretchFactor(0, 2);
    splitter->setStretchFactor(1, 8);
    splitter->setSizes({272, 870});
    splitter->setHandleWidth(space::medium);

    m_stack = new QStackedWidget(this);
    m_stack->addWidget(empty);
    m_stack->addWidget(splitter);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::large, space::medium, space::large, space::medium);
    layout->setSpacing(space::small);
    layout->addWidget(buildTop());
    layout->addWidget(m_stack, 1);

    connect(m_code, &CodeView::itemActivated, this, [this](ItemIndex item) {
        showCode(false);
        showItem(item);
    });
    connect(m_card, &MetricCardView::itemActivated, this, [this](ItemIndex item) {
        m_tabs->setCurrentIndex(0);
        showItem(item);
    });
    connect(m_users, &BrowseTable::currentChanged, this, [this](std::int32_t user) {
        if (user >= 0 && (!m_user || toInt(*m_user) != user)) {
            m_user = UserIndex{user};
            m_item.reset();
            ask();
        }
    });
    connect(m_runs, &QComboBox::activated, this, [this](int at) {
        const QString key = m_runs->itemData(at).toString();
        if (key == storedKey && m_stored) {
            m_run.clear();
            m_shownRun.clear();
            m_before.reset();
            showModel(*m_stored);
        } else {
            takeRun(key);
        }
        updateWatch();
    });
    connect(m_count, &QSpinBox::valueChanged, this, &InspectPage::ask);
    connect(m_top->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& index) {
                if (!index.isValid() || m_selecting) return;
                m_item = ItemIndex{index.data(RecommendationModel::ItemRole).toInt()};
                askItem();
            });
    const auto showClicked = [this](const QModelIndex& index, int role) {
        const QVariant item = index.siblingAtColumn(0).data(role);
        if (item.isValid() && item.toInt() >= 0) showItem(ItemIndex{item.toInt()});
    };
    connect(m_history, &QTableView::clicked, this,
            [showClicked](const QModelIndex& index) { showClicked(index, HistoryModel::ItemRole); });
    connect(m_heldOut, &QTableView::clicked, this,
            [showClicked](const QModelIndex& index) { showClicked(index, HeldOutModel::ItemRole); });
    connect(m_similar, &QTableView::doubleClicked, this,
            [showClicked](const QModelIndex& index) { showClicked(index, RecommendationModel::ItemRole); });

    connect(m_training, &TrainingService::runQueued, this, &InspectPage::fillRuns);
    connect(m_training, &TrainingService::runStarted, this, [this](const QString& run) {
        fillRuns();
        // The newest run is what a person wants to see, unless it is one of many trials.
        const LiveRun* live = m_training->run(run);
        if ((live && live->record.study.isEmpty()) || (m_run.isEmpty() && !m_stored)) takeRun(run);
        updateWatch();
    });
    connect(m_training, &TrainingService::modelChanged, this, [this](const QString& run) {
        if (m_run.isEmpty() && !m_stored) m_run = run;
        if (run == m_run) takeRun(run);
    });
    connect(m_training, &TrainingService::runEnded, this, [this](const QString& run) {
        if (run == m_run) takeRun(run);
    });
    connect(m_queries, &QueryService::recommended, this, &InspectPage::take);
    connect(m_queries, &QueryService::neighboursFound, this, [this](const NeighbourAnswer& answer) {
        if (answer.ticket != m_neighbourTicket) return;
        m_similarModel->setRows(answer.neighbours);
    });
    connect(m_queries, &QueryService::explained, this, [this](const ExplainAnswer& answer) {
        if (answer.ticket != m_explainTicket || !m_shown.split) return;
        m_reasonModel->setExplanation(answer.explanation, m_shown.split->dataset());
        const Explanation& why = answer.explanation;
        QString text = QString::fromStdString(why.summary);
        if (why.additive) {
            if (!text.isEmpty()) text += QLatin1Char(' ');
            text +=
                why.baseline != 0.0
                    ? tr("Score %1 = %2 + the parts below.")
                          .arg(QLocale().toString(why.score, 'f', 3),
                               QLocale().toString(why.baseline, 'f', 3))
                    : tr("Score %1 = the sum of the parts below.").arg(QLocale().toString(why.score, 'f', 3));
        }
        m_why->setText(text);
    });
    connect(m_queries, &QueryService::failed, this, [this](quint64 ticket, const Error& error) {
        if (ticket == m_explainTicket) {
            m_reasonModel->setExplanation({}, nullptr);
            m_why->setText(QString::fromStdString(error.text()));
        } else if (ticket == m_recommendTicket) {
            m_userText->setText(QString::fromStdString(error.text()));
        }
    });
    fillRuns();
}

InspectPage::~InspectPage() = default;

QWidget* InspectPage::buildTop() {
    auto* top = new QWidget(this);
    m_runs = new QComboBox(top);
    m_runs->setMinimumContentsLength(28);
    m_runs->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_runs->setToolTip(tr("Which model recommends"));
    m_state = new QLabel(top);
    m_state->setProperty("role", "muted");
    m_count = new QSpinBox(top);
    m_count->setRange(1, 500);
    m_count->setValue(20);
    m_count->setToolTip(tr("How many items are recommended"));
    auto* model = new QLabel(tr("Model"), top);
    model->setBuddy(m_runs);
    auto* count = new QLabel(tr("Top"), top);
    count->setBuddy(m_count);
    auto* layout = new QHBoxLayout(top);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(model);
    layout->addWidget(m_runs);
    layout->addWidget(m_state, 1);
    layout->addWidget(count);
    layout->addWidget(m_count);
    return top;
}

QTableView* InspectPage::makeTable(QAbstractItemModel* model, int stretchColumn) {
    auto* table = new QTableView(this);
    table->setModel(model);
    setUpRowTable(table);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->horizontalHeader()->setMinimumSectionSize(36);
    // Numbers take the room they need, the title takes the rest; genres and reasons may be pulled wider.
    const auto size = [table, stretchColumn] {
        auto* header = table->horizontalHeader();
        const QAbstractItemModel* shown = table->model();
        for (int n = 0; n < shown->columnCount(); ++n) {
            const auto alignment =
                shown->headerData(n, Qt::Horizontal, Qt::TextAlignmentRole).value<Qt::Alignment>();
            const bool text = !(alignment & Qt::AlignRight);
            header->setSectionResizeMode(n, n == stretchColumn ? QHeaderView::Stretch
                                            : text             ? QHeaderView::Interactive
                                                               : QHeaderView::ResizeToContents);
            if (n != stretchColumn && text)
                header->resizeSection(
                    n, std::min(std::max(Theme::current().scaled(120), table->viewport()->width() / 4),
                                std::max(header->sectionSizeHint(n),
                                         static_cast<QAbstractItemView*>(table)->sizeHintForColumn(n))));
        }
    };
    connect(model, &QAbstractItemModel::modelReset, table, size);
    size();
    return table;
}

QWidget* InspectPage::buildCentre() {
    m_userTitle = heading(tr("Pick a user"), this);
    m_userText = new QLabel(this);
    m_userText->setWordWrap(true);
    m_userText->setProperty("role", "muted");
    m_topTitle = heading(tr("Recommendations"), this);
    m_topModel = new RecommendationModel(RecommendationModel::Kind::Recommendations, this);
    m_top = makeTable(m_topModel, 1);
    m_top->setItemDelegate(new HitDelegate(RecommendationModel::HitRole, m_top));

    m_itemTitle = heading(tr("Click an item to see why it is there, and what is like it"), this);
    m_why = new QLabel(this);
    m_why->setWordWrap(true);
    m_why->setProperty("role", "muted");
    m_reasonModel = new ExplanationModel(this);
    m_reasons = makeTable(m_reasonModel, ExplanationModel::Reason);
    m_reasons->setItemDelegateForColumn(ExplanationModel::Contribution,
                                        new BarDelegate(ExplanationModel::ShareRole, m_reasons));
    m_similarModel = new RecommendationModel(RecommendationModel::Kind::Neighbours, this);
    m_similar = makeTable(m_similarModel, 1);
    m_similar->setToolTip(tr("Double-click to go on from an item"));
    m_itemTabs = new QTabWidget(this);
    m_itemTabs->setDocumentMode(true);
    m_itemTabs->addTab(column({m_why, m_reasons}, this), tr("Why"));
    m_itemTabs->addTab(m_similar, tr("Similar items"));

    auto* centre = new QSplitter(Qt::Vertical, this);
    centre->setObjectName(QStringLiteral("inspectCentreSplitter"));
    centre->setChildrenCollapsible(false);
    centre->setHandleWidth(space::small);
    centre->addWidget(column({m_userTitle, m_userText, m_topTitle, m_top}, this));
    centre->addWidget(column({m_itemTitle, m_itemTabs}, this));
    centre->setStretchFactor(0, 3);
    centre->setStretchFactor(1, 2);
    return centre;
}

QWidget* InspectPage::buildSide() {
    m_historyTitle = heading(tr("History"), this);
    m_historyModel = new HistoryModel(this);
    m_history = makeTable(m_historyModel, HistoryModel::Title);
    m_heldOutTitle = heading(tr("Held out"), this);
    m_heldOutTitle->setToolTip(tr("Items of this user that the model never saw: what it should find"));
    m_heldOutModel = new HeldOutModel(this);
    m_heldOut = makeTable(m_heldOutModel, HeldOutModel::Title);
    auto* side = new QSplitter(Qt::Vertical, this);
    side->setObjectName(QStringLiteral("inspectSideSplitter"));
    side->setChildrenCollapsible(false);
    side->setHandleWidth(space::small);
    side->addWidget(column({m_historyTitle, m_history}, this));
    side->addWidget(column({m_heldOutTitle, m_heldOut}, this));
    side->setStretchFactor(0, 3);
    side->setStretchFactor(1, 2);
    return side;
}

void InspectPage::fillRuns() {
    const QSignalBlocker quiet(m_runs);
    m_runs->clear();
    if (m_stored) m_runs->addItem(m_stored->label, storedKey);
    const auto runs = m_training->runs();
    for (auto it = runs.rbegin(); it != runs.rend(); ++it) {
        const LiveRun* run = m_training->run(*it);
        if (!run) continue;
        m_runs->addItem(run->record.name.isEmpty() ? *it : tr("%1  (%2)").arg(run->record.name, *it), *it);
    }
    const int at = m_runs->findData(m_run.isEmpty() ? storedKey : m_run);
    m_runs->setCurrentIndex(at);
    m_runs->setEnabled(m_runs->count() > 0);
}

void InspectPage::setRun(const QString& run) {
    takeRun(run);
    fillRuns();
    updateWatch();
}

void InspectPage::takeRun(const QString& id) {
    const LiveRun* run = m_training->run(id);
    if (!run) return;
    m_run = id;
    const int at = m_runs->findData(id);
    if (at >= 0) m_runs->setCurrentIndex(at);
    if (!run->model) {
        m_state->setText(tr("waiting for the first epoch …"));
        return;
    }
    if (std::exchange(m_shownRun, id) != id)
        m_before.reset();
    else if (m_shown.model != run->model)
        m_before = m_shown.model;
    showModel({run->model, run->split, run->record.name.isEmpty() ? id : run->record.name, run->modelEpoch,
               run->modelMidEpoch,
               run->split ? testOptions(run->record, *run->model, *run->split) : EvaluationOptions{}});
    const bool live = m_training->activeRun() == id;
    const auto place = live && run->modelMidEpoch && run->paused ? batchPlace(*run) : std::nullopt;
    m_state->setText(place  ? tr("epoch %1, after batch %2 of %3, paused")
                                 .arg(run->modelEpoch)
                                 .arg(place->batch)
                                 .arg(place->batches)
                     : live ? tr("epoch %1, training goes on").arg(run->modelEpoch)
                            : tr("epoch %1").arg(run->modelEpoch));
}

void InspectPage::setModel(std::shared_ptr<const Recommender> model, SplitPtr split, const QString& label,
                           int epoch, const EvaluationOptions& options) {
    m_stored = Shown{std::move(model), std::move(split), label, epoch, false, options};
    m_run.clear();
    m_shownRun.clear();
    m_before.reset();
    fillRuns();
    showModel(*m_stored);
    m_state->setText(epoch > 0 ? tr("epoch %1").arg(epoch) : QString());
    updateWatch();
}

void InspectPage::showModel(Shown shown) {
    const bool otherData =
        !m_shown.split || !shown.split || m_shown.split->dataset() != shown.split->dataset();
    m_shown = std::move(shown);
    if (!m_shown.model || !m_shown.split) return;
    m_stack->setCurrentIndex(1);
    m_tabs->setTabVisible(codeTab, hasCode());
    if (otherData) {
        m_user = UserIndex{0};
        m_item.reset();
        m_users->setDataset(m_shown.split->dataset());
        m_users->select(0);
    }
    ask();
}

void InspectPage::showUser(UserIndex user) {
    if (m_shown.split && toInt(user) >= m_shown.split->dataset()->userCount()) return;
    m_user = user;
    m_item.reset();
    m_users->select(toInt(user));
    ask();
}

bool InspectPage::showUserId(const QString& id) {
    if (!m_shown.split) return false;
    const auto found = m_shown.split->dataset()->users().find(id.toStdString());
    if (!found) return false;
    showUser(UserIndex{*found});
    return true;
}

void InspectPage::showItem(ItemIndex item) {
    m_item = item;
    askItem();
    selectItem();
}

void InspectPage::ask() {
    if (!m_shown.model || !m_shown.split || !m_user || !isVisible()) return;
    m_recommendTicket =
        m_queries->recommend(m_shown.model, m_shown.split, *m_user, m_count->value(), m_shown.epoch);
    askItem();
    updateCode();
    m_card->setSubject({m_shown.model, m_shown.split, *m_user, m_shown.options});
}

void InspectPage::updateCode() {
    if (hasCode())
        m_code->setSubject({m_shown.model, m_before, m_shown.split, *m_user, m_shown.epoch, m_shown.midEpoch});
}

bool InspectPage::hasCode() const { return m_shown.model && m_shown.model->latentSpace(); }
void InspectPage::showCode(bool on) { m_tabs->setCurrentIndex(on && hasCode() ? codeTab : 0); }
void InspectPage::showMetric() { m_tabs->setCurrentIndex(metricTab); }

void InspectPage::askItem() {
    if (!m_shown.model || !m_shown.split || !m_user) return;
    if (!m_item) {
        m_itemTitle->setText(tr("Click an item to see why it is there, and what is like it"));
        m_reasonModel->setExplanation({}, nullptr);
        m_similarModel->setRows({});
        m_why->clear();
        return;
    }
    m_itemTitle->setText(QString::fromStdString(m_shown.split->dataset()->itemTitle(*m_item)));
    m_explainTicket = m_queries->explain(m_shown.model, m_shown.split, *m_user, *m_item);
    m_neighbourTicket = m_queries->neighbours(m_shown.model, m_shown.split, *m_item, neighbourCount);
}

void InspectPage::take(const RecommendAnswer& answer) {
    if (answer.ticket != m_recommendTicket || !m_shown.split) return;
    const Dataset& shownData = *m_shown.split->dataset();
    const QLocale locale;
    m_userTitle->setText(tr("User %1").arg(idOf(shownData.userId(answer.user))));
    QStringList attributes;
    for (const auto& feature : shownData.userFeatures().columns()) {
        const QString text = QString::fromStdString(feature.display(toInt(answer.user)));
        if (!text.isEmpty()) attributes << tr("%1 %2").arg(QString::fromStdString(feature.name), text);
    }
    m_userText->setText(attributes.join(QStringLiteral("  ·  ")));
    m_userText->setVisible(!attributes.isEmpty());
    m_topModel->setRows(answer.top);
    m_historyModel->setRows(answer.history);
    m_heldOutModel->setRows(answer.heldOut);
    m_historyTitle->setText(
        tr("History (%1)").arg(locale.toString(static_cast<qlonglong>(answer.history.size()))));
    const auto heldOut = static_cast<int>(answer.heldOut.size());
    m_heldOutTitle->setText(tr("Held out (%1)").arg(locale.toString(heldOut)));
    m_topTitle->setText(heldOut > 0
                            ? tr("Top %1: %2 of %3 held-out items found")
                                  .arg(locale.toString(static_cast<qlonglong>(answer.top.size())),
                                       locale.toString(m_topModel->hitCount()), locale.toString(heldOut))
                            : tr("Top %1").arg(locale.toString(static_cast<qlonglong>(answer.top.size()))));
    if (!m_item && !answer.top.empty()) {
        m_item = answer.top.front().item;
        askItem();
    }
    selectItem();
}

void InspectPage::selectItem() {
    // The list may have moved under the chosen item: mark it where it is now, or nothing.
    int found = -1;
    for (int row = 0; m_item && row < m_topModel->rowCount() && found < 0; ++row)
        if (m_topModel->rowAt(row)->item == *m_item) found = row;
    m_selecting = true;
    if (found >= 0)
        m_top->setCurrentIndex(m_topModel->index(found, 1));
    else
        m_top->selectionModel()->clear();
    m_selecting = false;
}

void InspectPage::updateWatch() { m_training->watchModel(isVisible() && !m_run.isEmpty()); }

void InspectPage::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    updateWatch();
    if (m_run.isEmpty() && !m_stored) {
        const QString active = m_training->activeRun();
        const auto runs = m_training->runs();
        if (!active.isEmpty())
            takeRun(active);
        else if (!runs.empty())
            takeRun(runs.back());
    }
    ask();
}

void InspectPage::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    updateWatch();
}

} // namespace recoscope
