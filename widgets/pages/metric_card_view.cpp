// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/metric_card_view.h"

#include "engine/eval/dialects.h"

#include "app/models/metric_card_model.h"
#include "widgets/delegates/bar_delegate.h"
#include "widgets/style/flow_layout.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QComboBox>
#include <QEvent>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QSpinBox>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace recoscope {

namespace {

constexpr int kNamedItems = 6; // of the relevant ones, before "and 12 more"

QString text(std::string_view value) {
    return QString::fromUtf8(value.data(), static_cast<qsizetype>(value.size()));
}

/// Hits have their band, results are bold.
class TermDelegate final : public HitDelegate {
public:
    using HitDelegate::HitDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
        HitDelegate::initStyleOption(option, index);
        if (index.data(MetricCardModel::ResultRole).toBool()) option->font.setBold(true);
        // Clear of the band at the left.
        if (index.column() == MetricCardModel::Step) option->text.prepend(QChar(QChar::Nbsp));
    }
};

QLabel* paragraph(const char* name, const char* role, QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    if (role) label->setProperty("role", role);
    return label;
}

} // namespace

MetricCardView::MetricCardView(QueryService* queries, QWidget* parent)
    : QWidget(parent)
    , m_queries(queries) {
    m_title = paragraph("cardTitle", nullptr, this);
    Theme::keepFont(m_title, 1.1, true);
    m_meaning = paragraph("cardMeaning", "muted", this);
    m_formula = paragraph("cardFormula", nullptr, this);
    Theme::keepFixedFont(m_formula);
    m_facts = paragraph("cardFacts", nullptr, this);
    m_equation = paragraph("cardEquation", nullptr, this);
    m_equation->setTextFormat(Qt::RichText);
    Theme::keepFont(m_equation, 1.2);
    m_note = paragraph("cardNote", "muted", this);
    m_model = new MetricCardModel(this);
    m_table = new QTableView(this);
    m_table->setObjectName(QStringLiteral("cardTerms"));
    m_table->setModel(m_model);
    setUpRowTable(m_table);
    m_table->setItemDelegate(new TermDelegate(MetricCardModel::HitRole, m_table));
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setToolTip(tr("Double-click an item to see why it is in the list"));
    QHeaderView* header = m_table->horizontalHeader();
    header->setSectionResizeMode(MetricCardModel::Step, QHeaderView::ResizeToContents);
    header->setSectionResizeMode(MetricCardModel::Item, QHeaderView::Stretch);
    header->setSectionResizeMode(MetricCardModel::How, QHeaderView::Stretch);
    header->setSectionResizeMode(MetricCardModel::Value, QHeaderView::ResizeToContents);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::small);
    column->addWidget(buildTools());
    column->addWidget(m_title);
    column->addWidget(m_meaning);
    column->addWidget(m_formula);
    column->addWidget(m_facts);
    column->addWidget(m_table, 1);
    column->addWidget(m_equation);
    column->addWidget(m_note);

    connect(m_table, &QTableView::doubleClicked, this, [this](const QModelIndex& index) {
        const int item = index.data(MetricCardModel::ItemRole).toInt();
        if (item >= 0) emit itemActivated(ItemIndex{item});
    });
    connect(m_queries, &QueryService::metricExplained, this, [this](const MetricCardAnswer& answer) {
        if (answer.ticket == m_ticket) take(answer.card);
    });
    connect(m_queries, &QueryService::failed, this, [this](quint64 ticket, const Error& error) {
        if (ticket == m_ticket) say(QString::fromStdString(error.message));
    });
}

QWidget* MetricCardView::buildTools() {
    auto* tools = new QWidget(this);
    const auto combo = [&](const char* name) {
        auto* box = new QComboBox(tools);
        box->setObjectName(QLatin1String(name));
        box->setMaxVisibleItems(24);
        connect(box, &QComboBox::currentIndexChanged, this, &MetricCardView::ask);
        return box;
    };
    const auto labelled = [&](const QString& words, QWidget* field) {
        auto* pair = new QWidget(tools);
        auto* line = new QHBoxLayout(pair);
        line->setContentsMargins(0, 0, 0, 0);
        line->setSpacing(space::tiny);
        auto* label = new QLabel(words, pair);
        label->setBuddy(field);
        line->addWidget(label);
        line->addWidget(field);
        return std::pair(pair, label);
    };
    m_metric = combo("cardMetric");
    m_dialect = combo("cardDialect");
    m_part = combo("cardPart");
    m_cutoff = new QSpinBox(tools);
    m_cutoff->setObjectName(QStringLiteral("cardCutoff"));
    m_cutoff->setRange(1, 1000);
    m_cutoff->setValue(10);
    connect(m_cutoff, &QSpinBox::valueChanged, this, &MetricCardView::ask);
    {
        const QSignalBlocker quietMetric(m_metric), quietDialect(m_dialect), quietPart(m_part);
        for (const MetricInfo& info : metricInfos()) {
            m_metric->addItem(text(info.label), text(info.name));
            m_metric->setItemData(m_metric->count() - 1,
                                  QStringLiteral("<p>%1</p>").arg(text(info.meaning).toHtmlEscaped()),
                                  Qt::ToolTipRole);
        }
        m_metric->setCurrentIndex(m_metric->findData(QStringLiteral("ndcg")));
        m_dialect->addItem(tr("as the run was evaluated"), QString());
        for (const Dialect& dialect : dialects()) {
            m_dialect->addItem(text(dialect.title), text(dialect.id));
            m_dialect->setItemData(m_dialect->count() - 1,
                                   QStringLiteral("<p>%1</p>").arg(text(dialect.differs).toHtmlEscaped()),
                                   Qt::ToolTipRole);
        }
        m_part->addItem(tr("Test part"), static_cast<int>(Target::Test));
        m_part->addItem(tr("Validation part"), static_cast<int>(Target::Validation));
    }
    auto* flow = new FlowLayout(tools);
    flow->setContentsMargins(0, 0, 0, 0);
    flow->addWidget(labelled(tr("Metric"), m_metric).first);
    const auto cutoff = labelled(tr("at k ="), m_cutoff);
    m_cutoffLabel = cutoff.second;
    flow->addWidget(cutoff.first);
    flow->addWidget(labelled(tr("read"), m_dialect).first);
    flow->addWidget(labelled(tr("on the"), m_part).first);
    return tools;
}

