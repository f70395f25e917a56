// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/data/readers/json_rows.h"

#include "engine/data/readers/lines.h"
#include "engine/data/readers/python_literal.h"
#include "engine/data/readers/text.h"

#include <cmath>
#include <cstring>
#include <simdjson.h>

namespace recoscope::readers {

static_assert(simdjson::SIMDJSON_PADDING <= textPadding);

namespace {

namespace sj = simdjson;
namespace od = simdjson::ondemand;

struct Review {
    std::string_view user;
    std::string_view item;
    bool parentItem = false;
    std::optional<float> rating;
    bool badRating = false;
    std::optional<std::int64_t> time;
    bool badTime = false;
};

void readRating(od::value value, Review& review) {
    od::json_type type{};
    if (value.type().get(type) != sj::SUCCESS) return;
    double number = 0.0;
    std::string_view text;
    if (type == od::json_type::number && value.get_double().get(number) == sj::SUCCESS) {
        if (std::isfinite(number) && std::abs(number) < 3e38) review.rating = static_cast<float>(number);
    } else if (type == od::json_type::string && value.get_string().get(text) == sj::SUCCESS) {
        if (trimmed(text).empty()) return;
        review.rating = parseRating(text.data(), text.data() + text.size());
    } else if (type == od::json_type::null) {
        return;
    }
    review.badRating = !review.rating;
}

void readTime(od::value value, Review& review) {
    od::json_type type{};
    if (value.type().get(type) != sj::SUCCESS) return;
    std::int64_t whole = 0;
    double number = 0.0;
    std::string_view text;
    if (type == od::json_type::number) {
        if (value.get_int64().get(whole) == sj::SUCCESS)
            review.time = whole;
        else if (value.get_double().get(number) == sj::SUCCESS && std::abs(number) < 9e18)
            review.time = static_cast<std::int64_t>(number);
    } else if (type == od::json_type::string && value.get_string().get(text) == sj::SUCCESS) {
        if (trimmed(text).empty()) return;
        review.time = parseTime(text);
    } else if (type == od::json_type::null) {
        return;
    }
    review.badTime = !review.time;
}

/// Ids are texts; a number is taken as it is written.
std::string_view readId(od::value value) {
    od::json_type type{};
    if (value.type().get(type) != sj::SUCCESS) return {};
    std::string_view text;
    if (type == od::json_type::string && value.get_string().get(text) == sj::SUCCESS) return trimmed(text);
    if (type == od::json_type::number) return trimmed(value.raw_json_token());
    return {};
}

/// False when the line is not one whole JSON object. The views live as long as the parser's current document.
bool readReview(od::parser& parser, std::string_view line, Review& review) {
    od::document document;
    if (parser.iterate(line.data(), line.size(), line.size() + sj::SIMDJSON_PADDING).get(document) !=
        sj::SUCCESS)
        return false;
    od::object object;
    if (document.get_object().get(object) != sj::SUCCESS) return false;
    for (auto entry : object) {
        od::field field;
        if (std::move(entry).get(field) != sj::SUCCESS) return false;
        const od::raw_json_string key = field.key();
        const auto is = [&key](std::string_view name) { return key.unsafe_is_equal(name); };
        if (is("reviewerID") || is("user_id"))
            review.user = readId(field.value());
        else if (is("parent_asin")) {
            if (const auto id = readId(field.value()); !id.empty()) {
                review.item = id;
                review.parentItem = true;
            }
        } else if (is("asin")) {
            const auto id = readId(field.value());
            if (!review.parentItem) review.item = id;
        } else if (is("overall") || is("rating"))
            readRating(field.value(), review);
        else if (is("unixReviewTime") || is("timestamp"))
            readTime(field.value(), review);
    }
    return document.current_location().error() == sj::OUT_OF_BOUNDS; // nothing behind the object
}

class ReviewParser final : public RowParser {
public:
    bool hasRatings() const override { return true; }
    bool hasTimes() const override { return true; }

