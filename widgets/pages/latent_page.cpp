// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/latent_page.h"

#include "engine/models/registry.h"

#include "app/session/training_service.h"
#include "widgets/charts/scatter_view.h"
#include "widgets/pages/latent_panel.h"
#include "widgets/style/theme.h"

#include <QAction>
#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QSplitter>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

const QString storedKey = QStringLiteral("*stored*");
constexpr int kBars = 8;

QString count(qint64 number) { return QLocale(QLocale::English, QLocale::UnitedStates).toString(number); }

/// Titles of the algorithms whose models have vectors.
QString algorithmsWithVectors() {
    QStringList titles;
    for (const AlgorithmInfo& info : algorithms())
        if (info.capabilities.embeddings)
            titles << QString::fromUtf8(info.title.data(), static_cast<qsizetype>(info.title.size()));
    return titles.join(QStringLiteral(", "));
}

} // namespace

LatentPage::LatentPage(TrainingService* training, QWidget* parent)
    : QWidget(parent)
    , m_training(training)
    , m_service(new LatentService(0, this)) {
    m_view = new ScatterView(this);
    m_view->setAccessibleName(tr("Map of the model's vectors"));
    m_view->setEmptyText(
        tr("No model yet. Train one on the Train page; its items and users show up here, also while it is "
           "still training."));
    m_panel = new LatentPanel(this);
    m_info = new QLabel(this);
    m_info->setProperty("role", "muted");
    m_info->setWordWrap(true);
    m_searchTimer = new QTimer(this);
    m_searchTimer->setSingleShot(true);
    m_searchTimer->setInterval(150);

    auto* splitter = new QSplitter(this);
    splitter->setObjectName(QStringLiteral("latentSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->setHandleWidth(space::medium);
    splitter->addWidget(m_view);
    splitter->addWidget(m_panel);
    splitter->setStretchFactor(0, 5);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({860, 270});

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::large, space::medium, space::large, space::medium);
    column->setSpacing(space::small);
    column->addWidget(buildTop());
    column->addWidget(buildTools());
    column->addWidget(splitter, 1);
    column->addWidget(m_info);

    connect(m_runs, &QComboBox::activated, this, [this](int at) {
        const QString key = m_runs->itemData(at).toString();
        if (key == storedKey && m_stored) {
            m_run.clear();
            showModel(*m_stored);
        } else {
            takeRun(key);
        }
        updateWatch();
    });
    connect(m_side, &QComboBox::currentIndexChanged, this, &LatentPage::request);
    connect(m_method, &QComboBox::currentIndexChanged, this, &LatentPage::request);
    connect(m_color, &QComboBox::currentIndexChanged, this, &LatentPage::recolor);
    connect(m_search, &QLineEdit::textChanged, m_searchTimer, qOverload<>(&QTimer::start));
    connect(m_searchTimer, &QTimer::timeout, this, &LatentPage::search);
    connect(m_search, &QLineEdit::returnPressed, this, [this] {
        search();
        if (m_view->marked().empty()) return;
        m_view->fitTo(m_view->marked());
        m_view->setCurrent(m_view->marked().front());
    });
    connect(m_view, &ScatterView::selectionChanged, this, &LatentPage::updatePanel);
    const auto open = [this](int point) {
        if (!m_picture || point < 0 || point >= static_cast<int>(m_picture->rows.size())) return;
        const std::int32_t row = m_picture->rows[static_cast<std::size_t>(point)];
        emit openingPoint(m_run);
        if (m_picture->side == LatentSide::Items)
            emit itemActivated(ItemIndex{row});
        else
            emit userActivated(UserIndex{row});
    };
    connect(m_view, &ScatterView::activated, this, open);
    connect(m_panel, &LatentPanel::pointActivated, this, open);
    connect(m_panel, &LatentPanel::pointHighlighted, m_view, &ScatterView::setCurrent);
    connect(m_panel, &LatentPanel::categoryChanged, this, &LatentPage::emphasise);

    connect(m_service, &LatentService::pictureReady, this, &LatentPage::take);
    connect(m_service, &LatentService::failed, this, [this](quint64 ticket, const Error& error) {
        if (ticket != m_ticket) return;
        QString words = QString::fromStdString(error.message) + QLatin1Char('.');
        if (error.code == ErrorCode::Unsupported)
            words += QLatin1Char(' ') + tr("Models that have them: %1.").arg(algorithmsWithVectors());
        complain(words);
    });
    connect(m_training, &TrainingService::runQueued, this, &LatentPage::fillRuns);
    connect(m_training, &TrainingService::runStarted, this, [this](const QString& run) {
        fillRuns();
        takeRun(run); // the newest run is what a person wants to see
        updateWatch();
    });
    for (auto signal : {&TrainingService::modelChanged, &TrainingService::runEnded})
        connect(m_training, signal, this, [this](const QString& run) {
            if (m_run.isEmpty() && !m_stored) m_run = run;
            if (run == m_run) takeRun(run);
        });
    fillRuns();
    updatePanel();
    updateStyle();
}

LatentPage::~LatentPage() { m_training->watchModel(false, this); }

QWidget* LatentPage::buildTop() {
    auto* top = new QWidget(this);
    m_runs = new QComboBox(top);
    m_runs->setObjectName(QStringLiteral("latentRuns"));
    m_runs->setMinimumContentsLength(28);
    m_runs->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_runs->setToolTip(tr("Which model is shown"));
    auto* model = new QLabel(tr("&Model"), top);
    model->setBuddy(m_runs);
    m_state = new QLabel(top);
    m_state->setProperty("role", "muted");
    m_search = new QLineEdit(top);
    m_search->setObjectName(QStringLiteral("latentSearch"));
    m_search->setPlaceholderText(tr("Find by title or id"));
    m_search->setClearButtonEnabled(true);
    m_search->addAction(QIcon(), QLineEdit::LeadingPosition)->setObjectName(QStringLiteral("magnifier"));
    m_search->setToolTip(tr("Rings mark what is found; Enter looks at it closely"));
    m_search->setAccessibleName(tr("Find by title or id"));
    m_search->setMinimumWidth(Theme::current().scaled(220));
    auto* row = new QHBoxLayout(top);
    row->setContentsMargins(0, 0, 0, 0);
    row->addWidget(model);
    row->addWidget(m_runs);
    row->addWidget(m_state, 1);
    row->addWidget(m_search);
    return top;
}

QWidget* LatentPage::buildTools() {
    auto* bar = new QWidget(this);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(0, 0, 0, 0);
    const auto choice = [&](const QString& words, const QString& name, const QStringList& texts,
                            const QString& tip) {
        auto* box = new QComboBox(bar);
        box->setObjectName(name);
        box->addItems(texts);
        box->setToolTip(tip);
        auto* label = new QLabel(words, bar);
        label->setBuddy(box);
        row->addWidget(label);
        row->addWidget(box);
        row->addSpacing(space::small);
        return box;
    };
    m_side = choice(tr("&Show"), QStringLiteral("latentSide"), {tr("Items"), tr("Users")},
                    tr("Whose vectors are on the map"));
    m_method = choice(tr("&Projection"), QStringLiteral("latentMethod"), {tr("PCA"), tr("t-SNE")},
                      tr("PCA: the two directions that vary most; distances are true but much is "
                         "hidden.\nt-SNE: keeps neighbours "
                         "together; distances between groups say little."));
    m_color = choice(tr("&Colour by"), QStringLiteral("latentColor"), {}, tr("What the colours mean"));
    m_color->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    row->addStretch(1);
    auto* labels = new QCheckBox(tr("&Labels"), bar);
    labels->setChecked(true);
    labels->setToolTip(tr("Name the best-known points where there is room"));
    connect(labels, &QCheckBox::toggled, m_view, &ScatterView::setLabelsShown);
    row->addWidget(labels);
    m_tools = new QButtonGroup(this);
    const auto button = [&](const QString& words, const QString& tip) {
        auto* made = new QToolButton(bar);
        made->setText(words);
        made->setToolTip(tip);
        made->setFocusPolicy(Qt::TabFocus);
        row->addWidget(made);
        return made;
    };
    QToolButton* move =
        button(tr("Move"), tr("Drag moves the map, a click opens the point; Shift and drag is a lasso"));
    QToolButton* lasso =
        button(tr("Lasso"), tr("Drag around points to select them; Ctrl adds to the selection"));
    lasso->setObjectName(QStringLiteral("latentLasso"));
    for (QToolButton* tool : {move, lasso}) {
        tool->setCheckable(true);
        m_tools->addButton(tool, tool == move ? 0 : 1);
    }
    move->setChecked(true);
    connect(m_tools, &QButtonGroup::idToggled, this, [this](int id, bool on) {
        if (on) m_view->setTool(id == 0 ? ScatterView::Tool::Move : ScatterView::Tool::Lasso);
    });
    row->addSpacing(space::small);
    connect(button(QStringLiteral("+"), tr("Zoom in (+, or the mouse wheel)")), &QToolButton::clicked, m_view,
            [this] { m_view->zoomBy(1.5); });
    connect(button(QStringLiteral("−"), tr("Zoom out (−)")), &QToolButton::clicked, m_view,
            [this] { m_view->zoomBy(1.0 / 1.5); });
    QToolButton* fit = button(tr("Whole map"), tr("Everything in sight (0)"));
    connect(fit, &QToolButton::clicked, m_view, &ScatterView::fit);
    return bar;
}

void LatentPage::fillRuns() {
    const QString current = m_run.isEmpty() && m_stored ? storedKey : m_run;
    m_runs->clear();
    if (m_stored) m_runs->addItem(m_stored->label, storedKey);
    auto ids = m_training->runs();
    std::reverse(ids.begin(), ids.end());
    for (const QString& id : ids)
        if (const LiveRun* run = m_training->run(id))
            m_runs->addItem(run->record.name.isEmpty() ? id : run->record.name, id);
    m_runs->setCurrentIndex(m_runs->findData(current));
    m_runs->setEnabled(m_runs->count() > 0);
}

void LatentPage::setRun(const QString& run) {
    takeRun(run);
    fillRuns();
    updateWatch();
}

void LatentPage::takeRun(const QString& id) {
    const LiveRun* run = m_training->run(id);
    if (!run) return;
    m_run = id;
    const int at = m_runs->findData(id);
    if (at >= 0) m_runs->setCurrentIndex(at);
    if (!run->model) {
        m_state->setText(tr("waiting for the first epoch …"));
        return;
    }
    m_state->setText(m_training->activeRun() == id ? tr("epoch %1, training goes on").arg(run->modelEpoch)
                                                   : tr("epoch %1").arg(run->modelEpoch));
    if (run->model == m_shown.model) return;
    showModel({run->model, run->split, run->record.name.isEmpty() ? id : run->record.name, run->modelEpoch});
}

void LatentPage::setModel(std::shared_ptr<const Recommender> model, SplitPtr split, const QString& label,
                          int epoch) {
    m_stored = Shown{std::move(model), std::move(split), label, epoch};
    m_run.clear();
    fillRuns();
    m_state->setText(epoch > 0 ? tr("epoch %1").arg(epoch) : QString());
    showModel(*m_stored);
    updateWatch();
}

void LatentPage::setSide(LatentSide side) { m_side->setCurrentIndex(static_cast<int>(side)); }
void LatentPage::setMethod(LatentMethod method) { m_method->setCurrentIndex(static_cast<int>(method)); }

bool LatentPage::setColorSource(const QString& title) {
    const int at = m_color->findText(title);
    if (at >= 0) m_color->setCurrentIndex(at);
    return at >= 0;
}

void LatentPage::showModel(Shown shown) {
    m_shown = std::move(shown);
    request();
}

void LatentPage::request() {
    if (!m_shown.model || !isVisible()) {
        m_due = true;
        return;
    }
    m_due = false;
    m_ticket = m_service->project({m_shown.model, m_shown.split, m_shown.epoch,
                                   static_cast<LatentSide>(m_side->currentIndex()),
                                   static_cast<LatentMethod>(m_method->currentIndex())});
}

void LatentPage::take(const LatentPicturePtr& picture) {
    const bool otherPoints = !m_picture || m_picture->side != picture->side ||
                             m_picture->split != picture->split || m_picture->rows != picture->rows ||
                             m_view->pointCount() == 0;
    const bool otherKind = !m_picture || m_picture->side != picture->side ||
                           m_picture->split->dataset() != picture->split->dataset();
    const bool otherPlane = otherPoints || m_picture->method != picture->method;
    m_picture = picture;
    m_error.clear();
    std::vector<QPointF> positions;
    positions.reserve(picture->rows.size());
    for (Eigen::Index n = 0; n < picture->layout.rows(); ++n)
        positions.emplace_back(static_cast<double>(picture->layout(n, 0)),
                               static_cast<double>(picture->layout(n, 1)));
    if (otherPoints) m_view->setPositions({}); // so that nothing of the old points is kept
    m_view->setPositions(std::move(positions));
    if (otherPlane) m_view->fit();
    if (otherKind) fillSources();
    if (otherPoints) {
        m_view->setTexts([picture](int point) { return pointTitle(*picture, point); },
                         [picture](int point) { return pointHint(*picture, point); }, activityOf(*picture));
        recolor();
        search();
    }
    updateInfo();
}

void LatentPage::fillSources() {
    const QString before = m_color->currentText();
    const QSignalBlocker quiet(m_color);
    m_sources = colorSources(*m_picture->split->dataset(), m_picture->side);
    m_color->clear();
    for (const ColorSource& source : m_sources)
        m_color->addItem(source.title);
    m_color->setCurrentIndex(std::max(0, m_color->findText(before)));
}

std::optional<ColorSource> LatentPage::source() const {
    const int at = m_color->currentIndex();
    if (at < 0 || at >= static_cast<int>(m_sources.size())) return std::nullopt;
    return m_sources[static_cast<std::size_t>(at)];
}

void LatentPage::recolor() {
    const auto by = source();
    if (!m_picture || !by) return;
    m_coloring = colorPoints(*by, *m_picture);
    m_panel->setLegend(by->title, m_coloring);
    emphasise();
    updatePanel();
}

void LatentPage::emphasise() {
    const auto by = source();
    if (!m_picture || !by) return;
    const auto token = m_panel->category();
    if (!token || m_coloring.continuous) {
        m_view->setColors(m_coloring.colors);
        m_view->setEmphasis({});
        return;
    }
    // All that are in the category have its colour, also those that have another one first.
    std::vector<bool> with = pointsWith(*by, *m_picture, *token);
    QColor color = Theme::current().colors().accent;
    for (const LegendEntry& entry : m_coloring.entries)
        if (entry.token == *token && entry.own) color = entry.color;
    std::vector<QRgb> colors = m_coloring.colors;
    for (std::size_t n = 0; n < colors.size(); ++n)
        if (with[n]) colors[n] = color.rgb();
    m_view->setColors(std::move(colors));
    m_view->setEmphasis(std::move(with));
}

void LatentPage::search() {
    m_searchTimer->stop();
    const QString wanted = m_search->text().trimmed();
    std::vector<int> found;
    if (m_picture && wanted.size() >= 2) {
        const Dataset& dataset = *m_picture->split->dataset();
        for (std::size_t n = 0; n < m_picture->rows.size(); ++n) {
            const auto id = m_picture->side == LatentSide::Items
                                ? dataset.itemId(ItemIndex{m_picture->rows[n]})
                                : dataset.userId(UserIndex{m_picture->rows[n]});
            if (pointTitle(*m_picture, static_cast<int>(n)).contains(wanted, Qt::CaseInsensitive) ||
                wanted.compare(QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size())),
                               Qt::CaseInsensitive) == 0)
                found.push_back(static_cast<int>(n));
        }
    }
    m_view->setMarked(std::move(found));
    updatePanel();
}

