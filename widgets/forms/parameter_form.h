// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/param_schema.h"

#include <QWidget>

#include <memory>

namespace recoscope {

/// A form made from a ParamSchema: one row a parameter with label, editor and reset; a mark on what differs
/// from the default; groups; an advanced fold; rows greyed while the parameter they depend on has another
/// value. GUI thread.
class ParameterForm final : public QWidget {
    Q_OBJECT
public:
    explicit ParameterForm(QWidget* parent = nullptr);
    ~ParameterForm() override;

    /// Builds the form anew with all defaults. The schema is kept by copy.
    void setSchema(const ParamSchema& schema);
    /// Every parameter.
    ParamMap values() const;
    /// What differs from the defaults.
    ParamMap modified() const;
    /// Overlays; unknown keys and values out of range are left out and counted.
    int setValues(const ParamMap& values);
    void resetAll();
    bool advancedShown() const;
    void setAdvancedShown(bool shown);

    /// The editor of one parameter (a NumberField, QCheckBox, QComboBox or QLineEdit); null when unknown.
    QWidget* editor(std::string_view key) const;

signals:
    void changed();

protected:
    void changeEvent(QEvent* event) override;

private:
    void refreshRows();
    void fold();
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace recoscope
