// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/number_text.h"
#include "engine/data/synthetic.h"

#include <charconv>

namespace recoscope {

namespace {

constexpr std::string_view samplePath = "builtin:sample";
constexpr std::string_view prefix = "generated:";

template <class Number>
bool readNumber(std::string_view text, Number& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::string recipePath(const SyntheticRecipe& recipe) {
    if (recipe == sampleRecipe()) return std::string(samplePath);
    const SyntheticRecipe usual;
    std::string path(prefix);
    path += "users=" + numberText(recipe.users) + ",items=" + numberText(recipe.items) +
            ",interactions=" + numberText(recipe.interactions) + ",seed=" + numberText(recipe.seed);
    if (recipe.tastes != usual.tastes) path += ",tastes=" + numberText(recipe.tastes);
    if (recipe.noise != usual.noise) path += ",noise=" + numberText(recipe.noise);
    if (recipe.exposureBias != usual.exposureBias)
        path += ",exposure_bias=" + numberText(recipe.exposureBias);
    if (recipe.keepTruth != usual.keepTruth) path += ",keep_truth=0";
    return path;
}

Result<SyntheticRecipe> recipeFromPath(std::string_view path) {
    if (path == samplePath) return sampleRecipe();
    if (!path.starts_with(prefix))
        return Error{ErrorCode::NotFound,
                     "Not a recipe of generated data; those begin with builtin:sample or generated:",
                     std::string(path)};
    SyntheticRecipe recipe;
    std::string_view rest = path.substr(prefix.size());
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const std::size_t equals = pair.find('=');
        const std::string_view key = pair.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        bool read = false;
        if (key == "users")
            read = readNumber(value, recipe.users);
        else if (key == "items")
            read = readNumber(value, recipe.items);
        else if (key == "interactions")
            read = readNumber(value, recipe.interactions);
        else if (key == "seed")
            read = readNumber(value, recipe.seed);
        else if (key == "tastes")
            read = readNumber(value, recipe.tastes);
        else if (key == "noise")
            read = readNumber(value, recipe.noise);
        else if (key == "exposure_bias")
            read = readNumber(value, recipe.exposureBias);
        else if (key == "keep_truth") {
            read = value == "0" || value == "1";
            recipe.keepTruth = value == "1";
        } else
            return Error{
                ErrorCode::Invalid,
                "Unknown part of a recipe; known are users, items, interactions, seed, tastes, noise, "
                "exposure_bias and keep_truth",
                std::string(key)};
        if (!read) {
            std::string message = "Not a number that fits: ";
            message += value;
            return Error{ErrorCode::Invalid, std::move(message), std::string(key)};
        }
    }
    return recipe;
}

} // namespace recoscope