void LatentPage::updatePanel() {
    const QString help = tr(
        "Hover to read a point, click to open it. Drag with Lasso, or with Shift held, to select points and "
        "see what they have in common.");
    const bool searching = m_search->text().trimmed().size() >= 2;
    const bool selected = !m_view->selection().empty();
    const std::vector<int>& points = selected ? m_view->selection() : m_view->marked();
    if (!m_picture || (!selected && !searching))
        return m_panel->setPoints({}, {}, nullptr, {}, m_picture ? help : QString());
    const QString heading = selected ? tr("%1 selected").arg(count(static_cast<qint64>(points.size())))
                                     : tr("%1 found").arg(count(static_cast<qint64>(points.size())));
    std::vector<int> byActivity = points;
    const std::vector<float> activity = activityOf(*m_picture);
    std::stable_sort(byActivity.begin(), byActivity.end(), [&](int a, int b) {
        return activity[static_cast<std::size_t>(a)] > activity[static_cast<std::size_t>(b)];
    });
    m_panel->setPoints(heading, byActivity, m_picture.get(),
                       selected ? categoryShares(source().value_or(ColorSource{}), *m_picture, points, kBars)
                                : std::vector<CategoryShare>(),
                       searching ? tr("Nothing on the map has this in its title or id.") : help);
}

