import JSON
import OCIImage

/// What an OCI or Docker image's config says, as far as it means something here.
///
/// Source: OCI image-spec 1.1, config.md; Docker image specification v1.2.
struct ImageConfig {
    var created = ""
    var author = ""
    /// In Go's words.
    var os = ""
    var architecture = ""
    var variant = ""
    var user = ""
    var exposedPorts: [String] = []
    var environment: [String] = []
    var entrypoint: [String] = []
    var command: [String] = []
    var volumes: [String] = []
    var workingDirectory = ""
    var labels: [(name: String, value: String)] = []
    var stopSignal = ""
    /// Digests of the uncompressed layers, the lowest one first.
    var diffIDs: [OCIDigest] = []

    init() {}

    /// - Throws: ``ConversionError/invalidConfig(_:)``.
    init(parsing bytes: [UInt8]) throws(ConversionError) {
        do {
            try self.init(json: JSONValue(parsing: bytes, limits: .manifest))
        } catch {
            throw .invalidConfig("\(error)")
        }
    }

    private init(json: JSONValue) throws {
        let fields = try JSONFields(json, at: .root)
        created = try fields.optional("created") ?? ""
        author = try fields.optional("author") ?? ""
        os = try fields.optional("os") ?? ""
        architecture = try fields.optional("architecture") ?? ""
        variant = try fields.optional("variant") ?? ""
        let tree: JSONValue = try fields.required("rootfs")
        let treeFields = try JSONFields(tree, at: fields.path.member("rootfs"))
        let digests: [String] = try treeFields.list("diff_ids")
        diffIDs = try treeFields.check("diff_ids") { try digests.map { try OCIDigest($0) } }
        guard let config = try fields.optional("config", as: JSONValue.self) else { return }
        try readExecution(JSONFields(config, at: fields.path.member("config")))
    }

    private mutating func readExecution(_ fields: JSONFields) throws {
        user = try fields.optional("User") ?? ""
        exposedPorts = try fields.names("ExposedPorts")
        if exposedPorts.isEmpty { exposedPorts = try fields.list("PortSpecs") }
        environment = try fields.list("Env")
        entrypoint = try fields.list("Entrypoint")
        command = try fields.list("Cmd")
        volumes = try fields.names("Volumes")
        workingDirectory = try fields.optional("WorkingDir") ?? ""
        stopSignal = try fields.optional("StopSignal") ?? ""
        if let object: JSONObject = try fields.optional("Labels") {
            let path = fields.path.member("Labels")
            labels = try object.members.map { ($0.key, try String(json: $0.value, at: path.member($0.key))) }
        }
    }
}

extension JSONFields {
    /// The names of an object whose values mean nothing, sorted: Go writes a set like this.
    fileprivate func names(_ key: String) throws -> [String] {
        let object: JSONObject? = try optional(key)
        return (object?.keys ?? []).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
