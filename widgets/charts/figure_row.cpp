// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/figure_row.h"

#include "widgets/style/theme.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>

namespace recoscope {

FigureRow::FigureRow(QWidget* parent)
    : QWidget(parent) {
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(space::large);
    grid->setVerticalSpacing(0);
}

void FigureRow::setFigures(const QVector<Figure>& figures) {
    m_figures = figures;
    auto* grid = static_cast<QGridLayout*>(layout());
    bool added = false;
    while (m_labels.size() < figures.size()) {
        auto* caption = new QLabel(this);
        auto* value = new QLabel(this);
        caption->setProperty("role", "muted");
        value->setTextInteractionFlags(Qt::TextSelectableByMouse);
        const int column = static_cast<int>(m_labels.size());
        grid->addWidget(caption, 0, column);
        grid->addWidget(value, 1, column);
        grid->setColumnStretch(column, 1);
        m_labels.append(qMakePair(caption, value));
        added = true;
    }
    for (qsizetype i = 0; i < figures.size(); ++i) {
        m_labels[i].first->setText(figures[i].caption);
        m_labels[i].second->setText(figures[i].value);
        m_labels[i].second->setAccessibleName(figures[i].caption);
        m_labels[i].first->setToolTip(figures[i].toolTip);
        m_labels[i].second->setToolTip(figures[i].toolTip);
    }
    if (added) restyle();
}

void FigureRow::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() == QEvent::FontChange) restyle();
}

void FigureRow::restyle() {
    const QFont big = Theme::current().font(1.25, true);
    const QFontMetrics metrics(big);
    for (qsizetype i = 0; i < m_labels.size(); ++i) {
        m_labels[i].first->setFont(Theme::current().font(0.9));
        m_labels[i].second->setFont(big);
        m_labels[i].second->setMinimumWidth(metrics.horizontalAdvance(m_figures.value(i).widest));
    }
}

} // namespace recoscope