void LatentPage::updateInfo() {
    if (!m_picture) return;
    const LatentPicture& p = *m_picture;
    const bool items = p.side == LatentSide::Items;
    const auto shown = static_cast<qint64>(p.rows.size());
    QStringList parts;
    parts << (items ? tr("%1 items").arg(count(shown)) : tr("%1 users").arg(count(shown)));
    parts.back() += p.codes ? tr(", codes of %1 numbers").arg(p.dimensions)
                            : tr(", vectors of %1 numbers").arg(p.dimensions);
    if (p.method == LatentMethod::Pca)
        parts << tr("PCA shows %1 % + %2 % of their variance")
                     .arg(100.0 * p.varianceShare[0], 0, 'f', 1)
                     .arg(100.0 * p.varianceShare[1], 0, 'f', 1);
    else
        parts << (p.finished ? tr("t-SNE, %1 iterations").arg(p.iterations)
                             : tr("t-SNE, iteration %1 of %2").arg(p.iterations).arg(p.plannedIterations));
    if (p.untrained > 0) parts << tr("%1 without training interactions are left out").arg(count(p.untrained));
    if (p.beyondLimit > 0) parts << tr("%1 least active ones are left out").arg(count(p.beyondLimit));
    m_info->setText(parts.join(QStringLiteral("  ·  ")));
}

