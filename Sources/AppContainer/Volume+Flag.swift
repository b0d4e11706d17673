extension Volume {
    /// Reads the argument of `--volume`: `NAME,kind=host,source=PATH` or `NAME,kind=empty`, and more such parts.
    package init(parsingFlag text: String) throws {
        let parts = try FlagParameters(parsing: "name=\(text)").parts
        var draft = Draft()
        for (key, value) in parts.dropFirst() {
            switch key {
            case "kind": draft.kind = value
            case "source": draft.source = value
            case "readOnly": draft.readOnly = try boolean(key, value)
            case "recursive": draft.recursive = try boolean(key, value)
            case "mode": draft.mode = value
            case "uid": draft.uid = try identity(key, value)
            case "gid": draft.gid = try identity(key, value)
            default: throw ManifestError.unknownParameter(key, of: "volume")
            }
        }
        try self.init(ACName(parts.first?.value ?? ""), draft)
    }
}

extension Mount {
    /// Reads the argument of `--mount`: `volume=NAME,target=PATH`.
    package init(parsingFlag text: String) throws {
        var volume = ""
        var target = ""
        for (key, value) in try FlagParameters(parsing: text).parts {
            switch key {
            case "volume": volume = value
            case "target": target = value
            default: throw ManifestError.unknownParameter(key, of: "mount")
            }
        }
        let name: ACName
        do {
            name = try ACName(volume)
        } catch {
            throw ManifestError.badMountVolume(volume, flag: text, reason: "\(error)")
        }
        try self.init(name, path: target)
    }
}

/// Accepts the words that Go's `strconv.ParseBool` accepts.
private func boolean(_ key: String, _ text: String) throws(ManifestError) -> Bool {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: throw .badParameter(key, value: text, wanted: "a boolean")
    }
}

private func identity(_ key: String, _ text: String) throws(ManifestError) -> UInt32 {
    guard text.utf8.allSatisfy(\.isDigit), let value = UInt32(text) else { throw .idOutOfRange(key) }
    return value
}
