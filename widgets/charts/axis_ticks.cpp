// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/charts/axis_ticks.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>
#include <QTimeZone>

#include <algorithm>
#include <array>
#include <cmath>

namespace recoscope {

namespace {

QString tr(const char* text) { return QCoreApplication::translate("AxisTicks", text); }

const QLocale& numbers() {
    static const QLocale locale(QLocale::English, QLocale::UnitedStates);
    return locale;
}

double niceStep(double rough, std::initializer_list<double> mantissas) {
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    for (const double mantissa : mantissas)
        if (mantissa * power >= rough * 0.999) return mantissa * power;
    return 10.0 * power;
}

double durationStep(double rough) {
    static constexpr std::array<double, 17> steps{1,   2,   5,    10,   15,   30,    60,    120,  300,
                                                  600, 900, 1800, 3600, 7200, 14400, 28800, 86400};
    if (rough < 1.0) return niceStep(rough, {1.0, 2.0, 5.0});
    for (const double step : steps)
        if (step >= rough) return step;
    return 86400.0 * std::ceil(rough / 86400.0);
}

int decimalsFor(double step) {
    if (step <= 0.0) return 2;
    return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
}

QString linearLabel(double value, double step, AxisUnit unit) {
    switch (unit) {
    case AxisUnit::Integer:
        return numbers().toString(static_cast<qlonglong>(std::llround(value)));
    case AxisUnit::Seconds:
        if (step < 1.0) return tr("%1 s").arg(numbers().toString(value, 'f', decimalsFor(step)));
        return durationText(value);
    case AxisUnit::Percent:
        return tr("%1 %").arg(numbers().toString(100.0 * value, 'f', decimalsFor(100.0 * step)));
    default:
        break;
    }
    const double size = std::max(std::abs(value), step);
    if (size >= 1e7 || size < 1e-4) return numbers().toString(value, 'g', 4);
    // A step of 0.25 needs two decimals although its power of ten asks for one.
    int decimals = decimalsFor(step);
    const double shifted = step * std::pow(10.0, decimals);
    if (std::abs(shifted - std::round(shifted)) > 1e-6) ++decimals;
    return numbers().toString(value, 'f', decimals);
}

QVector<AxisTick> logTicks(double min, double max, AxisUnit unit, int wanted) {
    const auto collect = [&](std::initializer_list<double> mantissas, int everyDecade) {
        QVector<AxisTick> ticks;
        const int from = static_cast<int>(std::floor(min));
        const int to = static_cast<int>(std::ceil(max));
        for (int decade = from; decade <= to; ++decade) {
            if (((decade % everyDecade) + everyDecade) % everyDecade != 0) continue;
            for (const double mantissa : mantissas) {
                const double position = decade + std::log10(mantissa);
                if (position < min - 1e-9 || position > max + 1e-9) continue;
                if (unit == AxisUnit::Integer && decade < 0) continue;
                ticks.append({position, valueText(mantissa * std::pow(10.0, decade), unit)});
            }
        }
        return ticks;
    };
    const double decades = max - min;
    if (decades > wanted) return collect({1.0}, static_cast<int>(std::ceil(decades / wanted)));
    if (decades * 3.0 > wanted * 1.3) return collect({1.0}, 1);
    if (decades > 0.7) return collect({1.0, 2.0, 5.0}, 1);
    // Far below one decade a log axis looks linear: round values in between.
    QVector<AxisTick> ticks;
    for (const AxisTick& tick :
         axisTicks(std::pow(10.0, min), std::pow(10.0, max), AxisScale::Linear, unit, wanted))
        if (tick.position > 0.0) ticks.append({std::log10(tick.position), tick.label});
    return ticks;
}

QVector<AxisTick> dateTicks(double min, double max, int wanted) {
    QVector<AxisTick> ticks;
    const double days = (max - min) / 86400.0;
    const auto date = [](double seconds) {
        return QDateTime::fromSecsSinceEpoch(static_cast<qint64>(seconds), QTimeZone::utc());
    };
    if (days < 3.0) {
        const double step = durationStep((max - min) / wanted);
        for (double t = std::ceil(min / step) * step; t <= max; t += step) {
            // The day once, then the time of day alone until the next day.
            const QDateTime at = date(t);
            const bool midnight = at.time() == QTime(0, 0);
            const QString day = at.toString(QStringLiteral("yyyy-MM-dd"));
            const QString time = at.toString(QStringLiteral("HH:mm"));
            ticks.append({t, midnight ? day : ticks.isEmpty() ? day + QLatin1Char(' ') + time : time});
        }
        return ticks;
    }
    const double roughMonths = days / 30.44 / wanted;
    if (roughMonths < 1.0) {
        const double step = 86400.0 * std::max(1.0, std::ceil(days / wanted));
        for (double t = std::ceil(min / step) * step; t <= max; t += step)
            ticks.append({t, date(t).toString(QStringLiteral("yyyy-MM-dd"))});
        return ticks;
    }
    static constexpr std::array<int, 9> steps{1, 2, 3, 6, 12, 24, 60, 120, 240};
    int step = steps.back();
    for (const int candidate : steps)
        if (candidate >= roughMonths) {
            step = candidate;
            break;
        }
    const QDate start = date(min).date();
    int month = (start.year() * 12 + start.month() - 1) / step * step;
    for (int i = 0; i < 100; ++i, month += step) {
        const QDate day(month / 12, month % 12 + 1, 1);
        const double t =
            static_cast<double>(QDateTime(day, QTime(0, 0), QTimeZone::utc()).toSecsSinceEpoch());
        if (t > max) break;
        if (t < min) continue;
        ticks.append({t, day.toString(step >= 12 ? QStringLiteral("yyyy") : QStringLiteral("yyyy-MM"))});
    }
    return ticks;
}

} // namespace

QVector<AxisTick> axisTicks(double min, double max, AxisScale scale, AxisUnit unit, int wanted) {
    wanted = std::max(wanted, 2);
    if (!(max > min) || !std::isfinite(max - min)) return {};
    if (scale == AxisScale::Log) return logTicks(min, max, unit, wanted);
    if (unit == AxisUnit::Date) return dateTicks(min, max, wanted);
    const double rough = (max - min) / wanted;
    double step = unit == AxisUnit::Seconds ? durationStep(rough) : niceStep(rough, {1.0, 2.0, 2.5, 5.0});
    if (unit == AxisUnit::Integer) step = std::max(1.0, step == 2.5 ? 5.0 : std::round(step));
    QVector<AxisTick> ticks;
    const double first = std::ceil(min / step - 1e-9);
    for (int i = 0; i < 1000; ++i) {
        const double value = (first + i) * step;
        if (value > max + step * 1e-9) break;
        ticks.append({value, linearLabel(value == 0.0 ? 0.0 : value, step, unit)});
    }
    return ticks;
}

QString durationText(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0.0) return QStringLiteral("–");
    if (seconds > 0.0 && seconds < 0.0995)
        return tr("%1 ms").arg(numbers().toString(seconds * 1000.0, 'f', seconds < 0.00995 ? 1 : 0));
    if (seconds < 9.995 && seconds != std::floor(seconds))
        return tr("%1 s").arg(numbers().toString(seconds, 'f', 2));
    if (seconds < 59.5)
        return tr("%1 s").arg(numbers().toString(seconds, 'f', seconds == std::floor(seconds) ? 0 : 1));
    const auto whole = static_cast<qint64>(std::llround(seconds));
    if (whole < 3600)
        return whole % 60 == 0 ? tr("%1 min").arg(whole / 60)
                               : tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QLatin1Char('0'));
    const qint64 minutes = (whole + 30) / 60;
    return minutes % 60 == 0 ? tr("%1 h").arg(minutes / 60)
                             : tr("%1 h %2 min").arg(minutes / 60).arg(minutes % 60, 2, 10, QLatin1Char('0'));
}

