package import JSON

/// Storage of a pod that apps mount: a file or directory of the host, or a directory that lives as long as the pod.
///
/// Source: appc spec 0.8.11, pods.md, "volumes"; rkt 1.30.0 for the defaults.
package struct Volume: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// An absolute path on the host.
        case host(source: String)
        /// `mode` is octal.
        case empty(mode: String, uid: UInt32, gid: UInt32)
    }

    package let name: ACName
    package let kind: Kind
    /// `nil` leaves it to the mount point of the image.
    package let readOnly: Bool?
    /// Whether mounts below the source come along; `nil` leaves it to the stage1.
    package let recursive: Bool?

    package init(_ name: ACName, _ kind: Kind, readOnly: Bool? = nil, recursive: Bool? = nil) throws(ManifestError) {
        switch kind {
        case .host(let source):
            if !source.hasPrefix("/") { throw .hostVolumeSourceNotAbsolute }
            try checkNoNUL(source)
        case .empty(let mode, let uid, let gid):
            if Self.permissions(mode) == nil { throw .badVolumeMode(mode, volume: name) }
            // The highest number means "leave it alone" to chown(2).
            for (key, id) in [("uid", uid), ("gid", gid)] where id == .max { throw .idOutOfRange(key) }
        }
        self.name = name
        self.kind = kind
        self.readOnly = readOnly
        self.recursive = recursive
    }

    /// The permissions of an empty volume; `nil` for one of the host.
    package var permissions: UInt32? {
        guard case .empty(let mode, _, _) = kind else { return nil }
        return Self.permissions(mode)
    }

    private static func permissions(_ mode: String) -> UInt32? {
        guard mode.utf8.allSatisfy(\.isDigit), let value = UInt32(mode, radix: 8), value <= 0o7777 else { return nil }
        return value
    }
}

extension Volume {
    /// The fields as they are written, before it is known which of them the kind allows.
    struct Draft {
        var kind = ""
        var source: String?
        var readOnly: Bool?
        var recursive: Bool?
        var mode: String?
        var uid: UInt32?
        var gid: UInt32?
    }

    init(_ name: ACName, _ draft: Draft) throws(ManifestError) {
        let kind: Kind
        switch draft.kind {
        case "host":
            if draft.mode != nil { throw .hostVolumeHas("mode") }
            if draft.uid != nil { throw .hostVolumeHas("uid") }
            if draft.gid != nil { throw .hostVolumeHas("gid") }
            kind = .host(source: draft.source ?? "")
        case "empty":
            if draft.source?.isEmpty == false { throw .emptyVolumeHasSource }
            kind = .empty(mode: draft.mode ?? "0755", uid: draft.uid ?? 0, gid: draft.gid ?? 0)
        default: throw .volumeKind
        }
        try self.init(name, kind, readOnly: draft.readOnly, recursive: draft.recursive)
    }
}

extension Volume: JSONDecodable, JSONEncodable {
    package init(json: JSONValue, at path: JSONPath) throws {
        let fields = try JSONFields(json, at: path)
        let name = try fields.required("name", as: ACName.self)
        let draft = try Draft(
            kind: fields.optional("kind") ?? "", source: fields.optional("source"),
            readOnly: fields.optional("readOnly"), recursive: fields.optional("recursive"),
            mode: fields.optional("mode"), uid: fields.optional("uid"), gid: fields.optional("gid"))
        self = try path.locate { try Volume(name, draft) }
    }

    package var json: JSONValue {
        var object: JSONObject = ["name": name.json]
        switch kind {
        case .host(let source):
            object["kind"] = "host"
            object["source"] = .string(source)
        case .empty: object["kind"] = "empty"
        }
        object.set("readOnly", ifPresent: readOnly)
        object.set("recursive", ifPresent: recursive)
        if case .empty(let mode, let uid, let gid) = kind {
            object["mode"] = .string(mode)
            object["uid"] = uid.json
            object["gid"] = gid.json
        }
        return .object(object)
    }
}
