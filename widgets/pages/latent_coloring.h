// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/session/latent_service.h"

#include <QColor>
#include <QString>

#include <string>
#include <vector>

namespace recoscope {

/// What the points of a map can be coloured by.
struct ColorSource {
    enum class Kind { Activity, MeanRating, Category, Number };
    Kind kind = Kind::Activity;
    std::string column; // of the feature table, for Category and Number
    QString title;
    bool operator==(const ColorSource&) const = default;
};

/// Popularity or activity first, then what the data knows of its items or users.
std::vector<ColorSource> colorSources(const Dataset& dataset, LatentSide side);

struct LegendEntry {
    QString name;
    QColor color;
    int points = 0;  // that have it
    int token = -1;  // of the column's vocabulary; -1: without any
    bool own = true; // false: shares the colour of the rest
};

struct Coloring {
    std::vector<QRgb> colors;         // by point
    bool continuous = false;          // the ramp from low to high, else entries
    std::vector<LegendEntry> entries; // most frequent first
    QString low;
    QString middle;
    QString high;
    int missing = 0; // points without a value
};

/// Categories: the most frequent ones have a colour of their own, a point that is in several takes the first
/// of its own that has one. Counts and other numbers that span two powers of ten go by their logarithm.
/// O(points).
Coloring colorPoints(const ColorSource& source, const LatentPicture& picture);
/// Which points are in a category (-1: in none).
std::vector<bool> pointsWith(const ColorSource& source, const LatentPicture& picture, int token);

/// One category among some points, beside its share among all.
struct CategoryShare {
    QString name;
    QColor color;
    int chosen = 0;
    double share = 0.0;    // of the chosen points
    double allShare = 0.0; // of all points
};
/// Of the source where it is a category, else of the data's first column of categories; by count, at most
/// `most`.
std::vector<CategoryShare> categoryShares(const ColorSource& source, const LatentPicture& picture,
                                          const std::vector<int>& chosen, int most);

/// Interactions in training, by point.
std::vector<float> activityOf(const LatentPicture& picture);
QString pointTitle(const LatentPicture& picture, int point);
/// Categories, numbers and how many interactions: what a label says beside the title.
QString pointHint(const LatentPicture& picture, int point);

} // namespace recoscope
