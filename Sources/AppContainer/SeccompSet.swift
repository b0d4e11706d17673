package import JSON

/// Names of system calls, and of groups of them such as `@docker/default-whitelist`; never empty.
package struct SeccompSet: Equatable, Sendable {
    package let set: [String]
    /// The name of the error that forbidden calls give, such as `EPERM`; without it they kill the app.
    package let errno: String?

    package init(_ set: [String], errno: String? = nil) throws(ManifestError) {
        if set.isEmpty { throw .invalidIsolatorValue("set must be non-empty") }
        for name in set { try checkNoNUL(name) }
        if let errno, !Self.isErrorName(errno) {
            throw .invalidIsolatorValue("errno '\(errno)' is no name of an error")
        }
        self.set = set
        self.errno = errno
    }

    /// For names that are known to be valid and not none.
    init(checked set: [String], errno: String?) {
        self.set = set
        self.errno = errno
    }

    private static func isErrorName(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "E")
            && text.utf8.allSatisfy { $0.isDigit || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
    }
}

extension SeccompSet: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let set = try fields.list("set", of: String.self)
        let errno = try fields.optional("errno", as: String.self) ?? ""
        self = try path.locate { try SeccompSet(set, errno: errno.isEmpty ? nil : errno) }
    }

    package var json: JSONValue {
        var object: JSONObject = ["set": set.json]
        object.set("errno", ifPresent: errno)
        return .object(object)
    }
}
