package import LinuxSystem

/// A terminal on which progress is shown.
package struct ProgressTerminal {
    /// Writes text that the terminal is to obey.
    package var write: (String) -> Void
    /// Asked for before each drawing; nil when unknown.
    package var size: () -> WindowSize?

    package init(write: @escaping (String) -> Void, size: @escaping () -> WindowSize?) {
        self.write = write
        self.size = size
    }
}

/// The bars of all downloads, at the end of what the terminal shows; everything else goes above them.
///
/// A bar that is complete stays where it is and is never written again.
final class ProgressBoard {
    private struct Bar {
        let group: Int
        let number: UInt32
        let label: String
        var received: UInt64
        var total: UInt64?
    }

    private let terminal: ProgressTerminal
    /// Those that are under way, the oldest first.
    private var bars: [Bar] = []
    /// Those that are written once more.
    private var resting: [Bar] = []
    private var groups = 0
    /// Lines at the end of the terminal that are written over the next time.
    private var drawn = 0

    private static let fallback = WindowSize(columns: 80, rows: 24)

    init(_ terminal: ProgressTerminal) { self.terminal = terminal }

    /// A number for the downloads of one job.
    func addGroup() -> Int {
        groups += 1
        return groups
    }

    /// A bar moves; one that is not there yet is added.
    ///
    /// Shown by ``draw()``.
    func update(_ group: Int, _ number: UInt32, label: String, received: UInt64, total: UInt64?) {
        let bar = Bar(group: group, number: number, label: label, received: received, total: total)
        if let place = place(group, number) { bars[place] = bar } else { bars.append(bar) }
    }

    /// A download is complete, with so many bytes.
    ///
    /// Shown by ``draw()``.
    func finish(_ group: Int, _ number: UInt32, label: String, received: UInt64) {
        if let place = place(group, number) { bars.remove(at: place) }
        resting.append(Bar(group: group, number: number, label: label, received: received, total: received))
    }

    /// Nothing more comes from a group; bars that are not full stay as they are.
    func close(_ group: Int) {
        resting += bars.filter { $0.group == group }
        bars.removeAll { $0.group == group }
        draw()
    }

    /// Lets something else write whole lines to the terminal.
    func above(_ write: () -> Void) {
        if !resting.isEmpty { draw() }
        if drawn > 0 {
            terminal.write("\u{1b}[\(drawn)A\r\u{1b}[J")
            drawn = 0
        }
        write()
        draw()
    }

    /// A line for the user.
    func message(_ text: String) { above { terminal.write("\(text)\n") } }

    private func place(_ group: Int, _ number: UInt32) -> Int? {
        bars.firstIndex { $0.group == group && $0.number == number }
    }

    /// Writes the bars over what was drawn the last time; those that rest come first and are not written over again.
    func draw() {
        if drawn == 0 && bars.isEmpty && resting.isEmpty { return }
        let size = terminal.size() ?? Self.fallback
        let columns = size.columns - 1  // in the last one some terminals begin a new line
        let rows = max(1, size.rows - 1)  // in the last one is the cursor
        let fitting = bars.count <= rows ? bars[...] : bars.prefix(rows - 1)
        var lines = (resting + fitting).map { progressLine($0.label, $0.received, $0.total, columns: columns) }
        if fitting.count < bars.count {
            lines.append(String("and \(bars.count - fitting.count) more".prefix(max(0, columns))))
        }
        let start = drawn > 0 ? "\u{1b}[\(drawn)A\r" : ""
        terminal.write(start + lines.map { "\($0)\u{1b}[K\n" }.joined() + "\u{1b}[J")
        drawn = lines.count - resting.count
        resting = []
    }
}
