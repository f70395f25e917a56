// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/pages/latent_coloring.h"

#include "widgets/charts/scatter_raster.h"
#include "widgets/style/theme.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace recoscope {

namespace {

constexpr int kOwnColors = 7; // the eighth is the rest's

QString tr(const char* text) { return QCoreApplication::translate("recoscope::LatentPage", text); }

const FeatureTable& features(const Dataset& dataset, LatentSide side) {
    return side == LatentSide::Items ? dataset.itemFeatures() : dataset.userFeatures();
}

const FeatureColumn* columnOf(const ColorSource& source, const LatentPicture& picture) {
    return source.column.empty() ? nullptr
                                 : features(*picture.split->dataset(), picture.side).find(source.column);
}

bool isCategory(const FeatureColumn& column) {
    return (column.kind == FeatureKind::Token || column.kind == FeatureKind::Tokens) &&
           !column.vocabulary.empty();
}

std::span<const float> valuesOf(const LatentPicture& picture, std::int32_t row) {
    return picture.side == LatentSide::Items ? picture.split->trainByItem().values(ItemIndex{row})
                                             : picture.split->train().values(UserIndex{row});
}

QString capitalised(const std::string& name) {
    QString text = QString::fromStdString(name);
    text.replace(QLatin1Char('_'), QLatin1Char(' '));
    if (!text.isEmpty()) text[0] = text[0].toUpper();
    return text;
}

QString numberText(double value) {
    // Years and other whole numbers below ten thousand are read without a separator.
    if (value == std::round(value) && std::abs(value) < 10'000) return QString::number(value, 'f', 0);
    return QLocale(QLocale::English, QLocale::UnitedStates).toString(value, 'g', 4);
}

std::vector<double> numbersOf(const ColorSource& source, const LatentPicture& picture) {
    std::vector<double> numbers;
    numbers.reserve(picture.rows.size());
    const FeatureColumn* column = columnOf(source, picture);
    for (const std::int32_t row : picture.rows) {
        const auto values = valuesOf(picture, row);
        double number = std::numeric_limits<double>::quiet_NaN();
        if (source.kind == ColorSource::Kind::Activity)
            number = static_cast<double>(values.size());
        else if (source.kind == ColorSource::Kind::MeanRating && !values.empty())
            number = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
        else if (column && column->kind == FeatureKind::Number)
            number = static_cast<double>(column->numbers[static_cast<std::size_t>(row)]);
        numbers.push_back(number);
    }
    return numbers;
}

Coloring byNumber(const ColorSource& source, const LatentPicture& picture) {
    Coloring result;
    result.continuous = true;
    const std::vector<double> numbers = numbersOf(source, picture);
    std::vector<double> known;
    std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(known),
                 [](double x) { return std::isfinite(x); });
    result.missing = static_cast<int>(numbers.size() - known.size());
    std::sort(known.begin(), known.end());
    double low = 0.0;
    double high = 1.0;
    bool log = false;
    if (!known.empty()) {
        // One odd value does not take the colours from the others: the ends are where 1 % is beyond.
        const auto at = [&](double share) {
            return known[static_cast<std::size_t>(share * static_cast<double>(known.size() - 1))];
        };
        const bool counts = source.kind == ColorSource::Kind::Activity;
        low = counts ? known.front() : at(0.01);
        high = counts ? known.back() : at(0.99);
        log = low > 0.0 && (counts ? high > 4.0 * low : high > 100.0 * low);
    }
    const auto place = [log](double x) { return log ? std::log(std::max(x, 1e-300)) : x; };
    const double from = place(low);
    const double span = place(high) - from;
    const bool dark = Theme::current().dark();
    for (const double number : numbers)
        result.colors.push_back(rampColor(std::isfinite(number) && span > 0.0 ? (place(number) - from) / span
                                          : std::isfinite(number)             ? 0.5
                                                                              : number,
                                          dark)
                                    .rgb());
    const auto text = [&](double x) {
        return source.kind == ColorSource::Kind::MeanRating ? QString::number(x, 'f', 1)
               : source.kind == ColorSource::Kind::Activity
                   ? QLocale(QLocale::English).toString(std::lround(x))
                   : numberText(std::round(x) == x || span > 20 ? std::round(x) : x);
    };
    if (!known.empty()) {
        result.low = text(low);
        result.high = text(high);
        const double middle = log ? std::exp(from + span / 2.0) : from + span / 2.0;
        if (span > 0.0) result.middle = text(middle);
    }
    return result;
}

Coloring byCategory(const FeatureColumn& column, const LatentPicture& picture) {
    Coloring result;
    const bool dark = Theme::current().dark();
    std::vector<int> counts(column.vocabulary.size(), 0);
    for (const std::int32_t row : picture.rows) {
        for (const std::int32_t token : column.tokensOf(row))
            ++counts[static_cast<std::size_t>(token)];
        if (column.tokensOf(row).empty()) ++result.missing;
    }
    std::vector<int> order(counts.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
        return counts[static_cast<std::size_t>(a)] > counts[static_cast<std::size_t>(b)];
    });
    std::vector<int> rank(counts.size(), kOwnColors);
    const bool all = order.size() <= kOwnColors + 1;
    for (std::size_t n = 0; n < order.size(); ++n) {
        const auto token = static_cast<std::size_t>(order[n]);
        if (counts[token] == 0) break;
        const bool own = n < kOwnColors || all;
        if (own) rank[token] = static_cast<int>(n);
        result.entries.push_back({QString::fromStdString(column.vocabulary[token]),
                                  own ? Theme::current().series(static_cast<int>(n)) : missingColor(dark),
                                  counts[token], static_cast<int>(token), own});
    }
    if (result.missing > 0)
        result.entries.push_back({tr("none"), missingColor(dark), result.missing, -1, false});
    for (const std::int32_t row : picture.rows) {
        QColor color = missingColor(dark);
        for (const std::int32_t token : column.tokensOf(row)) {
            const int own = rank[static_cast<std::size_t>(token)];
            if (own >= kOwnColors && !all) continue;
            color = Theme::current().series(own);
            break;
        }
        result.colors.push_back(color.rgb());
    }
    return result;
}

} // namespace

