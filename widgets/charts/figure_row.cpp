// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/figure_row.h"

#include "widgets/style/flow_layout.h"
#include "widgets/style/theme.h"

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

namespace recoscope {

FigureRow::FigureRow(QWidget* parent)
    : QWidget(parent) {
    auto* flow = new FlowLayout(this);
    flow->setSpacing(space::large);
    flow->setSpread(true);
}

void FigureRow::setFigures(const QVector<Figure>& figures) {
    m_figures = figures;
    bool added = false;
    while (m_labels.size() < figures.size()) {
        auto* cell = new QWidget(this);
        auto* caption = new QLabel(cell);
        auto* value = new QLabel(cell);
        caption->setProperty("role", "muted");
        value->setTextInteractionFlags(Qt::TextSelectableByMouse);
        value->setFocusPolicy(Qt::ClickFocus);
        Theme::keepFont(caption, 0.9);
        Theme::keepFont(value, 1.25, true);
        auto* column = new QVBoxLayout(cell);
        column->setContentsMargins(0, 0, 0, 0);
        column->setSpacing(0);
        column->addWidget(caption);
        column->addWidget(value);
        layout()->addWidget(cell);
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
    if (event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) restyle();
}

void FigureRow::restyle() {
    const QFont big = Theme::current().font(1.25, true);
    const QFontMetrics metrics(big);
    for (qsizetype i = 0; i < m_labels.size(); ++i) {
        m_labels[i].second->setMinimumWidth(metrics.horizontalAdvance(m_figures.value(i).widest));
    }
}

} // namespace recoscope