void MetricCardView::setSubject(Subject subject) {
    m_subject = std::move(subject);
    ask();
}

QString MetricCardView::metric() const {
    const QString name = m_metric->currentData().toString();
    const MetricInfo* info = findMetric(name.toStdString());
    return info && info->hasCutoff ? QStringLiteral("%1@%2").arg(name).arg(m_cutoff->value()) : name;
}

void MetricCardView::setMetric(const QString& key) {
    const int at = m_metric->findData(key.section(QLatin1Char('@'), 0, 0));
    if (at < 0) return;
    if (key.contains(QLatin1Char('@'))) m_cutoff->setValue(key.section(QLatin1Char('@'), 1).toInt());
    m_metric->setCurrentIndex(at);
}

void MetricCardView::setDialect(const QString& id) {
    m_dialect->setCurrentIndex(std::max(0, m_dialect->findData(id)));
}

void MetricCardView::ask() {
    const MetricInfo* info = findMetric(m_metric->currentData().toString().toStdString());
    m_cutoff->setEnabled(info && info->hasCutoff);
    m_cutoffLabel->setEnabled(info && info->hasCutoff);
    m_settled = false;
    m_stale = !isVisible();
    if (m_stale || !m_subject.model || !m_subject.split) return;
    m_ticket = m_queries->explainMetric({m_subject.model, m_subject.split,
                                         static_cast<Target>(m_part->currentData().toInt()),
                                         m_subject.options, m_dialect->currentData().toString().toStdString(),
                                         m_subject.user, metric().toStdString()});
}

void MetricCardView::take(const MetricCard& card) {
    m_settled = true;
    m_card = card;
    const DatasetPtr dataset = m_subject.split->dataset();
    m_title->setText(tr("%1 of user %2").arg(text(card.label), text(dataset->userId(card.user))));
    m_meaning->setText(text(card.meaning));
    m_formula->setText(text(card.formula));
    m_formula->setVisible(!card.formula.empty());
    QStringList facts;
    if (card.candidates > 0)
        facts << tr("%1 items are ranked for this user")
                     .arg(QLocale().toString(static_cast<qlonglong>(card.candidates)));
    if (!card.relevant.empty()) {
        QStringList names;
        for (const ItemIndex item : card.relevant)
            if (names.size() < kNamedItems) names << QString::fromStdString(dataset->itemTitle(item));
        const auto more = static_cast<int>(card.relevant.size()) - static_cast<int>(names.size());
        QString all = names.join(QStringLiteral(", "));
        if (more > 0) all += tr(" and %1 more").arg(more);
        facts << tr("R = %1 of them are relevant: %2").arg(card.relevant.size()).arg(all);
    }
    m_facts->setText(facts.join(QStringLiteral("; ")));
    m_facts->setVisible(!facts.isEmpty());
    m_model->setCard(card, dataset);
    m_table->setVisible(true);
    m_table->setColumnHidden(MetricCardModel::Item,
                             std::none_of(card.terms.begin(), card.terms.end(),
                                          [](const CardTerm& term) { return term.item.has_value(); }));
    writeEquation();
    QString note = text(card.note);
    if (!note.isEmpty()) note += QLatin1Char('\n');
    // Long definitions break at their semicolons.
    m_note->setText(note + text(card.definition).replace(QLatin1Char(';'), QStringLiteral("; ")));
}

void MetricCardView::writeEquation() {
    const QString whole = text(m_card.equation);
    const qsizetype at = whole.lastIndexOf(QLatin1Char('='));
    m_equation->setText(at < 0 ? whole.toHtmlEscaped()
                               : QStringLiteral("%1 <span style=\"color:%2; font-weight:600\">%3</span>")
                                     .arg(whole.left(at + 1).toHtmlEscaped(),
                                          Theme::current().colors().accent.name(),
                                          whole.mid(at + 1).trimmed().toHtmlEscaped()));
}

void MetricCardView::say(const QString& words) {
    m_settled = true;
    m_card = {};
    m_model->clear();
    m_title->setText(tr("No such number"));
    m_meaning->setText(words);
    m_formula->hide();
    m_facts->hide();
    m_equation->clear();
    m_note->clear();
}

void MetricCardView::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (m_stale) ask();
}

void MetricCardView::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (!m_table) return;
    if (event->type() == QEvent::PaletteChange) writeEquation();
    if (event->type() == QEvent::FontChange)
        m_table->verticalHeader()->setDefaultSectionSize(m_table->fontMetrics().height() + 8);
}

} // namespace recoscope
