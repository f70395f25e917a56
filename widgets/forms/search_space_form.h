// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/search/search_space.h"

#include <QWidget>

#include <memory>

namespace recoscope {

/// What a search varies, made from a ParamSchema: each parameter is ticked and has a range (or its choices),
/// or has one value for all trials. GUI thread.
class SearchSpaceForm final : public QWidget {
    Q_OBJECT
public:
    explicit SearchSpaceForm(QWidget* parent = nullptr);
    ~SearchSpaceForm() override;

    /// Builds the form anew: what a person usually turns is ticked, with the ranges the engine suggests.
    void setSchema(const ParamSchema& schema);
    /// Ticks exactly these.
    void setSpace(const SearchSpace& space);
    /// Of what is not varied; unknown keys are passed over.
    void setFixed(const ParamMap& values);

    /// Whether there is anything to tick: without, every parameter has one value. The ticks are kept.
    void setVarying(bool varying);

    /// As SearchSpace::parse() reads it; empty when nothing is ticked.
    std::string space() const;
    /// What is not varied and differs from the default.
    ParamMap fixed() const;
    /// Why the space cannot be searched; empty when it can.
    QString problem() const;
    void setVaried(std::string_view key, bool on);
    void setRange(std::string_view key, double min, double max, bool logScale);

signals:
    void changed();

private:
    void fold();
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
