/// Lays out text whose cells end in tabs, as Go's `tabwriter` does with tab stops of 8 and one column of padding.
///
/// Cells one above the other in adjacent lines form a column; what follows the last tab of a line belongs to none.
///
/// Source: Go 1.8, text/tabwriter, `Init(output, minwidth: 0, tabwidth: 8, padding: 1, padchar: '\t', flags: 0)`.
struct TabWriter {
    private var lines: [[Cell]] = []

    private struct Cell {
        let text: String
        let width: Int

        init(_ text: String) {
            self.text = text
            width = text.unicodeScalars.count
        }
    }

    /// Adds one line of cells; all but the last end in a tab.
    mutating func add(_ cells: [String]) {
        lines.append(cells.map { Cell($0) })
    }

    /// Adds text with tabs and newlines in it.
    mutating func add(text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            add(line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// The lines, aligned, each with a newline at its end.
    func formatted() -> String {
        var output = ""
        var widths: [Int] = []
        format(lines[...], widths: &widths, into: &output)
        return output
    }

    private func format(_ block: ArraySlice<[Cell]>, widths: inout [Int], into output: inout String) {
        let column = widths.count
        var line = block.startIndex
        while line < block.endIndex {
            guard column < lines[line].count - 1 else {
                write(lines[line], widths: widths, into: &output)
                line += 1
                continue
            }
            var end = line
            var width = 0
            while end < block.endIndex, column < lines[end].count - 1 {
                width = max(width, lines[end][column].width + 1)
                end += 1
            }
            widths.append((width + 7) / 8 * 8)
            format(block[line..<end], widths: &widths, into: &output)
            widths.removeLast()
            line = end
        }
    }

    private func write(_ cells: [Cell], widths: [Int], into output: inout String) {
        for (index, cell) in cells.enumerated() {
            output += cell.text
            if index < widths.count {
                for _ in 0..<(widths[index] - cell.width + 7) / 8 { output += "\t" }
            }
        }
        output += "\n"
    }
}
