package import JSON

/// One of the properties that tell images of one name apart, such as `version` or `os`.
package struct Label: Hashable, Sendable {
    package let name: ACIdentifier
    package let value: String

    package init(_ name: ACIdentifier, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension Label: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        name = try fields.required("name")
        value = try fields.optional("value") ?? ""
    }

    package var json: JSONValue { ["name": name.json, "value": .string(value)] }
}

/// The labels of an image in their order; each name occurs once and is not `name`.
package struct Labels: Hashable, Sendable {
    package private(set) var entries: [Label] = []

    package init() {}

    package init(_ entries: [Label]) throws(ManifestError) {
        var names: Set<ACIdentifier> = []
        for label in entries {
            if label.name.rawValue == "name" { throw .labelNamedName }
            if !names.insert(label.name).inserted { throw .duplicate("label", name: label.name.rawValue) }
        }
        self.entries = entries
    }

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(name: String) -> String? { entries.first { $0.name.rawValue == name }?.value }

    /// Whether all of these labels are among `others` with the same value.
    package func isSubset(of others: Labels) -> Bool {
        entries.allSatisfy { others[$0.name.rawValue] == $0.value }
    }

    /// Adds the label, or replaces the one of that name.
    package mutating func set(_ label: Label) throws(ManifestError) {
        if let place = entries.firstIndex(where: { $0.name == label.name }) {
            entries[place] = label
        } else {
            self = try Labels(entries + [label])
        }
    }
}

extension Labels: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let entries = try [Label](json: json, at: path)
        self = try path.locate { try Labels(entries) }
    }

    package var json: JSONValue { entries.json }
}
