import JSON
import LinuxSystem
import Stage1Interface

/// How the pod was started, for tools that look at it later.
///
/// Source: rkt 1.30.0, stage1/common/types/pod.go, "runtime-config".
struct RuntimeConfiguration {
    private let arguments: RunArguments

    init(_ arguments: RunArguments) { self.arguments = arguments }

    func save() throws {
        do {
            let text = json.serialized() + "\n"
            try writeFile(
                Array(text.utf8), to: Stage1ABI.Path.runtimeConfiguration, mode: 0o644, durable: false)
        } catch {
            throw Failure("failed to save runtime parameters", cause: error)
        }
    }

    /// What tools for single apps have to know of it.
    static func load() throws -> (isMutable: Bool, lifted: LiftedRestrictions, users: UserRange?) {
        let json = try explaining("failed to load runtime parameters") {
            try JSONValue(parsing: readFile(Stage1ABI.Path.runtimeConfiguration, limit: 1 << 20))
        }
        var lifted: LiftedRestrictions = []
        let options = json["InsecureOptions"]
        if options?["DisablePaths"] == .bool(true) { lifted.insert(.paths) }
        if options?["DisableCapabilities"] == .bool(true) { lifted.insert(.capabilities) }
        if options?["DisableSeccomp"] == .bool(true) { lifted.insert(.seccomp) }
        var users: UserRange?
        if let text = json["PrivateUsers"]?.string, !text.isEmpty { users = try UserRange(parsing: text) }
        return (json["Mutable"] == .bool(true), lifted, users)
    }

    private var json: JSONValue {
        let lifted: JSONValue = [
            "DisablePaths": .bool(arguments.lifted.contains(.paths)),
            "DisableCapabilities": .bool(arguments.lifted.contains(.capabilities)),
            "DisableSeccomp": .bool(arguments.lifted.contains(.seccomp)),
        ]
        return [
            "MetadataServiceURL": .string(""), "PrivateUsers": .string(arguments.privateUsers ?? ""),
            "MDSToken": .string(""), "Hostname": .string(arguments.hostname ?? ""), "Debug": .bool(arguments.debug),
            "Mutable": .bool(arguments.isMutable),
            "ResolvConfMode": .string(arguments.nameFiles.resolvConf.rawValue),
            "EtcHostsMode": .string(arguments.nameFiles.hosts.rawValue), "NetList": .object(JSONObject()),
            "Interactive": .bool(arguments.isInteractive), "InsecureOptions": lifted,
            "IPCMode": .string(arguments.ipc ?? ""),
        ]
    }
}
