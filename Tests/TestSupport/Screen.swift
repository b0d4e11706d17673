/// What a terminal shows after some text: as much of one as progress bars need.
///
/// Source: ECMA-48, CUU, ED, EL; lines end as on a terminal that turns `\n` into `\r\n`.
package struct Screen {
    /// Characters of a line; nil for a terminal that is as wide as anybody wants.
    private let columns: Int?
    private var cells: [[Character]] = [[]]
    private var row = 0
    private var column = 0
    /// Something that is none of the few things it knows.
    package private(set) var oddities: [String] = []

    package init(columns: Int? = nil, after text: String = "") {
        self.columns = columns
        show(text)
    }

    /// The lines up to the cursor, without spaces at their ends.
    package var lines: [String] {
        cells.map { line in
            let end = line.lastIndex { $0 != " " }.map { $0 + 1 } ?? 0
            return String(line[..<end])
        }
    }

    package mutating func show(_ text: String) {
        var rest = Substring(text).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\n": newLine()
            case "\r": column = 0
            case "\u{1b}": obey(&rest)
            default:
                if scalar.value < 0x20 { oddities.append("control character \(scalar.value)") } else { put(scalar) }
            }
        }
    }

    private mutating func newLine() {
        row += 1
        column = 0
        if row == cells.count { cells.append([]) }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        if column == columns { newLine() }
        while cells[row].count <= column { cells[row].append(" ") }
        cells[row][column] = Character(scalar)
        column += 1
    }

    private mutating func obey(_ rest: inout Substring.UnicodeScalarView) {
        guard rest.popFirst() == "[" else { return oddities.append("an escape sequence") }
        var digits = ""
        while let scalar = rest.first, "0"..."9" ~= scalar {
            digits.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        switch rest.popFirst() {
        case "A":
            let up = Int(digits) ?? 1
            if up > row { oddities.append("\(up) lines up from line \(row)") }
            row = max(0, row - up)
        case "K": cells[row].removeSubrange(min(column, cells[row].count)...)
        case "J":
            cells[row].removeSubrange(min(column, cells[row].count)...)
            cells.removeSubrange((row + 1)...)
        case let other: oddities.append("sequence \(other.map(String.init) ?? "without end")")
        }
    }
}
