// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/forms/forecast_panel.h"

#include "widgets/style/theme.h"

#include <QEvent>
#include <QLabel>
#include <QVBoxLayout>

namespace recoscope {

namespace {

QString words(const std::string& text) { return QString::fromStdString(text); }

QString bytes(double count) { return words(bytesText(count)); }

QString duration(double seconds) {
    const QString text = words(roughDuration(seconds));
    return seconds < 1.0 ? text : QObject::tr("about %1").arg(text);
}

QLabel* paragraph(const char* role, const char* name, QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setProperty("role", role);
    label->setTextFormat(Qt::RichText);
    label->setWordWrap(true);
    label->hide();
    return label;
}

} // namespace

ForecastPanel::ForecastPanel(QWidget* parent)
    : QWidget(parent)
    , m_service(new ForecastService(0, this)) {
    m_line = paragraph("muted", "forecast", this);
    m_warning = paragraph("warning", "forecastWarning", this);
    m_leakText = paragraph("warning", "splitWarnings", this);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::tiny);
    for (QLabel* label : {m_leakText, m_warning, m_line})
        column->addWidget(label);
    connect(m_service, &ForecastService::forecastReady, this, [this](const ForecastAnswer& answer) {
        if (answer.ticket == m_ticket) show(answer.forecast);
    });
    connect(m_service, &ForecastService::leaksFound, this,
            [this](const SplitPtr& split, const std::vector<Leak>& leaks) {
                if (split == m_split) show(leaks);
            });
    connect(m_warning, &QLabel::linkActivated, this, &ForecastPanel::algorithmChosen);
    connect(m_leakText, &QLabel::linkActivated, this, [this] {
        m_unfolded = !m_unfolded;
        describeLeaks();
    });
}

void ForecastPanel::setPlan(const QString& algorithm, const ParamMap& params, const SplitPtr& split) {
    if (split != m_split) {
        m_split = split;
        show(std::vector<Leak>());
        m_service->checkSplit(split);
    }
    if (!split || algorithm.isEmpty()) {
        m_ticket = 0;
        m_line->hide();
        m_warning->hide();
        return;
    }
    m_ticket = m_service->ask(algorithm, params, split);
}

void ForecastPanel::show(const Forecast& forecast) {
    m_forecast = forecast;
    const bool counted = forecast.verdict != FitVerdict::Unknown;
    const bool fits = forecast.verdict == FitVerdict::Fits;
    const QString text =
        !counted ? words(forecast.text)
        : forecast.freeBytes > 0.0
            ? tr("Takes %1, %2 of %3 free memory")
                  .arg(duration(forecast.seconds), bytes(forecast.bytes), bytes(forecast.freeBytes))
            : tr("Takes %1, %2 of memory").arg(duration(forecast.seconds), bytes(forecast.bytes));
    m_line->setText(text);
    QString tip;
    if (counted) {
        tip = QStringLiteral("<p>%1</p>").arg(words(forecast.text).toHtmlEscaped());
        if (!forecast.cost.memory.empty())
            tip += QStringLiteral("<p><b>%1</b> %2</p>")
                       .arg(tr("Memory is"), words(forecast.cost.memory).toHtmlEscaped());
        tip +=
            QStringLiteral("<p>%1</p>")
                .arg(tr("Counted from the algorithm and this data, timed by this machine: training alone, at "
                        "the peak, beyond the data; evaluation and stopping early are not in it."));
    }
    m_line->setToolTip(tip);
    m_line->setVisible(!counted || fits);
    m_warning->setVisible(counted && !fits);
    m_warning->setToolTip(tip);
    if (counted && !fits)
        m_warning->setText(
            QStringLiteral("%1%2").arg(words(forecast.text).toHtmlEscaped(), alternatives(forecast)));
}

QString ForecastPanel::alternatives(const Forecast& forecast) const {
    if (forecast.alternatives.empty())
        return QStringLiteral("<br>") +
               tr("Keep only items with more interactions (Data page), or make the model smaller.");
    QStringList links;
    for (const ForecastAlternative& each : forecast.alternatives)
        links << tr("<a href=\"%1\" style=\"color:%2\">%3</a> (%4, %5)")
                     .arg(words(each.algorithm), Theme::current().colors().accent.name(),
                          words(each.title).toHtmlEscaped(), bytes(each.bytes),
                          words(roughDuration(each.seconds)));
    return QStringLiteral("<br>") + tr("What fits: %1").arg(links.join(QStringLiteral(", ")));
}

void ForecastPanel::show(const std::vector<Leak>& leaks) {
    m_leaks = leaks;
    m_unfolded = false;
    describeLeaks();
}

void ForecastPanel::describeLeaks() {
    m_leakText->setVisible(!m_leaks.empty());
    if (m_leaks.empty()) return;
    QStringList messages;
    QString tip;
    for (const Leak& leak : m_leaks) {
        messages << words(leak.message).toHtmlEscaped();
        tip += QStringLiteral("<p>%1</p>").arg(words(leakText(leak)).toHtmlEscaped());
    }
    const QString link =
        QStringLiteral(" <a href=\"fold\" style=\"color:%1\">%2</a>")
            .arg(Theme::current().colors().accent.name(), m_unfolded ? tr("Less") : tr("Details"));
    const int count = static_cast<int>(m_leaks.size());
    const QString head =
        QStringLiteral("<b>%1</b> ")
            .arg(count == 1 ? tr("The split leaks:") : tr("The split leaks in %1 ways:").arg(count));
    if (!m_unfolded) {
        m_leakText->setText(head + messages.front() + QLatin1Char('.') + link);
    } else {
        QString all = head;
        for (const Leak& leak : m_leaks) {
            all += QStringLiteral("<br>• %1").arg(words(leak.message).toHtmlEscaped());
            QStringList examples;
            for (const std::string& example : leak.examples)
                examples << words(example).toHtmlEscaped();
            if (!examples.isEmpty())
                all += QStringLiteral("<br>&nbsp;&nbsp;%1")
                           .arg(tr("for example %1").arg(examples.join(QStringLiteral("; "))));
        }
        m_leakText->setText(all + link);
    }
    m_leakText->setToolTip(tip);
}

void ForecastPanel::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_line) return;
    // Links hold a colour of the old theme.
    if (m_warning->isVisibleTo(this)) show(m_forecast);
    describeLeaks();
}

} // namespace recoscope