    void parse(std::string_view text, bool first, RowSink& sink) const override {
        ChunkRows& rows = sink.rows();
        od::parser parser;
        std::string translated;
        if (first && startsWith(text, "\xef\xbb\xbf")) text.remove_prefix(3);
        while (!text.empty()) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::string_view line = trimmed(text.substr(0, end));
            text.remove_prefix(std::min(text.size(), end + 1));
            const std::int64_t number = rows.lines++;
            if (line.empty()) continue;
            ++rows.rowsRead;
            Review review;
            bool read = readReview(parser, line, review);
            if (!read && line.substr(0, 12).find('\'') != std::string_view::npos) {
                if (auto json = pythonToJson(line)) {
                    translated = std::move(*json);
                    translated.reserve(translated.size() + textPadding);
                    review = {};
                    read = readReview(parser, translated, review);
                }
            }
            if (!read)
                rows.issue(LineIssue::MalformedJson, number, line);
            else
                take(review, number, line, sink);
        }
    }

private:
    static void take(const Review& review, std::int64_t number, std::string_view line, RowSink& sink) {
        ChunkRows& rows = sink.rows();
        if (review.user.empty() || review.item.empty())
            return rows.issue(LineIssue::MissingField, number, line);
        if (review.user.size() > RowSink::maxIdBytes || review.item.size() > RowSink::maxIdBytes)
            return rows.issue(LineIssue::IdTooLong, number, line);
        if (review.user.find('\0') != std::string_view::npos ||
            review.item.find('\0') != std::string_view::npos)
            return rows.issue(LineIssue::NulByte, number, line);
        if (!review.rating)
            return rows.issue(review.badRating ? LineIssue::MalformedRating : LineIssue::MissingRating,
                              number, line);
        if (review.badTime) return rows.issue(LineIssue::MalformedTime, number, line);
        if (!review.time) rows.issue(LineIssue::MissingTime, number, line);
        sink.add(review.user, review.item);
        rows.values.push_back(*review.rating);
        rows.times.push_back(review.time.value_or(0));
    }
};

struct Product {
    std::string id;
    std::string title;
    std::string brand;
    std::string price; // as written
    std::vector<std::string> categories;
};

void addCategories(sj::dom::element element, std::vector<std::string>& categories, int depth = 0) {
    std::string_view text;
    sj::dom::array list;
    if (element.get(text) == sj::SUCCESS) {
        if (auto clean = cleanText(text); !clean.empty() && clean.find('<') == std::string::npos)
            categories.push_back(std::move(clean));
    } else if (depth < 4 && element.get(list) == sj::SUCCESS) {
        for (const auto one : list)
            addCategories(one, categories, depth + 1);
    }
}

std::string textField(const sj::dom::object& object, std::string_view key) {
    sj::dom::element element;
    std::string_view text;
    if (object[key].get(element) != sj::SUCCESS) return {};
    if (element.get(text) == sj::SUCCESS) return std::string(text);
    if (element.is_number()) return sj::minify(element);
    return {};
}

bool readProduct(sj::dom::parser& parser, std::string_view line, Product& product) {
    sj::dom::object object;
    // The caller's buffer is padded.
    if (parser.parse(line.data(), line.size(), false).get(object) != sj::SUCCESS) return false;
    product.id = textField(object, "parent_asin");
    if (product.id.empty()) product.id = textField(object, "asin");
    product.title = cleanText(textField(object, "title"));
    product.brand = cleanText(textField(object, "brand"));
    if (product.brand.empty()) product.brand = cleanText(textField(object, "store"));
    product.price = textField(object, "price");
    for (const auto* key : {"category", "categories", "main_category", "main_cat"}) {
        sj::dom::element element;
        if (product.categories.empty() && object[key].get(element) == sj::SUCCESS)
            addCategories(element, product.categories);
    }
    return true;
}

} // namespace

std::shared_ptr<const RowParser> reviewParser() { return std::make_shared<ReviewParser>(); }

FeatureReader productFeatures() {
    return [](FeatureJob& job) -> Status {
        FeatureBuilder& builder = job.builder;
        const int title = builder.column("title", FeatureKind::Text);
        const int categories = builder.column("categories", FeatureKind::Tokens);
        const int brand = builder.column("brand", FeatureKind::Token);
        const int price = builder.column("price", FeatureKind::Number);
        CatalogueRows rows(job);
        sj::dom::parser parser;
        std::string translated;
        const Status read =
            forEachLine(job.tree, job.file, job.control, [&](std::string_view line, std::int64_t number) {
                Product product;
                bool known = readProduct(parser, line, product);
                if (!known) {
                    if (auto json = pythonToJson(line)) {
                        translated = std::move(*json);
                        translated.reserve(translated.size() + textPadding);
                        known = readProduct(parser, translated, product);
                    }
                }
                if (!known)
                    return rows.malformed(
                        number, line, "A catalogue line is neither JSON nor a Python dict; it was left out");
                if (product.id.empty())
                    return rows.malformed(number, line, "A catalogue line has no asin; it was left out");
                const std::int32_t row = rows.rowOf(product.id);
                if (row < 0) return;
                const std::string where = job.label() + ":" + std::to_string(number);
                // Amazon's pages leaked scripts into some titles.
                if (product.title.find("getTime()") != std::string::npos)
                    job.report.add("title-is-html", "A title is a piece of a web page; it was dropped", where,
                                   product.title.substr(0, 200), Severity::Note);
                else
                    builder.setText(title, row, product.title);
                builder.setToken(brand, row, product.brand);
                for (const auto& category : product.categories)
                    builder.addToken(categories, row, category);
                if (trimmed(product.price).empty()) return;
                if (const auto amount = parsePrice(product.price))
                    builder.setNumber(price, row, *amount);
                else
                    job.report.add("price-not-a-number",
                                   "A price is not an amount (often a piece of HTML); it was dropped", where,
                                   cleanText(std::string_view(product.price).substr(0, 200)), Severity::Note);
            });
        if (!read) return read;
        rows.finish();
        return {};
    };
}

std::vector<std::string> jsonKeys(const std::string& line) {
    sj::dom::parser parser;
    sj::dom::object object;
    std::vector<std::string> keys;
    std::string text(trimmed(line));
    if (text.empty() || text.front() != '{') return keys;
    if (parser.parse(text).get(object) != sj::SUCCESS) {
        auto json = pythonToJson(text);
        if (!json) return keys;
        text = std::move(*json);
        if (parser.parse(text).get(object) != sj::SUCCESS) return keys;
    }
    for (const auto field : object)
        keys.emplace_back(field.key);
    return keys;
}

} // namespace recoscope::readers