void LatentPage::complain(const QString& words) {
    m_error = words;
    m_picture.reset();
    m_view->setEmptyText(words);
    m_view->setPositions({});
    m_panel->setLegend({}, {});
    m_info->clear();
    updatePanel();
}

void LatentPage::updateWatch() { m_training->watchModel(isVisible() && !m_run.isEmpty(), this); }

void LatentPage::showEvent(QShowEvent* event) {
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
    if (m_due) request();
}

void LatentPage::hideEvent(QHideEvent* event) {
    QWidget::hideEvent(event);
    if (m_ticket != 0 && (!m_picture || !m_picture->finished)) {
        m_service->stop();
        m_due = true;
    }
    updateWatch();
}

void LatentPage::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_panel) return;
    updateStyle();
    recolor();
}

void LatentPage::updateStyle() {
    // The tool that is on must be seen in either theme. A style sheet that is set again brings another event.
    const ThemeColors& colors = Theme::current().colors();
    m_search->findChild<QAction*>(QStringLiteral("magnifier"))
        ->setIcon(themedIcon(QStringLiteral("search"), colors.muted));
    const QString sheet =
        QStringLiteral("QToolButton:checked { background: %1; color: %2; border: 1px solid %1; "
                       "border-radius: 3px; padding: 3px 6px; }")
            .arg(colors.accent.name(), colors.accentText.name());
    for (QAbstractButton* tool : m_tools->buttons())
        if (tool->styleSheet() != sheet) tool->setStyleSheet(sheet);
}

} // namespace recoscope
