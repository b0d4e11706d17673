package import JSON

/// Free-form names with texts that only the user gives a meaning, in the order they were given.
package struct StringMap: Equatable, Sendable {
    private var object = JSONObject()

    package init() {}

    /// Of two entries with one name the last counts.
    package init(_ entries: [(name: String, value: String)]) {
        for (name, value) in entries { object[name] = .string(value) }
    }

    package var isEmpty: Bool { object.isEmpty }
    package var entries: [(key: String, value: String)] { object.members.map { ($0.key, $0.value.string ?? "") } }

    package subscript(key: String) -> String? {
        get { object[key]?.string }
        set { object[key] = newValue.map(JSONValue.string) }
    }
}

extension StringMap: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        object = try JSONObject(json: json, at: path)
        for (key, value) in object.members { _ = try String(json: value, at: path.member(key)) }
    }

    /// Sorted by name, as Go writes a map.
    package var json: JSONValue {
        var sorted = JSONObject()
        for (key, value) in object.members.sorted(by: { $0.key < $1.key }) { sorted[key] = value }
        return .object(sorted)
    }

    /// `nil` when there is nothing to write.
    var ifNotEmpty: StringMap? { isEmpty ? nil : self }
}