QString bytesText(qint64 bytes) {
    if (bytes < 1000) return tr("%1 B").arg(bytes);
    double value = static_cast<double>(bytes);
    int unit = 0;
    for (; value >= 999.5 && unit < 4; ++unit)
        value /= 1000.0;
    static constexpr std::array<const char*, 5> units{"B", "kB", "MB", "GB", "TB"};
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return QStringLiteral("%1 %2").arg(numbers().toString(value, 'f', decimals),
                                       QLatin1String(units[static_cast<std::size_t>(unit)]));
}

QString valueText(double value, AxisUnit unit) {
    if (!std::isfinite(value)) return QStringLiteral("–");
    switch (unit) {
    case AxisUnit::Integer:
        return numbers().toString(static_cast<qlonglong>(std::llround(value)));
    case AxisUnit::Seconds:
        return durationText(value);
    case AxisUnit::Date:
        return QDateTime::fromSecsSinceEpoch(static_cast<qint64>(value), QTimeZone::utc())
            .toString(QStringLiteral("yyyy-MM-dd"));
    case AxisUnit::Percent:
        return tr("%1 %").arg(numbers().toString(100.0 * value, 'f', 2));
    case AxisUnit::Number:
        break;
    }
    const double size = std::abs(value);
    if (value == std::floor(value) && size < 1e9) return numbers().toString(static_cast<qlonglong>(value));
    if (size >= 1e7 || size < 1e-4) return numbers().toString(value, 'g', 4);
    if (size >= 1000.0) return numbers().toString(value, 'f', 1);
    QString text = numbers().toString(value, 'f', size >= 10.0 ? 2 : size >= 1.0 ? 3 : size >= 0.01 ? 4 : 6);
    while (text.contains(QLatin1Char('.')) && text.endsWith(QLatin1Char('0')))
        text.chop(1);
    if (text.endsWith(QLatin1Char('.'))) text.chop(1);
    return text;
}

} // namespace recoscope
