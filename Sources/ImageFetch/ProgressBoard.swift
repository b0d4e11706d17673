import CLinux
import FetchInterface
import Glibc

/// The bars of the downloads that are going on; on anything but a terminal a line for each that is complete.
final class ProgressBoard {
    private final class Entry {
        let label: String
        var received: UInt64 = 0
        var total: UInt64?
        var isDone = false

        init(label: String) { self.label = label }
    }

    private let messages: Messages
    private let isTerminal: Bool
    private var entries: [Int: Entry] = [:]
    private var order: [Int] = []
    private var next = 0
    /// Lines on the terminal that are written over the next time.
    private var drawn = 0
    private var lastTime: Int64 = 0

    /// Nanoseconds between two drawings.
    private static let interval: Int64 = 1_000_000_000
    private static let fallbackColumns = 80

    init(_ messages: Messages, isTerminal: Bool) {
        self.messages = messages
        self.isTerminal = isTerminal
    }

    /// A new bar; the number stands for it from now on.
    func add(_ label: String) -> Int {
        next += 1
        entries[next] = Entry(label: printable(label))
        order.append(next)
        return next
    }

    func update(_ number: Int, received: UInt64, total: UInt64?) {
        entries[number]?.received = received
        entries[number]?.total = total
    }

    /// The download is complete.
    func finish(_ number: Int) {
        guard let entry = entries[number] else { return }
        entry.isDone = true
        entry.total = entry.received
        if isTerminal {
            draw(always: true)
        } else {
            messages.line("Downloading \(entry.label): \(byteText(entry.received))")
            entries[number] = nil
            order.removeAll { $0 == number }
        }
    }

    /// Draws the bars, unless that was done just now.
    func draw(always: Bool = false) {
        guard isTerminal, !order.isEmpty else { return }
        let time = clinux_now()
        guard always || time - lastTime >= Self.interval || time < lastTime else { return }
        lastTime = time
        let known = Int(clinux_terminal_columns(2))
        let columns = known > 20 ? known : Self.fallbackColumns
        // Those that are complete come first and are never written again.
        let complete = order.filter { entries[$0]?.isDone == true }
        let shown = complete + order.filter { entries[$0]?.isDone == false }
        var text = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
        for number in shown {
            guard let entry = entries[number] else { continue }
            text += "\r\u{1b}[K" + progressLine(entry.label, entry.received, entry.total, columns: columns - 1) + "\n"
        }
        messages.raw(text)
        for number in complete { entries[number] = nil }
        order.removeAll { complete.contains($0) }
        drawn = order.count
    }

    /// Forgets what is not complete; the lines stay.
    func close() {
        if !order.isEmpty { draw(always: true) }
        entries = [:]
        order = []
        drawn = 0
    }
}

/// `Downloading ACI: [====>   ] 1.2 MB/3.4 MB`, in at most so many columns.
func progressLine(_ label: String, _ received: UInt64, _ total: UInt64?, columns: Int) -> String {
    let start = "Downloading \(label): "
    guard let total, total > 0 else {
        return clipped(start + "\(byteText(received)) of an unknown total size", columns)
    }
    let end = " \(byteText(received))/\(byteText(total))"
    let width = min(50, columns - start.count - end.count - 2)
    guard width >= 4 else { return clipped(start + end.dropFirst(), columns) }
    let filled = Int((Double(min(received, total)) / Double(total) * Double(width)).rounded(.down))
    let bar =
        filled >= width
        ? String(repeating: "=", count: width)
        : String(repeating: "=", count: filled) + ">" + String(repeating: " ", count: width - filled - 1)
    return start + "[\(bar)]" + end
}

private func clipped(_ text: String, _ columns: Int) -> String { String(text.prefix(max(0, columns))) }

/// Bytes in decimal units with one digit after the point.
func byteText(_ count: UInt64) -> String {
    guard count >= 1_000 else { return "\(count) B" }
    var unit = 0
    var scaled = count
    let units = ["KB", "MB", "GB", "TB", "PB", "EB"]
    while scaled >= 1_000_000 && unit < units.count - 1 {
        scaled /= 1_000
        unit += 1
    }
    return "\(scaled / 1_000).\(scaled % 1_000 / 100) \(units[unit])"
}
