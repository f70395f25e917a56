// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/code_view.h"

#include "app/models/code_item_model.h"
#include "widgets/charts/code_strip.h"
#include "widgets/charts/genre_bars.h"
#include "widgets/delegates/bar_delegate.h"
#include "widgets/style/row_table.h"
#include "widgets/style/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPainter>
#include <QPushButton>
#include <QSlider>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace recoscope {

namespace {

constexpr int kShown = 100; // of the list that comes out
constexpr int kMixed = 50;  // of the lists that show a mix of genres
constexpr int kSteps = 100; // of the slider

QString whole(qsizetype value) {
    return QLocale(QLocale::English, QLocale::UnitedStates).toString(static_cast<qlonglong>(value));
}

QLabel* heading(const QString& words) {
    auto* label = new QLabel(words);
    Theme::keepFont(label, 1.0, true);
    return label;
}

/// A band behind the rows that were kept, and a bar behind the numbers that come out.
class CodeDelegate final : public HitDelegate {
public:
    explicit CodeDelegate(QObject* parent)
        : HitDelegate(CodeItemModel::HitRole, parent) {}
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override {
        const double share = std::clamp(index.data(CodeItemModel::ShareRole).toDouble(), 0.0, 1.0);
        if (share > 0.0) {
            QColor color = Theme::current().series(0);
            color.setAlphaF(0.28f);
            QRectF bar = QRectF(option.rect).adjusted(1, 3, -1, -3);
            bar.setLeft(bar.right() - bar.width() * share);
            painter->fillRect(bar, color);
        }
        HitDelegate::paint(painter, option, index);
    }
};

} // namespace

CodeView::CodeView(QueryService* queries, QWidget* parent)
    : QWidget(parent)
    , m_queries(queries) {
    m_summary = new QLabel;
    m_summary->setObjectName(QStringLiteral("codeSummary"));
    m_summary->setWordWrap(true);
    m_noise = new QCheckBox(tr("Noise of training"));
    m_noise->setObjectName(QStringLiteral("codeNoise"));
    m_noise->setToolTip(
        tr("Sends the history through the noise that training puts on it: items are dropped, and "
           "random codes are drawn instead of taking their mean"));
    m_again = new QPushButton(themedIcon(QStringLiteral("reset")), tr("Draw again"));
    m_again->setObjectName(QStringLiteral("codeAgain"));
    m_again->setToolTip(tr("Another draw of the noise"));
    m_again->setEnabled(false);
    m_strip = new CodeStrip;
    m_legend = new QLabel;
    m_legend->setProperty("role", "muted");
    m_legend->setWordWrap(true);
    Theme::keepFont(m_legend, 0.9);
    m_tools = new QTabWidget;
    m_tools->setObjectName(QStringLiteral("codeTools"));
    m_tools->setDocumentMode(true);
    m_tools->addTab(buildThrough(), tr("Through the model"));
    m_tools->addTab(buildBlend(), tr("Towards another user"));
    m_drawPage = buildDraw();
    m_tools->addTab(m_drawPage, tr("Make a user"));

    auto* top = new QHBoxLayout;
    top->setSpacing(space::small);
    top->addWidget(m_summary, 1);
    top->addWidget(m_noise, 0, Qt::AlignTop);
    top->addWidget(m_again, 0, Qt::AlignTop);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, space::small, 0, 0);
    column->setSpacing(space::tiny);
    column->addLayout(top);
    column->addWidget(m_strip);
    column->addWidget(m_legend);
    column->addWidget(m_tools, 1);

    connect(m_noise, &QCheckBox::toggled, this, [this](bool on) {
        m_again->setEnabled(on);
        ask();
    });
    connect(m_again, &QPushButton::clicked, this, [this] {
        ++m_noiseSeed;
        ask();
    });
    connect(m_tools, &QTabWidget::currentChanged, this, [this] {
        askBlend();
        askDraw();
        showCode();
    });
    connect(m_queries, &QueryService::codeFound, this, qOverload<const CodeAnswer&>(&CodeView::take));
    connect(m_queries, &QueryService::decoded, this, qOverload<const DecodedAnswer&>(&CodeView::take));
    connect(m_queries, &QueryService::failed, this, [this](quint64 ticket, const Error& error) {
        const QString words = QString::fromStdString(error.text());
        if (ticket == m_codeTicket) m_summary->setText(words);
        if (ticket == m_blendTicket) m_blendTitle->setText(words);
        if (ticket == m_drawTicket) m_drawTitle->setText(words);
    });
}

