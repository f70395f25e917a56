// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/recommender.h"
#include "engine/data/split.h"

#include <QMetaType>
#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace recoscope {

/// One item of a user's history, or one that the model made of it.
struct CodeItem {
    ItemIndex item{};
    QString title;
    QString features; // genres or categories
    bool inHistory = false;
    float input = 0.0f;   // what the network was given for it; 0 outside of the history
    bool dropped = false; // taken out by the noise
    float rebuilt = 0.0f; // on a scale that can be read, see CodeAnswer::shares
    int rank = 0;         // of `rebuilt` among all items, from 1
    int rankBefore = 0;   // by the model before; 0: there is none
};

/// A user on the way through a model: in, code, out.
struct CodeAnswer {
    quint64 ticket = 0;
    UserIndex user{};
    int modelEpoch = 0;
    std::optional<std::uint64_t> noiseSeed;
    int itemCount = 0;
    std::vector<CodeItem> history; // best rebuilt first
    std::vector<CodeItem> top;     // best rebuilt of all items
    std::vector<CodeItem> rose; // not in the history, yet among as many first as the history has; best first
    int kept = 0;               // of the history among as many first as it has; the others fell
    int keptBefore = -1;        // by the model before; -1: there is none
    int dropped = 0;            // by the noise
    std::vector<float> code;    // of the history without noise
    std::vector<float> drawn;   // with it; empty without
    std::vector<float> deviation;  // of random codes; else empty
    std::vector<float> codeBefore; // by the model before, without noise; empty: there is none
    bool shares = false;           // `rebuilt` adds up to 1 over all items
    bool generative = false;

    int fell() const { return static_cast<int>(history.size()) - kept; }
};

struct CodeRequest {
    std::shared_ptr<const Recommender> model;
    std::shared_ptr<const Recommender> before; // the snapshot before, to compare with; may be null
    SplitPtr split;
    UserIndex user{};
    std::optional<std::uint64_t> noiseSeed; // through the noise of training
    int count = 50;                         // of `top`
    int modelEpoch = 0;
};

/// A share of a list that belongs to a genre or category.
struct GenreShare {
    QString name;
    double share = 0.0;
    double usual = 0.0; // of all training interactions
};

/// What the decoder makes of a code that nobody has.
struct DecodedAnswer {
    quint64 ticket = 0;
    bool madeUp = false;        // drawn from the prior; else between two users
    double share = 0.0;         // of the second user
    std::vector<CodeItem> top;  // best first; inHistory: of either user; rankBefore: for the first user
    std::vector<bool> inSecond; // by entry of `top`: in the second user's history
    std::vector<bool> inFirst;
    std::vector<float> code;
    std::vector<GenreShare> mix; // of `top`, greatest first; empty without categories
};

struct BlendRequest {
    std::shared_ptr<const Recommender> model;
    SplitPtr split;
    UserIndex first{};
    UserIndex second{};
    double share = 0.5; // of the second
    int count = 50;
};

struct DrawRequest {
    std::shared_ptr<const Recommender> model;
    SplitPtr split;
    std::uint64_t seed = 1;
    int count = 50;
};

/// O(items log items) beside the network. Any thread. Unsupported where a model has no codes.
Result<CodeAnswer> codeOf(const CodeRequest& request);
/// The code share * second + (1 - share) * first, decoded.
Result<DecodedAnswer> blend(const BlendRequest& request);
/// A user nobody has seen, drawn from what the codes were shaped after.
Result<DecodedAnswer> drawUser(const DrawRequest& request);

} // namespace recoscope
