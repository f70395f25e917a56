// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/data_overview.h"

#include "widgets/charts/curve_chart.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QDateTime>
#include <QFrame>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QVBoxLayout>

namespace recoscope {

namespace {

QVector<QPointF> points(const std::vector<std::pair<double, double>>& pairs) {
    QVector<QPointF> result;
    result.reserve(static_cast<qsizetype>(pairs.size()));
    for (const auto& [x, y] : pairs) result.append({x, y});
    return result;
}

QString day(qint64 seconds) {
    return QDateTime::fromSecsSinceEpoch(seconds, Qt::UTC).date().toString(QStringLiteral("yyyy-MM-dd"));
}

QFrame* card(QWidget* content, QWidget* parent) {
    auto* frame = new QFrame(parent);
    frame->setProperty("card", true);
    auto* layout = new QVBoxLayout(frame);
    layout->setContentsMargins(space::small, space::small, space::small, space::small);
    layout->addWidget(content);
    return frame;
}

} // namespace

DataOverview::Figure DataOverview::addFigure(QLayout* row, const QString& caption, const QString& help) {
    auto* cell = new QWidget(this);
    Figure figure;
    figure.value = new QLabel(QStringLiteral("–"), cell);
    figure.value->setTextInteractionFlags(Qt::TextSelectableByMouse);
    figure.value->setFocusPolicy(Qt::ClickFocus); // not a stop of the Tab key
    figure.value->setToolTip(help);
    Theme::keepFont(figure.value, 1.25, true);
    figure.caption = new QLabel(caption, cell);
    figure.caption->setProperty("role", "muted");
    figure.caption->setToolTip(help);
    auto* column = new QVBoxLayout(cell);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(figure.value);
    column->addWidget(figure.caption);
    row->addWidget(cell);
    m_figures.push_back(figure);
    return figure;
}

DataOverview::DataOverview(QWidget* parent) : QWidget(parent) {
    auto* figures = new QWidget(this);
    auto* row = new FlowLayout(figures);
    row->setContentsMargins(space::small, space::tiny, space::small, space::tiny);
    row->setSpacing(space::large);
    row->setSpread(true);
    addFigure(row, tr("users"), tr("Users with at least one interaction"));
    addFigure(row, tr("items"), tr("Items with at least one interaction"));
    addFigure(row, tr("interactions"), tr("Distinct (user, item) pairs"));
    addFigure(row, tr("density"), tr("Interactions divided by users times items"));
    addFigure(row, tr("scale"), tr("Lowest and highest rating, and the smallest step between ratings"));
    addFigure(row, tr("time"), tr("First and last interaction (UTC)"));

    m_ratings = new CurveChart(this);
    m_ratings->setTitle(tr("Ratings"));
    m_ratings->setAxes({.title = tr("Rating")},
                       {.title = tr("Interactions"), .unit = AxisUnit::Integer, .min = 0.0});
    m_ratings->setEmptyText(tr("No ratings: every interaction counts the same"));
    m_popularity = new CurveChart(this);
    m_popularity->setTitle(tr("Popularity and activity, both axes logarithmic"));
    m_popularity->setAxes({.title = tr("Rank"), .scale = AxisScale::Log, .unit = AxisUnit::Integer},
                          {.title = tr("Interactions"), .scale = AxisScale::Log, .unit = AxisUnit::Integer});
    m_activity = new CurveChart(this);
    m_activity->setTitle(tr("Activity over time"));
    m_activity->setAxes({.title = tr("Date"), .unit = AxisUnit::Date},
                        {.title = tr("Interactions"), .unit = AxisUnit::Integer, .min = 0.0});
    m_activity->setEmptyText(tr("The data has no times"));
    m_activity->setLegendVisible(false);
    m_remarks = new QLabel(this);
    m_remarks->setWordWrap(true);
    m_remarks->setProperty("role", "muted");

    auto* charts = new QGridLayout;
    charts->setSpacing(space::small);
    charts->addWidget(card(m_popularity, this), 0, 0, 2, 1);
    charts->addWidget(card(m_ratings, this), 0, 1);
    charts->addWidget(card(m_activity, this), 1, 1);
    charts->setColumnStretch(0, 1);
    charts->setColumnStretch(1, 1);

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(space::small);
    layout->addWidget(card(figures, this));
    layout->addLayout(charts, 1);
    layout->addWidget(m_remarks);
    setDataset(nullptr, nullptr);
}

void DataOverview::setDataset(const DatasetPtr& dataset, std::shared_ptr<const DatasetSummary> summary) {
    if (!dataset || !summary) {
        for (const Figure& figure : m_figures) figure.value->setText(QStringLiteral("–"));
        m_ratings->clear();
        m_popularity->clear();
        m_activity->clear();
        m_remarks->clear();
        return;
    }
    const QLocale locale;
    const RatingScale& scale = dataset->scale();
    m_figures[0].value->setText(locale.toString(dataset->userCount()));
    m_figures[1].value->setText(locale.toString(dataset->itemCount()));
    m_figures[2].value->setText(locale.toString(static_cast<qlonglong>(dataset->interactionCount())));
    m_figures[3].value->setText(tr("%1 %").arg(locale.toString(100.0 * dataset->density(), 'g', 3)));
    m_figures[4].value->setText(scale.implicit
                                    ? tr("implicit")
                                    : tr("%1–%2, step %3").arg(locale.toString(scale.min), locale.toString(scale.max),
                                                               locale.toString(scale.step, 'g', 3)));
    if (dataset->times().empty())
        m_figures[5].value->setText(tr("none"));
    else if (dataset->timeUnit() == TimeUnit::Order)
        m_figures[5].value->setText(tr("order only"));
    else
        m_figures[5].value->setText(tr("%1 – %2").arg(day(summary->firstTime), day(summary->lastTime)));

    if (scale.implicit) {
        m_ratings->clear();
    } else {
        QVector<QPair<QString, double>> bars;
        for (const auto& bar : summary->ratingHistogram) bars.append({bar.label, bar.value});
        m_ratings->setBars(bars);
    }
    m_popularity->setSeries({{.key = QStringLiteral("items"), .name = tr("Items by popularity"), .points = points(summary->itemPopularity)},
                             {.key = QStringLiteral("users"), .name = tr("Users by activity"), .points = points(summary->userActivity)}});
    QVector<QPointF> activity;
    for (const auto& [time, count] : summary->activityOverTime) activity.append({static_cast<double>(time), count});
    m_activity->setSeries({{.key = QStringLiteral("activity"), .name = tr("Interactions"), .points = activity}});

    const auto figure = [&locale](double value) { return locale.toString(value, 'f', value < 100 ? 1 : 0); };
    QString text = tr("A user has %1 interactions on average (median %2), an item %3 (median %4). ")
                       .arg(figure(summary->meanPerUser), figure(summary->medianPerUser), figure(summary->meanPerItem),
                            figure(summary->medianPerItem));
    if (!scale.implicit) text += tr("The mean rating is %1. ").arg(locale.toString(summary->meanRating, 'f', 2));
    text += tr("Gini index of item popularity %1 (0: all equal, 1: one item has everything).")
                .arg(locale.toString(summary->gini, 'f', 2));
    m_remarks->setText(text);
}

} // namespace recoscope
