import FetchInterface

/// `Downloading ACI: [====>   ] 1.2 MB/3.4 MB`, in at most so many columns.
///
/// Where there is no room for a bar, what is downloaded loses its verb first, and then the end of its name.
func progressLine(_ label: String, _ received: UInt64, _ total: UInt64?, columns: Int) -> String {
    guard let total, total > 0 else {
        let text = "\(byteText(received)) of an unknown total size"
        return fitting("Downloading \(label)", text, columns) ?? clipped("\(label)", byteText(received), columns)
    }
    let end = "\(byteText(received))/\(byteText(total))"
    for start in ["Downloading \(label): ", "\(label): "] {
        let width = min(50, columns - start.count - end.count - 3)
        if width >= 4 { return "\(start)[\(bar(received, total, width))] \(end)" }
    }
    return clipped(label, end, columns)
}

private func bar(_ received: UInt64, _ total: UInt64, _ width: Int) -> String {
    let filled = Int((Double(min(received, total)) / Double(total) * Double(width)).rounded(.down))
    if filled >= width { return String(repeating: "=", count: width) }
    return String(repeating: "=", count: filled) + ">" + String(repeating: " ", count: width - filled - 1)
}

private func fitting(_ start: String, _ end: String, _ columns: Int) -> String? {
    let line = "\(start): \(end)"
    return line.count <= columns ? line : nil
}

/// What counts is how much is there.
private func clipped(_ label: String, _ end: String, _ columns: Int) -> String {
    let room = columns - end.count - 2
    return room > 0 ? "\(label.prefix(room)): \(end)" : String(end.prefix(max(0, columns)))
}
