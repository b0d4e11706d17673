package import JSON

/// How much of a resource an app asks for and may use at most.
package struct ResourceLimits: Equatable, Sendable {
    /// Whether the limit holds for everything that has none of its own, such as every network interface.
    package let isDefault: Bool?
    package let request: Quantity?
    package let limit: Quantity?

    package init(isDefault: Bool? = nil, request: Quantity? = nil, limit: Quantity? = nil) {
        self.isDefault = isDefault
        self.request = request
        self.limit = limit
    }

    func check(isDefault wanted: Bool) throws(ManifestError) {
        if isDefault ?? false != wanted { throw .invalidIsolatorValue("default must be \(wanted)") }
        if wanted, request != nil { throw .invalidIsolatorValue("request is not supported, must be empty") }
    }
}

extension ResourceLimits: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        isDefault = try fields.optional("default")
        request = try fields.optional("request")
        limit = try fields.optional("limit")
    }

    package var json: JSONValue {
        var object = JSONObject()
        object.set("default", ifPresent: isDefault)
        object.set("request", ifPresent: request)
        object.set("limit", ifPresent: limit)
        return .object(object)
    }
}
