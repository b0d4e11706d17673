package import JSON

/// What an image wants to be run, and how.
///
/// The fields can be changed one by one; ``validate()`` checks what holds between them and on free text.
///
/// Source: appc spec 0.8.11, aci.md, "app".
package struct App: Equatable, Sendable {
    /// The command and its arguments; may be empty.
    package var exec: [String]
    package var eventHandlers: [EventHandler] = []
    /// A name, a number or a path whose owner is meant; not empty.
    package var user: String
    package var group: String
    package var supplementaryGIDs: [UInt32] = []
    /// An absolute path in the app.
    package var workingDirectory: String?
    package var environment: [EnvironmentVariable] = []
    package var mountPoints: [MountPoint] = []
    package var ports: [Port] = []
    package var isolators: [Isolator] = []
    package var userAnnotations = StringMap()
    package var userLabels = StringMap()

    package init(exec: [String], user: String = "0", group: String = "0") {
        self.exec = exec
        self.user = user
        self.group = group
    }

    /// - Throws: ``JSONFieldError`` that names the field.
    package func validate(at path: JSONPath = .root) throws {
        try path.member("exec").locate { for argument in exec { try checkNoNUL(argument) } }
        for (field, value) in [("user", user), ("group", group)] {
            try path.member(field).locate {
                if value.isEmpty { throw ManifestError.empty(field) }
                try checkNoNUL(value)
            }
        }
        try path.member("workingDirectory").locate {
            guard let workingDirectory else { return }
            if !workingDirectory.hasPrefix("/") { throw ManifestError.notAbsolute(workingDirectory) }
            try checkNoNUL(workingDirectory)
        }
        try path.member("environment").locate {
            try checkUnique("environment variable", environment.map(\.name))
        }
        try path.member("eventHandlers").locate {
            try checkUnique("eventHandler", eventHandlers.map(\.event.rawValue))
        }
        try path.member("isolators").locate { try Isolator.check(isolators) }
    }
}

extension App: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        exec = try fields.list("exec")
        eventHandlers = try fields.list("eventHandlers")
        user = try fields.optional("user") ?? ""
        group = try fields.optional("group") ?? ""
        supplementaryGIDs = try fields.list("supplementaryGIDs")
        let directory = try fields.optional("workingDirectory", as: String.self) ?? ""
        workingDirectory = directory.isEmpty ? nil : directory
        environment = try fields.list("environment")
        mountPoints = try fields.list("mountPoints")
        ports = try fields.list("ports")
        isolators = try fields.list("isolators")
        userAnnotations = try fields.optional("userAnnotations") ?? StringMap()
        userLabels = try fields.optional("userLabels") ?? StringMap()
        try validate(at: path)
    }

    package var json: JSONValue {
        var object: JSONObject = ["exec": exec.json]
        object.set("eventHandlers", unlessEmpty: eventHandlers)
        object["user"] = .string(user)
        object["group"] = .string(group)
        object.set("supplementaryGIDs", unlessEmpty: supplementaryGIDs)
        object.set("workingDirectory", ifPresent: workingDirectory)
        object.set("environment", unlessEmpty: environment)
        object.set("mountPoints", unlessEmpty: mountPoints)
        object.set("ports", unlessEmpty: ports)
        object.set("isolators", unlessEmpty: isolators)
        object.set("userAnnotations", ifPresent: userAnnotations.ifNotEmpty)
        object.set("userLabels", ifPresent: userLabels.ifNotEmpty)
        return .object(object)
    }
}

/// Refuses a list in which a name occurs twice.
func checkUnique(_ what: String, _ names: [String]) throws(ManifestError) {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted { throw .duplicate(what, name: name) }
}
