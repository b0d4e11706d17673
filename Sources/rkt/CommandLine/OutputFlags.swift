/// Flags about how results are shown.
let fullFlag = Flag.boolean("full", "use long output format") { $0.isFull = $1 }

let noLegendFlag = Flag.boolean("no-legend", "suppress a legend with the list") { $0.hasLegend = !$1 }

let formatFlag = Flag.value("format", "choose the output format, allowed format includes 'json', 'json-pretty'") {
    guard let format = OutputFormat(rawValue: $1) else {
        throw GoValueError(description: "Invalid format option: \($1)")
    }
    $0.format = format
}

let prettyPrintFlag = Flag.boolean("pretty-print", "apply indent to format the output", default: true) {
    $0.prettyPrints = $1
}