QTableView* CodeView::makeTable(CodeItemModel* model, int stretchColumn) {
    auto* table = new QTableView;
    table->setModel(model);
    setUpRowTable(table);
    table->setSelectionMode(QAbstractItemView::SingleSelection);
    table->horizontalHeader()->setMinimumSectionSize(36);
    table->setItemDelegate(new CodeDelegate(table));
    const auto size = [table, model, stretchColumn] {
        table->verticalHeader()->setDefaultSectionSize(table->fontMetrics().height() + 8);
        for (int n = 0; n < model->columnCount(); ++n) {
            const QString name = model->headerData(n, Qt::Horizontal, Qt::DisplayRole).toString();
            const bool genres = name == CodeItemModel::tr("Genres");
            table->horizontalHeader()->setSectionResizeMode(n, n == stretchColumn ? QHeaderView::Stretch
                                                               : genres           ? QHeaderView::Interactive
                                                                        : QHeaderView::ResizeToContents);
            if (genres) table->setColumnWidth(n, Theme::current().scaled(110));
        }
    };
    connect(model, &QAbstractItemModel::modelReset, table, size);
    connect(table, &QTableView::doubleClicked, this, [this, model](const QModelIndex& index) {
        if (const CodeItem* row = model->rowAt(index.row())) emit itemActivated(row->item);
    });
    size();
    return table;
}

QWidget* CodeView::buildThrough() {
    m_inModel = new CodeItemModel(CodeItemModel::Kind::History, this);
    m_outModel = new CodeItemModel(CodeItemModel::Kind::Rebuilt, this);
    m_inTitle = heading(tr("Goes in"));
    m_inFilter = new QComboBox;
    m_inFilter->setObjectName(QStringLiteral("inFilter"));
    m_inFilter->addItems({tr("All"), tr("What fell"), tr("What the noise dropped")});
    m_outTitle = heading(tr("Comes out"));
    m_outFilter = new QComboBox;
    m_outFilter->setObjectName(QStringLiteral("outFilter"));
    m_outFilter->addItems({tr("All"), tr("What rose")});
    m_outFilter->setToolTip(tr("Rose: not in the history, yet among as many first as the history has"));
    for (QComboBox* filter : {m_inFilter, m_outFilter})
        connect(filter, &QComboBox::currentIndexChanged, this, &CodeView::fillTables);
    const auto side = [](QLabel* title, QComboBox* filter, QTableView* table) {
        auto* holder = new QWidget;
        auto* row = new QHBoxLayout;
        row->addWidget(title, 1);
        row->addWidget(filter);
        auto* column = new QVBoxLayout(holder);
        column->setContentsMargins(0, space::tiny, 0, 0);
        column->setSpacing(space::tiny);
        column->addLayout(row);
        column->addWidget(table, 1);
        return holder;
    };
    auto* split = new QSplitter(Qt::Horizontal);
    split->setObjectName(QStringLiteral("codeSplitter"));
    auto* in = makeTable(m_inModel, 0);
    in->setObjectName(QStringLiteral("codeIn"));
    auto* out = makeTable(m_outModel, 1);
    out->setObjectName(QStringLiteral("codeOut"));
    split->addWidget(side(m_inTitle, m_inFilter, in));
    split->addWidget(side(m_outTitle, m_outFilter, out));
    split->setSizes({450, 450});
    split->setChildrenCollapsible(false);
    split->setHandleWidth(space::medium);
    return split;
}

