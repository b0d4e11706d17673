package import JSON

/// A remark on an image, an app or a pod.
package struct Annotation: Hashable, Sendable {
    package let name: ACIdentifier
    package let value: String

    /// - Throws: ``ManifestError`` when the value is not what the specification demands for this name.
    package init(_ name: ACIdentifier, _ value: String) throws(ManifestError) {
        switch name.rawValue {
        case "created": _ = try ACDate(value)
        case "homepage", "documentation": if !Self.isWebAddress(value) { throw .noWebAddress(value) }
        default: break
        }
        self.name = name
        self.value = value
    }

    private static func isWebAddress(_ text: String) -> Bool {
        let lower = text.prefix(9).lowercased()
        return ["http://", "https://"].contains { prefix in
            lower.hasPrefix(prefix) && !["", "/", "?", "#"].contains(text.dropFirst(prefix.count).prefix(1))
        }
    }
}

extension Annotation: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: ACIdentifier.self)
        let value = try fields.optional("value", as: String.self) ?? ""
        self = try fields.check("value") { try Annotation(name, value) }
    }

    package var json: JSONValue { ["name": name.json, "value": .string(value)] }
}

/// Annotations in their order; each name occurs once.
package struct Annotations: Hashable, Sendable {
    package private(set) var entries: [Annotation] = []

    package init() {}

    package init(_ entries: [Annotation]) throws(ManifestError) {
        var names: Set<ACIdentifier> = []
        for entry in entries where !names.insert(entry.name).inserted {
            throw .duplicate("annotation", name: entry.name.rawValue)
        }
        self.entries = entries
    }

    package var isEmpty: Bool { entries.isEmpty }

    package subscript(name: String) -> String? { entries.first { $0.name.rawValue == name }?.value }

    /// Adds the annotation, or replaces the one of that name.
    package mutating func set(_ annotation: Annotation) {
        if let place = entries.firstIndex(where: { $0.name == annotation.name }) {
            entries[place] = annotation
        } else {
            entries.append(annotation)
        }
    }

    /// Adds or replaces an annotation.
    package mutating func set(_ name: ACIdentifier, _ value: String) throws(ManifestError) {
        set(try Annotation(name, value))
    }
}

extension Annotations: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let entries = try [Annotation](json: json, at: path)
        self = try path.locate { try Annotations(entries) }
    }

    package var json: JSONValue { entries.json }
}
