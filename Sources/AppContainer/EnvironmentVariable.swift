package import JSON

/// A variable in the environment of an app.
package struct EnvironmentVariable: Hashable, Sendable {
    package let name: String
    package let value: String

    /// Accepts names of letters, digits and `_.-` that start with a letter or `_`, and values without NUL.
    package init(_ name: String, _ value: String) throws(ManifestError) {
        let isStart = { (byte: UInt8) in byte.isLetter || byte == UInt8(ascii: "_") }
        guard let first = name.utf8.first, isStart(first),
            name.utf8.allSatisfy({ isStart($0) || $0.isDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") })
        else { throw .badVariableName(name) }
        try checkNoNUL(value)
        self.name = name
        self.value = value
    }
}

extension EnvironmentVariable: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: String.self)
        let value = try fields.optional("value", as: String.self) ?? ""
        self = try path.locate { try EnvironmentVariable(name, value) }
    }

    package var json: JSONValue { ["name": .string(name), "value": .string(value)] }
}

extension [EnvironmentVariable] {
    /// The value of the variable `name`.
    package subscript(name: String) -> String? { first { $0.name == name }?.value }

    /// Adds the variable, or replaces the one of that name.
    package mutating func set(_ variable: EnvironmentVariable) {
        if let place = firstIndex(where: { $0.name == variable.name }) {
            self[place] = variable
        } else {
            append(variable)
        }
    }
}