QWidget* CodeView::buildBlend() {
    auto* page = new QWidget;
    m_first = heading({});
    m_share = new QSlider(Qt::Horizontal);
    m_share->setObjectName(QStringLiteral("blendShare"));
    m_share->setRange(0, kSteps);
    m_share->setValue(kSteps / 2);
    m_share->setToolTip(
        tr("Left: this user's code. Right: the other's. Between: a mixture of both codes, decoded"));
    m_second = new QLineEdit;
    m_second->setObjectName(QStringLiteral("blendUser"));
    m_second->setPlaceholderText(tr("User"));
    m_second->setToolTip(tr("The id of the other user"));
    Theme::keepWidth(m_second, 70, 120);
    auto* other = new QPushButton(tr("Another"));
    other->setToolTip(tr("Somebody else"));
    m_blendTitle = new QLabel;
    m_blendTitle->setWordWrap(true);
    m_blendTitle->setProperty("role", "muted");
    m_blendModel = new CodeItemModel(CodeItemModel::Kind::Decoded, this);
    auto* table = makeTable(m_blendModel, 1);
    table->setObjectName(QStringLiteral("blendTable"));
    m_blendMix = new GenreBars;
    auto* ends = new QHBoxLayout;
    ends->setSpacing(space::small);
    ends->addWidget(m_first);
    ends->addWidget(m_share, 1);
    ends->addWidget(heading(tr("User")));
    ends->addWidget(m_second);
    ends->addWidget(other);
    auto* below = new QHBoxLayout;
    below->setSpacing(space::medium);
    below->addWidget(table, 3);
    below->addWidget(m_blendMix, 1);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, space::tiny, 0, 0);
    column->setSpacing(space::tiny);
    column->addLayout(ends);
    column->addWidget(m_blendTitle);
    column->addLayout(below, 1);
    connect(m_share, &QSlider::valueChanged, this, &CodeView::askBlend);
    connect(m_second, &QLineEdit::editingFinished, this,
            [this] { setOtherUser(m_second->text().trimmed()); });
    connect(other, &QPushButton::clicked, this, [this] {
        chooseOther();
        askBlend();
    });
    return page;
}

QWidget* CodeView::buildDraw() {
    auto* page = new QWidget;
    auto* make = new QPushButton(themedIcon(QStringLiteral("user")), tr("Make another user"));
    make->setObjectName(QStringLiteral("makeUser"));
    make->setProperty("iconName", QStringLiteral("user"));
    make->setToolTip(
        tr("Draws a code from the distribution that training shaped the codes after, and decodes it"));
    m_drawTitle = new QLabel;
    m_drawTitle->setWordWrap(true);
    m_drawTitle->setProperty("role", "muted");
    m_drawModel = new CodeItemModel(CodeItemModel::Kind::Decoded, this);
    auto* table = makeTable(m_drawModel, 1);
    table->setObjectName(QStringLiteral("drawTable"));
    table->setColumnHidden(4, true); // known to, rank left: there are no two users here
    table->setColumnHidden(5, true);
    m_drawMix = new GenreBars;
    auto* top = new QHBoxLayout;
    top->addWidget(m_drawTitle, 1);
    top->addWidget(make, 0, Qt::AlignTop);
    auto* below = new QHBoxLayout;
    below->setSpacing(space::medium);
    below->addWidget(table, 3);
    below->addWidget(m_drawMix, 1);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, space::tiny, 0, 0);
    column->setSpacing(space::tiny);
    column->addLayout(top);
    column->addLayout(below, 1);
    connect(make, &QPushButton::clicked, this, [this] {
        ++m_drawSeed;
        askDraw();
    });
    return page;
}

QString CodeView::userName(UserIndex user) const {
    const std::string_view id = m_subject.split->dataset()->userId(user);
    return tr("User %1").arg(QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size())));
}

void CodeView::setSubject(Subject subject) {
    const bool otherData =
        !m_subject.split || !subject.split || m_subject.split->dataset() != subject.split->dataset();
    const bool otherUser = otherData || subject.user != m_subject.user;
    m_subject = std::move(subject);
    if (!m_subject.split || !m_subject.model) return;
    if (otherData) m_other.reset();
    if (!m_other || (otherUser && *m_other == m_subject.user)) chooseOther();
    m_first->setText(userName(m_subject.user));
    const LatentSpace* space = m_subject.model->latentSpace();
    m_tools->setTabVisible(m_tools->indexOf(m_drawPage), space && space->generative());
    ask();
}

/// The next user with a history, after the one that is there.
void CodeView::chooseOther() {
    if (!m_subject.split) return;
    const UserItemCsr& histories = m_subject.split->testHistory();
    const std::int32_t users = histories.rowCount();
    std::int32_t at = m_other ? toInt(*m_other) : toInt(m_subject.user) + users / 3;
    for (std::int32_t n = 0; n < users; ++n) {
        at = (at + 1) % users;
        if (at != toInt(m_subject.user) && histories.rowSize(UserIndex{at}) >= 5) break;
    }
    m_other = UserIndex{at};
    const std::string_view id = m_subject.split->dataset()->userId(*m_other);
    m_second->setText(QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size())));
}