std::vector<ColorSource> colorSources(const Dataset& dataset, LatentSide side) {
    std::vector<ColorSource> sources;
    using Kind = ColorSource::Kind;
    for (const FeatureColumn& column : features(dataset, side).columns())
        if (isCategory(column)) sources.push_back({Kind::Category, column.name, capitalised(column.name)});
    sources.push_back({Kind::Activity, "", side == LatentSide::Items ? tr("Popularity") : tr("Activity")});
    if (!dataset.scale().implicit && dataset.scale().max > dataset.scale().min)
        sources.push_back({Kind::MeanRating, "", tr("Mean rating")});
    for (const FeatureColumn& column : features(dataset, side).columns())
        if (column.kind == FeatureKind::Number)
            sources.push_back({Kind::Number, column.name, capitalised(column.name)});
    return sources;
}

Coloring colorPoints(const ColorSource& source, const LatentPicture& picture) {
    const FeatureColumn* column = columnOf(source, picture);
    if (source.kind == ColorSource::Kind::Category && column && isCategory(*column))
        return byCategory(*column, picture);
    return byNumber(source, picture);
}

std::vector<bool> pointsWith(const ColorSource& source, const LatentPicture& picture, int token) {
    std::vector<bool> with(picture.rows.size(), false);
    const FeatureColumn* column = columnOf(source, picture);
    if (!column || !isCategory(*column)) return with;
    for (std::size_t n = 0; n < picture.rows.size(); ++n) {
        const auto tokens = column->tokensOf(picture.rows[n]);
        with[n] = token < 0 ? tokens.empty() : std::find(tokens.begin(), tokens.end(), token) != tokens.end();
    }
    return with;
}

std::vector<CategoryShare> categoryShares(const ColorSource& source, const LatentPicture& picture,
                                          const std::vector<int>& chosen, int most) {
    std::vector<CategoryShare> shares;
    const FeatureColumn* column = columnOf(source, picture);
    if (!column || !isCategory(*column)) {
        column = nullptr;
        for (const FeatureColumn& other : features(*picture.split->dataset(), picture.side).columns())
            if (!column && isCategory(other)) column = &other;
    }
    if (!column || chosen.empty()) return shares;
    const Coloring coloring = byCategory(*column, picture);
    std::vector<int> counts(column->vocabulary.size(), 0);
    for (const int point : chosen)
        for (const std::int32_t token : column->tokensOf(picture.rows[static_cast<std::size_t>(point)]))
            ++counts[static_cast<std::size_t>(token)];
    for (const LegendEntry& entry : coloring.entries) {
        if (entry.token < 0 || counts[static_cast<std::size_t>(entry.token)] == 0) continue;
        const int count = counts[static_cast<std::size_t>(entry.token)];
        shares.push_back({entry.name, entry.color, count,
                          static_cast<double>(count) / static_cast<double>(chosen.size()),
                          static_cast<double>(entry.points) / static_cast<double>(picture.rows.size())});
    }
    std::stable_sort(shares.begin(), shares.end(),
                     [](const CategoryShare& a, const CategoryShare& b) { return a.chosen > b.chosen; });
    if (static_cast<int>(shares.size()) > most) shares.resize(static_cast<std::size_t>(most));
    return shares;
}

std::vector<float> activityOf(const LatentPicture& picture) {
    std::vector<float> activity;
    activity.reserve(picture.rows.size());
    for (const std::int32_t row : picture.rows)
        activity.push_back(static_cast<float>(valuesOf(picture, row).size()));
    return activity;
}

QString pointTitle(const LatentPicture& picture, int point) {
    const Dataset& dataset = *picture.split->dataset();
    const std::int32_t row = picture.rows[static_cast<std::size_t>(point)];
    if (picture.side == LatentSide::Items) return QString::fromStdString(dataset.itemTitle(ItemIndex{row}));
    const auto id = dataset.userId(UserIndex{row});
    return tr("User %1").arg(QString::fromUtf8(id.data(), static_cast<qsizetype>(id.size())));
}

QString pointHint(const LatentPicture& picture, int point) {
    const std::int32_t row = picture.rows[static_cast<std::size_t>(point)];
    QStringList parts;
    for (const FeatureColumn& column : features(*picture.split->dataset(), picture.side).columns()) {
        if (column.kind == FeatureKind::Text) continue;
        const QString text = QString::fromStdString(column.display(row));
        if (text.isEmpty()) continue;
        parts << (column.kind == FeatureKind::Tokens
                      ? text
                      : tr("%1 %2").arg(capitalised(column.name).toLower(), text));
        if (parts.size() == 4) break;
    }
    const auto values = valuesOf(picture, row);
    QString counted = tr("Training interactions: %1").arg(values.size());
    const RatingScale& scale = picture.split->dataset()->scale();
    if (!scale.implicit && scale.max > scale.min && !values.empty())
        counted +=
            tr(", mean %1")
                .arg(std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()),
                     0, 'f', 2);
    parts << counted;
    return parts.join(QStringLiteral("\n"));
}

} // namespace recoscope
