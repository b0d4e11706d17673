/// What the probe printed: `name=value` lines.
package struct Facts: CustomStringConvertible {
    private let pairs: [(name: String, value: String)]

    package init(_ output: String) {
        pairs = output.split(separator: "\n").compactMap { line in
            guard let equals = line.firstIndex(of: "=") else { return nil }
            return (String(line[..<equals]), String(line[line.index(after: equals)...]))
        }
    }

    /// The first value with this name.
    package subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    package func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Names that start with `prefix`, without it, and their values.
    package func starting(_ prefix: String) -> [(name: String, value: String)] {
        pairs.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.value) }
    }

    /// The environment the probe had.
    package var environment: [String: String] {
        Dictionary(starting("env.").map { ($0.name, $0.value) }) { first, _ in first }
    }

    package var description: String { pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "\n") }
}

extension [String] {
    /// The cell of a table row or the line of an output; empty when there is none.
    package subscript(cell index: Int) -> String { indices.contains(index) ? self[index] : "" }
}