bool CodeView::setOtherUser(const QString& id) {
    if (!m_subject.split) return false;
    const auto found = m_subject.split->dataset()->users().find(id.toStdString());
    if (!found) {
        m_blendTitle->setText(tr("Nobody has the id %1").arg(id));
        return false;
    }
    m_other = UserIndex{*found};
    m_second->setText(id);
    askBlend();
    return true;
}

void CodeView::setNoise(bool on) { m_noise->setChecked(on); }
bool CodeView::noise() const { return m_noise->isChecked(); }
void CodeView::setTool(int tool) { m_tools->setCurrentIndex(tool); }
void CodeView::setShare(double share) { m_share->setValue(static_cast<int>(share * kSteps + 0.5)); }

bool CodeView::settled() const {
    const auto arrived = [](const auto& answer, quint64 ticket) {
        return answer && answer->ticket == ticket;
    };
    if (!arrived(m_answer, m_codeTicket)) return false;
    if (m_tools->currentIndex() == 1) return arrived(m_blend, m_blendTicket);
    return m_tools->currentIndex() != 2 || arrived(m_drawn, m_drawTicket);
}

void CodeView::ask() {
    m_stale = !isVisible();
    if (m_stale || !m_subject.model || !m_subject.split) return;
    CodeRequest request;
    request.model = m_subject.model;
    request.before = m_subject.before;
    request.split = m_subject.split;
    request.user = m_subject.user;
    if (m_noise->isChecked()) request.noiseSeed = m_noiseSeed;
    request.count = kShown;
    request.modelEpoch = m_subject.epoch;
    m_codeTicket = m_queries->code(std::move(request));
    askBlend();
    askDraw();
}

void CodeView::askBlend() {
    if (m_tools->currentIndex() != 1 || !isVisible() || !m_subject.model || !m_other) return;
    m_blendTicket = m_queries->blend({m_subject.model, m_subject.split, m_subject.user, *m_other,
                                      static_cast<double>(m_share->value()) / kSteps, kMixed});
}

void CodeView::askDraw() {
    if (m_tools->currentIndex() != 2 || !isVisible() || !m_subject.model) return;
    m_drawTicket = m_queries->drawUser({m_subject.model, m_subject.split, m_drawSeed, kMixed});
}

void CodeView::take(const CodeAnswer& answer) {
    if (answer.ticket != m_codeTicket || !m_subject.split) return;
    m_answer = answer;
    showAnswer();
}

void CodeView::take(const DecodedAnswer& answer) {
    if (answer.ticket == m_blendTicket) {
        m_blend = answer;
        m_blendModel->setRows(answer);
        m_blendMix->setShares(answer.mix);
        const auto share = static_cast<int>(answer.share * 100.0 + 0.5);
        const auto known = [](const std::vector<bool>& in) {
            return whole(static_cast<qsizetype>(std::count(in.begin(), in.end(), true)));
        };
        m_blendTitle->setText(
            tr("%1 % of this user's code and %2 % of the other's, decoded. Of the first %3 items %4 "
               "are in the left history and %5 in the right one.")
                .arg(100 - share)
                .arg(share)
                .arg(whole(static_cast<qsizetype>(answer.top.size())), known(answer.inFirst),
                     known(answer.inSecond)));
    } else if (answer.ticket == m_drawTicket) {
        m_drawn = answer;
        m_drawModel->setRows(answer);
        m_drawMix->setShares(answer.mix);
        m_drawTitle->setText(
            tr("Nobody's history: a code of %1 numbers drawn at random, as training wanted codes to be "
               "spread, and what the decoder makes of it.")
                .arg(whole(static_cast<qsizetype>(answer.code.size()))));
    } else {
        return;
    }
    showCode();
}

