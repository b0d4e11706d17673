package import JSON

/// A command that runs in the app's place before or after it.
package struct EventHandler: Hashable, Sendable {
    package enum Event: String, Sendable {
        case preStart = "pre-start"
        case postStop = "post-stop"
    }

    package let event: Event
    package let exec: [String]

    package init(_ event: Event, exec: [String]) throws(ManifestError) {
        for argument in exec { try checkNoNUL(argument) }
        self.event = event
        self.exec = exec
    }
}

extension EventHandler: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: String.self)
        let exec = try fields.list("exec", of: String.self)
        self = try path.locate {
            guard let event = Event(rawValue: name) else { throw ManifestError.badEventHandler(name) }
            return try EventHandler(event, exec: exec)
        }
    }

    package var json: JSONValue { ["name": .string(event.rawValue), "exec": exec.json] }
}
