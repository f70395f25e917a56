// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/query_service.h"

#include <QWidget>

#include <memory>
#include <optional>

class QAbstractItemModel;
class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSlider;
class QTableView;
class QTabWidget;

namespace recoscope {

class CodeItemModel;
class CodeStrip;
class GenreBars;

/// One user on the way through an autoencoder: the history that goes in, what the noise takes out, the code,
/// and what the decoder makes of it; codes between two users, and users that nobody has seen. GUI thread; all
/// computation is the QueryService's.
class CodeView final : public QWidget {
    Q_OBJECT
public:
    struct Subject {
        std::shared_ptr<const Recommender> model;
        std::shared_ptr<const Recommender> before; // the snapshot before of the same run; may be null
        SplitPtr split;
        UserIndex user{};
        int epoch = 0;
        bool midEpoch = false;
    };
    explicit CodeView(QueryService* queries, QWidget* parent = nullptr);

    /// Asks anew if seen, else when it is shown.
    void setSubject(Subject subject);
    void setNoise(bool on);
    bool noise() const;
    /// 0: through the model, 1: towards another user, 2: a made-up user.
    void setTool(int tool);
    /// By id; false when nobody has it.
    bool setOtherUser(const QString& id);
    void setShare(double share);
    /// Nothing that is seen is still being computed.
    bool settled() const;
    const CodeAnswer* answer() const { return m_answer ? &*m_answer : nullptr; }

signals:
    void itemActivated(recoscope::ItemIndex item);

protected:
    void showEvent(QShowEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QWidget* buildThrough();
    QWidget* buildBlend();
    QWidget* buildDraw();
    QTableView* makeTable(CodeItemModel* model, int stretchColumn);
    void ask();
    void askBlend();
    void askDraw();
    void take(const CodeAnswer& answer);
    void take(const DecodedAnswer& answer);
    void showAnswer();
    void fillTables();
    void showCode();
    void chooseOther();
    QString userName(UserIndex user) const;

    QueryService* m_queries;
    Subject m_subject;
    bool m_stale = true;
    std::optional<CodeAnswer> m_answer;
    std::optional<DecodedAnswer> m_blend;
    std::optional<DecodedAnswer> m_drawn;
    std::optional<UserIndex> m_other;
    std::uint64_t m_noiseSeed = 1;
    std::uint64_t m_drawSeed = 1;
    quint64 m_codeTicket = 0;
    quint64 m_blendTicket = 0;
    quint64 m_drawTicket = 0;

    QLabel* m_summary = nullptr;
    QCheckBox* m_noise = nullptr;
    QPushButton* m_again = nullptr;
    CodeStrip* m_strip = nullptr;
    QLabel* m_legend = nullptr;
    QTabWidget* m_tools = nullptr;
    QLabel* m_inTitle = nullptr;
    QComboBox* m_inFilter = nullptr;
    CodeItemModel* m_inModel = nullptr;
    QLabel* m_outTitle = nullptr;
    QComboBox* m_outFilter = nullptr;
    CodeItemModel* m_outModel = nullptr;
    QLabel* m_first = nullptr;
    QSlider* m_share = nullptr;
    QLineEdit* m_second = nullptr;
    QLabel* m_blendTitle = nullptr;
    CodeItemModel* m_blendModel = nullptr;
    GenreBars* m_blendMix = nullptr;
    QLabel* m_drawTitle = nullptr;
    CodeItemModel* m_drawModel = nullptr;
    GenreBars* m_drawMix = nullptr;
    QWidget* m_drawPage = nullptr;
};

} // namespace recoscope