void CodeView::showAnswer() {
    const CodeAnswer& answer = *m_answer;
    const auto items = static_cast<qsizetype>(answer.history.size());
    QString when = m_subject.midEpoch      ? tr(" in the middle of epoch %1").arg(answer.modelEpoch)
                   : answer.modelEpoch > 0 ? tr(" after epoch %1").arg(answer.modelEpoch)
                                           : QString();
    QString words = QStringLiteral("<b>%1</b>%2: ").arg(userName(answer.user).toHtmlEscaped(), when);
    words +=
        tr("%1 items → <b>%2 numbers</b> → %3 items. ")
            .arg(whole(items), whole(static_cast<qsizetype>(answer.code.size())), whole(answer.itemCount));
    if (items == 0) {
        words += tr("The history is empty, so this is what the model says of nobody.");
    } else {
        words += tr("<b>%1</b> of the %2 come back among the first %2").arg(whole(answer.kept), whole(items));
        if (answer.keptBefore >= 0 && answer.keptBefore != answer.kept)
            words += tr(" (%1 %2 since the snapshot before)")
                         .arg(answer.kept > answer.keptBefore ? QStringLiteral("▲") : QStringLiteral("▼"))
                         .arg(std::abs(answer.kept - answer.keptBefore));
        words +=
            answer.fell() > 0
                ? tr("; %1 fell, and as many rose that are not in the history.").arg(whole(answer.fell()))
                : tr(".");
    }
    if (answer.noiseSeed && items > 0) {
        const auto back =
            std::count_if(answer.history.begin(), answer.history.end(), [&](const CodeItem& row) {
                return row.dropped && row.rank <= static_cast<int>(items);
            });
        words += QLatin1Char(' ');
        words += answer.dropped > 0
                     ? tr("The noise dropped %1; %2 of them came back all the same.")
                           .arg(whole(answer.dropped), whole(back))
                     : tr("This model is trained without noise on its input: nothing was dropped.");
    }
    m_summary->setText(words);
    fillTables();
    showCode();
}

void CodeView::fillTables() {
    if (!m_answer) return;
    const CodeAnswer& answer = *m_answer;
    const auto items = static_cast<int>(answer.history.size());
    std::vector<CodeItem> in;
    for (const CodeItem& row : answer.history) {
        const bool fits = m_inFilter->currentIndex() == 0   ? true
                          : m_inFilter->currentIndex() == 1 ? row.rank > items
                                                            : row.dropped;
        if (fits) in.push_back(row);
    }
    const std::vector<CodeItem>& out = m_outFilter->currentIndex() == 0 ? answer.top : answer.rose;
    m_inTitle->setText(
        m_inFilter->currentIndex() == 0
            ? tr("Goes in: %1 items, best rebuilt first").arg(whole(items))
            : tr("Goes in: %1 of %2 items").arg(whole(static_cast<qsizetype>(in.size())), whole(items)));
    m_outTitle->setText(m_outFilter->currentIndex() == 0
                            ? tr("Comes out: the first %1").arg(whole(static_cast<qsizetype>(out.size())))
                            : tr("Comes out: %1 that rose").arg(whole(static_cast<qsizetype>(out.size()))));
    m_inModel->setRows(std::move(in), answer.shares, items);
    m_outModel->setRows(out, answer.shares, items);
}

/// The strip is of the code that the open tool is about.
void CodeView::showCode() {
    CodeStrip::Code code;
    QString words;
    if (m_tools->currentIndex() == 1 && m_blend) {
        code.values = m_blend->code;
        words = tr("The mixture: ");
    } else if (m_tools->currentIndex() == 2 && m_drawn) {
        code.values = m_drawn->code;
        words = tr("The made-up user: ");
    } else if (m_answer) {
        code.values = m_answer->code;
        code.deviations = m_answer->deviation;
        code.before = m_answer->codeBefore;
        code.drawn = m_answer->drawn;
    }
    m_strip->setCode(std::move(code));
    m_legend->setText(words + m_strip->legend());
}

void CodeView::showEvent(QShowEvent* event) {
    QWidget::showEvent(event);
    if (m_stale) ask();
}

void CodeView::changeEvent(QEvent* event) {
    QWidget::changeEvent(event);
    if (event->type() != QEvent::PaletteChange || !m_again) return;
    m_again->setIcon(themedIcon(QStringLiteral("reset")));
    if (auto* make = findChild<QPushButton*>(QStringLiteral("makeUser")))
        make->setIcon(themedIcon(QStringLiteral("user")));
}

} // namespace recoscope
